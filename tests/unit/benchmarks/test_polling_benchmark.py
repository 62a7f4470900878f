"""The made-up service of benchmarks/polling.py, and the promise that it measures."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path
from types import ModuleType

import pytest

BENCHMARKS = Path(__file__).resolve().parents[3] / "benchmarks"


@pytest.fixture(scope="module")
def polling() -> ModuleType:
    sys.path.insert(0, str(BENCHMARKS))
    try:
        return importlib.import_module("polling")
    finally:
        sys.path.remove(str(BENCHMARKS))


def test_the_tuning_job_runs_as_many_training_jobs_at_a_time_as_it_may(polling: ModuleType) -> None:
    service = polling.Service(0, polling.FakeTime())
    assert len(service.children) == 500
    assert service.starts == sorted(service.starts)
    assert 6000 < service.end < 9000
    service.time.now = 3600.0
    counters = service.describe_hyper_parameter_tuning_job({})["TrainingJobStatusCounters"]
    assert counters["InProgress"] == polling.PARALLEL
    assert counters["Completed"] + counters["InProgress"] == len(service.created())


def test_waiting_for_the_end_takes_at_most_a_fifth_of_the_calls_of_the_sdk(polling: ModuleType) -> None:
    ours = polling.measured(polling.ours_end, 1)
    theirs = polling.measured(lambda service: polling.sdk_end(service, polling.Restated), 1)
    assert theirs.per_minute == pytest.approx(12, abs=0.1)
    assert ours.per_minute / theirs.per_minute < 0.2
    assert max(ours.late) < 6


def test_knowing_of_each_training_job_takes_fewer_calls_than_the_sdks_wait_for_the_end_alone(
    polling: ModuleType,
) -> None:
    ours = polling.measured(polling.ours_each, 1)
    assert ours.per_minute < 12 / 4
    assert max(ours.late) < 66
    assert len(ours.late) == 501
