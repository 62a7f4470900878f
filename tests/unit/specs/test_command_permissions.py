"""The rights of the commands beside a run: each needs its own, and none those of another."""

from __future__ import annotations

from typing import Any

import pytest

from sm_raw.specs.command_permissions import (
    cleaning_policy,
    doctor_policy,
    lifetime_policy,
    listing_policy,
    plan_policy,
)

PLACE: dict[str, Any] = {"region": "eu-west-1", "account": "111122223333"}
ROLE = "arn:aws:iam::111122223333:role/SageMaker"
IMAGE = "763104351884.dkr.ecr.eu-west-1.amazonaws.com/pytorch-inference:2.3-cpu-py311"
MODEL = {"ModelName": "m", "PrimaryContainer": {"Image": IMAGE, "ModelDataUrl": "s3://bucket/model.tar.gz"}}
REQUESTS = [
    ("CreateModel", MODEL),
    ("CreateEndpoint", {"EndpointName": "e", "EndpointConfigName": "c"}),
    ("CreateFunction", {"FunctionName": "f", "Code": {"S3Bucket": "bucket", "S3Key": "f.zip"}}),
]


def rights(document: dict[str, Any]) -> dict[str, list[str]]:
    """{action: resources}; an action that has several statements keeps all resources."""
    found: dict[str, list[str]] = {}
    for statement in document["Statement"]:
        assert statement["Effect"] == "Allow"
        for action in statement["Action"]:
            found.setdefault(action, []).extend(statement["Resource"])
    return found


def test_doctor_looks_and_changes_nothing() -> None:
    found = rights(doctor_policy(REQUESTS, **PLACE, bucket="bucket", role_arn=ROLE))
    assert {name.partition(":")[2][:3] for name in found} == {"Bat", "Get", "Lis", "Sim"}
    assert found["s3:GetBucketPolicy"] == ["arn:aws:s3:::bucket"]
    assert found["ecr:BatchGetImage"] == ["arn:aws:ecr:eu-west-1:763104351884:repository/pytorch-inference"]
    assert ROLE in found["iam:SimulatePrincipalPolicy"]


def test_cleaning_removes_the_runs_objects_and_logs_alone() -> None:
    found = rights(cleaning_policy(REQUESTS, **PLACE))
    assert found["s3:DeleteObject"] == ["arn:aws:s3:::bucket/f.zip", "arn:aws:s3:::bucket/model.tar.gz"]
    groups = ("/aws/lambda/f", "/aws/sagemaker/Endpoints/e")
    logs = "arn:aws:logs:eu-west-1:111122223333:log-group:"
    assert found["logs:DeleteLogGroup"] == [f"{logs}{group}{end}" for group in groups for end in ("", ":*")]
    assert set(found) == {"s3:DeleteObject", "logs:DeleteLogGroup", "logs:DeleteLogStream", "logs:DescribeLogGroups"}


def test_a_lifetime_is_of_the_runs_endpoint() -> None:
    found = rights(lifetime_policy(REQUESTS, **PLACE))
    assert found["sagemaker:AddTags"] == ["arn:aws:sagemaker:eu-west-1:111122223333:endpoint/e"]
    assert found["scheduler:CreateSchedule"] == ["arn:aws:scheduler:eu-west-1:111122223333:schedule/default/delete-*"]
    assert rights(lifetime_policy(REQUESTS[:1], **PLACE)) == {}


def test_listing_and_planning_only_read() -> None:
    for document in (listing_policy(**PLACE), plan_policy()):
        assert all(name.partition(":")[2].startswith(("List", "Describe", "Get")) for name in rights(document))


@pytest.mark.parametrize(("region", "partition"), [("cn-north-1", "aws-cn"), ("us-gov-west-1", "aws-us-gov")])
def test_arns_are_of_the_regions_partition(region: str, partition: str) -> None:
    place = {**PLACE, "region": region}
    for document in (
        cleaning_policy(REQUESTS, **place),
        lifetime_policy(REQUESTS, **place),
        listing_policy(**place),
    ):
        resources = {resource for each in rights(document).values() for resource in each}
        assert all(resource == "*" or resource.startswith(f"arn:{partition}:") for resource in resources)
