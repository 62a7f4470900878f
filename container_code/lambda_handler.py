"""The Lambda function in front of an endpoint: a picture in, the endpoint's answer out.

The endpoint is the one in ENDPOINT_NAME; the handler is ``lambda_handler.handler``. An event is one of

    an HTTP request of a function URL or an API Gateway: the picture is its body, told by its content-type header
    {"content_type": "image/png", "body": "... base64 ..."}
    {"bucket": "photos", "key": "dogs/7.jpg"}        with "content_type" unless the object in S3 has the right one

and the answer is {"statusCode", "headers", "body", "isBase64Encoded"}. 4xx is the caller's fault, judged here or by the
model; 502 the model's, 503 means to try again later, 504 that it took too long. Needs boto3 alone, which Lambda has.
"""

from __future__ import annotations

import base64
import binascii
import functools
import json
import os
from http import HTTPStatus
from typing import Any, Mapping, NamedTuple

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError, ConnectionError, HTTPClientError

# The longest Body of InvokeEndpoint: https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_runtime_InvokeEndpoint.html
# An event of Lambda is no longer than that as JSON, where base64 takes a third more: what is larger comes through S3.
# https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
MAX_PAYLOAD_BYTES = 6_291_456
# A model has 60 seconds, and then SageMaker itself answers.
READ_TIMEOUT_SECONDS = 65
ANY = "*/*"
NOT_FOUND = {"NoSuchKey", "NoSuchBucket", "404"}
BUSY = {"ThrottlingException", "ServiceUnavailable", "ModelNotReadyException"}


class Refused(Exception):
    """The event cannot be answered; the message is for the caller."""

    def __init__(self, status: HTTPStatus, message: str) -> None:
        super().__init__(message)
        self.status = status


class Payload(NamedTuple):
    body: bytes
    content_type: str
    accept: str


def handler(event: Any, context: Any) -> dict[str, Any]:
    """What Lambda calls."""
    return respond(event, os.environ.get("ENDPOINT_NAME", ""), client)


@functools.cache
def client(service: str) -> Any:
    """A boto3 client; each is made once and serves every event of its environment."""
    return boto3.client(service, config=Config(read_timeout=READ_TIMEOUT_SECONDS, retries={"total_max_attempts": 2}))


def respond(event: Any, endpoint_name: str, clients: Any) -> dict[str, Any]:
    """The answer to one event; ``clients`` gives the client of a service, such as ``client``."""
    try:
        if not endpoint_name:
            raise Refused(HTTPStatus.INTERNAL_SERVER_ERROR, "the function's environment has no ENDPOINT_NAME; set it")
        return _invoke(_payload(event, clients), endpoint_name, clients)
    except Refused as refused:
        body = json.dumps({"error": str(refused)})
        return _answer(refused.status, "application/json", body.encode())


def _payload(event: Any, clients: Any) -> Payload:
    if not isinstance(event, dict):
        raise Refused(HTTPStatus.BAD_REQUEST, f"the event is a {type(event).__name__}; give an object")
    if "headers" in event or "requestContext" in event:
        payload = _from_http(event)
    elif "bucket" in event or "key" in event:
        payload = _from_s3(event, clients)
    elif "body" in event:
        body = _decoded(event["body"])
        payload = Payload(body, _text(event.get("content_type")), _text(event.get("accept")) or ANY)
    else:
        raise Refused(
            HTTPStatus.BAD_REQUEST,
            'the event has no body; give {"content_type", "body"} with the body in base64, or {"bucket", "key"}',
        )
    return _checked(payload)


def _from_http(event: Mapping[str, Any]) -> Payload:
    given = event.get("headers")
    headers = {str(name).lower(): _text(value) for name, value in given.items()} if isinstance(given, dict) else {}
    body = event.get("body") or ""
    data = _decoded(body) if event.get("isBase64Encoded") else _text(body).encode()
    return Payload(data, headers.get("content-type", ""), headers.get("accept") or ANY)


def _from_s3(event: Mapping[str, Any], clients: Any) -> Payload:
    bucket, key = _text(event.get("bucket")), _text(event.get("key"))
    if not bucket or not key:
        raise Refused(HTTPStatus.BAD_REQUEST, "an object in S3 needs both bucket and key, as text")
    try:
        found = clients("s3").get_object(Bucket=bucket, Key=key)
        # Its length is known before a byte of it is fetched.
        _check_size(found["ContentLength"])
        body = found["Body"].read()
    except ClientError as error:
        status = HTTPStatus.NOT_FOUND if _code(error) in NOT_FOUND else HTTPStatus.BAD_GATEWAY
        raise Refused(status, f"s3://{bucket}/{key} cannot be read: {error}") from error
    return Payload(body, _text(event.get("content_type")) or found["ContentType"], _text(event.get("accept")) or ANY)


def _checked(payload: Payload) -> Payload:
    if not payload.body:
        raise Refused(HTTPStatus.BAD_REQUEST, "the body is empty; give the bytes of a picture")
    _check_size(len(payload.body))
    if not payload.content_type:
        raise Refused(
            HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "no content type is given; say what the body is, such as image/jpeg"
        )
    return payload


def _check_size(size: int) -> None:
    if size > MAX_PAYLOAD_BYTES:
        raise Refused(
            HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
            f"the body has {size:,} bytes; an endpoint takes {MAX_PAYLOAD_BYTES:,} at most: send a smaller picture",
        )


def _invoke(payload: Payload, endpoint_name: str, clients: Any) -> dict[str, Any]:
    try:
        found = clients("sagemaker-runtime").invoke_endpoint(
            EndpointName=endpoint_name, ContentType=payload.content_type, Accept=payload.accept, Body=payload.body
        )
        return _answer(HTTPStatus.OK, found.get("ContentType") or "application/octet-stream", found["Body"].read())
    except ClientError as error:
        raise _refusal(error, endpoint_name) from error
    except (ConnectionError, HTTPClientError) as error:  # no answer, or none in time
        raise Refused(HTTPStatus.GATEWAY_TIMEOUT, f"endpoint {endpoint_name!r} does not answer: {error}") from error


def _refusal(error: ClientError, endpoint_name: str) -> Refused:
    """The service's refusal as an answer: what the model itself refused as the caller's fault stays that."""
    code, told = _code(error), error.response.get("Error", {}).get("Message", "")
    if code != "ModelError":
        status = HTTPStatus.SERVICE_UNAVAILABLE if code in BUSY or _has_failed(error) else HTTPStatus.BAD_GATEWAY
        return Refused(status, f"endpoint {endpoint_name!r} refuses: {code}: {told}")
    message = error.response.get("OriginalMessage") or told
    if "timed out" in message.lower():
        return Refused(HTTPStatus.GATEWAY_TIMEOUT, f"the model took too long: {message}")
    original = error.response.get("OriginalStatusCode", 0)
    if original in _client_errors():
        return Refused(HTTPStatus(original), message)
    return Refused(HTTPStatus.BAD_GATEWAY, f"the model failed with status {original}: {message}")


def _has_failed(error: ClientError) -> bool:
    """Whether the service itself is in trouble, whatever it calls that."""
    return error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0) >= HTTPStatus.INTERNAL_SERVER_ERROR


def _client_errors() -> set[int]:
    return {int(status) for status in HTTPStatus if 400 <= status < 500}


def _answer(status: HTTPStatus, content_type: str, body: bytes) -> dict[str, Any]:
    """Text goes as it is, all else in base64: an answer of Lambda is JSON."""
    kind = content_type.partition(";")[0].strip().lower()
    is_text = kind.startswith("text/") or kind == "application/json" or kind.endswith("+json")
    return {
        "statusCode": int(status),
        "headers": {"content-type": content_type},
        "body": body.decode(errors="replace") if is_text else base64.b64encode(body).decode(),
        "isBase64Encoded": not is_text,
    }


def _decoded(body: Any) -> bytes:
    try:
        return base64.b64decode(_text(body), validate=True)
    except (binascii.Error, ValueError) as error:
        raise Refused(HTTPStatus.BAD_REQUEST, f"the body is no base64: {error}") from error


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""


def _code(error: ClientError) -> str:
    return str(error.response.get("Error", {}).get("Code", ""))
