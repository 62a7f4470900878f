"""Decisions over a few policies, as IAM's evaluation logic has them."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from sm_raw.local.policy_evaluation import Place, Policy, decide

OBJECT = "arn:aws:s3:::data/a.jpg"
ROLE = "arn:aws:iam::123456789012:role/Trainer"


def policy(*statements: Mapping[str, Any], name: str = "own", indent: int | None = None) -> Policy:
    return Policy(name, json.dumps({"Version": "2012-10-17", "Statement": list(statements)}, indent=indent))


def allow(action: Any = "s3:*", resource: Any = "*", **more: Any) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": action, "Resource": resource, **more}


def deny(action: Any = "s3:*", resource: Any = "*", **more: Any) -> dict[str, Any]:
    return {**allow(action, resource, **more), "Effect": "Deny"}


PASSED = {"Condition": {"StringEquals": {"iam:PassedToService": "sagemaker.amazonaws.com"}}}


@pytest.mark.parametrize(
    ("statements", "action", "resource", "verdict"),
    [
        ([], "s3:GetObject", OBJECT, "implicitDeny"),
        ([allow()], "s3:GetObject", OBJECT, "allowed"),
        ([allow("S3:getobject")], "s3:GetObject", OBJECT, "allowed"),
        ([allow("s3:Get*")], "s3:PutObject", OBJECT, "implicitDeny"),
        ([allow(["s3:Put*", "s3:Get*"])], "s3:PutObject", OBJECT, "allowed"),
        ([allow(resource="arn:aws:s3:::data/*")], "s3:GetObject", OBJECT, "allowed"),
        ([allow(resource="arn:aws:s3:::data")], "s3:GetObject", OBJECT, "implicitDeny"),
        ([allow(), deny("s3:GetObject")], "s3:GetObject", OBJECT, "explicitDeny"),
        ([deny("s3:GetObject"), allow()], "s3:GetObject", OBJECT, "explicitDeny"),
        ([allow(), deny("s3:Put*")], "s3:GetObject", OBJECT, "allowed"),
        ([{"Effect": "Allow", "NotAction": "iam:*", "Resource": "*"}], "s3:GetObject", OBJECT, "allowed"),
        ([{"Effect": "Allow", "NotAction": "iam:*", "Resource": "*"}], "iam:PassRole", ROLE, "implicitDeny"),
        ([{"Effect": "Deny", "NotAction": "iam:*", "Resource": "*"}, allow()], "s3:Get", OBJECT, "explicitDeny"),
        ([{"Effect": "Allow", "Action": "s3:*", "NotResource": OBJECT}], "s3:GetObject", OBJECT, "implicitDeny"),
        ([{"Effect": "Allow", "Action": "s3:*", "NotResource": f"{OBJECT}x"}], "s3:GetObject", OBJECT, "allowed"),
        ([allow("iam:PassRole", **PASSED)], "iam:PassRole", ROLE, "allowed"),
        ([allow("*"), deny("iam:PassRole", **PASSED)], "iam:PassRole", ROLE, "explicitDeny"),
    ],
)
def test_a_deny_wins_then_an_allow_then_nothing(
    statements: Sequence[Mapping[str, Any]], action: str, resource: str, verdict: str
) -> None:
    context = {"iam:passedtoservice": ["sagemaker.amazonaws.com"]}
    assert decide([policy(*statements)], action, resource, context).verdict == verdict


def test_a_condition_without_its_context_is_not_met_and_named() -> None:
    decision = decide([policy(allow("iam:PassRole", **PASSED))], "iam:PassRole", ROLE, {})
    assert (decision.verdict, decision.missing) == ("implicitDeny", ("iam:PassedToService",))


def test_a_resource_with_a_variable_is_of_the_one_who_asks() -> None:
    own = policy(allow(resource="arn:aws:s3:::data/${aws:username}"))
    assert decide([own], "s3:GetObject", "arn:aws:s3:::data/ann", {"aws:username": ["ann"]}).verdict == "allowed"
    assert decide([own], "s3:GetObject", "arn:aws:s3:::data/ann", {"aws:username": ["*"]}).verdict == "implicitDeny"
    assert decide([own], "s3:GetObject", "arn:aws:s3:::data/ann", {}).missing == ("aws:username",)


@pytest.mark.parametrize(
    ("own", "boundary", "verdict", "within"),
    [
        ([allow()], [allow("s3:Get*")], "allowed", True),
        ([allow()], [allow("s3:Put*")], "implicitDeny", False),
        ([allow()], [deny()], "explicitDeny", False),
        ([], [allow()], "implicitDeny", True),
        ([deny()], [allow()], "explicitDeny", True),
    ],
)
def test_a_boundary_allows_nothing_and_limits_all(
    own: list[dict[str, Any]], boundary: list[dict[str, Any]], verdict: str, within: bool
) -> None:
    decision = decide([policy(*own)], "s3:GetObject", OBJECT, {}, boundary=[policy(*boundary)])
    assert (decision.verdict, decision.within_boundary) == (verdict, within)


def test_what_decided_is_named_with_its_place() -> None:
    other, own = policy(allow("sqs:*"), name="other"), policy(allow("ec2:*"), allow(), name="own", indent=1)
    (matched,) = decide([other, own], "s3:GetObject", OBJECT, {}).matched
    assert matched.policy == "own"
    assert (matched.start, matched.end) == (Place(9, 3), Place(13, 4))
    lines = own.text.splitlines()
    assert (lines[8][2:], lines[12][:3]) == ("{", "  }")


def test_one_statement_may_stand_without_a_list() -> None:
    alone = Policy("own", '{"Statement": {"Effect": "Allow", "Action": "s3:*", "Resource": "*"}}')
    (matched,) = decide([alone], "s3:GetObject", OBJECT, {}).matched
    assert matched.start == Place(1, 15)


@pytest.mark.parametrize(
    "text",
    [
        "[]",
        "{}",
        '{"Statement": 1}',
        '{"Statement": [{"Action": "*"}]}',
        '{"Statement": {"Effect": "allow"}}',
        '{"Statement": {"Effect": "Allow", "Condition": {"Bool": 1}}}',
    ],
)
def test_what_is_no_policy_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="no policy document"):
        _ = Policy("own", text).statements
