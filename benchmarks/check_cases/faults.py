"""A fault: edits that turn a good request into a bad one, and where it has to be found."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from check_cases.edits import edited, related
from check_cases.good import Documents


@dataclass(frozen=True)
class Fault:
    """``path`` is the place that a finding has to name; None where any new finding tells it.

    A fault that the model knows is one of a single value; the others show only across fields.
    """

    kind: str
    what: str
    request: str
    document: int
    edits: Mapping[str, Any]
    path: str | None = None

    @property
    def field(self) -> str:
        """The first field of the request that the fault touches."""
        return next(iter(self.edits)).partition(".")[0].partition("[")[0]


@dataclass(frozen=True)
class BadRequest:
    """A good request with one fault or two."""

    faults: tuple[Fault, ...]

    @property
    def kind(self) -> str:
        return self.faults[0].kind if len(self.faults) == 1 else "two faults at once"

    @property
    def request(self) -> str:
        return self.faults[0].request

    def documents(self, good: Documents) -> Documents:
        """The good documents with the faults put in."""
        bad = list(good)
        for fault in self.faults:
            operation, request = bad[fault.document]
            bad[fault.document] = operation, edited(request, fault.edits)
        return bad


def apart(one: Fault, other: Fault) -> bool:
    """Whether two faults of a request lie in places that have nothing to do with each other."""
    same_document = one.request == other.request and one.document == other.document
    return same_document and not any(related(left, right) for left in one.edits for right in other.edits)
