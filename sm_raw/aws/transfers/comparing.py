"""Whether an object and a file have the same content, found out as cheaply as S3 allows."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from sm_raw.aws.calls import error_code
from sm_raw.aws.transfers.checksums import file_sha256, has_etag, is_sha256
from sm_raw.aws.transfers.remembered import Remembered
from sm_raw.aws.transfers.s3_calls import Listed, S3Options, head
from sm_raw.aws.transfers.s3_uris import S3Uri

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client


def is_same(s3: S3Client, path: Path, uri: S3Uri, listed: Listed, options: S3Options, memory: Remembered) -> bool:
    """Whether the file has the content of what is listed at ``uri``, as far as that can be told."""
    stat = path.stat()
    if stat.st_size != listed.size:
        return False
    remembered = memory.is_content(uri, listed.etag, path, listed.size)
    if remembered is not None:
        same, sha256 = remembered, ""
    elif has_etag(path, listed.size, listed.etag):
        same, sha256 = True, ""
    else:
        same, sha256 = _has_sha256(s3, path, uri, listed, options)
    if same:
        memory.note(uri, listed.etag, sha256, stat)
    return same


def _has_sha256(s3: S3Client, path: Path, uri: S3Uri, listed: Listed, options: S3Options) -> tuple[bool, str]:
    """Whether S3 keeps the checksum of this file for the object; and the checksum, if it was needed."""
    if not listed.has_sha256:
        return False, ""
    told = listed if listed.sha256 else existing(s3, uri, options)
    # A HeadObject that tells of another object than the listing did is no evidence.
    if told is None or not told.sha256 or told.etag != listed.etag:
        return False, ""
    sha256 = file_sha256(path, listed.size)
    return is_sha256(told.sha256, sha256), sha256


def existing(s3: S3Client, target: S3Uri, options: S3Options) -> Listed | None:
    """What is at ``target``, as far as the caller may know."""
    from botocore.exceptions import ClientError

    try:
        return head(s3, target, options)
    except ClientError as error:
        # 403 is also what a caller without the right to list gets for a key that is not there.
        if error_code(error) in ("403", "404"):
            return None
        raise
