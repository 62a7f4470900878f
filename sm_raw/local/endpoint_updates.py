"""Endpoints that change while they answer: UpdateEndpointWeightsAndCapacities and UpdateEndpoint."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from sm_raw.local.checks import refuse_rule_errors
from sm_raw.local.engine import Call, Engine, Handler
from sm_raw.local.fleet import Fleet, Variant
from sm_raw.local.hosting import CONFIG, ENDPOINT, find, in_progress, variants_of
from sm_raw.local.protocol import Request, validation_error
from sm_raw.local.rollout import rollout
from sm_raw.local.store import Record

Change = Mapping[str, Any]


def update_endpoint(call: Call) -> dict[str, Any]:
    """UpdateEndpoint: other servers come up beside those that answer, and take over when all are healthy.

    In steps, if the deployment configuration says so; its intervals pass in the engine's time. A rolling deployment
    shifts its traffic in batches, but has both fleets whole until its end.
    """
    engine, request = call.engine, call.request
    refuse_rule_errors("UpdateEndpoint", request)
    record = find(engine, call.region, ENDPOINT, request["EndpointName"])
    config = find(engine, call.region, CONFIG, request["EndpointConfigName"]).description
    variants = variants_of(engine, call.region, config)
    _require_in_service(record)
    _refuse_scaled(engine, record, variants)
    fleet = _begin(engine, record, request, variants)
    instances = sum(variant.count for variant in fleet.variants.values())
    plan = rollout(record.description["LastDeploymentConfig"] or {}, instances)

    def work() -> None:
        record.live.update(
            fleet,
            plan,
            EndpointConfigName=request["EndpointConfigName"],
            AsyncInferenceConfig=config.get("AsyncInferenceConfig"),
        )

    engine.start(f"updating endpoint {record.name}", work)
    return {"EndpointArn": record.arn}


def _begin(engine: Engine, record: Record, request: Request, variants: list[Variant]) -> Fleet:
    """Set the endpoint Updating; returns the fleet that is to come up."""
    with engine.store.lock:
        _require_in_service(record)
        if request.get("RetainAllVariantProperties"):
            excluded = {item["VariantPropertyType"] for item in request.get("ExcludeRetainedVariantProperties", [])}
            variants = retaining(variants, record.description["ProductionVariants"], excluded)
        fleet: Fleet = record.live.new_fleet(variants)
        last = record.description.get("LastDeploymentConfig") if request.get("RetainDeploymentConfig") else None
        pending = {
            "EndpointConfigName": request["EndpointConfigName"],
            "ProductionVariants": fleet.summaries,
            "StartTime": engine.store.now(),
        }
        engine.store.update(
            record,
            EndpointStatus="Updating",
            FailureReason=None,
            LastDeploymentConfig=request.get("DeploymentConfig", last),
            PendingDeploymentSummary=pending,
        )
        return fleet


# What RetainAllVariantProperties keeps: the field of a variant that each property of its summary sets. (There is no
# DataCaptureConfig to keep: this engine captures nothing.)
RETAINED = {"DesiredInstanceCount": "count", "DesiredWeight": "weight"}


def retaining(
    variants: Iterable[Variant], summaries: Iterable[Mapping[str, Any]], excluded: Collection[str]
) -> list[Variant]:
    """``variants`` with the properties of their namesakes in ``summaries``, but for those that are ``excluded``."""
    now = {summary["VariantName"]: summary for summary in summaries}
    kept = []
    for variant in variants:
        summary = now.get(variant.name, {})
        properties = {field: summary[name] for name, field in RETAINED.items() if name in {*summary} - {*excluded}}
        if variant.is_serverless:
            properties.pop("count", None)
        kept.append(replace(variant, **properties))
    return kept


def _require_in_service(record: Record) -> None:
    status = record.description["EndpointStatus"]
    if status == "Failed":
        # "DeleteEndpoint is the only operation that can be performed on a failed endpoint" (DescribeEndpoint).
        raise validation_error(f'Cannot update failed endpoint "{record.arn}".')
    if status != "InService":
        raise in_progress(record)


def _refuse_scaled(engine: Engine, record: Record, variants: Iterable[Variant]) -> None:
    """A variant that scales must stay, on the same instance type (developer guide, "Delete a scaling policy")."""
    types = {variant.name: variant.settings.get("InstanceType") for variant in variants}
    touched = {
        f"endpoint/{record.name}/variant/{name}": name
        for name, variant in record.live.variants.items()
        if name not in types or types[name] != variant.settings.get("InstanceType")
    }
    if not touched:
        return
    scaling = engine.client("application-autoscaling", record.region)
    found = scaling.describe_scalable_targets(ServiceNamespace="sagemaker", ResourceIds=list(touched))
    scaled = {touched[target["ResourceId"]] for target in found["ScalableTargets"]}
    if scaled:
        names = ", ".join(f'"{name}"' for name in sorted(scaled))
        raise validation_error(
            f"The variant(s) {names} must be deregistered as scalable target with AWS Auto Scaling before they can be "
            "removed or have their instance type updated."
        )


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
        _require_in_service(record)
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
    # "If you are using an asynchronous endpoint, you can scale it to zero" (developer guide, "Autoscale an asynchronous
    # endpoint").
    if item.get("DesiredInstanceCount") == 0 and not record.description.get("AsyncInferenceConfig"):
        raise validation_error(f'The variant "{name}" must keep at least one instance: give DesiredInstanceCount 1.')


HANDLERS: dict[str, Handler] = {
    "UpdateEndpoint": update_endpoint,
    "UpdateEndpointWeightsAndCapacities": update_weights_and_capacities,
}
