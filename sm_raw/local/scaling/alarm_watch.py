"""Evaluates the CloudWatch alarms of a region, which moto keeps and never looks at.

All that are of one metric, with a plain statistic and a fixed threshold: those of target tracking, and those that users
made, for their steps or for themselves.
"""

from __future__ import annotations

import contextlib
import json
import math
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sm_raw.local.engine import Engine
from sm_raw.local.scaling import alarm_states, tracking_alarms
from sm_raw.local.scaling.alarm_states import INSUFFICIENT_DATA, UNCHECKED
from sm_raw.local.scaling.metering import NAMESPACE, Place
from sm_raw.local.scaling.statistics import Statistics, read

MINUTE_SECONDS = 60
STATISTICS = ["SampleCount", "Sum", "Minimum", "Maximum"]

Alarm = Mapping[str, Any]
Minute = Mapping[tuple[Place, str], Statistics]
Series = deque[Statistics | None]


@dataclass(frozen=True)
class Judged:
    """An alarm with its datapoints, newest last, and the state that they put it in."""

    alarm: Alarm
    points: list[float | None]
    state: str

    @property
    def known(self) -> list[float]:
        """The datapoints that are not missing."""
        return [point for point in self.points if point is not None]


class AlarmWatch:
    """The alarms of one region, and the last minutes of their metrics."""

    def __init__(self, engine: Engine, region: str) -> None:
        self._engine, self._region = engine, region
        self._series: dict[str, Series] = {}
        self._states: dict[str, str] = {}

    def look(self, minute: Minute, now: float) -> list[Judged]:
        """Judge all alarms at the end of a ``minute`` of the engine's own metrics, and set their states."""
        pages = self._cloudwatch.get_paginator("describe_alarms").paginate()
        alarms = [alarm for alarm in pages.search("MetricAlarms[]") if alarm_states.is_judged(alarm)]
        before, self._series = self._series, {}
        for alarm in alarms:
            # An alarm whose metric is another now begins anew.
            series = before.get(_key(alarm), ())
            length = alarm_states.minutes(alarm) * alarm["EvaluationPeriods"]
            self._series[_key(alarm)] = deque([*series, self._measured(alarm, minute, now)], maxlen=length)
        known, self._states = self._states, {}
        return [self._judge(alarm, known.get(alarm["AlarmName"], INSUFFICIENT_DATA)) for alarm in alarms]

    @property
    def _cloudwatch(self) -> Any:
        return self._engine.client("cloudwatch", self._region)

    def _judge(self, alarm: Alarm, before: str) -> Judged:
        points = alarm_states.datapoints(alarm, list(self._series[_key(alarm)]))
        state = self._states[alarm["AlarmName"]] = alarm_states.state(alarm, points)
        if state == before == INSUFFICIENT_DATA and alarm["StateReason"] != UNCHECKED:
            # Without any data, a state that was set by hand (SetAlarmState) is as good as another.
            return Judged(alarm, points, alarm["StateValue"])
        if state != alarm["StateValue"]:
            reason = alarm_states.reason(alarm, points, state)
            with contextlib.suppress(self._cloudwatch.exceptions.ResourceNotFound):  # deleted meanwhile
                self._cloudwatch.set_alarm_state(AlarmName=alarm["AlarmName"], StateValue=state, StateReason=reason)
        return Judged(alarm, points, state)

    def _measured(self, alarm: Alarm, minute: Minute, now: float) -> Statistics | None:
        if alarm["Namespace"] == NAMESPACE:  # nobody but the service puts anything there
            named = {item["Name"]: item["Value"] for item in alarm.get("Dimensions", ())}
            place = Place(self._region, named.get("EndpointName", ""), named.get("VariantName", ""))
            return minute.get((place, alarm["MetricName"]))
        return self._read(alarm, now)

    def _read(self, alarm: Alarm, now: float) -> Statistics | None:
        """The last minute of somebody else's metric; no less than a second, for CloudWatch tells times by seconds."""
        width = max(1, round(MINUTE_SECONDS / self._engine.time_scale))
        end = math.floor(now)
        found = self._cloudwatch.get_metric_statistics(
            Namespace=alarm["Namespace"],
            MetricName=alarm["MetricName"],
            StartTime=end - width,
            EndTime=end,
            Period=width,
            Statistics=STATISTICS,
            **{field: alarm[field] for field in ("Dimensions", "Unit") if field in alarm},
        )
        return read(found["Datapoints"])


def _key(alarm: Alarm) -> str:
    metric = {field: alarm.get(field) for field in tracking_alarms.METRIC}
    return json.dumps([alarm["AlarmName"], metric], sort_keys=True)
