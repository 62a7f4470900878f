"""Checking requests: the schema of the operation, then the rules; findings in the order of the document."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sm_raw.validation.findings import Finding, Request, Severity, in_document_order, severity_of
from sm_raw.validation.memory import one_check
from sm_raw.validation.operations import operation_name
from sm_raw.validation.rules import all_rules, rules_of
from sm_raw.validation.rules.base import Rule, TogetherRule
from sm_raw.validation.schema_findings import SUMMARIES, TOO_DEEP, schema_findings

if TYPE_CHECKING:
    from sm_raw.validation.code.base import CodeRule


@dataclass(frozen=True)
class RuleSummary:
    """One line of the table of rules; ``operations`` is empty for what holds for all."""

    id: str
    severity: Severity
    operations: tuple[str, ...]
    summary: str
    source: str


def check(operation: str, request: Request, *, region: str | None = None) -> list[Finding]:
    """All findings about one request, offline. Placeholders of a recipe (``${name}``) are taken as right.

    ``region`` is the one that the request is meant for: images, keys and buckets of another are then found.

    Raises:
        UnknownOperation: no service of this package has the operation.
    """
    return in_document_order(request, _alone(operation, request, region))


def check_together(requests: Sequence[tuple[str, Request]], *, region: str | None = None) -> list[list[Finding]]:
    """The findings about each (operation, request), with those that only show when all are seen together."""
    found = [_alone(operation, request, region) for operation, request in requests]
    for rule in all_rules():
        if issubclass(rule, TogetherRule):
            for index, finding in rule("", region).check_together(requests):
                found[index].append(finding)
    return [in_document_order(request, each) for (_, request), each in zip(requests, found, strict=True)]


def rule_table() -> list[RuleSummary]:
    """Everything that is checked, ordered by subject and number."""
    from sm_raw.validation.code import CODE_RULES

    classes: list[type[Rule] | type[CodeRule]] = [*all_rules(), *CODE_RULES]
    source = "https://github.com/boto/botocore (the service model that is installed)"
    table = [RuleSummary(each, severity_of(each), (), summary, source) for each, summary in SUMMARIES.items()]
    table += [
        RuleSummary(rule.id, severity_of(rule.id), rule.operations, str(rule.__doc__), rule.source) for rule in classes
    ]
    return sorted(table, key=lambda row: (row.id[1:], row.id))


def _alone(operation: str, request: Request, region: str | None) -> list[Finding]:
    found = list(schema_findings(operation, request))
    if isinstance(request, Mapping) and TOO_DEEP not in [finding.id for finding in found]:
        with one_check():
            for rule in rules_of(operation_name(operation)):
                found += rule(operation, region).check(request)
    return found
