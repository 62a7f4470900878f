"""What a model's refusal means, and what to do about it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, NamedTuple

from sm_raw.errors import ModelFailed

MEDIA_TYPE = re.compile(r"\b(?:application|audio|image|multipart|text|video)/[\w.+-]*\w")
ANY_STATUS: frozenset[int] = frozenset()

UNSUPPORTED_TYPE = (
    r"(unsupported|not an accepted) (content|media|mime)[- ]?type|unsupported contenttype"
    r"|(content|media)[- ]?type\b.{0,60}\bnot (supported|accepted)"
)
OUT_OF_MEMORY = r"out of memory|cannot allocate memory|MemoryError|worker died"


class Remedy(NamedTuple):
    """``text`` is the way out of an error with one of the ``statuses`` (all if empty) whose message has ``pattern``."""

    statuses: frozenset[int]
    pattern: str
    text: str


REMEDIES = (
    # sagemaker-inference answers 415; an input_fn that raises an error of its own makes it 500.
    Remedy(
        frozenset({415}),
        "",
        "it takes other content types{accepted}: state content_type, or let input_fn of the model take {sent_as}",
    ),
    Remedy(
        ANY_STATUS,
        UNSUPPORTED_TYPE,
        "it takes other content types{accepted}: state content_type, or let input_fn of the model take {sent_as}",
    ),
    Remedy(frozenset({406}), "", "it cannot answer as {accept}: state another accept{accepted}"),
    # https://github.com/pytorch/serve/blob/master/docs/configuration.md: max_request_size is 6553500 by default,
    # and any of these settings can be given by the environment as TS_<NAME>; the older model server calls it MMS_.
    Remedy(
        frozenset({413}),
        "",
        "the container's own limit is lower than the service's: send less (resize a picture, or encode it as "
        "image/jpeg), or raise it in the model's Environment (TS_MAX_REQUEST_SIZE for TorchServe, "
        "MMS_MAX_REQUEST_SIZE for the multi-model server)",
    ),
    # https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_runtime_InvokeEndpoint.html: 60 seconds.
    Remedy(
        ANY_STATUS,
        r"invocation timed out",
        "a model has 60 seconds: send less at once, choose a faster instance, or use an asynchronous endpoint "
        "(invoke_endpoint_async), which has up to an hour",
    ),
    Remedy(
        ANY_STATUS,
        OUT_OF_MEMORY,
        "the container ran out of memory or its worker died: fewer workers (SAGEMAKER_MODEL_SERVER_WORKERS), "
        "smaller requests, or an instance with more memory",
    ),
    # https://docs.aws.amazon.com/sagemaker/latest/dg/mms-container-apis.html: memory for a target model is not free.
    Remedy(frozenset({507}), "", "the instance has no memory for another model: choose a larger one"),
    Remedy(
        frozenset({429, 503}), "", "its workers are busy or gone: fewer calls at a time, more instances, or try again"
    ),
    Remedy(frozenset({0}), "", "the container did not answer at all: its log tells whether it died"),
    Remedy(frozenset({400, 404, 422}), "", "the model refuses this very request: repeating it changes nothing"),
    Remedy(ANY_STATUS, "", "the log holds the traceback"),
)


def model_failed(
    endpoint_name: str, response: Mapping[str, Any], *, sent_as: str, sent_bytes: int, accept: str
) -> ModelFailed:
    """The exception for a ModelError response of the service."""
    message = response.get("OriginalMessage") or response.get("Error", {}).get("Message", "")
    log = response.get("LogStreamArn") or f"/aws/sagemaker/Endpoints/{endpoint_name}"
    status = int(response.get("OriginalStatusCode", 0))
    return ModelFailed(
        endpoint_name,
        status,
        message,
        log,
        sent_as=sent_as,
        sent_bytes=sent_bytes,
        remedy=remedy(status, message, sent_as=sent_as, accept=accept),
    )


def remedy(status: int, message: str, *, sent_as: str, accept: str = "") -> str:
    """The first line of the table that fits, with the content types that the message names."""
    found = next(row for row in REMEDIES if _fits(row, status, message))
    refused = accept if "{accept}" in found.text else sent_as
    named = [kind for kind in MEDIA_TYPE.findall(message) if kind != refused]
    accepted = f" (its message names {', '.join(dict.fromkeys(named))})" if named else ""
    return found.text.format(accepted=accepted, sent_as=sent_as, accept=accept)


def _fits(row: Remedy, status: int, message: str) -> bool:
    in_statuses = not row.statuses or status in row.statuses
    return in_statuses and re.search(row.pattern, message, re.IGNORECASE | re.DOTALL) is not None
