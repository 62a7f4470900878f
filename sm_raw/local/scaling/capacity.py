"""The capacity of a variant: how it is read, and how it is set as UpdateEndpointWeightsAndCapacities sets it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from sm_raw.local.endpoint_updates import change_variants
from sm_raw.local.engine import Engine
from sm_raw.local.hosting import ENDPOINT, find, find_endpoint
from sm_raw.local.protocol import ServiceError
from sm_raw.local.scaling.activities import FAILED, SUCCESSFUL, Target
from sm_raw.local.scaling.metering import Place

DIMENSION = "sagemaker:variant:DesiredInstanceCount"


@dataclass(frozen=True)
class Capacity:
    """Of one variant: how many instances are wanted, and the status of its endpoint."""

    desired: int
    status: str

    @property
    def is_settled(self) -> bool:
        """Whether it can be changed now."""
        return self.status == "InService"


def place_of(target: Target) -> Place | None:
    """The variant that a target is; None for a target of another kind."""
    parts = target.resource.split("/")
    if target.dimension != DIMENSION or len(parts) != 4:
        return None
    return Place(target.region, parts[1], parts[3])


def capacity(engine: Engine, place: Place) -> Capacity | None:
    """The capacity of a variant; None if it is not there, or has no instances."""
    record = find_endpoint(engine, place.region, place.endpoint)
    if record is None:
        return None
    described = engine.store.describe(record)
    for summary in described.get("ProductionVariants", ()):
        if summary["VariantName"] == place.variant and "CurrentInstanceCount" in summary:
            return Capacity(summary["DesiredInstanceCount"], described["EndpointStatus"])
    return None


def bring_within(engine: Engine, target: Target, low: int, high: int) -> None:
    """Raise or lower a capacity that is out of its bounds, as the service does when they are set."""
    place = place_of(target)
    found = capacity(engine, place) if place else None
    if place is None or found is None or not found.is_settled:
        return
    wanted = min(max(found.desired, low), high)
    if wanted != found.desired:
        bound = "minimum" if wanted > found.desired else "maximum"
        set_capacity(engine, target, place, wanted, f"{bound} capacity was set to {wanted}")


def set_capacity(
    engine: Engine,
    target: Target,
    place: Place,
    count: int,
    cause: str,
    done: Callable[[], object] = lambda: None,
    **fields: Any,
) -> None:
    """Set the capacity of ``place`` and note it as an activity of ``target``; ``done`` is called if that succeeds."""
    activities = engine.scaling.activities
    activity = activities.begin(target, f"Setting desired instance count to {count}.", cause, **fields)

    def then(reason: str) -> None:
        if reason:
            activities.end(activity, FAILED, _failed(count, reason))
            return
        done()
        message = f"Successfully set desired instance count to {count}. Change successfully fulfilled by sagemaker."
        activities.end(activity, SUCCESSFUL, message)

    try:
        record = find(engine, place.region, ENDPOINT, place.endpoint)
        change = {"VariantName": place.variant, "DesiredInstanceCount": count}
        change_variants(engine, record, [change], then=then)
    except ServiceError as error:
        service = f"(Service: AmazonSageMaker; Status Code: {error.status}; Error Code: {error.code})"
        activities.end(activity, FAILED, _failed(count, f"{error.message} {service}"))


def _failed(count: int, reason: str) -> str:
    return f"Failed to set desired instance count to {count}. Reason: {reason}"
