from __future__ import annotations

import base64
import io
import json
from collections.abc import Callable
from types import ModuleType
from typing import Any

import pytest
from botocore.exceptions import ClientError, ReadTimeoutError

PICTURE = b"\x89PNG\r\n\x1a\n picture"
BASE64 = base64.b64encode(PICTURE).decode()
ANSWER = b'{"predictions": []}'
JSON_ANSWER = {
    "statusCode": 200,
    "headers": {"content-type": "application/json"},
    "body": ANSWER.decode(),
    "isBase64Encoded": False,
}
PLAIN = {"content_type": "image/png", "body": BASE64}


class Service:
    """One client for both services: it keeps the calls, and answers or raises what it was given."""

    def __init__(self, answer: Any = None, stored: Any = None) -> None:
        self.answer = {"ContentType": "application/json", "Body": io.BytesIO(ANSWER)} if answer is None else answer
        self.stored = stored
        self.calls: list[dict[str, Any]] = []

    def __call__(self, service: str) -> Service:
        return self

    def invoke_endpoint(self, **request: Any) -> Any:
        return self._told(request, self.answer)

    def get_object(self, **request: Any) -> Any:
        return self._told(request, self.stored)

    def _told(self, request: dict[str, Any], answer: Any) -> Any:
        self.calls.append(request)
        if isinstance(answer, Exception):
            raise answer
        return answer


@pytest.fixture(scope="module")
def function(script: Callable[[str], ModuleType]) -> ModuleType:
    return script("lambda_handler")


def invoked(content_type: str = "image/png", accept: str = "*/*", body: bytes = PICTURE) -> dict[str, Any]:
    return {"EndpointName": "dogs", "ContentType": content_type, "Accept": accept, "Body": body}


def stored(body: bytes = PICTURE, size: int | None = None) -> dict[str, Any]:
    return {
        "ContentLength": len(body) if size is None else size,
        "ContentType": "image/jpeg",
        "Body": io.BytesIO(body),
    }


@pytest.mark.parametrize(
    ("event", "call"),
    [
        (PLAIN, invoked()),
        ({**PLAIN, "accept": "application/json"}, invoked(accept="application/json")),
        (
            {"headers": {"Content-Type": "image/png"}, "body": BASE64, "isBase64Encoded": True},
            invoked(),
        ),
        (
            {"headers": {"content-type": "text/csv", "ACCEPT": "text/csv"}, "body": "1,é", "isBase64Encoded": False},
            invoked("text/csv", "text/csv", "1,é".encode()),
        ),
    ],
)
def test_the_endpoint_gets_the_bytes_whatever_brings_them(
    function: ModuleType, event: dict[str, Any], call: dict[str, Any]
) -> None:
    service = Service()
    assert function.respond(event, "dogs", service) == JSON_ANSWER
    assert service.calls == [call]


@pytest.mark.parametrize(("given", "sent"), [({}, "image/jpeg"), ({"content_type": "image/png"}, "image/png")])
def test_a_picture_in_s3_is_fetched_with_its_content_type(
    function: ModuleType, given: dict[str, str], sent: str
) -> None:
    service = Service(stored=stored())
    assert function.respond({"bucket": "photos", "key": "7.jpg", **given}, "dogs", service) == JSON_ANSWER
    assert service.calls == [{"Bucket": "photos", "Key": "7.jpg"}, invoked(sent)]


def test_an_answer_that_is_no_text_goes_in_base64(function: ModuleType) -> None:
    service = Service({"ContentType": "application/x-npy", "Body": io.BytesIO(b"\x93NUMPY")})
    assert function.respond(PLAIN, "dogs", service) == {
        "statusCode": 200,
        "headers": {"content-type": "application/x-npy"},
        "body": base64.b64encode(b"\x93NUMPY").decode(),
        "isBase64Encoded": True,
    }


def error(code: str, **more: Any) -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": "told"}, **more}, "InvokeEndpoint")


def model_error(status: int, message: str) -> ClientError:
    return error("ModelError", OriginalStatusCode=status, OriginalMessage=message)


S3_OBJECT = {"bucket": "photos", "key": "7.jpg"}


@pytest.mark.parametrize(
    ("event", "service", "status", "said"),
    [
        ([], Service(), 400, "the event is a list; give an object"),
        ({}, Service(), 400, "the event has no body"),
        ({"content_type": "image/png", "body": "no base64!"}, Service(), 400, "the body is no base64"),
        ({"content_type": "image/png", "body": "é"}, Service(), 400, "the body is no base64"),
        ({"content_type": "image/png", "body": ""}, Service(), 400, "the body is empty"),
        ({"headers": None, "body": None}, Service(), 400, "the body is empty"),
        ({"body": BASE64}, Service(), 415, "no content type is given; say what the body is, such as image/jpeg"),
        ({"bucket": "photos"}, Service(), 400, "needs both bucket and key"),
        (S3_OBJECT, Service(stored=error("NoSuchKey")), 404, "s3://photos/7.jpg cannot be read"),
        (S3_OBJECT, Service(stored=error("AccessDenied")), 502, "s3://photos/7.jpg cannot be read"),
        (S3_OBJECT, Service(stored=stored(size=6_291_457)), 413, "the body has 6,291,457 bytes"),
        (PLAIN, Service(model_error(415, "only jpeg")), 415, "only jpeg"),
        (PLAIN, Service(model_error(500, "out of memory")), 502, "the model failed with status 500: out of memory"),
        (PLAIN, Service(model_error(0, "Your invocation timed out")), 504, "the model took too long"),
        (PLAIN, Service(error("ThrottlingException")), 503, "refuses: ThrottlingException: told"),
        (PLAIN, Service(error("InternalFailure", ResponseMetadata={"HTTPStatusCode": 500})), 503, "InternalFailure"),
        (PLAIN, Service(error("ValidationError")), 502, "endpoint 'dogs' refuses: ValidationError: told"),
        (PLAIN, Service(ReadTimeoutError(endpoint_url="https://x")), 504, "endpoint 'dogs' does not answer"),
    ],
)
def test_what_cannot_be_answered_says_whose_fault_it_is(
    function: ModuleType, event: Any, service: Service, status: int, said: str
) -> None:
    answer = function.respond(event, "dogs", service)
    assert (answer["statusCode"], answer["headers"]) == (status, {"content-type": "application/json"})
    assert said in json.loads(answer["body"])["error"]


def test_a_body_of_the_longest_length_is_sent_and_one_more_byte_is_not(function: ModuleType) -> None:
    def status(length: int) -> int:
        event = {"content_type": "image/png", "body": base64.b64encode(bytes(length)).decode()}
        return int(function.respond(event, "dogs", Service())["statusCode"])

    assert [status(function.MAX_PAYLOAD_BYTES + more) for more in (0, 1)] == [200, 413]


def test_the_handler_takes_the_endpoint_from_its_environment(
    function: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    service = Service()
    monkeypatch.setattr(function, "client", service)
    monkeypatch.delenv("ENDPOINT_NAME", raising=False)
    assert "no ENDPOINT_NAME" in function.handler(PLAIN, None)["body"]
    monkeypatch.setenv("ENDPOINT_NAME", "dogs")
    assert function.handler(PLAIN, None) == JSON_ANSWER
    assert service.calls == [invoked()]


def test_a_client_is_made_once(function: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    made = []
    monkeypatch.setattr(function.boto3, "client", lambda service, config: made.append(service))
    function.client.cache_clear()
    for _ in range(2):
        function.client("s3")
    function.client.cache_clear()
    assert made == ["s3"]
