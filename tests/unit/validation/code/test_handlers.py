from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Write, Requests, Finds = Callable[..., Path], Callable[..., dict[str, Any]], Callable[..., Any]
PLACE = "PrimaryContainer.Environment.SAGEMAKER_PROGRAM"
IMAGE = "pytorch-inference:2.1.0-cpu-py310"
MODEL = "def model_fn(model_dir): pass\n"

GOOD = {
    "all four": MODEL + "def input_fn(b, t): pass\ndef predict_fn(d, m): pass\ndef output_fn(p, a): pass",
    "with a context": "def model_fn(d, context): pass\ndef transform_fn(m, d, c, a, context=None): pass",
    "any arguments": "def model_fn(*arguments): pass",
    "decorated": "import torch\ndef model_fn(d): pass\n@torch.inference_mode()\ndef predict_fn(d, m): pass",
    "decorated by something": MODEL + "@mine\ndef predict_fn(everything): pass",
    "assigned": "from functools import partial\nmodel_fn = partial(int, 1)",
    "from another module": "from handlers import *\nfrom more.parts import load as model_fn",
    "from a library": "from library import model_fn",
    "perhaps from a library": "from library import *",
    "made of globals": "globals().update(model_fn=int)",
    "in a condition": "if 1:\n  def model_fn(d): pass\nelse:\n  def model_fn(d, c): pass",
    "of one or the other": "try:\n  from a import model_fn\nexcept ImportError:\n  def model_fn(): pass",
    "not really there": MODEL + "transform_fn = None\ndef input_fn(b, t): pass",
    "of TorchScript": "import torch\ndef input_fn(b, t): return torch.jit.load(b)",
    "async": "async def model_fn(d): pass",
}


@pytest.mark.parametrize("script", GOOD.values(), ids=list(GOOD))
def test_script_that_can_serve_has_no_findings(script: str, write: Write, model: Requests, found: Finds) -> None:
    files = {"inference.py": script, "handlers.py": "def input_fn(b, t): pass", "more/parts.py": "def load(d): pass"}
    findings = found(write(files), "CreateModel", model(IMAGE))
    assert [each for each in findings if each[0] != "W731"] == []


@pytest.mark.parametrize(
    ("script", "finding"),
    [
        (
            MODEL + "def predict_fn(data):\n  pass",
            (
                "E721",
                "inference.py:2 def predict_fn(data) cannot be called with (data, model) or (data, model, context); "
                "write def predict_fn(data, model)",
            ),
        ),
        (
            "def model_fn(model_dir, name, size): pass",
            (
                "E721",
                "inference.py:1 def model_fn(model_dir, name, size) cannot be called with (model_dir) or "
                "(model_dir, context); write def model_fn(model_dir)",
            ),
        ),
        (
            "def model_fn(model_dir, *, strict): pass",
            (
                "E721",
                "inference.py:1 def model_fn(model_dir, *, strict) cannot be called with (model_dir) or "
                "(model_dir, context); write def model_fn(model_dir)",
            ),
        ),
        (
            MODEL + "def output_fn(prediction, accept, indent=2, *more): pass",
            (
                "W722",
                "inference.py:2 output_fn has 4 parameters, optional ones counted, as the container does before it "
                "calls; leave those of (prediction, accept) or (prediction, accept, context)",
            ),
        ),
        (
            MODEL + "def transform_fn(m, d, c, a): pass\ndef input_fn(b, t): pass\ndef output_fn(p, a): pass",
            (
                "E720",
                "inference.py has transform_fn and also input_fn and output_fn, which it replaces; "
                "keep the one or the others",
            ),
        ),
        (
            "def input_fn(b, t): pass",
            (
                "W723",
                "inference.py has no model_fn: the image then loads model.pt by torch.jit.load, and no state dict; "
                "write def model_fn(model_dir)",
            ),
        ),
        (
            "from handlers import model_fn",
            (
                "E721",
                "handlers.py:1 def model_fn() cannot be called with (model_dir) or (model_dir, context); "
                "write def model_fn(model_dir)",
            ),
        ),
    ],
)
def test_script_that_cannot_serve(
    script: str, finding: tuple[str, str], write: Write, model: Requests, found: Finds
) -> None:
    folder = write({"inference.py": script, "handlers.py": "def model_fn(): pass"})
    assert found(folder, "CreateModel", model(IMAGE)) == [(finding[0], PLACE, finding[1])]


@pytest.mark.parametrize("image", ["", "huggingface-pytorch-inference:2.1.0-transformers4.37.0-cpu-py310-ubuntu22.04"])
def test_parameters_are_checked_where_the_image_is_not_known_and_the_model_is_not(
    image: str, write: Write, model: Requests, found: Finds
) -> None:
    folder = write({"inference.py": "def predict_fn(data): pass"})
    assert [each[0] for each in found(folder, "CreateModel", model(image))] == ["E721"]


def test_other_serving_images_have_other_functions(write: Write, model: Requests, found: Finds) -> None:
    folder = write({"inference.py": "def input_fn(a, b, c, d): pass"})
    assert found(folder, "CreateModel", model("tensorflow-inference:2.12-cpu")) == []


def test_modules_that_import_each_other_are_read_once(write: Write, model: Requests, found: Finds) -> None:
    folder = write(
        {"inference.py": "from a import *\nfrom a import model_fn", "a.py": "from inference import *\nfrom b import *"}
    )
    assert found(folder, "CreateModel", model(IMAGE), "E721") == []
