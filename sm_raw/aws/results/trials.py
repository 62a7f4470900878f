"""The training jobs of a tuning job."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sm_raw.aws.calls import call, pages, ride_out
from sm_raw.aws.results.metrics import finite
from sm_raw.errors import SmRawError
from sm_raw.specs.hyperparameters import decode_hyperparameters

if TYPE_CHECKING:
    from types_boto3_sagemaker import SageMakerClient
    from types_boto3_sagemaker.type_defs import HyperParameterTrainingJobSummaryTypeDef


@dataclass(frozen=True)
class Trial:
    """One training job of a tuning job.

    ``objective`` is None as long as the job has reported no value. ``hyperparameters`` are the tuned ones,
    as Python values. ``seconds`` run from the start of training to its end; None before that. ``definition`` is the
    name of the training definition, where a tuning job has several.
    """

    name: str
    status: str
    objective: float | None
    hyperparameters: Mapping[str, object]
    seconds: float | None
    definition: str = ""


def trials(client: SageMakerClient, tuning_job_name: str) -> list[Trial]:
    """All training jobs of a tuning job, best objective first; those without one come last, by name."""
    job = ride_out(lambda: client.describe_hyper_parameter_tuning_job(HyperParameterTuningJobName=tuning_job_name))
    return ranked([_trial(summary) for summary in _summaries(client, tuning_job_name)], objective_type(job))


def ranked(found: Sequence[Trial], kind: str) -> list[Trial]:
    """Best objective first, by its ``kind``, Maximize or Minimize; those without one come last, by name."""
    sign = -1.0 if kind == "Maximize" else 1.0

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


def trial_records(found: Sequence[Trial]) -> list[dict[str, object]]:
    """Trials as flat rows, all with the same keys: what a CSV file, a spreadsheet or a DataFrame takes.

    A hyperparameter has its own name, unless that is one of the other keys ("status").
    """
    tuned = sorted({name for trial in found for name in trial.hyperparameters})
    several = len({trial.definition for trial in found}) > 1
    return [_record(trial, tuned, several) for trial in found]


def _record(trial: Trial, tuned: Sequence[str], several: bool) -> dict[str, object]:
    head: dict[str, object] = {"training_job": trial.name}
    if several:
        head["definition"] = trial.definition
    head |= {"status": trial.status, "objective": trial.objective}
    taken = {*head, "seconds"}
    values = {f"hyperparameter {name}" if name in taken else name: trial.hyperparameters.get(name) for name in tuned}
    return {**head, **values, "seconds": trial.seconds}


def objective_metric(tuning_job: Mapping[str, Any]) -> str:
    """The name of the metric that a described tuning job optimises; with several definitions, of the first."""
    return next((str(found["MetricName"]) for found in _objectives(tuning_job)), "objective")


def objective_type(tuning_job: Mapping[str, Any]) -> str:
    """Maximize or Minimize. With several training definitions each has an objective, all of one type."""
    return next((str(found["Type"]) for found in _objectives(tuning_job)), "Minimize")


def _objectives(tuning_job: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    if objective := tuning_job["HyperParameterTuningJobConfig"].get("HyperParameterTuningJobObjective"):
        yield objective
    for definition in tuning_job.get("TrainingJobDefinitions", ()):
        if objective := definition.get("TuningObjective"):
            yield objective


def _summaries(client: SageMakerClient, tuning_job_name: str) -> Iterator[HyperParameterTrainingJobSummaryTypeDef]:
    def ask(request: Mapping[str, Any]) -> dict[str, Any]:
        return ride_out(lambda: call(client, "ListTrainingJobsForHyperParameterTuningJob", request))

    for page in pages(ask, {"HyperParameterTuningJobName": tuning_job_name, "MaxResults": 100}):
        yield from page["TrainingJobSummaries"]


def _trial(summary: HyperParameterTrainingJobSummaryTypeDef) -> Trial:
    metric = summary.get("FinalHyperParameterTuningJobObjectiveMetric")
    started, ended = summary.get("TrainingStartTime"), summary.get("TrainingEndTime")
    return Trial(
        name=summary["TrainingJobName"],
        status=summary["TrainingJobStatus"],
        objective=finite(metric["Value"]) if metric else None,
        hyperparameters=decode_hyperparameters(summary.get("TunedHyperParameters", {})),
        seconds=(ended - started).total_seconds() if started and ended else None,
        definition=summary.get("TrainingJobDefinitionName", ""),
    )
