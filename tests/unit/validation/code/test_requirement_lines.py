from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from sm_raw.validation.code.requirement_lines import Requirement, Requirements, read_requirements

Write = Callable[..., Path]


@pytest.mark.parametrize(
    ("text", "name", "versions"),
    [
        ("torch", "torch", ""),
        ("torch==1.13.1", "torch", "==1.13.1"),
        ("Torch_Vision >= 0.14 , < 0.15  # because", "torch-vision", ">= 0.14 , < 0.15"),
        ("scikit.learn[extra,more]~=1.2", "scikit-learn", "~=1.2"),
        ("numpy (>=1.2)", "numpy", ">=1.2"),
        ("torch==1.13.1 --hash=sha256:abc", "torch", "==1.13.1"),
        ("package @ https://host/package.zip", "package", ""),
        ("git+https://host/repo.git@v1#egg=My_Package", "my-package", ""),
        ("git+https://host/repo.git", "", ""),
        ("https://host/package.whl", "", ""),
        ("./wheels/package.whl", "", ""),
        ("-e .", "", ""),
        ("${NAME}", "", ""),
    ],
)
def test_line_is_read_as_pip_does(text: str, name: str, versions: str, write: Write) -> None:
    (line,) = read_requirements(write({"requirements.txt": text})).lines
    assert (line.place, line.name, line.versions, line.is_wrong) == ("requirements.txt:1", name, versions, False)


@pytest.mark.parametrize("text", ["torch=1.13", "torch 1.13", "pip install torch", "torch==", "==1.0", "import torch"])
def test_line_that_pip_refuses_is_wrong(text: str, write: Write) -> None:
    (line,) = read_requirements(write({"requirements.txt": text})).lines
    assert line.is_wrong


def test_files_include_each_other(write: Write) -> None:
    folder = write(
        {
            "requirements.txt": "# all\n-r more.txt\n--requirement=requirements.txt\n\n-c x\nlast \\\n  ==1.0\n-q\n",
            "more.txt": "first; python_version < '3.9'\n",
        }
    )
    lines = read_requirements(folder).lines
    assert Requirement("more.txt:1", "first; python_version < '3.9'", "first", has_marker=True) in lines
    assert lines[-1] == Requirement("requirements.txt:6", "last   ==1.0", "last", "==1.0")


@pytest.mark.parametrize("option", ["--no-index", "--find-links wheels", "-f wheels", "--index-url https://host"])
def test_options_tell_where_packages_come_from(option: str, write: Write) -> None:
    assert read_requirements(write({"requirements.txt": f"{option}\ntorch"})).is_offline


@pytest.mark.parametrize("content", [b"\xff\xfe\x00", b"\0" * 100, b"(" * 100_000, b"a" * 3_000_000, b"[" * 5000])
def test_any_file_is_read_to_its_end(content: bytes, write: Write) -> None:
    read_requirements(write({"requirements.txt": content}))


def test_folder_without_the_file_has_no_requirements(write: Write) -> None:
    folder = write({"requirements.txt/inside": ""})
    assert read_requirements(folder) == Requirements()
    assert read_requirements(folder / "nothing") == Requirements()


@pytest.mark.parametrize(
    ("versions", "held", "allowed"),
    [
        ("", "1.13.1", True),
        ("==1.13.1", "1.13.1", True),
        ("==1.13.1+cu117", "1.13.1", True),
        ("==1.13", "1.13.1", False),
        ("==1.13.*", "1.13.1", True),
        ("==1.13.1", "1.13", True),
        ("==2.1", "1.13.1", False),
        ("==2.1.0", "2.1", True),
        ("===1.13.1", "1.13.1", True),
        ("!=1.13.1", "1.13.1", False),
        ("!=1.13.*", "1.13.1", False),
        ("!=1.13.1", "1.13", True),
        (">=1.13", "1.13.1", True),
        (">=2", "1.13.1", False),
        (">1.13", "1.13.1", True),
        (">1.13.1", "1.13.1", False),
        (">1.13.1", "1.13", True),
        ("<2", "1.13.1", True),
        ("<1.13.1", "1.13.1", False),
        ("<1.13", "1.13.1", False),
        ("<=1.13", "2.0.0", False),
        ("~=1.13", "1.13.1", True),
        ("~=1.12", "1.13.1", True),
        ("~=1.13", "2.0.0", False),
        ("~=1.13.0", "1.13.1", True),
        ("~=1.12.0", "1.13.1", False),
        (">=1.12,<1.13", "1.13.1", False),
        ("==1.13.1rc1", "1.13.1", True),
        (">=v1.13", "1.13.1", True),
        ("==nonsense", "1.13.1", True),
    ],
)
def test_versions_are_compared(versions: str, held: str, allowed: bool) -> None:
    assert Requirement("requirements.txt:1", "", "torch", versions).allows(held) is allowed
