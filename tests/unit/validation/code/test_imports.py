from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from sm_raw.validation.code.folder import CodeFolder
from sm_raw.validation.code.imports import imported_sources

Write, Requests, Finds = Callable[..., Path], Callable[..., dict[str, Any]], Callable[..., Any]
SERVE = "PrimaryContainer.Environment.SAGEMAKER_PROGRAM"
TRAIN = "HyperParameters.sagemaker_program"
SERVING, TRAINING = "pytorch-inference:1.13.1-cpu-py39", "pytorch-training:1.13.1-gpu-py39"

GOOD = {
    "what the image holds": "import torch, numpy as np, PIL.Image, cv2, yaml, sklearn.svm, os.path, boto3, distutils",
    "what others depend on": "import matplotlib.pyplot, six, dateutil, retrying",
    "in try": "try:\n  import smdebug\nexcept ImportError:\n  smdebug = None",
    "in try with several": "try:\n  import smdebug\nexcept (ValueError, ModuleNotFoundError):\n  pass",
    "in a bare try": "try:\n  import smdebug\nexcept:\n  pass",
    "in a function": "def f():\n  import smdebug",
    "in a condition": "import os\nif os.environ: import smdebug",
    "in another script's guard": "import helper",
    "of the folder": "import helper, package.part, fast\nfrom . import nothing",
    "for types": "from typing import TYPE_CHECKING\nif TYPE_CHECKING: import smdebug",
}


@pytest.mark.parametrize("script", GOOD.values(), ids=list(GOOD))
def test_import_that_cannot_fail_is_no_finding(script: str, write: Write, model: Requests, found: Finds) -> None:
    files = {
        "inference.py": f"{script}\ndef model_fn(d): pass",
        "helper.py": "if __name__ == '__main__': import smdebug",
        "package/part.py": "",
        "fast.so": b"",
    }
    assert found(write(files), "CreateModel", model(SERVING)) == []


def test_smdebug_is_missing_while_serving(write: Write, model: Requests, training: Requests, found: Finds) -> None:
    folder = write(
        {
            "train.py": "import torch\nimport smdebug.pytorch as smd\ndef model_fn(model_dir): pass\n",
            "inference.py": "import helper\ndef model_fn(model_dir): pass\n",
            "helper.py": "\nfrom smdebug import modes\nimport smdebug\n",
        }
    )
    hint = (
        "imports smdebug, which pytorch-inference:1.13 does not hold; "
        "import it inside try/except ImportError, or add smdebug to requirements.txt"
    )
    assert found(folder, "CreateModel", model(SERVING)) == [("E730", SERVE, f"helper.py:2 {hint}")]
    assert found(folder, "CreateModel", model(SERVING, "train.py")) == [("E730", SERVE, f"train.py:2 {hint}")]
    assert found(folder, "CreateTrainingJob", training(image=TRAINING)) == []
    (finding,) = found(folder, "CreateTrainingJob", training(image="pytorch-training:2.3.0-gpu-py311"))
    assert finding[:2] == ("E730", TRAIN)
    (folder / "requirements.txt").write_text("smdebug==1.0.34\n")
    assert found(folder, "CreateModel", model(SERVING), "E730") == []


def test_package_that_is_not_known_to_be_there_is_a_warning(write: Write, training: Requests, found: Finds) -> None:
    folder = write({"train.py": "import wandb\nimport torch\nimport wandb.sdk\n"})
    message = (
        "train.py:1 imports wandb, which pytorch-training:1.13 is not known to hold; add wandb to requirements.txt"
    )
    assert found(folder, "CreateTrainingJob", training(image=TRAINING)) == [("W731", TRAIN, message)]
    # What is installed may bring any package; a package of the user's own is installed by its setup.py.
    (folder / "requirements.txt").write_text("lightning\n")
    assert found(folder, "CreateTrainingJob", training(image=TRAINING), "W731") == []
    (folder / "requirements.txt").write_text("")
    (folder / "setup.py").write_text("")
    assert found(folder, "CreateTrainingJob", training(image=TRAINING), "W731") == []


@pytest.mark.parametrize("image", ["", "my-image:1", "pytorch-training:0.4-gpu-py3", "pytorch-training:9.9-gpu-py3"])
def test_of_images_that_are_not_known_nothing_is_said(
    image: str, write: Write, training: Requests, found: Finds
) -> None:
    folder = write({"train.py": "import smdebug, wandb"})
    assert found(folder, "CreateTrainingJob", training(image=image)) == []


def test_modules_that_are_imported_at_once_are_read(write: Write) -> None:
    folder = write(
        {
            "src/train.py": "import near\nfrom package import part\ndef f(): import late\nclass A: import inner",
            "src/near.py": "import train, top",
            "package/__init__.py": "from .sibling import x",
            "package/part.py": "from . import sibling\nfrom ... import beyond\nfrom ......... import far",
            "package/sibling.py": "",
            "top.py": "",
            "late.py": "",
            "inner.py": "",
        }
    )
    code = CodeFolder(folder)
    assert [source.name for source in imported_sources(code, folder / "src" / "train.py", None)] == [
        "src/train.py", "src/near.py", "package/__init__.py", "package/part.py", "inner.py", "top.py",
        "package/sibling.py",
    ]  # fmt: skip
