from __future__ import annotations

from pathlib import Path

import pytest

from sm_raw.aws.transfers.folders import files_of, folder_digest
from sm_raw.errors import SmRawError


def write(folder: Path, files: dict[str, str]) -> Path:
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)
    return folder


def test_files_come_sorted_by_their_whole_name_and_without_rubbish(tmp_path: Path) -> None:
    names = ["b/1.png", "a.txt", "b.txt", "a/z.png", ".git/config", "b/.DS_Store", "__pycache__/m.py", "a/m.pyc"]
    write(tmp_path, dict.fromkeys(names, ""))
    assert list(files_of(tmp_path)) == ["a.txt", "a/z.png", "b.txt", "b/1.png"]


def test_links_are_followed_even_twice_to_the_same_folder(tmp_path: Path) -> None:
    write(tmp_path / "data", {"1.png": "x"})
    (tmp_path / "set").mkdir()
    for split in ("train", "valid"):
        (tmp_path / "set" / split).symlink_to(tmp_path / "data")
    assert list(files_of(tmp_path / "set")) == ["train/1.png", "valid/1.png"]


@pytest.mark.parametrize(
    ("target", "message"), [("nowhere", "which is not there"), (".", "link back to"), ("..", "link back to")]
)
def test_a_link_that_leads_nowhere_or_round_in_a_circle_is_an_error(tmp_path: Path, target: str, message: str) -> None:
    folder = write(tmp_path / "top" / "folder", {"a": ""})
    (folder / "link").symlink_to(target)
    with pytest.raises(SmRawError, match=message):
        files_of(tmp_path / "top")


def test_a_missing_folder_and_a_file_are_told_apart(tmp_path: Path) -> None:
    write(tmp_path, {"file": ""})
    with pytest.raises(SmRawError, match="nowhere is not there; a folder is needed"):
        files_of(tmp_path / "nowhere")
    with pytest.raises(SmRawError, match="file is a file; a folder is needed"):
        files_of(tmp_path / "file")


@pytest.mark.parametrize(
    ("other", "same"),
    [
        ({"a": "1", "b/c": "2"}, True),
        ({"a": "1", "b/c": "2", ".hidden": "3"}, True),
        ({"a": "1", "b/d": "2"}, False),
        ({"a": "2", "b/c": "1"}, False),
        ({"a": "1", "b/c": "2", "d": ""}, False),
    ],
)
def test_the_digest_of_a_folder_is_that_of_its_names_and_contents(
    tmp_path: Path, other: dict[str, str], same: bool
) -> None:
    one = write(tmp_path / "one", {"a": "1", "b/c": "2"})
    two = write(tmp_path / "two", other)
    assert (folder_digest(one) == folder_digest(two)) is same
