from __future__ import annotations

from typing import Any

import pytest
from botocore import exceptions

from sm_raw.aws.calls import (
    EXPIRED_CODES,
    SERVER_TROUBLE_CODES,
    THROTTLING_CODES,
    backoff_seconds,
    call,
    error_code,
    is_expired,
    is_transient,
    ride_out,
)
from sm_raw.aws.clients import local_clients
from sm_raw.errors import SmRawError


def client_error(code: str, status: int) -> exceptions.ClientError:
    response: Any = {"Error": {"Code": code, "Message": "m"}, "ResponseMetadata": {"HTTPStatusCode": status}}
    return exceptions.ClientError(response, "DescribeTrainingJob")


URL = "http://127.0.0.1:9"


@pytest.mark.parametrize(
    ("error", "transient", "surely_not_done"),
    [
        (client_error("ThrottlingException", 400), True, True),
        (client_error("TooManyRequestsException", 429), True, True),
        (client_error("RequestLimitExceeded", 503), True, True),
        (client_error("SlowDown", 503), True, True),
        (client_error("NameOfNoList", 429), True, True),
        (client_error("InternalFailure", 500), True, False),
        (client_error("InternalServerException", 0), True, False),
        (client_error("RequestTimeoutException", 408), True, False),
        (client_error("NameOfNoList", 502), True, False),
        (client_error("LimitExceededException", 400), False, False),
        (client_error("RequestTimeTooSkewed", 403), False, False),
        (client_error("InvalidSignatureException", 403), False, False),
        (client_error("ValidationException", 400), False, False),
        (client_error("ExpiredTokenException", 403), False, False),
        (exceptions.EndpointConnectionError(endpoint_url=URL), True, True),
        (exceptions.ConnectTimeoutError(endpoint_url=URL), True, True),
        (exceptions.ConnectionClosedError(endpoint_url=URL), True, False),
        (exceptions.ReadTimeoutError(endpoint_url=URL), True, False),
        (exceptions.IncompleteReadError(actual_bytes=1, expected_bytes=2), True, False),
        (exceptions.SSLError(endpoint_url=URL, error="certificate"), False, False),
        (exceptions.NoCredentialsError(), False, False),
        (ConnectionError("not from botocore"), False, False),
    ],
    ids=repr,
)
def test_what_may_pass_is_told_from_what_stays(error: Exception, transient: bool, surely_not_done: bool) -> None:
    assert is_transient(error) is transient
    assert is_transient(error, repeatable=False) is surely_not_done


@pytest.mark.parametrize(
    ("error", "expired"),
    [
        (client_error("ExpiredToken", 400), True),
        (client_error("ExpiredTokenException", 403), True),
        (client_error("RequestExpired", 400), True),
        (client_error("InvalidClientTokenId", 403), True),
        (client_error("UnrecognizedClientException", 403), True),
        (exceptions.UnauthorizedSSOTokenError(), True),
        (exceptions.TokenRetrievalError(provider="sso", error_msg="refresh failed"), True),
        (exceptions.CredentialRetrievalError(provider="assume-role", error_msg="no"), True),
        (RuntimeError("Credentials were refreshed, but the refreshed credentials are still expired."), True),
        (RuntimeError("something else"), False),
        (client_error("AccessDeniedException", 403), False),
        (client_error("SignatureDoesNotMatch", 403), False),
        (exceptions.NoCredentialsError(), False),
    ],
    ids=repr,
)
def test_credentials_that_have_ended_are_recognised(error: Exception, expired: bool) -> None:
    assert is_expired(error) is expired


def test_no_error_is_both_transient_and_expired() -> None:
    codes = THROTTLING_CODES | SERVER_TROUBLE_CODES
    assert not codes & EXPIRED_CODES


def test_a_call_that_creates_is_not_repeated_after_a_broken_connection() -> None:
    def create() -> None:
        raise exceptions.ReadTimeoutError(endpoint_url=URL)

    with pytest.raises(exceptions.ReadTimeoutError):
        ride_out(create, repeatable=False, sleep=pytest.fail)


def test_the_thousandth_pause_is_as_long_as_the_longest() -> None:
    assert backoff_seconds(1000) == backoff_seconds(9) == 20


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
