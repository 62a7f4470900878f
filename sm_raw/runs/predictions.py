"""Predictions on test pictures, each kept with a small picture for the report."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from sm_raw.aws.invoking.predictions import Prediction
from sm_raw.runs.image_folder import pick_test_images, survey

THUMBNAIL_PIXELS = 320
TOP = 3

Asking = Callable[[Path], Prediction]


def predict(ask: Asking, data_folder: Path, count: int, out: Path, *, first_number: int = 0) -> list[dict[str, Any]]:
    """Ask about ``count`` test pictures of ``data_folder``; thumbnails go to OUT/pictures/, numbered from the first."""
    chosen = pick_test_images(survey(data_folder), count)
    return [
        _predict_one(ask, path, expected, out, number) for number, (path, expected) in enumerate(chosen, first_number)
    ]


def _predict_one(ask: Asking, path: Path, expected: str, out: Path, number: int) -> dict[str, Any]:
    started = time.perf_counter()
    prediction = ask(path)
    milliseconds = (time.perf_counter() - started) * 1000
    return {
        "input": str(path),
        "label": prediction.label,
        "score": prediction.score,
        "expected": expected,
        "picture": _thumbnail(path, out, number),
        "top": [list(pair) for pair in zip(prediction.labels[:TOP], prediction.scores[:TOP], strict=True)],
        "milliseconds": round(milliseconds, 1),
    }


def _thumbnail(path: Path, out: Path, number: int) -> str:
    from PIL import Image, ImageOps

    target = out / "pictures" / f"{number:02d}.png"
    target.parent.mkdir(parents=True, exist_ok=True)
    with Image.open(path) as picture:
        upright = ImageOps.exif_transpose(picture).convert("RGB")
        upright.thumbnail((THUMBNAIL_PIXELS, THUMBNAIL_PIXELS))
        upright.save(target)
    return str(target.relative_to(out))
