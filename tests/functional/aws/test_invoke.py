from __future__ import annotations

import io
import json
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError
from botocore.response import StreamingBody
from botocore.stub import Stubber

from sm_raw.aws.clients import Clients
from sm_raw.aws.invoke import Prediction, invoke_endpoint
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


def test_variant_type_and_accepted_type_are_stated_as_asked(clients: Clients, stub: Stub) -> None:
    asked = ASKED | {"ContentType": "application/x-image", "Accept": "application/json;v=2", "TargetVariant": "blue"}
    answer(stub, b'{"predictions": [{"labels": ["7"], "scores": [1]}]}', asked)
    invoke_endpoint(
        clients.runtime,
        "digits",
        PNG,
        content_type="application/x-image",
        accept="application/json;v=2",
        variant="blue",
    )


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
        "its log: arn:aws:logs:us-east-1:123456789012:log-group:/aws/sagemaker/Endpoints/digits"
    )


def test_other_refusals_pass_through(clients: Clients, stub: Stub) -> None:
    stub("sagemaker-runtime").add_client_error("invoke_endpoint", "ValidationError", "Endpoint digits not found", 400)
    with pytest.raises(ClientError, match="Endpoint digits not found"):
        invoke_endpoint(clients.runtime, "digits", PNG)


@pytest.mark.usefixtures("stub")
def test_nothing_is_sent_for_what_is_no_picture(clients: Clients) -> None:
    with pytest.raises(InvalidPayload):
        invoke_endpoint(clients.runtime, "digits", b"text")
