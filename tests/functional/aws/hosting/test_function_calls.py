from __future__ import annotations

import base64
import io
import json
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ReadTimeoutError
from botocore.response import StreamingBody
from botocore.stub import Stubber

from sm_raw.aws.clients import Clients
from sm_raw.aws.hosting.function_calls import MAX_EVENT_BYTES, invoke_function
from sm_raw.errors import FunctionFailed, SmRawError

Stub = Callable[[str], Stubber]
LOG = "START RequestId: 1 Version: 3\n[ERROR] KeyError: 'body'\nEND RequestId: 1\n"


def answer(body: bytes, **members: Any) -> dict[str, Any]:
    log = base64.b64encode(LOG.encode()).decode()
    return {"StatusCode": 200, "Payload": StreamingBody(io.BytesIO(body), len(body)), "LogResult": log, **members}


def test_the_answer_is_decoded_and_comes_with_version_and_log(clients: Clients, stub: Stub) -> None:
    request = {"FunctionName": "f", "Payload": b'{"a": 1}', "LogType": "Tail", "Qualifier": "live"}
    stub("lambda").add_response("invoke", answer(b'{"statusCode": 200}', ExecutedVersion="3"), request)
    found = invoke_function(clients.awslambda, "f", {"a": 1}, qualifier="live")
    assert (found.payload, found.version) == ({"statusCode": 200}, "3")
    assert found.log_tail == tuple(LOG.splitlines())


@pytest.mark.parametrize(("body", "payload"), [(b"null", None), (b"", None), (b"plain text", "plain text")])
def test_what_is_no_json_is_text_and_nothing_is_none(
    clients: Clients, stub: Stub, body: bytes, payload: object
) -> None:
    stub("lambda").add_response("invoke", answer(body))
    found = invoke_function(clients.awslambda, "f", {})
    assert (found.payload, found.version) == (payload, "$LATEST")


def test_an_error_in_the_function_carries_its_type_message_stack_and_log(clients: Clients, stub: Stub) -> None:
    frame = '  File "/var/task/lambda_handler.py", line 3, in handler\n    event["body"]\n'
    told = {"errorType": "KeyError", "errorMessage": "'body'", "stackTrace": [frame]}
    stub("lambda").add_response("invoke", answer(json.dumps(told).encode(), FunctionError="Unhandled"))
    with pytest.raises(FunctionFailed) as raised:
        invoke_function(clients.awslambda, "f", {})
    failure = raised.value
    assert (failure.function, failure.error_type, failure.message) == ("f", "KeyError", "'body'")
    assert failure.stack_trace == tuple(frame.splitlines())
    assert failure.log_tail[1] == "[ERROR] KeyError: 'body'"
    assert str(failure).splitlines()[:2] == ["function 'f' failed: KeyError: 'body'", "its stack trace:"]
    assert not failure.handled


def test_an_error_without_a_type_is_told_by_what_the_service_calls_it(clients: Clients, stub: Stub) -> None:
    body = b'{"errorMessage": "2026-01-01 Task timed out after 3.00 seconds"}'
    stub("lambda").add_response("invoke", answer(body, FunctionError="Handled"))
    with pytest.raises(FunctionFailed, match="Handled: 2026-01-01 Task timed out") as raised:
        invoke_function(clients.awslambda, "f", {})
    assert raised.value.handled


@pytest.mark.parametrize(
    ("event", "told"),
    [
        ({"a": {1, 2}}, "the event is no JSON"),
        ({"a": float("nan")}, "the event is no JSON"),
        ({"a": "x" * MAX_EVENT_BYTES}, "6,291,465 bytes of JSON, and a function takes 6,291,456"),
    ],
    ids=["set", "nan", "too long"],
)
def test_an_event_that_cannot_be_sent_is_refused_here(clients: Clients, event: object, told: str) -> None:
    with pytest.raises(SmRawError, match=told):
        invoke_function(clients.awslambda, "f", event)


def test_a_call_that_may_have_run_is_not_repeated(clients: Clients, monkeypatch: pytest.MonkeyPatch) -> None:
    sent = []

    def send(self: object, request: object) -> None:
        sent.append(request)
        raise ReadTimeoutError(endpoint_url="x")

    monkeypatch.setattr("botocore.httpsession.URLLib3Session.send", send)
    with pytest.raises(ReadTimeoutError):
        invoke_function(clients.awslambda, "f", {})
    assert len(sent) == 1
