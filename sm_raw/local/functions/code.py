"""The archives of functions: fetched or decoded, looked at, kept by digest, unpacked once for all processes."""

from __future__ import annotations

import base64
import binascii
import hashlib
import io
import threading
import uuid
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sm_raw.local.functions.refusals import invalid

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client

# https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html: 250 MB unzipped.
MAX_UNZIPPED_BYTES = 262_144_000
NO_ZIP = "Could not unzip uploaded file. Please check your file, then try to upload again."
PERMISSIONS = 0o777


def archive_of(code: Mapping[str, Any], s3: S3Client) -> bytes:
    """The archive that a request names or holds. Refuses one that is not there or is no zip."""
    if "ZipFile" in code:
        archive = _decoded(code["ZipFile"])
    elif "S3Bucket" in code and "S3Key" in code:
        archive = _fetched(code, s3)
    else:
        raise invalid("Please provide a source for function code.")
    refuse_bad_archive(archive)
    return archive


def _decoded(text: object) -> bytes:
    try:
        return base64.b64decode(str(text), validate=True)
    except (binascii.Error, ValueError):
        raise invalid(NO_ZIP) from None


def _fetched(code: Mapping[str, Any], s3: S3Client) -> bytes:
    from botocore.exceptions import ClientError, ParamValidationError

    version: Any = {"VersionId": code["S3ObjectVersion"]} if code.get("S3ObjectVersion") else {}
    try:
        return s3.get_object(Bucket=code["S3Bucket"], Key=code["S3Key"], **version)["Body"].read()
    except ClientError as error:
        found = error.response["Error"]
        reason = f"S3 Error Code: {found['Code']}. S3 Error Message: {found['Message']}"
        raise invalid(f"Error occurred while GetObject. {reason}") from None
    except ParamValidationError as error:  # No bucket can have such a name.
        raise invalid(f"Error occurred while GetObject. {error}") from None


def refuse_bad_archive(archive: bytes) -> None:
    """Refuse what is no zip, holds nothing, or grows too large."""
    try:
        with zipfile.ZipFile(io.BytesIO(archive)) as opened:
            sizes = [member.file_size for member in opened.infolist()]
    except (zipfile.BadZipFile, NotImplementedError, ValueError):  # The second: a version that zipfile cannot read.
        raise invalid(NO_ZIP) from None
    if not sizes:
        raise invalid("Uploaded file must be a non-empty zip")
    if sum(sizes) > MAX_UNZIPPED_BYTES:
        raise invalid(f"Unzipped size must be smaller than {MAX_UNZIPPED_BYTES} bytes")


def code_sha256(archive: bytes) -> str:
    """CodeSha256, as Lambda tells it."""
    return base64.b64encode(hashlib.sha256(archive).digest()).decode()


class CodeStore:
    """The archives below ``root``, by their CodeSha256, each with the folder that it is unpacked into."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._lock = threading.Lock()

    def keep(self, archive: bytes) -> None:
        """Keep an archive; the same again is no matter."""
        place = self._place(code_sha256(archive)).with_suffix(".zip")
        place.parent.mkdir(parents=True, exist_ok=True)
        unfinished = place.with_name(f"{place.name}.{uuid.uuid4().hex}")
        unfinished.write_bytes(archive)
        unfinished.replace(place)

    def folder(self, sha256: str) -> Path:
        """Where the code is, unpacked."""
        folder = self._place(sha256)
        with self._lock:
            if not folder.exists():
                unfinished = folder.with_name(f"{folder.name}.{uuid.uuid4().hex}")
                unpack(folder.with_suffix(".zip"), unfinished)
                unfinished.replace(folder)
        return folder

    def _place(self, sha256: str) -> Path:
        return self._root / base64.b64decode(sha256).hex()


def unpack(archive: Path, folder: Path) -> None:
    """Unpack a zip as Lambda does: with permissions. Nothing lands outside of ``folder``."""
    with zipfile.ZipFile(archive) as opened:
        for member in opened.infolist():
            # zipfile takes away what would lead out of the folder, and writes a link as the text that it is.
            place = Path(opened.extract(member, folder))
            mode = member.external_attr >> 16 & PERMISSIONS
            if mode and place.is_file():
                place.chmod(mode | 0o600)
