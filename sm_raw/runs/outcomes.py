"""What a step has brought: fields for run.json, a line for the step, and what is worth showing on the terminal."""

from __future__ import annotations

import contextlib
import functools
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from sm_raw.aws.calls import ride_out
from sm_raw.aws.clients import Clients
from sm_raw.aws.hosting.scaling import describe_scaling
from sm_raw.aws.job_kinds import TRAINING, TUNING, JobKind
from sm_raw.aws.logs.reading import iter_log_events
from sm_raw.aws.results.metrics import metrics_over_time
from sm_raw.aws.results.rules import rule_statuses
from sm_raw.aws.results.training import result_of
from sm_raw.aws.results.trials import Trial, trial_records, trials
from sm_raw.aws.transfers.download import download
from sm_raw.runs.step_details import detail_of
from sm_raw.runs.story import Story

RULES_POLL_SECONDS = 0.5
OF_EVERY_TRIAL = frozenset({"training_job", "status", "objective", "seconds"})
RULES_ENDED = {"NoIssuesFound", "IssuesFound", "Error", "Stopped"}


@dataclass(frozen=True)
class Facts:
    """``fields`` go into run.json; ``detail`` is the step's one line; ``table`` is for the terminal."""

    detail: str = ""
    fields: Mapping[str, Any] = field(default_factory=dict)
    table: Sequence[Sequence[str]] = ()


Reader = Callable[[Clients, str, Mapping[str, Any], Mapping[str, Any], Path], Facts]


def read(
    operation: str,
    clients: Clients,
    name: str,
    request: Mapping[str, Any],
    response: Mapping[str, Any],
    out: Path,
) -> Facts:
    """The facts of a step that has succeeded. ``response`` is the service's description of what it made."""
    reader = READERS.get(operation)
    if reader is None:
        return Facts(detail_of(operation, request, response))
    return reader(clients, name, request, response, out)


def progress(kind: JobKind, response: Mapping[str, Any]) -> str:
    """Where a job stands, in a few words."""
    if kind is TUNING:
        counts = response["TrainingJobStatusCounters"]
        total = response["HyperParameterTuningJobConfig"]["ResourceLimits"].get("MaxNumberOfTrainingJobs", "all")
        ended = counts["Completed"] + counts["Stopped"] + counts["NonRetryableError"]
        failed = f", {counts['NonRetryableError']} failed" if counts["NonRetryableError"] else ""
        return f"{ended} of {total} trials ended, {counts['InProgress']} running{failed}"
    return str(response.get("SecondaryStatus", response[kind.status]))


@contextlib.contextmanager
def following_log(kind: JobKind, name: str, clients: Clients, story: Story | None) -> Iterator[None]:
    """While the block runs, show the log of a training job as it is written."""
    if kind is not TRAINING or story is None:
        yield
        return
    ended = threading.Event()

    def follow() -> None:
        events = iter_log_events(
            clients.logs,
            kind.log_group_of(name),
            kind.log_stream_prefix_of(name),
            follow_until=ended.is_set,
            poll_seconds=0.5,
            sleep=lambda seconds: _nap(ended, seconds),
        )
        for event in events:
            story.log(event.message)

    follower = threading.Thread(target=follow, name=f"log of {name}", daemon=True)
    follower.start()
    try:
        yield
    finally:
        ended.set()
        follower.join()


def _nap(ended: threading.Event, seconds: float) -> None:
    """Sleep, but no longer than the job runs."""
    ended.wait(seconds)


def settled(
    kind: JobKind, response: dict[str, Any], clients: Clients, story: Story, timeout_seconds: float
) -> dict[str, Any]:
    """A training job's description once its Debugger rules have ended too: they outlast the training."""
    if kind is not TRAINING:
        return response
    deadline = time.monotonic() + timeout_seconds
    while any(rule.status not in RULES_ENDED for rule in rule_statuses(response)) and time.monotonic() < deadline:
        story.progress("waiting for the Debugger rules")
        time.sleep(RULES_POLL_SECONDS)
        described = ride_out(
            functools.partial(clients.sagemaker.describe_training_job, TrainingJobName=response["TrainingJobName"])
        )
        response = dict(described)
    return response


def _tuning(clients: Clients, name: str, request: Mapping[str, Any], response: Mapping[str, Any], out: Path) -> Facts:
    found = trials(clients.sagemaker, name)
    objective = response["HyperParameterTuningJobConfig"]["HyperParameterTuningJobObjective"]
    best = response["BestTrainingJob"]["TrainingJobName"]
    return Facts(
        f"{len(found)} trials, best {objective['MetricName']} {_number(found[0].objective)}",
        {
            "objective": {"metric": objective["MetricName"], "type": objective["Type"]},
            "best_training_job": best,
            "trials": [
                {
                    "name": trial.name,
                    "status": trial.status,
                    "objective": trial.objective,
                    "hyperparameters": trial.hyperparameters,
                    "seconds": trial.seconds,
                }
                for trial in found
            ],
        },
        table=trial_rows(found, objective["MetricName"], best),
    )


def trial_rows(found: Sequence[Trial], metric: str, best: str) -> list[list[str]]:
    """Trials as a table with a head; a star marks the ``best``."""
    records = trial_records(found)
    tuned = [key for key in (records[0] if records else {}) if key not in OF_EVERY_TRIAL]
    rows = [
        [
            f"{record['training_job']}{' *' if record['training_job'] == best else ''}",
            str(record["status"]),
            *(_number(record[key]) for key in ("objective", *tuned, "seconds")),
        ]
        for record in records
    ]
    return [["trial", "status", metric, *tuned, "seconds"], *rows]


def _training(clients: Clients, name: str, request: Mapping[str, Any], response: Mapping[str, Any], out: Path) -> Facts:
    events = iter_log_events(clients.logs, TRAINING.log_group_of(name), TRAINING.log_stream_prefix_of(name))
    definitions = request["AlgorithmSpecification"].get("MetricDefinitions", [])
    result = result_of(response, metrics_over_time(events, definitions))
    # The model is what the run was for: it is kept when the target is gone.
    download(clients.s3, response["ModelArtifacts"]["S3ModelArtifacts"], out / "model.tar.gz")
    accuracy = result.final_metrics.get("test:accuracy")
    detail = f"test accuracy {accuracy:.4f}, model.tar.gz kept" if accuracy is not None else "model.tar.gz kept"
    return Facts(
        detail,
        {
            "training_job": name,
            "test_accuracy": accuracy,
            "hyperparameters": dict(result.hyperparameters),
            "metrics": {
                metric: [[number, point.value] for number, point in enumerate(points, 1)]
                for metric, points in result.metrics.items()
            },
            "rules": [asdict(rule) for rule in result.rules],
        },
        table=[["Debugger rule", "status"], *([rule.name, rule.status] for rule in result.rules)]
        if result.rules
        else (),
    )


def _scaling(clients: Clients, name: str, request: Mapping[str, Any], response: Mapping[str, Any], out: Path) -> Facts:
    scaling = describe_scaling(clients, request["ResourceId"], request["ScalableDimension"], details=False)
    target, policy = scaling["target"], scaling["policy"]
    if target is None:
        return Facts("the target is not there when it is read back")
    detail = f"{target['MinCapacity']} to {target['MaxCapacity']} instances"
    if policy is not None and "TargetTrackingScalingPolicyConfiguration" in policy:
        tracking = policy["TargetTrackingScalingPolicyConfiguration"]
        detail += f", aiming at {tracking['TargetValue']:g} invocations per instance and minute"
    return Facts(detail, {"scaling": _plain(scaling)})


def _plain(scaling: Mapping[str, Any]) -> dict[str, Any]:
    """Without the members that only the transport knows."""
    return {key: value for key, value in scaling.items() if key != "ResponseMetadata"}


READERS: Mapping[str, Reader] = {
    "CreateHyperParameterTuningJob": _tuning,
    "CreateTrainingJob": _training,
    "RegisterScalableTarget": _scaling,
    "PutScalingPolicy": _scaling,
}


def prediction_rows(predictions: Sequence[Mapping[str, Any]]) -> list[list[str]]:
    """Predictions as rows of a table; a wrong one is marked."""
    return [
        [
            Path(item["input"]).name,
            item["label"],
            f"{item['score']:.3f}",
            item["expected"] + ("" if item["label"] == item["expected"] else "  wrong"),
        ]
        for item in predictions
    ]


def _number(value: Any) -> str:
    if value is None:
        return "-"
    return f"{value:.4g}" if isinstance(value, float) else str(value)
