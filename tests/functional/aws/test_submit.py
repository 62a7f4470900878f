from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError
from botocore.stub import Stubber

import sm_raw.validation
from sm_raw.aws.clients import Clients
from sm_raw.aws.submit import submit
from sm_raw.errors import InvalidRequest
from sm_raw.validation.findings import Finding

REQUEST = {
    "EndpointName": "digits",
    "EndpointConfigName": "digits-1",
}
WARNING = Finding("W100", "warning", "CreateEndpoint", "EndpointName", "odd")
ERROR = Finding("E100", "error", "CreateEndpoint", "EndpointConfigName", "wrong")


@pytest.fixture
def findings(monkeypatch: pytest.MonkeyPatch) -> list[Finding]:
    """What the checks find: the test puts it in."""
    found: list[Finding] = []

    def check(operation: str, request: Any, **_: Any) -> list[Finding]:
        assert (operation, request) == ("CreateEndpoint", REQUEST)
        return list(found)

    monkeypatch.setattr(sm_raw.validation, "check", check)
    return found


@pytest.mark.parametrize("found", [[], [WARNING]], ids=["nothing", "a warning"])
def test_a_request_without_errors_is_sent_as_it_is(
    clients: Clients, stub: Callable[[str], Stubber], findings: list[Finding], found: list[Finding]
) -> None:
    findings += found
    answer = {"EndpointArn": "arn:aws:sagemaker:us-east-1:123456789012:endpoint/digits"}
    stub("sagemaker").add_response("create_endpoint", answer, REQUEST)
    assert submit(clients.sagemaker, "CreateEndpoint", REQUEST) == answer


@pytest.mark.usefixtures("stub")
def test_nothing_is_sent_when_a_finding_is_an_error(clients: Clients, findings: list[Finding]) -> None:
    findings += [WARNING, ERROR]
    with pytest.raises(InvalidRequest, match="CreateEndpoint was not sent: 1 error\n  E100") as caught:
        submit(clients.sagemaker, "CreateEndpoint", REQUEST)
    assert caught.value.findings == (WARNING, ERROR)


def test_strictly_taken_a_warning_is_an_error(clients: Clients, findings: list[Finding]) -> None:
    findings += [WARNING]
    with pytest.raises(InvalidRequest, match="CreateEndpoint was not sent: 1 error\n  W100"):
        submit(clients.sagemaker, "CreateEndpoint", REQUEST, strict=True)


@pytest.mark.usefixtures("findings")
def test_what_the_service_refuses_passes_through(clients: Clients, stub: Callable[[str], Stubber]) -> None:
    stub("sagemaker").add_client_error("create_endpoint", "ResourceLimitExceeded", "quota", 400)
    with pytest.raises(ClientError, match="ResourceLimitExceeded"):
        submit(clients.sagemaker, "CreateEndpoint", REQUEST)


def test_an_operation_may_carry_its_services_name(
    clients: Clients, stub: Callable[[str], Stubber], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sm_raw.validation, "check", lambda operation, request, region: [])
    stub("sagemaker").add_response("delete_model", {}, {"ModelName": "m"})
    submit(clients.sagemaker, "sagemaker:DeleteModel", {"ModelName": "m"})
