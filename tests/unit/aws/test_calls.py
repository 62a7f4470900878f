from __future__ import annotations

from typing import Any

import pytest
from botocore import exceptions

from sm_raw.aws.calls import call, error_code, is_transient, ride_out
from sm_raw.aws.clients import local_clients
from sm_raw.errors import SmRawError


def client_error(code: str, status: int) -> exceptions.ClientError:
    response: Any = {"Error": {"Code": code, "Message": "m"}, "ResponseMetadata": {"HTTPStatusCode": status}}
    return exceptions.ClientError(response, "DescribeTrainingJob")


URL = "http://127.0.0.1:9"


@pytest.mark.parametrize(
    ("error", "transient"),
    [
        (client_error("ThrottlingException", 400), True),
        (client_error("SlowDown", 503), True),
        (client_error("InternalFailure", 500), True),
        (client_error("ValidationException", 400), False),
        (client_error("ExpiredTokenException", 403), False),
        (exceptions.EndpointConnectionError(endpoint_url=URL), True),
        (exceptions.ConnectionClosedError(endpoint_url=URL), True),
        (exceptions.ReadTimeoutError(endpoint_url=URL), True),
        (exceptions.SSLError(endpoint_url=URL, error="certificate"), False),
        (exceptions.NoCredentialsError(), False),
        (ConnectionError("not from botocore"), False),
    ],
    ids=repr,
)
def test_what_may_pass_is_told_from_what_stays(error: Exception, transient: bool) -> None:
    assert is_transient(error) is transient


def test_transient_errors_are_ridden_out_with_growing_pauses() -> None:
    answers = iter([client_error("Throttling", 400), exceptions.ReadTimeoutError(endpoint_url=URL), "answer"])
    pauses: list[float] = []

    def request() -> object:
        answer = next(answers)
        if isinstance(answer, Exception):
            raise answer
        return answer

    assert ride_out(request, sleep=pauses.append) == "answer"
    assert pauses == [0.5, 1.0]


def test_patience_has_an_end_and_the_last_error_passes_through() -> None:
    pauses: list[float] = []

    def request() -> None:
        raise client_error("ThrottlingException", 400)

    with pytest.raises(exceptions.ClientError, match="ThrottlingException"):
        ride_out(request, sleep=pauses.append)
    assert pauses == [0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 20.0]


def test_other_errors_pass_through_at_once() -> None:
    def request() -> None:
        raise client_error("AccessDeniedException", 400)

    with pytest.raises(exceptions.ClientError, match="AccessDenied"):
        ride_out(request, sleep=pytest.fail)


def test_an_operation_of_another_service_is_named() -> None:
    client = local_clients(URL).client("sts")
    with pytest.raises(SmRawError, match="CreateTrainingJob is no operation of sts"):
        call(client, "CreateTrainingJob", {})


def test_only_client_errors_have_a_code() -> None:
    assert error_code(client_error("ValidationException", 400)) == "ValidationException"
    assert error_code(ValueError()) == ""
