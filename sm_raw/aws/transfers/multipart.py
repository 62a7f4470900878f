"""A large file to S3 in parts: begun, or taken up where a killed process left it, and never left lying.

Parts that were sent are billed until their upload is completed or aborted, and no listing of objects shows them:
https://docs.aws.amazon.com/AmazonS3/latest/userguide/mpuoverview.html
"""

from __future__ import annotations

import hashlib
import os
import threading
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from sm_raw.aws.calls import error_code, ride_out
from sm_raw.aws.transfers.checksums import part_bytes_of, part_count, parts_sha256, sha256_text
from sm_raw.aws.transfers.s3_calls import NO_OPTIONS, S3Options, fitting, in_words
from sm_raw.aws.transfers.s3_uris import S3Uri, parse_s3_uri
from sm_raw.errors import TransferFailed

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client

ALGORITHM: Final = "SHA256"
WHO_PAYS = frozenset({"ExpectedBucketOwner", "RequestPayer"})
"""The only options that leave no trace in the object: with any other, an upload begun earlier may be another."""


class PartsUpload:
    """One file on its way in parts; ``send`` may be called from several threads, each part's number once."""

    def __init__(
        self, s3: S3Client, path: Path, target: S3Uri, options: S3Options, *, sleep: Callable[[float], None]
    ) -> None:
        self.path, self.target, self.stat = path, target, path.stat()
        self.size = self.stat.st_size
        self.upload_id = ""
        self._s3, self._options, self._sleep = s3, options, sleep
        self._part_bytes = part_bytes_of(self.size)
        self._there: Mapping[int, Mapping[str, Any]] = {}
        self._sent: dict[int, dict[str, Any]] = {}
        self._lock = threading.Lock()

    @property
    def numbers(self) -> Sequence[int]:
        return range(1, part_count(self.size, self._part_bytes) + 1)

    def begin(self) -> None:
        """Take up the last upload to this key that was left unfinished, and abort older ones; or create one."""
        begun = unfinished_uploads(self._s3, self.target, self._options, exact=True)
        if begun and self._options.keys() <= WHO_PAYS:
            self.upload_id = begun.pop()["UploadId"]
            self._there = self._parts_there()
        for upload in begun:
            _abort(self._s3, self.target, upload["UploadId"], self._options)
        if not self.upload_id:
            self.upload_id = self._call("create_multipart_upload", ChecksumAlgorithm=ALGORITHM)["UploadId"]

    def send(self, number: int) -> tuple[int, bool]:
        """Send one part, unless the same one is there; returns its bytes, and whether it was the last to arrive."""
        with self.path.open("rb") as file:
            file.seek((number - 1) * self._part_bytes)
            content = file.read(self._part_bytes)
        sha256 = sha256_text(content)
        etag = self._etag_there(number, content, sha256)
        if etag is None:
            etag = self._call("upload_part", PartNumber=number, Body=content, ChecksumSHA256=sha256)["ETag"]
        with self._lock:
            self._sent[number] = {"PartNumber": number, "ETag": etag, "ChecksumSHA256": sha256}
            return len(content), len(self._sent) == len(self.numbers)

    def complete(self) -> tuple[str, str]:
        """Make the object of the parts; returns its ETag and SHA-256."""
        refuse_change(self.path, self.target, self.stat)
        parts = {"Parts": [self._sent[number] for number in self.numbers]}
        answer = self._call("complete_multipart_upload", MultipartUpload=parts)
        return str(answer["ETag"]).strip('"'), parts_sha256(part["ChecksumSHA256"] for part in parts["Parts"])

    def abort(self) -> None:
        """Only when no part is on its way any more: it would be kept."""
        if self.upload_id:
            _abort(self._s3, self.target, self.upload_id, self._options)

    def _etag_there(self, number: int, content: bytes, sha256: str) -> str | None:
        part = self._there.get(number)
        if part is None or part["Size"] != len(content):
            return None
        md5 = hashlib.md5(content, usedforsecurity=False).hexdigest()
        same = part["ChecksumSHA256"] == sha256 if "ChecksumSHA256" in part else part["ETag"].strip('"') == md5
        return str(part["ETag"]) if same else None

    def _parts_there(self) -> dict[int, Mapping[str, Any]]:
        from botocore.exceptions import ClientError

        request = self._request("ListParts")
        try:
            pages = list(self._s3.get_paginator("list_parts").paginate(**request))
        except ClientError as error:
            # Not to be listed is no reason not to send them.
            if error_code(error) in ("403", "AccessDenied"):
                return {}
            raise
        return {part["PartNumber"]: part for page in pages for part in page.get("Parts", ())}

    def _call(self, method: str, **fields: Any) -> Any:
        operation = "".join(word.capitalize() for word in method.split("_"))
        request = {**self._request(operation), **fields}
        with in_words(self.target, "sent"):
            return ride_out(lambda: getattr(self._s3, method)(**request), sleep=self._sleep)

    def _request(self, operation: str) -> dict[str, Any]:
        given = fitting(self._s3, operation, self._options)
        upload = {"UploadId": self.upload_id} if self.upload_id else {}
        return {"Bucket": self.target.bucket, "Key": self.target.key, **upload, **given}


def refuse_change(path: Path, target: S3Uri, before: os.stat_result) -> None:
    """Raises TransferFailed if the file is no longer as it was ``before`` it was read."""
    now = path.stat()
    if (now.st_size, now.st_mtime_ns) != (before.st_size, before.st_mtime_ns):
        raise TransferFailed(target, f"{path} was changed while it was being sent to {target}; send it again")


def unfinished_uploads(
    s3: S3Client, target: S3Uri, options: S3Options = NO_OPTIONS, *, exact: bool = False
) -> list[Mapping[str, Any]]:
    """The uploads in parts as this package begins them, below ``target`` or to exactly it, the oldest first.

    Those of other programs, which ask for no SHA-256, are not among them. Empty where the caller may not list them.
    """
    from botocore.exceptions import ClientError

    prefix = target.key if exact else target.prefix
    request = {"Bucket": target.bucket, "Prefix": prefix, **fitting(s3, "ListMultipartUploads", options)}
    try:
        pages = list(s3.get_paginator("list_multipart_uploads").paginate(**request))
    except ClientError as error:
        if error_code(error) in ("403", "AccessDenied"):
            return []
        raise
    uploads = [upload for page in pages for upload in page.get("Uploads", ())]
    ours = [one for one in uploads if one.get("ChecksumAlgorithm") == ALGORITHM and (not exact or one["Key"] == prefix)]
    return sorted(ours, key=lambda one: one["Initiated"])


def abort_uploads(s3: S3Client, s3_uri: str | S3Uri, *, options: S3Options = NO_OPTIONS) -> tuple[str, ...]:
    """Abort what killed uploads have left unfinished below ``s3_uri``; the URIs they were meant for.

    Not while another process is sending to there.
    """
    target = parse_s3_uri(s3_uri)
    with in_words(target, "listed"):
        uploads = unfinished_uploads(s3, target, options)
    for upload in uploads:
        _abort(s3, S3Uri(target.bucket, upload["Key"]), upload["UploadId"], options)
    return tuple(str(S3Uri(target.bucket, upload["Key"])) for upload in uploads)


def _abort(s3: S3Client, target: S3Uri, upload_id: str, options: S3Options) -> None:
    from botocore.exceptions import ClientError

    given = fitting(s3, "AbortMultipartUpload", options)
    try:
        ride_out(lambda: s3.abort_multipart_upload(Bucket=target.bucket, Key=target.key, UploadId=upload_id, **given))
    except ClientError as error:
        if error_code(error) != "NoSuchUpload":  # Ended already, as it should be.
            raise
