"""RegisterScalableTarget and PutScalingPolicy of Application Auto Scaling, for SageMaker endpoints.

Source: https://docs.aws.amazon.com/sagemaker/latest/dg/endpoint-auto-scaling.html
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from sm_raw.specs.assembly import EMPTY, assembled, optional
from sm_raw.specs.hosting import ALL_TRAFFIC

if TYPE_CHECKING:
    from types_boto3_application_autoscaling.literals import MetricTypeType, ScalableDimensionType
    from types_boto3_application_autoscaling.type_defs import (
        PutScalingPolicyRequestTypeDef,
        RegisterScalableTargetRequestTypeDef,
    )


def variant_resource_id(endpoint_name: str, variant_name: str = ALL_TRAFFIC) -> str:
    """How Application Auto Scaling names a variant of an endpoint."""
    return f"endpoint/{endpoint_name}/variant/{variant_name}"


def scalable_target(
    resource_id: str,
    *,
    min_capacity: int,
    max_capacity: int,
    dimension: ScalableDimensionType = "sagemaker:variant:DesiredInstanceCount",
    tags: Mapping[str, str] = EMPTY,
    extra: Mapping[str, Any] = EMPTY,
) -> RegisterScalableTargetRequestTypeDef:
    """The RegisterScalableTarget request: the bounds within which policies move the capacity.

    The endpoint has to be InService when it is sent. ``extra`` patches the request (see ``assembly``).
    """
    request: RegisterScalableTargetRequestTypeDef = {
        "ServiceNamespace": "sagemaker",
        "ResourceId": resource_id,
        "ScalableDimension": dimension,
        "MinCapacity": min_capacity,
        "MaxCapacity": max_capacity,
        "Tags": optional(tags),
    }
    return assembled(request, extra)


def scaling_policy(
    name: str,
    *,
    resource_id: str,
    target_value: float,
    metric: MetricTypeType = "SageMakerVariantInvocationsPerInstance",
    scale_out_cooldown_seconds: int | None = None,
    scale_in_cooldown_seconds: int | None = None,
    dimension: ScalableDimensionType = "sagemaker:variant:DesiredInstanceCount",
    extra: Mapping[str, Any] = EMPTY,
) -> PutScalingPolicyRequestTypeDef:
    """The PutScalingPolicy request that keeps a predefined metric near ``target_value`` (target tracking).

    The default metric counts invocations per instance and *minute*: ``invocations_target`` computes it from
    requests per second. A cooldown not given is the service's 300 s. ``extra`` patches the request.
    """
    request: PutScalingPolicyRequestTypeDef = {
        "PolicyName": name,
        "ServiceNamespace": "sagemaker",
        "ResourceId": resource_id,
        "ScalableDimension": dimension,
        "PolicyType": "TargetTrackingScaling",
        "TargetTrackingScalingPolicyConfiguration": {
            "TargetValue": target_value,
            "PredefinedMetricSpecification": {"PredefinedMetricType": metric},
            "ScaleOutCooldown": optional(scale_out_cooldown_seconds),
            "ScaleInCooldown": optional(scale_in_cooldown_seconds),
        },
    }
    return assembled(request, extra)


def invocations_target(requests_per_second: float, safety: float = 0.5) -> float:
    """The target of SageMakerVariantInvocationsPerInstance for the most that one instance can answer.

    ``safety`` leaves room for the minutes in which new instances start; AWS's page on load testing begins
    with 0.5. Source: https://docs.aws.amazon.com/sagemaker/latest/dg/endpoint-scaling-loadtest.html
    """
    return requests_per_second * safety * 60
