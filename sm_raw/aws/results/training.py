"""All that is known of one training job: how it ended, what it costs, its metrics over time, the verdicts of rules."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from sm_raw.aws.calls import ride_out
from sm_raw.aws.job_kinds import TRAINING
from sm_raw.aws.logs.reading import iter_log_events
from sm_raw.aws.results.metrics import MetricValue, final_metrics, metrics_over_time
from sm_raw.aws.results.rules import RuleStatus, rule_statuses
from sm_raw.specs.hyperparameters import decode_hyperparameters

if TYPE_CHECKING:
    from sm_raw.aws.clients import Clients

TUNING_OBJECTIVE = "_tuning_objective_metric"
"""A hyperparameter that tuning adds to those of its training jobs: the objective's name, for AWS's own algorithms.

https://github.com/aws/sagemaker-xgboost-container/issues/121
"""

TOOLKIT_PREFIX = "sagemaker_"


@dataclass(frozen=True)
class TrainingResult:
    """One training job. ``hyperparameters``: the script's own, as Python values. Both times are in seconds.

    ``metrics`` are all values that the log tells, ``final_metrics`` the last ones, as the service keeps them.
    ``billable_seconds`` are fewer than ``seconds`` on spot capacity, and None before the end. ``model_uri`` is empty
    where there is no model.
    """

    name: str
    status: str
    reason: str = ""
    seconds: int | None = None
    billable_seconds: int | None = None
    hyperparameters: Mapping[str, object] = field(default_factory=dict)
    metrics: Mapping[str, list[MetricValue]] = field(default_factory=dict)
    final_metrics: Mapping[str, float] = field(default_factory=dict)
    rules: tuple[RuleStatus, ...] = ()
    model_uri: str = ""


def training_result(clients: Clients, name: str, *, sleep: Callable[[float], None] = time.sleep) -> TrainingResult:
    """What a training job, ended or not, has come to so far. Reads its whole log, for the metrics."""
    job: Mapping[str, Any] = ride_out(
        lambda: clients.sagemaker.describe_training_job(TrainingJobName=name), sleep=sleep
    )
    events = iter_log_events(
        clients.logs, TRAINING.log_group_of(name), TRAINING.log_stream_prefix_of(name), sleep=sleep
    )
    return result_of(job, metrics_over_time(events, job["AlgorithmSpecification"].get("MetricDefinitions", ())))


def result_of(job: Mapping[str, Any], metrics: Mapping[str, list[MetricValue]]) -> TrainingResult:
    """The result in a DescribeTrainingJob response, with the metrics that its log tells."""
    kept = job["TrainingJobStatus"] in TRAINING.succeeded | TRAINING.stopped
    return TrainingResult(
        name=job["TrainingJobName"],
        status=job["TrainingJobStatus"],
        reason=job.get("FailureReason", ""),
        seconds=job.get("TrainingTimeInSeconds"),
        billable_seconds=job.get("BillableTimeInSeconds"),
        hyperparameters=decode_hyperparameters(own_hyperparameters(job.get("HyperParameters", {}))),
        metrics=metrics,
        final_metrics=final_metrics(job),
        rules=tuple(rule_statuses(job)),
        # A job that failed has the address, too, and nothing there.
        model_uri=str(job.get("ModelArtifacts", {}).get("S3ModelArtifacts", "")) if kept else "",
    )


def own_hyperparameters(texts: Mapping[str, str]) -> dict[str, str]:
    """Those that are the script's, without what the container's toolkit keeps for itself."""
    return {
        name: text for name, text in texts.items() if name != TUNING_OBJECTIVE and not name.startswith(TOOLKIT_PREFIX)
    }
