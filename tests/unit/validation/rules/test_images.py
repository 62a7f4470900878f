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


@pytest.mark.parametrize(
    ("instance_types", "lacking"),
    [
        (["ml.m5.xlarge", "ml.c5.xlarge"], "ml.m5.xlarge or ml.c5.xlarge"),
        (["ml.p3.2xlarge", "ml.m5.xlarge"], "ml.m5.xlarge"),
        (["ml.p3.2xlarge", "ml.g5.xlarge"], None),
        (["${type}", "ml.m5.xlarge"], None),
        ([], None),
    ],
)
def test_each_of_the_instances_that_a_tuning_job_may_take_suits_the_image(
    instance_types: list[str], lacking: str | None
) -> None:
    definition = {
        "AlgorithmSpecification": {"TrainingImage": GPU},
        "HyperParameterTuningResourceConfig": {
            "InstanceConfigs": [{"InstanceType": each} for each in instance_types],
        },
    }
    message = f"the image is made for GPUs, there is none on {lacking}; give the cpu image, or a type g or p"
    assert found(images.GpuImageHasGpu, {"TrainingJobDefinition": definition}, "CreateHyperParameterTuningJob") == (
        [(f"TrainingJobDefinition.{WHERE}", message)] if lacking else []
    )


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


@pytest.mark.parametrize("odd", [None, 7, [], "x" * 10_000, f"{PYTORCH}:{'1' * 10_000}"])
def test_odd_images_fit_everything(odd: object) -> None:
    assert found(images.GpuImageHasGpu, job(odd)) == []
