from __future__ import annotations

import base64
from pathlib import Path
from typing import Any

import pytest

from sm_raw.report.formats import MISSING
from sm_raw.report.gallery import Picture, Prediction, embedded, predictions


def test_a_prediction_has_its_picture_and_its_three_most_likely_labels(run: dict[str, Any], folder: Path) -> None:
    picture = base64.b64encode((folder / "pictures" / "seven.png").read_bytes()).decode()
    right, wrong = predictions(run, folder)
    assert right == Prediction(
        file="one.png",
        label="7",
        score=0.98,
        expected="7",
        right=True,
        top=[("7", 0.98), ("1", 0.01), ("3", 0.004)],
        milliseconds=12.4,
        picture=Picture(f"data:image/png;base64,{picture}", tiny=True),
    )
    assert wrong.right is False
    assert wrong.alt == "one.png: predicted 8, score 54%, expected 3"


def test_a_photo_is_not_shown_pixel_by_pixel(folder: Path) -> None:
    photo = embedded("pictures/photo.jpg", folder)
    assert photo is not None
    assert (photo.uri[:23], photo.tiny) == ("data:image/jpeg;base64,", False)


@pytest.mark.parametrize("name", ["", "pictures", "missing.png", "text.png", "../secret.png"])
def test_what_is_no_picture_beside_the_run_is_left_out(name: str, folder: Path) -> None:
    inside = folder / "inside"
    inside.mkdir()
    (inside / "text.png").write_text("<svg onload='alert(1)'>")
    (folder / "secret.png").write_bytes((folder / "pictures" / "seven.png").read_bytes())
    assert embedded(name, inside) is None


def test_a_prediction_that_says_nothing_is_still_shown(tmp_path: Path) -> None:
    (bare,) = predictions({"predictions": [{"top": [["7"], "x", ["8", "high"]], "new": 1}]}, tmp_path)
    assert (bare.label, bare.score, bare.right, bare.top, bare.picture) == (MISSING, None, None, [("8", None)], None)
    assert bare.alt == f"picture: predicted {MISSING}, score {MISSING}, no expected label"
