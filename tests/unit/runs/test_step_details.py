from __future__ import annotations

from typing import Any

import pytest

from sm_raw import specs
from sm_raw.runs.effects import EFFECTS
from sm_raw.runs.step_details import DETAILS, detail_of

FUNCTION = {"Environment": {"Variables": {"ENDPOINT_NAME": "dogs"}}}
RIGHTS = '{"Statement": [{"Action": ["logs:A", "logs:B"]}, {"Action": "sagemaker:InvokeEndpoint"}]}'
VARIANTS = [
    {"VariantName": "a", "InstanceType": "ml.m5.large", "InitialInstanceCount": 2},
    {"VariantName": "b", "ServerlessConfig": {}},
]
TOLD = "a on 2 x ml.m5.large, b on serverless capacity"


@pytest.mark.parametrize(
    ("operation", "request_", "response", "detail"),
    [
        ("CreateModel", {"PrimaryContainer": {"Image": "1.ecr/pytorch:2"}}, {}, "image pytorch:2"),
        ("CreateModel", {"Containers": [{"Image": "1.ecr/pytorch:2"}]}, {}, "image pytorch:2"),
        (
            "CreateEndpointConfig",
            {"ProductionVariants": VARIANTS},
            {},
            "a on 2 x ml.m5.large, b on serverless capacity",
        ),
        ("CreateEndpoint", {}, {"EndpointStatus": "InService"}, "InService"),
        ("CreateRole", specs.service_role("r", services=["lambda"]), {}, "for lambda.amazonaws.com"),
        ("PutRolePolicy", {"PolicyDocument": RIGHTS}, {}, "3 actions of logs, sagemaker"),
        ("CreateFunction", FUNCTION, {"Runtime": "python3.13"}, "python3.13, asks dogs"),
        ("CreateFunction", {}, {}, "an image, asks no endpoint"),
        ("CreateAlias", {"Name": "live"}, {"FunctionVersion": "1"}, "live is version 1"),
        (
            "PutProvisionedConcurrencyConfig",
            {"ProvisionedConcurrentExecutions": 2, "Qualifier": "live"},
            {},
            "2 of live kept warm",
        ),
        ("CreateInstanceProfile", {"InstanceProfileName": "p"}, {}, ""),
    ],
)
def test_details(operation: str, request_: Any, response: dict[str, Any], detail: str) -> None:
    assert detail_of(operation, request_, response) == detail


def test_only_steps_have_details() -> None:
    assert set(DETAILS) <= set(EFFECTS)
