from __future__ import annotations

import io
import tarfile
from pathlib import Path

import pytest

from sm_raw.errors import UnreadableDocument
from sm_raw.validation.artifacts import Member, read_artifact, tree


def write(path: Path, *members: tarfile.TarInfo, mode: str = "w:gz", **files: str) -> Path:
    with tarfile.open(path, mode) as archive:  # type: ignore[call-overload]
        for name, text in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(text)
            archive.addfile(member, io.BytesIO(text.encode()))
        for member in members:
            archive.addfile(member)
    return path


def special(name: str, kind: bytes, target: str = "") -> tarfile.TarInfo:
    member = tarfile.TarInfo(name)
    member.type, member.linkname = kind, target
    return member


def test_files_are_listed_as_they_would_lie_in_the_container(tmp_path: Path) -> None:
    files = {"./code/inference.py": "x = 1", "model.pth": "12345", "./model.pth": "123"}
    archive = write(tmp_path / "model.tar.gz", special("./code", tarfile.DIRTYPE), **files)
    artifact = read_artifact(archive)
    assert artifact.members == (Member("code/inference.py", 5, "x = 1"), Member("model.pth", 3))
    assert (artifact.bytes, artifact.is_gzip) == (8, True)


@pytest.mark.parametrize(
    "member",
    [
        special("/etc/passwd", tarfile.REGTYPE),
        special("code/../../x", tarfile.REGTYPE),
        special("code/link", tarfile.SYMTYPE, "../../secret"),
        special("pipe", tarfile.FIFOTYPE),
    ],
)
def test_what_must_not_be_unpacked_has_a_fault(tmp_path: Path, member: tarfile.TarInfo) -> None:
    (read,) = read_artifact(write(tmp_path / "model.tar.gz", member)).members
    assert read.name == member.name
    assert read.fault != ""
    assert read.text == ""


def test_a_tar_that_is_not_compressed_is_read_and_told(tmp_path: Path) -> None:
    artifact = read_artifact(write(tmp_path / "model.tar.gz", mode="w", **{"model.pth": "1"}))
    assert (artifact.names, artifact.is_gzip) == (("model.pth",), False)


@pytest.mark.parametrize("content", [b"", b"not a tar", b"\x1f\x8b" + b"\0" * 100])
def test_what_is_no_archive_is_refused_in_one_line(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "model.tar.gz"
    path.write_bytes(content)
    with pytest.raises(UnreadableDocument, match=r"model\.tar\.gz is no tar archive that can be read") as raised:
        read_artifact(path)
    assert "\n" not in str(raised.value)


def test_a_cut_archive_and_one_that_is_not_there_are_refused(tmp_path: Path) -> None:
    path = write(tmp_path / "model.tar.gz", **{"model.pth": "".join(chr(33 + n * n % 90) for n in range(90_000))})
    path.write_bytes(path.read_bytes()[:-200])
    with pytest.raises(UnreadableDocument, match="is no tar archive that can be read"):
        read_artifact(path)
    with pytest.raises(UnreadableDocument, match="cannot be read: No such file"):
        read_artifact(tmp_path / "none.tar.gz")


def test_other_code_takes_the_place_of_the_archives_own(tmp_path: Path) -> None:
    (tmp_path / "serve.py").write_text("y = 2")
    own = read_artifact(write(tmp_path / "model.tar.gz", **{"code/inference.py": "x", "codes.txt": "", "m.pth": "1"}))
    artifact = own.with_code("code", {"serve.py": tmp_path / "serve.py"})
    assert artifact.names == ("code/serve.py", "codes.txt", "m.pth")
    assert artifact.members[0].text == "y = 2"


def test_the_tree_shows_folders_first_and_of_many_files_a_few(tmp_path: Path) -> None:
    files = {f"shards/{number:02}.bin": "ab" for number in range(20)}
    lines = tree(read_artifact(write(tmp_path / "model.tar.gz", **files, **{"model.pth": "x" * 1234})))
    assert [line.split() for line in (lines[0], lines[1], lines[-2], lines[-1])] == [
        ["shards/"],
        ["00.bin", "2"],
        ["...", "8", "more", "16"],
        ["model.pth", "1,234"],
    ]
    assert len(lines) == 15
