from __future__ import annotations

import json
from typing import Any

import pytest

from sm_raw.cli.finding_formats import FORMATS
from sm_raw.validation.documents import Document
from sm_raw.validation.findings import Finding

TEXT = '{\n  "EndpointName": "a, b%",\n  "Tags": [\n    {"Key": "k"}\n  ]\n}'
DOCUMENT = Document("specs/create endpoint.json", "CreateEndpoint", json.loads(TEXT), TEXT)
NAME = Finding("E004", "error", "CreateEndpoint", "EndpointName", "'a, b%' does not\nmatch")
TAG = Finding("W999", "warning", "CreateEndpoint", "Tags[0].Value", "missing")
WHOLE = Finding("E001", "error", "CreateEndpoint", "", "empty")


@pytest.mark.parametrize(
    ("form", "text"),
    [
        (
            "text",
            "specs/create endpoint.json\n"
            "  E004 CreateEndpoint EndpointName: 'a, b%' does not\nmatch\n"
            "  W999 CreateEndpoint Tags[0].Value: missing\n"
            "  E001 CreateEndpoint: empty",
        ),
        (
            "github",
            "::error file=specs/create endpoint.json,line=2,title=E004 CreateEndpoint::"
            "EndpointName: 'a, b%25' does not%0Amatch\n"
            "::warning file=specs/create endpoint.json,line=4,title=W999 CreateEndpoint::Tags[0].Value: missing\n"
            "::error file=specs/create endpoint.json,line=1,title=E001 CreateEndpoint::empty",
        ),
    ],
)
def test_findings_as_lines(form: str, text: str) -> None:
    assert FORMATS[form]([(DOCUMENT, [NAME, TAG, WHOLE])]) == text


def test_a_file_whose_name_would_end_an_annotation_is_escaped() -> None:
    document = Document("a,b:c\n.json", "CreateEndpoint", {}, "{}")
    assert FORMATS["github"]([(document, [WHOLE])]).startswith("::error file=a%2Cb%3Ac%0A.json,line=1,")


@pytest.mark.parametrize(("form", "text"), [("text", ""), ("github", ""), ("json", "[]")])
def test_nothing_found(form: str, text: str) -> None:
    assert FORMATS[form]([(DOCUMENT, [])]) == text


def test_sarif_places_each_result_and_describes_each_rule_that_was_broken() -> None:
    finding = Finding("E004", "error", "CreateEndpoint", "EndpointName", "no name")
    run: dict[str, Any] = json.loads(FORMATS["sarif"]([(DOCUMENT, [finding])]))["runs"][0]
    assert run["results"] == [
        {
            "ruleId": "E004",
            "level": "error",
            "message": {"text": "E004 CreateEndpoint EndpointName: no name"},
            "locations": [
                {
                    "physicalLocation": {
                        "artifactLocation": {"uri": "specs/create%20endpoint.json"},
                        "region": {"startLine": 2},
                    },
                    "logicalLocations": [{"fullyQualifiedName": "EndpointName"}],
                }
            ],
        }
    ]
    assert [rule["id"] for rule in run["tool"]["driver"]["rules"]] == ["E004"]
    assert run["tool"]["driver"]["rules"][0]["helpUri"].startswith("https://")


def test_sarif_without_findings_is_a_run_all_the_same() -> None:
    content = json.loads(FORMATS["sarif"]([(DOCUMENT, [])]))
    assert (content["version"], content["runs"][0]["results"]) == ("2.1.0", [])
