from __future__ import annotations

from datetime import datetime, timedelta, timezone

from sm_raw.aws.logs.streams import LogEvent
from sm_raw.aws.results.metrics import MetricValue, final_metrics, metric_series, metrics_over_time

LINES = [
    "downloading",
    "epoch 1/2; train:loss=0.9; train:accuracy=0.5; valid:loss=1.1e0;",
    "epoch 2/2; train:loss=5e-1; train:accuracy=0.75; valid:loss=nan;",
    "test:loss=0.4; test:accuracy=1;",
]
DEFINITIONS = [
    {"Name": "train:loss", "Regex": "train:loss=([0-9.eE+-]+);"},
    {"Name": "valid:loss", "Regex": "valid:loss=([0-9.eE+-]+|nan|inf);"},
    {"Name": "any accuracy", "Regex": "accuracy=(.*?);"},
    {"Name": "epoch", "Regex": "epoch (.*?);"},
    {"Name": "absent", "Regex": "f1=([0-9.]+);"},
]


def test_metrics_are_read_by_the_requests_own_regexes() -> None:
    series = {
        "train:loss": [0.9, 0.5],
        "valid:loss": [1.1],
        "any accuracy": [0.5, 0.75, 1.0],
        "epoch": [],
        "absent": [],
    }
    assert metric_series(LINES, DEFINITIONS) == series
    assert metric_series((LogEvent(0, "stream", line) for line in LINES), DEFINITIONS) == series


def test_each_value_has_the_time_of_its_line() -> None:
    start = datetime(2026, 11, 21, tzinfo=timezone.utc)
    milliseconds = int(start.timestamp() * 1000)
    events = [LogEvent(milliseconds + 500 * number, "stream", line) for number, line in enumerate(LINES)]
    found = metrics_over_time(events, DEFINITIONS)
    assert found["train:loss"] == [
        MetricValue(start + timedelta(seconds=0.5), 0.9),
        MetricValue(start + timedelta(seconds=1), 0.5),
    ]
    assert {name: [point.value for point in points] for name, points in found.items()} == metric_series(
        LINES, DEFINITIONS
    )


def test_regexes_are_read_as_java_does_and_what_python_cannot_read_catches_nothing() -> None:
    definitions = [
        {"Name": "possessive", "Regex": "loss=([0-9.]++)"},
        {"Name": "java only", "Regex": "loss=([0-9&&[^5]]+)"},
        {"Name": "no part in the match", "Regex": "loss=0|accuracy=(.*)"},
    ]
    assert metric_series(["loss=0.25"], definitions) == {
        "possessive": [0.25],
        "java only": [],
        "no part in the match": [],
    }


def test_the_final_values_are_those_of_the_service_that_are_numbers() -> None:
    listed = [{"MetricName": "loss", "Value": 0.25}, {"MetricName": "f1", "Value": float("nan")}]
    assert final_metrics({"FinalMetricDataList": listed}) == {"loss": 0.25}
    assert final_metrics({}) == {}
