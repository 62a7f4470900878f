from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest
from botocore.stub import Stubber

from sm_raw.aws.clients import Clients
from sm_raw.aws.results.trials import Trial, trials

Stub = Callable[[str], Stubber]
NOW = datetime(2026, 1, 1, tzinfo=timezone.utc)


def described(objective: dict[str, Any] | None, definitions: list[dict[str, Any]] | None = None) -> dict[str, Any]:
    config: dict[str, Any] = {"Strategy": "Random", "ResourceLimits": {"MaxParallelTrainingJobs": 2}}
    if objective:
        config["HyperParameterTuningJobObjective"] = objective
    return {
        "HyperParameterTuningJobName": "search",
        "HyperParameterTuningJobArn": "arn:aws:sagemaker:us-east-1:123456789012:hyper-parameter-tuning-job/search",
        "HyperParameterTuningJobConfig": config,
        "HyperParameterTuningJobStatus": "Completed",
        "TrainingJobStatusCounters": {},
        "ObjectiveStatusCounters": {},
        "CreationTime": NOW,
        **({"TrainingJobDefinitions": definitions} if definitions else {}),
    }


def summary(name: str, value: float | None, status: str = "Completed", **tuned: str) -> dict[str, Any]:
    metric = {"MetricName": "valid:loss", "Value": value}
    ran = {"TrainingStartTime": NOW, "TrainingEndTime": NOW + timedelta(seconds=90)}
    return {
        "TrainingJobName": name,
        "TrainingJobArn": f"arn:aws:sagemaker:us-east-1:123456789012:training-job/{name}",
        "CreationTime": NOW,
        "TrainingJobStatus": status,
        "TunedHyperParameters": tuned,
        **({"FinalHyperParameterTuningJobObjectiveMetric": metric, **ran} if value is not None else {}),
    }


def script(stub: Stub, job: dict[str, Any], *pages: list[dict[str, Any]]) -> None:
    named = {"HyperParameterTuningJobName": "search"}
    stub("sagemaker").add_response("describe_hyper_parameter_tuning_job", job, named)
    for number, page in enumerate(pages):
        asked = {**named, "MaxResults": 100, **({"NextToken": str(number)} if number else {})}
        answer: dict[str, Any] = {"TrainingJobSummaries": page}
        if number + 1 < len(pages):
            answer["NextToken"] = str(number + 1)
        stub("sagemaker").add_response("list_training_jobs_for_hyper_parameter_tuning_job", answer, asked)


def test_trials_of_all_pages_come_best_first_with_typed_hyperparameters(clients: Clients, stub: Stub) -> None:
    script(
        stub,
        described({"Type": "Minimize", "MetricName": "valid:loss"}),
        [summary("s-3", 0.5, **{"batch-size": '"64"', "lr": "0.01"}), summary("s-2", None, "InProgress")],
        [summary("s-1", 0.25, **{"batch-size": "32", "optimizer": "adam"})],
    )
    assert trials(clients.sagemaker, "search") == [
        Trial("s-1", "Completed", 0.25, {"batch-size": 32, "optimizer": "adam"}, 90.0),
        Trial("s-3", "Completed", 0.5, {"batch-size": 64, "lr": 0.01}, 90.0),
        Trial("s-2", "InProgress", None, {}, None),
    ]


@pytest.mark.parametrize(
    ("job", "names"),
    [
        (described({"Type": "Minimize", "MetricName": "valid:loss"}), ["low", "high", "none"]),
        (described({"Type": "Maximize", "MetricName": "valid:accuracy"}), ["high", "low", "none"]),
        (
            described(
                None,
                [
                    {
                        "DefinitionName": "one",
                        "TuningObjective": {"Type": "Maximize", "MetricName": "valid:accuracy"},
                        "AlgorithmSpecification": {"TrainingInputMode": "File"},
                        "RoleArn": "arn:aws:iam::123456789012:role/sagemaker",
                        "OutputDataConfig": {"S3OutputPath": "s3://bucket/"},
                        "StoppingCondition": {},
                    }
                ],
            ),
            ["high", "low", "none"],
        ),
    ],
    ids=["minimize", "maximize", "objectives in the definitions"],
)
def test_the_order_follows_the_type_of_the_objective(
    clients: Clients, stub: Stub, job: dict[str, Any], names: list[str]
) -> None:
    script(stub, job, [summary("none", None, "Failed"), summary("low", -1.5), summary("high", 2.0)])
    assert [trial.name for trial in trials(clients.sagemaker, "search")] == names
