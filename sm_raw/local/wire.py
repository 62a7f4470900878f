"""What a request of any service asks for, and an error as that service would send it: AWS speaks five protocols."""

from __future__ import annotations

import functools
import html
import io
import json
import re
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs

from werkzeug.wrappers import Request, Response

from sm_raw.local.protocol import ServiceError, service_model

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment
    from botocore.model import OperationModel

JSON = "application/x-amz-json-1.1"
XML = "text/xml"
FORM = "application/x-www-form-urlencoded"
# The scope of a signature, in its header or in a presigned URL: date, region, service.
SCOPE = re.compile(r"/\d{8}/(?P<region>[a-z0-9-]+)/(?P<service>[a-z0-9-]+)/aws4_request")
# Services that sign with another name than boto3's.
SIGNING_NAMES = {"monitoring": "cloudwatch", "states": "stepfunctions", "email": "ses"}
# Services without a target in their requests; the others of that sort speak the query protocol.
PROTOCOLS = {"s3": "rest-xml", "ec2": "ec2", "lambda": "rest-json", "sagemaker-runtime": "rest-json"}
# {Bucket} or {Key+} of a model's path, after re.escape.
PATH_PARAMETER = re.compile(r"\\\{\w+(\\\+)?\\\}")
LOCATIONS = ("querystring", "header")
XML_ERRORS = {
    "query": "<ErrorResponse><Error><Type>{side}</Type><Code>{code}</Code><Message>{message}</Message></Error>"
    "<RequestId>{request}</RequestId></ErrorResponse>",
    "ec2": "<Response><Errors><Error><Code>{code}</Code><Message>{message}</Message></Error></Errors>"
    "<RequestID>{request}</RequestID></Response>",
    "rest-xml": '<?xml version="1.0" encoding="UTF-8"?>\n'
    "<Error><Code>{code}</Code><Message>{message}</Message><RequestId>{request}</RequestId></Error>",
}


@dataclass(frozen=True)
class Target:
    """What a request is for: boto3's name of the service, and the operation, "" where it cannot be told."""

    service: str
    operation: str
    protocol: str
    region: str = "us-east-1"


def target_of(environ: WSGIEnvironment) -> Target:
    """What a request asks for, read from its head; for the query protocol from its body, which stays readable."""
    query = parse_qs(environ.get("QUERY_STRING", ""), keep_blank_values=True)
    signed = environ.get("HTTP_AUTHORIZATION", "") or "".join(query.get("X-Amz-Credential", []))
    scope = SCOPE.search(signed)
    service, region = (scope["service"], scope["region"]) if scope else (_unsigned(environ), "us-east-1")
    service = SIGNING_NAMES.get(service, service)
    if header := environ.get("HTTP_X_AMZ_TARGET", ""):
        return Target(service, header.rpartition(".")[2], "json", region)
    if service == "sagemaker":  # Which always has a target; its runtime never does.
        service = "sagemaker-runtime"
    protocol = PROTOCOLS.get(service, "query")
    if protocol.startswith("rest"):
        return Target(service, _routed(service, environ, query), protocol, region)
    return Target(service, parameter(environ, "Action"), protocol, region)


def _unsigned(environ: WSGIEnvironment) -> str:
    """Without a signature, a target tells SageMaker, and what is neither that nor a form is an open S3 object."""
    if target := environ.get("HTTP_X_AMZ_TARGET", ""):
        return "sagemaker" if target.startswith("SageMaker.") else ""
    return "" if environ.get("CONTENT_TYPE", "").startswith(FORM) else "s3"


def body_of(environ: WSGIEnvironment) -> bytes:
    """The body of a request, which can be read again after this."""
    body = Request(environ).get_data()
    environ["wsgi.input"] = io.BytesIO(body)
    environ["CONTENT_LENGTH"] = str(len(body))
    return body


def parameter(environ: WSGIEnvironment, name: str) -> str:
    """A parameter of the query protocol, in the URL or in the body."""
    found = parse_qs(environ.get("QUERY_STRING", "")).get(name)
    if not found and environ.get("CONTENT_TYPE", "").startswith(FORM):
        found = parse_qs(body_of(environ).decode(errors="replace")).get(name)
    return found[0] if found else ""


@dataclass(frozen=True)
class Route:
    """How one operation of a REST service is told from the others of its HTTP method."""

    operation: str
    path: re.Pattern[str]
    query: frozenset[str]
    headers: frozenset[str]


def _routed(service: str, environ: WSGIEnvironment, query: Mapping[str, object]) -> str:
    path = environ["PATH_INFO"]
    for route in _routes(service).get(environ["REQUEST_METHOD"], []):
        if (
            route.query <= query.keys()
            and all(header in environ for header in route.headers)
            and route.path.fullmatch(path)
        ):
            return route.operation
    return ""


@functools.cache
def _routes(service: str) -> dict[str, list[Route]]:
    """The routes of a service by HTTP method, those first that ask for most: CopyObject before PutObject."""
    model = service_model(service)
    routes: dict[str, list[Route]] = {}
    # Of two that look the same, the one that is not deprecated, then the one whose name says less.
    names = sorted(model.operation_names, key=lambda name: (model.operation_model(name).deprecated, len(name), name))
    for name in names:
        operation = model.operation_model(name)
        routes.setdefault(operation.http["method"], []).append(_route(operation))
    for group in routes.values():
        group.sort(key=lambda route: -len(route.query) - len(route.headers))
    return routes


def _route(operation: OperationModel) -> Route:
    path, _, constants = operation.http["requestUri"].partition("?")
    shape: Any = operation.input_shape
    required = [shape.members[name].serialization for name in shape.required_members] if shape else []
    places = {where: {item["name"] for item in required if item.get("location") == where} for where in LOCATIONS}
    pattern = PATH_PARAMETER.sub(lambda found: ".+" if found[1] else "[^/]+", re.escape(path.rstrip("/")))
    return Route(
        operation.name,
        re.compile(f"{pattern}/?", re.DOTALL),
        frozenset(parse_qs(constants, keep_blank_values=True).keys() | places["querystring"]),
        frozenset("HTTP_" + name.upper().replace("-", "_") for name in places["header"]),
    )


def error_response(protocol: str, error: ServiceError) -> Response:
    """``error`` in a protocol of AWS."""
    if protocol == "json":
        return json_error(error)
    if protocol == "rest-json":
        return _rest_json_error(error)
    shape = XML_ERRORS[protocol]
    side = "Receiver" if error.status >= 500 else "Sender"
    body = shape.format(
        code=html.escape(error.code), message=html.escape(error.message), side=side, request=uuid.uuid4()
    )
    return Response(body, status=error.status, content_type=XML)


def json_error(error: ServiceError) -> Response:
    """An error in the JSON protocol: its code in a header and in the body."""
    body = {"__type": error.code, "message": error.message, **error.fields}
    headers = {"x-amzn-ErrorType": error.code, **request_id()}
    return Response(json.dumps(body), status=error.status, content_type=JSON, headers=headers)


def _rest_json_error(error: ServiceError) -> Response:
    body = {"message": error.message, "Message": error.message, **error.fields}
    headers = {"x-amzn-ErrorType": error.code, **request_id()}
    return Response(json.dumps(body), status=error.status, content_type="application/json", headers=headers)


def request_id() -> dict[str, str]:
    """The header that every answer carries."""
    return {"x-amzn-RequestId": str(uuid.uuid4())}
