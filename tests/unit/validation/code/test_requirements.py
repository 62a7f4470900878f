from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Write, Requests, Finds = Callable[..., Path], Callable[..., dict[str, Any]], Callable[..., Any]
TRAIN, TRAINING = "HyperParameters.sagemaker_program", "pytorch-training:1.13.1-gpu-py39"
ISOLATED = {"EnableNetworkIsolation": True}


@pytest.mark.parametrize(
    ("lines", "more", "findings"),
    [
        ("torch==1.13.1\ntorchvision\nnumpy\nscikit_learn", {}, []),
        ("torch==1.13.1\ntorchvision\nnumpy\nscikit_learn", ISOLATED, []),
        ("wandb; sys_platform == 'darwin'", {}, []),
        ("--no-index\n--find-links wheels\nwandb", ISOLATED, []),
        ("./wheels/wandb.whl", ISOLATED, []),
        (
            "torch=1.13.1",
            {},
            [("E740", TRAIN, "requirements.txt:1 is no requirement: 'torch=1.13.1'; write a name, or name==version")],
        ),
        (
            "\ntorch==2.1",
            {},
            [
                ("W741", TRAIN, "requirements.txt:2: torch==2.1 takes the place of 1.13.1, for which "
                 "pytorch-training:1.13 is built; take the image of that version"),
                ("W743", TRAIN, "pytorch-training:1.13 does not hold torch (requirements.txt): pip installs at each "
                 "start, which takes time and a network; an image of your own need not"),
            ],
        ),
        (
            "numpy\nwandb\ntimm==0.9\ngit+https://host/x.git",
            {},
            [("W743", TRAIN, "pytorch-training:1.13 does not hold wandb, timm and git+https://host/x.git "
              "(requirements.txt): pip installs at each start, which takes time and a network; "
              "an image of your own need not")],
        ),
        (
            "wandb",
            ISOLATED,
            [("E742", "EnableNetworkIsolation", "without network pip cannot fetch wandb (requirements.txt); "
              "put the packages into the code folder, or build an image with them")],
        ),
    ],
)  # fmt: skip
def test_requirements_are_held_against_image_and_network(
    lines: str,
    more: dict[str, bool],
    findings: list[tuple[str, str, str]],
    write: Write,
    training: Requests,
    found: Finds,
) -> None:
    folder = write({"train.py": "", "requirements.txt": lines})
    assert found(folder, "CreateTrainingJob", training(image=TRAINING, **more)) == findings


def test_of_images_that_are_not_known_nothing_is_said(write: Write, training: Requests, found: Finds) -> None:
    folder = write({"train.py": "", "requirements.txt": "wandb\ntorch==2.1"})
    assert found(folder, "CreateTrainingJob", training(**ISOLATED)) == []
