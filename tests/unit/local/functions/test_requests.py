from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError

from sm_raw import specs
from sm_raw.local.functions import requests
from sm_raw.local.protocol import ServiceError
from sm_raw.specs.identity import trust_policy

ROLE = "arn:aws:iam::123456789012:role/service/Function"


class Iam:
    """Knows one role, by its name without path."""

    def __init__(self, *services: str) -> None:
        self._trust = trust_policy(*services)

    def get_role(self, RoleName: str) -> dict[str, Any]:  # noqa: N803
        if RoleName != "Function":
            raise ClientError({"Error": {"Code": "NoSuchEntity", "Message": ""}}, "GetRole")
        return {"Role": {"AssumeRolePolicyDocument": self._trust}}


def refused(iam: Any = None, **changes: Any) -> ServiceError:
    request = specs.lambda_function("dogs", role_arn=ROLE, code=specs.code_in_request(b""))
    with pytest.raises(ServiceError) as raised:
        requests.refuse_function({**request, **changes}, iam or Iam("lambda"))
    return raised.value


def test_a_function_of_this_package_is_taken() -> None:
    request = specs.lambda_function("dogs", role_arn=ROLE, code=specs.code_in_request(b""), endpoint_name="dogs")
    requests.refuse_function(request, Iam("lambda", "sagemaker"))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"PackageType": "Image"}, "This local engine runs no container images: give the code as a .zip archive."),
        ({"Code": {"ImageUri": "i"}}, "This local engine runs no container images: give the code as a .zip archive."),
        (
            {"Handler": None},
            "Runtime and Handler are mandatory parameters for functions created with deployment packages.",
        ),
        (
            {"Runtime": "java21"},
            "This local engine has one Python and runs no java21: give a Runtime such as python3.13.",
        ),
        ({"Layers": ["arn"]}, "This local engine does not run Layers: leave it out."),
        ({"Role": ROLE.replace("Function", "Nobody")}, requests.NO_ROLE),
    ],
)
def test_what_lambda_or_this_engine_does_not_take_is_refused(changes: dict[str, Any], message: str) -> None:
    error = refused(**changes)
    assert (error.code, error.message) == ("InvalidParameterValueException", message)


def test_a_role_that_lambda_may_not_take_is_refused() -> None:
    assert refused(Iam("sagemaker")).message == requests.NO_ROLE


@pytest.mark.parametrize(
    ("trust", "expected"),
    [
        ({"Statement": {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}}}, True),
        ({"Statement": [{"Effect": "Allow", "Principal": {"Service": ["x", "lambda.amazonaws.com"]}}]}, True),
        ({"Statement": [{"Effect": "Deny", "Principal": {"Service": "lambda.amazonaws.com"}}]}, False),
        ({"Statement": [{"Effect": "Allow", "Principal": {"AWS": "lambda.amazonaws.com"}}]}, False),
        ({"Statement": [{"Effect": "Allow", "Principal": "*"}]}, False),
        ({}, False),
    ],
)
def test_a_trust_policy_names_lambda_or_does_not(trust: dict[str, Any], expected: bool) -> None:
    assert requests.trusts_lambda(trust) is expected


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"Timeout": 0}, "'0' at 'timeout' failed to satisfy constraint: Member must have value greater than"),
        ({"Timeout": 901}, "'901' at 'timeout' failed to satisfy constraint: Member must have value less than"),
        ({"MemorySize": 64}, "'64' at 'memorySize' failed to satisfy constraint: Member must have value greater than"),
        ({"FunctionName": "two words"}, "'two words' at 'functionName' failed to satisfy constraint"),
    ],
)
def test_values_out_of_range_are_told_as_lambda_tells_them(changes: dict[str, Any], told: str) -> None:
    error = refused(**changes)
    assert error.code == "ValidationException"
    assert told in error.message


def test_variables_that_lambda_sets_itself_and_too_many_are_refused() -> None:
    reserved = refused(Environment={"Variables": {"_HANDLER": "x", "AWS_REGION": "y", "MINE": "z"}})
    assert reserved.message.endswith("Reserved keys used in this request: AWS_REGION, _HANDLER")
    assert "exceeded the 4KB limit" in refused(Environment={"Variables": {"LONG": "x" * 4096}}).message


@pytest.mark.parametrize("body", [b"{", b"[]", b"\xff"])
def test_a_body_that_is_no_object_is_refused(body: bytes) -> None:
    with pytest.raises(ServiceError, match="SerializationException"):
        requests.decoded(body)
