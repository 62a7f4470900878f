from __future__ import annotations

import json
import shlex
from typing import Any

import pytest

from sm_raw import specs
from tests.functional.aws.doctor.conftest import ACCOUNT, USER, Answer, Lines, Refusal, caller

ROLE = f"arn:aws:iam::{ACCOUNT}:role/Trainer"
SAGEMAKER = "sagemaker.amazonaws.com"
SESSION = f"arn:aws:sts::{ACCOUNT}:assumed-role/Admin/ann"
MODEL = (
    "CreateModel",
    {
        "ModelName": "m",
        "ExecutionRoleArn": ROLE,
        "PrimaryContainer": {
            "Image": "763104351884.dkr.ecr.us-east-1.amazonaws.com/pytorch-inference:2.3-cpu-py311",
            "ModelDataUrl": "s3://data/model.tar.gz",
        },
    },
)


def trust(service: Any = SAGEMAKER, **more: Any) -> dict[str, Any]:
    statement = {"Effect": "Allow", "Principal": {"Service": service}, "Action": "sts:AssumeRole", **more}
    return {"Version": "2012-10-17", "Statement": [statement]}


def kept(document: dict[str, Any] | None = None, arn: str = ROLE) -> Answer:
    role = {
        "Arn": arn,
        "RoleName": "Trainer",
        "Path": "/",
        "RoleId": "AROAAAAAAAAAAAAAAAAA",
        "CreateDate": "2026-01-01",
        "AssumeRolePolicyDocument": json.dumps(document or trust()),
    }
    return "iam", "get_role", {"RoleName": "Trainer"}, {"Role": role}


@pytest.mark.parametrize(
    ("arn", "answers", "found", "then"),
    [
        ("Trainer", [], "'Trainer' is no ARN of a role", "give --role arn:aws:iam::ACCOUNT:role/NAME"),
        (
            f"arn:aws:sts::{ACCOUNT}:assumed-role/Trainer/me",
            [],
            "a session of a role, not the role",
            f"give --role {ROLE}",
        ),
        (
            "arn:aws:iam::111122223333:role/Trainer",
            [caller()],
            "cannot be passed across",
            f"give a role of {ACCOUNT} with --role",
        ),
        (
            ROLE,
            [caller(), ("iam", "get_role", {"RoleName": "Trainer"}, Refusal("NoSuchEntity", 404))],
            "does not exist",
            "aws iam create-role --role-name Trainer --assume-role-policy-document '{",
        ),
        (
            ROLE,
            [caller(), kept(arn=f"arn:aws:iam::{ACCOUNT}:role/service-role/Trainer")],
            "not the role's whole ARN",
            f"--role arn:aws:iam::{ACCOUNT}:role/service-role/Trainer",
        ),
    ],
)
def test_a_role_that_is_not_there_fails(
    looked_at: Lines, arn: str, answers: list[Answer], found: str, then: str
) -> None:
    (line,) = looked_at("role", answers, role_arn=arn)
    assert line.verdict == "FAILED"
    assert found in line.found
    assert then in f"{line.remedy}: {line.command}"


@pytest.mark.parametrize(
    ("document", "verdict", "found"),
    [
        (trust(), "ok", f"{SAGEMAKER} may take it"),
        (trust(["lambda.amazonaws.com", SAGEMAKER]), "ok", "may take it"),
        (trust(Action=["sts:AssumeRole", "sts:SetSourceIdentity"]), "ok", "may take it"),
        (trust("lambda.amazonaws.com"), "FAILED", "does not name it"),
        (trust(Action="sts:TagSession"), "FAILED", "does not name it"),
        (trust(Effect="Deny"), "FAILED", "denies sagemaker"),
        (trust(Condition={"StringEquals": {"aws:SourceAccount": ACCOUNT}}), "ok", f"for {ACCOUNT}"),
        (trust(Condition={"StringEquals": {"aws:SourceAccount": ["1"]}}), "FAILED", "may take it for 1 alone"),
        (trust(Condition={"ArnLike": {"aws:SourceArn": "arn:aws:sagemaker:*"}}), "warning", "of aws:sourcearn"),
    ],
)
def test_the_trust_policy_is_read(looked_at: Lines, document: dict[str, Any], verdict: str, found: str) -> None:
    there, line = looked_at("role", [caller(), kept(document)], role_arn=ROLE)
    assert (there.verdict, there.found) == ("ok", f"{ROLE} exists")
    assert line.verdict == verdict
    assert found in line.found
    assert (verdict == "ok") == (not line.remedy)


def test_the_command_that_mends_trust_keeps_what_is_there(looked_at: Lines) -> None:
    line = looked_at("role", [caller(), kept(trust("lambda.amazonaws.com"))], role_arn=ROLE)[-1]
    *words, document = shlex.split(line.command)
    assert words == ["aws", "iam", "update-assume-role-policy", "--role-name", "Trainer", "--policy-document"]
    services = [statement["Principal"]["Service"] for statement in json.loads(document)["Statement"]]
    assert services == ["lambda.amazonaws.com", [SAGEMAKER]]


def test_a_role_that_may_not_be_looked_at_is_not_known(looked_at: Lines) -> None:
    refused = ("iam", "get_role", {"RoleName": "Trainer"}, Refusal("AccessDenied", 403))
    (line,) = looked_at("role", [caller(), refused], role_arn=ROLE)
    assert (line.verdict, line.found) == ("not known", "iam:GetRole is not allowed to the caller")
    (statement,) = json.loads(line.command)["Statement"]
    assert (statement["Action"], statement["Resource"]) == (["iam:GetRole"], "arn:aws:iam::*:role/Trainer")


def passing(decision: str = "allowed", principal: str = USER, **more: Any) -> Answer:
    request = {
        "PolicySourceArn": principal,
        "ActionNames": ["iam:PassRole"],
        "ResourceArns": [ROLE],
        "ContextEntries": [
            {"ContextKeyName": "iam:PassedToService", "ContextKeyType": "string", "ContextKeyValues": [SAGEMAKER]}
        ],
    }
    result = {"EvalActionName": "iam:PassRole", "EvalResourceName": ROLE, "EvalDecision": decision, **more}
    return "iam", "simulate_principal_policy", request, {"EvaluationResults": [result]}


MATCHED = [{"SourcePolicyId": "Fence", "SourcePolicyType": "IAM Policy"}]


@pytest.mark.parametrize(
    ("answers", "verdict", "found", "then"),
    [
        ([caller(), passing()], "ok", f"the caller may pass {ROLE} to {SAGEMAKER}", ""),
        (
            [caller(), passing("implicitDeny")],
            "FAILED",
            f"the caller may not: iam:PassRole on {ROLE} (nothing allows it)",
            '"Condition": {"StringEquals": {"iam:PassedToService": "sagemaker.amazonaws.com"}}',
        ),
        (
            [caller(), passing("explicitDeny", MatchedStatements=MATCHED)],
            "FAILED",
            "denied by Fence",
            "adding rights alone does not help",
        ),
        (
            [caller(), passing("implicitDeny", OrganizationsDecisionDetail={"AllowedByOrganizations": False})],
            "FAILED",
            "a policy of the organization",
            "adding rights alone does not help",
        ),
        (
            [
                caller(),
                passing("implicitDeny", PermissionsBoundaryDecisionDetail={"AllowedByPermissionsBoundary": False}),
            ],
            "FAILED",
            "the permissions boundary",
            "adding rights alone does not help",
        ),
        (
            [caller(), passing("implicitDeny", MissingContextValues=["aws:SourceVpce"])],
            "not known",
            "it depends on aws:SourceVpce",
            "see the conditions",
        ),
        ([caller(f"arn:aws:iam::{ACCOUNT}:root")], "ok", "as the root user", ""),
        ([caller(f"arn:aws:sts::{ACCOUNT}:federated-user/ann")], "not known", "no user or role of IAM", "sign in"),
        (
            [caller(), (*passing()[:3], Refusal("AccessDenied", 403))],
            "not known",
            "iam:SimulatePrincipalPolicy is not allowed",
            f'"Action": ["iam:SimulatePrincipalPolicy"], "Resource": "{USER}"',
        ),
    ],
)
def test_pass_role_is_tried_for_the_service(
    looked_at: Lines, answers: list[Answer], verdict: str, found: str, then: str
) -> None:
    (line,) = looked_at("PassRole", answers, role_arn=ROLE)
    assert line.verdict == verdict
    assert found in line.found
    assert then in f"{line.remedy}: {line.command}"


def test_a_session_has_the_rights_of_its_role_with_the_path(looked_at: Lines) -> None:
    admin = f"arn:aws:iam::{ACCOUNT}:role/aws-reserved/sso.amazonaws.com/Admin"
    answer = kept(arn=admin)[3]
    found = ("iam", "get_role", {"RoleName": "Admin"}, answer)
    (line,) = looked_at("PassRole", [caller(SESSION), found, passing(principal=admin)], role_arn=ROLE)
    assert line.verdict == "ok"


def each_decided(*pages: dict[str, Any]) -> list[Answer]:
    """Answers to any simulations, whatever they ask for."""
    return [("iam", "simulate_principal_policy", None, page) for page in pages]


def decided(action: str, decision: str = "allowed", **more: Any) -> dict[str, Any]:
    return {"EvalActionName": action, "EvalDecision": decision, "EvalResourceName": "*", **more}


def test_the_roles_rights_are_tried_statement_by_statement(looked_at: Lines) -> None:
    document = specs.execution_role_policy([MODEL], region="us-east-1", account=ACCOUNT, role_arn=ROLE)
    pages = [{"EvaluationResults": [decided(name) for name in each["Action"]]} for each in document["Statement"]]
    (line,) = looked_at("role's rights", [caller(), *each_decided(*pages)], role_arn=ROLE, requests=[MODEL])
    assert line.verdict == "ok"
    assert "the role may do all that the run needs of it (" in line.found


def test_what_the_role_lacks_is_told_as_the_statement_to_add(looked_at: Lines) -> None:
    document = specs.execution_role_policy([MODEL], region="us-east-1", account=ACCOUNT, role_arn=ROLE)
    pages = []
    for statement in document["Statement"]:
        lacking = "s3:GetObject" in statement["Action"]
        pages.append(
            {
                "EvaluationResults": [
                    decided(name, "implicitDeny" if lacking else "allowed", EvalResourceName=statement["Resource"][0])
                    for name in statement["Action"]
                ]
            }
        )
    (line,) = looked_at("role's rights", [caller(), *each_decided(*pages)], role_arn=ROLE, requests=[MODEL])
    assert line.verdict == "FAILED"
    assert line.found == "the role may not: s3:GetObject on arn:aws:s3:::data/model.tar.gz (nothing allows it)"
    assert json.loads(line.command)["Statement"] == [
        {"Effect": "Allow", "Action": ["s3:GetObject"], "Resource": ["arn:aws:s3:::data/model.tar.gz"]}
    ]


def test_of_several_resources_each_result_counts_and_not_their_sum(looked_at: Lines) -> None:
    specific = [
        {"EvalResourceName": ROLE, "EvalResourceDecision": "implicitDeny"},
        {"EvalResourceName": f"{ROLE}2", "EvalResourceDecision": "allowed"},
    ]
    answer = passing()
    result = decided("iam:PassRole", "allowed", ResourceSpecificResults=specific)
    (line,) = looked_at("PassRole", [caller(), (*answer[:3], {"EvaluationResults": [result]})], role_arn=ROLE)
    assert line.verdict == "FAILED"


def test_further_pages_of_a_simulation_are_read(looked_at: Lines) -> None:
    request = passing()[2] or {}
    first = (*passing()[:3], {"EvaluationResults": [], "IsTruncated": True, "Marker": "more"})
    second = ("iam", "simulate_principal_policy", {**request, "Marker": "more"}, passing("implicitDeny")[3])
    (line,) = looked_at("PassRole", [caller(), first, second], role_arn=ROLE)
    assert line.verdict == "FAILED"


def made(service: str) -> list[tuple[str, dict[str, Any]]]:
    role = specs.service_role("made", services=[service])
    function = {"FunctionName": "f", "Role": f"arn:aws:iam::{ACCOUNT}:role/made"}
    return [("CreateRole", dict(role)), ("CreateFunction", function)]


@pytest.mark.parametrize(("service", "verdict"), [("lambda", "ok"), ("ec2", "FAILED")])
def test_a_role_that_the_run_makes_is_for_the_service_that_gets_it(
    looked_at: Lines, service: str, verdict: str
) -> None:
    (line,) = looked_at("made roles", [caller()], requests=made(service))
    assert line.verdict == verdict
    assert "lambda.amazonaws.com" in line.found


@pytest.mark.parametrize(
    ("check", "subject", "found"),
    [
        ("role", {}, "no role is given"),
        ("role's rights", {"requests": [MODEL]}, "no role is given"),
        ("role's rights", {"role_arn": ROLE}, "no run to look at"),
        ("caller's rights", {"role_arn": ROLE}, "no run to look at"),
        ("PassRole", {}, "no role is given"),
    ],
)
def test_what_is_not_given_is_not_known(looked_at: Lines, check: str, subject: dict[str, Any], found: str) -> None:
    (line,) = looked_at(check, [], **subject)
    assert line.verdict == "not known"
    assert line.found.startswith(found)
