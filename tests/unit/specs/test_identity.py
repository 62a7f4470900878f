from __future__ import annotations

import json

import sm_raw
from sm_raw.specs.identity import (
    attached_policy,
    instance_profile,
    profile_role,
    role_policy,
    service_role,
    trust_policy,
)

STATEMENT = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::bucket/*"}
DOCUMENT = {"Version": "2012-10-17", "Statement": [STATEMENT]}


def test_services_are_trusted_in_order_and_ec2_has_a_name_of_its_own_in_china():
    assert trust_policy("sagemaker", "lambda", condition={"StringEquals": {"aws:SourceAccount": "111122223333"}}) == {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Principal": {"Service": ["lambda.amazonaws.com", "sagemaker.amazonaws.com"]},
                "Action": "sts:AssumeRole",
                "Condition": {"StringEquals": {"aws:SourceAccount": "111122223333"}},
            }
        ],
    }
    [statement] = trust_policy("ec2", "lambda", region="cn-north-1")["Statement"]
    assert statement["Principal"] == {"Service": ["ec2.amazonaws.com.cn", "lambda.amazonaws.com"]}


def test_a_role_carries_its_trust_as_text():
    request = service_role(
        "runs", services=["sagemaker"], path="/team/", description="runs jobs", tags={"project": "dogs"}
    )
    assert json.loads(request.pop("AssumeRolePolicyDocument")) == trust_policy("sagemaker")
    assert request == {
        "RoleName": "runs",
        "Path": "/team/",
        "Description": "runs jobs",
        "Tags": [{"Key": "project", "Value": "dogs"}],
    }


def test_trust_of_ones_own_takes_the_place_of_services():
    request = service_role("runs", trust=DOCUMENT, max_session_seconds=7200)
    assert request == {
        "RoleName": "runs",
        "AssumeRolePolicyDocument": json.dumps(DOCUMENT, separators=(",", ":")),
        "MaxSessionDuration": 7200,
    }


def test_the_requests_that_make_a_role_have_no_findings():
    story = [
        ("CreateRole", service_role("runs", services=["ec2"])),
        ("PutRolePolicy", role_policy("runs", "data", document=DOCUMENT)),
        ("AttachRolePolicy", attached_policy("runs", policy_arn="arn:aws:iam::aws:policy/ReadOnlyAccess")),
        ("CreateInstanceProfile", instance_profile("runs", tags={"project": "dogs"})),
        ("AddRoleToInstanceProfile", profile_role("runs", role_name="runs")),
    ]
    assert [request for _, request in story[1:]] == [
        {"RoleName": "runs", "PolicyName": "data", "PolicyDocument": json.dumps(DOCUMENT, separators=(",", ":"))},
        {"RoleName": "runs", "PolicyArn": "arn:aws:iam::aws:policy/ReadOnlyAccess"},
        {"InstanceProfileName": "runs", "Tags": [{"Key": "project", "Value": "dogs"}]},
        {"InstanceProfileName": "runs", "RoleName": "runs"},
    ]
    assert sm_raw.check_together(story) == [[]] * len(story)
