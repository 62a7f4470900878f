from __future__ import annotations

import errno
import io
import tarfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from sm_raw.local.artifacts import (
    DataFailure,
    ObjectCache,
    disk_failure,
    exists,
    fetch_file,
    join_uri,
    place,
    split_uri,
    unpack,
    upload_archive,
    upload_tree,
)


class S3:
    """Objects of one bucket in memory, with the few calls that jobs make; it counts downloads."""

    def __init__(self, objects: dict[str, bytes], bucket: str = "b") -> None:
        self.objects, self.bucket, self.downloads = objects, bucket, 0

    def _refuse(self, code: str, operation: str) -> ClientError:
        return ClientError({"Error": {"Code": code, "Message": "it is not there"}}, operation)

    def get_paginator(self, name: str) -> S3:
        return self

    def paginate(self, Bucket: str, Prefix: str) -> Any:  # noqa: N803
        if Bucket != self.bucket:
            raise self._refuse("NoSuchBucket", "ListObjectsV2")
        found = [
            {"Key": key, "ETag": f'"{hash(body)}"', "Size": len(body)}
            for key, body in self.objects.items()
            if key.startswith(Prefix)
        ]
        yield {"Contents": found[:2]}
        yield {"Contents": found[2:]} if found[2:] else {}

    def get_object(self, Bucket: str, Key: str) -> dict[str, io.BytesIO]:  # noqa: N803
        self.downloads += 1
        if Key not in self.objects:
            raise self._refuse("NoSuchKey", "GetObject")
        return {"Body": io.BytesIO(self.objects[Key])}

    def head_object(self, Bucket: str, Key: str) -> None:  # noqa: N803
        if Bucket != self.bucket or Key not in self.objects:
            raise self._refuse("404", "HeadObject")

    def head_bucket(self, Bucket: str) -> None:  # noqa: N803
        if Bucket != self.bucket:
            raise self._refuse("404", "HeadBucket")

    def put_object(self, Bucket: str, Key: str, Body: io.BufferedReader) -> None:  # noqa: N803
        if Bucket != self.bucket:
            raise self._refuse("NoSuchBucket", "PutObject")
        self.objects[Key] = Body.read()


def files(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


@pytest.mark.parametrize(
    ("uri", "parts"),
    [
        ("s3://b/some/key", ("b", "some/key")),
        ("s3://b/", ("b", "")),
        ("s3://b", ("b", "")),
        ("s3://b/epoch#3/what?.txt", ("b", "epoch#3/what?.txt")),
        ("s3://b//double", ("b", "/double")),
        ("s3://b/100%25", ("b", "100%25")),
    ],
)
def test_a_key_may_hold_any_character(uri: str, parts: tuple[str, str]) -> None:
    assert split_uri(uri) == parts


def test_uris_are_joined_with_one_slash() -> None:
    assert [join_uri(base, "a", "b") for base in ("s3://b", "s3://b/", "s3://b/x//")] == [
        "s3://b/a/b",
        "s3://b/a/b",
        "s3://b/x/a/b",
    ]


@pytest.mark.parametrize(
    ("prefix", "key", "file"),
    [
        ("data/train", "data/train/a/1.png", "a/1.png"),
        ("data/train/", "data/train/a/1.png", "a/1.png"),
        ("data/train", "data/train2/a/1.png", "train2/a/1.png"),
        ("data/train", "data/train.csv", "train.csv"),
        ("data/train.csv", "data/train.csv", "train.csv"),
        ("tra", "train/a/1.png", "train/a/1.png"),
        ("", "train/a/1.png", "train/a/1.png"),
        ("data/", "data//a/./1.png", "a/1.png"),
        ("data", "data//etc/passwd", "etc/passwd"),
    ],
)
def test_where_an_object_goes_in_a_channel(prefix: str, key: str, file: str) -> None:
    assert place(key, prefix, Path("/channel")) == Path("/channel") / file


def test_no_key_leads_out_of_a_channel() -> None:
    with pytest.raises(DataFailure, match=r"'data/\.\./\.\./x' leads out of the channel's folder"):
        place("data/../../x", "data", Path("/channel"))


def test_a_prefix_is_fetched_once_for_many_jobs_and_each_gets_files_of_its_own(tmp_path: Path) -> None:
    s3 = S3({"d/a.txt": b"a", "d/sub/b.txt": b"b", "d/same.txt": b"a", "d/folder/": b"", "other": b"o"})
    cache = ObjectCache(tmp_path / "cache")
    with ThreadPoolExecutor(4) as pool:
        counts = list(pool.map(lambda job: cache.fetch_prefix(s3, "s3://b/d", tmp_path / job), "wxyz"))  # type: ignore[arg-type]
    expected = {"a.txt": b"a", "same.txt": b"a", "sub/b.txt": b"b"}
    assert counts == [3] * 4
    assert all(files(tmp_path / job) == expected for job in "wxyz")
    assert s3.downloads <= 3
    (tmp_path / "w" / "a.txt").write_bytes(b"changed")
    assert (tmp_path / "x" / "a.txt").read_bytes() == b"a"


def test_an_object_that_changed_is_fetched_again(tmp_path: Path) -> None:
    s3, cache = S3({"d/a.txt": b"one"}), ObjectCache(tmp_path / "cache")
    cache.fetch_prefix(s3, "s3://b/d", tmp_path / "first")  # type: ignore[arg-type]
    s3.objects["d/a.txt"] = b"two"
    cache.fetch_prefix(s3, "s3://b/d", tmp_path / "second")  # type: ignore[arg-type]
    assert files(tmp_path / "second") == {"a.txt": b"two"}


@pytest.mark.parametrize(
    ("uri", "message"),
    [
        ("s3://b/none", 'No S3 objects found under S3 URL "s3://b/none"'),
        ("s3://b/folder/", 'No S3 objects found under S3 URL "s3://b/folder/"'),
        ("s3://c/d", r"could not read s3://c/d: .*NoSuchBucket"),
    ],
)
def test_what_is_not_there_is_named(tmp_path: Path, uri: str, message: str) -> None:
    s3 = S3({"folder/": b"", "d/a": b"a"})
    with pytest.raises(DataFailure, match=message):
        ObjectCache(tmp_path / "cache").fetch_prefix(s3, uri, tmp_path / "job")  # type: ignore[arg-type]


def test_one_file_is_fetched_or_named(tmp_path: Path) -> None:
    s3: Any = S3({"code/s.tar.gz": b"s"})
    assert fetch_file(s3, "s3://b/code/s.tar.gz", tmp_path / "deep" / "s").read_bytes() == b"s"
    with pytest.raises(DataFailure, match=r"could not read s3://b/none: .*it is not there"):
        fetch_file(s3, "s3://b/none", tmp_path / "none")


def test_objects_and_buckets_are_asked_for() -> None:
    s3: Any = S3({"k": b""})
    assert [exists(s3, uri) for uri in ("s3://b/k", "s3://b/j", "s3://b", "s3://c", "s3://c/k")] == [
        True,
        False,
        True,
        False,
        False,
    ]


def test_a_folder_becomes_an_archive_and_back(tmp_path: Path) -> None:
    s3: Any = S3({})
    (tmp_path / "model" / "code").mkdir(parents=True)
    (tmp_path / "model" / "weights").write_bytes(b"w")
    (tmp_path / "model" / "code" / "inference.py").write_bytes(b"i")
    upload_archive(s3, tmp_path / "model", "s3://b/out/model.tar.gz")
    archive = fetch_file(s3, "s3://b/out/model.tar.gz", tmp_path / "fetched.tar.gz")
    unpack(archive, tmp_path / "unpacked")
    assert files(tmp_path / "unpacked") == {"code/inference.py": b"i", "weights": b"w"}
    assert sorted(path.name for path in tmp_path.iterdir()) == ["fetched.tar.gz", "model", "unpacked"]


def test_a_tree_is_stored_file_by_file(tmp_path: Path) -> None:
    s3: Any = S3({})
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep" / "1").write_bytes(b"1")
    (tmp_path / "2").write_bytes(b"2")
    assert upload_tree(s3, tmp_path, "s3://b/out/") == 2
    assert s3.objects == {"out/deep/1": b"1", "out/2": b"2"}


def test_what_cannot_be_stored_is_named(tmp_path: Path) -> None:
    s3: Any = S3({})
    (tmp_path / "m").mkdir()
    (tmp_path / "m" / "w").write_bytes(b"w")
    with pytest.raises(DataFailure, match=r"could not write s3://c/m\.tar\.gz: .*NoSuchBucket"):
        upload_archive(s3, tmp_path / "m", "s3://c/m.tar.gz")
    with pytest.raises(DataFailure, match=r"could not write below s3://c/m: .*NoSuchBucket"):
        upload_tree(s3, tmp_path / "m", "s3://c/m")


def archive_of(*members: tuple[str, bytes], mode: str = "w:gz", link: str = "") -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode=mode) as tar:  # type: ignore[call-overload]
        for name, body in members:
            item = tarfile.TarInfo(name)
            item.size = len(body)
            tar.addfile(item, io.BytesIO(body))
        if link:
            item = tarfile.TarInfo("link")
            item.type, item.linkname = tarfile.SYMTYPE, link
            tar.addfile(item)
    return buffer.getvalue()


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"no archive",
        archive_of(("train.py", b"x" * 10_000))[:-40],
        archive_of(("train.py", b"x" * 10_000), mode="w")[:5000],
        archive_of(("../outside.py", b"x")),
        archive_of(link="/etc/passwd"),
        b"\x1f\x8b" + b"broken",
    ],
    ids=["empty", "text", "half a gzip", "half a tar", "way out", "link out", "broken gzip"],
)
def test_an_archive_that_cannot_be_used_is_named_and_nothing_lands_outside(tmp_path: Path, body: bytes) -> None:
    archive = tmp_path / "sourcedir.tar.gz"
    archive.write_bytes(body)
    with pytest.raises(DataFailure, match=r"^sourcedir\.tar\.gz cannot be unpacked: ."):
        unpack(archive, tmp_path / "inside" / "code")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["inside", "sourcedir.tar.gz"]
    assert {path.name for path in (tmp_path / "inside").iterdir()} == {"code"}


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (
            OSError(errno.ENOSPC, "No space left on device", "/f"),
            "ClientError: no space left on the disk that holds /r",
        ),
        (OSError(errno.ENAMETOOLONG, "File name too long", "/f"), "ClientError: File name too long: /f"),
        (OSError("odd"), "ClientError: odd: /r"),
    ],
)
def test_a_disk_that_fails_is_told_in_a_reason(error: OSError, reason: str) -> None:
    assert disk_failure(error, Path("/r")) == reason
