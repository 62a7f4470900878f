from __future__ import annotations

from typing import Any

import pytest

from sm_raw.validation.rules import image_names
from sm_raw.validation.rules.base import Rule

WHERE = "AlgorithmSpecification.TrainingImage"
REGISTRY = "763104351884.dkr.ecr.us-east-1.amazonaws.com"
OWN = "123456789012.dkr.ecr.us-east-1.amazonaws.com"
PYTORCH = f"{REGISTRY}/pytorch-training"
GPU = f"{PYTORCH}:1.13.1-gpu-py39"


def found(rule: type[Rule], request: Any, operation: str = "CreateTrainingJob") -> list[tuple[str, str]]:
    return [(each.path, each.message) for each in rule(operation).check(request)]


def job(image: object) -> dict[str, Any]:
    return {"AlgorithmSpecification": {"TrainingImage": image}}


@pytest.mark.parametrize(
    ("rule", "image", "message"),
    [
        (image_names.ImageHasThePython, GPU, None),
        (image_names.ImageHasThePython, f"{PYTORCH}:1.12-gpu-py38", None),
        (image_names.ImageHasThePython, f"{PYTORCH}:1.13.1-gpu-py39-cu117-ubuntu20.04-sagemaker", None),
        (image_names.ImageHasThePython, f"{PYTORCH}:1.3.1-gpu-py36", None),
        (image_names.ImageHasThePython, f"{PYTORCH}:1.13.1-gpu", None),
        (image_names.ImageHasThePython, f"{PYTORCH}:2.99-gpu-py313", None),
        (image_names.ImageHasThePython, f"{OWN}/pytorch-training:1.13.1-gpu-py38", None),
        (
            image_names.ImageHasThePython,
            f"{PYTORCH}:1.13.1-gpu-py38",
            "pytorch-training 1.13.1 has py39, not py38; give '1.13.1-gpu-py39'",
        ),
        (
            image_names.ImageHasThePython,
            f"{REGISTRY}/huggingface-pytorch-training:2.1.0-transformers4.36.0-gpu-py311-cu121-ubuntu20.04",
            "huggingface-pytorch-training 2.1.0 has py310, not py311;"
            " give '2.1.0-transformers4.36.0-gpu-py310-cu121-ubuntu20.04'",
        ),
        (image_names.ImageVersionIsListed, f"{PYTORCH}:1.12-gpu-py38", None),
        (image_names.ImageVersionIsListed, f"{PYTORCH}:1.12.2-gpu-py38", None),
        (image_names.ImageVersionIsListed, f"{PYTORCH}:2.99.0-gpu-py313", None),
        (image_names.ImageVersionIsListed, f"{PYTORCH}:3.0.0-gpu-py313", None),
        (image_names.ImageVersionIsListed, f"{PYTORCH}:latest", None),
        (image_names.ImageVersionIsListed, f"{REGISTRY}/my-own:0.1", None),
        (
            image_names.ImageVersionIsListed,
            "683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-xgboost:1.7-1",
            None,
        ),
        (
            image_names.ImageVersionIsListed,
            "811284229777.dkr.ecr.us-east-1.amazonaws.com/image-classification:latest",
            None,
        ),
        (
            image_names.ImageVersionIsListed,
            f"{PYTORCH}:1.12.12-gpu-py38",
            "AWS lists no pytorch-training 1.12.12; the nearest: 1.12.1, 1.13.1 or 1.12.0",
        ),
        (
            image_names.ImageVersionIsListed,
            f"{PYTORCH}:11.3.1-gpu-py39",
            "AWS lists no pytorch-training 11.3.1; the nearest: 1.3.1, 1.13.1 or 1.9.1",
        ),
        (
            image_names.ImageVersionIsListed,
            "683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-xgboost:1.6-1",
            "AWS lists no sagemaker-xgboost 1.6-1; the nearest: 1.7-1, 1.5-1 or 1.3-1",
        ),
        (image_names.ImageIsInItsAccount, GPU, None),
        (image_names.ImageIsInItsAccount, f"{OWN}/pytorch-training:1.13.1-gpu-py39", None),
        (image_names.ImageIsInItsAccount, f"{GPU}@sha256:{'0' * 64}", None),
        (image_names.ImageIsInItsAccount, "763104351884.dkr.ecr.mars-1.amazonaws.com/pytorch-training:2.1.0", None),
        (
            image_names.ImageIsInItsAccount,
            "763104351884.dkr.ecr.af-south-1.amazonaws.com/pytorch-training:1.13.1-gpu-py39",
            "account 763104351884 has no pytorch-training in af-south-1; it is in 626614931356",
        ),
        (
            image_names.ImageIsInItsAccount,
            f"{REGISTRY}/image-classification:1",
            "account 763104351884 has no image-classification in us-east-1; it is in 811284229777",
        ),
        (image_names.ImageRegionIsListed, GPU, None),
        # In the registry of its region, though the data has none of these images there.
        (
            image_names.ImageRegionIsListed,
            "772153158452.dkr.ecr.ap-south-2.amazonaws.com/huggingface-pytorch-training:2.8.0",
            None,
        ),
        (
            image_names.ImageRegionIsListed,
            "763104351884.dkr.ecr.us-esat-1.amazonaws.com/pytorch-training:1.13.1-gpu-py39",
            "AWS lists no pytorch-training in us-esat-1; did you mean 'us-west-1', 'us-east-1' or 'us-west-2'?",
        ),
        (
            image_names.ImageRegionIsListed,
            "763104351884.dkr.ecr.zz.amazonaws.com/pytorch-training:1.13.1-gpu-py39",
            "AWS lists no pytorch-training in zz; give the image of another region, or your own copy",
        ),
        (image_names.ImageIsTagged, GPU, None),
        (image_names.ImageIsTagged, f"{PYTORCH}@sha256:{'0' * 64}", None),
        (image_names.ImageIsTagged, "811284229777.dkr.ecr.us-east-1.amazonaws.com/image-classification:latest", None),
        (
            image_names.ImageIsTagged,
            PYTORCH,
            "pytorch-training has no tag latest; give one with version and processor, such as '2.8.0-cpu-py312'",
        ),
        (
            image_names.ImageIsTagged,
            f"{REGISTRY}/huggingface-pytorch-training:latest",
            "huggingface-pytorch-training has no tag latest; give one with version and processor,"
            " such as '2.8.0-transformers4.56.2-gpu-py312-cu129-ubuntu22.04'",
        ),
        (image_names.ImageIsTagged, f"{PYTORCH}:2.99.0", None),
        (image_names.ImageIsTagged, "683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-xgboost:1.7-1", None),
        (
            image_names.ImageIsTagged,
            f"{PYTORCH}:1.13.1",
            "the tag names no processor; give one that does, such as '1.13.1-cpu-py39'",
        ),
        (image_names.RepositoryIsSpelt, GPU, None),
        (image_names.RepositoryIsSpelt, f"{OWN}/pytorch-train:1", None),
        # Repositories of AWS's that the data does not hold.
        (image_names.RepositoryIsSpelt, f"{REGISTRY}/pytorch:2.11-cpu-amzn2023-sagemaker", None),
        (image_names.RepositoryIsSpelt, f"{REGISTRY}/mxnet-training:1.9.0-gpu-py38", None),
        (image_names.RepositoryIsSpelt, f"{REGISTRY}/pytorch-training-neuronx:2.1.2-neuronx-py310", None),
        (image_names.RepositoryIsSpelt, f"{REGISTRY}/huggingface-vllm-inference:1", None),
        (image_names.RepositoryIsSpelt, f"{REGISTRY}/sagemaker-tritonserver:25.09-py3", None),
        (
            image_names.RepositoryIsSpelt,
            f"{REGISTRY}/pytorch-train:1.13.1-gpu-py39",
            "account 763104351884 has no 'pytorch-train'; did you mean 'pytorch-training'?",
        ),
        (
            image_names.RepositoryIsSpelt,
            f"{REGISTRY}/tensorflow_infernce:2.11",
            "account 763104351884 has no 'tensorflow_infernce'; did you mean 'tensorflow-inference'?",
        ),
    ],
)
def test_names_of_images(rule: type[Rule], image: str, message: str | None) -> None:
    assert found(rule, job(image)) == ([(WHERE, message)] if message else [])


def test_images_of_models_are_looked_at_container_by_container() -> None:
    old = f"{REGISTRY}/pytorch-inference:1.13.1-cpu-py38"
    request = {"PrimaryContainer": {"Image": old}, "Containers": [{}, {"Image": 1}, {"Image": old}]}
    message = "pytorch-inference 1.13.1 has py39, not py38; give '1.13.1-cpu-py39'"
    assert found(image_names.ImageHasThePython, request, "CreateModel") == [
        ("PrimaryContainer.Image", message),
        ("Containers[2].Image", message),
    ]


@pytest.mark.parametrize("odd", [None, 7, [], "x" * 10_000, f"{PYTORCH}:{'1' * 10_000}", f"{PYTORCH}:{'1.' * 5_000}2"])
@pytest.mark.parametrize(
    "rule",
    [image_names.ImageHasThePython, image_names.ImageVersionIsListed, image_names.ImageIsTagged],
)
def test_odd_images_trip_no_rule(rule: type[Rule], odd: object) -> None:
    assert [len(message) < 200 for _, message in found(rule, job(odd))] in ([], [True])
