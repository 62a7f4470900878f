"""One tuning job: trials are proposed, run as ordinary training jobs a few at a time, and learned from."""

from __future__ import annotations

import queue
import threading
import time
import uuid
from collections.abc import Mapping
from typing import Any

from sm_raw.local import training_jobs
from sm_raw.local.engine import Engine
from sm_raw.local.protocol import Request, ServiceError
from sm_raw.local.search import make_search
from sm_raw.local.store import Record

DEFAULT_MAX_JOBS = 1


class TuningRun:
    """Runs the tuning job behind ``record``."""

    def __init__(self, engine: Engine, record: Record) -> None:
        self._engine, self._record = engine, record
        self._config: Mapping[str, Any] = record.description["HyperParameterTuningJobConfig"]
        self._definition: Mapping[str, Any] = record.description["TrainingJobDefinition"]
        self._objective = self._config["HyperParameterTuningJobObjective"]
        self._search = make_search(
            self._config["Strategy"],
            self._config.get("ParameterRanges", {}),
            maximize=self._objective["Type"] == "Maximize",
            seed=self._config.get("RandomSeed"),
        )
        self._running: dict[str, int] = {}  # child's name -> trial number
        self._ended: queue.Queue[Record | None] = queue.Queue()
        self._stop_asked = threading.Event()

    def stop(self) -> None:
        """Start no more trials and stop those that run."""
        self._stop_asked.set()
        for child in children(self._engine, self._record):
            if child.description["TrainingJobStatus"] == "InProgress":
                self._engine.store.update(child, TrainingJobStatus="Stopping")
                child.live.stop()
        self._ended.put(None)

    def run(self) -> None:
        """The whole life of the tuning job; the last state is always told."""
        try:
            status, reason = self._tune()
        except Exception:
            self._finish("Failed", "InternalServerError: the local engine met an error of its own")
            raise
        self._finish(status, reason)

    def _tune(self) -> tuple[str, str]:
        limits = self._config["ResourceLimits"]
        deadline = time.monotonic() + limits.get("MaxRuntimeInSeconds", float("inf"))
        grid = self._config["Strategy"] == "Grid"
        left = limits.get("MaxNumberOfTrainingJobs", float("inf") if grid else DEFAULT_MAX_JOBS)
        while True:
            while left and len(self._running) < limits["MaxParallelTrainingJobs"] and not self._over(deadline):
                left -= 1
                if not self._launch():
                    left = 0
            if not self._running:
                return self._verdict()
            self._wait_for_one(deadline)

    def _over(self, deadline: float) -> bool:
        return self._stop_asked.is_set() or time.monotonic() >= deadline

    def _launch(self) -> bool:
        proposal = self._search.ask()
        if proposal is None:
            return False
        number = proposal.number + 1
        name = f"{self._record.name}-{number:03d}-{uuid.uuid4().hex[:8]}"
        self._running[name] = proposal.number
        try:
            training_jobs.launch(
                self._engine,
                self._record.region,
                child_request(self._definition, self._objective["MetricName"], name, proposal.values),
                # Trials side by side share the processors.
                cpus=max(1, self._engine.cpus // self._config["ResourceLimits"]["MaxParallelTrainingJobs"]),
                fields={"TuningJobArn": self._record.arn, "TunedHyperParameters": proposal.values},
                on_end=self._ended.put,
            )
        except ServiceError as error:
            # The same would befall every further trial.
            raise RuntimeError(f"trial {name} could not start: {error}") from error
        return True

    def _wait_for_one(self, deadline: float) -> None:
        timeout = None if deadline == float("inf") else max(0.0, deadline - time.monotonic())
        try:
            child = self._ended.get(timeout=None if self._stop_asked.is_set() else timeout)
        except queue.Empty:
            self.stop()
            return
        if child is not None:
            metric = objective_of(child.description, self._objective)
            self._search.tell(self._running.pop(child.name), metric["Value"] if metric else None)

    def _verdict(self) -> tuple[str, str]:
        if self._stop_asked.is_set():
            return "Stopped", ""
        trials = [child.description for child in children(self._engine, self._record)]
        if all(trial["TrainingJobStatus"] == "Failed" for trial in trials):
            return "Failed", (
                "All training jobs failed. Please take a look at the training jobs failures to get more details."
            )
        if not any(objective_of(trial, self._objective) for trial in trials):
            return "Failed", (
                f"No objective metrics found after running {len(trials)} training jobs. Please ensure that the "
                "custom algorithm is emitting the objective metric as defined by the regular expression provided."
            )
        return "Completed", ""

    def _finish(self, status: str, reason: str) -> None:
        fields: dict[str, Any] = {
            "HyperParameterTuningJobStatus": status,
            "HyperParameterTuningEndTime": self._engine.store.now(),
        }
        if reason:
            fields["FailureReason"] = reason
        self._engine.store.update(self._record, **fields)


def child_request(definition: Mapping[str, Any], metric: str, name: str, tuned: Mapping[str, str]) -> Request:
    """The training job of one trial. The service adds the objective's name to its hyperparameters."""
    taken = {"DefinitionName", "TuningObjective", "HyperParameterRanges", "StaticHyperParameters"}
    request = {key: value for key, value in definition.items() if key not in taken}
    resources = request.pop("HyperParameterTuningResourceConfig", None)
    return {
        **request,
        "TrainingJobName": name,
        "HyperParameters": {
            **definition.get("StaticHyperParameters", {}),
            "_tuning_objective_metric": metric,
            **tuned,
        },
        **({"ResourceConfig": resources} if resources else {}),
    }


def children(engine: Engine, tuning_job: Record) -> list[Record]:
    """The training jobs of a tuning job, oldest first."""
    jobs = engine.store.all(tuning_job.region, training_jobs.KIND)
    return [job for job in jobs if job.description.get("TuningJobArn") == tuning_job.arn]


def objective_of(description: Mapping[str, Any], objective: Mapping[str, str]) -> dict[str, Any] | None:
    """A child's final objective, as its summary shows it; None for a job that failed or never told it."""
    if description["TrainingJobStatus"] not in {"Completed", "Stopped"}:
        return None
    for metric in description.get("FinalMetricDataList", []):
        if metric["MetricName"] == objective["MetricName"]:
            return {
                "Type": objective["Type"],
                "MetricName": metric["MetricName"],
                "Value": metric["Value"],
            }
    return None
