"""What a user or role may do, by IAM's own simulation of the policies that a run asks for.

Nothing is tried in earnest. The simulation knows the policies of the one who asks, his boundary and his organization;
it knows no policies of buckets, keys and other resources.
Source: https://docs.aws.amazon.com/IAM/latest/APIReference/API_SimulatePrincipalPolicy.html
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from sm_raw.aws.doctor.lines import Finding, failed, not_known, ok, policy_to_add
from sm_raw.aws.doctor.subject import Subject
from sm_raw.specs.policy_documents import Grant, PolicyDocument, policy

# In place of a * or a placeholder: anything that the pattern stands for.
SAMPLE = "sm-raw-doctor"
TOLD = 4


class Trial(NamedTuple):
    """One action on one resource: ``reason`` tells why it is denied, "" if it is allowed."""

    action: str
    resource: str
    condition: Mapping[str, Any]
    reason: str
    missing: tuple[str, ...] = ()

    @property
    def grant(self) -> Grant:
        return Grant((self.action,), (self.resource,), self.condition)


def simulated_line(subject: Subject, principal: str, document: PolicyDocument, allowed: str, who: str) -> Finding:
    """One finding about whether ``principal`` may do all of ``document``; ``allowed`` is what to say if so."""
    denied = [trial for trial in trials(subject, principal, document) if trial.reason]
    if not denied:
        return ok(allowed)
    shown = ", ".join(f"{trial.action} on {trial.resource}" for trial in denied[:TOLD])
    more = f" and {len(denied) - TOLD} more" if len(denied) > TOLD else ""
    reasons = dict.fromkeys(trial.reason for trial in denied)
    found = f"{who} may not: {shown}{more} ({'; '.join(reasons)})"
    lacking = sorted({key for trial in denied for key in trial.missing})
    if lacking and all(trial.missing for trial in denied):
        return not_known(
            f"{found}; it depends on {', '.join(lacking)}, which only a real call has",
            f"see the conditions in the policies of {principal}",
        )
    if set(reasons) != {NOT_ALLOWED}:
        return failed(found, f"change what denies it to {principal}; adding rights alone does not help")
    added = policy(trial.grant for trial in denied)
    return failed(found, f"add this to {principal}", policy_to_add(*added["Statement"]))


NOT_ALLOWED = "nothing allows it"


def trials(subject: Subject, principal: str, document: PolicyDocument) -> Iterator[Trial]:
    """Every action of a policy document on every resource of it, tried for ``principal``. Raises Unanswered."""
    for statement in document["Statement"]:
        condition = statement.get("Condition", {})
        samples = {sample(resource): resource for resource in statement["Resource"]}
        for context in contexts(condition):
            request: dict[str, Any] = {"PolicySourceArn": principal, "ActionNames": statement["Action"]}
            if list(samples) != ["*"]:
                request["ResourceArns"] = list(samples)
            if context:
                request["ContextEntries"] = context
            for page in subject.pages("iam", "SimulatePrincipalPolicy", "Marker", **request):
                for result in page["EvaluationResults"]:
                    yield from _read(result, samples, condition)


def sample(pattern: str) -> str:
    """Something that fits the pattern of an ARN or a prefix; ``*`` alone stays, which means all resources."""
    if pattern == "*":
        return pattern
    # Whoever may do it to all that begins alike may do it to this one.
    head, *rest = pattern.replace("${", "*${").split("*")
    return head + "".join(SAMPLE + _after_placeholder(part) for part in rest)


def _after_placeholder(part: str) -> str:
    return part.partition("}")[2] if part.startswith("${") else part


def contexts(condition: Mapping[str, Mapping[str, Any]]) -> Iterator[list[dict[str, Any]]]:
    """The contexts that a condition asks for: where a key may have one of several values, each of them once."""
    choices = []
    for operator, pairs in condition.items():
        kind = "stringList" if operator.startswith("ForA") else "string"
        for key, values in pairs.items():
            each = [values] if isinstance(values, str) else list(values)
            entries = [
                {"ContextKeyName": key, "ContextKeyType": kind, "ContextKeyValues": [sample(value)]} for value in each
            ]
            choices.append(entries)
    yield from (list(chosen) for chosen in itertools.product(*choices))


def _read(result: Mapping[str, Any], samples: Mapping[str, str], condition: Mapping[str, Any]) -> Iterator[Trial]:
    """The trials in one result. Of several resources each has its own; their sum tells nothing of the single one."""
    whole = {**result, "EvalResourceDecision": result["EvalDecision"]}
    for each in result.get("ResourceSpecificResults") or [whole]:
        # Instead of the only resource there may be a pattern: arn:aws:s3:::${BucketName}/${KeyName}.
        name = next(iter(samples)) if len(samples) == 1 else each["EvalResourceName"]
        resource = samples.get(name, name)
        reason = "" if each["EvalResourceDecision"] == "allowed" else _reason({**result, **each})
        missing = tuple(each.get("MissingContextValues") or ()) if reason == NOT_ALLOWED else ()
        yield Trial(result["EvalActionName"], resource, condition, reason, missing)


def _reason(result: Mapping[str, Any]) -> str:
    if not result.get("OrganizationsDecisionDetail", {}).get("AllowedByOrganizations", True):
        return "a policy of the organization keeps from it"
    if not result.get("PermissionsBoundaryDecisionDetail", {}).get("AllowedByPermissionsBoundary", True):
        return "the permissions boundary keeps from it"
    if result["EvalResourceDecision"] == "explicitDeny":
        names = sorted({each.get("SourcePolicyId", "") for each in result.get("MatchedStatements") or ()} - {""})
        return f"denied by {', '.join(names) or 'a policy'}"
    return NOT_ALLOWED
