"""IAM's simulations at the engine, over moto's users, groups, roles and policies."""

from __future__ import annotations

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

pytestmark = pytest.mark.local

TRUST = {
    "Version": "2012-10-17",
    "Statement": [
        {"Effect": "Allow", "Principal": {"Service": "sagemaker.amazonaws.com"}, "Action": "sts:AssumeRole"},
    ],
}
OBJECTS = "arn:aws:s3:::lab/*"
A, B = "arn:aws:s3:::lab/a", "arn:aws:s3:::other/b"


def document(*actions: str, resource: str = "*", effect: str = "Allow", **more: Any) -> str:
    statement = {"Effect": effect, "Action": list(actions), "Resource": resource, **more}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


@pytest.fixture
def iam(lab: Any) -> Any:
    return lab.clients.iam


def role(lab: Any, **more: Any) -> tuple[str, str]:
    name = lab.name("Role")
    answer = lab.clients.iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(TRUST), **more)
    return name, answer["Role"]["Arn"]


def verdicts(iam: Any, arn: str, *actions: str, **more: Any) -> dict[str, str]:
    answer = iam.simulate_principal_policy(PolicySourceArn=arn, ActionNames=list(actions), **more)
    return {each["EvalActionName"]: each["EvalDecision"] for each in answer["EvaluationResults"]}


def test_a_role_may_do_what_its_policies_say(lab: Any, iam: Any) -> None:
    name, arn = role(lab)
    asked = ("s3:GetObject", "s3:PutObject", "logs:PutLogEvents")
    assert set(verdicts(iam, arn, *asked).values()) == {"implicitDeny"}
    iam.put_role_policy(RoleName=name, PolicyName="data", PolicyDocument=document("s3:*", resource=OBJECTS))
    managed = iam.create_policy(PolicyName=lab.name("Logs"), PolicyDocument=document("logs:*"))["Policy"]["Arn"]
    iam.attach_role_policy(RoleName=name, PolicyArn=managed)
    denied = document("s3:PutObject", effect="Deny")
    assert verdicts(iam, arn, *asked, ResourceArns=[A], PolicyInputList=[denied]) == {
        "s3:GetObject": "allowed",
        "s3:PutObject": "explicitDeny",
        "logs:PutLogEvents": "allowed",
    }


def test_the_default_version_of_a_managed_policy_counts(lab: Any, iam: Any) -> None:
    name, arn = role(lab)
    managed = iam.create_policy(PolicyName=lab.name("Logs"), PolicyDocument=document("logs:*"))["Policy"]["Arn"]
    iam.attach_role_policy(RoleName=name, PolicyArn=managed)
    iam.create_policy_version(PolicyArn=managed, PolicyDocument=document("s3:*"), SetAsDefault=True)
    assert verdicts(iam, arn, "logs:PutLogEvents", "s3:GetObject") == {
        "logs:PutLogEvents": "implicitDeny",
        "s3:GetObject": "allowed",
    }


def test_each_resource_has_a_result_of_its_own(lab: Any, iam: Any) -> None:
    name, arn = role(lab)
    iam.put_role_policy(RoleName=name, PolicyName="data", PolicyDocument=document("s3:*", resource=OBJECTS))
    answer = iam.simulate_principal_policy(PolicySourceArn=arn, ActionNames=["s3:GetObject"], ResourceArns=[A, B])
    (result,) = answer["EvaluationResults"]
    assert (result["EvalDecision"], result["EvalResourceName"], answer["IsTruncated"]) == ("implicitDeny", "*", False)
    assert [(each["EvalResourceName"], each["EvalResourceDecision"]) for each in result["ResourceSpecificResults"]] == [
        (A, "allowed"),
        (B, "implicitDeny"),
    ]
    (matched,) = result["ResourceSpecificResults"][0]["MatchedStatements"]
    assert matched["SourcePolicyId"] == f"role_{name}_data"
    assert matched["StartPosition"] == {"Line": 1, "Column": 41}


def test_a_user_has_the_policies_of_its_groups_too(lab: Any, iam: Any) -> None:
    user, group = lab.name("ann"), lab.name("people")
    arn = iam.create_user(UserName=user)["User"]["Arn"]
    group_arn = iam.create_group(GroupName=group)["Group"]["Arn"]
    iam.put_user_policy(UserName=user, PolicyName="own", PolicyDocument=document("s3:GetObject"))
    iam.put_group_policy(GroupName=group, PolicyName="all", PolicyDocument=document("sagemaker:*"))
    asked = ("s3:GetObject", "sagemaker:CreateModel")
    assert verdicts(iam, arn, *asked) == {"s3:GetObject": "allowed", "sagemaker:CreateModel": "implicitDeny"}
    iam.add_user_to_group(UserName=user, GroupName=group)
    assert verdicts(iam, arn, *asked) == {"s3:GetObject": "allowed", "sagemaker:CreateModel": "allowed"}
    assert verdicts(iam, group_arn, *asked) == {"s3:GetObject": "implicitDeny", "sagemaker:CreateModel": "allowed"}


def test_a_condition_asks_for_its_context(lab: Any, iam: Any) -> None:
    name, arn = role(lab)
    condition = {"StringEquals": {"iam:PassedToService": "sagemaker.amazonaws.com"}}
    iam.put_role_policy(RoleName=name, PolicyName="p", PolicyDocument=document("iam:PassRole", Condition=condition))
    request = {"PolicySourceArn": arn, "ActionNames": ["iam:PassRole"]}
    (without,) = iam.simulate_principal_policy(**request)["EvaluationResults"]
    assert (without["EvalDecision"], without["MissingContextValues"]) == ("implicitDeny", ["iam:PassedToService"])
    entry = {"ContextKeyName": "iam:PassedToService", "ContextKeyType": "string"}
    for service, verdict in (("sagemaker", "allowed"), ("lambda", "implicitDeny")):
        entries = [{**entry, "ContextKeyValues": [f"{service}.amazonaws.com"]}]
        assert verdicts(iam, arn, "iam:PassRole", ContextEntries=entries) == {"iam:PassRole": verdict}


def test_a_boundary_of_the_role_is_kept_to(lab: Any, iam: Any) -> None:
    boundary = iam.create_policy(PolicyName=lab.name("Edge"), PolicyDocument=document("s3:Get*"))["Policy"]["Arn"]
    name, arn = role(lab, PermissionsBoundary=boundary)
    iam.put_role_policy(RoleName=name, PolicyName="all", PolicyDocument=document("*"))
    answer = iam.simulate_principal_policy(PolicySourceArn=arn, ActionNames=["s3:GetObject", "s3:PutObject"])
    found = [
        (each["EvalDecision"], each["PermissionsBoundaryDecisionDetail"]["AllowedByPermissionsBoundary"])
        for each in answer["EvaluationResults"]
    ]
    assert found == [("allowed", True), ("implicitDeny", False)]


def test_results_come_in_pages_and_each_once(iam: Any) -> None:
    actions = [f"s3:Get{number}" for number in range(5)]
    pages = iam.get_paginator("simulate_custom_policy").paginate(
        PolicyInputList=[document("s3:*")], ActionNames=actions, PaginationConfig={"PageSize": 2}
    )
    found = [[each["EvalActionName"] for each in page["EvaluationResults"]] for page in pages]
    assert found == [actions[:2], actions[2:4], actions[4:]]


@pytest.mark.parametrize(
    ("arn", "code", "words"),
    [
        ("arn:aws:iam::123456789012:role/Nobody", "NoSuchEntity", "role with name Nobody cannot be found"),
        ("arn:aws:iam::123456789012:user/nobody", "NoSuchEntity", "user with name nobody cannot be found"),
        ("arn:aws:iam::123456789012:group/nobody", "NoSuchEntity", "group with name nobody cannot be found"),
        ("arn:aws:sts::123456789012:assumed-role/Role/me", "InvalidInput", "does not clearly define entity type"),
        ("arn:aws:iam::123456789012:root", "InvalidInput", "does not clearly define entity type"),
    ],
)
def test_who_is_not_there_cannot_be_simulated(iam: Any, arn: str, code: str, words: str) -> None:
    with pytest.raises(ClientError, match=words) as caught:
        verdicts(iam, arn, "s3:GetObject")
    assert caught.value.response["Error"]["Code"] == code


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"PolicyInputList": ["no json"]}, "PolicyInputList.1 contains invalid Json"),
        ({"Marker": "?"}, "Invalid Marker"),
        ({"ResourcePolicy": document("s3:*")}, "does not simulate ResourcePolicy"),
    ],
)
def test_what_cannot_be_simulated_is_refused(iam: Any, more: dict[str, Any], words: str) -> None:
    request = {"PolicyInputList": [document("s3:*")], "ActionNames": ["s3:GetObject"], **more}
    with pytest.raises(ClientError, match=words) as caught:
        iam.simulate_custom_policy(**request)
    assert caught.value.response["Error"]["Code"] == "InvalidInput"


@pytest.mark.parametrize(
    ("trust", "words"),
    [
        ("not json", "This policy contains invalid Json"),
        ("{}", "Syntax errors in policy"),
        ('{"Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole"}]}', "Missing required field Principal"),
        (document("sts:AssumeRole"), "Has prohibited field Resource"),
    ],
)
def test_a_trust_policy_that_is_none_is_refused(lab: Any, iam: Any, trust: str, words: str) -> None:
    name, _ = role(lab)
    with pytest.raises(ClientError, match=words) as created:
        iam.create_role(RoleName=f"{name}x", AssumeRolePolicyDocument=trust)
    with pytest.raises(ClientError, match=words) as updated:
        iam.update_assume_role_policy(RoleName=name, PolicyDocument=trust)
    codes = {error.value.response["Error"]["Code"] for error in (created, updated)}
    assert codes == {"MalformedPolicyDocument"}
