from __future__ import annotations

from typing import Any

import pytest

from sm_raw.local.scaling.decisions import (
    Decision,
    Past,
    Wish,
    adjusted,
    decided,
    is_suspended,
    proportional,
    stepped,
    tracked,
)

NEVER = Past()
NOW = 10_000.0


@pytest.mark.parametrize(
    ("capacity", "metric", "target", "wanted"),
    [
        (1, 100.0, 40.0, 3),  # 2.5 instances would do
        (2, 100.0, 50.0, 4),
        (4, 30.0, 50.0, 3),  # 2.4: two would be too few
        (3, 0.7, 0.7, 3),  # and not 4 for a rounding error
        (3, 0.0, 50.0, 0),
        (10, 50.1, 50.0, 11),
    ],
)
def test_capacity_is_proportional_and_rounded_up(capacity: int, metric: float, target: float, wanted: int) -> None:
    assert proportional(capacity, metric, target) == wanted


TARGET = {"TargetValue": 50.0}
SHORT = {**TARGET, "ScaleOutCooldown": 60, "ScaleInCooldown": 60}
JUST_OUT = Past(out_ended=NOW - 59, out_from=1)
LONG_OUT = Past(out_ended=NOW - 60, out_from=1)
JUST_IN, LONG_IN = Past(in_ended=NOW - 59), Past(in_ended=NOW - 60)


@pytest.mark.parametrize(
    ("config", "direction", "values", "capacity", "past", "wanted"),
    [
        (SHORT, "out", [60, 70, 120], 1, NEVER, 3),  # the newest counts
        (SHORT, "out", [120, 120, 70], 2, NEVER, 3),
        (SHORT, "in", [10, 40, 20], 4, NEVER, None),  # the busiest minute needs 3.2 instances
        (SHORT, "in", [10, 30, 20], 4, NEVER, 3),
        (SHORT, "in", [0] * 15, 4, NEVER, 0),  # the bounds of the target keep the rest
        # While a scale-out cools, the metric is that of the capacity before it: only a larger breach adds more.
        (SHORT, "out", [120, 120, 120], 3, JUST_OUT, None),
        (SHORT, "out", [120, 120, 220], 3, JUST_OUT, 5),
        (SHORT, "out", [120, 120, 120], 3, LONG_OUT, 8),
        (SHORT, "out", [120, 120, 120], 1, JUST_IN, 3),  # a scale-in never holds up a scale-out
        (SHORT, "in", [0, 0, 0], 3, JUST_IN, None),
        (SHORT, "in", [0, 0, 0], 3, LONG_IN, 0),
        (SHORT, "in", [0, 0, 0], 3, JUST_OUT, 0),
        # 300 seconds where none are given, and none for 0
        (TARGET, "in", [0, 0, 0], 3, Past(in_ended=NOW - 299), None),
        (TARGET, "in", [0, 0, 0], 3, Past(in_ended=NOW - 300), 0),
        ({**TARGET, "ScaleInCooldown": 0}, "in", [0], 3, Past(in_ended=NOW), 0),
        ({**TARGET, "DisableScaleIn": True}, "in", [0, 0, 0], 3, NEVER, None),
        ({**TARGET, "DisableScaleIn": True}, "out", [60], 1, NEVER, 2),
    ],
)
def test_target_tracking(
    config: dict[str, Any], direction: Any, values: list[float], capacity: int, past: Past, wanted: int | None
) -> None:
    assert tracked(config, direction, values, capacity, past, NOW) == wanted


@pytest.mark.parametrize(
    ("kind", "adjustment", "least", "capacity", "wanted"),
    [
        ("ChangeInCapacity", 2, None, 3, 5),
        ("ChangeInCapacity", -5, None, 3, 0),
        ("ExactCapacity", 4, None, 9, 4),
        # "Values greater than 1 are rounded down ... between 0 and 1 are rounded to 1", and so below zero
        ("PercentChangeInCapacity", 10, None, 10, 11),
        ("PercentChangeInCapacity", 19, None, 10, 11),
        ("PercentChangeInCapacity", 5, None, 10, 11),
        ("PercentChangeInCapacity", -5, None, 10, 9),
        ("PercentChangeInCapacity", -66, None, 10, 4),
        ("PercentChangeInCapacity", 25, 2, 4, 6),
        ("PercentChangeInCapacity", -25, 2, 4, 2),
    ],
)
def test_adjustments_of_steps(kind: str, adjustment: int, least: int | None, capacity: int, wanted: int) -> None:
    assert adjusted(capacity, kind, adjustment, least) == wanted


def steps(*bounds: tuple[float | None, float | None, int], kind: str = "ChangeInCapacity") -> dict[str, Any]:
    names = ("MetricIntervalLowerBound", "MetricIntervalUpperBound", "ScalingAdjustment")
    return {
        "AdjustmentType": kind,
        "Cooldown": 60,
        "StepAdjustments": [
            {name: value for name, value in zip(names, step, strict=True) if value is not None} for step in bounds
        ],
    }


UP = steps((0, 10, 2), (10, None, 3))
DOWN = steps((-10, 0, -1), (None, -10, -2))


@pytest.mark.parametrize(
    ("config", "breach", "past", "wanted"),
    [
        (UP, 0.0, NEVER, 7),  # a lower bound belongs to its step
        (UP, 9.9, NEVER, 7),
        (UP, 10.0, NEVER, 8),
        (UP, -1.0, NEVER, None),
        (DOWN, -5.0, NEVER, 4),
        (DOWN, -10.0, NEVER, 3),  # below the threshold the upper bound does
        (DOWN, -10.1, NEVER, 3),
        # "the previous increase of 2 is considered part of the current capacity. Therefore, only 1 is added"
        (UP, 5.0, Past(out_ended=NOW - 1, out_from=3), None),
        (UP, 15.0, Past(out_ended=NOW - 1, out_from=3), 6),
        (UP, 5.0, Past(out_ended=NOW - 60, out_from=3), 7),
        (DOWN, -5.0, Past(in_ended=NOW - 1), None),
        (DOWN, -5.0, Past(in_ended=NOW - 60), 4),
        (DOWN, -5.0, Past(out_ended=NOW - 1, out_from=3), 4),
    ],
)
def test_steps_at_a_capacity_of_five(config: dict[str, Any], breach: float, past: Past, wanted: int | None) -> None:
    assert stepped(config, breach, 5, past, NOW) == wanted


def wish(policy: str, capacity: int, *, tracking: bool = True) -> Wish:
    return Wish(policy, capacity, tracking)


A, B = "a", "b"


@pytest.mark.parametrize(
    ("wishes", "trackers", "capacity", "kept"),
    [
        ([], [A], None, ""),
        ([wish(A, 6)], [A], 6, ""),
        ([wish(A, 6), wish(B, 8)], [A, B], 8, ""),  # the largest wins
        ([wish(A, 6), wish(B, 3)], [A, B], 6, ""),  # out before in
        ([wish(A, 99)], [A], 10, ""),
        ([wish(A, 3)], [A], 3, ""),
        ([wish(A, 3)], [A, B], None, ""),  # in only if all are ready
        ([wish(A, 3), wish(B, 4)], [A, B], 4, ""),
        ([wish(A, 0), wish(B, 0)], [A, B], 2, ""),
        ([wish(A, 3), wish("s", 4, tracking=False)], [A, B], 4, ""),  # steps do not wait for target tracking
        ([wish("s", 4, tracking=False)], [A], 4, ""),
    ],
)
def test_several_policies_at_a_capacity_of_five_between_two_and_ten(
    wishes: list[Wish], trackers: list[str], capacity: int | None, kept: str
) -> None:
    decision = decided(wishes, trackers, 5, 2, 10)
    assert (decision and decision.capacity, decision.kept if decision else "") == (capacity, kept)


def test_at_a_bound_the_capacity_is_kept_and_the_reason_told() -> None:
    out, less = wish(A, 7), wish(A, 1)
    assert decided([out], [A], 5, 2, 5) == Decision(5, out, "AlreadyAtMaxCapacity")
    assert decided([less], [A], 2, 2, 5) == Decision(2, less, "AlreadyAtMinCapacity")
    # A capacity out of bounds is the business of who set the bounds: policies never scale the wrong way.
    assert decided([out], [A], 6, 2, 5) == Decision(6, out, "AlreadyAtMaxCapacity")
    assert decided([wish(A, 0)], [A], 1, 2, 5) == Decision(1, wish(A, 0), "AlreadyAtMinCapacity")


@pytest.mark.parametrize(
    ("suspended", "wanted", "rests"),
    [
        (None, 3, False),
        ({"DynamicScalingOutSuspended": True}, 3, True),
        ({"DynamicScalingOutSuspended": True}, 1, False),
        ({"DynamicScalingInSuspended": True}, 1, True),
        ({"DynamicScalingInSuspended": True}, 3, False),
    ],
)
def test_scaling_can_rest_in_either_direction(suspended: dict[str, bool] | None, wanted: int, rests: bool) -> None:
    assert is_suspended({"SuspendedState": suspended}, wish(A, wanted), 2) is rests
