from __future__ import annotations

from typing import Any

import pytest

from sm_raw.aws.waiting.pauses import next_pause, seconds_left


@pytest.mark.parametrize(
    ("waited", "longest", "pause"), [(0, 30, 0.2), (4, 30, 0.2), (60, 30, 3.0), (3600, 30, 30), (0, 0.1, 0.1)]
)
def test_pauses_grow_with_the_time_waited(waited: float, longest: float, pause: float) -> None:
    assert next_pause(waited, longest) == pytest.approx(pause)


@pytest.mark.parametrize(
    ("waited", "left", "pause"),
    [
        (1, 400, 40.0),
        (1, 6000, 60.0),
        (7000, 300, 30.0),
        (7000, 10, 5.0),
        (7000, 0, 5.0),
        (10, 0, 0.5),
    ],
)
def test_where_the_end_can_be_foreseen_pauses_are_long_before_it_and_short_near_it(
    waited: float, left: float, pause: float
) -> None:
    assert next_pause(waited, 60, seconds_left=left) == pytest.approx(pause)


def tuning(completed: int, running: int, failed: int = 0, most: int | None = 100) -> dict[str, Any]:
    limits = {"MaxNumberOfTrainingJobs": most} if most else {"MaxRuntimeInSeconds": 3600}
    return {
        "HyperParameterTuningJobConfig": {"ResourceLimits": limits},
        "TrainingJobStatusCounters": {"Completed": completed, "NonRetryableError": failed, "InProgress": running},
    }


@pytest.mark.parametrize(
    ("first", "last", "left"),
    [
        (tuning(0, 10), tuning(20, 10), 400.0),
        (tuning(0, 10), tuning(10, 10, failed=10), 400.0),
        (tuning(60, 10), tuning(80, 10), 100.0),
        (tuning(0, 0), tuning(0, 10), 1000.0),
        (tuning(0, 0), tuning(0, 0), None),
        (tuning(0, 10, most=None), tuning(20, 10, most=None), None),
        ({}, {}, None),
    ],
    ids=[
        "as fast as so far",
        "failed ones have ended too",
        "attached late: only what ended since counts",
        "none has ended",
        "none has started",
        "no limit of jobs",
        "nothing known",
    ],
)
def test_a_tuning_job_goes_on_at_the_pace_of_its_training_jobs(
    first: dict[str, Any], last: dict[str, Any], left: float | None
) -> None:
    assert seconds_left(first, last, 100.0) == left


def test_a_summary_of_a_tuning_job_tells_as_much_as_its_description() -> None:
    described = tuning(20, 10)
    summary = {**described, **described["HyperParameterTuningJobConfig"]}
    del summary["HyperParameterTuningJobConfig"]
    assert seconds_left(tuning(0, 0), summary, 100.0) == seconds_left(tuning(0, 0), described, 100.0)
