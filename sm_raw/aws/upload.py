"""Files to S3 and back: in parallel, and only what is not there yet."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sm_raw.aws.calls import error_code
from sm_raw.aws.folders import blocks_of, files_of
from sm_raw.aws.s3_uris import S3Uri, parse_s3_uri
from sm_raw.errors import SmRawError

if TYPE_CHECKING:
    from boto3.s3.transfer import TransferConfig
    from s3transfer.futures import TransferFuture
    from types_boto3_s3 import S3Client

PART_BYTES = 8 * 1024 * 1024
"""Files above this size go up in parts of it."""

Progress = Callable[[int, int], None]
"""Called with (files done, files in all), in the thread of the caller."""


@dataclass(frozen=True)
class UploadResult:
    """What an upload did: files and bytes that were sent, files and bytes that were there already."""

    sent_files: int = 0
    sent_bytes: int = 0
    skipped_files: int = 0
    skipped_bytes: int = 0

    @property
    def files(self) -> int:
        return self.sent_files + self.skipped_files

    @property
    def bytes(self) -> int:
        return self.sent_bytes + self.skipped_bytes


def upload_folder(
    s3: S3Client,
    folder: str | Path,
    s3_uri: str | S3Uri,
    *,
    threads: int = 8,
    on_progress: Progress | None = None,
) -> UploadResult:
    """Bring every file of ``folder`` to the same relative name below ``s3_uri``.

    A file whose key exists with the same size and checksum is skipped; nothing is ever deleted. The
    checksum is the ETag, which is no MD5 where the bucket encrypts with a KMS key: there every file is
    sent. Dot-files and Python caches are left out. At the first failure, or Ctrl-C, what has not begun is
    dropped and the exception passes on; the next call sends the rest.
    """
    target, files = parse_s3_uri(s3_uri), files_of(folder)
    if not files:
        raise SmRawError(f"{folder} holds no files to upload to {target}")
    existing = _existing(s3, target)
    cancelled = threading.Event()
    pool = ThreadPoolExecutor(max_workers=threads, thread_name_prefix="upload")
    try:
        jobs = [
            pool.submit(_bring, s3, path, target / name, existing.get((target / name).key), cancelled)
            for name, path in files.items()
        ]
        return _collect(jobs, on_progress)
    except BaseException:
        cancelled.set()
        raise
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def upload_file(s3: S3Client, path: str | Path, s3_uri: str | S3Uri) -> bool:
    """Bring one file to ``s3_uri``; whether it had to be sent, because it was not there or was another."""
    target = parse_s3_uri(s3_uri)
    return _bring(s3, Path(path), target, _object(s3, target), threading.Event()).sent_files == 1


def download(s3: S3Client, s3_uri: str | S3Uri, path: str | Path) -> Path:
    """Fetch one object to ``path``, whose folder is made if need be; it appears there only when complete."""
    from botocore.exceptions import ClientError

    source, path = parse_s3_uri(s3_uri), Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        s3.download_file(source.bucket, source.key, str(path), Config=_transfer_config())
    except ClientError as error:
        raise SmRawError(f"{source} cannot be fetched: {error}") from error
    return path


def _collect(jobs: list[Future[UploadResult]], on_progress: Progress | None) -> UploadResult:
    total = UploadResult()
    for done, job in enumerate(as_completed(jobs), start=1):
        one = job.result()
        total = UploadResult(
            total.sent_files + one.sent_files,
            total.sent_bytes + one.sent_bytes,
            total.skipped_files + one.skipped_files,
            total.skipped_bytes + one.skipped_bytes,
        )
        if on_progress:
            on_progress(done, len(jobs))
    return total


def _existing(s3: S3Client, target: S3Uri) -> dict[str, tuple[int, str]]:
    """Key -> (size, ETag without quotes) of all below ``target``, with one list call per 1,000 keys."""
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket=target.bucket, Prefix=target.prefix)
    return {item["Key"]: (item["Size"], item["ETag"].strip('"')) for page in pages for item in page.get("Contents", ())}


def _object(s3: S3Client, target: S3Uri) -> tuple[int, str] | None:
    from botocore.exceptions import ClientError

    try:
        head = s3.head_object(Bucket=target.bucket, Key=target.key)
    except ClientError as error:
        # 403 is also what a caller without the right to list gets for a key that is not there.
        if error_code(error) in ("403", "404"):
            return None
        raise
    return head["ContentLength"], head["ETag"].strip('"')


def _bring(
    s3: S3Client, path: Path, target: S3Uri, existing: tuple[int, str] | None, cancelled: threading.Event
) -> UploadResult:
    size = path.stat().st_size
    if existing is not None and existing[0] == size and existing[1] == _etag(path, size):
        return UploadResult(skipped_files=1, skipped_bytes=size)
    if size <= PART_BYTES:
        s3.put_object(Bucket=target.bucket, Key=target.key, Body=path.read_bytes())
    else:
        _send_in_parts(s3, path, target, cancelled)
    return UploadResult(sent_files=1, sent_bytes=size)


def _send_in_parts(s3: S3Client, path: Path, target: S3Uri, cancelled: threading.Event) -> None:
    from boto3.s3.transfer import create_transfer_manager
    from s3transfer.subscribers import BaseSubscriber

    class CancelIfAsked(BaseSubscriber):
        def on_progress(self, future: TransferFuture, bytes_transferred: int, **_: object) -> None:
            if cancelled.is_set():
                future.cancel()

    # Not s3.upload_file, whose transfer cannot be cancelled.
    with create_transfer_manager(s3, _transfer_config()) as transfers:
        transfers.upload(str(path), target.bucket, target.key, subscribers=[CancelIfAsked()]).result()


def _transfer_config() -> TransferConfig:
    from boto3.s3.transfer import TransferConfig

    # "classic": the CRT client, which boto3 picks by itself on some instances, has its own idea of proxies.
    settings: dict[str, Any] = {"max_concurrency": 4, "preferred_transfer_client": "classic"}
    return TransferConfig(multipart_threshold=PART_BYTES + 1, multipart_chunksize=PART_BYTES, **settings)


def _etag(path: Path, size: int) -> str:
    """The ETag of this file if it was sent from here: MD5, or MD5 of the parts' MD5s and their number.

    https://docs.aws.amazon.com/AmazonS3/latest/userguide/checking-object-integrity-upload.html
    """
    parts = [hashlib.md5(part, usedforsecurity=False) for part in blocks_of(path, PART_BYTES)]
    if size <= PART_BYTES:
        return parts[0].hexdigest() if parts else hashlib.md5(b"", usedforsecurity=False).hexdigest()
    digests = b"".join(part.digest() for part in parts)
    return f"{hashlib.md5(digests, usedforsecurity=False).hexdigest()}-{len(parts)}"
