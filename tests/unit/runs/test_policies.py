"""What ``policy`` prints: a document for everyone who acts in a run."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from sm_raw.aws.removals import KINDS
from sm_raw.aws.resources import ApiKind
from sm_raw.runs.plan import Surroundings
from sm_raw.runs.policies import policies, roles_made
from sm_raw.runs.preparation import prepare
from sm_raw.specs import caller_policy

ROLE = "arn:aws:iam::111122223333:role/SageMaker"


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    work: Path = tmp_path_factory.mktemp("work")
    place = Surroundings("eu-west-1", "my-bucket", ROLE)
    return policies(prepare("dog_breeds_in_production", place, work=work, suppose_data=True))


def actions(document: dict[str, Any]) -> set[str]:
    return {action for statement in document["Statement"] for action in statement["Action"]}


def test_everyone_has_a_document(found: dict[str, Any]) -> None:
    assert list(found) == ["caller", "caller_also", "execution_role", "execution_role_trust", "roles_made"]
    trusted = found["execution_role_trust"]["Statement"][0]["Principal"]
    assert trusted == {"Service": ["sagemaker.amazonaws.com"]}


def test_roles_that_the_run_makes_are_as_its_documents_say(found: dict[str, Any]) -> None:
    roles = found["roles_made"]
    takers = {role["trust"]["Statement"][0]["Principal"]["Service"][0]: role for role in roles.values()}
    assert set(takers) == {"ec2.amazonaws.com", "lambda.amazonaws.com"}
    (document,) = takers["lambda.amazonaws.com"]["policies"].values()
    assert "sagemaker:InvokeEndpoint" in actions(document)
    passed = {
        role.rpartition("/")[2]
        for statement in found["caller"]["Statement"]
        if statement["Action"] == ["iam:PassRole"]
        for role in statement["Resource"]
    }
    assert passed == {*roles, "SageMaker"}


def test_the_code_of_a_function_goes_up_by_the_caller(found: dict[str, Any]) -> None:
    uploaded = [
        resource
        for statement in found["caller"]["Statement"]
        if "s3:PutObject" in statement["Action"]
        for resource in statement["Resource"]
    ]
    assert any(resource.endswith("/function.zip") for resource in uploaded)


def test_every_star_is_alone_for_a_reason(found: dict[str, Any]) -> None:
    """Actions on all resources are those that AWS defines no resource for; the service authorization reference."""
    everywhere = {
        action
        for document in (found["caller"], found["execution_role"], *found["caller_also"].values())
        for statement in document["Statement"]
        if statement["Resource"] == ["*"]
        for action in statement["Action"]
    }
    assert everywhere == {
        *(f"application-autoscaling:Describe{each}" for each in ("ScalableTargets", "ScalingActivities")),
        *(f"application-autoscaling:Describe{each}" for each in ("ScalingPolicies", "ScheduledActions")),
        *("cloudwatch:DescribeAlarms", "cloudwatch:PutMetricData"),
        *("ec2:DescribeInstances", "ecr:GetAuthorizationToken"),
        *("lambda:ListFunctions", "pricing:GetProducts"),
        *(f"sagemaker:List{each}" for each in ("Endpoints", "HyperParameterTuningJobs", "ProcessingJobs")),
        *(f"sagemaker:List{each}" for each in ("TrainingJobs", "TransformJobs")),
        *("servicequotas:ListAWSDefaultServiceQuotas", "servicequotas:ListServiceQuotas"),
    }


def test_all_that_is_looked_up_and_removed_is_among_the_rights(found: dict[str, Any], tmp_path: Path) -> None:
    place = Surroundings("eu-west-1", "my-bucket", ROLE)
    exporting = policies(prepare("dog_breeds_built_in", place, work=tmp_path, suppose_data=True))
    # No recipe has these.
    scaled = {"ServiceNamespace": "sagemaker", "ResourceId": "endpoint/e/variant/v", "ScalableDimension": "d"}
    more = [("PutScheduledAction", {"ScheduledActionName": "a", **scaled}), ("PutMetricAlarm", {"AlarmName": "a"})]
    allowed = actions(caller_policy(more, region="eu-west-1", account="111122223333"))
    for each in (found, exporting):
        allowed |= actions(each["caller"]).union(*(actions(document) for document in each["caller_also"].values()))
    kinds = [kind for kind in KINDS.values() if isinstance(kind, ApiKind)]
    used = {f"{kind.service}:{name}" for kind in kinds for name in (kind.describe, kind.delete_operation)}
    assert len(used) > 30
    assert used - allowed == set()


def test_no_action_has_a_star(found: dict[str, Any]) -> None:
    made = [policy for role in found["roles_made"].values() for policy in role["policies"].values()]
    for document in (found["caller"], found["execution_role"], *found["caller_also"].values(), *made):
        assert not any("*" in action for action in actions(document))


def test_a_role_collects_its_policies_whatever_their_order() -> None:
    document = {"Version": "2012-10-17", "Statement": []}
    requests: list[tuple[str, dict[str, Any]]] = [
        ("PutRolePolicy", {"RoleName": "r", "PolicyName": "p", "PolicyDocument": json.dumps(document)}),
        ("CreateRole", {"RoleName": "r", "AssumeRolePolicyDocument": json.dumps(document)}),
        ("AttachRolePolicy", {"RoleName": "r", "PolicyArn": "arn:aws:iam::aws:policy/X"}),
        ("AttachRolePolicy", {"RoleName": "another's", "PolicyArn": "arn:aws:iam::aws:policy/X"}),
    ]
    assert roles_made(requests) == {
        "r": {"trust": document, "policies": {"p": document}, "attached": ["arn:aws:iam::aws:policy/X"]}
    }
