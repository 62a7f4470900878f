"""The two CloudWatch alarms that Application Auto Scaling makes for a target tracking policy of a variant. Pure.

Their names, periods and thresholds are those that the service is seen to give: three minutes above the target, or
fifteen below nine tenths of it. The policies of
https://docs.aws.amazon.com/autoscaling/application/userguide/target-tracking-scaling-policy-overview.html do not say.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from sm_raw.local.scaling.decisions import Direction

LOW_SHARE = 0.9
HIGH_PERIODS, LOW_PERIODS, PERIOD_SECONDS = 3, 15, 60
HIGH, LOW = "AlarmHigh", "AlarmLow"
# What a predefined metric is in CloudWatch.
PREDEFINED: dict[str, dict[str, Any]] = {
    "SageMakerVariantInvocationsPerInstance": {"MetricName": "InvocationsPerInstance", "Statistic": "Sum"},
}
METRIC = ("Namespace", "MetricName", "Dimensions", "Statistic", "Unit")


def alarms(
    policy: Mapping[str, Any],
    present: Iterable[str] = (),
    new_id: Callable[[], str] = lambda: str(uuid.uuid4()),
) -> list[dict[str, Any]]:
    """The PutMetricAlarm requests for ``policy``, a ScalingPolicy; those that are ``present`` keep their names."""
    tracking = policy["TargetTrackingScalingPolicyConfiguration"]
    target = float(tracking["TargetValue"])
    sides = (
        (HIGH, "GreaterThanThreshold", target, HIGH_PERIODS),
        (LOW, "LessThanThreshold", target * LOW_SHARE, LOW_PERIODS),
    )
    names, action = list(present), f"{policy['PolicyARN']}:createdBy/{new_id()}"
    prefix = f"TargetTracking-{policy['ResourceId']}"
    return [
        {
            "AlarmName": next((name for name in names if f"-{side}-" in name), f"{prefix}-{side}-{new_id()}"),
            "AlarmDescription": f"DO NOT EDIT OR DELETE. For TargetTrackingScaling policy {action}.",
            "AlarmActions": [action],
            "Period": PERIOD_SECONDS,
            **metric(policy["ResourceId"], tracking),
            "EvaluationPeriods": periods,
            "Threshold": threshold,
            "ComparisonOperator": comparison,
        }
        for side, comparison, threshold, periods in sides
    ]


def metric(resource_id: str, tracking: Mapping[str, Any]) -> dict[str, Any]:
    """The metric that a target tracking configuration follows, in the fields of an alarm."""
    if "PredefinedMetricSpecification" in tracking:
        _, endpoint, _, variant = resource_id.split("/")
        return {
            "Namespace": "AWS/SageMaker",
            "Dimensions": [{"Name": "EndpointName", "Value": endpoint}, {"Name": "VariantName", "Value": variant}],
            **PREDEFINED[tracking["PredefinedMetricSpecification"]["PredefinedMetricType"]],
        }
    custom = tracking["CustomizedMetricSpecification"]
    return {field: custom[field] for field in METRIC if field in custom}


def direction(alarm: Mapping[str, Any]) -> Direction:
    """Which way the alarm of a target tracking policy scales."""
    return "out" if str(alarm["ComparisonOperator"]).startswith("Greater") else "in"


def of_policy(policy_arn: str, found: Iterable[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Of the alarms ``found``, those that a policy is an action of, by name; a step policy's are the user's own."""
    mine = [alarm for alarm in found if policy_arn in map(_policy_of, alarm.get("AlarmActions", ()))]
    return sorted(mine, key=lambda alarm: str(alarm["AlarmName"]))


def _policy_of(action: str) -> str:
    return action.partition(":createdBy/")[0]
