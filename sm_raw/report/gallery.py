"""Predictions with their pictures, which travel inside the page as data URIs."""

from __future__ import annotations

import base64
import io
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path, PurePath
from typing import Any

from sm_raw.report import formats
from sm_raw.report.reading import below, finite, items, records, text

TINY_PIXELS = 64  # a smaller picture is shown enlarged, pixel by pixel, instead of blurred
RUNNERS_UP = 3


@dataclass(frozen=True)
class Picture:
    uri: str
    tiny: bool


@dataclass(frozen=True)
class Prediction:
    file: str
    label: str
    score: float | None
    expected: str
    right: bool | None  # None: nobody knows what was expected
    top: list[tuple[str, float | None]]
    milliseconds: float | None
    picture: Picture | None
    through: str = ""

    @property
    def alt(self) -> str:
        """The picture in words: what it was taken for, how surely, and what it is."""
        expected = f"expected {self.expected}" if self.right is not None else "no expected label"
        return f"{self.file}: predicted {self.label}, score {formats.percent(self.score)}, {expected}"


def predictions(run: Mapping[str, Any], folder: Path) -> list[Prediction]:
    return [_prediction(record, folder) for record in records(run, "predictions")]


def _prediction(record: Mapping[str, Any], folder: Path) -> Prediction:
    label, expected = text(record, "label"), text(record, "expected")
    return Prediction(
        file=PurePath(text(record, "input")).name or "picture",
        label=label or formats.MISSING,
        score=finite(record.get("score")),
        expected=expected,
        right=label == expected if expected else None,
        top=[
            (str(pair[0]), finite(pair[1]))
            for pair in items(record, "top")
            if isinstance(pair, (list, tuple)) and len(pair) == 2
        ][:RUNNERS_UP],
        milliseconds=finite(record.get("milliseconds")),
        picture=embedded(text(record, "picture"), folder),
        through=text(record, "through"),
    )


def embedded(name: str, folder: Path) -> Picture | None:
    """The picture at ``name`` below ``folder``; None if it is elsewhere, not there, or not a picture."""
    from PIL import Image, UnidentifiedImageError

    path = below(folder, name)
    if path is None:
        return None
    try:
        data = path.read_bytes()
        with Image.open(io.BytesIO(data), formats=("PNG", "JPEG")) as image:
            kind, longest = str(image.format).lower(), max(image.size)
    except (OSError, UnidentifiedImageError, Image.DecompressionBombError):
        return None
    return Picture(f"data:image/{kind};base64,{base64.b64encode(data).decode()}", tiny=longest < TINY_PIXELS)
