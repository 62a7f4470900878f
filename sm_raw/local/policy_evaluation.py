"""What IAM decides about a request, by the policies that apply to it. Pure.

Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal, NamedTuple, TypeAlias

from sm_raw.local.policy_conditions import Context, MissingVariable, arn_like, as_list, check, like, resolved

Verdict: TypeAlias = Literal["allowed", "explicitDeny", "implicitDeny"]

STATEMENTS = re.compile(r'"Statement"\s*:\s*')
BETWEEN_STATEMENTS = re.compile(r"[\s,\[]*")


class Place(NamedTuple):
    """Where something lies in a policy's text; both count from one."""

    line: int
    column: int


class Statement(NamedTuple):
    """One statement of a policy, with the policy's name and the places where it begins and ends in its text."""

    policy: str
    body: Mapping[str, Any]
    start: Place
    end: Place


@dataclass(frozen=True)
class Policy:
    """A policy document with the name that tells it from the others. Raises ValueError for what is none."""

    name: str
    text: str

    @cached_property
    def statements(self) -> tuple[Statement, ...]:
        document = json.loads(self.text)
        if not isinstance(document, dict) or "Statement" not in document:
            raise ValueError("no policy document: it has no Statement")
        written = document["Statement"]
        bodies = written if isinstance(written, list) else [written]
        if not all(_is_statement(body) for body in bodies):
            raise ValueError("no policy document: a statement has an Effect, Allow or Deny, and conditions by operator")
        places = self._places(len(bodies))
        return tuple(Statement(self.name, body, *place) for body, place in zip(bodies, places, strict=True))

    def _places(self, count: int) -> list[tuple[Place, Place]]:
        begun = STATEMENTS.search(self.text)
        offset, found = begun.end() if begun else 0, []
        for _ in range(count):
            between = BETWEEN_STATEMENTS.match(self.text, offset)
            start = between.end() if between else offset
            _, offset = json.JSONDecoder().raw_decode(self.text, start)
            found.append((self._place(start), self._place(offset)))
        return found

    def _place(self, offset: int) -> Place:
        return Place(self.text.count("\n", 0, offset) + 1, offset - self.text.rfind("\n", 0, offset))


def _is_statement(body: object) -> bool:
    if not isinstance(body, dict) or body.get("Effect") not in {"Allow", "Deny"}:
        return False
    conditions = body.get("Condition") or {}
    return isinstance(conditions, dict) and all(isinstance(pairs, dict) for pairs in conditions.values())


@dataclass(frozen=True)
class Decision:
    """``matched``: the statements that decided; ``missing``: the context keys that some condition asked for in vain."""

    verdict: Verdict
    matched: tuple[Statement, ...] = ()
    missing: tuple[str, ...] = ()
    within_boundary: bool | None = None


def decide(
    policies: Iterable[Policy],
    action: str,
    resource: str,
    context: Context,
    *,
    boundary: Sequence[Policy] | None = None,
) -> Decision:
    """The decision about one action on one resource. A ``boundary`` allows nothing, and keeps from all it does not."""
    own = _decided(policies, action, resource, context)
    if boundary is None:
        return own
    outer = _decided(boundary, action, resource, context)
    missing = tuple(sorted({*own.missing, *outer.missing}))
    is_within = outer.verdict == "allowed"
    if own.verdict == "explicitDeny" or (is_within and own.verdict == "implicitDeny"):
        return Decision(own.verdict, own.matched, missing, is_within)
    if not is_within:
        return Decision(outer.verdict, outer.matched, missing, is_within)
    return Decision("allowed", own.matched, missing, is_within)


def _decided(policies: Iterable[Policy], action: str, resource: str, context: Context) -> Decision:
    matched: dict[str, list[Statement]] = {"Allow": [], "Deny": []}
    missing: set[str] = set()
    for statement in (each for policy in policies for each in policy.statements):
        applies, lacking = _applies(statement.body, action, resource, context)
        missing |= lacking
        if applies:
            matched[statement.body["Effect"]].append(statement)
    lacked = tuple(sorted(missing))
    if matched["Deny"]:
        return Decision("explicitDeny", tuple(matched["Deny"]), lacked)
    if matched["Allow"]:
        return Decision("allowed", tuple(matched["Allow"]), lacked)
    return Decision("implicitDeny", missing=lacked)


def _applies(body: Mapping[str, Any], action: str, resource: str, context: Context) -> tuple[bool, set[str]]:
    """Whether a statement is about the request, and the context keys that it lacks to tell."""
    if not _has_action(body, action):
        return False, set()
    try:
        if not _has_resource(body, resource, context):
            return False, set()
    except MissingVariable as missing:
        return False, {missing.key}
    checked = check(body.get("Condition") or {}, context)
    return checked.holds, set(checked.missing)


def _has_action(body: Mapping[str, Any], action: str) -> bool:
    denied = "NotAction" in body
    patterns = as_list(body["NotAction" if denied else "Action"]) if denied or "Action" in body else []
    return denied != any(like(pattern.lower(), action.lower()) for pattern in patterns)


def _has_resource(body: Mapping[str, Any], resource: str, context: Context) -> bool:
    denied = "NotResource" in body
    # A trust policy and the like name no resource: they are about what they are attached to.
    patterns = as_list(body.get("NotResource" if denied else "Resource", "*"))
    return denied != any(arn_like(resolved(pattern, context), resource) for pattern in patterns)
