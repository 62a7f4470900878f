"""What a check says: a verdict, what was found, and what to do about it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, TypeAlias

from sm_raw.specs.policy_documents import POLICY_VERSION

if TYPE_CHECKING:
    from sm_raw.aws.doctor.subject import Subject

Verdict: TypeAlias = Literal["ok", "warning", "FAILED", "not known"]


class Finding(NamedTuple):
    """``remedy`` is in words; ``command`` is what to type, or the policy to add, word for word."""

    verdict: Verdict
    found: str
    remedy: str = ""
    command: str = ""


class Line(NamedTuple):
    """A finding with the name of the check that it comes from."""

    check: str
    verdict: Verdict
    found: str
    remedy: str = ""
    command: str = ""


Findings: TypeAlias = Iterator[Finding]
Check: TypeAlias = "Callable[[Subject], Findings]"


def ok(found: str) -> Finding:
    """All is well."""
    return Finding("ok", found)


def warning(found: str, remedy: str = "", command: str = "") -> Finding:
    """A run can work; something about it should be known."""
    return Finding("warning", found, remedy, command)


def failed(found: str, remedy: str = "", command: str = "") -> Finding:
    """A run cannot work."""
    return Finding("FAILED", found, remedy, command)


def not_known(found: str, remedy: str = "", command: str = "") -> Finding:
    """It could not be told."""
    return Finding("not known", found, remedy, command)


def policy_to_add(*statements: Mapping[str, Any]) -> str:
    """A policy document of these statements, as it can be pasted."""
    return json.dumps({"Version": POLICY_VERSION, "Statement": list(statements)})


def allowing(*actions: str, resource: str = "*") -> str:
    """A policy document that allows the actions."""
    return policy_to_add({"Effect": "Allow", "Action": list(actions), "Resource": resource})
