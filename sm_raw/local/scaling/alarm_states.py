"""The state of a CloudWatch alarm, judged from its datapoints. Pure.

Source: https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/AlarmThatSendsEmail.html, "Evaluating an alarm"
and "Configuring how CloudWatch alarms treat missing data".
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from sm_raw.local.scaling.statistics import Statistics, joined

OK, ALARM, INSUFFICIENT_DATA = "OK", "ALARM", "INSUFFICIENT_DATA"
# The reason of a state that nobody has judged yet.
UNCHECKED = "Unchecked: Initial alarm creation"
BASE_SECONDS = 60
COMPARISONS: dict[str, tuple[Callable[[float, float], bool], str]] = {
    "GreaterThanThreshold": (operator.gt, "greater than"),
    "GreaterThanOrEqualToThreshold": (operator.ge, "greater than or equal to"),
    "LessThanThreshold": (operator.lt, "less than"),
    "LessThanOrEqualToThreshold": (operator.le, "less than or equal to"),
}
STATISTICS = ("SampleCount", "Sum", "Average", "Minimum", "Maximum")

Datapoints = Sequence[float | None]


def is_judged(alarm: Mapping[str, Any]) -> bool:
    """Whether this engine evaluates an alarm: one metric, a plain statistic and a fixed threshold."""
    return (
        bool(alarm.get("MetricName"))
        and alarm.get("Statistic") in STATISTICS
        and alarm.get("ComparisonOperator") in COMPARISONS
        and "Threshold" in alarm
    )


def minutes(alarm: Mapping[str, Any]) -> int:
    """How many minutes one datapoint of an alarm takes together; shorter periods are taken as a minute."""
    return max(1, round(float(alarm.get("Period", BASE_SECONDS)) / BASE_SECONDS))


def datapoints(alarm: Mapping[str, Any], spans: Sequence[Statistics | None]) -> list[float | None]:
    """The datapoints of an alarm's evaluation periods, newest last; None is missing. ``spans`` are minutes."""
    width, periods = minutes(alarm), alarm["EvaluationPeriods"]
    end = len(spans)
    found = [joined(spans[max(0, end - width * (age + 1)) : max(0, end - width * age)]) for age in range(periods)]
    return [None if span is None else span.value(alarm["Statistic"]) for span in reversed(found)]


def state(alarm: Mapping[str, Any], points: Datapoints) -> str:
    """The state of ``alarm`` with these datapoints of its evaluation periods, newest last.

    Breaching points need not be enough: if the oldest is as old as DatapointsToAlarm asks and nothing but breaches or
    gaps came after it, the alarm rings, too.
    """
    treatment = alarm.get("TreatMissingData") or "missing"
    needed = alarm.get("DatapointsToAlarm") or alarm["EvaluationPeriods"]
    filled = [_breaches(alarm, point, treatment) for point in points]
    known = [breach for breach in filled if breach is not None]
    if sum(known) >= needed:
        return ALARM
    if not known:
        return str(alarm["StateValue"]) if treatment == "ignore" else INSUFFICIENT_DATA
    if not all(known):
        return OK
    return ALARM if len(filled) - filled.index(True) >= needed else str(alarm["StateValue"])


def reason(alarm: Mapping[str, Any], points: Datapoints, state: str) -> str:
    """The StateReason of a new ``state``, in CloudWatch's words."""
    given = [point for point in points if point is not None]
    if not given:
        missing = len(points)
        return f"Insufficient Data: {missing} datapoint{'s were' if missing > 1 else ' was'} unknown."
    words, breaching = COMPARISONS[alarm["ComparisonOperator"]][1], [bool(_breaches(alarm, each, "")) for each in given]
    counted = breaching.count(state == ALARM)
    verb = ("was" if counted == 1 else "were") + ("" if state == ALARM else " not")
    listed = ", ".join(str(round(point, 3)) for point in reversed(given))
    return (
        f"Threshold Crossed: {counted} out of the last {len(points)} datapoints [{listed}] {verb} {words} "
        f"the threshold ({float(alarm['Threshold'])})."
    )


def _breaches(alarm: Mapping[str, Any], point: float | None, treatment: str) -> bool | None:
    if point is None:
        return {"breaching": True, "notBreaching": False}.get(treatment)
    return COMPARISONS[alarm["ComparisonOperator"]][0](point, alarm["Threshold"])
