from __future__ import annotations

from typing import Any

import pytest

from sm_raw.local.scaling.alarm_states import datapoints, is_judged, reason, state
from sm_raw.local.scaling.statistics import Statistics

GAP = None
ABOVE_FIVE: dict[str, Any] = {
    "MetricName": "m",
    "Statistic": "Sum",
    "Period": 60,
    "EvaluationPeriods": 3,
    "Threshold": 5.0,
    "ComparisonOperator": "GreaterThanThreshold",
    "StateValue": "OK",
}


@pytest.mark.parametrize(
    ("points", "missing", "not_breaching", "breaching", "ignore"),
    [
        ([6, 6, 6], "ALARM", "ALARM", "ALARM", "ALARM"),
        ([6, 5, 6], "OK", "OK", "OK", "OK"),
        ([1, GAP, GAP], "OK", "OK", "OK", "OK"),
        ([GAP, GAP, GAP], "INSUFFICIENT_DATA", "OK", "ALARM", "OK"),
        ([6, GAP, GAP], "ALARM", "OK", "ALARM", "ALARM"),  # old enough, and nothing better came after it
        ([GAP, GAP, 6], "OK", "OK", "ALARM", "OK"),  # too young: as it was
        ([GAP, 6, 6], "OK", "OK", "ALARM", "OK"),
        ([6, GAP, 1], "OK", "OK", "OK", "OK"),
    ],
)
def test_states_by_the_treatment_of_what_is_missing(
    points: list[float | None], missing: str, not_breaching: str, breaching: str, ignore: str
) -> None:
    treatments = ("missing", "notBreaching", "breaching", "ignore")
    found = [state({**ABOVE_FIVE, "TreatMissingData": treatment}, points) for treatment in treatments]
    assert found == [missing, not_breaching, breaching, ignore]
    assert state(ABOVE_FIVE, points) == missing


def test_some_of_the_datapoints_can_be_enough() -> None:
    two_of_three = {**ABOVE_FIVE, "DatapointsToAlarm": 2}
    assert [state(two_of_three, points) for points in ([6, 1, 6], [6, 1, 1], [GAP, 6, 6])] == ["ALARM", "OK", "ALARM"]


@pytest.mark.parametrize(
    ("comparison", "five"),
    [
        ("GreaterThanThreshold", "OK"),
        ("GreaterThanOrEqualToThreshold", "ALARM"),
        ("LessThanThreshold", "OK"),
        ("LessThanOrEqualToThreshold", "ALARM"),
    ],
)
def test_comparisons(comparison: str, five: str) -> None:
    assert state({**ABOVE_FIVE, "ComparisonOperator": comparison}, [5, 5, 5]) == five


@pytest.mark.parametrize(
    ("change", "judged"),
    [
        ({}, True),
        ({"MetricName": None}, False),  # metric math
        ({"Statistic": None, "ExtendedStatistic": "p99"}, False),
        ({"ComparisonOperator": "GreaterThanUpperThreshold"}, False),  # an anomaly band
    ],
)
def test_alarms_that_are_judged(change: dict[str, Any], judged: bool) -> None:
    assert is_judged({**ABOVE_FIVE, **change}) is judged


def test_a_datapoint_takes_the_minutes_of_its_period_together() -> None:
    minutes = [Statistics.of(1), Statistics.of(3), None, Statistics.of(5), None, None]
    two = {**ABOVE_FIVE, "Period": 120}
    assert datapoints(two, minutes) == [4, 5, None]
    assert datapoints({**two, "Statistic": "Average"}, minutes) == [2, 5, None]
    assert datapoints(ABOVE_FIVE, minutes[3:4]) == [None, None, 5]
    assert datapoints({**ABOVE_FIVE, "Period": 10}, minutes[:3]) == [1, 3, None]


@pytest.mark.parametrize(
    ("points", "state_now", "told"),
    [
        ([6, 1, 7.25], "ALARM", "2 out of the last 3 datapoints [7.25, 1, 6] were greater than the threshold (5.0)."),
        ([GAP, GAP, 6], "ALARM", "1 out of the last 3 datapoints [6] was greater than the threshold (5.0)."),
        ([6, 6, 1], "OK", "1 out of the last 3 datapoints [1, 6, 6] was not greater than the threshold (5.0)."),
        ([6, 1, 1], "OK", "2 out of the last 3 datapoints [1, 1, 6] were not greater than the threshold (5.0)."),
    ],
)
def test_reasons_are_told_in_the_words_of_cloudwatch(points: list[float | None], state_now: str, told: str) -> None:
    assert reason(ABOVE_FIVE, points, state_now) == f"Threshold Crossed: {told}"


def test_the_reason_for_no_data() -> None:
    assert reason(ABOVE_FIVE, [GAP, GAP], "INSUFFICIENT_DATA") == "Insufficient Data: 2 datapoints were unknown."
    assert reason(ABOVE_FIVE, [GAP], "INSUFFICIENT_DATA") == "Insufficient Data: 1 datapoint was unknown."
