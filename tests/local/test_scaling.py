"""Application Auto Scaling: real invocations are measured, judged and answered with more servers, and fewer again."""

from __future__ import annotations

import json
import threading
import urllib.request
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any, Literal

import pytest

from sm_raw import specs
from sm_raw.aws.clients import local_clients
from sm_raw.local.server import serving

pytestmark = pytest.mark.local
# A minute of the service lasts a quarter of a second here.
TIME_SCALE = 240
# Engines of one process share moto's alarms: here, no other engine looks.
REGION = "eu-west-1"


class Scaled:
    """An engine whose minutes are short, and ways to ask it."""

    def __init__(self, host: Any) -> None:
        self.host, self.lab = host, host.lab
        self.scaling: Any = host.lab.clients.autoscaling
        self.cloudwatch: Any = host.lab.clients.cloudwatch

    def endpoint(self) -> str:
        name: str = self.host.endpoint()["EndpointName"]
        return name

    def counts(self, endpoint: str) -> tuple[str, int, int]:
        described = self.host.sm.describe_endpoint(EndpointName=endpoint)
        (variant,) = described["ProductionVariants"]
        return described["EndpointStatus"], variant["CurrentInstanceCount"], variant["DesiredInstanceCount"]

    def has(self, endpoint: str, count: int) -> None:
        """Wait until an endpoint has settled with so many instances."""
        self.lab.until(lambda: self.counts(endpoint) == ("InService", count, count))

    def register(self, endpoint: str, low: int = 1, high: int = 2, **changes: Any) -> str:
        resource = specs.variant_resource_id(endpoint)
        request = specs.scalable_target(resource, min_capacity=low, max_capacity=high, **changes)
        self.scaling.register_scalable_target(**request)
        return resource

    def track(self, resource: str, name: str = "steady", **changes: Any) -> dict[str, Any]:
        policy = {"target_value": 40.0, "scale_out_cooldown_seconds": 60, "scale_in_cooldown_seconds": 60, **changes}
        answer: dict[str, Any] = self.scaling.put_scaling_policy(
            **specs.scaling_policy(name, resource_id=resource, **policy)
        )
        return answer

    def policies(self, resource: str) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.scaling.describe_scaling_policies(
            ServiceNamespace="sagemaker", ResourceId=resource
        )["ScalingPolicies"]
        return found

    def alarms(self, answer: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
        """The alarms that an answer names, as CloudWatch describes them, by the part of their names that tells them."""
        names = [alarm["AlarmName"] for alarm in answer["Alarms"]]
        found = self.cloudwatch.describe_alarms(AlarmNames=names)["MetricAlarms"] if names else []
        return {alarm["AlarmName"].partition("-Alarm")[2].partition("-")[0]: alarm for alarm in found}

    def activities(self, resource: str, **changes: Any) -> list[dict[str, Any]]:
        pages = self.scaling.get_paginator("describe_scaling_activities").paginate(
            ServiceNamespace="sagemaker", ResourceId=resource, PaginationConfig={"PageSize": 1}, **changes
        )
        return list(pages.search("ScalingActivities[]"))

    def scaling_now(self, resource: str) -> bool:
        return bool(self.activities(resource)[0]["StatusCode"] == "InProgress")

    def switch(self, faults: dict[str, Any]) -> None:
        """Let these faults strike, and no others."""
        body = json.dumps(faults).encode()
        request = urllib.request.Request(f"{self.lab.url}/_sm_raw/faults", data=body, method="PUT")
        urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request, timeout=60).close()

    def deregister(self, resource: str) -> None:
        self.scaling.deregister_scalable_target(**specs.deregister_scalable_target(resource))


@pytest.fixture(scope="module")
def scaled(lab_of: Any, host_of: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scaled]:
    root: Path = tmp_path_factory.mktemp("scaled")
    with serving(root, time_scale=TIME_SCALE) as url:
        lab = lab_of(url, root, "scaled")
        lab.clients = local_clients(url, REGION)
        lab.sm = lab.clients.sagemaker
        yield Scaled(host_of(lab))


@pytest.fixture(scope="module")
def endpoint(scaled: Scaled) -> str:
    """An endpoint of one instance; who changes that puts it back."""
    return scaled.endpoint()


@pytest.fixture
def resource(scaled: Scaled, endpoint: str) -> Iterator[str]:
    """Its variant, registered between one and two instances, as long as the test runs."""
    resource = scaled.register(endpoint)
    yield resource
    scaled.register(endpoint, 1, 1)
    scaled.has(endpoint, 1)
    scaled.deregister(resource)


def test_target_tracking_has_the_alarms_of_the_service(scaled: Scaled, endpoint: str, resource: str) -> None:
    answer = scaled.track(resource, target_value=50.0)
    alarms = scaled.alarms(answer)
    assert {
        side: (alarm["ComparisonOperator"], alarm["Threshold"], alarm["EvaluationPeriods"], alarm["Period"])
        for side, alarm in alarms.items()
    } == {"High": ("GreaterThanThreshold", 50.0, 3, 60), "Low": ("LessThanThreshold", 45.0, 15, 60)}
    assert [alarm["AlarmName"].rpartition("-Alarm")[0] for alarm in answer["Alarms"]] == [
        f"TargetTracking-endpoint/{endpoint}/variant/AllTraffic"
    ] * 2
    assert [alarm["AlarmARN"] for alarm in answer["Alarms"]] == [alarm["AlarmArn"] for alarm in alarms.values()]
    assert {(alarm["Namespace"], alarm["MetricName"], alarm["Statistic"]) for alarm in alarms.values()} == {
        ("AWS/SageMaker", "InvocationsPerInstance", "Sum")
    }
    assert {tuple(item["Value"] for item in alarm["Dimensions"]) for alarm in alarms.values()} == {
        (endpoint, "AllTraffic")
    }
    (policy,) = scaled.policies(resource)
    assert (policy["PolicyARN"], policy["Alarms"]) == (answer["PolicyARN"], answer["Alarms"])


def test_a_policy_that_is_put_again_changes_its_alarms_and_keeps_their_names(scaled: Scaled, resource: str) -> None:
    first, second = scaled.track(resource, target_value=50.0), scaled.track(resource, target_value=1000.0)
    assert (second["PolicyARN"], second["Alarms"]) == (first["PolicyARN"], first["Alarms"])
    assert {side: alarm["Threshold"] for side, alarm in scaled.alarms(second).items()} == {"High": 1000, "Low": 900}


def test_alarms_go_with_their_policy_and_policies_and_actions_with_their_target(
    scaled: Scaled, endpoint: str, resource: str
) -> None:
    gone, stays = scaled.track(resource, "gone"), scaled.track(resource, "stays")
    scaled.scaling.delete_scaling_policy(**specs.delete_scaling_policy("gone", resource_id=resource))
    assert (scaled.alarms(gone), sorted(scaled.alarms(stays))) == ({}, ["High", "Low"])
    scaled.scaling.put_scheduled_action(
        **specs.scheduled_action("nightly", resource_id=resource, schedule="cron(0 3 * * ? *)", max_capacity=1)
    )
    scaled.deregister(resource)
    assert (scaled.alarms(stays), scaled.policies(resource)) == ({}, [])
    assert scaled.scaling.describe_scheduled_actions(ServiceNamespace="sagemaker")["ScheduledActions"] == []
    scaled.register(endpoint)


def test_load_adds_an_instance_and_rest_takes_it_away(scaled: Scaled, endpoint: str, resource: str) -> None:
    earlier = len(scaled.activities(resource, IncludeNotScaledActivities=True))
    answer, ended = scaled.track(resource, target_value=2.0), threading.Event()

    def load() -> None:
        while not ended.is_set():
            scaled.host.invoke(endpoint)

    threads = [threading.Thread(target=load) for _ in range(2)]
    for thread in threads:
        thread.start()
    try:
        scaled.has(endpoint, 2)
        scaled.lab.until(lambda: scaled.alarms(answer)["High"]["StateValue"] == "ALARM")
        reason = scaled.alarms(answer)["High"]["StateReason"]
        scaled.lab.until(lambda: len(scaled.activities(resource, IncludeNotScaledActivities=True)) == earlier + 2)
    finally:
        ended.set()
        for thread in threads:
            thread.join()
    assert reason.startswith("Threshold Crossed: 3 out of the last 3 datapoints [")
    assert reason.endswith("were greater than the threshold (2.0).")
    scaled.has(endpoint, 1)
    scaled.lab.until(lambda: scaled.activities(resource)[0]["StatusCode"] == "Successful")
    high, low = scaled.alarms(answer).values()
    assert (high["StateValue"], low["StateValue"]) == ("OK", "ALARM")
    assert " not greater than the threshold (2.0)." in high["StateReason"]
    told = [
        (activity["Description"], activity["Cause"], activity["StatusCode"], activity["StatusMessage"])
        for activity in scaled.activities(resource)[:2]
    ]
    names = {side: alarm["AlarmName"] for side, alarm in scaled.alarms(answer).items()}
    assert told == [
        (
            f"Setting desired instance count to {count}.",
            f"monitor alarm {names[side]} in state ALARM triggered policy steady",
            "Successful",
            f"Successfully set desired instance count to {count}. Change successfully fulfilled by sagemaker.",
        )
        for count, side in ((1, "Low"), (2, "High"))
    ]
    newest, oldest = scaled.activities(resource)[:2]
    assert oldest["StartTime"] < oldest["EndTime"] < newest["StartTime"] < newest["EndTime"]
    (refused,) = [
        activity
        for activity in scaled.activities(resource, IncludeNotScaledActivities=True)[: -earlier or None]
        if activity.get("NotScaledReasons", [{}])[0].get("Code") == "AlreadyAtMaxCapacity"
    ]
    assert refused["NotScaledReasons"] == [{"Code": "AlreadyAtMaxCapacity", "MaxCapacity": 2, "CurrentCapacity": 2}]


def test_a_minimum_above_the_capacity_raises_it_at_once(scaled: Scaled, endpoint: str, resource: str) -> None:
    before = len(scaled.activities(resource))
    scaled.scaling.register_scalable_target(
        ServiceNamespace="sagemaker",
        ResourceId=resource,
        ScalableDimension="sagemaker:variant:DesiredInstanceCount",
        MinCapacity=2,
    )
    assert scaled.counts(endpoint)[0] == "Updating"
    scaled.has(endpoint, 2)
    newest, *others = scaled.activities(resource)
    assert (newest["Cause"], len(others)) == ("minimum capacity was set to 2", before)


def test_an_instance_that_does_not_get_healthy_fails_the_activity(scaled: Scaled, endpoint: str, resource: str) -> None:
    scaled.switch({"endpoints": [{"name": endpoint, "error": "ping"}]})
    try:
        scaled.register(endpoint, 2, 2)
        scaled.lab.until(lambda: not scaled.scaling_now(resource))
    finally:
        scaled.switch({})
    newest = scaled.activities(resource)[0]
    assert (newest["StatusCode"], scaled.counts(endpoint)) == ("Failed", ("InService", 1, 1))
    assert newest["StatusMessage"].startswith(
        "Failed to set desired instance count to 2. Reason: The primary container"
    )


def test_a_target_has_tags(scaled: Scaled, endpoint: str) -> None:
    resource = scaled.register(endpoint, 1, 1, tags={"team": "vision"})
    (target,) = scaled.scaling.describe_scalable_targets(ServiceNamespace="sagemaker", ResourceIds=[resource])[
        "ScalableTargets"
    ]
    arn = target["ScalableTargetARN"]
    scaled.scaling.tag_resource(ResourceARN=arn, Tags={"stage": "test", "owner": "me"})
    scaled.scaling.untag_resource(ResourceARN=arn, TagKeys=["owner", "none"])
    tags = scaled.scaling.list_tags_for_resource(ResourceARN=arn)["Tags"]
    assert tags == {"team": "vision", "stage": "test"}
    many = {str(number): "" for number in range(49)}
    refusal = scaled.host.refusal
    assert refusal(lambda: scaled.scaling.tag_resource(ResourceARN=arn, Tags=many))[0] == "TooManyTagsException"
    scaled.deregister(resource)
    assert refusal(lambda: scaled.scaling.list_tags_for_resource(ResourceARN=arn))[0] == "ResourceNotFoundException"


def test_a_scheduled_action_changes_the_bounds(scaled: Scaled, endpoint: str, resource: str) -> None:
    action = specs.scheduled_action("soon", resource_id=resource, schedule="rate(2 minutes)", min_capacity=2)
    scaled.scaling.put_scheduled_action(**action)
    scaled.has(endpoint, 2)
    scaled.scaling.delete_scheduled_action(**specs.delete_scheduled_action("soon", resource_id=resource))
    (target,) = scaled.scaling.describe_scalable_targets(ServiceNamespace="sagemaker", ResourceIds=[resource])[
        "ScalableTargets"
    ]
    assert (target["MinCapacity"], target["MaxCapacity"]) == (2, 2)
    told = [(activity["Cause"], activity["Description"]) for activity in scaled.activities(resource)]
    assert ("minimum capacity was set to 2", "Setting desired instance count to 2.") in told
    assert ("scheduled action name soon was triggered", "Setting min capacity to 2") in told


def test_steps_follow_an_alarm_that_the_user_made(scaled: Scaled, endpoint: str, resource: str) -> None:
    policy = specs.step_scaling_policy("steps", resource_id=resource, steps=[specs.step(1, lower_bound=0)])
    arn = scaled.scaling.put_scaling_policy(**policy)["PolicyARN"]
    assert scaled.scaling.put_scaling_policy(**policy)["PolicyARN"] == arn
    queue = {"Queue": endpoint}
    scaled.cloudwatch.put_metric_alarm(
        **specs.scaling_alarm(
            "waiting",
            policy_arn=arn,
            metric_name="Waiting",
            namespace="Mine",
            dimensions=queue,
            threshold=5,
            statistic="Maximum",
        )
    )
    assert [alarm["AlarmName"] for alarm in scaled.policies(resource)[0]["Alarms"]] == ["waiting"]
    scaled.lab.until(lambda: _state(scaled, "waiting") == "INSUFFICIENT_DATA")

    def busy() -> bool:
        dimensions = [{"Name": name, "Value": value} for name, value in queue.items()]
        scaled.cloudwatch.put_metric_data(
            Namespace="Mine", MetricData=[{"MetricName": "Waiting", "Dimensions": dimensions, "Value": 7.0}]
        )
        return _state(scaled, "waiting") == "ALARM"

    scaled.lab.until(busy)
    scaled.has(endpoint, 2)
    scaled.scaling.delete_scaling_policy(**specs.delete_scaling_policy("steps", resource_id=resource))
    assert _state(scaled, "waiting") in {"ALARM", "INSUFFICIENT_DATA"}
    scaled.cloudwatch.delete_alarms(AlarmNames=["waiting"])


def _state(scaled: Scaled, alarm: str) -> str:
    state: str = scaled.cloudwatch.describe_alarms(AlarmNames=[alarm])["MetricAlarms"][0]["StateValue"]
    return state


def test_invocations_are_counted_in_cloudwatch(scaled: Scaled) -> None:
    endpoint = scaled.endpoint()
    began = datetime.now(timezone.utc) - timedelta(seconds=1)
    for body in (b"one", b"two", b"fail"):
        try:
            scaled.host.invoke(endpoint, body)
        except scaled.lab.clients.runtime.exceptions.ModelError:
            assert body == b"fail"
    span = {"StartTime": began, "EndTime": began + timedelta(minutes=5)}
    dimensions = [{"Name": "EndpointName", "Value": endpoint}, {"Name": "VariantName", "Value": "AllTraffic"}]

    def total(metric: str, statistic: str = "Sum") -> float:
        found = scaled.cloudwatch.get_metric_statistics(
            Namespace="AWS/SageMaker",
            MetricName=metric,
            Dimensions=dimensions,
            Period=300,
            Statistics=[statistic],
            **span,
        )
        return float(found["Datapoints"][0][statistic])

    counted = ("Invocations", "InvocationsPerInstance", "Invocation4XXErrors", "Invocation5XXErrors")
    assert [total(metric) for metric in counted] == [3, 3, 0, 1]
    assert total("ModelLatency", "SampleCount") == total("OverheadLatency", "SampleCount") == 3
    assert 0 < total("ModelLatency", "Minimum") <= total("ModelLatency", "Maximum") < 10_000_000
    metric = {"Namespace": "AWS/SageMaker", "MetricName": "Invocations", "Dimensions": dimensions}
    query = {"Id": "calls", "MetricStat": {"Metric": metric, "Period": 300, "Stat": "Sum"}}
    (result,) = scaled.cloudwatch.get_metric_data(MetricDataQueries=[query], **span)["MetricDataResults"]
    assert result["Values"] == [3]
    scaled.host.delete(endpoint)


def test_nothing_of_scaling_outlives_an_endpoint(scaled: Scaled) -> None:
    endpoint = scaled.endpoint()
    answer = scaled.track(scaled.register(endpoint))
    scaled.host.delete(endpoint)
    resource = specs.variant_resource_id(endpoint)
    assert (scaled.alarms(answer), scaled.policies(resource)) == ({}, [])
    targets = scaled.scaling.describe_scalable_targets(ServiceNamespace="sagemaker", ResourceIds=[resource])
    assert targets["ScalableTargets"] == []


def test_what_is_not_registered_is_not_found(scaled: Scaled, endpoint: str) -> None:
    scaling, resource = scaled.scaling, specs.variant_resource_id(endpoint)
    where = (
        f"service namespace: sagemaker, resource ID: {resource}, "
        "scalable dimension: sagemaker:variant:DesiredInstanceCount"
    )
    missing = ("ObjectNotFoundException", f"No scalable target registered for {where}")
    action = specs.scheduled_action("night", resource_id=resource, schedule="rate(1 day)", max_capacity=1)
    assert scaled.host.refusal(lambda: scaled.track(resource)) == missing
    assert scaled.host.refusal(lambda: scaling.put_scheduled_action(**action)) == missing
    assert scaled.host.refusal(lambda: scaled.deregister(resource)) == missing
    policy = specs.delete_scaling_policy("none", resource_id=resource)
    assert scaled.host.refusal(lambda: scaling.delete_scaling_policy(**policy)) == (
        "ObjectNotFoundException",
        f"No scaling policy found for {where}, policy name: none",
    )
    absent = specs.delete_scheduled_action("none", resource_id=resource)
    assert scaled.host.refusal(lambda: scaling.delete_scheduled_action(**absent)) == (
        "ObjectNotFoundException",
        f"No scheduled action found for {where}, scheduled action name: none",
    )


def test_what_the_service_refuses_is_refused(scaled: Scaled, endpoint: str, resource: str) -> None:
    refusal = scaled.host.refusal
    crossed = ("ValidationException", "Maximum capacity cannot be less than minimum capacity")
    target = {
        "ServiceNamespace": "sagemaker",
        "ResourceId": resource,
        "ScalableDimension": "sagemaker:variant:DesiredInstanceCount",
    }
    assert refusal(lambda: scaled.scaling.register_scalable_target(**target, MinCapacity=3)) == crossed

    def act(schedule: str, **bounds: Any) -> tuple[str, str]:
        action = specs.scheduled_action("act", resource_id=resource, schedule=schedule, **bounds)
        told: tuple[str, str] = refusal(lambda: scaled.scaling.put_scheduled_action(**action))
        return told

    assert act("rate(1 day)", min_capacity=3, max_capacity=2) == crossed
    assert act("at(2020-01-01T00:00:00)", min_capacity=1)[1].startswith("Scheduled time at(2020-01-01T00:00:00) is in")
    assert act("rate(1 day)")[1] == "At least one of minimum capacity and maximum capacity should be provided"
    assert act("rate(1 day)", min_capacity=1, time_zone="Mars/Olympus")[0] == "ValidationException"
    assert act("daily", min_capacity=1)[0] == "ValidationException"
    assert refusal(lambda: scaled.track(resource, metric="ECSServiceAverageCPUUtilization"))[0] == "ValidationException"
    concurrency = "SageMakerVariantConcurrentRequestsPerModelHighResolution"
    assert refusal(lambda: scaled.track(resource, metric=concurrency))[1].startswith("This local engine does not")
    token = {"ServiceNamespace": "sagemaker", "NextToken": "?"}
    assert refusal(lambda: scaled.scaling.describe_scaling_activities(**token))[0] == "InvalidNextTokenException"


def test_targets_of_other_services_are_kept_and_leave_nothing_behind(scaled: Scaled) -> None:
    resource = specs.function_resource_id("f", "live")
    dimension: Literal["lambda:function:ProvisionedConcurrency"] = "lambda:function:ProvisionedConcurrency"
    scaled.scaling.register_scalable_target(
        **specs.scalable_target(resource, min_capacity=1, max_capacity=2, dimension=dimension)
    )
    answer = scaled.scaling.put_scaling_policy(
        **specs.scaling_policy(
            "busy",
            resource_id=resource,
            target_value=0.7,
            metric="LambdaProvisionedConcurrencyUtilization",
            dimension=dimension,
        )
    )
    assert answer["Alarms"] == []
    scaled.scaling.deregister_scalable_target(**specs.deregister_scalable_target(resource, dimension=dimension))
    assert scaled.scaling.describe_scaling_policies(ServiceNamespace="lambda")["ScalingPolicies"] == []
