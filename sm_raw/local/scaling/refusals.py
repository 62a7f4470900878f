"""What Application Auto Scaling refuses and moto lets pass."""

from __future__ import annotations

import zoneinfo
from collections.abc import Mapping
from datetime import datetime, timezone
from typing import Any

from sm_raw.local.engine import Engine
from sm_raw.local.hosting import find_endpoint
from sm_raw.local.protocol import Request, ServiceError, validation_error
from sm_raw.local.scaling import schedules
from sm_raw.local.scaling.activities import Target
from sm_raw.local.scaling.capacity import capacity, place_of
from sm_raw.local.scaling.metering import Place
from sm_raw.local.scaling.tracking_alarms import PREDEFINED

INSTANCES = "sagemaker:variant:DesiredInstanceCount"
BOUNDS = ("MinCapacity", "MaxCapacity")
TRACKING = "TargetTrackingScalingPolicyConfiguration"


def not_found(what: str, words: str) -> ServiceError:
    """The error about something that is not there."""
    return ServiceError("ObjectNotFoundException", f"No {what} for {words}")


def registered(engine: Engine, target: Target) -> Mapping[str, Any] | None:
    """The scalable target as it is described; None if it is not registered."""
    if is_beyond(target):
        return None
    found = engine.client("application-autoscaling", target.region).describe_scalable_targets(
        ServiceNamespace=target.namespace, ResourceIds=[target.resource], ScalableDimension=target.dimension
    )
    return next(iter(found["ScalableTargets"]), None)


def is_beyond(target: Target) -> bool:
    """Whether a target is none of those that this engine keeps: of SageMaker, it scales instances of variants alone."""
    return target.namespace == "sagemaker" and target.dimension != INSTANCES


def require_target(engine: Engine, target: Target) -> Mapping[str, Any]:
    """The scalable target; refused if it is not registered."""
    found = registered(engine, target)
    if found is None:
        raise not_found("scalable target registered", target.words())
    return found


def refuse_registration(engine: Engine, target: Target, request: Request) -> None:
    """Refuse bounds that cross, and what is not there to be scaled."""
    if is_beyond(target):
        raise validation_error(f"This local engine scales {INSTANCES}, not {target.dimension}.")
    known = registered(engine, target)
    if known is None and not set(BOUNDS) <= request.keys():
        raise validation_error("Minimum and maximum capacity must be given to register a new scalable target.")
    refuse_crossed_bounds({**(known or {}), **request})
    if place := place_of(target):
        _refuse_absent_variant(engine, place, is_new=known is None)
        record = find_endpoint(engine, place.region, place.endpoint)
        if request.get("MinCapacity") == 0 and not (record and record.description.get("AsyncInferenceConfig")):
            raise validation_error("Minimum instance count is required to be 1 or higher.")


def refuse_crossed_bounds(bounds: Mapping[str, Any]) -> None:
    """Refuse a minimum above the maximum."""
    low, high = (bounds.get(name) for name in BOUNDS)
    if low is not None and high is not None and low > high:
        raise validation_error("Maximum capacity cannot be less than minimum capacity")


def _refuse_absent_variant(engine: Engine, place: Place, *, is_new: bool) -> None:
    found = capacity(engine, place)
    if found is None:
        named = f"the variant {place.variant!r} of endpoint {place.endpoint!r}"
        raise validation_error(f"Could not find {named}, or it is serverless and has no instances.")
    if is_new and not found.is_settled:
        raise validation_error(f"The endpoint {place.endpoint!r} is {found.status}, not InService.")


def refuse_policy(request: Request) -> None:
    """Refuse what this engine cannot follow, rather than never to scale."""
    tracking = request.get(TRACKING, {})
    predefined = tracking.get("PredefinedMetricSpecification", {}).get("PredefinedMetricType")
    if predefined is not None and predefined not in PREDEFINED:
        raise validation_error(f"This local engine does not measure {predefined}: give one of {', '.join(PREDEFINED)}.")
    if "Metrics" in tracking.get("CustomizedMetricSpecification", {}):
        raise validation_error("This local engine follows no metric math: give the name of one metric.")


def refuse_action(request: Request, known: Mapping[str, Any] | None, now: float) -> None:
    """Refuse an action that changes nothing, a time that has gone by, and one that cannot be read."""
    if known is None and "Schedule" not in request:
        raise validation_error("A schedule must be given for a new scheduled action.")
    bounds = request.get("ScalableTargetAction", {})
    if not bounds.keys() & set(BOUNDS) and (known is None or "ScalableTargetAction" in request):
        raise validation_error("At least one of minimum capacity and maximum capacity should be provided")
    _refuse_unknown_zone(request.get("Timezone"))
    if not schedules.is_readable(request.get("Schedule", "")):
        raise validation_error(f"{request['Schedule']} is no cron expression that the service knows.")
    once = schedules.at(request.get("Schedule", ""), request.get("Timezone"))
    if once is not None and once.timestamp() <= now:
        told = datetime.fromtimestamp(now, timezone.utc).strftime("%Y-%m-%dT%H:%M:%S")
        raise validation_error(f"Scheduled time {request['Schedule']} is in the past; it is at({told}) in UTC.")


def _refuse_unknown_zone(name: str | None) -> None:
    try:
        zoneinfo.ZoneInfo(name or "UTC")
    except (zoneinfo.ZoneInfoNotFoundError, ValueError):
        raise validation_error(f"Timezone {name!r} is not a time zone of the IANA database.") from None
