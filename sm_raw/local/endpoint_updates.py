"""Endpoints that change while they answer: UpdateEndpointWeightsAndCapacities and UpdateEndpoint."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from sm_raw.local.checks import refuse_rule_errors
from sm_raw.local.engine import Call, Engine, Handler
from sm_raw.local.fleet import Variant
from sm_raw.local.hosting import ENDPOINT, find, in_progress
from sm_raw.local.protocol import validation_error
from sm_raw.local.store import Record

Change = Mapping[str, Any]


def update_weights_and_capacities(call: Call) -> dict[str, Any]:
    """UpdateEndpointWeightsAndCapacities: weights hold at once, capacities when the endpoint is InService again."""
    refuse_rule_errors("UpdateEndpointWeightsAndCapacities", call.request)
    record = find(call.engine, call.region, ENDPOINT, call.request["EndpointName"])
    change_variants(call.engine, record, call.request["DesiredWeightsAndCapacities"])
    return {"EndpointArn": record.arn}


def change_variants(
    engine: Engine, record: Record, desired: Sequence[Change], *, then: Callable[[str], object] = lambda reason: None
) -> None:
    """The one way to change weights and capacities: ``desired`` is a DesiredWeightsAndCapacities.

    The endpoint is Updating when this returns, with the desired counts and weights in its description, and InService
    again when they are reached, or given up: then all is as it was, and FailureReason tells why. ``then`` is called at
    that moment, with the reason or "". Refused with ServiceError if the endpoint is not InService, or for what its
    variants cannot be.
    """
    with engine.store.lock:
        if record.description["EndpointStatus"] != "InService":
            raise in_progress(record)
        for item in desired:
            _refuse(record, item)
        engine.store.update(record, EndpointStatus="Updating", FailureReason=None)
        undo = record.live.want(desired)

    def work() -> None:
        then(record.live.change(undo))

    engine.start(f"changing endpoint {record.name}", work)


def _refuse(record: Record, item: Change) -> None:
    name, config = item["VariantName"], record.description["EndpointConfigName"]
    variant: Variant | None = record.live.variants.get(name)
    if variant is None:
        # As the service words it, according to moto's tests.
        message = f'The variant name(s) "{name}" is/are not present within endpoint configuration "{config}".'
        raise validation_error(message)
    if variant.is_serverless and "DesiredInstanceCount" in item:
        raise validation_error(f'The variant "{name}" is serverless: it has no DesiredInstanceCount.')
    if not variant.is_serverless and "ServerlessUpdateConfig" in item:
        raise validation_error(f'The variant "{name}" is not serverless: it takes no ServerlessUpdateConfig.')
    if item.get("DesiredInstanceCount") == 0:
        raise validation_error(f'The variant "{name}" must keep at least one instance: give DesiredInstanceCount 1.')


HANDLERS: dict[str, Handler] = {"UpdateEndpointWeightsAndCapacities": update_weights_and_capacities}
