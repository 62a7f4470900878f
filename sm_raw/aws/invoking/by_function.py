"""An endpoint asked by way of the Lambda function in front of it: container_code/lambda_handler.py, or one like it."""

from __future__ import annotations

import base64
import random
import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from sm_raw.aws.calls import backoff_seconds, ride_out
from sm_raw.aws.hosting.function_calls import MAX_EVENT_BYTES, invoke_function
from sm_raw.aws.invoking.invoke import ATTEMPTS, jittered
from sm_raw.aws.invoking.payloads import Data, payload
from sm_raw.aws.invoking.predictions import Answer
from sm_raw.errors import InvocationFailed

if TYPE_CHECKING:
    from types_boto3_lambda import LambdaClient

MAX_BYTES = (MAX_EVENT_BYTES - 1024) * 3 // 4
"""What is left for a picture in an event: base64 makes 4 characters of 3 bytes, and some words stand around it."""

REFUSED = 400
AGAIN = frozenset({429, 503, 504})
"""By these the handler says that the endpoint was busy, or did not answer: it may have worked, and may answer soon."""


def ask_function(
    client: LambdaClient,
    function_name: str,
    data: Data,
    *,
    qualifier: str | None = None,
    content_type: str | None = None,
    accept: str = "application/json",
    idempotent: bool = False,
    attempts: int = ATTEMPTS,
    sleep: Callable[[float], None] = time.sleep,
    clock: Callable[[], float] = time.perf_counter,
    random: Callable[[], float] = random.random,
) -> Answer:
    """The answer of the endpoint behind a function, to what ``ask_endpoint`` takes.

    ``qualifier`` is the alias or version to ask: provisioned concurrency serves only those. Repeated is what surely
    was not carried out; for a model that is ``idempotent``, which a classifier is, also what may have been.

    Raises InvalidPayload for what cannot be sent or is larger than an event may be, InvocationFailed with the
    handler's own message if it answers with an error, FunctionFailed if the handler itself breaks.
    """
    body, sent_as = payload(data, content_type=content_type, max_bytes=MAX_BYTES)
    event = {"content_type": sent_as, "accept": accept, "body": base64.b64encode(body).decode()}
    pause, tries = jittered(sleep, random), 0

    def send() -> Any:
        nonlocal tries
        tries += 1
        return invoke_function(client, function_name, event, qualifier=qualifier, idempotent=idempotent).payload

    started = clock()
    while True:
        answer = ride_out(send, attempts=attempts, repeatable=idempotent, sleep=pause)
        if not idempotent or _status(answer) not in AGAIN or tries >= attempts:
            break
        pause(backoff_seconds(tries))
    milliseconds = (clock() - started) * 1000
    told, content_type_told = _body_of(function_name, answer)
    return Answer(
        endpoint=f"behind {function_name}",
        body=told,
        content_type=content_type_told,
        sent_as=sent_as,
        sent_bytes=len(body),
        milliseconds=milliseconds,
        retries=tries - 1,
    )


def _status(answer: Any) -> Any:
    return answer.get("statusCode") if isinstance(answer, Mapping) else None


def _body_of(function_name: str, answer: Any) -> tuple[bytes, str]:
    """The body and its content type, from the answer in the form of function URLs and API Gateways.

    https://docs.aws.amazon.com/lambda/latest/dg/urls-invocation.html#urls-payloads
    """
    if not isinstance(answer, Mapping) or not isinstance(answer.get("body"), str) or "statusCode" not in answer:
        raise InvocationFailed(
            f"behind {function_name}",
            None,
            f"{str(answer)[:200]!r}; expected statusCode, headers and body, as lambda_handler gives",
        )
    text, status = answer["body"], int(answer["statusCode"])
    if status >= REFUSED:
        raise InvocationFailed(f"behind {function_name}", status, text)
    body = base64.b64decode(text) if answer.get("isBase64Encoded") else text.encode()
    headers = {str(name).lower(): str(value) for name, value in (answer.get("headers") or {}).items()}
    return body, headers.get("content-type", "application/octet-stream")
