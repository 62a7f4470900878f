from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Write, Requests, Finds = Callable[..., Path], Callable[..., dict[str, Any]], Callable[..., Any]
TRAIN = "HyperParameters.sagemaker_program"
SERVE = "PrimaryContainer.Environment.SAGEMAKER_PROGRAM"


@pytest.mark.parametrize(
    ("program", "findings"),
    [
        ("train.py", []),
        ('"train.py"', []),
        ("src/other.py", []),
        ("run.sh", []),
        ("${program}", []),
        ("trian.py", [("E700", TRAIN, "'trian.py' is no file of code; did you mean 'train.py'?")]),
        ("src", [("E700", TRAIN, "'src' is no file of code; give run.sh or train.py")]),
        ("../train.py", [("E700", TRAIN, "'../train.py' is no file of code; did you mean 'train.py'?")]),
        (
            "notes.ipynb",
            [
                (
                    "W702",
                    TRAIN,
                    "'notes.ipynb' is no Python file, so it is run as a shell command; give a .py or .sh file",
                )
            ],
        ),
    ],
)
def test_training_program(
    program: str, findings: list[tuple[str, str, str]], write: Write, training: Requests, found: Finds
) -> None:
    files = {f"code/{name}": "" for name in ("train.py", "src/other.py", "run.sh", "notes.ipynb")}
    assert found(write(files) / "code", "CreateTrainingJob", training(program=program)) == findings


@pytest.mark.parametrize(
    ("image", "program", "findings"),
    [
        ("", "serve.py", []),
        ("pytorch-inference:1.13.1-cpu-py39", "", []),
        (
            "",
            "inference.py",
            [
                (
                    "W701",
                    SERVE,
                    "'inference.py' is no file of code: unless model.tar.gz brings it in code/, "
                    "the image serves by its own functions alone; did you mean 'serve.py'?",
                )
            ],
        ),
    ],
)
def test_serving_program(
    image: str, program: str, findings: list[tuple[str, str, str]], write: Write, model: Requests, found: Finds
) -> None:
    folder = write({"code/serve.py": "def model_fn(model_dir): pass"}) / "code"
    assert found(folder, "CreateModel", model(image, program)) == findings


def test_code_of_another_python_is_found_in_what_is_imported(write: Write, training: Requests, found: Finds) -> None:
    folder = write(
        {
            "train.py": "import helper\nfrom package import part\n",
            "helper.py": "match 1:\n  case 1: pass\n",
            "package/part.py": "x = (\n",
            "unused.py": "x = (\n",
            "other.py": "x = (\n",
        }
    )
    new, old = (training(image=f"pytorch-training:{tag}") for tag in ("2.3.0-cpu-py311", "1.13.1-cpu-py39"))
    helper, part = found(folder, "CreateTrainingJob", old)
    assert part == ("E703", TRAIN, "package/part.py:1 is no code of Python 3.9: '(' was never closed; correct it")
    assert helper[:2] == ("E703", TRAIN)
    assert helper[2].endswith(
        "of Python 3.9: Pattern matching is only supported in Python 3.10 and greater; correct it"
    )
    # A Python that is older than the image's cannot tell.
    of_part = [each[2].partition(":")[0] for each in found(folder, "CreateTrainingJob", new)]
    assert of_part == (["package/part.py"] if sys.version_info >= (3, 11) else [])


def test_code_that_is_not_read_is_told(write: Write, training: Requests, found: Finds) -> None:
    folder = write({"train.py": b"#" * 2_000_001})
    message = "train.py is not checked: it is larger than 2,000,000 bytes; make it a file that can be read"
    assert found(folder, "CreateTrainingJob", training()) == [("W704", TRAIN, message)]
