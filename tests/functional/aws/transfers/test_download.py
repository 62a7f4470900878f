from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from botocore.stub import Stubber

from sm_raw.aws.clients import Clients
from sm_raw.aws.transfers.checksums import PART_BYTES, sha256_text
from sm_raw.aws.transfers.crew import TransferState
from sm_raw.aws.transfers.download import DownloadResult, download, download_folder
from sm_raw.errors import TransferFailed


def put(s3: Any, *keys: str, content: bytes = b"12345") -> None:
    for key in keys:
        s3.put_object(Bucket="bucket", Key=key, Body=content)


def files(folder: Path) -> list[str]:
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())


def test_a_folder_comes_down_whole_and_only_changes_come_again(s3: Any, tmp_path: Path) -> None:
    put(s3, "x/a", "x/b/c ä.png", "x/b/", "xy/other")
    put(s3, "x/empty", content=b"")
    states: list[TransferState] = []
    first = download_folder(s3, "s3://bucket/x", tmp_path / "out", on_transfer=states.append)
    assert first == DownloadResult(fetched_files=3, fetched_bytes=10)
    assert states[-1] == TransferState(3, 3, 10, 10)
    assert files(tmp_path / "out") == ["a", "b/c ä.png", "empty"]
    (tmp_path / "out" / "a").write_bytes(b"54321")
    (tmp_path / "out" / "mine").write_bytes(b"1")
    second = download_folder(s3, "s3://bucket/x/", tmp_path / "out")
    assert second == DownloadResult(1, 5, 2, 5, extra=("mine",))
    assert (second.files, second.bytes) == (3, 10)
    assert (tmp_path / "out" / "a").read_bytes() == b"12345"
    third = download_folder(s3, "s3://bucket/x", tmp_path / "out", prune=True)
    assert (third.extra, third.removed_files) == (("mine",), 1)
    assert files(tmp_path / "out") == ["a", "b/c ä.png", "empty"]


def test_nothing_below_a_prefix_is_told(s3: Any, tmp_path: Path) -> None:
    put(s3, "xy")
    with pytest.raises(TransferFailed, match="there are no objects below s3://bucket/x; `aws s3 ls s3://bucket/x`"):
        download_folder(s3, "s3://bucket/x", tmp_path / "out")
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("name", ["../outside", "/etc/passwd", "a/../../b", "a//b", "./a"])
def test_a_key_that_is_no_safe_name_is_refused_before_anything_is_fetched(s3: Any, tmp_path: Path, name: str) -> None:
    put(s3, "x/a", f"x/{name}")
    with pytest.raises(TransferFailed, match=r"has no name that a file in .* can have"):
        download_folder(s3, "s3://bucket/x", tmp_path / "in" / "out")
    assert list(tmp_path.iterdir()) == []


def test_a_link_that_leads_out_of_the_folder_is_not_followed(s3: Any, tmp_path: Path) -> None:
    put(s3, "x/link/a")
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "link").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(TransferFailed, match="is a link that leads out of"):
        download_folder(s3, "s3://bucket/x", tmp_path / "out")
    assert files(tmp_path / "elsewhere") == []


def test_an_object_in_the_place_of_a_folder_is_told(s3: Any, tmp_path: Path) -> None:
    put(s3, "x/a", "x/a/b")
    with pytest.raises(TransferFailed, match="s3://bucket/x/a/b cannot be fetched: s3://bucket/x/a is an object, too"):
        download_folder(s3, "s3://bucket/x", tmp_path / "out")


def test_names_that_differ_in_case_alone_are_told_and_refused_where_the_disk_is_blind(
    s3: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(s3, "x/Cat.png", "x/cat.png", "x/é", "x/e\N{COMBINING ACUTE ACCENT}")
    result = download_folder(s3, "s3://bucket/x", tmp_path / "out")
    assert set(result.case_clashes) == {("Cat.png", "cat.png"), ("e\N{COMBINING ACUTE ACCENT}", "é")}
    monkeypatch.setattr(sys.modules[download_folder.__module__], "_is_blind_to_case", lambda folder: True)
    with pytest.raises(TransferFailed, match=r"cannot hold both 'Cat\.png' and 'cat\.png'"):
        download_folder(s3, "s3://bucket/x", tmp_path / "out")


def test_what_will_not_fit_on_the_disk_is_not_begun(s3: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Usage(NamedTuple):
        free: int

    put(s3, "x/a", "x/b")
    monkeypatch.setattr(shutil, "disk_usage", lambda folder: Usage(free=9))
    with pytest.raises(TransferFailed, match=r"s3://bucket/x/a and 1 more will not fit: 10 bytes .* has 9 left"):
        download_folder(s3, "s3://bucket/x", tmp_path / "out")
    (tmp_path / "out" / "a").write_bytes(b"12345")
    assert download_folder(s3, "s3://bucket/x", tmp_path / "out").fetched_files == 1


def test_a_full_disk_is_told_and_leaves_nothing_half(s3: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(path: Path, content: bytes) -> None:
        path.touch()
        raise OSError(28, "No space left on device")

    put(s3, "x/a")
    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(TransferFailed, match="s3://bucket/x/a cannot be fetched: the disk is full"):
        download_folder(s3, "s3://bucket/x", tmp_path)
    assert list(tmp_path.iterdir()) == []


@pytest.fixture
def large(s3: Any) -> bytes:
    """An object of three pieces."""
    content = os.urandom(1000) * (2 * PART_BYTES // 1000 + 2000)
    put(s3, "large", content=content)
    return content


def ranges_of(monkeypatch: pytest.MonkeyPatch, s3: Any) -> list[str]:
    """The ranges that are asked for from now on."""
    ranges: list[str] = []
    get_object = s3.get_object

    def counted(**fields: Any) -> Any:
        ranges.append(fields.get("Range", ""))
        return get_object(**fields)

    monkeypatch.setattr(s3, "get_object", counted)
    return ranges


def interrupt(state: TransferState) -> None:
    raise KeyboardInterrupt


def test_a_large_object_comes_in_ranges_and_not_again(
    s3: Any, large: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ranges = ranges_of(monkeypatch, s3)
    path = download(s3, "s3://bucket/large", tmp_path / "new" / "large")
    assert path.read_bytes() == large
    assert files(tmp_path) == ["new/large"]
    assert len(ranges) == 3
    download(s3, "s3://bucket/large", path)
    assert len(ranges) == 3


def test_a_download_that_was_broken_off_goes_on_where_it_was(
    s3: Any, large: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "large"
    with pytest.raises(KeyboardInterrupt):
        download(s3, "s3://bucket/large", path, threads=1, on_transfer=interrupt)
    assert not path.exists()
    record = next(tmp_path.glob(".*.done"))
    record.write_text("0\n1")  # The second number was cut by a kill.
    ranges = ranges_of(monkeypatch, s3)
    download(s3, "s3://bucket/large", path, threads=1)
    assert ranges == [f"bytes={PART_BYTES}-{2 * PART_BYTES - 1}", f"bytes={2 * PART_BYTES}-{len(large) - 1}"]
    assert path.read_bytes() == large
    assert [one.name for one in tmp_path.iterdir()] == ["large"]


def test_a_download_of_what_was_replaced_begins_anew(s3: Any, large: bytes, tmp_path: Path) -> None:
    path = tmp_path / "large"
    with pytest.raises(KeyboardInterrupt):
        download(s3, "s3://bucket/large", path, threads=1, on_transfer=interrupt)
    put(s3, "large", content=large[::-1])
    assert download(s3, "s3://bucket/large", path).read_bytes() == large[::-1]
    assert [one.name for one in tmp_path.iterdir()] == ["large"]


def test_an_object_that_is_replaced_meanwhile_is_told(
    s3: Any, large: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    get_object = s3.get_object

    def get_and_replace(**fields: Any) -> Any:
        answer = get_object(**fields)
        put(s3, "large", content=large[::-1])
        return answer

    monkeypatch.setattr(s3, "get_object", get_and_replace)
    with pytest.raises(TransferFailed, match="s3://bucket/large cannot be fetched: it was replaced"):
        download(s3, "s3://bucket/large", tmp_path / "large", threads=1)
    assert not (tmp_path / "large").exists()


def test_an_unchanged_file_is_known_by_its_checksum_where_kms_encrypts(
    clients: Clients, stub: Callable[[str], Stubber], tmp_path: Path
) -> None:
    (tmp_path / "a").write_bytes(b"12345")
    told = {"ContentLength": 5, "ETag": '"0123456789abcdef0123456789abcdef"', "ChecksumSHA256": sha256_text(b"12345")}
    request = {"Bucket": "bucket", "Key": "a", "ChecksumMode": "ENABLED", "ExpectedBucketOwner": "123456789012"}
    stub("s3").add_response("head_object", told, request)
    options = {"ExpectedBucketOwner": "123456789012"}
    assert download(clients.s3, "s3://bucket/a", tmp_path / "a", options=options).read_bytes() == b"12345"
