"""The role that SageMaker takes: that it is there, who may take it, and what it may do; and the caller's own rights."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from sm_raw.aws.doctor.bucket_checks import as_list
from sm_raw.aws.doctor.lines import Finding, Findings, failed, not_known, ok, warning
from sm_raw.aws.doctor.simulation import simulated_line
from sm_raw.aws.doctor.subject import Subject, Unanswered
from sm_raw.specs.identity import trust_policy
from sm_raw.specs.permissions import caller_policy
from sm_raw.specs.policy_documents import PolicyDocument, place_of, policy_text, service_principal
from sm_raw.specs.role_permissions import execution_role_policy
from sm_raw.specs.run_resources import passed_roles

ROLE_ARN = re.compile(r"arn:aws[a-z-]*:iam::(?P<account>\d{12}):role/(?:[^:]*/)?(?P<name>[\w+=,.@-]{1,64})")
ASSUMED_ROLE = re.compile(r"arn:(?P<partition>aws[a-z-]*):sts::(?P<account>\d{12}):assumed-role/(?P<name>[^/]+)/.*")
NO_ROLE = "no role is given: give --role ARN"
NO_REQUESTS = "no run to look at: give --recipe"


def role(subject: Subject) -> Findings:
    """The role exists in the caller's account, under this very ARN, and SageMaker may take it."""
    arn = subject.role_arn
    if arn is None:
        yield not_known(NO_ROLE)
        return
    parts = ROLE_ARN.fullmatch(arn)
    if parts is None:
        yield _no_role_arn(arn)
        return
    if parts["account"] != subject.account:
        yield failed(
            f"{arn} is of account {parts['account']}, the caller of {subject.account}: a role cannot be passed across",
            f"give a role of {subject.account} with --role",
        )
        return
    try:
        found = subject.ask("iam", "GetRole", RoleName=parts["name"])["Role"]
    except Unanswered as unanswered:
        if unanswered.code != "NoSuchEntity":
            raise
        yield _absent(subject, arn, parts["name"])
        return
    if found["Arn"] != arn:
        yield failed(f"{arn} is not the role's whole ARN", f"give it with its path: --role {found['Arn']}")
        return
    yield ok(f"{arn} exists")
    yield _trust(subject, parts["name"], found.get("AssumeRolePolicyDocument") or {})


def _no_role_arn(arn: str) -> Finding:
    assumed = ASSUMED_ROLE.fullmatch(arn)
    if assumed is None:
        return failed(f"{arn!r} is no ARN of a role", "give --role arn:aws:iam::ACCOUNT:role/NAME")
    right = f"arn:{assumed['partition']}:iam::{assumed['account']}:role/{assumed['name']}"
    return failed(f"{arn} is a session of a role, not the role", f"give --role {right}")


def _absent(subject: Subject, arn: str, name: str) -> Finding:
    trust = shlex.quote(policy_text(trust_policy("sagemaker", region=subject.region)))
    return failed(
        f"{arn} does not exist",
        "make it, and give it the policy that `python -m sm_raw policy` prints as execution_role",
        f"aws iam create-role --role-name {name} --assume-role-policy-document {trust}",
    )


def _trust(subject: Subject, name: str, document: Mapping[str, Any]) -> Finding:
    """What the trust policy says about SageMaker."""
    service = service_principal("sagemaker", subject.region)
    statements = _statements(document)
    about = [each for each in statements if service in _services(each) and _assumes(each)]
    allowing = [each for each in about if each.get("Effect") == "Allow"]
    if any(each.get("Effect") == "Deny" for each in about):
        return failed(f"its trust policy denies {service}", f"take that out of the trust policy of {name}")
    if not allowing:
        whole = {**document, "Statement": [*statements, *trust_policy("sagemaker", region=subject.region)["Statement"]]}
        return failed(
            f"{service} may not take it: its trust policy does not name it",
            "let it",
            f"aws iam update-assume-role-policy --role-name {name} --policy-document {shlex.quote(policy_text(whole))}",
        )
    if all(each.get("Condition") for each in allowing):
        return _conditional_trust(subject, service, allowing)
    return ok(f"{service} may take it")


def _conditional_trust(subject: Subject, service: str, allowing: Sequence[Mapping[str, Any]]) -> Finding:
    pairs = [
        (key.lower(), values)
        for each in allowing
        for keys in each["Condition"].values()
        for key, values in keys.items()
    ]
    accounts = [as_list(values) for key, values in pairs if key == "aws:sourceaccount"]
    if accounts and all(subject.account not in each for each in accounts):
        return failed(
            f"{service} may take it for {', '.join(accounts[0])} alone, not for {subject.account}",
            f"put {subject.account} into the condition on aws:SourceAccount",
        )
    keys = sorted({key for key, _ in pairs})
    if keys == ["aws:sourceaccount"]:
        return ok(f"{service} may take it, for {subject.account}")
    return warning(f"{service} may take it under conditions of {', '.join(keys)}", "see that a run meets them")


def _statements(document: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    statements = document.get("Statement", [])
    return list(statements) if isinstance(statements, list) else [statements]


def _services(statement: Mapping[str, Any]) -> list[str]:
    principal = statement.get("Principal", {})
    return as_list(principal.get("Service", [])) if isinstance(principal, Mapping) else []


def _assumes(statement: Mapping[str, Any]) -> bool:
    return bool({"*", "sts:*", "sts:AssumeRole"}.intersection(as_list(statement.get("Action", []))))


def role_rights(subject: Subject) -> Findings:
    """The role may do what SageMaker does in its name, for exactly the requests of the run."""
    if subject.role_arn is None or not subject.requests:
        yield not_known(NO_ROLE if subject.role_arn is None else NO_REQUESTS)
        return
    place = {"region": subject.region, "account": subject.account}
    document = execution_role_policy(subject.requests, **place, role_arn=subject.role_arn)
    yield simulated_line(subject, subject.role_arn, document, f"the role may do {_size(document)}", "the role")


def caller_rights(subject: Subject) -> Findings:
    """The caller may send the run's requests, follow them up and take down what they made."""
    if not subject.requests:
        yield not_known(NO_REQUESTS)
        return
    document = _caller_document(subject)
    others = {**document, "Statement": [each for each in document["Statement"] if not _passes(each)]}
    yield _of_caller(subject, others, f"the caller may do {_size(others)}")


def pass_role(subject: Subject) -> Findings:
    """The caller may hand the run's roles to the services."""
    if subject.requests:
        passing = [each for each in _caller_document(subject)["Statement"] if _passes(each)]
    elif subject.role_arn is not None:
        service = service_principal("sagemaker", subject.region)
        condition = {"StringEquals": {"iam:PassedToService": service}}
        passing = [{"Action": ["iam:PassRole"], "Resource": [subject.role_arn], "Condition": condition}]
    else:
        yield not_known(NO_ROLE)
        return
    for statement in passing:
        roles = ", ".join(statement["Resource"])
        to = statement["Condition"]["StringEquals"]["iam:PassedToService"]
        yield _of_caller(subject, {"Statement": [statement]}, f"the caller may pass {roles} to {to}")


def _of_caller(subject: Subject, document: PolicyDocument, allowed: str) -> Finding:
    if subject.caller_arn.endswith(":root"):
        return ok(f"{allowed}, as the root user")
    if ":iam:" not in subject.caller_principal:
        return not_known(
            f"{subject.caller_arn} is no user or role of IAM whose policies could be looked at",
            "sign in as one, or compare with: python -m sm_raw policy",
        )
    return simulated_line(subject, subject.caller_principal, document, allowed, "the caller")


def _caller_document(subject: Subject) -> PolicyDocument:
    return caller_policy(subject.requests, region=subject.region, account=subject.account)


def _passes(statement: Mapping[str, Any]) -> bool:
    return "iam:PassRole" in statement["Action"]


def _size(document: PolicyDocument) -> str:
    actions = {action for statement in document["Statement"] for action in statement["Action"]}
    return f"all that the run needs of it ({len(actions)} actions)"


def made_roles(subject: Subject) -> Findings:
    """The roles that the run makes itself: who may take them, as its own documents say; nobody is asked."""
    made = [request for operation, request in subject.requests if operation.rpartition(":")[2] == "CreateRole"]
    for request in made:
        yield _made_role(subject, request)


def _made_role(subject: Subject, request: Mapping[str, Any]) -> Finding:
    name = request["RoleName"]
    document = json.loads(request["AssumeRolePolicyDocument"])
    trusted = [service for each in _statements(document) if _assumes(each) for service in _services(each)]
    wanted = sorted(set(_takers(subject, name)))
    lacking = [service for service in wanted if service not in trusted]
    if lacking:
        return failed(
            f"{name}, which the run makes, may not be taken by {', '.join(lacking)}",
            "name it in the AssumeRolePolicyDocument of the recipe's CreateRole document",
        )
    return ok(f"{name}, which the run makes, may be taken by {', '.join(wanted or trusted)}")


def _takers(subject: Subject, name: str) -> Iterator[str]:
    """The services that the run hands the role of this name to."""
    for arn, service in passed_roles(subject.requests, place_of(subject.region, subject.account)):
        if arn.rpartition("/")[2] == name:
            yield service_principal(service, subject.region)
