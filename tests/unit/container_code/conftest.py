"""The scripts lie in no package: they are imported as the container imports them, from their own folder."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType

import pytest

CODE = Path(__file__).resolve().parents[3] / "container_code"


@pytest.fixture(scope="session")
def script() -> Iterator[Callable[[str], ModuleType]]:
    """A module of container_code by its name."""
    import torch

    # Tests run side by side, and these networks are too small for threads to help.
    torch.set_num_threads(1)
    sys.path.insert(0, str(CODE))
    yield importlib.import_module
    sys.path.remove(str(CODE))


@pytest.fixture
def image_folder(tmp_path: Path) -> Callable[..., Path]:
    """Writes train, valid and test with pictures whose colour tells their class."""

    def write(*, classes: tuple[str, ...] = ("dark", "light"), each: int = 2, size: int = 32) -> Path:
        from PIL import Image

        for split in ("train", "valid", "test"):
            for shade, name in enumerate(classes, 1):
                place = tmp_path / "data" / split / name
                place.mkdir(parents=True)
                for number in range(each):
                    level = 255 * shade // (len(classes) + 1) + number
                    Image.new("RGB", (size, size), (level, level, 128)).save(place / f"{number}.png")
        return tmp_path / "data"

    return write
