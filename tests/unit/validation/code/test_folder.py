from __future__ import annotations

import os
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from sm_raw.errors import UnreadableDocument
from sm_raw.validation.code.folder import LARGEST_BYTES, CodeFolder, Fault

Write = Callable[..., Path]
PATTERNS = "Pattern matching is only supported in Python 3.10 and greater"
NEWER = (sys.version_info[0], sys.version_info[1] + 1)


@pytest.mark.parametrize(
    ("content", "python", "fault"),
    [
        (b"x = 1", None, None),
        (b"# coding: latin-1\nx = '\xe9'", None, None),
        (b"match x:\n  case 1: pass", (3, 10), None),
        (b"x = (", None, Fault("syntax", 1, "'(' was never closed")),
        (b"match x:  # it is told for the last line\n  case 1: pass", (3, 9), Fault("syntax", 1, PATTERNS)),
        (b"x = 1\0", None, Fault("syntax", 1, "source code string cannot contain null bytes")),
        (b"x = (", NEWER, None),
        (b"#" * (LARGEST_BYTES + 1), None, Fault("unread", 1, "it is larger than 2,000,000 bytes")),
    ],
)  # fmt: skip
def test_file_is_read_as_the_image_would(
    content: bytes, python: tuple[int, int] | None, fault: Fault | None, write: Write
) -> None:
    folder = write({"a.py": content})
    source = CodeFolder(folder).source(folder / "a.py", python)
    assert (source.fault and replace(source.fault, line=1)) == fault
    assert (source.tree is None) == (fault is not None or python == NEWER)


@pytest.mark.parametrize(
    "content",
    [
        b"x = '\xe9'",
        b"\xff\xfe\x00",
        b"# coding: nonsense\n",
        b"(" * 5000,
        b"x = " + b"-" * 200_000 + b"1",
        b"\x80" * 99,
    ],
)
def test_no_file_is_too_odd_to_be_told_as_a_fault(content: bytes, write: Write) -> None:
    folder = write({"a.py": content})
    assert CodeFolder(folder).source(folder / "a.py").fault is not None


def test_file_is_one_of_the_folder(write: Write) -> None:
    folder = write({"train.py": "", "src/deep.py": ""})
    (folder / "loop.py").symlink_to("loop.py")
    (folder / "src" / "up").symlink_to("..")
    os.mkfifo(folder / "pipe.py")
    code = CodeFolder(folder)
    assert code.file("train.py") == folder / "train.py"
    assert code.file("src/deep.py") == folder / "src" / "deep.py"
    for name in (
        "src",
        "../train.py",
        "/etc/passwd",
        "loop.py",
        "pipe.py",
        "",
        "a\0b",
        "\ud800",
        "x" * 5000,
        "src/up/../x",
    ):
        assert code.file(name) is None


def test_modules_are_found_beside_the_script_and_on_top(write: Write) -> None:
    folder = write(
        {"top.py": "", "src/near.py": "", "package/__init__.py": "", "package/part.py": "", "plain/x.py": ""}
    )
    code = CodeFolder(folder)
    names = ("top", "near", "package", "package.part", "plain", "plain.x", "torch", "package.none")
    found = [code.module(name, folder / "src") for name in names]
    assert [path.relative_to(folder).as_posix() if path else None for path in found] == [
        "top.py", "src/near.py", "package/__init__.py", "package/part.py", "plain", "plain/x.py", None, None,
    ]  # fmt: skip


def test_compiled_modules_are_seen(write: Write) -> None:
    code = CodeFolder(write({"fast.cpython-39-x86_64-linux-gnu.so": b"", "train.py": ""}))
    assert [code.holds_extension(name) for name in ("fast", "train")] == [True, False]


@pytest.mark.parametrize("name", ["nothing", "file.txt", "a\0b", "x" * 5000])
def test_missing_folder_is_told(name: str, write: Write) -> None:
    with pytest.raises(UnreadableDocument, match="no folder of code can be read here"):
        CodeFolder(write({"file.txt": ""}) / name)


def test_file_without_permission_is_a_fault(write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = write({"a.py": ""})

    def refuse(*_: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "open", refuse)
    assert CodeFolder(folder).source(folder / "a.py").fault == Fault("unread", 1, "Permission denied")
