from __future__ import annotations

import dataclasses

import pytest

from sm_raw.validation.findings import Finding, in_document_order, join_path, path_of, severity_of


def test_finding_reads_as_one_line() -> None:
    finding = Finding("E210", "error", "CreateTrainingJob", "StoppingCondition.MaxWaitTimeInSeconds", "1800 is less")
    assert str(finding) == "E210 CreateTrainingJob StoppingCondition.MaxWaitTimeInSeconds: 1800 is less"


def test_finding_about_the_whole_document_has_no_place() -> None:
    assert str(Finding("E002", "error", "CreateModel", "", "give an object")) == "E002 CreateModel: give an object"


def test_finding_cannot_be_changed() -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        Finding("E001", "error", "CreateModel", "", "x").path = "y"  # type: ignore[misc]


@pytest.mark.parametrize(
    ("steps", "path"),
    [
        ([], ""),
        (["ResourceConfig", "InstanceType"], "ResourceConfig.InstanceType"),
        (["InputDataConfig", 0, "ChannelName"], "InputDataConfig[0].ChannelName"),
        (["HyperParameters", "batch-size"], "HyperParameters.batch-size"),
        (["HyperParameters", "a.b c"], 'HyperParameters["a.b c"]'),
    ],
)
def test_path_is_spelt_as_the_document_is_read(steps: list[str | int], path: str) -> None:
    assert path_of(steps) == path


def test_path_of_a_key_that_is_no_text_does_not_fail() -> None:
    assert join_path("Environment", None) == "Environment.None"  # type: ignore[arg-type]


@pytest.mark.parametrize(("finding_id", "severity"), [("E001", "error"), ("W003", "warning")])
def test_letter_is_the_severity(finding_id: str, severity: str) -> None:
    assert severity_of(finding_id) == severity


def test_findings_come_in_the_order_of_the_document_and_missing_fields_after_their_siblings() -> None:
    request = {"Name": "x", "Config": {"Type": 1, "Limits": {"Max": 2}}, "List": [{"Key": 1}, {"Key": 2}], "Last": 0}
    expected = ["", "Name", "Config.Type", "Config.Limits.Min", "Config.Gone.Deep", "List[1].Key", "Last", "Absent"]
    findings = [Finding("E001", "error", "Op", path, "") for path in reversed(expected)]
    assert [finding.path for finding in in_document_order(request, findings)] == expected
