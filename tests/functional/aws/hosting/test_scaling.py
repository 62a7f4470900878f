from __future__ import annotations

from collections.abc import Iterator

import pytest
from moto import mock_aws

from sm_raw.aws.clients import Clients, aws_clients
from sm_raw.aws.hosting.scaling import describe_scaling
from sm_raw.aws.remove import left_behind, remove
from sm_raw.aws.resources import Resource

RESOURCE_ID = "endpoint/e/variant/AllTraffic"
NAMES = {
    "ServiceNamespace": "sagemaker",
    "ResourceId": RESOURCE_ID,
    "ScalableDimension": "sagemaker:variant:DesiredInstanceCount",
}
TRACKING = {
    "TargetValue": 10.0,
    "PredefinedMetricSpecification": {"PredefinedMetricType": "SageMakerVariantInvocationsPerInstance"},
    "ScaleInCooldown": 120,
    "ScaleOutCooldown": 30,
}


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[Clients]:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    with mock_aws():
        yield aws_clients("us-east-1")


def test_target_and_policy_are_read_back_as_the_service_describes_them(aws: Clients) -> None:
    assert describe_scaling(aws.autoscaling, RESOURCE_ID) == {"target": None, "policy": None}
    aws.autoscaling.register_scalable_target(**NAMES, MinCapacity=1, MaxCapacity=3)
    aws.autoscaling.put_scaling_policy(
        **NAMES,
        PolicyName="p",
        PolicyType="TargetTrackingScaling",
        TargetTrackingScalingPolicyConfiguration=TRACKING,
    )
    found = describe_scaling(aws.autoscaling, RESOURCE_ID)
    assert (found["target"]["MinCapacity"], found["target"]["MaxCapacity"]) == (1, 3)
    assert found["policy"]["TargetTrackingScalingPolicyConfiguration"] == TRACKING

    resources = [Resource("scalable target", RESOURCE_ID), Resource("scaling policy", "p", RESOURCE_ID)]
    assert len(left_behind(aws, resources)) == 2
    assert remove(aws, resources) == []
    assert left_behind(aws, resources) == []
    assert describe_scaling(aws.autoscaling, RESOURCE_ID) == {"target": None, "policy": None}
