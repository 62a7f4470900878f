"""Every kind of resource, made on moto, found, removed, and gone; what others made stays."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Callable, Iterator
from typing import Any

import boto3
import pytest
from moto import mock_aws

from sm_raw import specs
from sm_raw.aws.clients import Clients
from sm_raw.aws.removals import KINDS
from sm_raw.aws.remove import find, left_behind, remove
from sm_raw.aws.resources import Resource

REGION = "us-east-1"
VARIANT = "endpoint/e/variant/AllTraffic"
DIMENSION: Any = "sagemaker:variant:DesiredInstanceCount"
SCALED: Any = {"ServiceNamespace": "sagemaker", "ResourceId": VARIANT, "ScalableDimension": DIMENSION}
RIGHTS = json.dumps(
    {"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}}
)
STATEMENT = {"Effect": "Allow", "Principal": {"Service": "logs.us-east-1.amazonaws.com"}, "Action": "s3:GetBucketAcl"}


@pytest.fixture
def clients(monkeypatch: pytest.MonkeyPatch) -> Iterator[Clients]:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "none")
    with mock_aws():
        session: Any = boto3.Session(region_name=REGION)
        yield Clients(session.client, region=REGION)


def role(clients: Clients, name: str = "r") -> None:
    clients.iam.create_role(**specs.service_role(name, services=["lambda", "ec2"]))


def function(clients: Clients) -> None:
    role(clients, "function-role")
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("lambda_handler.py", "def handler(event, context): return event")
    code = specs.code_in_request(buffer.getvalue())
    arn = "arn:aws:iam::123456789012:role/function-role"
    clients.awslambda.create_function(**specs.lambda_function("f", role_arn=arn, code=code, publish=True))


def alias(clients: Clients) -> None:
    function(clients)
    clients.awslambda.create_alias(**specs.function_alias("f", "live"))


def profile(clients: Clients) -> None:
    role(clients)
    clients.iam.create_instance_profile(InstanceProfileName="p")
    clients.iam.add_role_to_instance_profile(InstanceProfileName="p", RoleName="r")


def target(clients: Clients) -> None:
    clients.autoscaling.register_scalable_target(**SCALED, MinCapacity=1, MaxCapacity=2)


def scheduled(clients: Clients) -> None:
    target(clients)
    for name in ("night", "of others"):
        clients.autoscaling.put_scheduled_action(**SCALED, ScheduledActionName=name, Schedule="rate(1 day)")


def bucket(clients: Clients) -> None:
    clients.s3.create_bucket(Bucket="bucket")
    own = {**STATEMENT, "Resource": "arn:aws:s3:::bucket", "Sid": "SmRaw0"}
    policy = {"Version": "2012-10-17", "Statement": [{**own, "Sid": "of others"}, own]}
    clients.s3.put_bucket_policy(Bucket="bucket", Policy=json.dumps(policy))
    for key in ("run/a", "run/b/c", "runner"):
        clients.s3.put_object(Bucket="bucket", Key=key, Body=b"")


def logs(clients: Clients) -> None:
    for group in ("/jobs", "/jobs/others"):
        clients.logs.create_log_group(logGroupName=group)
    for stream in ("job/one", "job/two", "job2/one"):
        clients.logs.create_log_stream(logGroupName="/jobs", logStreamName=stream)


def alarm(clients: Clients) -> None:
    for name in ("high", "of others"):
        clients.cloudwatch.put_metric_alarm(
            AlarmName=name, ComparisonOperator="GreaterThanThreshold", EvaluationPeriods=1, Threshold=1
        )


def schedule(clients: Clients) -> None:
    clients.client("scheduler").create_schedule(
        Name="delete-e",
        ScheduleExpression="at(2100-01-01T00:00:00)",
        FlexibleTimeWindow={"Mode": "OFF"},
        Target={"Arn": "arn:aws:scheduler:::aws-sdk:sagemaker:deleteEndpoint", "RoleArn": "arn:aws:iam::1:role/r"},
    )


CASES: dict[str, tuple[Callable[[Clients], None], Resource]] = {
    "scheduled action": (scheduled, Resource("scheduled action", "night", VARIANT)),
    "scalable target": (target, Resource("scalable target", VARIANT)),
    "alarm": (alarm, Resource("alarm", "high")),
    "alias": (alias, Resource("alias", "live", "f")),
    "schedule": (schedule, Resource("schedule", "delete-e")),
    "function": (function, Resource("function", "f")),
    "role of an instance profile": (profile, Resource("role of an instance profile", "r", "p")),
    "role": (role, Resource("role", "r")),
    "bucket policy": (bucket, Resource("bucket policy", "bucket", "SmRaw")),
    "objects": (bucket, Resource("objects", "s3://bucket/run/")),
    "log streams": (logs, Resource("log streams", "job/", "/jobs")),
    "log group": (logs, Resource("log group", "/jobs")),
}


@pytest.mark.parametrize("kind", CASES)
def test_what_was_made_is_found_removed_and_gone(kind: str, clients: Clients) -> None:
    make, resource = CASES[kind]
    if make is not bucket:
        assert find(clients, resource) is None
    make(clients)
    assert find(clients, resource)
    told: list[str] = []
    assert remove(clients, [resource], lambda _, outcome: told.append(outcome), sleep=lambda _: None) == []
    assert told == ["removed"]
    assert left_behind(clients, [resource]) == []
    assert remove(clients, [resource], lambda _, outcome: told.append(outcome)) == []
    assert told == ["removed", "gone already"]


def test_what_refers_to_something_goes_first(clients: Clients) -> None:
    profile(clients)
    clients.iam.put_role_policy(RoleName="r", PolicyName="rights", PolicyDocument=RIGHTS)
    made = [
        Resource("role", "r"),
        Resource("role policy", "rights", "r"),
        Resource("instance profile", "p"),
        Resource("role of an instance profile", "r", "p"),
    ]
    assert remove(clients, made) == []
    assert left_behind(clients, made) == []


def test_what_others_made_stays(clients: Clients) -> None:
    for make in (scheduled, alarm, bucket, logs):
        make(clients)
    remove(clients, [resource for make, resource in CASES.values() if make in (scheduled, alarm, bucket)])
    remove(clients, [Resource("log streams", "job/", "/jobs")])
    assert [
        each["ScheduledActionName"]
        for each in clients.autoscaling.describe_scheduled_actions(ServiceNamespace="sagemaker")["ScheduledActions"]
    ] == ["of others"]
    assert [each["AlarmName"] for each in clients.cloudwatch.describe_alarms()["MetricAlarms"]] == ["of others"]
    assert [each["Key"] for each in clients.s3.list_objects_v2(Bucket="bucket")["Contents"]] == ["runner"]
    policy = json.loads(clients.s3.get_bucket_policy(Bucket="bucket")["Policy"])
    assert [each["Sid"] for each in policy["Statement"]] == ["of others"]
    streams = clients.logs.describe_log_streams(logGroupName="/jobs")["logStreams"]
    assert [each["logStreamName"] for each in streams] == ["job2/one"]


def test_every_kind_is_tried_somewhere() -> None:
    in_test_remove = {"scaling policy", "endpoint", "endpoint config", "model", "instances", "export task"}
    among_roles = {"role policy", "instance profile"}
    assert set(KINDS) - set(CASES) - in_test_remove - among_roles == {"provisioned concurrency"}
