"""RegisterScalableTarget and target tracking (PutScalingPolicy) of Application Auto Scaling.

Scaling by steps and by the clock is in ``scaling_policies``.

Source: https://docs.aws.amazon.com/sagemaker/latest/dg/endpoint-auto-scaling.html
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from sm_raw.specs.assembly import EMPTY, assembled, optional
from sm_raw.specs.hosting import ALL_TRAFFIC

if TYPE_CHECKING:
    from types_boto3_application_autoscaling.literals import (
        MetricStatisticType,
        MetricTypeType,
        ScalableDimensionType,
        ServiceNamespaceType,
    )
    from types_boto3_application_autoscaling.type_defs import (
        CustomizedMetricSpecificationTypeDef,
        DeleteScalingPolicyRequestTypeDef,
        DeregisterScalableTargetRequestTypeDef,
        PredefinedMetricSpecificationTypeDef,
        PutScalingPolicyRequestTypeDef,
        RegisterScalableTargetRequestTypeDef,
        SuspendedStateTypeDef,
    )

INSTANCE_COUNT: ScalableDimensionType = "sagemaker:variant:DesiredInstanceCount"


def variant_resource_id(endpoint_name: str, variant_name: str = ALL_TRAFFIC) -> str:
    """How Application Auto Scaling names a variant of an endpoint."""
    return f"endpoint/{endpoint_name}/variant/{variant_name}"


def component_resource_id(component_name: str) -> str:
    """How it names an inference component; its dimension is ``sagemaker:inference-component:DesiredCopyCount``."""
    return f"inference-component/{component_name}"


def function_resource_id(function_name: str, alias: str) -> str:
    """How it names an alias of a Lambda function; its dimension is ``lambda:function:ProvisionedConcurrency``."""
    return f"function:{function_name}:{alias}"


def service_namespace(dimension: ScalableDimensionType) -> ServiceNamespaceType:
    """The service whose capacity a dimension is: ``sagemaker`` or ``lambda``."""
    return "lambda" if dimension.startswith("lambda:") else "sagemaker"


def scalable_target(
    resource_id: str,
    *,
    min_capacity: int,
    max_capacity: int,
    dimension: ScalableDimensionType = INSTANCE_COUNT,
    suspended: SuspendedStateTypeDef | None = None,
    tags: Mapping[str, str] = EMPTY,
    extra: Mapping[str, Any] = EMPTY,
) -> RegisterScalableTargetRequestTypeDef:
    """The RegisterScalableTarget request: the bounds within which policies move the capacity.

    The endpoint has to be InService when it is sent. ``suspended`` is what ``suspended_state`` returns. ``extra``
    patches the request (see ``assembly``).
    """
    request: RegisterScalableTargetRequestTypeDef = {
        "ServiceNamespace": service_namespace(dimension),
        "ResourceId": resource_id,
        "ScalableDimension": dimension,
        "MinCapacity": min_capacity,
        "MaxCapacity": max_capacity,
        "SuspendedState": optional(suspended),
        "Tags": optional(tags),
    }
    return assembled(request, extra)


def suspended_state(
    *, scale_in: bool = False, scale_out: bool = False, scheduled: bool = False
) -> SuspendedStateTypeDef:
    """Which kinds of scaling rest until the target is registered again with all of them False."""
    return {
        "DynamicScalingInSuspended": scale_in,
        "DynamicScalingOutSuspended": scale_out,
        "ScheduledScalingSuspended": scheduled,
    }


def deregister_scalable_target(
    resource_id: str, *, dimension: ScalableDimensionType = INSTANCE_COUNT
) -> DeregisterScalableTargetRequestTypeDef:
    """The DeregisterScalableTarget request; policies and scheduled actions of the target go with it."""
    return {
        "ServiceNamespace": service_namespace(dimension),
        "ResourceId": resource_id,
        "ScalableDimension": dimension,
    }


def scaling_policy(
    name: str,
    *,
    resource_id: str,
    target_value: float,
    metric: MetricTypeType | CustomizedMetricSpecificationTypeDef = "SageMakerVariantInvocationsPerInstance",
    scale_out_cooldown_seconds: int | None = None,
    scale_in_cooldown_seconds: int | None = None,
    disable_scale_in: bool = False,
    dimension: ScalableDimensionType = INSTANCE_COUNT,
    extra: Mapping[str, Any] = EMPTY,
) -> PutScalingPolicyRequestTypeDef:
    """The PutScalingPolicy request that keeps a metric near ``target_value`` (target tracking).

    ``metric`` is the name of a predefined one or what ``custom_metric`` returns. The default counts invocations per
    instance and *minute*: ``invocations_target`` computes the target from requests per second. A cooldown not given
    is the service's, which is 300 s for instances. ``disable_scale_in`` only ever adds capacity. ``extra`` patches
    the request.
    """
    predefined: PredefinedMetricSpecificationTypeDef | None
    predefined = {"PredefinedMetricType": metric} if isinstance(metric, str) else None
    request: PutScalingPolicyRequestTypeDef = {
        "PolicyName": name,
        "ServiceNamespace": service_namespace(dimension),
        "ResourceId": resource_id,
        "ScalableDimension": dimension,
        "PolicyType": "TargetTrackingScaling",
        "TargetTrackingScalingPolicyConfiguration": {
            "TargetValue": target_value,
            "PredefinedMetricSpecification": optional(predefined),
            "CustomizedMetricSpecification": optional(None if isinstance(metric, str) else metric),
            "ScaleOutCooldown": optional(scale_out_cooldown_seconds),
            "ScaleInCooldown": optional(scale_in_cooldown_seconds),
            "DisableScaleIn": optional(disable_scale_in or None),
        },
    }
    return assembled(request, extra)


def custom_metric(
    name: str,
    *,
    namespace: str,
    dimensions: Mapping[str, str],
    statistic: MetricStatisticType = "Average",
    unit: str | None = None,
) -> CustomizedMetricSpecificationTypeDef:
    """A CloudWatch metric to track; it has to fall as capacity grows.

    CPUUtilization and its kin are in the namespace ``/aws/sagemaker/Endpoints``, what is counted per invocation, and
    the backlog of asynchronous endpoints, in ``AWS/SageMaker``.
    """
    metric: CustomizedMetricSpecificationTypeDef = {
        "MetricName": name,
        "Namespace": namespace,
        "Dimensions": [{"Name": key, "Value": value} for key, value in dimensions.items()],
        "Statistic": statistic,
        "Unit": optional(unit),
    }
    return assembled(metric)


def delete_scaling_policy(
    name: str, *, resource_id: str, dimension: ScalableDimensionType = INSTANCE_COUNT
) -> DeleteScalingPolicyRequestTypeDef:
    """The DeleteScalingPolicy request; the alarms of a target tracking policy go with it."""
    return {
        "PolicyName": name,
        "ServiceNamespace": service_namespace(dimension),
        "ResourceId": resource_id,
        "ScalableDimension": dimension,
    }


def invocations_target(requests_per_second: float, safety: float = 0.5) -> float:
    """The target of SageMakerVariantInvocationsPerInstance for the most that one instance can answer.

    ``safety`` leaves room for the minutes in which new instances start; AWS's page on load testing begins
    with 0.5. Source: https://docs.aws.amazon.com/sagemaker/latest/dg/endpoint-scaling-loadtest.html
    """
    return requests_per_second * safety * 60


def example_scaling(
    endpoint_name: str, variant_name: str = ALL_TRAFFIC
) -> tuple[RegisterScalableTargetRequestTypeDef, PutScalingPolicyRequestTypeDef]:
    """The two requests of a textbook example: 1 to 3 instances, target 10, 30 s before more, 120 s before fewer.

    The metric counts invocations per instance and minute, so the target of 10 is one request every six seconds:
    soon reached in a demonstration, and far below what an instance can answer. Take ``invocations_target`` of a
    measured rate for real traffic. 30 s is less than the minute that the metric needs to show a new instance, which
    the checks tell as W523: it may add one more instance than is needed.
    """
    resource_id = variant_resource_id(endpoint_name, variant_name)
    target = scalable_target(resource_id, min_capacity=1, max_capacity=3)
    policy = scaling_policy(
        f"{endpoint_name}-invocations",
        resource_id=resource_id,
        target_value=10,
        scale_out_cooldown_seconds=30,
        scale_in_cooldown_seconds=120,
    )
    return target, policy
