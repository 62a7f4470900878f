"""Predictions on test pictures, each kept with a small picture for the report."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sm_raw.aws.invoking.invoke import invoke_endpoint
from sm_raw.runs.image_folder import pick_test_images, survey

if TYPE_CHECKING:
    from types_boto3_sagemaker_runtime import SageMakerRuntimeClient

THUMBNAIL_PIXELS = 320
TOP = 3


def predict(
    runtime: SageMakerRuntimeClient, endpoint: str, data_folder: Path, count: int, out: Path
) -> list[dict[str, Any]]:
    """Send ``count`` test pictures of ``data_folder`` to ``endpoint``; thumbnails go to OUT/pictures/."""
    chosen = pick_test_images(survey(data_folder), count)
    return [
        _predict_one(runtime, endpoint, path, expected, out, number) for number, (path, expected) in enumerate(chosen)
    ]


def _predict_one(
    runtime: SageMakerRuntimeClient, endpoint: str, path: Path, expected: str, out: Path, number: int
) -> dict[str, Any]:
    started = time.perf_counter()
    prediction = invoke_endpoint(runtime, endpoint, path, idempotent=True)
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
