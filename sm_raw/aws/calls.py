"""One API call by its operation's name, and what to do when the line is bad."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, TypeVar

from sm_raw.errors import SmRawError

if TYPE_CHECKING:
    from botocore.client import BaseClient

Answer = TypeVar("Answer")

THROTTLING_CODES = frozenset(
    {
        "BandwidthLimitExceeded",
        "EC2ThrottledException",
        "PriorRequestNotComplete",
        "ProvisionedThroughputExceededException",
        "RequestLimitExceeded",
        "RequestThrottled",
        "RequestThrottledException",
        "SlowDown",
        "ThrottledException",
        "Throttling",
        "ThrottlingException",
        "TooManyRequestsException",
    }
)
"""Refused for now, and surely not done: such a call may be repeated whatever it does.

botocore's own list, https://github.com/boto/botocore/blob/develop/botocore/retries/standard.py, but for
LimitExceededException: CloudWatch Logs, IAM and others say so of a quota, which waiting does not raise.
"""

SERVER_TROUBLE_CODES = frozenset(
    {
        "InternalError",
        "InternalFailure",
        "InternalServerError",
        "InternalServerException",
        "RequestTimeout",
        "RequestTimeoutException",
        "ServiceUnavailable",
        "ServiceUnavailableException",
    }
)
"""Trouble on the service's side, whatever HTTP status it comes with; what was asked for may have been done.

https://docs.aws.amazon.com/sagemaker/latest/APIReference/CommonErrors.html, and for S3
https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html
"""

EXPIRED_CODES = frozenset(
    {
        "ExpiredToken",
        "ExpiredTokenException",
        "InvalidClientTokenId",
        "RequestExpired",
        "TokenRefreshRequired",
        "UnrecognizedClientException",
    }
)
"""What the services answer to credentials that have ended, or whose session was taken back.

The same two pages. Of keys that have never worked, InvalidClientTokenId and UnrecognizedClientException mean that
they are wrong, and RequestExpired that this machine's clock is: see whether a call has succeeded before.
"""

EXPIRED_ERRORS = frozenset(
    {
        "CredentialRetrievalError",
        "LoginRefreshRequired",
        "LoginTokenLoadError",
        "MetadataRetrievalError",
        "SSOTokenLoadError",
        "TokenRetrievalError",
        "UnauthorizedSSOTokenError",
    }
)
"""botocore's exceptions for credentials that it could not renew: SSO, assumed roles, processes, containers.

By name, for not every version of botocore has them all:
https://github.com/boto/botocore/blob/develop/botocore/exceptions.py
"""

STILL_EXPIRED = "refreshed credentials are still expired"
"""In the text of the RuntimeError by which botocore says that a provider gave it old credentials again."""

TOO_MANY_REQUESTS = 429
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


def pages(
    ask: Callable[[Mapping[str, Any]], dict[str, Any]],
    request: Mapping[str, Any],
    *,
    tokens: tuple[str, str] = ("NextToken", "NextToken"),
) -> Iterator[dict[str, Any]]:
    """The pages of a listing, each as ``ask`` answers the request for it.

    ``tokens`` names the member that tells of a next page, and the one that asks for it.
    """
    told, asked = tokens
    page = ask(request)
    yield page
    while page.get(told):
        page = ask({**request, asked: page[told]})
        yield page


def ride_out(
    request: Callable[[], Answer],
    *,
    attempts: int = TRANSIENT_ATTEMPTS,
    repeatable: bool = True,
    sleep: Callable[[float], None] = time.sleep,
) -> Answer:
    """What ``request()`` returns, tried again after throttling, server errors and broken connections.

    This is on top of botocore's own quick retries: those are spent within seconds, while a job that is
    waited for deserves a minute. Only for calls that may be repeated; with ``repeatable`` false, for a call
    that creates, it is repeated only after errors that prove that nothing was done.
    """
    for attempt in range(attempts - 1):
        try:
            return request()
        except Exception as error:
            if not is_transient(error, repeatable=repeatable):
                raise
        sleep(backoff_seconds(attempt))
    return request()


def backoff_seconds(attempt: int) -> float:
    """How long to leave the service alone after so many earlier failures; the caller adds jitter."""
    # The exponent is bounded as well: an outage may outlast a thousand attempts.
    return min(FIRST_PAUSE_SECONDS * 2.0 ** min(attempt, 10), LONGEST_PAUSE_SECONDS)


def is_transient(error: Exception, *, repeatable: bool = True) -> bool:
    """Whether the same call may well succeed a little later.

    With ``repeatable`` false: and whether it is sure that it has not been carried out, as it is not after a
    server error, or when the connection broke or timed out while the answer was awaited.
    """
    from botocore import exceptions

    if isinstance(error, exceptions.ClientError):
        status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
        refused = error_code(error) in THROTTLING_CODES or status == TOO_MANY_REQUESTS
        return refused or (repeatable and (error_code(error) in SERVER_TROUBLE_CODES or status >= 500))
    # A certificate that does not fit stays as it is, though botocore counts it among the connection errors.
    if isinstance(error, exceptions.SSLError):
        return False
    if isinstance(error, exceptions.ConnectionError):  # The connection was never made.
        return True
    return repeatable and isinstance(error, (exceptions.HTTPClientError, exceptions.IncompleteReadError))


def is_expired(error: Exception) -> bool:
    """Whether the credentials have ended: with new ones the same call may succeed. See EXPIRED_CODES."""
    if any(kind.__name__ in EXPIRED_ERRORS for kind in type(error).__mro__):
        return True
    return error_code(error) in EXPIRED_CODES or (isinstance(error, RuntimeError) and STILL_EXPIRED in str(error))


def error_code(error: Exception) -> str:
    """The service's code ("ValidationException") of a ClientError; empty for any other exception."""
    response = getattr(error, "response", None) or {}
    return str(response.get("Error", {}).get("Code", ""))
