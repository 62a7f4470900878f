from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import boto3
import pytest
from moto import mock_aws

from sm_raw.local.engine import Engine
from sm_raw.local.scaling.alarm_watch import AlarmWatch
from sm_raw.local.scaling.metering import Place
from sm_raw.local.scaling.statistics import Statistics

PLACE = Place("us-east-1", "dogs", "blue")
NOW = datetime(2026, 1, 1, tzinfo=timezone.utc)


class Watched:
    """An alarm on one metric, and a watch over it."""

    def __init__(self, engine: Engine, cloudwatch: Any) -> None:
        self.cloudwatch, self.watch = cloudwatch, AlarmWatch(engine, "us-east-1")

    def alarm(self, **changes: Any) -> None:
        fields = {
            "AlarmName": "a",
            "Namespace": "AWS/SageMaker",
            "MetricName": "Invocations",
            "Dimensions": PLACE.dimensions(),
            "Statistic": "Sum",
            "Period": 60,
            "EvaluationPeriods": 2,
            "Threshold": 5,
            "ComparisonOperator": "GreaterThanThreshold",
        }
        self.cloudwatch.put_metric_alarm(**{**fields, **changes})

    def looks(self, *values: float | None) -> list[str]:
        """The state after each minute in which the metric had a value."""
        return [self.look(value) for value in values]

    def look(self, value: float | None = None) -> str:
        minute = {} if value is None else {(PLACE, "Invocations"): Statistics.of(value)}
        (judged,) = self.watch.look(minute, NOW.timestamp())
        state: str = self.cloudwatch.describe_alarms()["MetricAlarms"][0]["StateValue"]
        assert judged.state == state
        return state


@pytest.fixture
def watched(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Watched]:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "none")
    with mock_aws():
        cloudwatch = boto3.client("cloudwatch", "us-east-1")
        engine = Engine(tmp_path, "http://127.0.0.1:1")
        monkeypatch.setattr(engine, "client", lambda service, region: cloudwatch)
        yield Watched(engine, cloudwatch)


def test_an_alarm_follows_the_minutes_of_its_metric(watched: Watched) -> None:
    watched.alarm()
    states = watched.looks(None, 6, 7, 3, None, None)
    assert states == ["INSUFFICIENT_DATA", "INSUFFICIENT_DATA", "ALARM", "OK", "OK", "INSUFFICIENT_DATA"]


def test_a_state_that_was_set_by_hand_stays_until_there_is_data(watched: Watched) -> None:
    watched.alarm()
    watched.cloudwatch.set_alarm_state(AlarmName="a", StateValue="ALARM", StateReason="a rehearsal")
    assert watched.looks(None, None, 1) == ["ALARM", "ALARM", "OK"]
    watched.cloudwatch.set_alarm_state(AlarmName="a", StateValue="ALARM", StateReason="a rehearsal")
    assert watched.looks(1) == ["OK"]


def test_another_metric_begins_anew_and_another_threshold_does_not(watched: Watched) -> None:
    watched.alarm()
    assert watched.looks(4, 4) == ["OK", "OK"]
    watched.alarm(Threshold=3)
    assert watched.look(4) == "ALARM"
    watched.alarm(Threshold=3, Statistic="Maximum")
    watched.cloudwatch.set_alarm_state(AlarmName="a", StateValue="OK", StateReason="known")
    assert watched.looks(4, 4) == ["OK", "ALARM"]


def test_the_metric_of_somebody_else_is_read_from_cloudwatch(watched: Watched) -> None:
    watched.alarm(Namespace="Mine", Dimensions=[], EvaluationPeriods=1, Statistic="Average")
    for age, value in ((61, 1.0), (59, 5.0), (1, 8.0)):
        datum = {"MetricName": "Invocations", "Timestamp": NOW - timedelta(seconds=age), "Value": value}
        watched.cloudwatch.put_metric_data(Namespace="Mine", MetricData=[datum])
    assert watched.look() == "ALARM"  # 6.5 in the last minute


def test_alarms_that_this_engine_cannot_judge_are_left_alone(watched: Watched) -> None:
    watched.cloudwatch.put_metric_alarm(
        AlarmName="math",
        EvaluationPeriods=1,
        Threshold=1,
        ComparisonOperator="GreaterThanThreshold",
        Metrics=[{"Id": "e", "Expression": "1 + 1"}],
    )
    assert watched.watch.look({}, NOW.timestamp()) == []


def test_an_alarm_that_is_deleted_while_it_is_judged_is_no_error(
    watched: Watched, monkeypatch: pytest.MonkeyPatch
) -> None:
    watched.alarm()
    set_state = watched.cloudwatch.set_alarm_state
    asked = []

    def delete_before(**request: Any) -> None:
        asked.append(request["AlarmName"])
        watched.cloudwatch.delete_alarms(AlarmNames=["a"])
        set_state(**request)

    monkeypatch.setattr(watched.cloudwatch, "set_alarm_state", delete_before)
    (judged,) = watched.watch.look({}, NOW.timestamp())
    assert (judged.state, asked) == ("INSUFFICIENT_DATA", ["a"])
