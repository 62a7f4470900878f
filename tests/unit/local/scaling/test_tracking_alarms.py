from __future__ import annotations

import itertools
from typing import Any

from sm_raw.local.scaling.tracking_alarms import alarms, of_policy

RESOURCE = "endpoint/dogs/variant/blue"
POLICY: dict[str, Any] = {
    "PolicyARN": "arn:policy",
    "PolicyName": "steady",
    "ResourceId": RESOURCE,
    "TargetTrackingScalingPolicyConfiguration": {
        "TargetValue": 50,
        "PredefinedMetricSpecification": {"PredefinedMetricType": "SageMakerVariantInvocationsPerInstance"},
    },
}


def made(policy: dict[str, Any], present: list[str]) -> list[dict[str, Any]]:
    numbers = itertools.count(1)
    return alarms(policy, present, new_id=lambda: f"id-{next(numbers)}")


def test_both_alarms_as_a_whole() -> None:
    common = {
        "AlarmDescription": "DO NOT EDIT OR DELETE. For TargetTrackingScaling policy arn:policy:createdBy/id-1.",
        "AlarmActions": ["arn:policy:createdBy/id-1"],
        "Period": 60,
        "Namespace": "AWS/SageMaker",
        "Dimensions": [{"Name": "EndpointName", "Value": "dogs"}, {"Name": "VariantName", "Value": "blue"}],
        "MetricName": "InvocationsPerInstance",
        "Statistic": "Sum",
    }
    assert made(POLICY, []) == [
        {
            **common,
            "AlarmName": f"TargetTracking-{RESOURCE}-AlarmHigh-id-2",
            "EvaluationPeriods": 3,
            "Threshold": 50.0,
            "ComparisonOperator": "GreaterThanThreshold",
        },
        {
            **common,
            "AlarmName": f"TargetTracking-{RESOURCE}-AlarmLow-id-3",
            "EvaluationPeriods": 15,
            "Threshold": 45.0,
            "ComparisonOperator": "LessThanThreshold",
        },
    ]


def test_a_customized_metric_is_followed_as_it_is_given() -> None:
    metric = {
        "Namespace": "Mine",
        "MetricName": "Waiting",
        "Statistic": "Maximum",
        "Unit": "Count",
        "Dimensions": [{"Name": "Queue", "Value": "q"}],
    }
    policy = {
        **POLICY,
        "TargetTrackingScalingPolicyConfiguration": {"TargetValue": 2, "CustomizedMetricSpecification": metric},
    }
    assert all(metric.items() <= alarm.items() for alarm in made(policy, []))


def test_alarms_that_are_there_keep_their_names() -> None:
    present = [alarm["AlarmName"] for alarm in made(POLICY, [])]
    assert [alarm["AlarmName"] for alarm in made(POLICY, present)] == present


def test_alarms_of_a_policy_are_those_that_it_is_an_action_of() -> None:
    users = {"AlarmName": "a", "AlarmActions": ["arn:topic", "arn:policy"]}
    services = {"AlarmName": "b", "AlarmActions": ["arn:policy:createdBy/id"]}
    others = {"AlarmName": "c", "AlarmActions": ["arn:policy-2"]}
    assert of_policy("arn:policy", [others, services, users, {"AlarmName": "d"}]) == [users, services]
