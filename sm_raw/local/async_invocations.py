"""InvokeEndpointAsync: a request is checked, told where its answer will lie, and queued."""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping
from typing import Any

from werkzeug.datastructures import Headers
from werkzeug.wrappers import Response

from sm_raw.local.artifacts import join_uri
from sm_raw.local.async_queue import AsyncRequest
from sm_raw.local.engine import Engine
from sm_raw.local.protocol import ServiceError, service_model
from sm_raw.local.store import ACCOUNT_ID, Record

PREFIX = "X-Amzn-SageMaker-"
# Headers of the API that reach the container, under these names.
FORWARDED = {
    f"{PREFIX}Content-Type": "Content-Type",
    f"{PREFIX}Accept": "Accept",
    f"{PREFIX}Custom-Attributes": f"{PREFIX}Custom-Attributes",
    f"{PREFIX}Inference-Id": f"{PREFIX}Inference-Id",
}
# "The default is 6 hours, or 21,600 seconds"; "the default is 15 minutes, or 900 seconds" (InvokeEndpointAsync).
SECONDS = {"RequestTTLSeconds": 21_600, "InvocationTimeoutSeconds": 900}


def accept(engine: Engine, record: Record, headers: Headers, body: bytes) -> Response:
    """InvokeEndpointAsync: 202, and where the answer or the failure will lie."""
    config = record.description.get("AsyncInferenceConfig")
    if config is None:
        raise _refused(f"Endpoint {record.name} of account {ACCOUNT_ID} is not asynchronous.")
    request = _request(config, headers, body, engine.store.now())
    record.live.queue.put(request)
    places = {"OutputLocation": request.output_uri, "FailureLocation": request.failure_uri}
    return Response(
        json.dumps({"InferenceId": request.inference_id}),
        status=202,
        content_type="application/json",
        headers={f"{PREFIX}{name}": place for name, place in places.items() if place},
    )


def _request(config: Mapping[str, Any], headers: Headers, body: bytes, now: float) -> AsyncRequest:
    input_uri = headers.get(f"{PREFIX}InputLocation")
    _check_input(input_uri, body)
    seconds = {name: _seconds(headers, name) for name in SECONDS}
    name = str(uuid.uuid4())
    passed = {target: headers[source] for source, target in FORWARDED.items() if source in headers}
    answer = [headers.get(f"{PREFIX}S3OutputPathExtension", ""), headers.get(f"{PREFIX}Filename", f"{name}.out")]
    output = config["OutputConfig"]
    failures = output.get("S3FailurePath")
    return AsyncRequest(
        config=config,
        inference_id=headers.get(f"{PREFIX}Inference-Id", str(uuid.uuid4())),
        input_uri=input_uri,
        body=None if input_uri else body,
        headers={"Content-Type": "application/octet-stream", **passed},
        output_uri=join_uri(output["S3OutputPath"], *(part.strip("/") for part in answer if part)),
        failure_uri=join_uri(failures, f"{name}-error.out") if failures else None,
        received=now,
        expires=now + seconds["RequestTTLSeconds"],
        seconds=seconds["InvocationTimeoutSeconds"],
    )


def _check_input(input_uri: str | None, body: bytes) -> None:
    # "Body and InputLocation are mutually exclusive. Provide exactly one of them" (InvokeEndpointAsync).
    if (input_uri is None) == (not body):
        raise _refused("Exactly one of Body and InputLocation must be given.")
    if input_uri is not None and not input_uri.startswith("s3://"):
        raise _refused(f"InputLocation {input_uri!r} is no S3 URI: give s3://BUCKET/KEY.")
    limit = _members()["Body"].metadata.get("max") if "Body" in _members() else 0
    if limit is not None and len(body) > limit:
        raise ServiceError("ValidationError", f"Request body of {len(body)} bytes is larger than {limit}.", status=413)


def _seconds(headers: Headers, name: str) -> int:
    text = headers.get(f"{PREFIX}{name}")
    if text is None:
        return SECONDS[name]
    bounds = _members()[name].metadata
    if not text.isdecimal() or not bounds["min"] <= int(text) <= bounds["max"]:
        raise _refused(f"{name} is {text}, not {bounds['min']} to {bounds['max']}.")
    return int(text)


def _members() -> Mapping[str, Any]:
    shape = service_model("sagemaker-runtime").operation_model("InvokeEndpointAsync").input_shape
    members: Mapping[str, Any] = getattr(shape, "members", {})
    return members


def _refused(message: str) -> ServiceError:
    return ServiceError("ValidationError", message)
