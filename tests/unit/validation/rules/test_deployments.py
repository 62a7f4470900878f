from __future__ import annotations

from typing import Any

import pytest

from sm_raw.validation.rules import deployments
from sm_raw.validation.rules.base import TogetherRule

ECR = "763104351884.dkr.ecr.us-east-1.amazonaws.com/pytorch-inference"


def found(rule: type[TogetherRule], requests: list[tuple[str, Any]]) -> list[tuple[int, str]]:
    return [(index, str(finding)) for index, finding in rule("").check_together(requests)]


def model(name: str = "m", image: str = "${image}") -> tuple[str, Any]:
    return "CreateModel", {"ModelName": name, "PrimaryContainer": {"Image": image}}


def config(name: str = "c", **variant: object) -> tuple[str, Any]:
    return "CreateEndpointConfig", {"EndpointConfigName": name, "ProductionVariants": [variant]}


def endpoint(config_name: str, operation: str = "CreateEndpoint") -> tuple[str, Any]:
    return operation, {"EndpointName": "e", "EndpointConfigName": config_name}


@pytest.mark.parametrize(
    ("requests", "findings"),
    [
        ([config("blue"), endpoint("blue")], []),
        ([endpoint("blue")], []),
        ([config("${name}"), endpoint("blue")], []),
        ([config("blue"), endpoint("${config.EndpointConfigName}")], []),
        ([("CreateEndpointConfig", "text"), ("CreateEndpointConfig", {}), endpoint("blue")], []),
        (
            [config("digits-blue"), endpoint("digits-bleu")],
            [
                (
                    1,
                    "W446 CreateEndpoint EndpointConfigName: no CreateEndpointConfig document here makes 'digits-bleu';"
                    " did you mean 'digits-blue'?",
                )
            ],
        ),
        (
            [config("blue"), endpoint("green", "UpdateEndpoint")],
            [
                (
                    1,
                    "W446 UpdateEndpoint EndpointConfigName: no CreateEndpointConfig document here makes 'green';"
                    " give blue",
                )
            ],
        ),
    ],
)
def test_configuration_is_defined_beside_the_endpoint(
    requests: list[tuple[str, Any]], findings: list[tuple[int, str]]
) -> None:
    assert found(deployments.ConfigurationIsDefined, requests) == findings


@pytest.mark.parametrize(
    ("requests", "findings"),
    [
        ([model("digits"), config(ModelName="digits")], []),
        ([config(ModelName="digits")], []),
        ([model("${name}"), config(ModelName="digits")], []),
        ([model("digits"), config()], []),
        (
            [model("digits"), config(ModelName="digit")],
            [
                (
                    1,
                    "W447 CreateEndpointConfig ProductionVariants[0].ModelName: no CreateModel document here makes"
                    " 'digit'; did you mean 'digits'?",
                )
            ],
        ),
        (
            [*(model(f"m{number}") for number in range(9)), config(ModelName="digits")],
            [
                (
                    9,
                    "W447 CreateEndpointConfig ProductionVariants[0].ModelName: no CreateModel document here makes"
                    " 'digits'; give one of m0, m1, m2, m3, m4, m5, m6, m7, m8",
                )
            ],
        ),
    ],
)
def test_model_is_defined_beside_the_variant(requests: list[tuple[str, Any]], findings: list[tuple[int, str]]) -> None:
    assert found(deployments.ModelIsDefined, requests) == findings


@pytest.mark.parametrize(
    ("requests", "findings"),
    [
        ([model("a"), model("b"), config("a"), endpoint("a")], []),
        ([model("${name}"), model("${name}")], []),
        (
            [model("a"), model("a")],
            [(1, "E448 CreateModel ModelName: 'a' is made by another CreateModel document already; rename one")],
        ),
        (
            [config("a"), ("sagemaker:CreateEndpointConfig", {"EndpointConfigName": "a"})],
            [
                (
                    1,
                    "E448 CreateEndpointConfig EndpointConfigName: 'a' is made by another CreateEndpointConfig document"
                    " already; rename one",
                )
            ],
        ),
    ],
)
def test_names_are_created_once(requests: list[tuple[str, Any]], findings: list[tuple[int, str]]) -> None:
    assert found(deployments.CreatedOnce, requests) == findings


@pytest.mark.parametrize(
    ("tag", "instance_type", "message"),
    [
        ("1.13.1-cpu-py39", "ml.m5.large", None),
        ("1.13.1-gpu-py39", "ml.g4dn.xlarge", None),
        ("1.13.1-neuronx-py310", "ml.inf2.xlarge", None),
        ("latest", "ml.g4dn.xlarge", None),
        ("1.13.1-gpu-py39", "${type}", None),
        (
            "1.13.1-gpu-py39",
            "ml.m5.large",
            "'ml.m5.large' has no GPU, and the model's image is made for one; give the cpu image or another type",
        ),
        (
            "1.13.1-cpu-py39",
            "ml.g4dn.xlarge",
            "'ml.g4dn.xlarge' has a GPU that the model's cpu image cannot use; give the gpu image or another type",
        ),
        (
            "1.13.1-neuron-py39",
            "ml.m5.large",
            "'ml.m5.large' has no Neuron chip, and the model's image needs one; give an inf or trn type",
        ),
    ],
)
def test_image_fits_the_instance(tag: str, instance_type: str, message: str | None) -> None:
    requests = [model("m", f"{ECR}:{tag}"), config(ModelName="m", InstanceType=instance_type)]
    place = "W449 CreateEndpointConfig ProductionVariants[0].InstanceType"
    assert found(deployments.ImageFitsTheInstance, requests) == ([(1, f"{place}: {message}")] if message else [])
    assert found(deployments.ImageFitsTheInstance, requests[1:]) == []
