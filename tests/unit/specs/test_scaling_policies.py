from __future__ import annotations

import pytest

from sm_raw.specs.scaling_policies import (
    async_scaling,
    backlog_alarm,
    delete_scheduled_action,
    scaling_alarm,
    scheduled_action,
    step,
    step_scaling_policy,
)
from sm_raw.validation.checking import check, check_together

VARIANT = "endpoint/digits/variant/AllTraffic"
NAMED = {
    "ServiceNamespace": "sagemaker",
    "ResourceId": VARIANT,
    "ScalableDimension": "sagemaker:variant:DesiredInstanceCount",
}
POLICY_ARN = "arn:aws:autoscaling:us-east-1:111122223333:scalingPolicy:1:resource/sagemaker/x:policyName/steps"


@pytest.mark.parametrize(
    ("request_", "configuration"),
    [
        (
            step_scaling_policy("steps", resource_id=VARIANT, steps=[step(1, lower_bound=0)]),
            {
                "AdjustmentType": "ChangeInCapacity",
                "StepAdjustments": [{"MetricIntervalLowerBound": 0, "ScalingAdjustment": 1}],
            },
        ),
        (
            step_scaling_policy(
                "steps",
                resource_id=VARIANT,
                steps=[step(10, lower_bound=0, upper_bound=20), step(50, lower_bound=20)],
                adjustment_type="PercentChangeInCapacity",
                cooldown_seconds=60,
                aggregation="Maximum",
                min_adjustment=1,
            ),
            {
                "AdjustmentType": "PercentChangeInCapacity",
                "StepAdjustments": [
                    {"MetricIntervalLowerBound": 0, "MetricIntervalUpperBound": 20, "ScalingAdjustment": 10},
                    {"MetricIntervalLowerBound": 20, "ScalingAdjustment": 50},
                ],
                "Cooldown": 60,
                "MetricAggregationType": "Maximum",
                "MinAdjustmentMagnitude": 1,
            },
        ),
    ],
)
def test_step_policies(request_, configuration):
    assert request_ == {
        "PolicyName": "steps",
        **NAMED,
        "PolicyType": "StepScaling",
        "StepScalingPolicyConfiguration": configuration,
    }
    assert check("PutScalingPolicy", request_) == []


def test_alarm_takes_the_steps_of_a_policy():
    request = scaling_alarm(
        "no-capacity",
        policy_arn=POLICY_ARN,
        metric_name="NoCapacityInvocationFailures",
        dimensions={"InferenceComponentName": "digits"},
        threshold=1,
        statistic="Sum",
        extra={"TreatMissingData": "notBreaching"},
    )
    assert request == {
        "AlarmName": "no-capacity",
        "AlarmActions": [POLICY_ARN],
        "MetricName": "NoCapacityInvocationFailures",
        "Namespace": "AWS/SageMaker",
        "Statistic": "Sum",
        "Dimensions": [{"Name": "InferenceComponentName", "Value": "digits"}],
        "Period": 60,
        "EvaluationPeriods": 1,
        "Threshold": 1,
        "ComparisonOperator": "GreaterThanOrEqualToThreshold",
        "TreatMissingData": "notBreaching",
    }
    assert check("PutMetricAlarm", request) == []


def test_backlog_without_capacity_wakes_an_asynchronous_endpoint():
    request = backlog_alarm("wake", endpoint_name="digits", policy_arn=POLICY_ARN)
    assert request == {
        "AlarmName": "wake",
        "AlarmActions": [POLICY_ARN],
        "MetricName": "HasBacklogWithoutCapacity",
        "Namespace": "AWS/SageMaker",
        "Statistic": "Average",
        "Dimensions": [{"Name": "EndpointName", "Value": "digits"}],
        "Period": 60,
        "EvaluationPeriods": 2,
        "Threshold": 1,
        "ComparisonOperator": "GreaterThanOrEqualToThreshold",
    }
    assert check("PutMetricAlarm", request) == []


def test_asynchronous_endpoint_scales_from_zero():
    target, backlog, steps = async_scaling("digits", max_instances=4, backlog_per_instance=5)
    assert target == {**NAMED, "MinCapacity": 0, "MaxCapacity": 4}
    assert backlog["TargetTrackingScalingPolicyConfiguration"] == {
        "TargetValue": 5,
        "CustomizedMetricSpecification": {
            "MetricName": "ApproximateBacklogSizePerInstance",
            "Namespace": "AWS/SageMaker",
            "Dimensions": [{"Name": "EndpointName", "Value": "digits"}],
            "Statistic": "Average",
        },
    }
    assert steps["StepScalingPolicyConfiguration"]["StepAdjustments"] == [
        {"MetricIntervalLowerBound": 0, "ScalingAdjustment": 1}
    ]
    story = [("RegisterScalableTarget", target), ("PutScalingPolicy", backlog), ("PutScalingPolicy", steps)]
    assert check_together(story) == [[], [], []]


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (
            {"schedule": "at(2030-01-31T08:00:00)", "min_capacity": 2},
            {"Schedule": "at(2030-01-31T08:00:00)", "ScalableTargetAction": {"MinCapacity": 2}},
        ),
        (
            {"schedule": "rate(12 hours)", "min_capacity": 0, "max_capacity": 0},
            {"Schedule": "rate(12 hours)", "ScalableTargetAction": {"MinCapacity": 0, "MaxCapacity": 0}},
        ),
        (
            {
                "schedule": "cron(0 8 ? * MON-FRI *)",
                "max_capacity": 3,
                "time_zone": "Europe/Berlin",
                "start_time": "2030-01-01T00:00:00Z",
                "end_time": "2031-01-01T00:00:00Z",
            },
            {
                "Schedule": "cron(0 8 ? * MON-FRI *)",
                "Timezone": "Europe/Berlin",
                "StartTime": "2030-01-01T00:00:00Z",
                "EndTime": "2031-01-01T00:00:00Z",
                "ScalableTargetAction": {"MaxCapacity": 3},
            },
        ),
    ],
)
def test_scheduled_actions(arguments, expected):
    request = scheduled_action("office-hours", resource_id=VARIANT, **arguments)
    assert request == {"ScheduledActionName": "office-hours", **NAMED, **expected}
    assert check("PutScheduledAction", request) == []


def test_scheduled_action_goes_by_its_name():
    assert delete_scheduled_action("office-hours", resource_id=VARIANT) == {
        "ScheduledActionName": "office-hours",
        **NAMED,
    }
