"""One tuning job: trials are proposed, run as ordinary training jobs a few at a time, and learned from.

Every trial runs to its end: TrainingJobEarlyStoppingType Auto allows the service to stop one early, and saves money
that trials here do not cost.
"""

from __future__ import annotations

import queue
import threading
import uuid
from collections.abc import Mapping
from time import monotonic
from typing import Any

from sm_raw.local import training_jobs
from sm_raw.local.engine import Engine
from sm_raw.local.protocol import Request, ServiceError
from sm_raw.local.search import make_search
from sm_raw.local.store import Record

STATUS = "HyperParameterTuningJobStatus"
DEFAULT_MAX_JOBS = 1


class TuningRun:
    """Runs the tuning job behind ``record``."""

    def __init__(self, engine: Engine, record: Record) -> None:
        self._engine, self._record = engine, record
        self._config: Mapping[str, Any] = record.description["HyperParameterTuningJobConfig"]
        self._definition: Mapping[str, Any] = record.description["TrainingJobDefinition"]
        self._objective = self._config["HyperParameterTuningJobObjective"]
        self._parallel: int = self._config["ResourceLimits"]["MaxParallelTrainingJobs"]
        self._search = make_search(
            self._config["Strategy"],
            self._config.get("ParameterRanges", {}),
            maximize=self._objective["Type"] == "Maximize",
            seed=self._config.get("RandomSeed"),
        )
        self._running: dict[int, Record] = {}  # by number of trial
        self._ended: queue.Queue[int | None] = queue.Queue()
        self._stop_asked = threading.Event()
        self._failure = ""

    def stop(self) -> str:
        """Start no more trials and stop those that run, if the job still runs. Returns the status it was in."""
        status = self._engine.store.advance(self._record, STATUS, {"InProgress"}, "Stopping")
        if status == "InProgress":
            self._end_early()
        return status

    def run(self) -> None:
        """The whole life of the tuning job; the last state is always told."""
        self._engine.register(self, self._end_early)
        try:
            self._finish(*self._tune())
        except Exception:
            self._stop_children()
            self._finish("Failed", "InternalServerError: the local engine met an error of its own")
            raise
        finally:
            self._engine.forget(self)

    def _end_early(self) -> None:
        self._stop_asked.set()
        self._ended.put(None)  # Wakes the thread that waits for trials.

    def _tune(self) -> tuple[str, str]:
        limits = self._config["ResourceLimits"]
        deadline = monotonic() + limits.get("MaxRuntimeInSeconds", float("inf"))
        grid = self._config["Strategy"] == "Grid"
        left = limits.get("MaxNumberOfTrainingJobs", float("inf") if grid else DEFAULT_MAX_JOBS)
        while True:
            while left and len(self._running) < self._parallel and not self._stop_asked.is_set():
                left = left - 1 if self._launch() else 0
            if self._stop_asked.is_set():
                self._stop_children()
            if not self._running:
                return self._verdict()
            self._wait_for_one(deadline)

    def _launch(self) -> bool:
        """Start the next trial; False when the search has none left, or it could not start."""
        proposal = self._search.ask()
        if proposal is None:
            return False
        name = f"{self._record.name}-{proposal.number + 1:03d}-{uuid.uuid4().hex[:8]}"
        try:
            self._running[proposal.number] = training_jobs.launch(
                self._engine,
                self._record.region,
                child_request(self._definition, self._objective["MetricName"], name, proposal.values),
                # Trials side by side share the processors.
                cpus=max(1, self._engine.cpus // self._parallel),
                fields={"TuningJobArn": self._record.arn, "TunedHyperParameters": proposal.values},
                on_end=lambda _: self._ended.put(proposal.number),
            )
        except ServiceError as error:
            # The same would befall every further trial.
            self._failure = f"ClientError: the training job {name} could not start: {error.message}"
            self._stop_asked.set()
            return False
        return True

    def _stop_children(self) -> None:
        for child in self._running.values():
            child.live.stop()

    def _wait_for_one(self, deadline: float) -> None:
        waiting_ends = deadline < float("inf") and not self._stop_asked.is_set()
        try:
            number = self._ended.get(timeout=max(0.0, deadline - monotonic()) if waiting_ends else None)
        except queue.Empty:
            self._stop_asked.set()
            return
        if number is not None:
            metric = objective_of(self._running.pop(number).description, self._objective)
            self._search.tell(number, metric["Value"] if metric else None)

    def _verdict(self) -> tuple[str, str]:
        if self._failure:
            return "Failed", self._failure
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
        fields: dict[str, Any] = {STATUS: status, "HyperParameterTuningEndTime": self._engine.store.now()}
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
