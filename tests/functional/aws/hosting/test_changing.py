from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError
from botocore.stub import ANY, Stubber

from sm_raw import specs
from sm_raw.aws.clients import Clients
from sm_raw.aws.hosting.changing import change_endpoint
from sm_raw.aws.hosting.scaling_snapshots import read_snapshot, restore_scaling
from sm_raw.errors import ChangeFailed, InvalidRequest

Stub = Callable[[str], Stubber]
NOW = datetime(2026, 1, 1, tzinfo=timezone.utc)
ARN = "arn:aws:sagemaker:us-east-1:123456789012:endpoint/e"
TARGET_ARN = "arn:aws:application-autoscaling:us-east-1:123456789012:scalable-target/1"
NAMES: dict[str, Any] = {
    "ServiceNamespace": "sagemaker",
    "ResourceId": "endpoint/e/variant/AllTraffic",
    "ScalableDimension": "sagemaker:variant:DesiredInstanceCount",
}
SUSPENDED = {
    "DynamicScalingInSuspended": True,
    "DynamicScalingOutSuspended": False,
    "ScheduledScalingSuspended": False,
}
REGISTERED = {**NAMES, "MinCapacity": 1, "MaxCapacity": 5, "SuspendedState": SUSPENDED}
SERVICE_ROLE = "arn:aws:iam::123456789012:role/aws-service-role/sagemaker.application-autoscaling.amazonaws.com/R"
TARGET = {**REGISTERED, "RoleARN": SERVICE_ROLE, "ScalableTargetARN": TARGET_ARN, "CreationTime": NOW}
TRACKING = {
    **NAMES,
    "PolicyName": "a-tracking",
    "PolicyType": "TargetTrackingScaling",
    "TargetTrackingScalingPolicyConfiguration": {
        "TargetValue": 10.0,
        "PredefinedMetricSpecification": {"PredefinedMetricType": "SageMakerVariantInvocationsPerInstance"},
    },
}
STEPS = {
    **NAMES,
    "PolicyName": "b-steps",
    "PolicyType": "StepScaling",
    "StepScalingPolicyConfiguration": {
        "AdjustmentType": "ChangeInCapacity",
        "StepAdjustments": [{"MetricIntervalLowerBound": 0.0, "ScalingAdjustment": 1}],
    },
}
MORNINGS = {
    **NAMES,
    "ScheduledActionName": "mornings",
    "Schedule": "cron(0 8 ? * MON-FRI *)",
    "Timezone": "Europe/Berlin",
    "StartTime": NOW,
    "ScalableTargetAction": {"MinCapacity": 2},
}
UPDATE = dict(specs.update_endpoint("e", config_name="c2"))


def policy_arn(name: str, generation: str) -> str:
    return f"arn:aws:autoscaling:us-east-1:123456789012:scalingPolicy:{generation}:policyName/{name}"


def alarm(name: str, action: str, threshold: float = 10.0) -> dict[str, Any]:
    """An alarm in the members that a request and a description share."""
    return {
        **{"AlarmName": name, "AlarmActions": [action], "MetricName": "InvocationsPerInstance"},
        **{"Namespace": "AWS/SageMaker", "Statistic": "Sum", "Period": 60, "EvaluationPeriods": 3},
        **{"Threshold": threshold, "ComparisonOperator": "GreaterThanThreshold"},
        "Dimensions": [{"Name": "EndpointName", "Value": "e"}],
    }


class Script:
    """An endpoint "e" that is to go from configuration c1 to c2, and what is asked about it."""

    def __init__(self, stub: Stub) -> None:
        self.sagemaker, self.scaling = stub("sagemaker"), stub("application-autoscaling")
        self.cloudwatch = stub("cloudwatch")

    def endpoint(self, status: str = "InService", config: str = "c1", count: int = 3, reason: str = "") -> Script:
        variant = {"VariantName": "AllTraffic", "CurrentInstanceCount": count, "DesiredInstanceCount": count}
        response = {
            **{"EndpointName": "e", "EndpointArn": ARN, "EndpointConfigName": config, "EndpointStatus": status},
            **{"CreationTime": NOW, "LastModifiedTime": NOW, "ProductionVariants": [variant]},
            **({"FailureReason": reason} if reason else {}),
        }
        self.sagemaker.add_response("describe_endpoint", response, {"EndpointName": "e"})
        return self

    def config(self, name: str, instance_type: str = "ml.m5.large", variant: str = "AllTraffic") -> Script:
        variants = [{"VariantName": variant, "ModelName": "m", "InstanceType": instance_type}]
        response = {
            **{"EndpointConfigName": name, "EndpointConfigArn": ARN, "CreationTime": NOW},
            "ProductionVariants": variants,
        }
        self.sagemaker.add_response("describe_endpoint_config", response, {"EndpointConfigName": name})
        return self

    def configs(self, new: str = "ml.m5.large", variant: str = "AllTraffic") -> Script:
        return self.config("c1").config("c2", new, variant)

    def snapshot(self, generation: str = "1", *, target: Any = TARGET, threshold: float = 10.0) -> Script:
        """The scaling is read; of another generation the policies have other ARNs, and alarms other names."""
        scaling = self.scaling
        named = {"ServiceNamespace": "sagemaker", "ResourceIds": [NAMES["ResourceId"]]}
        scaling.add_response("describe_scalable_targets", {"ScalableTargets": [target]}, named)
        alarms = {"a-tracking": f"TargetTracking-{generation}", "b-steps": "backlog"}
        policies = [
            {
                **each,
                **{"PolicyARN": policy_arn(each["PolicyName"], generation), "CreationTime": NOW},
                "Alarms": [{"AlarmName": alarms[each["PolicyName"]], "AlarmARN": "arn:a"}],
            }
            for each in (TRACKING, STEPS)
        ]
        scaling.add_response("describe_scaling_policies", {"ScalingPolicies": policies}, NAMES)
        actions = [{**MORNINGS, "ScheduledActionARN": "arn:s", "CreationTime": NOW}]
        scaling.add_response("describe_scheduled_actions", {"ScheduledActions": actions}, NAMES)
        found = [
            alarm(f"TargetTracking-{generation}", policy_arn("a-tracking", generation)),
            {**alarm("backlog", policy_arn("b-steps", generation), threshold), "StateValue": "OK"},
        ]
        asked = {"AlarmNames": sorted([f"TargetTracking-{generation}", "backlog"]), "MaxRecords": 100}
        self.cloudwatch.add_response("describe_alarms", {"MetricAlarms": found}, asked)
        tags = {"Tags": {"team": "vision"}}
        scaling.add_response("list_tags_for_resource", tags, {"ResourceARN": TARGET_ARN})
        return self

    def begun(self) -> Script:
        """Everything that is read before anything is changed."""
        return self.endpoint().snapshot()

    def updated(self, **changes: Any) -> Script:
        request = {**UPDATE, "RetainAllVariantProperties": True, **changes}
        self.sagemaker.add_response("update_endpoint", {"EndpointArn": ARN}, request)
        return self

    def deregistered(self) -> Script:
        self.scaling.add_response("deregister_scalable_target", {}, NAMES)
        return self

    def restored(self, generation: str = "2") -> Script:
        named = {"ServiceNamespace": "sagemaker", "ResourceIds": [NAMES["ResourceId"]]}
        self.scaling.add_response("describe_scalable_targets", {"ScalableTargets": []}, named)
        self.scaling.add_response("register_scalable_target", {}, {**REGISTERED, "Tags": {"team": "vision"}})
        for policy in (TRACKING, STEPS):
            arn = policy_arn(policy["PolicyName"], generation)
            self.scaling.add_response("put_scaling_policy", {"PolicyARN": arn}, policy)
        moved = alarm("backlog", policy_arn("b-steps", generation))
        self.cloudwatch.add_response("put_metric_alarm", {}, moved)
        action = {**MORNINGS, "StartTime": NOW.isoformat()}
        self.scaling.add_response("put_scheduled_action", {}, action)
        return self


@pytest.fixture
def script(stub: Stub) -> Script:
    return Script(stub)


@pytest.fixture
def go(clients: Clients, fake_time: Any) -> Callable[..., Any]:
    def run(**changes: Any) -> Any:
        return change_endpoint(clients, **{"update": UPDATE, **changes}, sleep=fake_time.sleep, clock=fake_time.clock)

    return run


def test_a_variant_that_stays_keeps_its_registration_and_its_capacity(go: Callable[..., Any], script: Script) -> None:
    script.begun().configs().updated().endpoint("Updating").endpoint(config="c2").snapshot()
    change = go()
    assert (change.config, change.reregistered, change.dropped) == ("c2", (), ())
    assert change.snapshot.capacities == {"AllTraffic": 3}
    assert change.response["EndpointStatus"] == "InService"


def test_for_another_instance_type_the_scaling_goes_and_comes_back_whole(
    go: Callable[..., Any], script: Script
) -> None:
    script.begun().configs("ml.c5.xlarge").deregistered().updated().endpoint("Updating").endpoint(config="c2")
    script.restored().snapshot("2")
    change = go()
    assert change.reregistered == ("endpoint/e/variant/AllTraffic (sagemaker:variant:DesiredInstanceCount)",)
    assert change.dropped == ()


def test_what_scaled_a_variant_that_is_removed_is_dropped_and_told(go: Callable[..., Any], script: Script) -> None:
    script.begun().configs(variant="other").deregistered()
    script.sagemaker.add_response("update_endpoint", {"EndpointArn": ARN}, UPDATE)
    script.endpoint(config="c2")
    named = {"ServiceNamespace": "sagemaker", "ResourceIds": [NAMES["ResourceId"]]}
    script.scaling.add_response("describe_scalable_targets", {"ScalableTargets": []}, named)
    change = go()
    assert change.dropped == ("endpoint/e/variant/AllTraffic (sagemaker:variant:DesiredInstanceCount)",)


def test_an_endpoint_that_does_not_scale_is_updated_as_it_was_asked(go: Callable[..., Any], script: Script) -> None:
    def nothing_scales() -> None:
        script.scaling.add_response("describe_scalable_targets", {"ScalableTargets": []})

    script.endpoint().configs()
    nothing_scales()
    script.sagemaker.add_response("update_endpoint", {"EndpointArn": ARN}, UPDATE)
    script.endpoint(config="c2", count=1)
    nothing_scales()
    assert go().response["ProductionVariants"][0]["DesiredInstanceCount"] == 1


def test_a_wrong_request_is_refused_before_anything_is_asked(go: Callable[..., Any]) -> None:
    with pytest.raises(InvalidRequest, match="UpdateEndpoint was not sent"):
        go(update={"EndpointName": "e!", "EndpointConfigName": "c2"})


def test_an_endpoint_that_is_busy_is_left_alone(go: Callable[..., Any], script: Script) -> None:
    script.endpoint("Updating")
    with pytest.raises(ChangeFailed, match="it is Updating, and only an endpoint InService can be changed") as raised:
        go()
    assert raised.value.state == ("nothing was changed",)


def test_a_refused_update_puts_the_scaling_back(go: Callable[..., Any], script: Script) -> None:
    script.begun().configs("ml.c5.xlarge").deregistered()
    script.sagemaker.add_client_error(
        "update_endpoint", "ResourceLimitExceeded", "The account-level service limit 'x' is 0 Instances", 400
    )
    script.restored().endpoint().snapshot("2")
    with pytest.raises(ChangeFailed) as raised:
        go()
    failure = raised.value
    assert failure.state == ("it is InService with configuration 'c1'", "its scaling is as it was")
    assert failure.next_steps == ()
    assert [cause.id for cause in failure.explanation.causes] == ["quota"]  # type: ignore[attr-defined]


def test_a_rollback_is_a_failure_though_the_endpoint_is_in_service(
    go: Callable[..., Any], script: Script, stub: Stub
) -> None:
    reason = "Deployment rolled back: alarm 'errors' went off"
    script.begun().configs().updated().endpoint("Updating").endpoint(reason=reason)
    script.endpoint(reason=reason)  # Its explanation.
    stub("logs").add_response("describe_log_streams", {"logStreams": []}, {"logGroupName": ANY})
    script.endpoint(reason=reason).snapshot()
    with pytest.raises(ChangeFailed, match="ended rolled back: Deployment rolled back: alarm 'errors'") as raised:
        go()
    assert raised.value.state == ("it is InService with configuration 'c1'", "its scaling is as it was")
    assert raised.value.explanation.status == "rolled back"  # type: ignore[attr-defined]


def test_an_update_that_takes_too_long_says_what_to_do_about_the_scaling(
    go: Callable[..., Any], script: Script, tmp_path: Path
) -> None:
    script.begun().configs("ml.c5.xlarge").deregistered().updated()
    script.endpoint("Updating").endpoint("Updating")
    script.scaling.add_response("describe_scalable_targets", {"ScalableTargets": []})
    script.scaling.add_client_error("register_scalable_target", "ValidationException", "it is Updating", 400)
    script.endpoint("Updating")
    script.scaling.add_response("describe_scalable_targets", {"ScalableTargets": []})
    keep = tmp_path / "scaling.json"
    with pytest.raises(ChangeFailed, match="still runs after") as raised:
        go(timeout_seconds=0.1, keep=keep)
    told = "\n".join([*raised.value.state, *raised.value.next_steps])
    assert "it is Updating with configuration 'c1'" in told
    assert "scaling not as it was: endpoint/e/variant/AllTraffic" in told
    assert f"once it is InService, put the scaling back from {keep}: restore_scaling(clients, read_snapshot" in told


def test_lost_capacity_and_changed_scaling_are_found_by_reading_back(go: Callable[..., Any], script: Script) -> None:
    script.begun().configs().updated().endpoint(config="c2", count=1)
    script.snapshot(target={**TARGET, "MaxCapacity": 4}, threshold=99.0)
    with pytest.raises(ChangeFailed, match="it has the new configuration, but not all of its scaling is") as raised:
        go()
    target = "endpoint/e/variant/AllTraffic (sagemaker:variant:DesiredInstanceCount)"
    assert raised.value.state == (
        f"{target}: RegisterScalableTarget MaxCapacity was 5, is 4",
        f"{target}: the alarms of policy 'b-steps' are not what they were",
        "the capacity of variant 'AllTraffic' was 3, is 1",
    )


def test_counts_that_the_request_takes_from_the_new_configuration_are_no_loss(
    go: Callable[..., Any], script: Script
) -> None:
    update = dict(
        specs.update_endpoint("e", config_name="c2", retain_variants=True, except_for=["DesiredInstanceCount"])
    )
    script.begun().configs()
    script.sagemaker.add_response("update_endpoint", {"EndpointArn": ARN}, update)
    script.endpoint(config="c2", count=1).snapshot()
    assert go(update=update).config == "c2"


def test_an_update_whose_answer_was_lost_is_followed_if_it_has_begun(go: Callable[..., Any], script: Script) -> None:
    script.begun().configs()
    script.sagemaker.add_client_error("update_endpoint", "InternalFailure", "", 500)
    script.endpoint("Updating").endpoint(config="c2").snapshot()
    assert go().config == "c2"


def test_nothing_is_deregistered_that_could_not_be_put_back(go: Callable[..., Any], script: Script) -> None:
    script.endpoint()
    script.scaling.add_response("describe_scalable_targets", {"ScalableTargets": [TARGET]})
    script.scaling.add_response("describe_scaling_policies", {"ScalingPolicies": []})
    script.scaling.add_client_error("describe_scheduled_actions", "AccessDeniedException", "no", 400)
    script.scaling.add_client_error("list_tags_for_resource", "AccessDeniedException", "no", 400)
    script.configs("ml.c5.xlarge")
    with pytest.raises(ChangeFailed, match="scheduled actions cannot be read: they would be lost") as raised:
        go()
    assert raised.value.state == ("nothing was changed",)


def test_ctrl_c_puts_the_scaling_back_too(go: Callable[..., Any], script: Script, fake_time: Any) -> None:
    script.begun().configs("ml.c5.xlarge").deregistered().updated().endpoint("Updating").restored()

    def interrupt(_: float) -> None:
        raise KeyboardInterrupt

    fake_time.sleep = interrupt
    with pytest.raises(KeyboardInterrupt):
        go()


def test_a_killed_change_is_made_good_from_what_was_kept(
    go: Callable[..., Any], clients: Clients, script: Script, tmp_path: Path
) -> None:
    class Killed(BaseException):
        """Stands for SIGKILL right after the snapshot was kept."""

    def kill(document: dict[str, Any]) -> None:
        (tmp_path / "scaling.json").write_text(json.dumps(document))
        raise Killed

    script.begun().configs()
    with pytest.raises(Killed):
        go(keep=kill)
    script.restored()
    assert restore_scaling(clients, read_snapshot(tmp_path / "scaling.json")) == []


def test_putting_back_what_is_there_gives_no_tags_and_moves_no_alarm(
    go: Callable[..., Any], clients: Clients, script: Script, tmp_path: Path
) -> None:
    keep = tmp_path / "scaling.json"
    script.begun().configs().updated().endpoint(config="c2").snapshot()
    go(keep=keep)
    script.scaling.add_response("describe_scalable_targets", {"ScalableTargets": [TARGET]})
    script.scaling.add_response("register_scalable_target", {}, REGISTERED)
    for policy in (TRACKING, STEPS):
        arn = policy_arn(policy["PolicyName"], "1")
        script.scaling.add_response("put_scaling_policy", {"PolicyARN": arn}, policy)
    script.scaling.add_response("put_scheduled_action", {}, {**MORNINGS, "StartTime": NOW.isoformat()})
    assert restore_scaling(clients, read_snapshot(keep)) == []
    assert [path.name for path in tmp_path.iterdir()] == ["scaling.json"]


def test_where_the_old_configuration_was_deleted_all_that_scales_goes_and_comes_back(
    go: Callable[..., Any], script: Script
) -> None:
    script.begun()
    script.sagemaker.add_client_error("describe_endpoint_config", "ValidationException", "Could not find it", 400)
    script.config("c2").deregistered().updated().endpoint(config="c2").restored().snapshot("2")
    assert len(go().reregistered) == 1


def test_a_new_configuration_that_is_not_there_is_the_services_own_error(
    go: Callable[..., Any], script: Script
) -> None:
    script.begun().config("c1")
    script.sagemaker.add_client_error("describe_endpoint_config", "ValidationException", "Could not find c2", 400)
    with pytest.raises(ClientError, match="Could not find c2"):
        go()


def test_a_failure_that_cannot_be_looked_into_is_told_all_the_same(go: Callable[..., Any], script: Script) -> None:
    script.begun().configs().updated().endpoint("Failed", reason="no capacity")
    for _ in range(2):  # For the explanation, and for the state it is in.
        script.sagemaker.add_client_error("describe_endpoint", "AccessDeniedException", "no right", 400)
    with pytest.raises(ChangeFailed, match="no capacity") as raised:
        go()
    (state,) = raised.value.state
    assert state.startswith("scaling not as it was: its state cannot be read: ")
    assert raised.value.explanation is None


def test_a_rollback_to_the_very_same_configuration_is_known_by_its_reason(
    go: Callable[..., Any], script: Script, stub: Stub
) -> None:
    update = dict(specs.update_endpoint("e", config_name="c1"))
    script.begun().config("c1").config("c1").updated(EndpointConfigName="c1").endpoint(reason="no capacity")
    script.endpoint(reason="no capacity")
    stub("logs").add_response("describe_log_streams", {"logStreams": []}, {"logGroupName": ANY})
    script.endpoint(reason="no capacity").snapshot()
    with pytest.raises(ChangeFailed, match="ended rolled back: no capacity"):
        go(update=update)
