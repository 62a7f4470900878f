from __future__ import annotations

import pytest

from sm_raw.specs import invocations_target, scalable_target, scaling_policy, variant_resource_id

VARIANT = "endpoint/digits/variant/AllTraffic"


def test_resource_id_names_endpoint_and_variant():
    assert variant_resource_id("digits") == VARIANT
    assert variant_resource_id("digits", "blue") == "endpoint/digits/variant/blue"


def test_scalable_target_bounds_the_instances_of_a_variant():
    assert scalable_target(VARIANT, min_capacity=1, max_capacity=3) == {
        "ServiceNamespace": "sagemaker",
        "ResourceId": VARIANT,
        "ScalableDimension": "sagemaker:variant:DesiredInstanceCount",
        "MinCapacity": 1,
        "MaxCapacity": 3,
    }


def test_scalable_target_of_another_dimension_may_fall_to_zero():
    assert scalable_target(
        "inference-component/digits",
        min_capacity=0,
        max_capacity=2,
        dimension="sagemaker:inference-component:DesiredCopyCount",
        tags={"project": "digits"},
        extra={"SuspendedState": {"DynamicScalingInSuspended": True}},
    ) == {
        "ServiceNamespace": "sagemaker",
        "ResourceId": "inference-component/digits",
        "ScalableDimension": "sagemaker:inference-component:DesiredCopyCount",
        "MinCapacity": 0,
        "MaxCapacity": 2,
        "Tags": {"project": "digits"},
        "SuspendedState": {"DynamicScalingInSuspended": True},
    }


def test_policy_tracks_invocations_and_leaves_cooldowns_to_the_service():
    assert scaling_policy("digits-invocations", resource_id=VARIANT, target_value=70.0) == {
        "PolicyName": "digits-invocations",
        "ServiceNamespace": "sagemaker",
        "ResourceId": VARIANT,
        "ScalableDimension": "sagemaker:variant:DesiredInstanceCount",
        "PolicyType": "TargetTrackingScaling",
        "TargetTrackingScalingPolicyConfiguration": {
            "TargetValue": 70.0,
            "PredefinedMetricSpecification": {"PredefinedMetricType": "SageMakerVariantInvocationsPerInstance"},
        },
    }


def test_policy_with_cooldowns_tracks_a_metric_of_ones_own():
    cpu = {
        "MetricName": "CPUUtilization",
        "Namespace": "/aws/sagemaker/Endpoints",
        "Dimensions": [
            {"Name": "EndpointName", "Value": "digits"},
            {"Name": "VariantName", "Value": "AllTraffic"},
        ],
        "Statistic": "Average",
        "Unit": "Percent",
    }
    request = scaling_policy(
        "digits-cpu",
        resource_id=VARIANT,
        target_value=50,
        scale_out_cooldown_seconds=30,
        scale_in_cooldown_seconds=0,
        extra={
            "TargetTrackingScalingPolicyConfiguration": {
                "PredefinedMetricSpecification": None,
                "CustomizedMetricSpecification": cpu,
            }
        },
    )
    assert request["TargetTrackingScalingPolicyConfiguration"] == {
        "TargetValue": 50,
        "ScaleOutCooldown": 30,
        "ScaleInCooldown": 0,
        "CustomizedMetricSpecification": cpu,
    }


@pytest.mark.parametrize(("requests_per_second", "safety", "target"), [(20, 0.5, 600), (1, 1, 60), (0.5, 0.8, 24)])
def test_invocations_target_counts_per_minute(requests_per_second, safety, target):
    assert invocations_target(requests_per_second, safety) == target


def test_invocations_target_leaves_half_of_the_capacity_free_unless_told():
    assert invocations_target(10) == 300
