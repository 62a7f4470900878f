from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image

from sm_raw.errors import InvalidData
from sm_raw.runs.image_folder import pick_test_images, survey, write_digits, write_lists


@pytest.fixture
def data(tmp_path: Path) -> Path:
    folder = tmp_path / "data"
    for split in ("train", "valid", "test"):
        for name in ("cat", "ant", "bee"):
            place = folder / split / name
            place.mkdir(parents=True)
            for number in range(3):
                Image.new("L", (8, 8), number).save(place / f"{number}.png")
    return folder


def test_a_good_folder_is_described(data: Path) -> None:
    (data / "train" / "ant" / "notes.txt").write_text("no picture")
    (data / "train" / ".cache").mkdir()
    found = survey(data)
    assert (found.classes, found.splits) == (("ant", "bee", "cat"), ("train", "valid", "test"))
    assert [found.count(split) for split in found.splits] == [9, 9, 9]
    assert found.pictures["valid"]["bee"] == [data / "valid" / "bee" / f"{number}.png" for number in range(3)]
    assert found.ignored == (data / "train" / "ant" / "notes.txt",)


def test_lists_number_pictures_and_classes(data: Path, tmp_path: Path) -> None:
    folder = write_lists(survey(data), tmp_path / "lists")
    assert sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*.lst")) == [
        "test/test.lst",
        "train/train.lst",
        "valid/valid.lst",
    ]
    assert (folder / "train" / "train.lst").read_text().splitlines() == [
        f"{index}\t{index // 3}\t{('ant', 'bee', 'cat')[index // 3]}/{index % 3}.png" for index in range(9)
    ]


def missing(data: Path) -> None:
    (data / "test").rename(data / "elsewhere")


def misnamed(data: Path) -> None:
    (data / "valid").rename(data / "validation")


def empty(data: Path) -> None:
    missing(data)
    (data / "test").mkdir()


def without_pictures(data: Path) -> None:
    for path in (data / "valid" / "ant").iterdir():
        path.rename(path.with_suffix(".txt"))


def differing(data: Path) -> None:
    (data / "valid" / "bee").rename(data / "valid" / "wasp")


def truncated(data: Path) -> None:
    picture = data / "test" / "cat" / "1.png"
    Image.effect_noise((64, 64), 50).save(picture)
    picture.write_bytes(picture.read_bytes()[:1000])


def many_corrupt(data: Path) -> None:
    for number in range(12):
        (data / "train" / "bee" / f"corrupt{number:02d}.jpg").write_bytes(b"no picture")


@pytest.mark.parametrize(
    ("damage", "problems"),
    [
        (missing, [r"test: missing"]),
        (misnamed, [r"valid: missing; validation is there: rename it"]),
        (empty, [r"test: empty"]),
        (without_pictures, [r"valid/ant: holds no pictures"]),
        (
            differing,
            [
                r"train: has no wasp, which other splits have",
                r"valid: has no bee, which other splits have",
                r"test: has no wasp, which other splits have",
            ],
        ),
        (truncated, [r".*/test/cat/1\.png: no picture that can be read \(.*\)"]),
        (many_corrupt, [r".*/bee/corrupt\d\d\.jpg: no picture that can be read \(.*\)"] * 10 + [r"and 2 more"]),
    ],
)
def test_every_problem_of_a_bad_folder_is_told_at_once(
    data: Path, damage: Callable[[Path], None], problems: list[str]
) -> None:
    damage(data)
    with pytest.raises(InvalidData, match="cannot be used: it needs train, valid and test") as caught:
        survey(data)
    assert re.fullmatch("\n".join(problems), "\n".join(caught.value.problems))


def test_a_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(InvalidData, match=r"the data folder .*/nowhere is not there"):
        survey(tmp_path / "nowhere")


def test_test_pictures_are_of_as_many_classes_as_possible_and_the_same_for_a_seed(data: Path) -> None:
    found = survey(data)
    picked = pick_test_images(found, 5, seed=1)
    assert picked == pick_test_images(found, 5, seed=1)
    assert picked != pick_test_images(found, 5, seed=2)
    assert sorted({name for _, name in picked[:3]}) == ["ant", "bee", "cat"]
    assert all(path.parent == data / "test" / name for path, name in picked)
    assert len(pick_test_images(found, 100)) == 9


def digest(folder: Path) -> str:
    content = hashlib.sha256()
    for path in sorted(folder.rglob("*.png")):
        content.update(str(path.relative_to(folder)).encode() + path.read_bytes())
    return content.hexdigest()


def test_digits_are_split_80_10_10_in_each_class_and_the_same_each_time(tmp_path: Path) -> None:
    write_digits(tmp_path / "one")
    write_digits(tmp_path / "two")
    found = survey(tmp_path / "one")
    assert [found.count(split) for split in found.splits] == [1439, 179, 179]
    assert found.classes == tuple("0123456789")
    shares = [len(files) / 1797 for files in found.pictures["test"].values()]
    assert min(shares) > 0.0090
    assert max(shares) < 0.0110
    assert digest(tmp_path / "one") == digest(tmp_path / "two")
