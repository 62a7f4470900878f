"""Whether an object and a file have the same content, found out as cheaply as S3 allows."""

from __future__ import annotations

import os
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
    same = is_same_by_listing(path, uri, listed, memory, path.stat())
    return is_same_by_checksum(s3, path, uri, listed, options, memory) if same is None else same


def is_same_by_listing(path: Path, uri: S3Uri, listed: Listed, memory: Remembered, stat: os.stat_result) -> bool | None:
    """The same without a call; None where that does not tell. ``stat`` is of before the file is read."""
    if stat.st_size != listed.size:
        return False
    remembered = memory.is_content(uri, listed.etag, path, listed.size)
    same = remembered if remembered is not None else has_etag(path, listed.size, listed.etag) or None
    if same:
        memory.note(uri, listed.etag, "", stat)
    return same


def is_same_by_checksum(
    s3: S3Client, path: Path, uri: S3Uri, listed: Listed, options: S3Options, memory: Remembered
) -> bool:
    """Whether S3 keeps the checksum of this file for the object; of some, it has to be asked."""
    stat = path.stat()
    if stat.st_size != listed.size or not listed.has_sha256:
        return False
    told = listed if listed.sha256 else existing(s3, uri, options)
    # A HeadObject that tells of another object than the listing did is no evidence.
    if told is None or not told.sha256 or told.etag != listed.etag:
        return False
    sha256 = file_sha256(path, listed.size)
    if not is_sha256(told.sha256, sha256):
        return False
    memory.note(uri, listed.etag, sha256, stat)
    return True


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
