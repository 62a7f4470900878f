"""The runtime of endpoints: InvokeEndpoint and InvokeEndpointAsync, as the service answers them."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator

from werkzeug.datastructures import Headers
from werkzeug.wrappers import Request as HttpRequest
from werkzeug.wrappers import Response

from sm_raw.local import async_invocations
from sm_raw.local.engine import Engine
from sm_raw.local.fleet import NoServer
from sm_raw.local.forwarding import forward
from sm_raw.local.hosting import find_endpoint
from sm_raw.local.model_server import ModelServer
from sm_raw.local.protocol import ServiceError, service_model
from sm_raw.local.store import ACCOUNT_ID, Record

PATH = re.compile(r"/endpoints/(?P<endpoint>[^/]+)/(?P<action>.+)")
# States in which an endpoint answers invocations (API reference, DescribeEndpoint).
ANSWERING = {"InService", "Updating", "SystemUpdating", "RollingBack", "UpdateRollbackFailed"}
# https://docs.aws.amazon.com/sagemaker/latest/dg/serverless-endpoints-invoke.html
SERVERLESS_BYTES = 4 * 1024 * 1024
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
    act = ACTIONS.get(match["action"]) if match is not None and request.method == "POST" else None
    if match is None or act is None:
        raise ServiceError("UnknownOperationException", "The requested operation is not known here.", status=404)
    record = find_endpoint(engine, region, match["endpoint"])
    if record is None or record.description["EndpointStatus"] not in ANSWERING:
        raise ServiceError("ValidationError", f"Endpoint {match['endpoint']} of account {ACCOUNT_ID} not found.")
    return act(engine, record, request.headers, request.get_data())


def invoke(engine: Engine, record: Record, headers: Headers, body: bytes) -> Response:
    """InvokeEndpoint. A container's error comes back as ModelError, with its status and message."""
    if record.description.get("AsyncInferenceConfig"):
        message = f"Endpoint {record.name} of account {ACCOUNT_ID} is asynchronous: it answers InvokeEndpointAsync."
        raise ServiceError("ValidationError", message)
    limit = _most_bytes(record)
    if len(body) > limit:
        raise ServiceError("ValidationError", f"Request body of {len(body)} bytes is larger than {limit}.", status=413)
    passed = {name: headers[key] for key, name in FORWARDED.items() if key in headers}
    passed.setdefault("Content-Type", "application/octet-stream")
    with _lent(record, headers.get("X-Amzn-SageMaker-Target-Variant")) as server:
        response = forward(engine, record, server, body, passed)
    answer_headers = {
        "x-Amzn-Invoked-Production-Variant": server.variant,
        **{key: response.headers[key] for key in ("X-Amzn-SageMaker-Custom-Attributes",) if key in response.headers},
    }
    return Response(
        response.data,
        content_type=response.headers.get("Content-Type", "application/octet-stream"),
        headers=answer_headers,
    )


def _most_bytes(record: Record) -> int:
    """How large a request may be."""
    if any("CurrentServerlessConfig" in variant for variant in record.description["ProductionVariants"]):
        return SERVERLESS_BYTES
    limit: int = service_model("sagemaker-runtime").shape_for("BodyBlob").metadata["max"]
    return limit


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


ACTIONS = {"invocations": invoke, "async-invocations": async_invocations.accept}
