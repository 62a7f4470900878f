"""A picture by way of a function: the event that is sent, and what the answers are taken for."""

from __future__ import annotations

import base64
import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from botocore.response import StreamingBody
from botocore.stub import ANY, Stubber

from sm_raw.aws.clients import Clients
from sm_raw.aws.invoking.by_function import MAX_BYTES, ask_function
from sm_raw.errors import InvalidPayload, InvocationFailed

Stub = Callable[[str], Stubber]
PNG = b"\x89PNG\r\n\x1a\n..."
PREDICTION = {"predictions": [{"labels": ["cat", "dog"], "scores": [0.75, 0.25]}]}


def http(body: str, status: int = 200, *, encoded: bool = False) -> dict[str, Any]:
    headers = {"Content-Type": "application/json"}
    return {"statusCode": status, "headers": headers, "body": body, "isBase64Encoded": encoded}


def answering(stub: Stub, answer: Any, payload: Any = ANY) -> None:
    raw = json.dumps(answer).encode()
    response = {"StatusCode": 200, "ExecutedVersion": "1", "Payload": StreamingBody(io.BytesIO(raw), len(raw))}
    asked = {"FunctionName": "f", "Qualifier": "live", "LogType": "Tail", "Payload": payload}
    stub("lambda").add_response("invoke", response, asked)


def test_the_picture_goes_in_base64_and_the_prediction_comes_back(clients: Clients, stub: Stub, tmp_path: Path) -> None:
    picture = tmp_path / "picture.png"
    picture.write_bytes(PNG)
    event = {"content_type": "image/png", "accept": "application/json", "body": base64.b64encode(PNG).decode()}
    answering(stub, http(json.dumps(PREDICTION)), json.dumps(event).encode())
    answer = ask_function(clients.awslambda, "f", picture, qualifier="live")
    assert (answer.sent_as, answer.sent_bytes) == ("image/png", len(PNG))
    assert answer.prediction().label == "cat"


def test_an_answer_in_base64_is_decoded(clients: Clients, stub: Stub) -> None:
    answering(stub, http(base64.b64encode(json.dumps(PREDICTION).encode()).decode(), encoded=True))
    assert ask_function(clients.awslambda, "f", PNG, qualifier="live").prediction().score == 0.75


def test_what_the_handler_refuses_is_told_with_its_status(clients: Clients, stub: Stub) -> None:
    answering(stub, http('{"error": "no picture"}', 415))
    with pytest.raises(InvocationFailed, match=r"behind f.*status 415.*no picture") as failure:
        ask_function(clients.awslambda, "f", PNG, qualifier="live")
    assert failure.value.status == 415


@pytest.mark.parametrize("answer", [None, "text", {"statusCode": 200}, {"body": "x"}, [1]])
def test_an_answer_in_another_form_is_none(clients: Clients, stub: Stub, answer: Any) -> None:
    answering(stub, answer)
    with pytest.raises(InvocationFailed, match="expected statusCode, headers and body"):
        ask_function(clients.awslambda, "f", PNG, qualifier="live")


def test_what_no_event_can_hold_is_not_sent(clients: Clients, stub: Stub) -> None:
    with pytest.raises(InvalidPayload, match=f"{MAX_BYTES:,}"):
        ask_function(clients.awslambda, "f", PNG + bytes(MAX_BYTES), qualifier="live")


@pytest.mark.parametrize("status", [429, 503, 504])
def test_a_classifier_that_is_busy_is_asked_again(clients: Clients, stub: Stub, fake_time: Any, status: int) -> None:
    answering(stub, http('{"error": "busy"}', status))
    answering(stub, http(json.dumps(PREDICTION)))
    answer = ask_function(clients.awslambda, "f", PNG, qualifier="live", idempotent=True, sleep=fake_time.sleep)
    assert (answer.prediction().label, answer.retries) == ("cat", 1)
    assert len(fake_time.pauses) == 1


def test_an_endpoint_that_stays_busy_is_told(clients: Clients, stub: Stub, fake_time: Any) -> None:
    for _ in range(3):
        answering(stub, http('{"error": "busy"}', 503))
    with pytest.raises(InvocationFailed, match="status 503"):
        ask_function(clients.awslambda, "f", PNG, qualifier="live", idempotent=True, attempts=3, sleep=fake_time.sleep)


def test_what_may_have_changed_something_is_not_asked_again(clients: Clients, stub: Stub, fake_time: Any) -> None:
    answering(stub, http('{"error": "no answer"}', 504))
    with pytest.raises(InvocationFailed, match="status 504"):
        ask_function(clients.awslambda, "f", PNG, qualifier="live", sleep=fake_time.sleep)
