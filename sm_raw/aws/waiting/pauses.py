"""How long to leave something alone before it is asked after again."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

SHORTEST_PAUSE_SECONDS = 0.2
PAUSE_SHARE = 0.05
"""A pause is this part of the time waited so far, so that the end of a job is noticed at most 5 % late."""

LEFT_SHARE = 0.1
NEAR_THE_END_SECONDS = 5.0
"""A tuning job's pause is this part of the time it will still take, down to so many seconds."""


def next_pause(waited_seconds: float, longest_seconds: float, *, seconds_left: float | None = None) -> float:
    """Seconds until the next poll of something that has been waited for so long already.

    Where it is known about how long it still takes, that counts: long pauses at once, short ones near the end.
    """
    pause = max(SHORTEST_PAUSE_SECONDS, PAUSE_SHARE * waited_seconds)
    if seconds_left is not None:
        pause = max(LEFT_SHARE * seconds_left, min(pause, NEAR_THE_END_SECONDS))
    return min(longest_seconds, pause)


def seconds_left(first: Mapping[str, Any], last: Mapping[str, Any], waited_seconds: float) -> float | None:
    """About how long a tuning job still takes, by the pace of its training jobs between two answers about it.

    None if that cannot be told. Before any has ended, those that run are taken to end right now: it will not
    be less.
    """
    limits = last.get("ResourceLimits") or last.get("HyperParameterTuningJobConfig", {}).get("ResourceLimits", {})
    most, ended = limits.get("MaxNumberOfTrainingJobs"), _ended_children(last)
    done = max(ended - _ended_children(first), last.get("TrainingJobStatusCounters", {}).get("InProgress", 0))
    if not most or not done:
        return None
    return waited_seconds * float(most - ended) / float(done)


def _ended_children(tuning_job: Mapping[str, Any]) -> int:
    counters = tuning_job.get("TrainingJobStatusCounters", {})
    return sum(count for status, count in counters.items() if status != "InProgress")
