from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from sm_raw.local.job_logs import BATCH, LogStream, MetricReader


class Logs:
    """What a log stream needs of CloudWatch Logs; ``broken`` refuses every event."""

    class exceptions:  # noqa: N801  (boto3's spelling)
        class ResourceAlreadyExistsException(Exception):
            pass

    def __init__(self, *, broken: bool = False) -> None:
        self.broken = broken
        self.batches: list[list[dict[str, Any]]] = []

    def create_log_group(self, **request: Any) -> None:
        raise self.exceptions.ResourceAlreadyExistsException

    def create_log_stream(self, **request: Any) -> None:
        self.created = request

    def put_log_events(self, **request: Any) -> None:
        if self.broken:
            raise ConnectionError("nobody there")
        self.batches.append(request["logEvents"])


def messages(logs: Logs) -> list[str]:
    return [event["message"] for batch in logs.batches for event in batch]


def test_lines_arrive_in_order_and_in_batches() -> None:
    logs = Logs()
    stream = LogStream(logs, "group", "job/algo-1-1").open()  # type: ignore[arg-type]
    for number in range(BATCH + 5):
        stream.write(str(number))
    stream.write("")
    stream.close()
    assert logs.created == {"logGroupName": "group", "logStreamName": "job/algo-1-1"}
    assert messages(logs) == [*map(str, range(BATCH + 5)), " "]
    assert all(len(batch) <= BATCH for batch in logs.batches)
    assert list(stream.tail)[-2:] == [str(BATCH + 4), ""]


def test_events_of_many_threads_are_in_order_of_time() -> None:
    logs = Logs()
    stream = LogStream(logs, "g", "s").open()  # type: ignore[arg-type]
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda number: stream.write(str(number)), range(500)))
    stream.close()
    times = [event["timestamp"] for batch in logs.batches for event in batch]
    assert times == sorted(times)
    assert sorted(map(int, messages(logs))) == list(range(500))


def test_a_clock_that_is_set_back_does_not_disorder_the_log(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = iter([100.0, 50.0, 101.0])
    monkeypatch.setattr("sm_raw.local.job_logs.time.time", lambda: next(clock))
    logs = Logs()
    stream = LogStream(logs, "g", "s")  # type: ignore[arg-type]
    for line in "abc":
        stream.write(line)
    monkeypatch.undo()
    stream.open().close()
    assert [event["timestamp"] for event in logs.batches[0]] == [100_000, 100_000, 101_000]


def test_a_log_that_cannot_be_sent_is_told_once_and_keeps_its_tail(capsys: pytest.CaptureFixture[str]) -> None:
    stream = LogStream(Logs(broken=True), "g", "s").open()  # type: ignore[arg-type]
    stream.write("the last word")
    stream.close()
    stream.close()
    assert capsys.readouterr().err == "sm_raw local: the log g s ends here: nobody there\n"
    assert list(stream.tail) == ["the last word"]


def test_closing_a_stream_that_was_never_opened_does_nothing() -> None:
    before = threading.active_count()
    LogStream(Logs(), "g", "s").close()  # type: ignore[arg-type]
    assert threading.active_count() == before


DEFINITIONS = [
    {"Name": "loss", "Regex": "loss=(\\S+);"},
    {"Name": "step", "Regex": "step (\\p{Digit}+)"},
    {"Name": "either", "Regex": "either=(\\d+)?"},
]


@pytest.mark.parametrize(
    ("line", "points"),
    [
        ("loss=0.5;", [("loss", 0.5)]),
        ("loss=1e-3; loss=2;", [("loss", 0.001), ("loss", 2.0)]),
        ("step 7: loss=-1;", [("loss", -1.0), ("step", 7.0)]),
        ("loss=nan; loss=inf; loss=-inf; loss=1e999;", []),
        ("loss=none;", []),
        ("either=", []),
        ("nothing here", []),
    ],
)
def test_every_finite_value_in_a_line_is_a_point(line: str, points: list[tuple[str, float]]) -> None:
    reader = MetricReader(DEFINITIONS)
    reader.read(line)
    assert [(point.name, point.value) for point in reader.points] == points


def test_the_last_value_of_each_metric_is_final() -> None:
    reader = MetricReader(DEFINITIONS)
    for line in ("loss=3;", "step 1", "loss=2;", "loss=nan;"):
        reader.read(line)
    assert [(item["MetricName"], item["Value"]) for item in reader.final()] == [("loss", 2.0), ("step", 1.0)]


def test_points_are_published_in_calls_that_the_service_takes() -> None:
    calls: list[dict[str, Any]] = []

    class CloudWatch:
        def put_metric_data(self, **request: Any) -> None:
            calls.append(request)

    reader = MetricReader(DEFINITIONS)
    for _ in range(BATCH + 1):
        reader.read("loss=1;")
    reader.publish(CloudWatch(), "job")  # type: ignore[arg-type]
    assert [(call["Namespace"], len(call["MetricData"])) for call in calls] == [
        ("/aws/sagemaker/TrainingJobs", BATCH),
        ("/aws/sagemaker/TrainingJobs", 1),
    ]
    datum = calls[1]["MetricData"][0]
    assert (datum["MetricName"], datum["Value"], datum["Dimensions"]) == (
        "loss",
        1.0,
        [{"Name": "TrainingJobName", "Value": "job"}],
    )
