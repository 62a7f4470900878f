from __future__ import annotations

import base64
import json
from typing import Any

import pytest
from werkzeug.test import EnvironBuilder
from werkzeug.wrappers import Request

from sm_raw.local.functions.http_events import Visit, event_of, response_of
from sm_raw.local.functions.urls import lets_all_in

ARN = "arn:aws:lambda:us-east-1:123456789012:function:dogs:live"
VISIT = Visit("abc", "one", "anonymous", 1_600_000_000.5)


def event(path: str = "/", **fields: Any) -> dict[str, Any]:
    return event_of(Request(EnvironBuilder(path="/", **fields).get_environ()), path, VISIT)


def test_a_request_is_an_event_of_format_2() -> None:
    fields = {"method": "POST", "query_string": "a=1&a=2&b=", "base_url": "http://localhost:8080/"}
    headers = [("X-Kind", "pot"), ("Cookie", "a=1; b=2"), ("User-Agent", "curl")]
    told = event("/dogs", data="{}", content_type="application/json", headers=headers, **fields)
    context = told.pop("requestContext")
    assert told.pop("headers") == {
        **{"host": "localhost:8080", "x-kind": "pot", "user-agent": "curl"},
        **{"content-type": "application/json", "content-length": "2"},
    }
    assert told == {
        "version": "2.0",
        "routeKey": "$default",
        "rawPath": "/dogs",
        "rawQueryString": "a=1&a=2&b=",
        "cookies": ["a=1", "b=2"],
        "queryStringParameters": {"a": "1,2", "b": ""},
        "body": "{}",
        "isBase64Encoded": False,
    }
    assert context["http"] == {
        "method": "POST",
        "path": "/dogs",
        "protocol": "HTTP/1.1",
        "sourceIp": "127.0.0.1",
        "userAgent": "curl",
    }
    assert (context["time"], context["timeEpoch"]) == ("13/Sep/2020:12:26:40 +0000", 1_600_000_000_500)
    assert (context["apiId"], context["requestId"], context["accountId"]) == ("abc", "one", "anonymous")


@pytest.mark.parametrize(
    ("content_type", "encoded"),
    [("image/png", True), ("", True), ("text/csv", False), ("application/json; charset=utf-8", False)],
)
def test_a_body_that_is_no_text_is_base64(content_type: str, encoded: bool) -> None:
    told = event(method="POST", data=b"body", content_type=content_type)
    assert told["isBase64Encoded"] is encoded
    assert told["body"] == (base64.b64encode(b"body").decode() if encoded else "body")


def test_no_body_is_no_member() -> None:
    assert "body" not in event()


@pytest.mark.parametrize(
    ("answer", "status", "body", "content_type"),
    [
        ("tea", 200, b"tea", "application/json"),
        ({"a": "ü"}, 200, '{"a": "ü"}'.encode(), "application/json"),
        (None, 200, b"null", "application/json"),
        ({"statusCode": 404}, 404, b"", "application/json"),
        ({"statusCode": "201", "body": {"a": 1}}, 201, b'{"a": 1}', "application/json"),
        ({"statusCode": 200, "body": "/w==", "isBase64Encoded": True}, 200, b"\xff", "application/json"),
        ({"statusCode": 200, "headers": {"content-type": "image/png"}, "body": ""}, 200, b"", "image/png"),
    ],
)
def test_an_answer_is_a_response(answer: Any, status: int, body: bytes, content_type: str) -> None:
    response = response_of(json.dumps(answer).encode())
    assert (response.status_code, response.get_data(), response.content_type) == (status, body, content_type)


@pytest.mark.parametrize(
    "answer",
    [
        {"statusCode": "many"},
        {"statusCode": 200, "headers": [1]},
        {"statusCode": 200, "body": "%", "isBase64Encoded": True},
    ],
)
def test_an_answer_that_is_no_response_is_an_error(answer: Any) -> None:
    with pytest.raises(ValueError):  # noqa: PT011  (in whose words does not matter: the caller gets a 502)
        response_of(json.dumps(answer).encode())


OPEN = {"Effect": "Allow", "Action": "lambda:InvokeFunctionUrl", "Principal": "*", "Resource": ARN}


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({}, True),
        ({"Principal": {"AWS": "*"}}, True),
        ({"Principal": {"Service": "s3.amazonaws.com"}}, False),
        ({"Effect": "Deny"}, False),
        ({"Action": "lambda:InvokeFunction"}, False),
        ({"Resource": ARN.removesuffix(":live")}, False),
    ],
)
def test_only_a_statement_for_all_lets_all_in(change: dict[str, Any], expected: bool) -> None:
    assert lets_all_in({**OPEN, **change}, ARN) is expected
