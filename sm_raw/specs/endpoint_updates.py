"""UpdateEndpoint, the ways in which it replaces instances, and UpdateEndpointWeightsAndCapacities.

Source: https://docs.aws.amazon.com/sagemaker/latest/dg/deployment-guardrails.html
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from sm_raw.specs.assembly import EMPTY, assembled, optional

if TYPE_CHECKING:
    from types_boto3_sagemaker.literals import VariantPropertyTypeType
    from types_boto3_sagemaker.type_defs import (
        AutoRollbackConfigTypeDef,
        CapacitySizeTypeDef,
        DeploymentConfigTypeDef,
        DesiredWeightAndCapacityTypeDef,
        ProductionVariantServerlessUpdateConfigTypeDef,
        TrafficRoutingConfigTypeDef,
        UpdateEndpointInputTypeDef,
        UpdateEndpointWeightsAndCapacitiesInputTypeDef,
    )


def update_endpoint(
    name: str,
    *,
    config_name: str,
    retain_variants: bool = False,
    except_for: Sequence[VariantPropertyTypeType] = (),
    deployment: DeploymentConfigTypeDef | None = None,
    retain_deployment: bool = False,
    extra: Mapping[str, Any] = EMPTY,
) -> UpdateEndpointInputTypeDef:
    """The UpdateEndpoint request: the endpoint goes on serving while it takes another configuration.

    ``retain_variants`` keeps each variant's present instance count, weight and data capture instead of those of the
    new configuration: an endpoint that scales needs it, or it starts again from the initial count. ``except_for``
    names properties that the new configuration sets all the same. ``retain_deployment`` replaces the instances in
    the way of the last update, instead of the way of ``deployment``.
    """
    request: UpdateEndpointInputTypeDef = {
        "EndpointName": name,
        "EndpointConfigName": config_name,
        "RetainAllVariantProperties": optional(retain_variants or None),
        "ExcludeRetainedVariantProperties": optional([{"VariantPropertyType": each} for each in except_for]),
        "DeploymentConfig": optional(deployment),
        "RetainDeploymentConfig": optional(retain_deployment or None),
    }
    return assembled(request, extra)


def capacity_percent(percent: int) -> CapacitySizeTypeDef:
    """A share of a variant's instances."""
    return {"Type": "CAPACITY_PERCENT", "Value": percent}


def capacity_instances(count: int) -> CapacitySizeTypeDef:
    """A number of a variant's instances."""
    return {"Type": "INSTANCE_COUNT", "Value": count}


def all_at_once_deployment(
    *,
    wait_seconds: int = 0,
    termination_wait_seconds: int | None = None,
    timeout_seconds: int | None = None,
    alarms: Sequence[str] = (),
    extra: Mapping[str, Any] = EMPTY,
) -> DeploymentConfigTypeDef:
    """Blue/green: a whole new fleet takes all traffic in one step.

    ``wait_seconds`` passes before the next step, while the named CloudWatch alarms are watched: one that goes off
    rolls the update back. The old fleet lives for another ``termination_wait_seconds`` after the last step.
    """
    routing: TrafficRoutingConfigTypeDef = {"Type": "ALL_AT_ONCE", "WaitIntervalInSeconds": wait_seconds}
    return _blue_green(routing, termination_wait_seconds, timeout_seconds, alarms, extra)


def canary_deployment(
    size: CapacitySizeTypeDef,
    *,
    wait_seconds: int,
    termination_wait_seconds: int | None = None,
    timeout_seconds: int | None = None,
    alarms: Sequence[str] = (),
    extra: Mapping[str, Any] = EMPTY,
) -> DeploymentConfigTypeDef:
    """Blue/green in two steps: a canary of at most half the capacity, then the rest."""
    routing: TrafficRoutingConfigTypeDef = {
        "Type": "CANARY",
        "WaitIntervalInSeconds": wait_seconds,
        "CanarySize": size,
    }
    return _blue_green(routing, termination_wait_seconds, timeout_seconds, alarms, extra)


def linear_deployment(
    step: CapacitySizeTypeDef,
    *,
    wait_seconds: int,
    termination_wait_seconds: int | None = None,
    timeout_seconds: int | None = None,
    alarms: Sequence[str] = (),
    extra: Mapping[str, Any] = EMPTY,
) -> DeploymentConfigTypeDef:
    """Blue/green in equal steps of 10 to 50 % of the capacity."""
    routing: TrafficRoutingConfigTypeDef = {
        "Type": "LINEAR",
        "WaitIntervalInSeconds": wait_seconds,
        "LinearStepSize": step,
    }
    return _blue_green(routing, termination_wait_seconds, timeout_seconds, alarms, extra)


def rolling_deployment(
    batch: CapacitySizeTypeDef,
    *,
    wait_seconds: int,
    rollback_batch: CapacitySizeTypeDef | None = None,
    timeout_seconds: int | None = None,
    alarms: Sequence[str] = (),
    extra: Mapping[str, Any] = EMPTY,
) -> DeploymentConfigTypeDef:
    """Batches of 5 to 50 % of the capacity, one after the other: no second whole fleet is paid for.

    A rollback goes back at once unless ``rollback_batch`` is given.
    """
    config: DeploymentConfigTypeDef = {
        "RollingUpdatePolicy": {
            "MaximumBatchSize": batch,
            "WaitIntervalInSeconds": wait_seconds,
            "MaximumExecutionTimeoutInSeconds": optional(timeout_seconds),
            "RollbackMaximumBatchSize": optional(rollback_batch),
        },
        "AutoRollbackConfiguration": optional(_rollback(alarms)),
    }
    return assembled(config, extra)


def _blue_green(
    routing: TrafficRoutingConfigTypeDef,
    termination_wait_seconds: int | None,
    timeout_seconds: int | None,
    alarms: Sequence[str],
    extra: Mapping[str, Any],
) -> DeploymentConfigTypeDef:
    config: DeploymentConfigTypeDef = {
        "BlueGreenUpdatePolicy": {
            "TrafficRoutingConfiguration": routing,
            "TerminationWaitInSeconds": optional(termination_wait_seconds),
            "MaximumExecutionTimeoutInSeconds": optional(timeout_seconds),
        },
        "AutoRollbackConfiguration": optional(_rollback(alarms)),
    }
    return assembled(config, extra)


def _rollback(alarms: Sequence[str]) -> AutoRollbackConfigTypeDef | None:
    return {"Alarms": [{"AlarmName": name} for name in alarms]} if alarms else None


def update_weights_and_capacities(
    endpoint_name: str, *, variants: Sequence[DesiredWeightAndCapacityTypeDef]
) -> UpdateEndpointWeightsAndCapacitiesInputTypeDef:
    """The UpdateEndpointWeightsAndCapacities request: weights of several variants, or the capacity of one."""
    request: UpdateEndpointWeightsAndCapacitiesInputTypeDef = {
        "EndpointName": endpoint_name,
        "DesiredWeightsAndCapacities": variants,
    }
    return assembled(request)


def desired_variant(
    name: str,
    *,
    weight: float | None = None,
    instance_count: int | None = None,
    max_concurrency: int | None = None,
    provisioned_concurrency: int | None = None,
) -> DesiredWeightAndCapacityTypeDef:
    """What a variant shall have from now on; the last two are for serverless ones."""
    serverless: ProductionVariantServerlessUpdateConfigTypeDef = {
        "MaxConcurrency": optional(max_concurrency),
        "ProvisionedConcurrency": optional(provisioned_concurrency),
    }
    desired: DesiredWeightAndCapacityTypeDef = {
        "VariantName": name,
        "DesiredWeight": optional(weight),
        "DesiredInstanceCount": optional(instance_count),
        "ServerlessUpdateConfig": optional(assembled(serverless)),
    }
    return assembled(desired)
