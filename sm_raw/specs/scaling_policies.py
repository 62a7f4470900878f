"""Scaling by steps, with the CloudWatch alarms that take them, and by the clock.

Sources: https://docs.aws.amazon.com/autoscaling/application/userguide/application-auto-scaling-step-scaling-policies.html,
https://docs.aws.amazon.com/sagemaker/latest/dg/async-inference-autoscale.html,
https://docs.aws.amazon.com/sagemaker/latest/dg/endpoint-auto-scaling-zero-instances.html
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from sm_raw.specs.assembly import EMPTY, assembled, optional
from sm_raw.specs.hosting import ALL_TRAFFIC
from sm_raw.specs.scaling import (
    INSTANCE_COUNT,
    custom_metric,
    scalable_target,
    scaling_policy,
    service_namespace,
    variant_resource_id,
)

if TYPE_CHECKING:
    from types_boto3_application_autoscaling.literals import (
        AdjustmentTypeType,
        MetricAggregationTypeType,
        ScalableDimensionType,
    )
    from types_boto3_application_autoscaling.type_defs import (
        DeleteScheduledActionRequestTypeDef,
        PutScalingPolicyRequestTypeDef,
        PutScheduledActionRequestTypeDef,
        RegisterScalableTargetRequestTypeDef,
        ScalableTargetActionTypeDef,
        StepAdjustmentTypeDef,
    )
    from types_boto3_cloudwatch.literals import ComparisonOperatorType, StatisticType
    from types_boto3_cloudwatch.type_defs import PutMetricAlarmInputTypeDef


def step(
    adjustment: int, *, lower_bound: float | None = None, upper_bound: float | None = None
) -> StepAdjustmentTypeDef:
    """What to do while the metric is between two bounds, which count from the alarm's threshold; None is endless."""
    adjustment_step: StepAdjustmentTypeDef = {
        "MetricIntervalLowerBound": optional(lower_bound),
        "MetricIntervalUpperBound": optional(upper_bound),
        "ScalingAdjustment": adjustment,
    }
    return assembled(adjustment_step)


def step_scaling_policy(
    name: str,
    *,
    resource_id: str,
    steps: Sequence[StepAdjustmentTypeDef],
    adjustment_type: AdjustmentTypeType = "ChangeInCapacity",
    cooldown_seconds: int | None = None,
    aggregation: MetricAggregationTypeType | None = None,
    min_adjustment: int | None = None,
    dimension: ScalableDimensionType = INSTANCE_COUNT,
    extra: Mapping[str, Any] = EMPTY,
) -> PutScalingPolicyRequestTypeDef:
    """The PutScalingPolicy request of steps; nothing happens until an alarm names the PolicyARN in its answer.

    ``min_adjustment`` is the least change by PercentChangeInCapacity. A cooldown not given is the service's 300 s,
    an aggregation not given its Average.
    """
    request: PutScalingPolicyRequestTypeDef = {
        "PolicyName": name,
        "ServiceNamespace": service_namespace(dimension),
        "ResourceId": resource_id,
        "ScalableDimension": dimension,
        "PolicyType": "StepScaling",
        "StepScalingPolicyConfiguration": {
            "AdjustmentType": adjustment_type,
            "StepAdjustments": steps,
            "Cooldown": optional(cooldown_seconds),
            "MetricAggregationType": optional(aggregation),
            "MinAdjustmentMagnitude": optional(min_adjustment),
        },
    }
    return assembled(request, extra)


def scaling_alarm(
    name: str,
    *,
    policy_arn: str,
    metric_name: str,
    dimensions: Mapping[str, str],
    threshold: float,
    namespace: str = "AWS/SageMaker",
    comparison: ComparisonOperatorType = "GreaterThanOrEqualToThreshold",
    statistic: StatisticType = "Average",
    period_seconds: int = 60,
    periods: int = 1,
    extra: Mapping[str, Any] = EMPTY,
) -> PutMetricAlarmInputTypeDef:
    """The PutMetricAlarm request that takes a step policy's steps while the metric passes the threshold."""
    request: PutMetricAlarmInputTypeDef = {
        "AlarmName": name,
        "AlarmActions": [policy_arn],
        "MetricName": metric_name,
        "Namespace": namespace,
        "Statistic": statistic,
        "Dimensions": [{"Name": key, "Value": value} for key, value in dimensions.items()],
        "Period": period_seconds,
        "EvaluationPeriods": periods,
        "Threshold": threshold,
        "ComparisonOperator": comparison,
    }
    return assembled(request, extra)


def backlog_alarm(name: str, *, endpoint_name: str, policy_arn: str) -> PutMetricAlarmInputTypeDef:
    """The alarm that wakes an asynchronous endpoint from zero instances: requests have waited for two minutes."""
    return scaling_alarm(
        name,
        policy_arn=policy_arn,
        metric_name="HasBacklogWithoutCapacity",
        dimensions={"EndpointName": endpoint_name},
        threshold=1,
        periods=2,
    )


def async_scaling(
    endpoint_name: str, *, max_instances: int, backlog_per_instance: float, variant_name: str = ALL_TRAFFIC
) -> tuple[RegisterScalableTargetRequestTypeDef, PutScalingPolicyRequestTypeDef, PutScalingPolicyRequestTypeDef]:
    """An asynchronous endpoint between no instance and ``max_instances``: the target and its two policies.

    The first policy keeps so many waiting requests per instance. It cannot leave zero, where there is no instance to
    divide by: the second adds one when ``backlog_alarm`` takes its steps.
    """
    resource_id = variant_resource_id(endpoint_name, variant_name)
    backlog = custom_metric(
        "ApproximateBacklogSizePerInstance",
        namespace="AWS/SageMaker",
        dimensions={"EndpointName": endpoint_name},
    )
    return (
        scalable_target(resource_id, min_capacity=0, max_capacity=max_instances),
        scaling_policy(
            f"{endpoint_name}-backlog", resource_id=resource_id, target_value=backlog_per_instance, metric=backlog
        ),
        step_scaling_policy(f"{endpoint_name}-from-zero", resource_id=resource_id, steps=[step(1, lower_bound=0)]),
    )


def scheduled_action(
    name: str,
    *,
    resource_id: str,
    schedule: str,
    min_capacity: int | None = None,
    max_capacity: int | None = None,
    time_zone: str | None = None,
    start_time: str | None = None,
    end_time: str | None = None,
    dimension: ScalableDimensionType = INSTANCE_COUNT,
    extra: Mapping[str, Any] = EMPTY,
) -> PutScheduledActionRequestTypeDef:
    """The PutScheduledAction request: other bounds of the capacity from a point of time on.

    ``schedule`` is ``at(2030-01-31T08:00:00)``, ``rate(12 hours)`` or ``cron(0 8 ? * MON-FRI *)``, in ``time_zone``
    (``Europe/Berlin``; UTC where not given). ``start_time`` and ``end_time`` bound a schedule that recurs, in ISO
    8601 and UTC.
    """
    bounds: ScalableTargetActionTypeDef = {
        "MinCapacity": optional(min_capacity),
        "MaxCapacity": optional(max_capacity),
    }
    request: PutScheduledActionRequestTypeDef = {
        "ServiceNamespace": service_namespace(dimension),
        "ScheduledActionName": name,
        "ResourceId": resource_id,
        "ScalableDimension": dimension,
        "Schedule": schedule,
        "Timezone": optional(time_zone),
        "StartTime": optional(start_time),
        "EndTime": optional(end_time),
        "ScalableTargetAction": assembled(bounds),
    }
    return assembled(request, extra)


def delete_scheduled_action(
    name: str, *, resource_id: str, dimension: ScalableDimensionType = INSTANCE_COUNT
) -> DeleteScheduledActionRequestTypeDef:
    """The DeleteScheduledAction request."""
    return {
        "ServiceNamespace": service_namespace(dimension),
        "ScheduledActionName": name,
        "ResourceId": resource_id,
        "ScalableDimension": dimension,
    }
