"""A finding: one thing that is wrong, or odd, in one request document."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal, TypeAlias

Request: TypeAlias = Mapping[str, Any]
Severity: TypeAlias = Literal["error", "warning"]

PLAIN_KEY = re.compile(r"[\w-]+")
LAST_STEP = re.compile(r'(\["(?:[^"\\]|\\.)*"\]|\[\d+\]|\.?[^.\[\]]+)$')


@dataclass(frozen=True)
class Finding:
    """``path`` is the place in the document, as in ``InputDataConfig[0].ChannelName``; empty for all of it."""

    id: str
    severity: Severity
    operation: str
    path: str
    message: str

    def __str__(self) -> str:
        place = f" {self.path}" if self.path else ""
        return f"{self.id} {self.operation}{place}: {self.message}"


def severity_of(finding_id: str) -> Severity:
    """The letter of an id is its severity: E stops a request from being sent, W is told and passes."""
    return "error" if finding_id.startswith("E") else "warning"


def as_error(finding: Finding) -> Finding:
    """The finding for those who are strict: what is only a warning stops the request as well."""
    return replace(finding, severity="error")


def join_path(parent: str, step: str | int) -> str:
    """The path of a field, list item or map entry of ``parent``."""
    if isinstance(step, int):
        return f"{parent}[{step}]"
    if not PLAIN_KEY.fullmatch(str(step)):
        return f"{parent}[{json.dumps(str(step))}]"
    return f"{parent}.{step}" if parent else str(step)


def path_of(steps: Iterable[str | int]) -> str:
    """The path that these steps lead to, from the top of the document."""
    path = ""
    for step in steps:
        path = join_path(path, step)
    return path


def parent_of(path: str) -> str:
    """The path of the object or list that holds what is at ``path``; empty for the top."""
    return LAST_STEP.sub("", path) if LAST_STEP.search(path) else ""


def in_document_order(request: Request, findings: Iterable[Finding]) -> list[Finding]:
    """Findings in the order in which a reader meets them; what is missing follows its siblings."""
    found = list(findings)
    if len(found) < 2:
        return found
    place = {path: number for number, path in enumerate(_walk(request))}

    def key(finding: Finding) -> tuple[float, int, str]:
        if finding.path in place:
            return place[finding.path], 0, finding.id
        parent = parent_of(finding.path)
        while parent and parent not in place:
            parent = parent_of(parent)
        inside = [number for path, number in place.items() if _is_inside(path, parent)]
        return max(inside, default=0) + 0.5, -len(parent), finding.id

    return sorted(found, key=key)


def _walk(request: object) -> Iterator[str]:
    """Every path of the document, in its order."""
    waiting: list[tuple[str, object]] = [("", request)]
    while waiting:
        path, value = waiting.pop()
        yield path
        waiting += [(join_path(path, step), child) for step, child in reversed(children(value))]


def children(value: object) -> list[tuple[str | int, object]]:
    """(step, child) of an object or list; nothing for other values."""
    if isinstance(value, Mapping):
        return [(str(name), child) for name, child in value.items()]
    return list(enumerate(value)) if isinstance(value, list | tuple) else []


def is_deeper_than(limit: int, value: object) -> bool:
    """Whether objects and lists are nested in more than ``limit`` levels, or hold themselves."""
    level: list[object] = [value]
    for _ in range(limit + 1):
        # Each value once: a document that shares a list among many places is no larger for it.
        level = list({id(child): child for each in level for _, child in children(each)}.values())
        if not level:
            return False
    return True


def _is_inside(path: str, parent: str) -> bool:
    return not parent or path == parent or path.startswith((f"{parent}.", f"{parent}["))
