"""What a rule is."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, ClassVar

from sm_raw.validation.findings import Finding, Request, severity_of


class Rule:
    """A check of one request. The docstring of each rule says what it asks for.

    ``id``: E stops the request, W is told and passes; its hundreds are the subject. ``operations``: where it
    applies. ``source``: the page or thread that says so. A rule never raises, whatever the document holds: it reads
    through ``sm_raw.validation.reading``, and wrong types are findings of the schema.
    """

    id: ClassVar[str] = ""
    operations: ClassVar[tuple[str, ...]] = ()
    source: ClassVar[str] = ""

    def __init__(self, operation: str, region: str | None = None) -> None:
        """``region`` is the client's, where the caller knows it: a rule about regions compares with it."""
        self.operation, self.region = operation, region

    def check(self, request: Request) -> Iterator[Finding]:
        raise NotImplementedError

    def finding(self, path: str, message: str) -> Finding:
        return Finding(self.id, severity_of(self.id), self.operation, path, message)


class TogetherRule(Rule):
    """A check across several requests that are sent in one story; it has nothing to say about one alone."""

    def check(self, request: Request) -> Iterator[Finding]:
        return iter(())

    def check_together(self, requests: Sequence[tuple[str, Any]]) -> Iterator[tuple[int, Finding]]:
        """(index of the request, finding); the rule's own operation is that of the request at hand."""
        raise NotImplementedError
