"""S3 as a job sees it: channels come down, model and output go up.

Objects are fetched once for all jobs: they are kept by ETag, and each job gets copies that it may change. Jobs of one
tuning job share their data, and fetching thousands of small pictures again costs more than training on them.
"""

from __future__ import annotations

import contextlib
import errno
import gzip
import shutil
import tarfile
import threading
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client
    from types_boto3_s3.type_defs import ObjectTypeDef

BLOCK_BYTES = 1 << 20


class DataFailure(Exception):
    """What a request names in S3 is not there, cannot be used or cannot be stored; the text says what and why."""


def disk_failure(error: OSError, root: Path) -> str:
    """Why files could not be written below ``root``, in words for a FailureReason."""
    if error.errno == errno.ENOSPC:
        return f"ClientError: no space left on the disk that holds {root}"
    return f"ClientError: {error.strerror or error}: {error.filename or root}"


class ObjectCache:
    """Objects of S3 on the local disk, by ETag."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._lock = threading.Lock()

    def fetch_prefix(self, s3: S3Client, uri: str, target: Path) -> int:
        """Copy every object whose key begins with that of ``uri`` into ``target``; return how many.

        As the service does it: "SageMaker uses all objects that match the specified key name prefix" (API reference,
        S3DataSource), so s3://b/train also takes in s3://b/train2/. See ``place`` for where they go. Raises
        DataFailure when there is none.
        """
        bucket, prefix = split_uri(uri)
        with _explained(f"could not read {uri}"):
            objects = [item for item in _objects(s3, bucket, prefix) if not item["Key"].endswith("/")]
            if not objects:
                raise DataFailure(f'No S3 objects found under S3 URL "{uri}" given in input data source')
            # One job fetches at a time: jobs of a tuning job want the same objects at the same moment. And one object
            # after the other: client and server share an interpreter, where threads would only hinder each other.
            with self._lock:
                kept = [self._keep(s3, bucket, item) for item in objects]
        for item, path in zip(objects, kept, strict=True):
            file = place(item["Key"], prefix, target)
            file.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, file)
        return len(objects)

    def _keep(self, s3: S3Client, bucket: str, item: ObjectTypeDef) -> Path:
        path = self._folder / f"{item['ETag'].strip(chr(34))}-{item['Size']}"
        if not path.exists():
            self._folder.mkdir(parents=True, exist_ok=True)
            part = path.with_name(f"{path.name}.{threading.get_ident()}.part")
            _read(s3, bucket, item["Key"], part)
            part.replace(path)
        return path


def fetch_file(s3: S3Client, uri: str, target: Path) -> Path:
    """Download one object. Raises DataFailure when it is not there."""
    bucket, key = split_uri(uri)
    target.parent.mkdir(parents=True, exist_ok=True)
    with _explained(f"could not read {uri}"):
        _read(s3, bucket, key, target)
    return target


def read_object(s3: S3Client, uri: str) -> bytes:
    """The content of one object. Raises DataFailure when it is not there."""
    bucket, key = split_uri(uri)
    with _explained(f"could not read {uri}"):
        return s3.get_object(Bucket=bucket, Key=key)["Body"].read()


def _read(s3: S3Client, bucket: str, key: str, target: Path) -> None:
    # One request for an object. boto3's download_file makes two and starts threads of its own for each, which for
    # thousands of small pictures takes six times as long.
    body = s3.get_object(Bucket=bucket, Key=key)["Body"]
    with target.open("wb") as file:
        shutil.copyfileobj(body, file, BLOCK_BYTES)


def unpack(archive: Path, folder: Path) -> None:
    """Unpack a tar archive into ``folder``. Raises DataFailure for what is none, or would land elsewhere."""
    folder.mkdir(parents=True, exist_ok=True)
    try:
        with tarfile.open(archive) as tar:
            tar.extractall(folder, filter="data")
    except (tarfile.TarError, gzip.BadGzipFile, zlib.error, EOFError) as error:
        raise DataFailure(f"{archive.name} cannot be unpacked: {error}") from None


def exists(s3: S3Client, uri: str) -> bool:
    """Whether the object at ``uri``, or the bucket of a URI without a key, is there."""
    from botocore.exceptions import ClientError, ParamValidationError

    bucket, key = split_uri(uri)
    try:
        if key:
            s3.head_object(Bucket=bucket, Key=key)
        else:
            s3.head_bucket(Bucket=bucket)
    except (ClientError, ParamValidationError):  # The latter: no bucket can have such a name.
        return False
    return True


def upload_archive(s3: S3Client, folder: Path, uri: str) -> None:
    """Store ``folder`` as a tar.gz at ``uri``, its members at the archive's root. Raises DataFailure."""
    archive = folder.with_name(folder.name + ".tar.gz")
    # Level 1: weights hardly compress, and higher levels cost seconds for nothing.
    with tarfile.open(archive, "w:gz", compresslevel=1) as tar:
        for path in sorted(folder.iterdir()):
            tar.add(path, arcname=path.name)
    with _explained(f"could not write {uri}"):
        _write(s3, archive, uri)
    archive.unlink()


def upload_tree(s3: S3Client, folder: Path, uri: str) -> int:
    """Store every file below ``folder`` below ``uri``; return how many. Raises DataFailure."""
    files = [path for path in sorted(folder.rglob("*")) if path.is_file()]
    with _explained(f"could not write below {uri}"):
        for path in files:
            _write(s3, path, join_uri(uri, *path.relative_to(folder).parts))
    return len(files)


def _write(s3: S3Client, path: Path, uri: str) -> None:
    bucket, key = split_uri(uri)
    with path.open("rb") as body:
        s3.put_object(Bucket=bucket, Key=key, Body=body)


def join_uri(base: str, *parts: str) -> str:
    """``base`` and ``parts`` with exactly one slash between them."""
    return "/".join([base.rstrip("/"), *parts])


def split_uri(uri: str) -> tuple[str, str]:
    """Bucket and key of an S3 URI, whose key may hold any character. The schema has already refused what is none."""
    bucket, _, key = uri.partition("://")[2].partition("/")
    return bucket, key


def place(key: str, prefix: str, folder: Path) -> Path:
    """Where in a channel's folder the object ``key`` goes that was found by ``prefix``.

    Below a prefix that is a folder, with or without the last slash, the path inside it counts. A prefix that ends in
    the middle of a name leaves names whole, in the service unlike in its SDK's local mode
    (https://github.com/aws/sagemaker-python-sdk/issues/3612): by data/tr, data/train/a is train/a.
    Raises DataFailure for a key that would leave the folder.
    """
    base = prefix if prefix.endswith("/") or not prefix else f"{prefix}/"
    inside = key.removeprefix(base) if key.startswith(base) else key[prefix.rfind("/") + 1 :]
    names = [name for name in inside.split("/") if name not in ("", ".")]
    if ".." in names:
        raise DataFailure(f"the key {key!r} leads out of the channel's folder")
    return folder.joinpath(*names)


def _objects(s3: S3Client, bucket: str, prefix: str) -> Iterator[Any]:
    for page in s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix):
        yield from page.get("Contents", [])


@contextlib.contextmanager
def _explained(what: str) -> Iterator[None]:
    """Turn what S3 refuses into a DataFailure; a full disk is an OSError and passes through."""
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        yield
    except (ClientError, BotoCoreError) as error:
        raise DataFailure(f"{what}: {error}") from error
