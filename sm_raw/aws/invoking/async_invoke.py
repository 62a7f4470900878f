"""Asynchronous endpoints: a request goes into a queue, its answer, or its failure, comes into S3."""

from __future__ import annotations

import hashlib
import random
import re
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sm_raw.aws.calls import error_code, is_transient, ride_out
from sm_raw.aws.invoking.invoke import ATTEMPTS, NOTHING, attributes, jittered
from sm_raw.aws.invoking.model_errors import remedy
from sm_raw.aws.invoking.payload_limits import INLINE_BYTES
from sm_raw.aws.invoking.payloads import Data, payload
from sm_raw.aws.invoking.predictions import Answer, Prediction
from sm_raw.aws.invoking.safe_repeats import only_safe_repeats
from sm_raw.aws.transfers.s3_uris import S3Uri, parse_s3_uri
from sm_raw.aws.waiting.wait import next_pause
from sm_raw.errors import InvalidPayload, ModelFailed, SmRawError, WaitTimedOut

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client
    from types_boto3_sagemaker_runtime import SageMakerRuntimeClient

ANSWER_SECONDS = 900.0
"""The service gives a request 15 minutes, unless InvocationTimeoutSeconds says more, up to an hour.

https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_runtime_InvokeEndpointAsync.html
"""

NOT_THERE = frozenset({"NoSuchKey", "404"})
NAME_CHARACTERS = 32
REASON_CHARACTERS = 2000
ERROR_STATUS = re.compile(r"error \((\d+)\)")


@dataclass(frozen=True)
class AsyncInvocation:
    """A request in the queue of an endpoint: where its answer or its failure will lie, and what was sent.

    ``failure_uri`` is None if the endpoint's configuration names no S3FailurePath; ``input_uri`` if the data was
    sent with the request. ``sent_bytes`` is 0 for an object that was in S3 already.
    """

    endpoint: str
    inference_id: str
    output_uri: str
    failure_uri: str | None
    input_uri: str | None
    sent_as: str
    sent_bytes: int


def invoke_endpoint_async(
    runtime_client: SageMakerRuntimeClient,
    s3: S3Client,
    endpoint_name: str,
    image: Data,
    *,
    input_uri: str | S3Uri | None = None,
    content_type: str | None = None,
    labels: Sequence[str] = (),
    timeout_seconds: float = ANSWER_SECONDS,
    poll_seconds: float = 10.0,
    sleep: Callable[[float], None] = time.sleep,
    clock: Callable[[], float] = time.monotonic,
) -> Prediction:
    """What the model behind an asynchronous endpoint takes ``image`` for: ``start_invocation``, then wait for it."""
    invocation = start_invocation(
        runtime_client, s3, endpoint_name, image, input_uri=input_uri, content_type=content_type, sleep=sleep
    )
    answer = wait_for_answer(
        s3, invocation, timeout_seconds=timeout_seconds, poll_seconds=poll_seconds, sleep=sleep, clock=clock
    )
    return answer.prediction(labels)


def start_invocation(
    runtime_client: SageMakerRuntimeClient,
    s3: S3Client,
    endpoint_name: str,
    data: Data,
    *,
    input_uri: str | S3Uri | None = None,
    content_type: str | None = None,
    accept: str = "application/json",
    inference_id: str | None = None,
    custom_attributes: str | None = None,
    extra: Mapping[str, Any] = NOTHING,
    idempotent: bool = False,
    attempts: int = ATTEMPTS,
    sleep: Callable[[float], None] = time.sleep,
    random: Callable[[], float] = random.random,
) -> AsyncInvocation:
    """Put a request into the queue of an asynchronous endpoint, and return where its answer will lie.

    ``data`` is what ``payload`` takes, up to 1 GB: it is put below ``input_uri`` under a name made of its content,
    so that the same is stored once. Without ``input_uri`` it is sent inline, which the service takes up to 128,000
    bytes. An "s3://" URI as ``data`` is an object that is there already; then ``content_type`` says what it is.
    ``extra`` adds request fields in the service's spelling, such as RequestTTLSeconds. It is repeated as in
    ``ask_endpoint``.
    """
    if isinstance(data, S3Uri) or (isinstance(data, str) and data.startswith("s3://")):
        body, sent_as, source = b"", _stated(data, content_type), str(parse_s3_uri(data))
    else:
        limit = None if input_uri else INLINE_BYTES
        body, sent_as = payload(data, content_type=content_type, kind="asynchronous", max_bytes=limit)
        source = _put(s3, body, sent_as, input_uri) if input_uri else ""
    if not source:
        _require_inline(runtime_client)
    fields = {"InferenceId": inference_id, "CustomAttributes": attributes(custom_attributes)}
    request: dict[str, Any] = {
        "EndpointName": endpoint_name,
        "ContentType": sent_as,
        "Accept": accept,
        **({"InputLocation": source} if source else {"Body": body}),
        **{name: value for name, value in fields.items() if value},
        **extra,
    }
    with only_safe_repeats(runtime_client, "InvokeEndpointAsync", repeatable=idempotent):
        response: Mapping[str, Any] = ride_out(
            lambda: runtime_client.invoke_endpoint_async(**request),
            attempts=attempts,
            repeatable=idempotent,
            sleep=jittered(sleep, random),
        )
    return AsyncInvocation(
        endpoint=endpoint_name,
        inference_id=response.get("InferenceId", ""),
        output_uri=response["OutputLocation"],
        failure_uri=response.get("FailureLocation"),
        input_uri=source or None,
        sent_as=sent_as,
        sent_bytes=len(body),
    )


def wait_for_answer(
    s3: S3Client,
    invocation: AsyncInvocation,
    *,
    timeout_seconds: float = ANSWER_SECONDS,
    poll_seconds: float = 10.0,
    sleep: Callable[[float], None] = time.sleep,
    clock: Callable[[], float] = time.monotonic,
) -> Answer:
    """The answer to an asynchronous request, as soon as it lies in S3.

    Looks quickly at first, then ever more slowly, at most every ``poll_seconds``; trouble on S3's side is ridden
    out. Raises ModelFailed with the text of the failure object; WaitTimedOut if neither is there in time.
    """
    started = clock()
    while True:
        if found := _object(s3, invocation.output_uri):
            return _answer(invocation, *found, (clock() - started) * 1000)
        if invocation.failure_uri and (found := _object(s3, invocation.failure_uri)):
            raise _failure(invocation, found[0])
        waited = clock() - started
        if waited >= timeout_seconds:
            raise WaitTimedOut(
                "asynchronous request", invocation.inference_id, waited, _hint(invocation), vars(invocation)
            )
        sleep(min(next_pause(waited, poll_seconds), timeout_seconds - waited))


def _stated(uri: str | S3Uri, content_type: str | None) -> str:
    if content_type is None:
        raise InvalidPayload(f"{uri} is not read from here, so nothing tells what it is: state content_type")
    return content_type


def _put(s3: S3Client, body: bytes, content_type: str, input_uri: str | S3Uri) -> str:
    target = parse_s3_uri(input_uri) / hashlib.sha256(body).hexdigest()[:NAME_CHARACTERS]
    s3.put_object(Bucket=target.bucket, Key=target.key, Body=body, ContentType=content_type)
    return str(target)


def _require_inline(runtime_client: SageMakerRuntimeClient) -> None:
    shape = runtime_client.meta.service_model.operation_model("InvokeEndpointAsync").input_shape
    if shape is None or "Body" not in shape.members:
        raise InvalidPayload(
            "this botocore cannot send data with InvokeEndpointAsync itself: give input_uri, "
            "the place in S3 where the data is put for the endpoint, or install a newer boto3"
        )


def _object(s3: S3Client, uri: str) -> tuple[bytes, str] | None:
    """Body and content type of an object; None if it is not there yet, or if that cannot be told right now."""
    from botocore.exceptions import ClientError

    place = parse_s3_uri(uri)
    try:
        response = s3.get_object(Bucket=place.bucket, Key=place.key)
        return response["Body"].read(), response.get("ContentType", "")
    except ClientError as error:
        if error_code(error) in NOT_THERE or is_transient(error):
            return None
        # https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObject.html
        hint = (
            "; without s3:ListBucket on the bucket S3 says so of what is not there yet as well: allow it"
            if error_code(error) == "AccessDenied"
            else ""
        )
        raise SmRawError(f"{uri} cannot be read: {error}{hint}") from error
    except Exception as error:
        if not is_transient(error):
            raise
        return None


def _answer(invocation: AsyncInvocation, body: bytes, content_type: str, milliseconds: float) -> Answer:
    return Answer(
        endpoint=invocation.endpoint,
        body=body,
        content_type=content_type,
        sent_as=invocation.sent_as,
        sent_bytes=invocation.sent_bytes,
        milliseconds=milliseconds,
    )


def _failure(invocation: AsyncInvocation, body: bytes) -> ModelFailed:
    reason = body.decode(errors="replace").strip()[:REASON_CHARACTERS]
    told = ERROR_STATUS.search(reason)
    status = int(told[1]) if told else 0
    return ModelFailed(
        invocation.endpoint,
        status,
        reason,
        f"/aws/sagemaker/Endpoints/{invocation.endpoint}",
        sent_as=invocation.sent_as,
        sent_bytes=invocation.sent_bytes,
        remedy=remedy(status, reason, sent_as=invocation.sent_as) if told else "",
    )


def _hint(invocation: AsyncInvocation) -> str:
    silent = (
        ""
        if invocation.failure_uri
        else "; its endpoint names no S3FailurePath, so that a failure shows in its log alone: "
        f"/aws/sagemaker/Endpoints/{invocation.endpoint}"
    )
    return f"wait on with wait_for_answer(s3, invocation), or look for {invocation.output_uri} later{silent}"
