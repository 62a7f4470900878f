from __future__ import annotations

import json
from importlib import resources

import pytest

from sm_raw.specs.registry_paths import registry_path
from sm_raw.validation.code.image_contents import Contents, distribution_of, image_contents
from sm_raw.validation.code.requirement_lines import normalised

HOST = "763104351884.dkr.ecr.us-east-1.amazonaws.com"


def contents_of(image: str) -> Contents | None:
    return image_contents(registry_path(f"{HOST}/{image}"))


@pytest.mark.parametrize(
    ("image", "holds"),
    [
        ("pytorch-training:1.12-gpu-py38", True),
        ("pytorch-training:1.13.1-cpu-py39", True),
        ("pytorch-training:2.1.0-gpu-py310", True),
        ("pytorch-training:2.2.0-gpu-py310", False),
        ("pytorch-training:2.10.0-gpu-py313", False),
        ("pytorch-inference:1.12-cpu-py38", False),
        ("pytorch-inference:2.6.0-gpu-py312", False),
    ],
)
def test_smdebug_is_in_training_images_up_to_2_1(image: str, holds: bool) -> None:
    contents = contents_of(image)
    assert contents is not None
    assert ("smdebug" in contents.packages, "smdebug" in contents.absent) == (holds, not holds)


def test_contents_have_the_versions_of_the_framework() -> None:
    contents = contents_of("pytorch-training:1.13.1-gpu-py39")
    assert contents is not None
    assert contents.name == "pytorch-training:1.13"
    assert contents.versions == {"torch": "1.13.1", "torchvision": "0.14", "torchaudio": "1.13.1"}


@pytest.mark.parametrize(
    "image", ["pytorch-training:latest", "pytorch-training:1.4.0-gpu-py3", "sagemaker-xgboost:1.2-1"]
)
def test_other_images_are_not_known(image: str) -> None:
    assert contents_of(image) is None
    assert image_contents(None) is None


def test_modules_are_named_by_their_packages() -> None:
    assert [distribution_of(name) for name in ("PIL", "cv2", "sklearn", "yaml", "torch", "s3torchconnector_x")] == [
        "pillow", "opencv-python", "scikit-learn", "pyyaml", "torch", "s3torchconnector-x",
    ]  # fmt: skip


def test_file_is_dated_sourced_and_normalised() -> None:
    file = json.loads(resources.files("sm_raw.validation.code").joinpath("image_contents.json").read_text())
    assert file["read"]
    assert "https://github.com/aws/deep-learning-containers" in file["source"]
    for image in file["images"].values():
        assert set(image["packages"]).isdisjoint(image["absent"])
        assert set(image["absent"]).isdisjoint(file["dependencies"])
    names = [*file["dependencies"], *(name for image in file["images"].values() for name in image["packages"])]
    assert [name for name in names if normalised(name) != name] == []
