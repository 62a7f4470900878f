from __future__ import annotations

import json
import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError
from botocore.stub import Stubber

from sm_raw.aws.clients import Clients
from sm_raw.aws.transfers.at_once import AT_ONCE_BYTES
from sm_raw.aws.transfers.checksums import PART_BYTES, sha256_text
from sm_raw.aws.transfers.crew import TransferState
from sm_raw.aws.transfers.multipart import abort_uploads
from sm_raw.aws.transfers.sending import COMPARED_FILES
from sm_raw.aws.transfers.upload import UploadResult, download, upload_file, upload_folder
from sm_raw.errors import SmRawError, TransferFailed


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


def test_of_many_files_compared_together_those_that_differ_are_sent(s3: Any, tmp_path: Path) -> None:
    count = 2 * COMPARED_FILES + 5
    for number in range(count):
        (tmp_path / f"{number}.txt").write_text(f"{number:06}")
    upload_folder(s3, tmp_path, "s3://bucket/many")
    changed = [0, COMPARED_FILES, count - 1]
    for number in changed:
        (tmp_path / f"{number}.txt").write_text("other!")  # of the same size
    again = upload_folder(s3, tmp_path, "s3://bucket/many")
    assert again == UploadResult(len(changed), 18, count - len(changed), 6 * (count - len(changed)))
    assert [contents(s3)[f"many/{number}.txt"] for number in changed] == [b"other!"] * 3


def test_s3_is_not_asked_first_whether_it_takes_a_small_file(s3: Any, tmp_path: Path) -> None:
    asked: dict[str, bool] = {}

    def look(request: Any, **_: object) -> None:
        asked[request.url.rpartition("/")[2]] = "Expect" in request.headers

    s3.meta.events.register("before-sign.s3.PutObject", look)  # after all that changes headers
    (tmp_path / "small").write_bytes(b"x" * AT_ONCE_BYTES)
    (tmp_path / "large").write_bytes(b"x" * (AT_ONCE_BYTES + 1))
    upload_folder(s3, tmp_path, "s3://bucket")
    s3.put_object(Bucket="bucket", Key="other", Body=b"the same client, and not our asking")
    assert asked == {"small": False, "large": True, "other": True}
    assert set(contents(s3)) == {"small", "large", "other"}


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
    with pytest.raises(TransferFailed, match=r"s3://bucket/no/model\.tar\.gz cannot be fetched: .*404"):
        download(s3, "s3://bucket/no/model.tar.gz", tmp_path / "m")
    assert list(tmp_path.iterdir()) == []


def test_a_missing_bucket_is_told_with_what_to_do(s3: Any, folder: Path) -> None:
    with pytest.raises(TransferFailed, match=r"there is no bucket 'another'; .* `aws s3 mb s3://another`") as raised:
        upload_folder(s3, folder, "s3://another/digits")
    assert (raised.value.code, raised.value.uri) == ("NoSuchBucket", "s3://another/digits")
    assert isinstance(raised.value.__cause__, ClientError)


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


@pytest.fixture
def large(tmp_path: Path) -> Path:
    """A file of three parts."""
    path = tmp_path / "large"
    path.write_bytes(os.urandom(1000) * (2 * PART_BYTES // 1000 + 2000))
    return path


def calls_of(monkeypatch: pytest.MonkeyPatch, s3: Any, *methods: str) -> list[str]:
    """The names of the methods, as they are called from now on."""
    calls: list[str] = []

    def counted(name: str, method: Any) -> Any:
        def call(**fields: Any) -> Any:
            calls.append(name)
            return method(**fields)

        return call

    for name in methods:
        monkeypatch.setattr(s3, name, counted(name, getattr(s3, name)))
    return calls


def test_files_and_bytes_are_told_as_they_arrive(s3: Any, large: Path) -> None:
    (large.parent / "small").write_bytes(b"12345")
    size = large.stat().st_size
    states: list[TransferState] = []
    upload_folder(s3, large.parent, "s3://bucket/a", on_transfer=states.append, threads=1)
    assert states[-1] == TransferState(2, 2, size + 5, size + 5)
    assert [(state.files_done, state.files) for state in states] == [(1, 2), (1, 2), (1, 2), (2, 2)]
    assert [state.bytes_done for state in states] == [5, 5 + PART_BYTES, 5 + 2 * PART_BYTES, size + 5]
    again: list[TransferState] = []
    upload_folder(s3, large.parent, "s3://bucket/a", on_transfer=again.append)
    assert again[-1] == states[-1]


def test_after_ctrl_c_a_large_file_leaves_no_parts_behind(s3: Any, large: Path) -> None:
    def interrupt(state: TransferState) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        upload_file(s3, large, "s3://bucket/large", on_transfer=interrupt, threads=1)
    assert contents(s3) == {}
    assert "Uploads" not in s3.list_multipart_uploads(Bucket="bucket")


def begin(s3: Any, key: str, *parts: bytes, **fields: Any) -> str:
    """An upload in parts as a killed process leaves it."""
    upload_id: str = s3.create_multipart_upload(Bucket="bucket", Key=key, **fields)["UploadId"]
    for number, part in enumerate(parts, start=1):
        s3.upload_part(Bucket="bucket", Key=key, UploadId=upload_id, PartNumber=number, Body=part)
    return upload_id


def test_what_a_killed_upload_sent_is_not_sent_again(s3: Any, large: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    content = large.read_bytes()
    begin(s3, "large", ChecksumAlgorithm="SHA256")
    begin(s3, "large", content[:PART_BYTES], b"another" * 1000, ChecksumAlgorithm="SHA256")
    other = begin(s3, "large2", ChecksumAlgorithm="SHA256")
    calls = calls_of(monkeypatch, s3, "create_multipart_upload", "upload_part", "abort_multipart_upload")
    assert upload_file(s3, large, "s3://bucket/large")
    assert sorted(calls) == ["abort_multipart_upload", "upload_part", "upload_part"]
    assert contents(s3) == {"large": content}
    assert [one["UploadId"] for one in s3.list_multipart_uploads(Bucket="bucket")["Uploads"]] == [other]
    assert abort_uploads(s3, "s3://bucket") == ("s3://bucket/large2",)
    assert "Uploads" not in s3.list_multipart_uploads(Bucket="bucket")


def test_the_parts_of_other_programs_are_left_alone(s3: Any, large: Path) -> None:
    theirs = begin(s3, "large", b"x")
    upload_file(s3, large, "s3://bucket/large")
    assert abort_uploads(s3, "s3://bucket") == ()
    assert [one["UploadId"] for one in s3.list_multipart_uploads(Bucket="bucket")["Uploads"]] == [theirs]


def test_what_was_begun_with_other_options_is_not_taken_up(
    s3: Any, large: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    begin(s3, "large", large.read_bytes()[:PART_BYTES], ChecksumAlgorithm="SHA256")
    calls = calls_of(monkeypatch, s3, "create_multipart_upload", "upload_part", "abort_multipart_upload")
    upload_file(s3, large, "s3://bucket/large", options={"StorageClass": "STANDARD_IA"})
    assert sorted(calls) == ["abort_multipart_upload", "create_multipart_upload", *["upload_part"] * 3]


def test_a_file_that_changes_while_it_is_sent_is_told_and_not_stored(s3: Any, large: Path) -> None:
    def change(state: TransferState) -> None:
        os.utime(large, ns=(1, 1))

    with pytest.raises(TransferFailed, match="large was changed while it was being sent to s3://bucket/large"):
        upload_file(s3, large, "s3://bucket/large", on_transfer=change, threads=1)
    assert contents(s3) == {}
    assert "Uploads" not in s3.list_multipart_uploads(Bucket="bucket")


def test_options_go_to_the_calls_that_take_them(s3: Any, large: Path) -> None:
    (large.parent / "small").write_bytes(b"12345")
    options = {"StorageClass": "STANDARD_IA", "ServerSideEncryption": "aws:kms", "ExpectedBucketOwner": "123456789012"}
    upload_folder(s3, large.parent, "s3://bucket/a", options=options)
    for name in ("large", "small"):
        told = s3.head_object(Bucket="bucket", Key=f"a/{name}")
        assert (told["StorageClass"], told["ServerSideEncryption"]) == ("STANDARD_IA", "aws:kms")


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("StorageClas", "'StorageClas' is no option of an upload or download; did you mean 'StorageClass'?"),
        ("Body", "'Body' is no option"),
        ("ChecksumAlgorithm", "'ChecksumAlgorithm' is no option"),
    ],
)
def test_a_wrong_option_is_told_before_anything_is_sent(s3: Any, folder: Path, name: str, message: str) -> None:
    with pytest.raises(SmRawError, match=re.escape(message)):
        upload_folder(s3, folder, "s3://bucket/digits", options={name: "x"})
    assert contents(s3) == {}


def test_what_is_only_at_the_target_is_told_and_removed_only_when_asked(s3: Any, folder: Path) -> None:
    for key in ("digits/old.png", "digits/train/older.png", "digits/train/", "digits2/other"):
        s3.put_object(Bucket="bucket", Key=key, Body=b"")
    result = upload_folder(s3, folder, "s3://bucket/digits")
    assert (result.extra, result.removed_files) == (("old.png", "train/older.png"), 0)
    assert "digits/old.png" in contents(s3)
    result = upload_folder(s3, folder, "s3://bucket/digits", prune=True)
    assert (result.extra, result.removed_files) == (("old.png", "train/older.png"), 2)
    assert upload_folder(s3, folder, "s3://bucket/digits", prune=True).extra == ()
    assert {"digits2/other", "digits/train/"} <= contents(s3).keys()


def test_a_whole_bucket_is_never_pruned(s3: Any, folder: Path) -> None:
    with pytest.raises(SmRawError, match="s3://bucket/ is a whole bucket, of which nothing is removed"):
        upload_folder(s3, folder, "s3://bucket", prune=True)


def test_a_denied_file_is_told_with_the_right_that_is_missing(
    s3: Any, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(**_: Any) -> None:
        raise ClientError({"Error": {"Code": "AccessDenied", "Message": "no"}}, "PutObject")

    monkeypatch.setattr(s3, "put_object", refuse)
    with pytest.raises(TransferFailed, match=r"s3://bucket/digits/.* cannot be sent: .* needs s3:PutObject"):
        upload_folder(s3, folder, "s3://bucket/digits")


def test_an_error_of_unknown_kind_passes_through(s3: Any, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(**_: Any) -> None:
        raise ClientError({"Error": {"Code": "ExpiredToken", "Message": "no"}}, "PutObject")

    monkeypatch.setattr(s3, "put_object", refuse)
    with pytest.raises(ClientError, match="ExpiredToken"):
        upload_folder(s3, folder, "s3://bucket/digits")


def listing(*objects: tuple[str, bytes, str]) -> dict[str, Any]:
    return {
        "Contents": [
            {"Key": key, "Size": len(content), "ETag": f'"{etag}"', "ChecksumAlgorithm": ["SHA256"]}
            for key, content, etag in objects
        ]
    }


ENCRYPTED = "0123456789abcdef0123456789abcdef"
"""An ETag as it is where KMS encrypts: in the form of an MD5, of nobody knows what."""


def test_where_kms_encrypts_the_checksum_tells_and_memory_saves_asking_for_it(
    clients: Clients, stub: Callable[[str], Stubber], tmp_path: Path
) -> None:
    folder, memory = tmp_path / "data", tmp_path / "memory.json"
    folder.mkdir()
    (folder / "a").write_bytes(b"12345")
    asked = {"Bucket": "bucket", "Key": "x/a", "ChecksumMode": "ENABLED"}
    told = {"ContentLength": 5, "ETag": f'"{ENCRYPTED}"', "ChecksumSHA256": sha256_text(b"12345")}
    s3 = stub("s3")
    for _ in range(2):
        s3.add_response("list_objects_v2", listing(("x/a", b"12345", ENCRYPTED)))
        s3.add_response("head_object", told, asked)
    s3.add_response("list_objects_v2", listing(("x/a", b"12345", ENCRYPTED)))
    same = UploadResult(skipped_files=1, skipped_bytes=5)
    assert upload_folder(clients.s3, folder, "s3://bucket/x") == same
    for _ in range(2):  # The first of these asks, the second remembers.
        assert upload_folder(clients.s3, folder, "s3://bucket/x", memory=memory) == same
    assert json.loads(memory.read_text()) == {"s3://bucket/x/a": [ENCRYPTED, sha256_text(b"12345"), ""]}


def test_what_was_sent_is_remembered_and_what_was_replaced_since_is_sent_again(
    clients: Clients, stub: Callable[[str], Stubber], tmp_path: Path
) -> None:
    folder, memory = tmp_path / "data", tmp_path / "memory.json"
    folder.mkdir()
    (folder / "a").write_bytes(b"12345")
    s3 = stub("s3")
    s3.add_response("list_objects_v2", {})
    s3.add_response("put_object", {"ETag": f'"{ENCRYPTED}"'})
    s3.add_response("list_objects_v2", listing(("x/a", b"12345", ENCRYPTED)))
    s3.add_response("list_objects_v2", listing(("x/a", b"54321", ENCRYPTED[::-1])))
    s3.add_response(
        "head_object", {"ContentLength": 5, "ETag": ENCRYPTED[::-1], "ChecksumSHA256": sha256_text(b"54321")}
    )
    s3.add_response("put_object", {"ETag": f'"{ENCRYPTED}"'})
    sent = [upload_folder(clients.s3, folder, "s3://bucket/x", memory=memory).sent_files for _ in range(3)]
    assert sent == [1, 0, 1]


def test_the_region_of_a_bucket_elsewhere_is_told(
    clients: Clients, stub: Callable[[str], Stubber], folder: Path
) -> None:
    stub("s3").add_client_error(
        "list_objects_v2",
        "PermanentRedirect",
        http_status_code=301,
        response_meta={"HTTPHeaders": {"x-amz-bucket-region": "eu-west-1"}},
    )
    with pytest.raises(TransferFailed, match="the bucket is in eu-west-1, and this client is for another region"):
        upload_folder(clients.s3, folder, "s3://bucket/x")


def test_throttling_is_ridden_out(clients: Clients, stub: Callable[[str], Stubber], tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"12345")
    s3 = stub("s3")
    s3.add_client_error("head_object", "404", http_status_code=404)
    s3.add_client_error("put_object", "SlowDown", http_status_code=503)
    s3.add_response("put_object", {"ETag": '"x"'})
    assert upload_file(clients.s3, tmp_path / "a", "s3://bucket/a") is True
