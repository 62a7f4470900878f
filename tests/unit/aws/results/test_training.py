from __future__ import annotations

from typing import Any

import pytest

from sm_raw.aws.results.rules import RuleStatus
from sm_raw.aws.results.training import TrainingResult, result_of

MODEL = "s3://lab-bucket/out/digits/output/model.tar.gz"
JOB: dict[str, Any] = {
    "TrainingJobName": "digits",
    "TrainingJobStatus": "Completed",
    "TrainingTimeInSeconds": 90,
    "BillableTimeInSeconds": 30,
    "HyperParameters": {
        "batch-size": '"64"',
        "lr": "0.01",
        "sagemaker_program": "train.py",
        "_tuning_objective_metric": "loss",
    },
    "FinalMetricDataList": [{"MetricName": "loss", "Value": 0.25}],
    "ModelArtifacts": {"S3ModelArtifacts": MODEL},
    "DebugRuleEvaluationStatuses": [
        {"RuleConfigurationName": "Overfit", "RuleEvaluationStatus": "IssuesFound", "StatusDetails": "at step 40"}
    ],
}


def test_a_job_is_told_with_its_own_hyperparameters_typed() -> None:
    assert result_of(JOB, {"loss": []}) == TrainingResult(
        "digits",
        "Completed",
        seconds=90,
        billable_seconds=30,
        hyperparameters={"batch-size": 64, "lr": 0.01},
        metrics={"loss": []},
        final_metrics={"loss": 0.25},
        rules=(RuleStatus("Overfit", "IssuesFound", "at step 40"),),
        model_uri=MODEL,
    )


@pytest.mark.parametrize(("status", "uri"), [("Failed", ""), ("InProgress", ""), ("Stopped", MODEL)])
def test_only_who_ended_in_order_has_a_model(status: str, uri: str) -> None:
    assert result_of(JOB | {"TrainingJobStatus": status}, {}).model_uri == uri


def test_a_job_that_has_just_begun_has_little_to_tell() -> None:
    begun = {"TrainingJobName": "digits", "TrainingJobStatus": "InProgress"}
    assert result_of(begun, {}) == TrainingResult("digits", "InProgress")
