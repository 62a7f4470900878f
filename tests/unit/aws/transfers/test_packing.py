from __future__ import annotations

import io
import os
import tarfile
from pathlib import Path

import pytest

from sm_raw.aws.transfers.packing import pack, unpack
from sm_raw.errors import SmRawError, UnsafeArchive


@pytest.fixture
def code(tmp_path: Path) -> Path:
    folder = tmp_path / "code"
    (folder / "lib").mkdir(parents=True)
    (folder / "__pycache__").mkdir()
    (folder / "train.py").write_text("print(1)\n")
    (folder / "lib" / "data.py").write_text("x = 1\n")
    (folder / "run.sh").write_text("#!/bin/sh\n")
    (folder / "run.sh").chmod(0o700)
    (folder / "__pycache__" / "train.pyc").write_text("cache")
    (folder / ".env").write_text("SECRET=1")
    return folder


def test_files_lie_at_the_root_of_the_archive_with_plain_modes_and_no_traces(code: Path, tmp_path: Path) -> None:
    pack(code, tmp_path / "out" / "code.tar.gz")
    with tarfile.open(tmp_path / "out" / "code.tar.gz") as archive:
        members = [(m.name, m.mode, m.mtime, m.uid, m.gid, m.uname) for m in archive.getmembers()]
    assert members == [
        ("lib/data.py", 0o644, 0, 0, 0, ""),
        ("run.sh", 0o755, 0, 0, 0, ""),
        ("train.py", 0o644, 0, 0, 0, ""),
    ]
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["code.tar.gz"]


def test_the_same_files_give_the_same_bytes_and_digest_whenever_and_wherever(code: Path, tmp_path: Path) -> None:
    one, two = tmp_path / "one.tar.gz", tmp_path / "sub" / "two.tar.gz"
    first = pack(code, one)
    os.utime(code / "train.py", (1, 1))
    assert pack(code, two) == first
    assert one.read_bytes() == two.read_bytes()


def test_content_name_and_executable_bit_change_the_digest_and_the_compression_does_not(
    code: Path, tmp_path: Path
) -> None:
    target = tmp_path / "code.tar.gz"
    digests = [pack(code, target), pack(code, target, compression_level=1)]
    assert digests[0] == digests[1]
    (code / "train.py").chmod(0o755)
    digests.append(pack(code, target))
    (code / "train.py").write_text("print(2)\n")
    digests.append(pack(code, target))
    (code / "train.py").rename(code / "main.py")
    digests.append(pack(code, target))
    assert len(set(digests)) == 4


def test_an_archive_in_its_own_folder_does_not_pack_itself(code: Path) -> None:
    first = pack(code, code / "code.tar.gz")
    assert pack(code, code / "code.tar.gz") == first


def test_extra_files_are_added_or_take_a_files_place(code: Path, tmp_path: Path) -> None:
    other = tmp_path / "other.py"
    other.write_text("print(3)\n")
    target = tmp_path / "code.tar.gz"
    pack(code, target, extra_files={"train.py": other, "code/inference.py": other}, entry_point="train.py")
    unpack(target, tmp_path / "unpacked")
    assert (tmp_path / "unpacked" / "train.py").read_text() == "print(3)\n"
    assert (tmp_path / "unpacked" / "code" / "inference.py").read_text() == "print(3)\n"


def test_a_missing_entry_point_is_told_with_what_is_there(code: Path, tmp_path: Path) -> None:
    with pytest.raises(SmRawError, match=r"no entry point 'main.py'; it has lib/data.py, run.sh, train.py"):
        pack(code, tmp_path / "code.tar.gz", entry_point="main.py")


def test_an_empty_folder_is_not_packed(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "empty" / ".gitkeep").touch()
    with pytest.raises(SmRawError, match="holds no files to pack"):
        pack(tmp_path / "empty", tmp_path / "code.tar.gz")
    assert not (tmp_path / "code.tar.gz").exists()


def test_what_was_packed_comes_back(code: Path, tmp_path: Path) -> None:
    pack(code, tmp_path / "code.tar.gz")
    unpack(tmp_path / "code.tar.gz", tmp_path / "new" / "place")
    assert (tmp_path / "new" / "place" / "lib" / "data.py").read_text() == "x = 1\n"
    assert os.access(tmp_path / "new" / "place" / "run.sh", os.X_OK)


def member(name: str, kind: bytes = tarfile.REGTYPE, link: str = "") -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.type, info.linkname = kind, link
    return info


def archive_of(path: Path, *members: tarfile.TarInfo) -> Path:
    with tarfile.open(path, "w:gz") as archive:
        for info in members:
            archive.addfile(info, io.BytesIO())
    return path


@pytest.mark.parametrize(
    "bad",
    [
        member("/etc/passwd"),
        member("../outside"),
        member("a/../../outside"),
        member("link", tarfile.SYMTYPE, "/etc"),
        member("link", tarfile.SYMTYPE, "../outside"),
        member("link", tarfile.LNKTYPE, "../outside"),
        member("device", tarfile.CHRTYPE),
        member("pipe", tarfile.FIFOTYPE),
    ],
    ids=lambda info: f"{info.name} {info.type!r} {info.linkname}",
)
def test_an_unsafe_archive_is_refused_before_anything_is_written(tmp_path: Path, bad: tarfile.TarInfo) -> None:
    archive = archive_of(tmp_path / "bad.tar.gz", member("good"), bad)
    with pytest.raises(UnsafeArchive, match=r"bad\.tar\.gz"):
        unpack(archive, tmp_path / "target")
    assert [path.name for path in tmp_path.iterdir()] == ["bad.tar.gz"]


def test_links_within_the_archive_are_fine(tmp_path: Path) -> None:
    archive = archive_of(tmp_path / "a.tar.gz", member("dir/file"), member("link", tarfile.SYMTYPE, "dir/file"))
    unpack(archive, tmp_path / "target")
    assert (tmp_path / "target" / "link").readlink() == Path("dir/file")


@pytest.mark.parametrize("damage", ["cut", "text", "absent"])
def test_a_damaged_archive_is_one_clear_error(code: Path, tmp_path: Path, damage: str) -> None:
    path = tmp_path / "code.tar.gz"
    if damage == "cut":
        pack(code, path)
        path.write_bytes(path.read_bytes()[:-40])
    elif damage == "text":
        path.write_text("this is no archive")
    with pytest.raises(SmRawError, match=r"code\.tar\.gz cannot be unpacked"):
        unpack(path, tmp_path / "target")
