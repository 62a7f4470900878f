"""Metrics of a training job: every value, as its log tells them, and the last ones, as the service keeps them."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sm_raw.aws.logs.streams import LogEvent


@dataclass(frozen=True)
class MetricValue:
    """One value of a metric, and when it was logged."""

    time: datetime
    value: float


def metric_series(
    lines: Iterable[str | LogEvent], metric_definitions: Iterable[Mapping[str, str]]
) -> dict[str, list[float]]:
    """Metric name -> its values in the order of the log, by the request's own MetricDefinitions.

    Each match of a regex gives the value of its first group. A name that never matched has an empty list.
    What is no finite number is left out, as CloudWatch takes neither NaN nor infinity
    (https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_MetricDatum.html).
    """
    patterns = _compiled(metric_definitions)
    series: dict[str, list[float]] = {name: [] for name in patterns}
    for line in lines:
        for name, value in _found(line.message if isinstance(line, LogEvent) else line, patterns):
            series[name].append(value)
    return series


def metrics_over_time(
    events: Iterable[LogEvent], metric_definitions: Iterable[Mapping[str, str]]
) -> dict[str, list[MetricValue]]:
    """Like ``metric_series``, each value with the time of its line."""
    patterns = _compiled(metric_definitions)
    series: dict[str, list[MetricValue]] = {name: [] for name in patterns}
    for event in events:
        for name, value in _found(event.message, patterns):
            series[name].append(MetricValue(event.time, value))
    return series


def final_metrics(training_job: Mapping[str, Any]) -> dict[str, float]:
    """The last value of each metric in a DescribeTrainingJob response (FinalMetricDataList)."""
    return {
        str(item["MetricName"]): value
        for item in training_job.get("FinalMetricDataList", ())
        if (value := finite(item["Value"])) is not None
    }


def finite(text: str | float) -> float | None:
    """The number that a text or value is, if it is a finite one."""
    try:
        value = float(text)
    except (TypeError, ValueError):  # A group that took no part in its match is None.
        return None
    return value if math.isfinite(value) else None


def _compiled(metric_definitions: Iterable[Mapping[str, str]]) -> dict[str, re.Pattern[str] | None]:
    """Names with regexes, which are Java's; one that only Java can read catches nothing here."""
    from sm_raw.validation.patterns import compiled, translate

    return {definition["Name"]: compiled(translate(definition["Regex"])) for definition in metric_definitions}


def _found(text: str, patterns: Mapping[str, re.Pattern[str] | None]) -> Iterator[tuple[str, float]]:
    for name, pattern in patterns.items():
        for match in pattern.finditer(text) if pattern else ():
            if (value := finite(match.group(1))) is not None:
                yield name, value
