"""Invoke: https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html"""

from __future__ import annotations

import base64
import binascii
import json
from typing import Any

from werkzeug.datastructures import Headers
from werkzeug.wrappers import Response

from sm_raw.local.engine import Engine
from sm_raw.local.functions.described import Function, find_function, function_arn
from sm_raw.local.functions.environment import Invocation, Outcome
from sm_raw.local.functions.pool import Pool
from sm_raw.local.functions.provisioned import reserved_concurrency
from sm_raw.local.functions.refusals import out_of_constraint, too_large
from sm_raw.local.protocol import ServiceError

SYNCHRONOUS, ASYNCHRONOUS, DRY_RUN = "RequestResponse", "Event", "DryRun"
# https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
MAX_EVENT_BYTES = {SYNCHRONOUS: 6_291_456, ASYNCHRONOUS: 1_048_576, DRY_RUN: 6_291_456}
MAX_CLIENT_CONTEXT_BYTES = 3583
# Seconds before the second and the third try of an asynchronous event that failed:
# https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-error-handling.html
RETRY_SECONDS = (60, 120)
# An event that is throttled goes on waiting; Lambda waits longer each time, from a second on.
FIRST_THROTTLED_SECONDS = 1.0
LONGEST_THROTTLED_SECONDS = 300.0


def invoke(
    engine: Engine, pool: Pool, region: str, name: str, qualifier: str | None, headers: Headers, body: bytes
) -> Response:
    """The answer to one call. What the function did wrong is an answer, too, with X-Amz-Function-Error."""
    kind = headers.get("X-Amz-Invocation-Type", SYNCHRONOUS)
    event = _event(kind, body)
    context = _client_context(headers.get("X-Amz-Client-Context", ""))
    client = engine.client("lambda", region)
    function = find_function(client, region, name, qualifier)
    invocation = Invocation(event, function_arn(region, name, qualifier), context)
    answered = {"x-amzn-RequestId": invocation.request_id, "X-Amz-Executed-Version": function.version}
    if kind == DRY_RUN:
        return Response(status=204, headers=answered)
    if kind == ASYNCHRONOUS:
        delivery = Delivery(engine, pool, function, Invocation(event, invocation.arn, None, invocation.request_id))
        engine.start(f"event for {name}", delivery.deliver)
        return Response(status=202, headers=answered)
    outcome = run_once(pool, function, invocation, reserved_concurrency(client, name))
    if outcome.failed:
        answered["X-Amz-Function-Error"] = "Unhandled"
    if headers.get("X-Amz-Log-Type") == "Tail":
        answered["X-Amz-Log-Result"] = base64.b64encode(outcome.log_tail).decode()
    return Response(outcome.payload, headers=answered, content_type="application/json")


def run_once(pool: Pool, function: Function, invocation: Invocation, reserved: int | None) -> Outcome:
    """Run an invocation in an environment of the pool."""
    environment = pool.acquire(function, reserved)
    try:
        return environment.invoke(invocation)
    finally:
        pool.release(environment)


class Delivery:
    """An asynchronous event, delivered until the function takes it or has failed too often."""

    def __init__(self, engine: Engine, pool: Pool, function: Function, invocation: Invocation) -> None:
        self._engine, self._pool, self._function, self._invocation = engine, pool, function, invocation
        self._client = engine.client("lambda", function.region)

    def deliver(self) -> None:
        """Try as often as the function's configuration says; by default twice more, after one and two minutes."""
        for pause in (*RETRY_SECONDS[: self._retries()], None):
            if not self._try() or pause is None or self._engine.closing.wait(pause):
                return

    def _try(self) -> bool:
        """Whether it is to be tried again."""
        seconds = FIRST_THROTTLED_SECONDS
        while not self._engine.closing.is_set():
            try:
                reserved = reserved_concurrency(self._client, self._function.name)
                return run_once(self._pool, self._function, self._invocation, reserved).failed
            except ServiceError as error:
                if error.code != "TooManyRequestsException":  # The function has been deleted.
                    return False
            self._engine.closing.wait(seconds)
            seconds = min(2 * seconds, LONGEST_THROTTLED_SECONDS)
        return False

    def _retries(self) -> int:
        try:
            found = self._client.get_function_event_invoke_config(FunctionName=self._function.name)
        except self._client.exceptions.ResourceNotFoundException:
            return len(RETRY_SECONDS)
        return int(found.get("MaximumRetryAttempts", len(RETRY_SECONDS)))


def _event(kind: str, body: bytes) -> str:
    """The event as JSON text; nothing stands for an empty object."""
    if kind not in MAX_EVENT_BYTES:
        raise out_of_constraint(kind, "invocationType", f"satisfy enum value set: [{', '.join(MAX_EVENT_BYTES)}]")
    limit = MAX_EVENT_BYTES[kind]
    if len(body) > limit:
        raise too_large(limit, "InvokeFunction")
    try:
        text = body.decode() or "{}"
        json.loads(text)
    except (ValueError, RecursionError) as error:
        reason = f"Could not parse request body into json: Could not parse payload into json: {error}"
        raise ServiceError("InvalidRequestContentException", reason) from None
    return text


def _client_context(header: str) -> Any:
    if not header:
        return None
    if len(header) > MAX_CLIENT_CONTEXT_BYTES:
        reason = f"Client context must be at most {MAX_CLIENT_CONTEXT_BYTES} bytes."
        raise ServiceError("InvalidRequestContentException", reason)
    try:
        return json.loads(base64.b64decode(header, validate=True))
    except (binascii.Error, ValueError, RecursionError):
        reason = "Client context must be a valid Base64-encoded JSON object."
        raise ServiceError("InvalidRequestContentException", reason) from None
