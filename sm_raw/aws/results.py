"""What jobs found out: trials of a tuning job, metrics in log lines, statuses of rules."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sm_raw.aws.calls import ride_out
from sm_raw.aws.logs.reading import LogEvent
from sm_raw.errors import SmRawError
from sm_raw.specs.hyperparameters import decode_hyperparameter

if TYPE_CHECKING:
    from types_boto3_sagemaker import SageMakerClient
    from types_boto3_sagemaker.type_defs import HyperParameterTrainingJobSummaryTypeDef


@dataclass(frozen=True)
class Trial:
    """One training job of a tuning job.

    ``objective`` is None as long as the job has reported no value. ``hyperparameters`` are the tuned ones,
    as Python values. ``seconds`` run from the start of training to its end; None before that.
    """

    name: str
    status: str
    objective: float | None
    hyperparameters: Mapping[str, object]
    seconds: float | None


@dataclass(frozen=True)
class RuleStatus:
    """The verdict on a Debugger or profiler rule ("NoIssuesFound", "IssuesFound" ...) and its details."""

    name: str
    status: str
    details: str


def trials(client: SageMakerClient, tuning_job_name: str) -> list[Trial]:
    """All training jobs of a tuning job, best objective first; those without one come last, by name."""
    job = ride_out(lambda: client.describe_hyper_parameter_tuning_job(HyperParameterTuningJobName=tuning_job_name))
    sign = -1.0 if _objective_type(job) == "Maximize" else 1.0
    found = [_trial(summary) for summary in _summaries(client, tuning_job_name)]

    def rank(trial: Trial) -> tuple[bool, float, str]:
        return trial.objective is None, sign * (trial.objective or 0.0), trial.name

    return sorted(found, key=rank)


def best_trial(ranked: Sequence[Trial]) -> Trial:
    """The best of what ``trials`` returned that completed, and so has a model.

    Raises SmRawError if there is none, with what became of the trials.
    """
    for trial in ranked:
        if trial.status == "Completed" and trial.objective is not None:
            return trial
    became = ", ".join(f"{trial.name}: {trial.status}" for trial in ranked) or "there are no trials"
    raise SmRawError(
        "no trial completed with a value of the objective metric "
        f"({became}); see whether the metric's regex matches the log lines of the training script"
    )


def metric_series(
    lines: Iterable[str | LogEvent], metric_definitions: Iterable[Mapping[str, str]]
) -> dict[str, list[float]]:
    """Metric name -> its values in the order of the log, by the request's own MetricDefinitions.

    Each match of a regex gives the value of its first group. A name that never matched has an empty list.
    What is no finite number is left out, as CloudWatch takes neither NaN nor infinity
    (https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_MetricDatum.html).
    """
    patterns = [(definition["Name"], re.compile(definition["Regex"])) for definition in metric_definitions]
    series: dict[str, list[float]] = {name: [] for name, _ in patterns}
    for line in lines:
        text = line.message if isinstance(line, LogEvent) else line
        for name, pattern in patterns:
            values = (_finite(match.group(1)) for match in pattern.finditer(text))
            series[name] += [value for value in values if value is not None]
    return series


def rule_statuses(training_job: Mapping[str, Any]) -> list[RuleStatus]:
    """The Debugger and profiler rules in a DescribeTrainingJob response, in the order of the request."""
    return [
        RuleStatus(
            name=rule["RuleConfigurationName"],
            status=rule.get("RuleEvaluationStatus", "InProgress"),
            details=rule.get("StatusDetails", ""),
        )
        for member in ("DebugRuleEvaluationStatuses", "ProfilerRuleEvaluationStatuses")
        for rule in training_job.get(member, ())
    ]


def _objective_type(job: Mapping[str, Any]) -> str:
    """Maximize or Minimize. With several training definitions each has an objective, all of one type."""
    objective = job["HyperParameterTuningJobConfig"].get("HyperParameterTuningJobObjective")
    definitions = job.get("TrainingJobDefinitions", ())
    objectives = [objective, *(definition.get("TuningObjective") for definition in definitions)]
    return next((str(found["Type"]) for found in objectives if found), "Minimize")


def _summaries(client: SageMakerClient, tuning_job_name: str) -> Iterator[HyperParameterTrainingJobSummaryTypeDef]:
    request: dict[str, Any] = {"HyperParameterTuningJobName": tuning_job_name, "MaxResults": 100}
    while True:
        page = ride_out(lambda: client.list_training_jobs_for_hyper_parameter_tuning_job(**request))
        yield from page["TrainingJobSummaries"]
        if not page.get("NextToken"):
            return
        request["NextToken"] = page["NextToken"]


def _trial(summary: HyperParameterTrainingJobSummaryTypeDef) -> Trial:
    metric = summary.get("FinalHyperParameterTuningJobObjectiveMetric")
    started, ended = summary.get("TrainingStartTime"), summary.get("TrainingEndTime")
    tuned = summary.get("TunedHyperParameters", {})
    return Trial(
        name=summary["TrainingJobName"],
        status=summary["TrainingJobStatus"],
        objective=_finite(metric["Value"]) if metric else None,
        hyperparameters={name: decode_hyperparameter(text) for name, text in tuned.items()},
        seconds=(ended - started).total_seconds() if started and ended else None,
    )


def _finite(text: str | float) -> float | None:
    try:
        value = float(text)
    except ValueError:
        return None
    return value if math.isfinite(value) else None
