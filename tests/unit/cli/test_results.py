from __future__ import annotations

import csv
import io
import json
from datetime import datetime, timedelta, timezone

from sm_raw.aws.results.metrics import MetricValue
from sm_raw.aws.results.rules import RuleStatus
from sm_raw.aws.results.training import TrainingResult
from sm_raw.cli.results import FORMATS

NOW = datetime(2026, 11, 21, 4, tzinfo=timezone.utc)
RESULT = TrainingResult(
    "digits",
    "Completed",
    seconds=90,
    billable_seconds=30,
    hyperparameters={"batch-size": 64},
    metrics={"loss": [MetricValue(NOW + timedelta(seconds=step), 1 / (step + 1)) for step in range(3)], "f1": []},
    final_metrics={"loss": 0.25},
    rules=(
        RuleStatus("Overfit", "IssuesFound", "RuleEvaluationConditionMet at step 40"),
        RuleStatus("ProfilerReport", "NoIssuesFound", ""),
    ),
    model_uri="s3://lab-bucket/out/digits/output/model.tar.gz",
)


def test_a_training_job_is_told_in_three_tables() -> None:
    assert (
        FORMATS["text"](RESULT)
        == """\
  training job      digits
  status            Completed
  seconds           90
  billable seconds  30
  batch-size        64
  model             s3://lab-bucket/out/digits/output/model.tar.gz

  metric  values  first  lowest    highest  last
  loss    3       1      0.333333  1        0.25
  f1      0       -      -         -        -

  rule            status         details
  Overfit         IssuesFound    RuleEvaluationConditionMet at step 40
  ProfilerReport  NoIssuesFound
"""
    )


def test_of_a_failed_job_it_is_told_who_knows_why() -> None:
    told = FORMATS["text"](TrainingResult("digits", "Failed", reason="AlgorithmError: , exit code: 1"))
    assert told.splitlines()[1:] == [
        "  status            Failed",
        "  seconds           -",
        "  billable seconds  -",
        "  model             none",
        "",
        "  why: python -m sm_raw explain digits",
    ]


def test_every_value_has_its_time_as_data() -> None:
    found = json.loads(FORMATS["json"](RESULT))
    assert found["metrics"]["loss"][2] == {"time": "2026-11-21T04:00:02.000+00:00", "value": 1 / 3}
    assert found["rules"][0] == {
        "name": "Overfit",
        "status": "IssuesFound",
        "details": "RuleEvaluationConditionMet at step 40",
    }


def test_values_are_rows_and_without_any_there_is_the_head() -> None:
    rows = list(csv.DictReader(io.StringIO(FORMATS["csv"](RESULT))))
    assert [(row["metric"], float(row["value"])) for row in rows] == [("loss", 1.0), ("loss", 0.5), ("loss", 1 / 3)]
    assert datetime.fromisoformat(rows[1]["time"]) == NOW + timedelta(seconds=1)
    assert FORMATS["csv"](TrainingResult("digits", "InProgress")) == "metric,time,value\n"
