from __future__ import annotations

import base64
import hashlib
from pathlib import Path

import pytest

from sm_raw.aws.transfers.checksums import MIB, PART_BYTES, file_sha256, has_etag, is_sha256, part_bytes_of, part_count

CONTENT = bytes(range(256)) * (11 * MIB // 256)


def parts_etag(part_bytes: int) -> str:
    parts = [CONTENT[start : start + part_bytes] for start in range(0, len(CONTENT), part_bytes)]
    return f"{hashlib.md5(b''.join(hashlib.md5(part).digest() for part in parts)).hexdigest()}-{len(parts)}"


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("checksums") / "file"
    path.write_bytes(CONTENT)
    return path


@pytest.mark.parametrize(
    ("etag", "known"),
    [
        (hashlib.md5(CONTENT).hexdigest(), True),
        (hashlib.md5(b"another").hexdigest(), False),
        (parts_etag(8 * MIB), True),
        (parts_etag(5 * MIB), True),  # the AWS SDK for Java's
        (parts_etag(100 * MIB), True),
        (parts_etag(7 * MIB), False),  # nobody's
        ("0" * 32 + "-2", False),
        ("0" * 32 + "-0", False),
        ("KMS or whatever", False),
        ("", False),
    ],
)
def test_an_etag_is_recognised_whoever_sent_the_file(path: Path, etag: str, known: bool) -> None:
    assert has_etag(path, len(CONTENT), etag) is known


def test_an_empty_file_has_an_etag(tmp_path: Path) -> None:
    (tmp_path / "empty").touch()
    assert has_etag(tmp_path / "empty", 0, hashlib.md5(b"").hexdigest())
    assert not has_etag(tmp_path / "empty", 0, "0" * 32 + "-1")


@pytest.mark.parametrize(
    ("size", "part_bytes", "count"),
    [
        (0, PART_BYTES, 1),
        (PART_BYTES, PART_BYTES, 1),
        (PART_BYTES + 1, PART_BYTES, 2),
        (10_000 * PART_BYTES, PART_BYTES, 10_000),
        (10_000 * PART_BYTES + 1, 9 * MIB, 8889),
        (5 * MIB**2, 525 * MIB, 9987),  # 5 TiB, the largest object
    ],
)
def test_there_are_never_more_than_10_000_parts(size: int, part_bytes: int, count: int) -> None:
    assert (part_bytes_of(size), part_count(size, part_bytes)) == (part_bytes, count)


def test_the_sha256_is_that_of_the_parts_where_there_are_several(path: Path, tmp_path: Path) -> None:
    digests = [hashlib.sha256(part).digest() for part in (CONTENT[:PART_BYTES], CONTENT[PART_BYTES:])]
    expected = base64.b64encode(hashlib.sha256(b"".join(digests)).digest()).decode()
    assert file_sha256(path, len(CONTENT)) == expected
    assert is_sha256(f"{expected}-2", expected)
    assert not is_sha256("", expected)
    (tmp_path / "small").write_bytes(b"12345")
    assert file_sha256(tmp_path / "small", 5) == base64.b64encode(hashlib.sha256(b"12345").digest()).decode()
