from __future__ import annotations

import io
import tarfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from sm_raw.aws.transfers.repacking import RepackedModel, repack_model
from sm_raw.errors import SmRawError, TransferFailed, UnsafeArchive

MODEL, TARGET = "s3://bucket/job/output/model.tar.gz", "s3://bucket/repacked/model.tar.gz"


@pytest.fixture
def code(tmp_path: Path) -> Path:
    folder = tmp_path / "code"
    (folder / "lib").mkdir(parents=True)
    (folder / "inference.py").write_text("def model_fn(folder): ...\n")
    (folder / "lib" / "data.py").write_text("x = 1\n")
    return folder


def put_model(s3: Any, files: Mapping[str, bytes], key: str = "job/output/model.tar.gz") -> None:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
        for name, content in files.items():
            member = tarfile.TarInfo(name)
            member.size, member.mtime = len(content), 1234567
            archive.addfile(member, io.BytesIO(content))
    s3.put_object(Bucket="bucket", Key=key, Body=buffer.getvalue())


def body(s3: Any, uri: str) -> bytes:
    content: bytes = s3.get_object(Bucket="bucket", Key=uri.removeprefix("s3://bucket/"))["Body"].read()
    return content


def members(s3: Any, uri: str) -> dict[str, bytes]:
    with tarfile.open(fileobj=io.BytesIO(body(s3, uri))) as archive:
        files = {member.name: archive.extractfile(member) for member in archive.getmembers()}
        return {name: file.read() for name, file in files.items() if file is not None}


CODE = {"code/inference.py": b"def model_fn(folder): ...\n", "code/lib/data.py": b"x = 1\n"}


@pytest.mark.parametrize("old", [{}, {"code/old.py": b"old"}, {"./code/inference.py": b"old"}])
def test_the_code_takes_the_place_of_any_other_and_the_model_stays(
    s3: Any, code: Path, tmp_path: Path, old: dict[str, bytes]
) -> None:
    put_model(s3, {"model.pth": b"weights", **old, "labels.json": b"[]"})
    result = repack_model(s3, MODEL, code, TARGET, work_folder=tmp_path, entry_point="inference.py")
    assert (result.uri, result.repacked) == (TARGET, True)
    assert members(s3, TARGET) == {"model.pth": b"weights", "labels.json": b"[]", **CODE}
    assert list(tmp_path.iterdir()) == [code]


def test_the_same_model_and_code_give_the_same_bytes(s3: Any, code: Path) -> None:
    put_model(s3, {"model.pth": b"weights"})
    for number in (1, 2):
        repack_model(s3, MODEL, code, f"s3://bucket/{number}")
    assert body(s3, "s3://bucket/1") == body(s3, "s3://bucket/2")


def test_what_was_repacked_once_is_not_even_fetched(s3: Any, code: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    put_model(s3, {"model.pth": b"weights"})
    first = repack_model(s3, MODEL, code, TARGET)
    with monkeypatch.context() as patched:
        patched.setattr(s3, "get_object", None)
        assert repack_model(s3, MODEL, code, TARGET) == RepackedModel(TARGET, False, first.code_digest)
        assert repack_model(s3, TARGET, code, TARGET).repacked is False
        assert repack_model(s3, TARGET, code, "s3://bucket/other") == RepackedModel(TARGET, False, first.code_digest)
    (code / "inference.py").write_text("changed")
    assert repack_model(s3, MODEL, code, TARGET).repacked is True
    put_model(s3, {"model.pth": b"other weights"})
    assert repack_model(s3, MODEL, code, TARGET).repacked is True
    assert members(s3, TARGET)["model.pth"] == b"other weights"


def test_an_archive_that_holds_this_code_is_used_as_it_is(s3: Any, code: Path) -> None:
    put_model(
        s3,
        {"model.pth": b"weights", "./code/lib/data.py": b"x = 1\n", "./code/inference.py": CODE["code/inference.py"]},
    )
    result = repack_model(s3, MODEL, code, TARGET)
    assert (result.uri, result.repacked) == (MODEL, False)
    assert "repacked/model.tar.gz" not in [item["Key"] for item in s3.list_objects_v2(Bucket="bucket")["Contents"]]


def test_a_model_may_be_repacked_in_its_place(s3: Any, code: Path) -> None:
    put_model(s3, {"model.pth": b"weights"})
    assert [repack_model(s3, MODEL, code, MODEL).repacked for _ in range(2)] == [True, False]
    assert members(s3, MODEL) == {"model.pth": b"weights", **CODE}


def test_metadata_of_the_caller_is_kept(s3: Any, code: Path) -> None:
    put_model(s3, {"model.pth": b"weights"})
    repack_model(s3, MODEL, code, TARGET, options={"Metadata": {"team": "vision"}})
    assert s3.head_object(Bucket="bucket", Key="repacked/model.tar.gz")["Metadata"]["team"] == "vision"


def test_what_cannot_be_repacked_is_told(s3: Any, code: Path, tmp_path: Path) -> None:
    with pytest.raises(TransferFailed, match=r"model\.tar\.gz cannot be fetched: there is no such object"):
        repack_model(s3, MODEL, code, TARGET)
    put_model(s3, {"../evil": b""})
    with pytest.raises(UnsafeArchive, match=r"'../evil' leads out of the folder"):
        repack_model(s3, MODEL, code, TARGET)
    s3.put_object(Bucket="bucket", Key="job/output/model.tar.gz", Body=b"no archive")
    with pytest.raises(SmRawError, match="cannot be read"):
        repack_model(s3, MODEL, code, TARGET)
    with pytest.raises(SmRawError, match=r"no entry point 'main.py'; it has inference.py, lib/data.py"):
        repack_model(s3, MODEL, code, TARGET, entry_point="main.py")
    (tmp_path / "empty").mkdir()
    with pytest.raises(SmRawError, match="empty holds no files to put beside a model"):
        repack_model(s3, MODEL, tmp_path / "empty", TARGET)
