from __future__ import annotations

import io
import itertools
import json
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError
from botocore.response import StreamingBody
from botocore.stub import Stubber

from sm_raw.aws.clients import Clients
from sm_raw.aws.invoking.invoke import ask_endpoint, invoke_endpoint
from sm_raw.aws.invoking.predictions import Answer, Prediction
from sm_raw.errors import InvalidPayload, SmRawError

Stub = Callable[[str], Stubber]
PNG = b"\x89PNG\r\n\x1a\n..."
ASKED = {"EndpointName": "digits", "ContentType": "image/png", "Accept": "application/json", "Body": PNG}


def answer(stub: Stub, body: bytes, asked: dict[str, Any] = ASKED) -> None:
    response = {"Body": StreamingBody(io.BytesIO(body), len(body)), "ContentType": "application/json"}
    stub("sagemaker-runtime").add_response("invoke_endpoint", response, asked)


def test_the_answer_is_read_into_a_prediction_with_the_likeliest_first(clients: Clients, stub: Stub) -> None:
    answer(stub, json.dumps({"predictions": [{"labels": [1, "7", "4"], "scores": [0.2, 0.7, 0.1]}]}).encode())
    assert invoke_endpoint(clients.runtime, "digits", PNG) == Prediction(
        label="7", score=0.7, labels=("7", "1", "4"), scores=(0.7, 0.2, 0.1)
    )


def test_everything_else_is_stated_as_asked(clients: Clients, stub: Stub) -> None:
    asked = ASKED | {
        "ContentType": "application/x-image",
        "Accept": "application/json;v=2",
        "TargetVariant": "blue",
        "TargetModel": "dogs.tar.gz",
        "InferenceId": "request-7",
        "CustomAttributes": "trace=1",
        "TargetContainerHostname": "second",
    }
    answer(stub, b'{"predictions": [{"labels": ["7"], "scores": [1]}]}', asked)
    invoke_endpoint(
        clients.runtime,
        "digits",
        PNG,
        content_type="application/x-image",
        accept="application/json;v=2",
        variant="blue",
        target_model="dogs.tar.gz",
        inference_id="request-7",
        custom_attributes="trace=1",
        extra={"TargetContainerHostname": "second"},
    )


@pytest.mark.usefixtures("stub")
@pytest.mark.parametrize("attributes", ["a\r\nb: c", "grün", "x" * 1025])
def test_custom_attributes_that_fit_no_header_are_not_sent(clients: Clients, attributes: str) -> None:
    with pytest.raises(InvalidPayload, match="give at most 1024 visible ASCII characters"):
        invoke_endpoint(clients.runtime, "digits", PNG, custom_attributes=attributes)


def test_probabilities_are_named_by_labels(clients: Clients, stub: Stub) -> None:
    answer(stub, b"[0.1, 0.9]")
    assert invoke_endpoint(clients.runtime, "digits", PNG, labels=["cat", "dog"]).label == "dog"


def test_an_answer_tells_what_was_sent_and_what_came_back(clients: Clients, stub: Stub) -> None:
    response = {
        "Body": StreamingBody(io.BytesIO(b"1,2\n"), 4),
        "ContentType": "text/csv",
        "InvokedProductionVariant": "blue",
        "CustomAttributes": "trace=1-back",
        "ResponseMetadata": {"RetryAttempts": 1},
    }
    asked = {"EndpointName": "rows", "ContentType": "text/csv", "Accept": "text/csv", "Body": b"3,4\n"}
    stub("sagemaker-runtime").add_response("invoke_endpoint", response, asked)
    found = ask_endpoint(
        clients.runtime,
        "rows",
        [3, 4],
        content_type="text/csv",
        accept="text/csv",
        clock=itertools.count(0, 0.25).__next__,
    )
    assert found == Answer(
        endpoint="rows",
        body=b"1,2\n",
        content_type="text/csv",
        sent_as="text/csv",
        sent_bytes=4,
        variant="blue",
        custom_attributes="trace=1-back",
        milliseconds=250.0,
        retries=1,
    )
    assert found.value == [[1.0, 2.0]]


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"body",
        b"[]",
        b"{}",
        b'{"predictions": []}',
        b'{"predictions": [{"labels": [], "scores": []}]}',
        b'{"predictions": [{"labels": ["7"], "scores": [0.7, 0.3]}]}',
        b'{"predictions": [{"labels": ["7"], "scores": ["much"]}]}',
        b'{"predictions": [[0.1, 0.9]]}',
        b"\x93NUMPY\xff",
    ],
)
def test_an_answer_in_an_unknown_form_is_shown(clients: Clients, stub: Stub, body: bytes) -> None:
    answer(stub, body)
    with pytest.raises(SmRawError, match=r"'digits' answered in an unknown form: b'.*expected \{\"predictions\""):
        invoke_endpoint(clients.runtime, "digits", PNG)


def test_an_error_of_the_model_comes_with_the_containers_own_words(clients: Clients, stub: Stub) -> None:
    stub("sagemaker-runtime").add_client_error(
        "invoke_endpoint",
        "ModelError",
        "Received client error (415) from primary",
        http_status_code=424,
        expected_params=ASKED,
        response_meta={},
        modeled_fields={
            "OriginalStatusCode": 415,
            "OriginalMessage": "Unsupported content type: image/png",
            "LogStreamArn": "arn:aws:logs:us-east-1:123456789012:log-group:/aws/sagemaker/Endpoints/digits",
        },
    )
    with pytest.raises(SmRawError) as caught:
        invoke_endpoint(clients.runtime, "digits", PNG)
    assert str(caught.value) == (
        "the model of endpoint 'digits' failed with status 415: Unsupported content type: image/png; "
        "sent were 11 bytes as image/png; it takes other content types: state content_type, or let input_fn of the "
        "model take image/png; its log: arn:aws:logs:us-east-1:123456789012:log-group:/aws/sagemaker/Endpoints/digits"
    )


@pytest.mark.parametrize(("code", "status"), [("ValidationError", 413), ("413", 400)])
def test_a_refusal_of_the_size_tells_what_to_do(clients: Clients, stub: Stub, code: str, status: int) -> None:
    stub("sagemaker-runtime").add_client_error("invoke_endpoint", code, "HTTP content length exceeded.", status)
    with pytest.raises(InvalidPayload) as caught:
        invoke_endpoint(clients.runtime, "digits", PNG)
    assert str(caught.value) == (
        "the service refused 11 bytes as image/png: HTTP content length exceeded. To send it: "
        "resize it (a classifier looks at a few hundred pixels a side), or encode it as image/jpeg, or "
        "use an asynchronous endpoint (invoke_endpoint_async), which accepts 1,073,741,824"
    )


def test_other_refusals_pass_through(clients: Clients, stub: Stub) -> None:
    stub("sagemaker-runtime").add_client_error("invoke_endpoint", "ValidationError", "Endpoint digits not found", 400)
    with pytest.raises(ClientError, match="Endpoint digits not found"):
        invoke_endpoint(clients.runtime, "digits", PNG)


@pytest.mark.usefixtures("stub")
def test_nothing_is_sent_for_what_is_no_picture(clients: Clients) -> None:
    with pytest.raises(InvalidPayload):
        invoke_endpoint(clients.runtime, "digits", b"text")
