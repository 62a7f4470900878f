"""A finding: one thing that is wrong, or odd, in one request document."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

Request: TypeAlias = Mapping[str, Any]
Severity: TypeAlias = Literal["error", "warning"]

PLAIN_KEY = re.compile(r"[\w-]+")
LAST_STEP = re.compile(r'(\["[^"]*"\]|\[\d+\]|\.?[^.\[\]]+)$')


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


def join_path(parent: str, step: str | int) -> str:
    """The path of a field, list item or map entry of ``parent``."""
    if isinstance(step, int):
        return f"{parent}[{step}]"
    if not PLAIN_KEY.fullmatch(str(step)):
        return f'{parent}["{step}"]'
    return f"{parent}.{step}" if parent else step


def path_of(steps: Iterable[str | int]) -> str:
    """The path that these steps lead to, from the top of the document."""
    path = ""
    for step in steps:
        path = join_path(path, step)
    return path


def in_document_order(request: Request, findings: Iterable[Finding]) -> list[Finding]:
    """Findings in the order in which a reader meets them; what is missing follows its siblings."""
    paths = list(_walk("", request))
    place = {path: number for number, path in enumerate(paths)}

    def key(finding: Finding) -> tuple[float, int, str]:
        if finding.path in place:
            return place[finding.path], 0, finding.id
        parent = finding.path
        while parent and parent not in place:
            parent = LAST_STEP.sub("", parent) if LAST_STEP.search(parent) else ""
        inside = [number for path, number in place.items() if _is_inside(path, parent)]
        return max(inside, default=0) + 0.5, -len(parent), finding.id

    return sorted(findings, key=key)


def _walk(path: str, value: object) -> Iterator[str]:
    yield path
    if isinstance(value, Mapping):
        for name, child in value.items():
            yield from _walk(join_path(path, str(name)), child)
    elif isinstance(value, list | tuple):
        for index, child in enumerate(value):
            yield from _walk(join_path(path, index), child)


def _is_inside(path: str, parent: str) -> bool:
    return not parent or path == parent or path.startswith((f"{parent}.", f"{parent}["))
