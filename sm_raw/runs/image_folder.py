"""Data sets of pictures: a folder with train, valid and test, each with one folder of pictures for each class."""

from __future__ import annotations

import random
import shutil
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from sm_raw.errors import InvalidData

SPLITS = ("train", "valid", "test")
MISTAKEN_FOR_VALID = ("val", "validation", "dev")
# What torchvision's ImageFolder takes for a picture.
PICTURE_SUFFIXES = frozenset({".jpg", ".jpeg", ".png", ".ppm", ".bmp", ".pgm", ".tif", ".tiff", ".webp"})
SHOWN_PROBLEMS = 10
THREADS = 8


@dataclass(frozen=True)
class ImageFolder:
    """A data set that can be used. ``pictures`` maps each split and class to its files; ``ignored`` are no pictures."""

    folder: Path
    classes: tuple[str, ...]
    pictures: Mapping[str, Mapping[str, Sequence[Path]]]
    ignored: Sequence[Path]

    @property
    def splits(self) -> tuple[str, ...]:
        return tuple(self.pictures)

    def count(self, split: str) -> int:
        """How many pictures a split has."""
        return sum(len(files) for files in self.pictures[split].values())


def survey(folder: str | Path) -> ImageFolder:
    """The data set in ``folder``, every picture of it opened once. Raises InvalidData with all that is wrong."""
    folder = Path(folder)
    if not folder.is_dir():
        raise InvalidData(f"the data folder {folder} is not there")
    ignored: list[Path] = []
    pictures = {split: _classes(folder / split, ignored) for split in SPLITS if (folder / split).is_dir()}
    problems = [*_missing_splits(folder), *_empty(pictures), *_different_classes(pictures)]
    if not problems:
        problems = _unreadable([path for split in pictures.values() for files in split.values() for path in files])
    if problems:
        raise InvalidData(
            f"{folder} cannot be used: it needs train, valid and test, each with the same folders of pictures, one for "
            "each class",
            problems,
        )
    return ImageFolder(folder, tuple(pictures["train"]), pictures, tuple(ignored))


def pick_test_images(pictures: ImageFolder, count: int, seed: int = 0) -> list[tuple[Path, str]]:
    """``count`` pictures of the test split with their classes, as many classes as possible, the same for a seed."""
    chooser = random.Random(seed)
    queues = [
        [(path, name) for path in chooser.sample(list(files), len(files))]
        for name, files in pictures.pictures["test"].items()
    ]
    chooser.shuffle(queues)
    rounds = max(len(queue) for queue in queues)
    in_turn = [queue[number] for number in range(rounds) for queue in queues if number < len(queue)]
    return in_turn[:count]


def write_lists(pictures: ImageFolder, folder: Path) -> Path:
    """Write FOLDER/SPLIT/SPLIT.lst for each split and return the folder.

    A line is the number of the picture, the number of its class (from 0, in the order of ``classes``) and its path
    within the split, with tabs between.
    Source: https://docs.aws.amazon.com/sagemaker/latest/dg/image-classification.html
    """
    for split, classes in pictures.pictures.items():
        root = pictures.folder / split
        rows = [
            (number, path.relative_to(root).as_posix())
            for number, name in enumerate(pictures.classes)
            for path in classes[name]
        ]
        lines = [f"{index}\t{number}\t{path}\n" for index, (number, path) in enumerate(rows)]
        target = folder / split / f"{split}.lst"
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text("".join(lines), encoding="utf-8")
    return folder


def write_digits(folder: str | Path, seed: int = 0) -> None:
    """Write scikit-learn's handwritten digits (1,797 pictures of 8 by 8 pixels) as a data set, split 80:10:10.

    The split is stratified and the same for a seed. What was in ``folder`` is replaced.
    Source: E. Alpaydin, C. Kaynak, "Optical Recognition of Handwritten Digits", UCI Machine Learning Repository, 1998.
    """
    from PIL import Image
    from sklearn.datasets import load_digits

    digits = load_digits()
    folder = Path(folder)
    shutil.rmtree(folder, ignore_errors=True)
    chooser = random.Random(seed)
    for digit in range(10):
        numbers = [number for number, target in enumerate(digits.target) if target == digit]
        chooser.shuffle(numbers)
        tenth = round(len(numbers) / 10)
        parts = {"test": numbers[:tenth], "valid": numbers[tenth : 2 * tenth], "train": numbers[2 * tenth :]}
        for split, members in parts.items():
            place = folder / split / str(digit)
            place.mkdir(parents=True)
            for number in members:
                # Pixels count from 0 to 16, dark on light as they were written.
                pixels = (255 - digits.images[number] * (255 / 16)).round().astype("uint8")
                Image.fromarray(pixels).save(place / f"{number:04d}.png")


def _classes(split: Path, ignored: list[Path]) -> dict[str, list[Path]]:
    classes: dict[str, list[Path]] = {}
    for place in sorted(path for path in split.iterdir() if path.is_dir() and not path.name.startswith(".")):
        files = sorted(path for path in place.rglob("*") if path.is_file())
        classes[place.name] = [path for path in files if path.suffix.lower() in PICTURE_SUFFIXES]
        ignored += [path for path in files if path.suffix.lower() not in PICTURE_SUFFIXES]
    return classes


def _missing_splits(folder: Path) -> Iterator[str]:
    for split in SPLITS:
        if not (folder / split).is_dir():
            other = next((name for name in MISTAKEN_FOR_VALID if (folder / name).is_dir()), None)
            hint = f"; {other} is there: rename it" if split == "valid" and other else ""
            yield f"{split}: missing{hint}"


def _empty(pictures: Mapping[str, Mapping[str, Sequence[Path]]]) -> Iterator[str]:
    for split, classes in pictures.items():
        if not classes:
            yield f"{split}: empty"
        for name, files in classes.items():
            if not files:
                yield f"{split}/{name}: holds no pictures"


def _different_classes(pictures: Mapping[str, Mapping[str, Sequence[Path]]]) -> Iterator[str]:
    every = sorted({name for classes in pictures.values() for name in classes})
    for split, classes in pictures.items():
        absent = [name for name in every if name not in classes]
        if classes and absent:
            more = f" and {len(absent) - SHOWN_PROBLEMS} more" if len(absent) > SHOWN_PROBLEMS else ""
            yield f"{split}: has no {', '.join(absent[:SHOWN_PROBLEMS])}{more}, which other splits have"


def _unreadable(files: Sequence[Path]) -> list[str]:
    with ThreadPoolExecutor(THREADS) as pool:
        problems = [problem for problem in pool.map(_problem_of, files) if problem]
    hidden = len(problems) - SHOWN_PROBLEMS
    return problems[:SHOWN_PROBLEMS] + ([f"and {hidden} more"] if hidden > 0 else [])


def _problem_of(path: Path) -> str | None:
    from PIL import Image

    try:
        with Image.open(path) as picture:
            picture.load()
    except Exception as error:  # Pillow raises many kinds; each means that training would fail on this file.
        return f"{path}: no picture that can be read ({error})"
    return None
