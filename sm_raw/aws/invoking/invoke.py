"""Ask an endpoint what a picture shows, or anything else it was made for."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, TypedDict

from sm_raw.aws.calls import error_code, ride_out
from sm_raw.aws.invoking.model_errors import model_failed
from sm_raw.aws.invoking.payload_limits import PAYLOAD_LIMITS, EndpointKind, way_out
from sm_raw.aws.invoking.payloads import Data, payload
from sm_raw.aws.invoking.predictions import Answer
from sm_raw.aws.invoking.predictions import Prediction as Prediction
from sm_raw.aws.invoking.safe_repeats import only_safe_repeats
from sm_raw.errors import InvalidPayload

if TYPE_CHECKING:
    from botocore.exceptions import ClientError
    from types_boto3_sagemaker_runtime import SageMakerRuntimeClient
    from typing_extensions import Unpack

ATTEMPTS = 5
"""Of ours, with pauses of 8 s in all; botocore makes a few quick ones within each."""

TOO_LARGE = 413
ATTRIBUTE_CHARACTERS = 1024
NOTHING: Mapping[str, Any] = MappingProxyType({})


class InvocationOptions(TypedDict, total=False):
    """How an endpoint is asked; see ``ask_endpoint``."""

    content_type: str | None
    accept: str
    variant: str | None
    target_model: str | None
    inference_id: str | None
    custom_attributes: str | None
    extra: Mapping[str, Any]
    kind: EndpointKind
    max_bytes: int | None
    idempotent: bool
    attempts: int
    sleep: Callable[[float], None]
    clock: Callable[[], float]
    random: Callable[[], float]


def invoke_endpoint(
    runtime_client: SageMakerRuntimeClient,
    endpoint_name: str,
    image: Data,
    *,
    labels: Sequence[str] = (),
    **options: Unpack[InvocationOptions],
) -> Prediction:
    """What the model behind an endpoint takes ``image`` for.

    ``image`` is a path, the bytes of a file, a PIL image or a NumPy array. ``labels`` are the names of the classes,
    in their order, where the model answers with probabilities alone, as AWS's built-in image classification does.
    Everything else is as for ``ask_endpoint``, which gives answers of any other form.
    """
    return ask_endpoint(runtime_client, endpoint_name, image, **options).prediction(labels)


def ask_endpoint(
    runtime_client: SageMakerRuntimeClient,
    endpoint_name: str,
    data: Data,
    *,
    content_type: str | None = None,
    accept: str = "application/json",
    variant: str | None = None,
    target_model: str | None = None,
    inference_id: str | None = None,
    custom_attributes: str | None = None,
    extra: Mapping[str, Any] = NOTHING,
    kind: EndpointKind = "real-time",
    max_bytes: int | None = None,
    idempotent: bool = False,
    attempts: int = ATTEMPTS,
    sleep: Callable[[float], None] = time.sleep,
    clock: Callable[[], float] = time.perf_counter,
    random: Callable[[], float] = random.random,
) -> Answer:
    """The answer of the model behind an endpoint, with the content type under which ``data`` was sent.

    ``data`` is a path, bytes, a PIL image, a NumPy array, a list or a dict; the data tells its content type, and
    ``content_type`` chooses another: see ``payload``. ``variant`` picks one production variant, ``target_model`` one
    model of a multi-model endpoint; ``extra`` adds request fields in the service's spelling. ``kind`` of endpoint
    sets the limit of the size, ``max_bytes`` another.

    Repeated is what surely was not carried out: throttling, a model that is not ready, a connection that was never
    made. When the answer does not come, or the service fails, the model may have worked already: that is repeated, by
    botocore as well, only for one that is ``idempotent``, which a classifier is.

    Raises InvalidPayload, before anything is sent, for what cannot be sent or is too large; ModelFailed with the
    container's own message and what to do, if the model fails. Other refusals of the service come as botocore's
    ClientError, lost connections and timeouts as its HTTPClientError.
    """
    from botocore.exceptions import ClientError

    body, sent_as = payload(data, content_type=content_type, kind=kind, max_bytes=max_bytes)
    fields = {
        "TargetVariant": variant,
        "TargetModel": target_model,
        "InferenceId": inference_id,
        "CustomAttributes": attributes(custom_attributes),
    }
    request: dict[str, Any] = {
        "EndpointName": endpoint_name,
        "ContentType": sent_as,
        "Accept": accept,
        "Body": body,
        **{name: value for name, value in fields.items() if value},
        **extra,
    }
    tries = 0

    def send() -> tuple[Mapping[str, Any], bytes]:
        nonlocal tries
        tries += 1
        response = runtime_client.invoke_endpoint(**request)
        return response, response["Body"].read()

    started = clock()
    try:
        with only_safe_repeats(runtime_client, "InvokeEndpoint", repeatable=idempotent):
            response, answer = ride_out(send, attempts=attempts, repeatable=idempotent, sleep=jittered(sleep, random))
    except ClientError as error:
        if told := _explained(error, endpoint_name, sent_as, len(body), accept, kind):
            raise told from error
        raise
    return Answer(
        endpoint=endpoint_name,
        body=answer,
        content_type=response.get("ContentType", ""),
        sent_as=sent_as,
        sent_bytes=len(body),
        variant=response.get("InvokedProductionVariant"),
        custom_attributes=response.get("CustomAttributes"),
        milliseconds=(clock() - started) * 1000,
        retries=tries - 1 + response.get("ResponseMetadata", {}).get("RetryAttempts", 0),
    )


def jittered(sleep: Callable[[float], None], random: Callable[[], float]) -> Callable[[float], None]:
    """``sleep`` for half to all of the seconds, so that calls refused together do not come back together."""
    return lambda seconds: sleep(seconds * (1 + random()) / 2)


def attributes(text: str | None) -> str | None:
    """Custom attributes as they may stand in a header. Raises InvalidPayload.

    https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_runtime_InvokeEndpoint.html
    """
    if text and (len(text) > ATTRIBUTE_CHARACTERS or not all(" " <= character <= "~" for character in text)):
        raise InvalidPayload(
            f"custom_attributes of {len(text)} characters begin with {text[:40]!r}; "
            f"give at most {ATTRIBUTE_CHARACTERS} visible ASCII characters"
        )
    return text


def _explained(
    error: ClientError, endpoint_name: str, sent_as: str, size: int, accept: str, kind: EndpointKind
) -> Exception | None:
    """What is known better than the service's own message; None if nothing is."""
    response: Mapping[str, Any] = error.response
    if error_code(error) == "ModelError":
        return model_failed(endpoint_name, response, sent_as=sent_as, sent_bytes=size, accept=accept)
    status = response.get("ResponseMetadata", {}).get("HTTPStatusCode")
    if TOO_LARGE in (status, _number(error_code(error))):
        message = response.get("Error", {}).get("Message", "")
        limit = min(size, PAYLOAD_LIMITS[kind])
        return InvalidPayload(
            f"the service refused {size:,} bytes as {sent_as}: {message} "
            f"To send it: {way_out(size, limit, sent_as, kind=kind)}"
        )
    return None


def _number(code: str) -> int:
    """Its code was once the number alone: https://github.com/aws/sagemaker-python-sdk/issues/171."""
    return int(code) if code.isdigit() else 0
