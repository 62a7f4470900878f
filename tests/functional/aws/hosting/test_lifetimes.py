from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest
from botocore.exceptions import ClientError
from botocore.stub import Stubber
from moto import mock_aws

from sm_raw.aws.clients import Clients, aws_clients
from sm_raw.aws.hosting.lifetimes import (
    TAG,
    Lifetime,
    deletion_schedule,
    expired_endpoints,
    forget_lifetime,
    lifetime_of,
    schedule_name,
    scheduler_policy,
    set_lifetime,
)
from sm_raw.errors import SmRawError

NOW = datetime(2026, 1, 1, 12, tzinfo=timezone.utc)
LATER = NOW + timedelta(hours=2)
ROLE_ARN = "arn:aws:iam::123456789012:role/Scheduler"


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[Clients]:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    with mock_aws():
        yield aws_clients("us-east-1")


@pytest.fixture
def endpoint(aws: Clients) -> Callable[[str], str]:
    """Makes an endpoint in moto."""
    client: Any = aws.sagemaker
    client.create_model(ModelName="m", ExecutionRoleArn="arn:aws:iam::123456789012:role/r")
    variant = {"VariantName": "v", "ModelName": "m", "InstanceType": "ml.m5.large", "InitialInstanceCount": 1}
    client.create_endpoint_config(EndpointConfigName="c", ProductionVariants=[{**variant, "InitialVariantWeight": 1}])

    def make(name: str) -> str:
        arn: str = client.create_endpoint(EndpointName=name, EndpointConfigName="c")["EndpointArn"]
        return arn

    return make


def test_a_lifetime_is_a_tag_in_utc(aws: Clients, endpoint: Callable[[str], str]) -> None:
    arn = endpoint("e")
    assert lifetime_of(aws, "e") is None
    berlin = timezone(timedelta(hours=1))
    assert set_lifetime(aws, "e", until=LATER.astimezone(berlin), now=NOW) == Lifetime("e", LATER)
    assert aws.sagemaker.list_tags(ResourceArn=arn)["Tags"] == [{"Key": TAG, "Value": "2026-01-01T14:00:00Z"}]
    assert lifetime_of(aws, "e") == LATER


def test_with_a_role_aws_deletes_the_endpoint_by_a_schedule(aws: Clients, endpoint: Callable[[str], str]) -> None:
    endpoint("e")
    name = set_lifetime(aws, "e", until=LATER, scheduler_role_arn=ROLE_ARN, now=NOW).schedule
    schedule = aws.client("scheduler").get_schedule(Name=name)
    assert schedule["ScheduleExpression"] == "at(2026-01-01T14:00:00)"
    assert schedule["ActionAfterCompletion"] == "DELETE"
    assert schedule["Target"]["Arn"] == "arn:aws:scheduler:::aws-sdk:sagemaker:deleteEndpoint"
    assert json.loads(schedule["Target"]["Input"]) == {"EndpointName": "e"}

    set_lifetime(aws, "e", until=LATER + timedelta(hours=1), scheduler_role_arn=ROLE_ARN, now=NOW)
    assert aws.client("scheduler").get_schedule(Name=name)["ScheduleExpression"] == "at(2026-01-01T15:00:00)"


def test_what_is_removed_before_its_time_leaves_no_schedule(aws: Clients, endpoint: Callable[[str], str]) -> None:
    endpoint("e")
    name = set_lifetime(aws, "e", until=LATER, scheduler_role_arn=ROLE_ARN, now=NOW).schedule
    assert forget_lifetime(aws, "e") is True
    assert lifetime_of(aws, "e") is None
    with pytest.raises(ClientError, match="ResourceNotFoundException"):
        aws.client("scheduler").get_schedule(Name=name)
    assert forget_lifetime(aws, "e") is False


def test_the_schedule_of_an_endpoint_that_is_gone_can_be_taken_away(
    aws: Clients, endpoint: Callable[[str], str]
) -> None:
    endpoint("e")
    set_lifetime(aws, "e", until=LATER, scheduler_role_arn=ROLE_ARN, now=NOW)
    aws.sagemaker.delete_endpoint(EndpointName="e")
    assert forget_lifetime(aws, "e") is True


def test_endpoints_are_listed_when_their_time_is_over_the_longest_overdue_first(
    aws: Clients, endpoint: Callable[[str], str]
) -> None:
    for name, hours in (("soon", 1), ("sooner", 0.5), ("later", 9)):
        endpoint(name)
        set_lifetime(aws, name, until=NOW + timedelta(hours=hours), now=NOW)
    endpoint("for-ever")
    aws.sagemaker.add_tags(ResourceArn=endpoint("odd"), Tags=[{"Key": TAG, "Value": "tomorrow"}])
    notices: list[str] = []
    found = expired_endpoints(aws, now=LATER, on_notice=notices.append)
    assert [lifetime.endpoint for lifetime in found] == ["sooner", "soon"]
    assert found[0].until == NOW + timedelta(hours=0.5)
    assert notices == [
        "endpoint 'odd': the tag sm_raw:delete-after holds 'tomorrow', which is no time; give one such as "
        "2030-01-31T18:00:00Z, by set_lifetime"
    ]
    with pytest.raises(SmRawError, match="which is no time"):
        lifetime_of(aws, "odd")


@pytest.mark.parametrize(
    ("until", "told"),
    [(NOW, "2026-01-01T12:00:00Z is past"), (datetime(2027, 1, 1), "has no time zone")],
)
def test_a_time_that_cannot_be_meant_is_refused(aws: Clients, until: datetime, told: str) -> None:
    with pytest.raises(SmRawError, match=told):
        set_lifetime(aws, "e", until=until, now=NOW)


def test_a_schedule_knows_its_partition_and_its_name_fits() -> None:
    request = deletion_schedule("e", until=LATER, role_arn=ROLE_ARN, region="cn-north-1")
    assert request["Target"]["Arn"] == "arn:aws-cn:scheduler:::aws-sdk:sagemaker:deleteEndpoint"
    long, other = "x" * 62 + "a", "x" * 62 + "b"
    assert schedule_name(long) != schedule_name(other)
    assert max(len(schedule_name(name)) for name in (long, "e")) <= 64


def test_the_role_of_the_schedule_may_delete_this_endpoint_with_its_scaling() -> None:
    document = scheduler_policy("e", region="us-east-1", account="123456789012")
    allowed = {action: each["Resource"] for each in document["Statement"] for action in each["Action"]}
    assert allowed == {
        "sagemaker:DeleteEndpoint": ["arn:aws:sagemaker:us-east-1:123456789012:endpoint/e"],
        "application-autoscaling:DeregisterScalableTarget": [
            "arn:aws:application-autoscaling:us-east-1:123456789012:scalable-target/*"
        ],
    }


def test_all_pages_are_read_and_an_endpoint_that_goes_meanwhile_is_passed_over(
    clients: Clients, stub: Callable[[str], Stubber]
) -> None:
    sagemaker = stub("sagemaker")

    def summary(name: str) -> dict[str, Any]:
        times = {"CreationTime": NOW, "LastModifiedTime": NOW}
        return {
            "EndpointName": name,
            "EndpointArn": f"arn:aws:sagemaker:endpoint/{name}",
            "EndpointStatus": "InService",
            **times,
        }

    page = {"MaxResults": 100}
    sagemaker.add_response("list_endpoints", {"Endpoints": [summary("gone")], "NextToken": "2"}, page)
    sagemaker.add_client_error("list_tags", "ValidationException", "Could not find it", 400)
    sagemaker.add_response("list_endpoints", {"Endpoints": [summary("old")]}, {**page, "NextToken": "2"})
    tags = [{"Key": "team", "Value": "vision"}, {"Key": TAG, "Value": "2025-01-01T00:00:00Z"}]
    sagemaker.add_response(
        "list_tags", {"Tags": tags}, {"ResourceArn": "arn:aws:sagemaker:endpoint/old", "MaxResults": 50}
    )
    assert [lifetime.endpoint for lifetime in expired_endpoints(clients, now=NOW)] == ["old"]


def test_what_the_caller_may_not_do_passes_through(clients: Clients, stub: Callable[[str], Stubber]) -> None:
    stub("scheduler").add_client_error("delete_schedule", "AccessDeniedException", "no", 403)
    with pytest.raises(ClientError, match="AccessDenied"):
        forget_lifetime(clients, "e")
    described = {
        **{"EndpointName": "e", "EndpointArn": "arn:aws:x:e-long-arn-here", "EndpointStatus": "InService"},
        **{"CreationTime": NOW, "LastModifiedTime": NOW},
    }
    stub("sagemaker").add_response("describe_endpoint", described)
    stub("scheduler").add_client_error("create_schedule", "AccessDeniedException", "no", 403)
    # No tag says that it will be deleted.
    with pytest.raises(ClientError, match="AccessDenied"):
        set_lifetime(clients, "e", until=LATER, scheduler_role_arn=ROLE_ARN, now=NOW)
