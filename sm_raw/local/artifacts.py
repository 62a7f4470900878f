"""S3 as a job sees it: channels come down, model and output go up.

Objects are fetched once for all jobs: they are kept by ETag, and each job gets copies that it may change. Jobs of one
tuning job share their data, and fetching thousands of small pictures again costs more than training on them.
"""

from __future__ import annotations

import shutil
import tarfile
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client
    from types_boto3_s3.type_defs import ObjectTypeDef

THREADS = 8


class MissingData(Exception):
    """An S3 URI that a request names holds nothing."""


class ObjectCache:
    """Objects of S3 on the local disk, by ETag."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._lock = threading.Lock()

    def fetch_prefix(self, s3: S3Client, uri: str, target: Path) -> int:
        """Copy every object below ``uri`` into ``target``; return how many. Raises MissingData when there is none."""
        bucket, prefix = split_uri(uri)
        base = prefix if not prefix or prefix.endswith("/") else prefix + "/"
        objects = [item for item in _objects(s3, bucket, prefix) if not item["Key"].endswith("/")]
        if not objects:
            raise MissingData(f"No S3 objects found under S3 URL {uri!r}")
        # One job fetches at a time: jobs of a tuning job want the same objects at the same moment.
        with self._lock, ThreadPoolExecutor(THREADS) as pool:
            kept = list(pool.map(lambda item: self._keep(s3, bucket, item), objects))
        for item, path in zip(objects, kept, strict=True):
            place = target / _relative(item["Key"], base)
            place.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, place)
        return len(objects)

    def _keep(self, s3: S3Client, bucket: str, item: ObjectTypeDef) -> Path:
        path = self._folder / f"{item['ETag'].strip(chr(34))}-{item['Size']}"
        if not path.exists():
            self._folder.mkdir(parents=True, exist_ok=True)
            part = path.with_name(f"{path.name}.{threading.get_ident()}.part")
            s3.download_file(bucket, item["Key"], str(part))
            part.replace(path)
        return path


def fetch_file(s3: S3Client, uri: str, target: Path) -> Path:
    """Download one object. Raises MissingData when it is not there."""
    from botocore.exceptions import ClientError

    bucket, key = split_uri(uri)
    target.parent.mkdir(parents=True, exist_ok=True)
    try:
        s3.download_file(bucket, key, str(target))
    except ClientError as error:
        raise MissingData(f"Could not find {uri}: {error.response['Error']['Message']}") from None
    return target


def exists(s3: S3Client, uri: str) -> bool:
    """Whether the object at ``uri`` is there."""
    from botocore.exceptions import ClientError

    bucket, key = split_uri(uri)
    try:
        s3.head_object(Bucket=bucket, Key=key)
    except ClientError:
        return False
    return True


def bucket_exists(s3: S3Client, uri: str) -> bool:
    """Whether the bucket of ``uri`` is there."""
    from botocore.exceptions import ClientError

    try:
        s3.head_bucket(Bucket=split_uri(uri)[0])
    except ClientError:
        return False
    return True


def upload_archive(s3: S3Client, folder: Path, uri: str) -> None:
    """Store ``folder`` as a tar.gz at ``uri``, its members at the archive's root."""
    archive = folder.with_name(folder.name + ".tar.gz")
    # Level 1: weights hardly compress, and higher levels cost seconds for nothing.
    with tarfile.open(archive, "w:gz", compresslevel=1) as tar:
        for path in sorted(folder.iterdir()):
            tar.add(path, arcname=path.name)
    bucket, key = split_uri(uri)
    s3.upload_file(str(archive), bucket, key)
    archive.unlink()


def upload_tree(s3: S3Client, folder: Path, uri: str) -> int:
    """Store every file below ``folder`` below ``uri``; return how many."""
    bucket, prefix = split_uri(uri)
    files = [path for path in sorted(folder.rglob("*")) if path.is_file()]

    def store(path: Path) -> None:
        s3.upload_file(str(path), bucket, "/".join([prefix.rstrip("/"), *path.relative_to(folder).parts]))

    with ThreadPoolExecutor(THREADS) as pool:
        list(pool.map(store, files))
    return len(files)


def join_uri(base: str, *parts: str) -> str:
    """``base`` and ``parts`` with exactly one slash between them."""
    return "/".join([base.rstrip("/"), *parts])


def split_uri(uri: str) -> tuple[str, str]:
    """Bucket and key of an S3 URI. The schema has already refused what is none."""
    parts = urlsplit(uri)
    return parts.netloc, parts.path.removeprefix("/")


def _objects(s3: S3Client, bucket: str, prefix: str) -> Iterator[Any]:
    from botocore.exceptions import ClientError

    try:
        for page in s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix):
            yield from page.get("Contents", [])
    except ClientError as error:
        raise MissingData(f"Could not list s3://{bucket}/{prefix}: {error.response['Error']['Message']}") from None


def _relative(key: str, base: str) -> str:
    # A prefix may end in the middle of a name; then files keep their path from the last slash before it.
    return key.removeprefix(base) if key.startswith(base) else key[base.rstrip("/").rfind("/") + 1 :]
