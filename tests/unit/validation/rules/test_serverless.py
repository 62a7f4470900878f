from __future__ import annotations

from typing import Any

import pytest

from sm_raw.validation.rules import serverless
from sm_raw.validation.rules.base import Rule, TogetherRule

ECR = "763104351884.dkr.ecr.us-east-1.amazonaws.com/pytorch-inference"
UNFIT = "which serverless variants do not take; give another model, or an InstanceType"
EXCLUDED = "does not go with a serverless variant; remove it, or give an InstanceType"


def found(rule: type[Rule], request: Any) -> list[tuple[str, str]]:
    return [(each.path, each.message) for each in rule("CreateEndpointConfig").check(request)]


@pytest.mark.parametrize(
    ("rule", "variant", "field", "message"),
    [
        *((serverless.ServerlessMemory, {"ServerlessConfig": {"MemorySizeInMB": mb}}, "", None) for mb in (1024, 6144)),
        # These two are out of the schema's own range.
        *((serverless.ServerlessMemory, {"ServerlessConfig": {"MemorySizeInMB": mb}}, "", None) for mb in (512, 8192)),
        (serverless.ServerlessMemory, {"ServerlessConfig": {"MemorySizeInMB": "${memory}"}}, "", None),
        (
            serverless.ServerlessMemory,
            {"ServerlessConfig": {"MemorySizeInMB": 2000}},
            "ServerlessConfig.MemorySizeInMB",
            "2000 is no step of 1024 MB; give 1024, 2048, 3072, 4096, 5120 or 6144",
        ),
        (
            serverless.ProvisionedWithinConcurrency,
            {"ServerlessConfig": {"MaxConcurrency": 5, "ProvisionedConcurrency": 5}},
            "",
            None,
        ),
        (
            serverless.ProvisionedWithinConcurrency,
            {"ServerlessConfig": {"MaxConcurrency": "${most}", "ProvisionedConcurrency": 5}},
            "",
            None,
        ),
        (
            serverless.ProvisionedWithinConcurrency,
            {"ServerlessConfig": {"MaxConcurrency": 5, "ProvisionedConcurrency": 6}},
            "ServerlessConfig.ProvisionedConcurrency",
            "6 is more than MaxConcurrency (5); give 5 or less",
        ),
        (serverless.ServerlessHasNoCount, {"InitialInstanceCount": 1}, "", None),
        (serverless.ServerlessHasNoCount, {"ServerlessConfig": {}}, "", None),
        (
            serverless.ServerlessHasNoCount,
            {"ServerlessConfig": {}, "InitialInstanceCount": 1},
            "InitialInstanceCount",
            "given beside ServerlessConfig, which has no instances; remove it",
        ),
        (serverless.ServerlessHasNoInstanceSettings, {"VolumeSizeInGB": 10}, "", None),
        (serverless.ServerlessHasNoInstanceSettings, {"ServerlessConfig": {}, "InitialVariantWeight": 1}, "", None),
        (
            serverless.ServerlessHasNoInstanceSettings,
            {"ServerlessConfig": {}, "VolumeSizeInGB": 10},
            "VolumeSizeInGB",
            "is a setting of instances, this variant is serverless; remove it",
        ),
    ],
)
def test_variant(rule: type[Rule], variant: dict[str, Any], field: str, message: str | None) -> None:
    expected = [(f"ProductionVariants[0].{field}", message)] if message else []
    assert found(rule, {"ProductionVariants": [variant]}) == expected


@pytest.mark.parametrize(
    ("request_", "findings"),
    [
        ({"ProductionVariants": [{"ServerlessConfig": {}}]}, []),
        (
            {"ProductionVariants": [{"ServerlessConfig": {}}], "DataCaptureConfig": {"EnableCapture": False}},
            [],
        ),
        ({"ProductionVariants": [{}, {}], "DataCaptureConfig": {}, "VpcConfig": {}}, []),
        (
            {
                "ProductionVariants": [{"ServerlessConfig": {}}, {"InstanceType": "ml.m5.large"}],
                "DataCaptureConfig": {},
                "VpcConfig": {},
                "EnableNetworkIsolation": True,
            },
            [
                ("ProductionVariants", "2 given; a serverless endpoint has one variant"),
                ("DataCaptureConfig", EXCLUDED),
                ("VpcConfig", EXCLUDED),
                ("EnableNetworkIsolation", EXCLUDED),
            ],
        ),
    ],
)
def test_serverless_configuration_is_plain(request_: dict[str, Any], findings: list[tuple[str, str]]) -> None:
    assert found(serverless.ServerlessConfigurationIsPlain, request_) == findings


SERVED: dict[str, Any] = {"ModelName": "m", "ServerlessConfig": {}}


@pytest.mark.parametrize(
    ("rule", "model", "variant", "message"),
    [
        (serverless.ServerlessModelIsPlain, {"PrimaryContainer": {}}, SERVED, None),
        (serverless.ServerlessModelIsPlain, {"VpcConfig": {}}, {"ModelName": "m", "InstanceType": "t"}, None),
        (serverless.ServerlessModelIsPlain, {"VpcConfig": {}}, {**SERVED, "ModelName": "other"}, None),
        (
            serverless.ServerlessModelIsPlain,
            {"Containers": [{}, {"Mode": "MultiModel"}], "EnableNetworkIsolation": True},
            SERVED,
            f"the model has several containers, a container in MultiModel mode and network isolation, {UNFIT}",
        ),
        (
            serverless.ServerlessModelIsPlain,
            {"PrimaryContainer": {"ModelDataSource": {}}, "VpcConfig": {}},
            SERVED,
            f"the model has a ModelDataSource and a VpcConfig, {UNFIT}",
        ),
        (
            serverless.ServerlessImageIsForCpu,
            {"PrimaryContainer": {"Image": f"{ECR}:1.13.1-cpu-py39"}},
            SERVED,
            None,
        ),
        (serverless.ServerlessImageIsForCpu, {"PrimaryContainer": {"Image": "${image}"}}, SERVED, None),
        (
            serverless.ServerlessImageIsForCpu,
            {"PrimaryContainer": {"Image": f"{ECR}:1.13.1-gpu-py39"}},
            SERVED,
            "the model's image is made for gpu, serverless variants have CPUs; give a cpu image",
        ),
    ],
)
def test_model_of_a_serverless_variant(
    rule: type[TogetherRule], model: dict[str, Any], variant: dict[str, Any], message: str | None
) -> None:
    requests: list[tuple[str, Any]] = [
        ("CreateModel", {"ModelName": "m", **model}),
        ("CreateEndpointConfig", {"ProductionVariants": [variant]}),
    ]
    found = [(index, each.path, each.message) for index, each in rule("").check_together(requests)]
    assert found == ([(1, "ProductionVariants[0].ModelName", message)] if message else [])
