from __future__ import annotations

from typing import Any

import pytest

from sm_raw.validation.findings import Finding
from sm_raw.validation.rules import images
from sm_raw.validation.rules.base import Rule

WHERE = "AlgorithmSpecification.TrainingImage"
REGISTRY = "763104351884.dkr.ecr.us-east-1.amazonaws.com"
OWN = "123456789012.dkr.ecr.us-east-1.amazonaws.com"
PYTORCH = f"{REGISTRY}/pytorch-training"
GPU = f"{PYTORCH}:1.13.1-gpu-py39"
CPU = f"{PYTORCH}:1.13.1-cpu-py39"
NEURON = f"{REGISTRY}/pytorch-training-neuronx:2.1.2-neuronx-py310-sdk2.20.0-ubuntu20.04"


def found(rule: type[Rule], request: Any, operation: str = "CreateTrainingJob") -> list[tuple[str, str]]:
    return [(each.path, each.message) for each in rule(operation).check(request)]


def job(image: object, instance_type: object = "ml.m5.xlarge", **resources: object) -> dict[str, Any]:
    return {
        "AlgorithmSpecification": {"TrainingImage": image},
        "ResourceConfig": {"InstanceType": instance_type, **resources},
    }


def groups(*instance_types: object) -> dict[str, Any]:
    return {"InstanceGroups": [{"InstanceType": each} for each in instance_types]}


@pytest.mark.parametrize(
    ("rule", "request_", "message"),
    [
        (images.GpuImageHasGpu, job(GPU, "ml.g4dn.xlarge"), None),
        (images.GpuImageHasGpu, job(CPU), None),
        (images.GpuImageHasGpu, job(GPU, "${type}"), None),
        (images.GpuImageHasGpu, job("${image}"), None),
        (images.GpuImageHasGpu, job(f"{OWN}/pytorch-training:1.13.1-gpu-py39"), None),
        (images.GpuImageHasGpu, {"AlgorithmSpecification": {"TrainingImage": GPU}}, None),
        (images.GpuImageHasGpu, {**job(GPU), "ResourceConfig": groups("ml.m5.xlarge", "ml.p3.2xlarge")}, None),
        (images.GpuImageHasGpu, {**job(GPU), "ResourceConfig": groups("ml.m5.xlarge", "${type}")}, None),
        (
            images.GpuImageHasGpu,
            job(GPU),
            "the image is made for GPUs, there is none on ml.m5.xlarge; give the cpu image, or a type g or p",
        ),
        (images.GpuHasGpuImage, job(CPU), None),
        (images.GpuHasGpuImage, job(GPU, "ml.p3.2xlarge"), None),
        (images.GpuHasGpuImage, job(f"{PYTORCH}:1.13.1", "ml.p3.2xlarge"), None),
        (images.GpuHasGpuImage, {**job(CPU), "ResourceConfig": groups("ml.m5.xlarge", "ml.p3.2xlarge")}, None),
        (
            images.GpuHasGpuImage,
            job(CPU, "ml.p3.2xlarge"),
            "the image cannot use the GPUs of ml.p3.2xlarge; give the gpu image, or a type without GPUs",
        ),
        (images.NeuronImageOnNeuron, job(NEURON, "ml.trn1.2xlarge"), None),
        (images.NeuronImageOnNeuron, job(CPU), None),
        (
            images.NeuronImageOnNeuron,
            job(NEURON, "ml.p3.2xlarge"),
            "the image is made for Neuron chips, there is none on ml.p3.2xlarge; give a type trn or inf",
        ),
        (
            images.NeuronImageOnNeuron,
            job(CPU, "ml.trn1.2xlarge"),
            "the image cannot use the Neuron chips of ml.trn1.2xlarge; give a neuronx image",
        ),
        (images.TrainingImageTrains, job(GPU), None),
        (images.TrainingImageTrains, job(f"{OWN}/pytorch-inference:2.1.0-cpu-py310"), None),
        (
            images.TrainingImageTrains,
            {
                "AlgorithmSpecification": {
                    "TrainingImage": f"{REGISTRY}/pytorch-inference:2.1.0-cpu-py310",
                    "ContainerEntrypoint": ["python", "/opt/ml/input/data/code/train.py"],
                }
            },
            None,
        ),
        (
            images.TrainingImageTrains,
            job(f"{REGISTRY}/pytorch-inference-graviton:2.1.0-cpu-py310-ubuntu20.04-sagemaker"),
            "pytorch-inference-graviton is an image for inference; give pytorch-training, which trains",
        ),
    ],
)
def test_images_are_made_for_the_job(rule: type[Rule], request_: dict[str, Any], message: str | None) -> None:
    assert found(rule, request_) == ([(WHERE, message)] if message else [])


def test_tuning_jobs_name_their_instances_in_other_places_too() -> None:
    definition = {
        "AlgorithmSpecification": {"TrainingImage": GPU},
        "HyperParameterTuningResourceConfig": {
            "InstanceConfigs": [{"InstanceType": "ml.m5.xlarge"}, {"InstanceType": "ml.c5.xlarge"}]
        },
    }
    lack = "there is none on ml.m5.xlarge or ml.c5.xlarge"
    message = f"the image is made for GPUs, {lack}; give the cpu image, or a type g or p"
    assert found(images.GpuImageHasGpu, {"TrainingJobDefinition": definition}, "CreateHyperParameterTuningJob") == [
        (f"TrainingJobDefinition.{WHERE}", message)
    ]


@pytest.mark.parametrize(
    ("rule", "image", "message"),
    [
        (images.ImageHasThePython, GPU, None),
        (images.ImageHasThePython, f"{PYTORCH}:1.12-gpu-py38", None),
        (images.ImageHasThePython, f"{PYTORCH}:1.13.1-gpu-py39-cu117-ubuntu20.04-sagemaker", None),
        (images.ImageHasThePython, f"{PYTORCH}:1.3.1-gpu-py36", None),
        (images.ImageHasThePython, f"{PYTORCH}:1.13.1-gpu", None),
        (images.ImageHasThePython, f"{PYTORCH}:2.99-gpu-py313", None),
        (images.ImageHasThePython, f"{OWN}/pytorch-training:1.13.1-gpu-py38", None),
        (
            images.ImageHasThePython,
            f"{PYTORCH}:1.13.1-gpu-py38",
            "pytorch-training 1.13.1 has py39, not py38; give '1.13.1-gpu-py39'",
        ),
        (
            images.ImageHasThePython,
            f"{REGISTRY}/huggingface-pytorch-training:2.1.0-transformers4.36.0-gpu-py311-cu121-ubuntu20.04",
            "huggingface-pytorch-training 2.1.0 has py310, not py311;"
            " give '2.1.0-transformers4.36.0-gpu-py310-cu121-ubuntu20.04'",
        ),
        (images.ImageVersionIsListed, f"{PYTORCH}:1.12-gpu-py38", None),
        (images.ImageVersionIsListed, f"{PYTORCH}:1.12.2-gpu-py38", None),
        (images.ImageVersionIsListed, f"{PYTORCH}:2.99.0-gpu-py313", None),
        (images.ImageVersionIsListed, f"{PYTORCH}:3.0.0-gpu-py313", None),
        (images.ImageVersionIsListed, f"{PYTORCH}:latest", None),
        (images.ImageVersionIsListed, f"{REGISTRY}/my-own:0.1", None),
        (
            images.ImageVersionIsListed,
            "683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-xgboost:1.7-1",
            None,
        ),
        (images.ImageVersionIsListed, "811284229777.dkr.ecr.us-east-1.amazonaws.com/image-classification:latest", None),
        (
            images.ImageVersionIsListed,
            f"{PYTORCH}:1.12.12-gpu-py38",
            "AWS lists no pytorch-training 1.12.12; the nearest: 1.12.1, 1.13.1 or 1.12.0",
        ),
        (
            images.ImageVersionIsListed,
            f"{PYTORCH}:11.3.1-gpu-py39",
            "AWS lists no pytorch-training 11.3.1; the nearest: 1.3.1, 1.13.1 or 1.9.1",
        ),
        (
            images.ImageVersionIsListed,
            "683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-xgboost:1.6-1",
            "AWS lists no sagemaker-xgboost 1.6-1; the nearest: 1.7-1, 1.5-1 or 1.3-1",
        ),
        (images.ImageIsInItsAccount, GPU, None),
        (images.ImageIsInItsAccount, f"{OWN}/pytorch-training:1.13.1-gpu-py39", None),
        (images.ImageIsInItsAccount, f"{GPU}@sha256:{'0' * 64}", None),
        (images.ImageIsInItsAccount, "763104351884.dkr.ecr.mars-1.amazonaws.com/pytorch-training:2.1.0", None),
        (
            images.ImageIsInItsAccount,
            "763104351884.dkr.ecr.af-south-1.amazonaws.com/pytorch-training:1.13.1-gpu-py39",
            "account 763104351884 has no pytorch-training in af-south-1; it is in 626614931356",
        ),
        (
            images.ImageIsInItsAccount,
            f"{REGISTRY}/image-classification:1",
            "account 763104351884 has no image-classification in us-east-1; it is in 811284229777",
        ),
        (images.ImageRegionIsListed, GPU, None),
        # In the registry of its region, though the data has none of these images there.
        (
            images.ImageRegionIsListed,
            "772153158452.dkr.ecr.ap-south-2.amazonaws.com/huggingface-pytorch-training:2.8.0",
            None,
        ),
        (
            images.ImageRegionIsListed,
            "763104351884.dkr.ecr.us-esat-1.amazonaws.com/pytorch-training:1.13.1-gpu-py39",
            "AWS lists no pytorch-training in us-esat-1; did you mean 'us-west-1', 'us-east-1' or 'us-west-2'?",
        ),
        (
            images.ImageRegionIsListed,
            "763104351884.dkr.ecr.zz.amazonaws.com/pytorch-training:1.13.1-gpu-py39",
            "AWS lists no pytorch-training in zz; give the image of another region, or your own copy",
        ),
        (images.ImageIsTagged, GPU, None),
        (images.ImageIsTagged, f"{PYTORCH}@sha256:{'0' * 64}", None),
        (images.ImageIsTagged, "811284229777.dkr.ecr.us-east-1.amazonaws.com/image-classification:latest", None),
        (
            images.ImageIsTagged,
            PYTORCH,
            "pytorch-training has no tag latest; give one with version and processor, such as '2.8.0-cpu-py312'",
        ),
        (
            images.ImageIsTagged,
            f"{REGISTRY}/huggingface-pytorch-training:latest",
            "huggingface-pytorch-training has no tag latest; give one with version and processor,"
            " such as '2.8.0-transformers4.56.2-gpu-py312-cu129-ubuntu22.04'",
        ),
    ],
)
def test_names_of_images(rule: type[Rule], image: str, message: str | None) -> None:
    assert found(rule, job(image)) == ([(WHERE, message)] if message else [])


def test_images_of_models_are_looked_at_container_by_container() -> None:
    old = f"{REGISTRY}/pytorch-inference:1.13.1-cpu-py38"
    request = {"PrimaryContainer": {"Image": old}, "Containers": [{}, {"Image": 1}, {"Image": old}]}
    message = "pytorch-inference 1.13.1 has py39, not py38; give '1.13.1-cpu-py39'"
    assert found(images.ImageHasThePython, request, "CreateModel") == [
        ("PrimaryContainer.Image", message),
        ("Containers[2].Image", message),
    ]


@pytest.mark.parametrize(
    ("image", "instance_type", "message"),
    [
        (f"{REGISTRY}/pytorch-inference:2.1.0-cpu-py310", "ml.c5.xlarge", None),
        (f"{REGISTRY}/pytorch-inference-graviton:2.1.0-cpu-py310-ubuntu20.04-sagemaker", "ml.c7g.xlarge", None),
        (f"{OWN}/pytorch-inference:2.1.0-cpu-py310", "ml.c7g.xlarge", None),
        (f"{REGISTRY}/pytorch-inference:2.1.0-cpu-py310", "${type}", None),
        (
            f"{REGISTRY}/pytorch-inference:2.1.0-cpu-py310",
            "ml.c7g.xlarge",
            "'ml.c7g.xlarge' has an ARM processor, pytorch-inference is for x86; give an image for ARM or another type",
        ),
    ],
)
def test_graviton_instances_need_images_for_arm(image: str, instance_type: str, message: str | None) -> None:
    configuration = {"ProductionVariants": [{"ModelName": "m", "InstanceType": instance_type}]}
    requests = [
        ("CreateModel", {"ModelName": "m", "PrimaryContainer": {"Image": image}}),
        ("CreateEndpointConfig", configuration),
    ]
    path = "ProductionVariants[0].InstanceType"
    expected = [(1, Finding("E269", "error", "CreateEndpointConfig", path, message))] if message else []
    assert list(images.GravitonHasItsImage("").check_together(requests)) == expected


@pytest.mark.parametrize("odd", [None, 7, [], "x" * 10_000, f"{PYTORCH}:{'1' * 10_000}", f"{PYTORCH}:{'1.' * 5_000}2"])
@pytest.mark.parametrize(
    "rule",
    [images.GpuImageHasGpu, images.ImageHasThePython, images.ImageVersionIsListed, images.ImageIsTagged],
)
def test_odd_images_trip_no_rule(rule: type[Rule], odd: object) -> None:
    assert [len(message) < 200 for _, message in found(rule, job(odd))] in ([], [True])
