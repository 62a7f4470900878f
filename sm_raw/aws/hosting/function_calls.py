"""A Lambda function asked directly: its answer, or its error with stack trace and log."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sm_raw.aws.invoking.safe_repeats import only_safe_repeats
from sm_raw.errors import FunctionFailed, SmRawError

if TYPE_CHECKING:
    from types_boto3_lambda import LambdaClient

MAX_EVENT_BYTES = 6_291_456
"""Of a call that waits for the answer: https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html"""


@dataclass(frozen=True)
class FunctionAnswer:
    """What a function gave back. ``payload``: the JSON decoded; ``log_tail``: the last lines of this call's log."""

    payload: Any
    version: str
    log_tail: tuple[str, ...] = ()


def invoke_function(
    client: LambdaClient, name: str, event: Any, *, qualifier: str | None = None, idempotent: bool = False
) -> FunctionAnswer:
    """Call a function with an event that JSON can hold, and wait for its answer.

    ``qualifier`` is an alias or a version; provisioned concurrency serves only those. botocore repeats the call only
    after refusals that prove that the function has not run, such as throttling, unless it is ``idempotent``.

    Raises FunctionFailed with the type, message, stack trace and log tail of an error in the function; SmRawError for
    an event that JSON cannot hold, or that is longer than 6 MB.
    """
    request: dict[str, Any] = {"FunctionName": name, "Payload": _encoded(event), "LogType": "Tail"}
    if qualifier is not None:
        request["Qualifier"] = qualifier
    with only_safe_repeats(client, "Invoke", repeatable=idempotent):
        response = client.invoke(**request)
    body = response["Payload"].read()
    log_tail = tuple(base64.b64decode(response.get("LogResult", "")).decode(errors="replace").splitlines())
    if "FunctionError" in response:
        raise _failure(name, response["FunctionError"], body, log_tail)
    return FunctionAnswer(_decoded(body), response.get("ExecutedVersion", "$LATEST"), log_tail)


def _encoded(event: Any) -> bytes:
    try:
        text = json.dumps(event, allow_nan=False).encode()
    except (TypeError, ValueError) as error:
        raise SmRawError(f"the event is no JSON: {error}; give text, numbers, lists and maps") from error
    if len(text) > MAX_EVENT_BYTES:
        raise SmRawError(
            f"the event is {len(text):,} bytes of JSON, and a function takes {MAX_EVENT_BYTES:,}: "
            "put what is large into S3 and name it in the event"
        )
    return text


def _decoded(body: bytes) -> Any:
    """JSON, as Python functions answer; text where a runtime of one's own answers with something else."""
    text = body.decode(errors="replace")
    try:
        return json.loads(text) if text else None
    except ValueError:
        return text


def _failure(name: str, kind: str, body: bytes, log_tail: tuple[str, ...]) -> FunctionFailed:
    """https://docs.aws.amazon.com/lambda/latest/dg/python-exceptions.html"""
    told = _decoded(body)
    fields: Mapping[str, Any] = told if isinstance(told, Mapping) else {"errorMessage": told}
    trace = fields.get("stackTrace") or ()
    return FunctionFailed(
        name,
        str(fields.get("errorType") or kind),
        str(fields.get("errorMessage") or ""),
        stack_trace=[line for part in trace for line in str(part).splitlines()],
        log_tail=log_tail,
        handled=kind == "Handled",
    )
