"""What uploads and downloads share: the options of their calls, what a listing tells, and errors in words."""

from __future__ import annotations

import contextlib
import difflib
import errno
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from sm_raw.aws.calls import error_code, ride_out
from sm_raw.aws.transfers.s3_uris import S3Uri
from sm_raw.errors import SmRawError, TransferFailed

if TYPE_CHECKING:
    from botocore.exceptions import ClientError
    from types_boto3_s3 import S3Client

S3Options = Mapping[str, Any]
"""Fields of S3's requests in S3's spelling: {"SSEKMSKeyId": "...", "ExpectedBucketOwner": "123456789012"}.

Each goes to those calls that have such a field.
"""

THREADS = 16
"""A file of 100 KB takes S3 tens of milliseconds and this machine two: more threads than that do not help."""

NO_OPTIONS: S3Options = MappingProxyType({})
OURS = frozenset({"Body", "Bucket", "ContentLength", "ContentMD5", "IfMatch", "Key", "PartNumber", "Range"})
"""Fields that are filled in here; so are all whose name begins with "Checksum"."""

TAKING = ("PutObject", "GetObject")
WRONG_REGION = ("301", "PermanentRedirect", "AuthorizationHeaderMalformed", "IllegalLocationConstraintException")
"""What S3 says to a client of another region than the bucket's."""

RIGHTS: Mapping[str, str] = MappingProxyType(
    {
        "AbortMultipartUpload": "s3:AbortMultipartUpload",
        "DeleteObjects": "s3:DeleteObject",
        "GetObject": "s3:GetObject",
        "HeadObject": "s3:GetObject",
        "ListMultipartUploads": "s3:ListBucketMultipartUploads",
        "ListObjectsV2": "s3:ListBucket",
        "ListParts": "s3:ListMultipartUploadParts",
    }
)
"""Operation -> the right it needs; all others here write, and need s3:PutObject.

https://docs.aws.amazon.com/AmazonS3/latest/userguide/using-with-s3-policy-actions.html
"""

DENIED = (
    "it is denied; the caller needs {right} on it, and the rights to use the key where KMS encrypts "
    "(kms:GenerateDataKey to write, kms:Decrypt to read and to send in parts); "
    "a bucket of another account than ExpectedBucketOwner is denied as well"
)
REDIRECTED = "the bucket is in {found}, and this client is for another region; make it for the bucket's (--region)"
WORDS: Mapping[str, str] = MappingProxyType(
    {
        "403": DENIED,
        "404": "there is no such object (404), or no such bucket; `aws s3 ls {folder}` shows what there is",
        "412": "it was replaced while it was being fetched; run it again",
        "AccessDenied": DENIED,
        "InvalidObjectState": "it lies in an archive storage class; restore it first (`aws s3api restore-object`)",
        "NoSuchBucket": "there is no bucket {bucket!r}; mend the name, or make it: `aws s3 mb s3://{bucket}`",
        "NoSuchKey": "there is no such object; `aws s3 ls {folder}` shows what there is",
        "NoSuchUpload": "somebody else ended this upload in parts; run it again",
        "PreconditionFailed": "it was replaced while it was being fetched; run it again",
        "RequestTimeTooSkewed": "the clock of this machine is more than 15 minutes off; set it",
        **dict.fromkeys(WRONG_REGION, REDIRECTED),
    }
)
"""S3's code -> what is wrong and what to do. https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html"""


@dataclass(frozen=True)
class Listed:
    """What a listing tells of an object; ``sha256`` and ``metadata`` only where HeadObject was asked."""

    size: int
    etag: str
    has_sha256: bool = False
    sha256: str = ""
    metadata: Mapping[str, str] = field(default_factory=dict)


def check_options(s3: S3Client, options: S3Options) -> None:
    """Raises SmRawError for a name that no call here knows, or that is filled in here."""
    known = {name for operation in TAKING for name in _members(s3, operation)} - OURS
    for name in options:
        if name in known and not name.startswith("Checksum"):
            continue
        near = difflib.get_close_matches(name, known, n=1)
        hint = f"; did you mean {near[0]!r}?" if near else ""
        raise SmRawError(f"{name!r} is no option of an upload or download{hint}")


def fitting(s3: S3Client, operation: str, options: S3Options) -> dict[str, Any]:
    """Those of ``options`` that the operation takes."""
    if not options:
        return {}
    members = _members(s3, operation)
    return {name: value for name, value in options.items() if name in members}


def _members(s3: S3Client, operation: str) -> Mapping[str, Any]:
    shape = s3.meta.service_model.operation_model(operation).input_shape
    members: Mapping[str, Any] = shape.members if shape is not None else {}
    return members


def head(s3: S3Client, uri: S3Uri, options: S3Options = NO_OPTIONS) -> Listed:
    """What HeadObject tells; a ClientError passes through."""
    request = {"Bucket": uri.bucket, "Key": uri.key, "ChecksumMode": "ENABLED", **fitting(s3, "HeadObject", options)}
    answer = ride_out(lambda: s3.head_object(**request))
    sha256 = answer.get("ChecksumSHA256", "")
    return Listed(answer["ContentLength"], answer["ETag"].strip('"'), bool(sha256), sha256, answer.get("Metadata", {}))


@contextlib.contextmanager
def in_words(uri: S3Uri, done: str) -> Iterator[None]:
    """Says of errors within the block that ``uri`` cannot be ``done`` ("listed"), why, and what to do.

    What is not known here passes through as it is: so do credentials that have expired.
    """
    from botocore.exceptions import ClientError

    try:
        yield
    except ClientError as error:
        code = error_code(error)
        words = WORDS.get(code)
        if words is None:
            raise
        raise TransferFailed(uri, f"{uri} cannot be {done}: {_filled(words, uri, error)}", code=code) from error
    except OSError as error:
        if error.errno not in (errno.ENOSPC, errno.EDQUOT):
            raise
        raise TransferFailed(uri, f"{uri} cannot be {done}: the disk is full ({error}); make room") from error


def _filled(words: str, uri: S3Uri, error: ClientError) -> str:
    headers: Mapping[str, str] = error.response.get("ResponseMetadata", {}).get("HTTPHeaders", {})
    detail: Mapping[str, Any] = dict(error.response.get("Error", {}))
    return words.format(
        bucket=uri.bucket,
        folder=S3Uri(uri.bucket, uri.key.rpartition("/")[0]) / "",
        found=headers.get("x-amz-bucket-region") or detail.get("Region") or detail.get("Endpoint") or "another region",
        right=RIGHTS.get(error.operation_name, "s3:PutObject"),
    )
