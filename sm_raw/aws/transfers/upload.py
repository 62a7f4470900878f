"""Files to S3: in parallel, and only what is not there yet."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sm_raw.aws.transfers.checksums import PART_BYTES
from sm_raw.aws.transfers.comparing import existing
from sm_raw.aws.transfers.crew import News, TransferState, Watch
from sm_raw.aws.transfers.download import download
from sm_raw.aws.transfers.folders import files_of
from sm_raw.aws.transfers.object_listing import iter_pages
from sm_raw.aws.transfers.remembered import Remembered
from sm_raw.aws.transfers.s3_calls import NO_OPTIONS, THREADS, Listed, S3Options, fitting, in_words
from sm_raw.aws.transfers.s3_uris import S3Uri, parse_s3_uri
from sm_raw.aws.transfers.sending import Sender
from sm_raw.errors import SmRawError, TransferFailed

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client

__all__ = ["PART_BYTES", "Progress", "UploadResult", "download", "upload_file", "upload_folder"]

DELETED_AT_ONCE = 1000
"""https://docs.aws.amazon.com/AmazonS3/latest/API/API_DeleteObjects.html"""

Progress = Callable[[int, int], None]
"""Called with (files done, files in all), in the thread of the caller."""


@dataclass(frozen=True)
class UploadResult:
    """What an upload did: files and bytes that were sent, files and bytes that were there already.

    ``extra``: the names at the target that the folder does not have; ``removed_files``: how many of them were
    removed, on demand.
    """

    sent_files: int = 0
    sent_bytes: int = 0
    skipped_files: int = 0
    skipped_bytes: int = 0
    extra: tuple[str, ...] = ()
    removed_files: int = 0

    @property
    def files(self) -> int:
        return self.sent_files + self.skipped_files

    @property
    def bytes(self) -> int:
        return self.sent_bytes + self.skipped_bytes

    def after(self, news: News) -> UploadResult:
        """The same and one file more, if the news is of a file's end."""
        if news.file_bytes is None:
            return self
        if news.moved:
            return replace(self, sent_files=self.sent_files + 1, sent_bytes=self.sent_bytes + news.file_bytes)
        skipped = self.skipped_bytes + news.file_bytes
        return replace(self, skipped_files=self.skipped_files + 1, skipped_bytes=skipped)


def upload_folder(
    s3: S3Client,
    folder: str | Path,
    s3_uri: str | S3Uri,
    *,
    threads: int = THREADS,
    on_progress: Progress | None = None,
    on_transfer: Watch | None = None,
    options: S3Options = NO_OPTIONS,
    prune: bool = False,
    memory: str | Path | None = None,
) -> UploadResult:
    """Bring every file of ``folder`` to the same relative name below ``s3_uri``, and tell what is there besides.

    A file whose key exists with the same size and content is skipped. Content is compared by the ETag, for which the
    listing is enough; where that is no MD5 (a bucket that encrypts with a KMS key), by the SHA-256 that was sent with
    each file, for which S3 must be asked once for each. ``memory`` is a file that saves these calls, and the reading
    of what has not changed: it remembers checksums by ETag, and the times of files. It may be lost at any time.

    Dot-files and Python caches are left out. ``options`` are fields of S3's requests (SSEKMSKeyId, StorageClass,
    ExpectedBucketOwner), for what is sent. With ``prune``, what is below ``s3_uri`` and not in the folder is removed
    at the end.

    Large files go in parts, of which ``threads`` are held in memory at most. At the first failure, or Ctrl-C, what
    has not begun is dropped, unfinished parts are taken back, and the exception passes on; the next call sends the
    rest. That also takes up, part by part, a large file at which the process was killed.
    """
    target, files = parse_s3_uri(s3_uri), files_of(folder)
    if not files:
        raise SmRawError(f"{folder} holds no files to upload to {target}")
    if prune and not target.prefix:
        raise SmRawError(f"{target} is a whole bucket, of which nothing is removed; give a prefix, or leave out prune")
    extra: list[str] = []
    work = _with_what_is_there(s3, target, files, options, extra)
    sizes = [path.stat().st_size for path in files.values()]
    with Remembered(memory) as remembered, Sender(s3, options, remembered, threads) as sender:
        result = _follow(sender, work, TransferState(files=len(files), bytes=sum(sizes)), on_progress, on_transfer)
    result = replace(result, extra=tuple(extra))
    return _prune(s3, target, result, options) if prune else result


def upload_file(
    s3: S3Client,
    path: str | Path,
    s3_uri: str | S3Uri,
    *,
    threads: int = THREADS,
    on_transfer: Watch | None = None,
    options: S3Options = NO_OPTIONS,
) -> bool:
    """Bring one file to ``s3_uri``; whether it had to be sent, because it was not there or was another."""
    path, target = Path(path), parse_s3_uri(s3_uri)
    total = TransferState(files=1, bytes=path.stat().st_size)
    with Sender(s3, options, Remembered(), threads) as sender:
        work = [(path, target, existing(s3, target, options))]
        return _follow(sender, work, total, None, on_transfer).sent_files == 1


def _with_what_is_there(
    s3: S3Client, target: S3Uri, files: Mapping[str, Path], options: S3Options, extra: list[str]
) -> Iterator[tuple[Path, S3Uri, Listed | None]]:
    """Each file with its URI and what is there: as the pages of the listing come in, so that comparing begins."""
    left = {(target / name).key: path for name, path in files.items()}
    for page in iter_pages(s3, target, options):
        for key, listed in page.items():
            path = left.pop(key, None)
            if path is not None:
                yield path, S3Uri(target.bucket, key), listed
            elif not key.endswith("/"):  # The console's folders are objects, too.
                extra.append(key.removeprefix(target.prefix))
    for key, path in left.items():
        yield path, S3Uri(target.bucket, key), None


def _follow(
    sender: Sender,
    work: Iterable[tuple[Path, S3Uri, Listed | None]],
    state: TransferState,
    on_progress: Progress | None,
    on_transfer: Watch | None,
) -> UploadResult:
    for path, target, listed in work:
        sender.add(path, target, listed)
    result, bytes_done = UploadResult(), 0
    for news in sender.news():
        result, bytes_done = result.after(news), bytes_done + news.bytes
        if on_progress and news.file_bytes is not None:
            on_progress(result.files, state.files)
        if on_transfer:
            on_transfer(TransferState(result.files, state.files, bytes_done, state.bytes))
    return result


def _prune(s3: S3Client, target: S3Uri, result: UploadResult, options: S3Options) -> UploadResult:
    fields = fitting(s3, "DeleteObjects", options)
    keys = [(target / name).key for name in result.extra]
    for start in range(0, len(keys), DELETED_AT_ONCE):
        names: Any = {"Objects": [{"Key": key} for key in keys[start : start + DELETED_AT_ONCE]], "Quiet": True}
        with in_words(target, "cleared"):
            errors = s3.delete_objects(Bucket=target.bucket, Delete=names, **fields).get("Errors", ())
        for error in errors:
            uri, code = S3Uri(target.bucket, error.get("Key", "")), error.get("Code", "")
            raise TransferFailed(uri, f"{uri} cannot be removed: {code}: {error.get('Message', '')}", code=code)
    return replace(result, removed_files=len(keys))
