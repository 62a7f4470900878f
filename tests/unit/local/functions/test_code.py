from __future__ import annotations

import base64
import io
import zipfile
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from sm_raw.local.functions import code
from sm_raw.local.functions.code import CodeStore, archive_of, code_sha256
from sm_raw.local.protocol import ServiceError


def zipped(*members: tuple[str | zipfile.ZipInfo, str]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, text in members:
            archive.writestr(name, text)
    return buffer.getvalue()


class Bucket:
    """Stands for S3: one object, of which the calls are kept."""

    def __init__(self, stored: bytes | None) -> None:
        self.stored, self.calls = stored, []  # type: ignore[var-annotated]

    def get_object(self, **request: Any) -> dict[str, Any]:
        self.calls.append(request)
        if self.stored is None:
            told = {"Error": {"Code": "NoSuchKey", "Message": "The specified key does not exist."}}
            raise ClientError(told, "GetObject")  # type: ignore[arg-type]
        return {"Body": io.BytesIO(self.stored)}


def test_code_is_in_the_request_or_in_a_bucket() -> None:
    archive, bucket = zipped(("a.py", "1")), Bucket(zipped(("b.py", "2")))
    assert archive_of({"ZipFile": base64.b64encode(archive).decode()}, bucket) == archive  # type: ignore[arg-type]
    stored = {"S3Bucket": "code", "S3Key": "b.zip", "S3ObjectVersion": "v1"}
    assert archive_of(stored, bucket) == bucket.stored  # type: ignore[arg-type]
    assert bucket.calls == [{"Bucket": "code", "Key": "b.zip", "VersionId": "v1"}]


@pytest.mark.parametrize(
    ("given", "stored", "message"),
    [
        ({}, None, "Please provide a source for function code."),
        ({"ZipFile": "%"}, None, code.NO_ZIP),
        ({"ZipFile": "bm8gemlw"}, None, code.NO_ZIP),
        ({"ZipFile": base64.b64encode(zipped()).decode()}, None, "Uploaded file must be a non-empty zip"),
        (
            {"S3Bucket": "code", "S3Key": "b.zip"},
            None,
            "Error occurred while GetObject. S3 Error Code: NoSuchKey. "
            "S3 Error Message: The specified key does not exist.",
        ),
    ],
)
def test_code_that_is_none_is_refused(given: dict[str, Any], stored: bytes | None, message: str) -> None:
    with pytest.raises(ServiceError) as refused:
        archive_of(given, Bucket(stored))  # type: ignore[arg-type]
    assert (refused.value.code, refused.value.message) == ("InvalidParameterValueException", message)


def test_code_that_grows_too_large_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(code, "MAX_UNZIPPED_BYTES", 3)
    with pytest.raises(ServiceError, match="Unzipped size must be smaller than 3 bytes"):
        code.refuse_bad_archive(zipped(("a.py", "1234")))


def test_an_archive_is_kept_by_its_digest_and_unpacked_once(tmp_path: Path) -> None:
    archive, store = zipped(("pack/age.py", "x = 1")), CodeStore(tmp_path)
    for _ in range(2):
        store.keep(archive)
    folder = store.folder(code_sha256(archive))
    assert (folder / "pack" / "age.py").read_text() == "x = 1"
    (folder / "pack" / "age.py").write_text("x = 2")
    assert (store.folder(code_sha256(archive)) / "pack" / "age.py").read_text() == "x = 2"


def test_permissions_are_kept_and_nothing_leaves_the_folder(tmp_path: Path) -> None:
    program, plain = zipfile.ZipInfo("program"), zipfile.ZipInfo("../../../outside.py")
    program.external_attr = 0o100755 << 16
    (tmp_path / "a.zip").write_bytes(zipped((program, "#!/bin/sh"), (plain, "x")))
    code.unpack(tmp_path / "a.zip", tmp_path / "deep" / "folder")
    assert (tmp_path / "deep" / "folder" / "program").stat().st_mode & 0o777 == 0o755
    found = sorted(path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*") if path.is_file())
    assert found == ["a.zip", "deep/folder/outside.py", "deep/folder/program"]
