"""E62x: policies of IAM and S3, which are documents within the request's text."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any, NamedTuple

from sm_raw.validation.findings import Finding, Request
from sm_raw.validation.operations import operation_name
from sm_raw.validation.reading import at, names, records, text
from sm_raw.validation.rules.base import Rule, TogetherRule
from sm_raw.validation.wording import listed, shown

GRAMMAR_PAGE = "https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_grammar.html"
PASS_ROLE_PAGE = "https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_use_passrole.html"

VERSIONS = ("2012-10-17", "2008-10-17")
EFFECTS = ("Allow", "Deny")
# What the names of services end in, in the partitions of AWS; those of the isolated ones by their last part.
SERVICE_DOMAINS = (".amazonaws.com", ".amazonaws.com.cn", ".amazonaws.eu", ".gov", ".uk")


class PolicyKind(NamedTuple):
    """Which elements a statement needs and may not have; ``needed`` are alternatives, the first to be suggested."""

    label: str
    needed: tuple[tuple[str, ...], ...]
    refused: tuple[str, ...]


ACTION, RESOURCE = ("Action", "NotAction"), ("Resource", "NotResource")
PRINCIPAL = ("Principal", "NotPrincipal")
TRUST = PolicyKind("a trust policy", (("Effect",), PRINCIPAL, ACTION), RESOURCE)
IDENTITY = PolicyKind("a policy of a role", (("Effect",), ACTION, RESOURCE), PRINCIPAL)
BUCKET = PolicyKind("a bucket policy", (("Effect",), PRINCIPAL, ACTION, RESOURCE), ())


class PolicyField(NamedTuple):
    """Where an operation carries a policy, of which kind, and the most characters without white space."""

    field: str
    kind: PolicyKind
    characters: int


# Sizes: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html (trust: what can be asked for)
# and https://docs.aws.amazon.com/AmazonS3/latest/userguide/add-bucket-policy.html
POLICIES = {
    "CreateRole": PolicyField("AssumeRolePolicyDocument", TRUST, 4096),
    "UpdateAssumeRolePolicy": PolicyField("PolicyDocument", TRUST, 4096),
    "PutRolePolicy": PolicyField("PolicyDocument", IDENTITY, 10_240),
    "CreatePolicy": PolicyField("PolicyDocument", IDENTITY, 6144),
    "CreatePolicyVersion": PolicyField("PolicyDocument", IDENTITY, 6144),
    "PutBucketPolicy": PolicyField("Policy", BUCKET, 20_480),
}
# {operation: (field that hands on a role, principal of the service that gets it)}
TAKES_ROLE = {
    "CreateTrainingJob": ("RoleArn", "sagemaker.amazonaws.com"),
    "CreateProcessingJob": ("RoleArn", "sagemaker.amazonaws.com"),
    "CreateModel": ("ExecutionRoleArn", "sagemaker.amazonaws.com"),
    "CreateFunction": ("Role", "lambda.amazonaws.com"),
}


@lru_cache(maxsize=64)
def parsed(document: str) -> Any:
    """The JSON of a policy; the error's message, in a ValueError, for what is none."""
    try:
        return json.loads(document)
    except (ValueError, RecursionError) as error:
        return ValueError(str(error))


def statements(document: object) -> list[tuple[int, Mapping[str, Any]]]:
    """(index, statement); a document with one may hold it without a list."""
    found = at(document, "Statement")
    return list(records([found] if isinstance(found, Mapping) else found))


def listed_texts(value: object) -> list[str]:
    """The texts of an element that is one or a list of them."""
    return [each for each in (value if isinstance(value, list) else [value]) if isinstance(each, str)]


class PolicyRule(Rule):
    """A rule about a policy, told at the field that carries it."""

    operations = tuple(POLICIES)
    source = GRAMMAR_PAGE

    def check(self, request: Request) -> Iterator[Finding]:
        where = POLICIES[operation_name(self.operation)]
        document = text(request.get(where.field))
        if document is not None:
            for message in self.faults(document, where):
                yield self.finding(where.field, message)

    def faults(self, document: str, where: PolicyField) -> Iterator[str]:
        """What is wrong with the text of one policy."""
        for index, statement in statements(parsed(document)):
            yield from self.statement_faults(statement, f"Statement[{index}]", where.kind)

    def statement_faults(self, statement: Mapping[str, Any], place: str, kind: PolicyKind) -> Iterator[str]:
        """What is wrong with one statement."""
        raise NotImplementedError


class PolicyIsJson(PolicyRule):
    """A policy is a JSON object with at least one statement."""

    id = "E620"

    def faults(self, document: str, where: PolicyField) -> Iterator[str]:
        found = parsed(document)
        if isinstance(found, ValueError):
            yield f"{shown(document)} is no JSON: {found}"
        elif not isinstance(found, dict):
            yield f'{shown(document)} is no object; write {{"Version": "{VERSIONS[0]}", "Statement": [...]}}'
        elif not statements(found):
            yield "has no Statement; add one, a policy without any is refused"


class PolicyVersionIsKnown(PolicyRule):
    """A policy's Version is that of the policy language, not one's own."""

    id = "E621"

    def faults(self, document: str, where: PolicyField) -> Iterator[str]:
        version = at(parsed(document), "Version")
        if version is not None and version not in VERSIONS:
            yield f"Version {version!r} is none of the policy language; write {VERSIONS[0]!r}"


class StatementIsComplete(PolicyRule):
    """A statement has Effect and Action, and Resource or Principal where its kind of policy needs them."""

    id = "E622"

    def statement_faults(self, statement: Mapping[str, Any], place: str, kind: PolicyKind) -> Iterator[str]:
        for options in kind.needed:
            if not any(option in statement for option in options):
                yield f"{place} has no {options[0]}, which {kind.label} needs; add it"
        effect = statement.get("Effect")
        if effect is not None and effect not in EFFECTS:
            yield f"{place}.Effect {effect!r} is neither; give {listed(EFFECTS)}"


class StatementHasNothingForeign(PolicyRule):
    """A trust policy names no Resource, and a policy of a role no Principal."""

    id = "E623"

    def statement_faults(self, statement: Mapping[str, Any], place: str, kind: PolicyKind) -> Iterator[str]:
        for element in kind.refused:
            if element in statement:
                yield f"{place} has a {element}, which {kind.label} may not; remove it"


class TrustIsToAssume(PolicyRule):
    """A trust policy allows actions of STS alone, such as sts:AssumeRole."""

    id = "E624"
    operations = ("CreateRole", "UpdateAssumeRolePolicy")

    def statement_faults(self, statement: Mapping[str, Any], place: str, kind: PolicyKind) -> Iterator[str]:
        for action in listed_texts(statement.get("Action")):
            if not action.lower().startswith("sts:"):
                yield f"{place}.Action {action!r} is none of STS; give 'sts:AssumeRole', and the rest in PutRolePolicy"


class ServicesAreNamedInFull(PolicyRule):
    """The principal of a service is its full name, such as sagemaker.amazonaws.com."""

    id = "E629"
    source = "https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html"
    operations = ("CreateRole", "UpdateAssumeRolePolicy", "PutBucketPolicy")

    def statement_faults(self, statement: Mapping[str, Any], place: str, kind: PolicyKind) -> Iterator[str]:
        for service in listed_texts(at(statement, "Principal", "Service")):
            if service != "*" and not service.endswith(SERVICE_DOMAINS):
                full = f"{service.partition('.')[0]}.amazonaws.com"
                yield f"{place}.Principal.Service {service!r} is no service's name; give {full!r}"


class ActionsNameTheirService(PolicyRule):
    """An action is SERVICE:ACTION, or * for all."""

    id = "E630"
    operations = ("PutRolePolicy", "CreatePolicy", "CreatePolicyVersion", "PutBucketPolicy")  # trust: E624

    def statement_faults(self, statement: Mapping[str, Any], place: str, kind: PolicyKind) -> Iterator[str]:
        for element in ACTION:
            for action in listed_texts(statement.get(element)):
                if ":" not in action and action.strip("*"):
                    yield f"{place}.{element} {action!r} names no service; write it as in sagemaker:CreateTrainingJob"


class ResourcesAreArns(PolicyRule):
    """A resource is an ARN, or * for all."""

    id = "E631"
    operations = ActionsNameTheirService.operations

    def statement_faults(self, statement: Mapping[str, Any], place: str, kind: PolicyKind) -> Iterator[str]:
        for element in RESOURCE:
            for resource in listed_texts(statement.get(element)):
                if not resource.startswith(("arn:", "*")):
                    bucket = resource.removeprefix("s3://")
                    arn = repr(f"arn:aws:s3:::{bucket}") if bucket != resource else "arn:... or '*'"
                    yield f"{place}.{element} {resource!r} is no ARN; give {arn}"


class PolicyFits(PolicyRule):
    """A policy is no longer than IAM or S3 takes: 10,240 characters in a role, 6,144 managed, 20 KB on a bucket."""

    id = "E625"
    source = "https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html"

    def faults(self, document: str, where: PolicyField) -> Iterator[str]:
        size = len("".join(document.split()))
        if size > where.characters:
            yield f"has {size} characters, more than {where.characters}; merge statements, or split it"


class PassRoleIsNarrow(PolicyRule):
    """iam:PassRole is allowed for roles that are named, not for all."""

    id = "W626"
    source = PASS_ROLE_PAGE
    operations = ("PutRolePolicy", "CreatePolicy", "CreatePolicyVersion")

    def statement_faults(self, statement: Mapping[str, Any], place: str, kind: PolicyKind) -> Iterator[str]:
        actions = {action.lower() for action in listed_texts(statement.get("Action"))}
        passes = statement.get("Effect") == "Allow" and actions & {"iam:passrole", "iam:*"}
        if passes and "*" in listed_texts(statement.get("Resource")):
            yield f"{place} passes every role of the account; name the roles, with the condition iam:PassedToService"


class NotEverythingIsAllowed(PolicyRule):
    """A policy does not allow every action on every resource."""

    id = "W627"
    source = "https://docs.aws.amazon.com/IAM/latest/UserGuide/best-practices.html"
    operations = ("PutRolePolicy", "CreatePolicy", "CreatePolicyVersion")

    def statement_faults(self, statement: Mapping[str, Any], place: str, kind: PolicyKind) -> Iterator[str]:
        everything = all("*" in listed_texts(statement.get(element)) for element in ("Action", "Resource"))
        if everything and statement.get("Effect") == "Allow":
            yield f"{place} allows every action on everything; name what the run needs"


class RoleTrustsItsService(TogetherRule):
    """A role that is handed to a service, and made in the same story, lets that service take it."""

    id = "E628"
    operations = tuple(TAKES_ROLE)
    source = "https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_terms-and-concepts.html"

    def check_together(self, requests: Sequence[tuple[str, Any]]) -> Iterator[tuple[int, Finding]]:
        trusted = _trusted(requests)
        for index, (operation, request) in enumerate(requests):
            field, service = TAKES_ROLE.get(operation_name(operation), ("", ""))
            role = text(at(request, field))
            name = role.rpartition("/")[2] if role is not None and ":role/" in role else None
            services = trusted.get(name or "")
            if services is not None and service not in services:
                message = f"role {name!r} trusts {listed(services, 'and')} in its CreateRole; add {service}"
                yield index, RoleTrustsItsService(operation).finding(field, message)


def _trusted(requests: Sequence[tuple[str, Any]]) -> dict[str, list[str]]:
    """{role: services that may take it}, for roles whose trust policy can be read and names services only."""
    found: dict[str, list[str]] = {}
    for operation, request in requests:
        if operation_name(operation) not in ("CreateRole", "UpdateAssumeRolePolicy"):
            continue
        name = text(at(request, "RoleName"))
        document = text(at(request, POLICIES[operation_name(operation)].field))
        each = [statement for _, statement in statements(parsed(document))] if document is not None else []
        services = [service for one in each for service in listed_texts(at(one, "Principal", "Service"))]
        if name is not None and services and all(names(one.get("Principal")) == ["Service"] for one in each):
            found[name] = services
        elif name is not None:
            found.pop(name, None)
    return found
