from __future__ import annotations

import pytest

from sm_raw.specs.scaling import (
    component_resource_id,
    custom_metric,
    delete_scaling_policy,
    deregister_scalable_target,
    example_scaling,
    function_resource_id,
    invocations_target,
    scalable_target,
    scaling_policy,
    suspended_state,
    variant_resource_id,
)
from sm_raw.validation.checking import check

VARIANT = "endpoint/digits/variant/AllTraffic"


def test_resource_id_names_endpoint_and_variant():
    assert variant_resource_id("digits") == VARIANT
    assert variant_resource_id("digits", "blue") == "endpoint/digits/variant/blue"
    assert component_resource_id("digits") == "inference-component/digits"
    assert function_resource_id("ask", "live") == "function:ask:live"


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
        suspended=suspended_state(scale_in=True),
        tags={"project": "digits"},
    ) == {
        "ServiceNamespace": "sagemaker",
        "ResourceId": "inference-component/digits",
        "ScalableDimension": "sagemaker:inference-component:DesiredCopyCount",
        "MinCapacity": 0,
        "MaxCapacity": 2,
        "SuspendedState": {
            "DynamicScalingInSuspended": True,
            "DynamicScalingOutSuspended": False,
            "ScheduledScalingSuspended": False,
        },
        "Tags": {"project": "digits"},
    }


def test_alias_of_a_function_scales_in_the_namespace_of_lambda():
    resource, dimension = function_resource_id("ask", "live"), "lambda:function:ProvisionedConcurrency"
    target = scalable_target(resource, min_capacity=1, max_capacity=4, dimension=dimension)
    policy = scaling_policy(
        "ask",
        resource_id=resource,
        target_value=0.7,
        metric="LambdaProvisionedConcurrencyUtilization",
        dimension=dimension,
    )
    assert target == {
        "ServiceNamespace": "lambda",
        "ResourceId": "function:ask:live",
        "ScalableDimension": dimension,
        "MinCapacity": 1,
        "MaxCapacity": 4,
    }
    assert policy["ServiceNamespace"] == "lambda"
    assert check("RegisterScalableTarget", target) == check("PutScalingPolicy", policy) == []


def test_serverless_variant_scales_its_warm_part():
    dimension = "sagemaker:variant:DesiredProvisionedConcurrency"
    policy = scaling_policy(
        "digits",
        resource_id=VARIANT,
        target_value=0.5,
        metric="SageMakerVariantProvisionedConcurrencyUtilization",
        scale_out_cooldown_seconds=1,
        scale_in_cooldown_seconds=1,
        dimension=dimension,
    )
    assert policy["ScalableDimension"] == dimension
    assert check("PutScalingPolicy", policy) == []


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
    cpu = custom_metric(
        "CPUUtilization",
        namespace="/aws/sagemaker/Endpoints",
        dimensions={"EndpointName": "digits", "VariantName": "AllTraffic"},
        unit="Percent",
    )
    assert cpu == {
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
        metric=cpu,
        scale_out_cooldown_seconds=60,
        scale_in_cooldown_seconds=300,
        disable_scale_in=True,
    )
    assert request["TargetTrackingScalingPolicyConfiguration"] == {
        "TargetValue": 50,
        "CustomizedMetricSpecification": cpu,
        "ScaleOutCooldown": 60,
        "ScaleInCooldown": 300,
        "DisableScaleIn": True,
    }
    assert check("PutScalingPolicy", request) == []


def test_policies_and_targets_go_by_what_names_them():
    named = {
        "ServiceNamespace": "sagemaker",
        "ResourceId": VARIANT,
        "ScalableDimension": "sagemaker:variant:DesiredInstanceCount",
    }
    assert delete_scaling_policy("p", resource_id=VARIANT) == {"PolicyName": "p", **named}
    assert deregister_scalable_target(VARIANT) == named


@pytest.mark.parametrize(("requests_per_second", "safety", "target"), [(20, 0.5, 600), (1, 1, 60), (0.5, 0.8, 24)])
def test_invocations_target_counts_per_minute(requests_per_second, safety, target):
    assert invocations_target(requests_per_second, safety) == target


def test_invocations_target_leaves_half_of_the_capacity_free_unless_told():
    assert invocations_target(10) == 300


def test_example_is_one_to_three_instances_at_ten_invocations_a_minute():
    target, policy = example_scaling("digits")
    assert (target["MinCapacity"], target["MaxCapacity"]) == (1, 3)
    assert target["ResourceId"] == policy["ResourceId"] == VARIANT
    assert policy["TargetTrackingScalingPolicyConfiguration"] == {
        "TargetValue": 10,
        "PredefinedMetricSpecification": {"PredefinedMetricType": "SageMakerVariantInvocationsPerInstance"},
        "ScaleOutCooldown": 30,
        "ScaleInCooldown": 120,
    }
    assert check("RegisterScalableTarget", target) == []
    assert [finding.id for finding in check("PutScalingPolicy", policy)] == ["W523"]  # as its docstring says
