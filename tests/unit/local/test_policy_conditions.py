"""Every operator with a case that holds beside one that does not."""

from __future__ import annotations

from typing import Any

import pytest

from sm_raw.local.policy_conditions import Checked, arn_like, check, like

ROLE = "arn:aws:iam::123456789012:role/service-role/Trainer"
CONTEXT = {
    "iam:passedtoservice": ["sagemaker.amazonaws.com"],
    "s3:prefix": ["data/train/"],
    "aws:principalarn": [ROLE],
    "aws:securetransport": ["true"],
    "aws:multifactorauthage": ["120"],
    "aws:currenttime": ["2026-11-28T12:00:00Z"],
    "aws:epochtime": ["1795867200"],
    "aws:sourceip": ["10.1.2.3"],
    "aws:username": ["ann"],
    "aws:tagkeys": ["team", "cost"],
    "x:star": ["a*"],
}


@pytest.mark.parametrize(
    ("operator", "key", "holds", "fails"),
    [
        ("StringEquals", "iam:PassedToService", "sagemaker.amazonaws.com", "SageMaker.amazonaws.com"),
        ("StringEquals", "IAM:passedtoservice", ["x", "sagemaker.amazonaws.com"], ["x", "y"]),
        ("StringNotEquals", "iam:PassedToService", ["lambda.amazonaws.com", "x"], ["x", "sagemaker.amazonaws.com"]),
        ("StringEqualsIgnoreCase", "aws:username", "ANN", "BOB"),
        ("StringNotEqualsIgnoreCase", "aws:username", "BOB", "ANN"),
        ("StringLike", "s3:prefix", "data/*", "model/*"),
        ("StringLike", "s3:prefix", "data/?rain/", "data/?ain/"),
        ("StringNotLike", "s3:prefix", "model/*", "data/*"),
        ("ArnLike", "aws:PrincipalArn", "arn:aws:iam::*:role/service-role/*", "arn:aws:iam::*:user/*"),
        ("ArnEquals", "aws:PrincipalArn", ROLE, "arn:aws:iam::*/Trainer"),
        ("ArnNotLike", "aws:PrincipalArn", "arn:aws:iam::*:user/*", "arn:aws:iam::*:role/*"),
        ("ArnNotEquals", "aws:PrincipalArn", "arn:aws:iam::*:user/*", ROLE),
        ("Bool", "aws:SecureTransport", "true", "false"),
        ("Bool", "aws:SecureTransport", True, False),
        ("NumericEquals", "aws:MultiFactorAuthAge", "120.0", "121"),
        ("NumericNotEquals", "aws:MultiFactorAuthAge", "121", 120),
        ("NumericLessThan", "aws:MultiFactorAuthAge", 121, 120),
        ("NumericLessThanEquals", "aws:MultiFactorAuthAge", 120, 119),
        ("NumericGreaterThan", "aws:MultiFactorAuthAge", 119, 120),
        ("NumericGreaterThanEquals", "aws:MultiFactorAuthAge", 120, 121),
        ("NumericLessThan", "aws:MultiFactorAuthAge", "121", "soon"),
        ("DateGreaterThan", "aws:CurrentTime", "2026-11-27", "2026-11-29T00:00:00Z"),
        ("DateEquals", "aws:EpochTime", "2026-11-28T12:00:00Z", "2026-11-28T12:00:01Z"),
        ("DateNotEquals", "aws:CurrentTime", "2026-11-27T00:00:00Z", "1795867200"),
        ("IpAddress", "aws:SourceIp", "10.0.0.0/8", "192.168.0.0/16"),
        ("NotIpAddress", "aws:SourceIp", "192.168.0.0/16", "10.0.0.0/8"),
        ("BinaryEquals", "aws:username", "ann", "QW5u"),
        ("Null", "aws:username", "false", "true"),
        ("Null", "aws:PrincipalTag/team", "true", "false"),
        ("StringEquals", "aws:username", "${aws:username}", "${aws:PrincipalArn}"),
        ("StringLike", "aws:username", "${aws:PrincipalTag/none, 'ann'}", "${aws:PrincipalTag/none, 'bob'}"),
        ("StringLike", "x:star", "a${*}", "a${?}"),
        ("StringEquals", "x:star", "a${*}", "a"),
        ("ForAnyValue:StringEquals", "aws:TagKeys", ["team", "x"], ["x", "y"]),
        ("ForAllValues:StringEquals", "aws:TagKeys", ["team", "cost", "x"], ["team", "x"]),
        ("StringEqualsIfExists", "aws:username", "ann", "bob"),
    ],
)
def test_an_operator_holds_for_the_one_and_not_for_the_other(operator: str, key: str, holds: Any, fails: Any) -> None:
    assert check({operator: {key: holds}}, CONTEXT) == (True, frozenset())
    assert check({operator: {key: fails}}, CONTEXT) == (False, frozenset())


@pytest.mark.parametrize(
    ("operator", "holds", "missing"),
    [
        ("StringEquals", False, {"aws:PrincipalTag/team"}),
        ("StringNotEquals", True, {"aws:PrincipalTag/team"}),
        ("StringEqualsIfExists", True, set()),
        ("ForAllValues:StringEquals", True, set()),
        ("ForAnyValue:StringEquals", False, {"aws:PrincipalTag/team"}),
    ],
)
def test_a_key_that_is_not_there_is_told_where_it_was_wanted(operator: str, holds: bool, missing: set[str]) -> None:
    assert check({operator: {"aws:PrincipalTag/team": "a"}}, CONTEXT) == Checked(holds, frozenset(missing))


def test_a_variable_without_a_value_matches_nothing_and_is_told() -> None:
    assert check({"StringLike": {"s3:prefix": "${aws:userid}/*"}}, CONTEXT) == Checked(False, frozenset({"aws:userid"}))


def test_an_operator_that_iam_does_not_have_never_holds() -> None:
    assert not check({"StringResembles": {"aws:username": "ann"}}, CONTEXT).holds


def test_all_conditions_of_a_statement_must_hold() -> None:
    both = {"StringEquals": {"aws:username": "ann"}, "Bool": {"aws:SecureTransport": "false"}}
    assert not check(both, CONTEXT).holds


@pytest.mark.parametrize(
    ("pattern", "text", "fits"),
    [
        ("arn:aws:s3:::bucket/*", "arn:aws:s3:::bucket/a/b:c", True),
        ("arn:aws:s3:::bucket/*", "arn:aws:s3:::bucket", False),
        ("arn:aws:s3:::buck?t", "arn:aws:s3:::bucket", True),
        ("arn:aws:sagemaker:*:123456789012:model/*", "arn:aws:sagemaker:us-east-1:123456789012:model/a", True),
        ("arn:aws:*", "arn:aws:sagemaker:us-east-1:123456789012:model/a", False),
        ("arn:aws:s3:::Bucket", "arn:aws:s3:::bucket", False),
        ("*", "*", True),
        ("arn:aws:s3:::*", "*", False),
    ],
)
def test_a_wildcard_of_an_arn_stays_in_its_part(pattern: str, text: str, fits: bool) -> None:
    assert arn_like(pattern, text) is fits


def test_signs_of_other_languages_of_patterns_are_themselves() -> None:
    assert like("a[b].*", "a[b].txt")
    assert not like("a[b].*", "ab-txt")
