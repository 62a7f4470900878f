from __future__ import annotations

import os
from pathlib import Path

import pytest

from sm_raw.aws.transfers.checksums import sha256_text
from sm_raw.aws.transfers.remembered import Remembered
from sm_raw.aws.transfers.s3_uris import S3Uri

URI = S3Uri("bucket", "key")
LONG_AGO = 1_000_000_000


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "file"
    path.write_bytes(b"12345")
    return path


def stat_of(path: Path, **changes: float) -> os.stat_result:
    """The file's, as if it had been written long ago: the time of the inode cannot be set."""
    ten = list(path.stat()[:10])
    return os.stat_result((*ten, LONG_AGO, LONG_AGO, changes.get("ctime", LONG_AGO), 1, 1, int(changes.get("ns", 1))))


def test_an_untouched_file_needs_no_reading(tmp_path: Path, path: Path) -> None:
    stat = stat_of(path)
    with Remembered(tmp_path / "new" / "memory") as memory:
        memory.note(URI, "etag", "", stat)
    memory = Remembered(tmp_path / "new" / "memory")
    assert memory.is_untouched(URI, "etag", stat)
    assert not memory.is_untouched(URI, "another", stat)
    assert not memory.is_untouched(URI, "etag", stat_of(path, ns=2))
    assert not memory.is_untouched(S3Uri("bucket", "other"), "etag", stat)
    assert memory.is_content(URI, "etag", path, 5) is None


def test_a_file_of_this_moment_is_read_again(tmp_path: Path, path: Path) -> None:
    memory = Remembered(tmp_path / "memory")
    memory.note(URI, "etag", sha256_text(b"12345"), path.stat())
    assert not memory.is_untouched(URI, "etag", path.stat())
    assert memory.is_content(URI, "etag", path, 5) is True
    path.write_bytes(b"54321")
    assert memory.is_content(URI, "etag", path, 5) is False
    assert memory.is_content(URI, "another", path, 5) is None


def test_a_checksum_stays_with_its_etag(tmp_path: Path, path: Path) -> None:
    memory = Remembered(tmp_path / "memory")
    memory.note(URI, "etag", sha256_text(b"12345"), path.stat())
    memory.note(URI, "etag", "", path.stat())
    assert memory.is_content(URI, "etag", path, 5) is True
    memory.note(URI, "new", "", path.stat())
    assert memory.is_content(URI, "new", path, 5) is None


@pytest.mark.parametrize("text", ["", "{", "[]", '{"s3://bucket/key": 5}', '{"s3://bucket/key": [1, 2, 3, 4]}'])
def test_a_broken_memory_is_none(tmp_path: Path, path: Path, text: str) -> None:
    (tmp_path / "memory").write_text(text)
    assert Remembered(tmp_path / "memory").is_content(URI, "etag", path, 5) is None


def test_without_a_file_nothing_is_kept(tmp_path: Path, path: Path) -> None:
    with Remembered() as memory:
        memory.note(URI, "etag", "x", path.stat())
    assert list(tmp_path.iterdir()) == [path]
