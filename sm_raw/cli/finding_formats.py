"""Findings as text: for people, for programs, for GitHub's annotations and as SARIF for code scanning."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any, TypeAlias
from urllib.parse import quote

if TYPE_CHECKING:
    from sm_raw.validation import Document, Finding

Checked: TypeAlias = "Sequence[tuple[Document, Sequence[Finding]]]"

SARIF_SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
# https://docs.github.com/en/actions/reference/workflow-commands-for-github-actions
ESCAPES = str.maketrans({"%": "%25", "\r": "%0D", "\n": "%0A"})
PROPERTY_ESCAPES = {**ESCAPES, **str.maketrans({":": "%3A", ",": "%2C"})}


def as_text(checked: Checked) -> str:
    """The findings of each document below the name of its file."""
    lines = []
    for document, findings in checked:
        if findings:
            lines += [document.file, *(f"  {finding}" for finding in findings)]
    return "\n".join(lines)


def as_json(checked: Checked) -> str:
    """A list of objects with id, severity, operation, path, message and file."""
    rows = [{**asdict(finding), "file": document.file} for document, findings in checked for finding in findings]
    return json.dumps(rows, indent=2)


def as_github(checked: Checked) -> str:
    """Workflow commands, which GitHub shows as annotations on the lines of a pull request."""
    return "\n".join(_annotation(document, finding) for document, findings in checked for finding in findings)


def _annotation(document: Document, finding: Finding) -> str:
    properties = {
        "file": document.file,
        "line": str(document.line(finding.path)),
        "title": f"{finding.id} {finding.operation}",
    }
    spelt = ",".join(f"{name}={value.translate(PROPERTY_ESCAPES)}" for name, value in properties.items())
    place = f"{finding.path}: " if finding.path else ""
    return f"::{finding.severity} {spelt}::{(place + finding.message).translate(ESCAPES)}"


def as_sarif(checked: Checked) -> str:
    """One run of SARIF 2.1.0, with the rules that found something."""
    from sm_raw.validation import rule_table

    findings = [(document, finding) for document, found in checked for finding in found]
    used = {finding.id for _, finding in findings}
    rules = [
        {
            "id": rule.id,
            "shortDescription": {"text": rule.summary},
            "helpUri": rule.source.split(" ")[0],
            "defaultConfiguration": {"level": rule.severity},
        }
        for rule in rule_table()
        if rule.id in used
    ]
    run = {
        "tool": {"driver": {"name": "sm_raw", "rules": rules}},
        "results": [_result(document, finding) for document, finding in findings],
    }
    return json.dumps({"$schema": SARIF_SCHEMA, "version": "2.1.0", "runs": [run]}, indent=2)


def _result(document: Document, finding: Finding) -> dict[str, Any]:
    return {
        "ruleId": finding.id,
        "level": finding.severity,
        "message": {"text": str(finding)},
        "locations": [
            {
                "physicalLocation": {
                    "artifactLocation": {"uri": quote(document.file)},
                    "region": {"startLine": document.line(finding.path)},
                },
                "logicalLocations": [{"fullyQualifiedName": finding.path}],
            }
        ],
    }


FORMATS: Mapping[str, Callable[[Checked], str]] = {
    "text": as_text,
    "json": as_json,
    "github": as_github,
    "sarif": as_sarif,
}
