"""The runtime of endpoints: InvokeEndpoint, as the service answers it."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import quote

import urllib3
from werkzeug.datastructures import Headers
from werkzeug.wrappers import Request as HttpRequest
from werkzeug.wrappers import Response

from sm_raw.local.engine import Engine
from sm_raw.local.fleet import NoServer
from sm_raw.local.hosting import find_endpoint
from sm_raw.local.model_server import ModelServer
from sm_raw.local.protocol import ServiceError, service_model
from sm_raw.local.scaling.metering import Place
from sm_raw.local.store import ACCOUNT_ID, Record

PATH = re.compile(r"/endpoints/(?P<endpoint>[^/]+)/(?P<action>.+)")
# States in which an endpoint answers invocations (API reference, DescribeEndpoint).
ANSWERING = {"InService", "Updating", "SystemUpdating", "RollingBack", "UpdateRollbackFailed"}
# Headers of the API that reach the container under their own name.
FORWARDED = {
    "Content-Type": "Content-Type",
    "Accept": "Accept",
    "X-Amzn-SageMaker-Custom-Attributes": "X-Amzn-SageMaker-Custom-Attributes",
    "X-Amzn-SageMaker-Inference-Id": "X-Amzn-SageMaker-Inference-Id",
}


def is_runtime(path: str) -> bool:
    """Whether a path belongs to the runtime."""
    return PATH.fullmatch(path) is not None


def answer(engine: Engine, region: str, request: HttpRequest) -> Response:
    """The answer to a call of the runtime; errors are raised as ServiceError."""
    match = PATH.fullmatch(request.path)
    if match is None or match["action"] != "invocations" or request.method != "POST":
        raise ServiceError("UnknownOperationException", "The requested operation is not known here.", status=404)
    return invoke(engine, region, match["endpoint"], request.headers, request.get_data())


def invoke(engine: Engine, region: str, endpoint: str, headers: Headers, body: bytes) -> Response:
    """InvokeEndpoint. A container's error comes back as ModelError, with its status and message."""
    record = find_endpoint(engine, region, endpoint)
    if record is None or record.description["EndpointStatus"] not in ANSWERING:
        raise ServiceError("ValidationError", f"Endpoint {endpoint} of account {ACCOUNT_ID} not found.")
    limit = service_model("sagemaker-runtime").shape_for("BodyBlob").metadata["max"]
    if len(body) > limit:
        raise ServiceError("ValidationError", f"Request body of {len(body)} bytes is larger than {limit}.", status=413)
    passed = {name: headers[key] for key, name in FORWARDED.items() if key in headers}
    passed.setdefault("Content-Type", "application/octet-stream")
    with _lent(record, headers.get("X-Amzn-SageMaker-Target-Variant")) as server:
        place = Place(region, endpoint, server.variant)
        with engine.meter.invocation(place, lambda: _instances(record, server.variant)) as invocation:
            response = _forward(region, endpoint, lambda: invocation.at_model(lambda: server.invoke(body, passed)))
    answer_headers = {
        "x-Amzn-Invoked-Production-Variant": server.variant,
        **{key: response.headers[key] for key in ("X-Amzn-SageMaker-Custom-Attributes",) if key in response.headers},
    }
    return Response(
        response.data,
        content_type=response.headers.get("Content-Type", "application/octet-stream"),
        headers=answer_headers,
    )


def _instances(record: Record, variant: str) -> int:
    """How many share the invocations of a variant; a serverless one is one."""
    counts = {
        item["VariantName"]: item.get("CurrentInstanceCount", 1) for item in record.description["ProductionVariants"]
    }
    return int(counts.get(variant, 1))


@contextlib.contextmanager
def _lent(record: Record, variant: str | None) -> Iterator[ModelServer]:
    """A server for one invocation, or the refusal of the service where there is none."""
    with contextlib.ExitStack() as stack:
        try:
            server = stack.enter_context(record.live.lend(variant))
        except KeyError:
            message = f"Variant {variant} of endpoint {record.name} not found."
            raise ServiceError("ValidationError", message) from None
        except NoServer as error:
            raise _no_server(record, error) from None
        yield server


def _no_server(record: Record, error: NoServer) -> ServiceError:
    if error.throttled:
        return ServiceError("ThrottlingException", "Rate exceeded")
    message = f"Variant {error.variant} of endpoint {record.name} has no instance that could answer."
    return ServiceError("ServiceUnavailable", message, status=503)


def _forward(region: str, endpoint: str, send: Callable[[], urllib3.BaseHTTPResponse]) -> urllib3.BaseHTTPResponse:
    try:
        response = send()
    except urllib3.exceptions.ReadTimeoutError:
        raise _model_error(region, endpoint, 0, "Your invocation timed out while waiting for a response.") from None
    except urllib3.exceptions.HTTPError as error:
        raise _model_error(region, endpoint, 0, f"The container did not answer: {error}") from None
    if response.status >= 400:
        raise _model_error(region, endpoint, response.status, response.data.decode(errors="replace"))
    return response


def _model_error(region: str, endpoint: str, status: int, message: str) -> ServiceError:
    group = f"/aws/sagemaker/Endpoints/{endpoint}"
    side = "client" if 400 <= status < 500 else "server"
    url = f"https://{region}.console.aws.amazon.com/cloudwatch/home?region={region}#logEventViewer:group={group}"
    fields: dict[str, Any] = {
        "OriginalStatusCode": status,
        "OriginalMessage": message,
        "LogStreamArn": f"arn:aws:logs:{region}:{ACCOUNT_ID}:log-group:{group}",
    }
    return ServiceError(
        "ModelError",
        f'Received {side} error ({status}) from primary with message "{message}". See {quote(url, safe=":/?=#")} in '
        f"account {ACCOUNT_ID} for more information.",
        status=424,
        fields=fields,
    )
