from __future__ import annotations

import os
from collections.abc import Iterator
from concurrent.futures import CancelledError
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError
from moto import mock_aws

from sm_raw.aws import upload
from sm_raw.aws.clients import aws_clients
from sm_raw.aws.upload import PART_BYTES, UploadResult, download, upload_file, upload_folder
from sm_raw.errors import SmRawError


@pytest.fixture
def s3(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    with mock_aws():
        client = aws_clients("us-east-1").s3
        client.create_bucket(Bucket="bucket")
        yield client


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    path = tmp_path / "data"
    for number in range(12):
        picture = path / "train" / str(number % 3) / f"{number} ä.png"
        picture.parent.mkdir(parents=True, exist_ok=True)
        picture.write_bytes(bytes([number]) * 100)
    (path / "empty").touch()
    (path / ".DS_Store").write_text("rubbish")
    return path


def contents(s3: Any) -> dict[str, bytes]:
    return {
        item["Key"]: s3.get_object(Bucket="bucket", Key=item["Key"])["Body"].read()
        for item in s3.list_objects_v2(Bucket="bucket").get("Contents", ())
    }


def test_a_folder_goes_up_whole_and_only_changes_go_up_again(s3: Any, folder: Path) -> None:
    told: list[tuple[int, int]] = []
    first = upload_folder(s3, folder, "s3://bucket/digits", on_progress=lambda *n: told.append(n))
    assert first == UploadResult(sent_files=13, sent_bytes=1200)
    assert told == [(done, 13) for done in range(1, 14)]
    expected = {
        f"digits/{path.relative_to(folder).as_posix()}": path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file() and path.name != ".DS_Store"
    }
    assert contents(s3) == expected

    assert upload_folder(s3, folder, "s3://bucket/digits/") == UploadResult(skipped_files=13, skipped_bytes=1200)

    (folder / "train" / "0" / "0 ä.png").write_bytes(b"x" * 100)
    (folder / "train" / "0" / "new.png").write_bytes(b"y" * 10)
    third = upload_folder(s3, folder, "s3://bucket/digits")
    assert third == UploadResult(2, 110, 12, 1100)
    assert (third.files, third.bytes) == (14, 1210)


def test_a_large_file_goes_up_in_parts_and_is_recognised_again(s3: Any, tmp_path: Path) -> None:
    path = tmp_path / "model.tar.gz"
    path.write_bytes(os.urandom(1000) * (PART_BYTES // 1000 + 2000))
    assert path.stat().st_size > PART_BYTES
    assert upload_file(s3, path, "s3://bucket/models/model.tar.gz") is True
    assert s3.head_object(Bucket="bucket", Key="models/model.tar.gz")["ETag"].endswith('-2"')
    assert upload_file(s3, path, "s3://bucket/models/model.tar.gz") is False
    assert download(s3, "s3://bucket/models/model.tar.gz", tmp_path / "back" / "m").read_bytes() == path.read_bytes()


def test_a_file_of_exactly_one_part_is_recognised_again(s3: Any, tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"\0" * PART_BYTES)
    assert [upload_file(s3, path, "s3://bucket/file") for _ in range(2)] == [True, False]


def test_an_absent_object_is_named(s3: Any, tmp_path: Path) -> None:
    with pytest.raises(SmRawError, match=r"s3://bucket/no/model\.tar\.gz cannot be fetched: .*404"):
        download(s3, "s3://bucket/no/model.tar.gz", tmp_path / "m")
    assert list(tmp_path.iterdir()) == []


def test_a_missing_bucket_is_the_services_own_error(s3: Any, folder: Path) -> None:
    with pytest.raises(ClientError, match="NoSuchBucket"):
        upload_folder(s3, folder, "s3://another/digits")


def test_a_folder_without_files_is_not_uploaded(s3: Any, tmp_path: Path) -> None:
    with pytest.raises(SmRawError, match="holds no files to upload to s3://bucket/digits"):
        upload_folder(s3, tmp_path, "s3://bucket/digits")


def test_after_ctrl_c_nothing_more_begins(s3: Any, folder: Path) -> None:
    def interrupt(done: int, total: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        upload_folder(s3, folder, "s3://bucket/digits", threads=1, on_progress=interrupt)
    sent = len(contents(s3))
    assert sent < 13
    assert upload_folder(s3, folder, "s3://bucket/digits").skipped_files == sent


def test_after_ctrl_c_a_large_file_is_broken_off(s3: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a").write_bytes(b"small")
    (tmp_path / "b").write_bytes(b"\0" * (PART_BYTES + 1))
    send_in_parts = upload._send_in_parts

    def cancelled_before(s3: Any, path: Path, target: Any, cancelled: Any) -> None:
        assert cancelled.wait(timeout=30)
        with pytest.raises(CancelledError):
            send_in_parts(s3, path, target, cancelled)

    monkeypatch.setattr(upload, "_send_in_parts", cancelled_before)

    def interrupt(done: int, total: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        upload_folder(s3, tmp_path, "s3://bucket/digits", on_progress=interrupt)
    assert list(contents(s3)) == ["digits/a"]
    assert "Uploads" not in s3.list_multipart_uploads(Bucket="bucket")


def test_the_first_failure_passes_on(s3: Any, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(**_: Any) -> None:
        raise ClientError({"Error": {"Code": "AccessDenied", "Message": "no"}}, "PutObject")

    monkeypatch.setattr(s3, "put_object", refuse)
    with pytest.raises(ClientError, match="AccessDenied"):
        upload_folder(s3, folder, "s3://bucket/digits")
