"""plan and ls, against a real engine: what is there is seen, and what is not known is told in words."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from sm_raw import cli

pytestmark = pytest.mark.local

# Invented round numbers.
PRICES = {
    "region": "us-east-1",
    "currency": "USD",
    "date": "2026-01-01",
    "source": "invented for this test",
    "prices": {"Train:ml.m5.xlarge": 2.0},
}


@pytest.fixture
def prices(tmp_path: Path) -> str:
    path = tmp_path / "prices.json"
    path.write_text(json.dumps(PRICES))
    return str(path)


def asked(lab: Any, capsys: pytest.CaptureFixture[str], *arguments: str) -> Any:
    assert cli.main([*arguments, "--endpoint-url", lab.url, "--format", "json"]) == 0
    return json.loads(capsys.readouterr().out)


def test_what_runs_is_listed_with_its_cost_until_it_ends(
    lab: Any, prices: str, capsys: pytest.CaptureFixture[str]
) -> None:
    name = lab.start(resources=lab.common()["resources"] | {"InstanceType": "ml.m5.xlarge", "InstanceCount": 1})
    (job,) = [each for each in asked(lab, capsys, "ls", "--prices", prices) if each["name"] == name]
    assert (job["what"], job["status"], job["cost_an_hour"]) == ("training job", "InProgress", 2.0)
    assert job["uses"] == [{"usage_type": "Train:ml.m5.xlarge", "an_hour": 1, "shown": "1 x ml.m5.xlarge"}]
    lab.sm.stop_training_job(TrainingJobName=name)
    lab.ended("CreateTrainingJob", name)
    assert name not in [each["name"] for each in asked(lab, capsys, "ls")]


def test_a_plan_sees_what_is_there(lab: Any, prices: str, capsys: pytest.CaptureFixture[str]) -> None:
    plan = "plan", "--recipe", "dog_breeds", "--prices", prices
    before = asked(lab, capsys, *plan)
    assert before["asked"]
    assert {step["does"] for step in before["steps"]} == {"create"}
    name = before["steps"][1]["resource"]
    lab.start(name=name)
    during = asked(lab, capsys, *plan)["steps"][1]
    assert (during["does"], during["resource"]) == ("reuse", name)
    lab.sm.stop_training_job(TrainingJobName=name)
    lab.ended("CreateTrainingJob", name)
    # What was stopped is of no use, and keeps its name.
    after = asked(lab, capsys, *plan)["steps"][1]
    assert (after["does"], after["resource"], after["taken_names"]) == ("create", f"{name}-2", [name])


def test_quotas_that_cannot_be_read_are_told_in_a_line_each(
    lab: Any, prices: str, capsys: pytest.CaptureFixture[str]
) -> None:
    facts = asked(lab, capsys, "plan", "--recipe", "dog_breeds", "--prices", prices)
    assert {need["verdict"] for need in facts["needs"]} == {"not known"}
    assert facts["notes"]
    assert all("Quotas of sagemaker: " in note and "\n" not in note for note in facts["notes"])
