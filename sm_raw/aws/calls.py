"""One API call by its operation's name, and what to do when the line is bad."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, TypeVar

from sm_raw.errors import SmRawError

if TYPE_CHECKING:
    from botocore.client import BaseClient

Answer = TypeVar("Answer")

THROTTLING_CODES = frozenset(
    {
        "BandwidthLimitExceeded",
        "RequestLimitExceeded",
        "RequestThrottled",
        "RequestThrottledException",
        "RequestTimeout",
        "RequestTimeoutException",
        "SlowDown",
        "ThrottledException",
        "Throttling",
        "ThrottlingException",
        "TooManyRequestsException",
    }
)
TRANSIENT_ATTEMPTS = 8
FIRST_PAUSE_SECONDS = 0.5
LONGEST_PAUSE_SECONDS = 20.0


def call(client: BaseClient, operation: str, request: Mapping[str, Any]) -> dict[str, Any]:
    """The response to ``operation`` ("CreateTrainingJob"); a ClientError passes through."""
    from botocore import xform_name

    method = getattr(client, xform_name(operation), None)
    if method is None:
        service = client.meta.service_model.service_name
        raise SmRawError(f"{operation} is no operation of {service}: this client cannot send it")
    response: dict[str, Any] = method(**request)
    return response


def ride_out(
    request: Callable[[], Answer],
    *,
    attempts: int = TRANSIENT_ATTEMPTS,
    sleep: Callable[[float], None] = time.sleep,
) -> Answer:
    """What ``request()`` returns, tried again after throttling, server errors and broken connections.

    This is on top of botocore's own quick retries: those are spent within seconds, while a job that is
    waited for deserves a minute. Only for calls that may be repeated.
    """
    for attempt in range(attempts - 1):
        try:
            return request()
        except Exception as error:
            if not is_transient(error):
                raise
        sleep(min(FIRST_PAUSE_SECONDS * 2**attempt, LONGEST_PAUSE_SECONDS))
    return request()


def is_transient(error: Exception) -> bool:
    """Whether the same call may well succeed a little later."""
    from botocore import exceptions

    if isinstance(error, exceptions.ClientError):
        status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
        return error_code(error) in THROTTLING_CODES or status >= 500
    # A certificate that does not fit stays as it is, though botocore counts it among the connection errors.
    return isinstance(
        error, (exceptions.ConnectionError, exceptions.HTTPClientError, exceptions.IncompleteReadError)
    ) and not isinstance(error, exceptions.SSLError)


def error_code(error: Exception) -> str:
    """The service's code ("ValidationException") of a ClientError; empty for any other exception."""
    response = getattr(error, "response", None) or {}
    return str(response.get("Error", {}).get("Code", ""))
