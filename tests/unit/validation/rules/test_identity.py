from __future__ import annotations

import json
from typing import Any

import pytest

from sm_raw.validation.findings import Finding
from sm_raw.validation.rules import all_rules, identity
from sm_raw.validation.rules.base import Rule

TRUST = {"Effect": "Allow", "Principal": {"Service": "sagemaker.amazonaws.com"}, "Action": "sts:AssumeRole"}
ALLOW = {"Effect": "Allow", "Action": ["s3:GetObject"], "Resource": "arn:aws:s3:::bucket/*"}


def document(*statements: object, version: str = "2012-10-17") -> str:
    return json.dumps({"Version": version, "Statement": list(statements)})


def found(rule: type[Rule], operation: str, text: object) -> list[str]:
    """The messages, all of which are told at the field that carries the policy."""
    field = identity.POLICIES[operation].field
    findings = list(rule(operation).check({field: text}))
    assert [each.path for each in findings] == [field] * len(findings)
    return [each.message for each in findings]


GOOD = {
    identity.TRUST: document(TRUST),
    identity.IDENTITY: document(ALLOW),
    identity.BUCKET: document({**ALLOW, "Principal": "*"}),
}


@pytest.mark.parametrize("rule", [rule for rule in all_rules() if issubclass(rule, identity.PolicyRule)])
def test_good_policies_and_what_is_no_text_yet_are_never_told_of(rule: type[Rule]) -> None:
    for operation in rule.operations:
        for text in (GOOD[identity.POLICIES[operation].kind], "${policy}", document("${statement}"), None, 7):
            assert found(rule, operation, text) == []


@pytest.mark.parametrize(
    ("text", "messages"),
    [
        (document(ALLOW), []),
        (json.dumps({"Statement": ALLOW}), []),
        ("not json", ["'not json' is no JSON: Expecting value: line 1 column 1 (char 0)"]),
        ("[]", ['\'[]\' is no object; write {"Version": "2012-10-17", "Statement": [...]}']),
        ("{}", ["has no Statement; add one, a policy without any is refused"]),
        (document(), ["has no Statement; add one, a policy without any is refused"]),
    ],
)
def test_a_policy_is_json_with_statements(text: str, messages: list[str]) -> None:
    assert found(identity.PolicyIsJson, "PutRolePolicy", text) == messages


def test_a_policy_nested_beyond_measure_is_no_json() -> None:
    [message] = found(identity.PolicyIsJson, "PutRolePolicy", "[" * 100_000)
    assert message.startswith(f"'{'[' * 75}")


@pytest.mark.parametrize(
    ("text", "messages"),
    [
        (document(ALLOW), []),
        (json.dumps({"Statement": [ALLOW]}), []),
        (document(ALLOW, version="2008-10-17"), []),
        (
            document(ALLOW, version="2026-11-01"),
            ["Version '2026-11-01' is none of the policy language; write '2012-10-17'"],
        ),
    ],
)
def test_a_version_is_known(text: str, messages: list[str]) -> None:
    assert found(identity.PolicyVersionIsKnown, "PutRolePolicy", text) == messages


@pytest.mark.parametrize(
    ("operation", "statement", "messages"),
    [
        ("CreateRole", TRUST, []),
        ("PutRolePolicy", ALLOW, []),
        ("PutRolePolicy", {"Effect": "Deny", "NotAction": "s3:*", "NotResource": "*"}, []),
        ("PutBucketPolicy", {**ALLOW, "Principal": "*"}, []),
        (
            "PutRolePolicy",
            {"Action": "s3:*"},
            [
                "Statement[0] has no Effect, which a policy of a role needs; add it",
                "Statement[0] has no Resource, which a policy of a role needs; add it",
            ],
        ),
        (
            "CreateRole",
            {"Effect": "Allow", "Action": "sts:AssumeRole"},
            ["Statement[0] has no Principal, which a trust policy needs; add it"],
        ),
        (
            "PutBucketPolicy",
            ALLOW,
            ["Statement[0] has no Principal, which a bucket policy needs; add it"],
        ),
        (
            "CreatePolicy",
            {**ALLOW, "Effect": "allow"},
            ["Statement[0].Effect 'allow' is neither; give Allow or Deny"],
        ),
    ],
)
def test_a_statement_is_complete(operation: str, statement: dict[str, Any], messages: list[str]) -> None:
    assert found(identity.StatementIsComplete, operation, document(statement)) == messages


@pytest.mark.parametrize(
    ("operation", "statement", "messages"),
    [
        ("CreateRole", TRUST, []),
        ("PutBucketPolicy", {**ALLOW, "Principal": "*"}, []),
        (
            "CreateRole",
            {**TRUST, "Resource": "*"},
            ["Statement[0] has a Resource, which a trust policy may not; remove it"],
        ),
        (
            "PutRolePolicy",
            {**ALLOW, "Principal": "*"},
            ["Statement[0] has a Principal, which a policy of a role may not; remove it"],
        ),
    ],
)
def test_a_statement_has_nothing_foreign(operation: str, statement: dict[str, Any], messages: list[str]) -> None:
    assert found(identity.StatementHasNothingForeign, operation, document(statement)) == messages


@pytest.mark.parametrize(
    ("action", "messages"),
    [
        ("sts:AssumeRole", []),
        (["sts:AssumeRole", "sts:TagSession"], []),
        (
            ["sts:AssumeRole", "s3:GetObject"],
            ["Statement[0].Action 's3:GetObject' is none of STS; give 'sts:AssumeRole', and the rest in PutRolePolicy"],
        ),
    ],
)
def test_a_trust_policy_is_about_assuming_the_role(action: object, messages: list[str]) -> None:
    assert found(identity.TrustIsToAssume, "CreateRole", document({**TRUST, "Action": action})) == messages


@pytest.mark.parametrize(
    ("principal", "messages"),
    [
        ({"Service": ["sagemaker.amazonaws.com", "logs.us-east-1.amazonaws.com"]}, []),
        ({"Service": "ec2.amazonaws.com.cn"}, []),
        ({"Service": "ec2.c2s.ic.gov"}, []),
        ({"Service": "*"}, []),
        ({"AWS": "111122223333"}, []),
        ("*", []),
        (
            {"Service": ["sagemaker.aws.com", "lambda"]},
            [
                "Statement[0].Principal.Service 'sagemaker.aws.com' is no service's name;"
                " give 'sagemaker.amazonaws.com'",
                "Statement[0].Principal.Service 'lambda' is no service's name; give 'lambda.amazonaws.com'",
            ],
        ),
    ],
)
def test_services_are_named_in_full(principal: object, messages: list[str]) -> None:
    assert found(identity.ServicesAreNamedInFull, "CreateRole", document({**TRUST, "Principal": principal})) == messages


@pytest.mark.parametrize(
    ("statement", "messages"),
    [
        ({"Action": ["s3:GetObject", "s3:*", "ec2:Describe*", "*"]}, []),
        ({"NotAction": "iam:*"}, []),
        ({"Action": 7}, []),
        (
            {"Action": ["s3:GetObject", "CreateTrainingJob"]},
            ["Statement[0].Action 'CreateTrainingJob' names no service; write it as in sagemaker:CreateTrainingJob"],
        ),
        (
            {"NotAction": "Get*"},
            ["Statement[0].NotAction 'Get*' names no service; write it as in sagemaker:CreateTrainingJob"],
        ),
    ],
)
def test_actions_name_their_service(statement: dict[str, Any], messages: list[str]) -> None:
    assert found(identity.ActionsNameTheirService, "PutRolePolicy", document(statement)) == messages


@pytest.mark.parametrize(
    ("statement", "messages"),
    [
        ({"Resource": ["arn:aws:s3:::bucket/*", "arn:aws-cn:s3:::${aws:username}/*", "*"]}, []),
        ({"NotResource": "arn:aws:s3:::bucket"}, []),
        (
            {"Resource": "s3://bucket/*"},
            ["Statement[0].Resource 's3://bucket/*' is no ARN; give 'arn:aws:s3:::bucket/*'"],
        ),
        ({"Resource": ["bucket/*"]}, ["Statement[0].Resource 'bucket/*' is no ARN; give arn:... or '*'"]),
    ],
)
def test_resources_are_arns(statement: dict[str, Any], messages: list[str]) -> None:
    assert found(identity.ResourcesAreArns, "PutRolePolicy", document(statement)) == messages


@pytest.mark.parametrize(
    ("operation", "characters", "limit"),
    [
        ("PutRolePolicy", 10_240, 10_240),
        ("CreatePolicy", 6_144, 6_144),
        ("CreateRole", 4_096, 4_096),
        ("PutRolePolicy", 10_241, 10_240),
        ("CreatePolicy", 6_145, 6_144),
        ("PutBucketPolicy", 20_481, 20_480),
    ],
)
def test_a_policy_fits(operation: str, characters: int, limit: int) -> None:
    text = "{" + " \n" * 9 + '"Sid":"' + "x" * (characters - 10) + '"}'
    over = [f"has {characters} characters, more than {limit}; merge statements, or split it"]
    assert found(identity.PolicyFits, operation, text) == (over if characters > limit else [])


@pytest.mark.parametrize(
    ("rule", "statement", "message"),
    [
        (
            identity.PassRoleIsNarrow,
            {"Effect": "Allow", "Action": "iam:PassRole", "Resource": "arn:aws:iam::111122223333:role/a"},
            None,
        ),
        (identity.PassRoleIsNarrow, {"Effect": "Deny", "Action": "iam:PassRole", "Resource": "*"}, None),
        (identity.PassRoleIsNarrow, {"Effect": "Allow", "Action": "iam:GetRole", "Resource": "*"}, None),
        (
            identity.PassRoleIsNarrow,
            {"Effect": "Allow", "Action": ["s3:GetObject", "iam:passrole"], "Resource": ["*"]},
            "Statement[0] passes every role of the account; name the roles, with the condition iam:PassedToService",
        ),
        (identity.NotEverythingIsAllowed, {"Effect": "Allow", "Action": "s3:*", "Resource": "*"}, None),
        (identity.NotEverythingIsAllowed, {"Effect": "Deny", "Action": "*", "Resource": "*"}, None),
        (
            identity.NotEverythingIsAllowed,
            {"Effect": "Allow", "Action": ["*"], "Resource": "*"},
            "Statement[0] allows every action on everything; name what the run needs",
        ),
    ],
)
def test_no_policy_allows_too_much(rule: type[Rule], statement: dict[str, Any], message: str | None) -> None:
    assert found(rule, "PutRolePolicy", document(statement)) == ([message] if message else [])


def created(*statements: object, operation: str = "CreateRole") -> tuple[str, Any]:
    return operation, {"RoleName": "runs", identity.POLICIES[operation].field: document(*statements)}


FUNCTION = ("CreateFunction", {"Role": "arn:aws:iam::111122223333:role/team/runs"})
TRAINING = ("CreateTrainingJob", {"RoleArn": "arn:aws:iam::111122223333:role/runs"})
BY_ACCOUNT = {**TRUST, "Principal": {"AWS": "111122223333"}}
BOTH = {**TRUST, "Principal": {"Service": ["sagemaker.amazonaws.com", "lambda.amazonaws.com"]}}


@pytest.mark.parametrize(
    "requests",
    [
        [created(TRUST), TRAINING],
        [created(BOTH), TRAINING, FUNCTION],
        [created(TRUST, BY_ACCOUNT), FUNCTION],
        [created(TRUST), created(BOTH, operation="UpdateAssumeRolePolicy"), FUNCTION],
        [created(TRUST), ("CreateFunction", {"Role": "arn:aws:iam::111122223333:role/other"})],
        [created(TRUST), ("CreateFunction", {"Role": "${role}"}), ("CreateFunction", [])],
        [("CreateRole", {"RoleName": "runs", "AssumeRolePolicyDocument": "${trust}"}), FUNCTION],
    ],
)
def test_a_role_that_trusts_its_service_is_good(requests: list[tuple[str, Any]]) -> None:
    assert list(identity.RoleTrustsItsService("").check_together(requests)) == []


def test_a_role_that_trusts_another_service_is_told_of() -> None:
    message = "role 'runs' trusts sagemaker.amazonaws.com in its CreateRole; add lambda.amazonaws.com"
    found = identity.RoleTrustsItsService("").check_together([created(TRUST), TRAINING, FUNCTION])
    assert list(found) == [(2, Finding("E628", "error", "CreateFunction", "Role", message))]
