from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime, timezone
from typing import Any

import pytest
from botocore.exceptions import ClientError
from botocore.stub import Stubber
from moto import mock_aws

from sm_raw import specs
from sm_raw.aws.clients import Clients, aws_clients
from sm_raw.aws.hosting.scaling import describe_scaling
from sm_raw.aws.remove import left_behind, remove
from sm_raw.aws.resources import Resource
from sm_raw.aws.submit import submit

Stub = Callable[[str], Stubber]
NOW = datetime(2026, 1, 1, tzinfo=timezone.utc)
RESOURCE_ID = "endpoint/e/variant/AllTraffic"
DIMENSION = "sagemaker:variant:DesiredInstanceCount"
NAMES: Any = {"ServiceNamespace": "sagemaker", "ResourceId": RESOURCE_ID, "ScalableDimension": DIMENSION}
TRACKING: Any = {
    "TargetValue": 10.0,
    "PredefinedMetricSpecification": {"PredefinedMetricType": "SageMakerVariantInvocationsPerInstance"},
    "ScaleInCooldown": 120,
    "ScaleOutCooldown": 30,
}
TARGET = {
    **NAMES,
    "MinCapacity": 1,
    "MaxCapacity": 3,
    "RoleARN": "arn:aws:iam::123456789012:role/s",
    "CreationTime": NOW,
}
ACTIVITY = {
    **NAMES,
    **{"ActivityId": "1", "Description": "Setting desired instance count to 2.", "Cause": "an alarm"},
    **{"StartTime": NOW, "StatusCode": "Successful"},
}


def policy(name: str, *alarms: str) -> dict[str, Any]:
    named = [{"AlarmName": alarm, "AlarmARN": f"arn:{alarm}"} for alarm in alarms]
    kind = {"PolicyName": name, "PolicyARN": f"arn:{name}", "PolicyType": "StepScaling"}
    return {**NAMES, **kind, "Alarms": named, "CreationTime": NOW}


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[Clients]:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    with mock_aws():
        yield aws_clients("us-east-1")


def test_target_and_policy_are_read_back_as_the_service_describes_them(aws: Clients) -> None:
    nothing = {"target": None, "policy": None, "policies": []}
    assert describe_scaling(aws, RESOURCE_ID, details=False) == nothing
    aws.autoscaling.register_scalable_target(**NAMES, MinCapacity=1, MaxCapacity=3)
    aws.autoscaling.put_scaling_policy(
        **NAMES,
        PolicyName="p",
        PolicyType="TargetTrackingScaling",
        TargetTrackingScalingPolicyConfiguration=TRACKING,
    )
    found = describe_scaling(aws, RESOURCE_ID, details=False)
    assert (found["target"]["MinCapacity"], found["target"]["MaxCapacity"]) == (1, 3)
    assert found["policy"]["TargetTrackingScalingPolicyConfiguration"] == TRACKING

    resources = [Resource("scalable target", RESOURCE_ID), Resource("scaling policy", "p", RESOURCE_ID)]
    assert len(left_behind(aws, resources)) == 2
    assert remove(aws, resources) == []
    assert left_behind(aws, resources) == []
    assert describe_scaling(aws, RESOURCE_ID, details=False) == nothing


def test_policies_come_with_their_alarms_actions_and_activities(clients: Clients, stub: Stub) -> None:
    by_resource = {**NAMES}
    scaling, cloudwatch = stub("application-autoscaling"), stub("cloudwatch")
    by_ids = {"ServiceNamespace": "sagemaker", "ResourceIds": [RESOURCE_ID]}
    other = {**TARGET, "ScalableDimension": "sagemaker:variant:DesiredProvisionedConcurrency"}
    scaling.add_response("describe_scalable_targets", {"ScalableTargets": [other], "NextToken": "2"}, by_ids)
    scaling.add_response("describe_scalable_targets", {"ScalableTargets": [TARGET]}, {**by_ids, "NextToken": "2"})
    policies = [policy("second", "c"), policy("first", "a", "b")]
    scaling.add_response("describe_scaling_policies", {"ScalingPolicies": policies}, by_resource)
    alarms = [
        {"AlarmName": name, "StateValue": state, "Threshold": 10.0} for name, state in (("a", "OK"), ("c", "ALARM"))
    ]
    asked = {"AlarmNames": ["a", "b", "c"], "MaxRecords": 100}
    cloudwatch.add_response("describe_alarms", {"MetricAlarms": alarms}, asked)
    scaling.add_response("describe_scheduled_actions", {"ScheduledActions": []}, by_resource)
    activities = {**by_resource, "MaxResults": 10}
    scaling.add_response("describe_scaling_activities", {"ScalingActivities": [ACTIVITY]}, activities)

    found = describe_scaling(clients, RESOURCE_ID)
    assert (found["target"], found["policy"]["PolicyName"]) == (TARGET, "first")
    assert [each["PolicyName"] for each in found["policies"]] == ["first", "second"]
    # Alarm "b" has been deleted, though the policy still names it.
    assert found["alarms"] == {"first": [alarms[0]], "second": [alarms[1]]}
    assert (found["scheduled_actions"], found["activities"]) == ([], [ACTIVITY])


def test_what_the_caller_may_not_read_is_left_open_and_the_rest_is_told(clients: Clients, stub: Stub) -> None:
    scaling, cloudwatch = stub("application-autoscaling"), stub("cloudwatch")
    scaling.add_response("describe_scalable_targets", {"ScalableTargets": [TARGET]})
    scaling.add_response("describe_scaling_policies", {"ScalingPolicies": [policy("p", "a")]})
    cloudwatch.add_client_error("describe_alarms", "AccessDenied", "no", 403)
    for operation in ("describe_scheduled_actions", "describe_scaling_activities"):
        scaling.add_client_error(operation, "AccessDeniedException", "no", 400)
    found = describe_scaling(clients, RESOURCE_ID)
    assert (found["target"], found["policy"]["PolicyName"]) == (TARGET, "p")
    assert [found[part] for part in ("alarms", "scheduled_actions", "activities")] == [None, None, None]


def test_any_other_refusal_passes_through(clients: Clients, stub: Stub) -> None:
    scaling = stub("application-autoscaling")
    scaling.add_response("describe_scalable_targets", {"ScalableTargets": []})
    scaling.add_response("describe_scaling_policies", {"ScalingPolicies": []})
    scaling.add_client_error("describe_scheduled_actions", "ValidationException", "no", 400)
    with pytest.raises(ClientError, match="ValidationException"):
        describe_scaling(clients, RESOURCE_ID)


def test_a_scheduled_action_needs_no_verb_of_its_own(aws: Clients) -> None:
    aws.autoscaling.register_scalable_target(**NAMES, MinCapacity=1, MaxCapacity=3)
    request = specs.scheduled_action(
        "mornings",
        resource_id=RESOURCE_ID,
        schedule="cron(0 8 ? * MON-FRI *)",
        min_capacity=2,
        time_zone="Europe/Berlin",
    )
    client: Any = aws.autoscaling
    submit(client, "PutScheduledAction", request)
    described = client.describe_scheduled_actions(ServiceNamespace="sagemaker", ResourceId=RESOURCE_ID)
    (action,) = described["ScheduledActions"]
    assert {name: action[name] for name in request} == request
    resource = Resource("scheduled action", "mornings", RESOURCE_ID)
    assert left_behind(aws, [resource]) == ["scheduled action 'mornings'"]
    assert remove(aws, [resource]) == []
    assert left_behind(aws, [resource]) == []
