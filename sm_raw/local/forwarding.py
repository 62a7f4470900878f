"""One invocation, passed on to a model server and counted: its answer, or the ModelError of the service."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import quote

import urllib3

from sm_raw.local.engine import Engine
from sm_raw.local.model_server import ModelServer
from sm_raw.local.protocol import ServiceError
from sm_raw.local.scaling.metering import Place
from sm_raw.local.serving_process import INVOCATION_SECONDS
from sm_raw.local.store import ACCOUNT_ID, Record


def forward(
    engine: Engine,
    record: Record,
    server: ModelServer,
    body: bytes,
    headers: Mapping[str, str],
    timeout_seconds: float = INVOCATION_SECONDS,
) -> urllib3.BaseHTTPResponse:
    """The answer of ``server``, one of the endpoint ``record``, to an invocation.

    Raises ServiceError where the container answers with an error or not at all, with its status and message.
    """
    place = Place(record.region, record.name, server.variant)
    with engine.meter.invocation(place, lambda: _instances(record, server.variant)) as invocation:
        try:
            response: urllib3.BaseHTTPResponse = invocation.at_model(
                lambda: server.invoke(body, headers, timeout_seconds)
            )
        except urllib3.exceptions.ReadTimeoutError:
            raise _model_error(record, 0, "Your invocation timed out while waiting for a response.") from None
        except urllib3.exceptions.HTTPError as error:
            raise _model_error(record, 0, f"The container did not answer: {error}") from None
    if response.status >= 400:
        raise _model_error(record, response.status, response.data.decode(errors="replace"))
    return response


def _instances(record: Record, variant: str) -> int:
    """How many share the invocations of a variant; a serverless one is one."""
    counts = {
        item["VariantName"]: item.get("CurrentInstanceCount", 1) for item in record.description["ProductionVariants"]
    }
    return int(counts.get(variant, 1))


def _model_error(record: Record, status: int, message: str) -> ServiceError:
    region, group = record.region, f"/aws/sagemaker/Endpoints/{record.name}"
    side = "client" if 400 <= status < 500 else "server"
    url = f"https://{region}.console.aws.amazon.com/cloudwatch/home?region={region}#logEventViewer:group={group}"
    return ServiceError(
        "ModelError",
        f'Received {side} error ({status}) from primary with message "{message}". See {quote(url, safe=":/?=#")} in '
        f"account {ACCOUNT_ID} for more information.",
        status=424,
        fields={
            "OriginalStatusCode": status,
            "OriginalMessage": message,
            "LogStreamArn": f"arn:aws:logs:{region}:{ACCOUNT_ID}:log-group:{group}",
        },
    )
