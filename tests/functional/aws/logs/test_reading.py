from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError, ConnectionClosedError
from botocore.stub import Stubber

from sm_raw.aws.clients import Clients
from sm_raw.aws.logs.reading import LogEvent, iter_log_events, tail

Stub = Callable[[str], Stubber]
GROUP = "/aws/sagemaker/TrainingJobs"


class LogService:
    """CloudWatch Logs by the book: two events and two streams to a page, tokens that repeat at a stream's end.

    Every call fails once before it works, in turn by throttling and by a broken connection.
    """

    def __init__(self) -> None:
        self.streams: dict[str, list[tuple[int, str]]] = defaultdict(list)
        self.calls = 0

    def fault(self) -> None:
        self.calls += 1
        if self.calls % 4 == 1:
            raise ClientError({"Error": {"Code": "ThrottlingException", "Message": ""}}, "GetLogEvents")
        if self.calls % 4 == 3:
            raise ConnectionClosedError(endpoint_url="https://logs")

    def describe_log_streams(self, **request: Any) -> dict[str, Any]:
        self.fault()
        if not self.streams:
            raise ClientError({"Error": {"Code": "ResourceNotFoundException", "Message": ""}}, "DescribeLogStreams")
        names = sorted(name for name in self.streams if name.startswith(request["logStreamNamePrefix"]))
        first = int(request.get("nextToken", 0))
        page: dict[str, Any] = {"logStreams": [{"logStreamName": name} for name in names[first : first + 2]]}
        return page | ({"nextToken": str(first + 2)} if first + 2 < len(names) else {})

    def get_log_events(self, **request: Any) -> dict[str, Any]:
        self.fault()
        events = self.streams[request["logStreamName"]]
        limit = request.get("limit", 2)
        if request["startFromHead"]:
            start = int(request.get("nextToken", 0))
            stop = min(start + limit, len(events))
        else:
            stop = int(request.get("nextToken", len(events)))
            start = max(stop - limit, 0)
        return {
            "events": [{"timestamp": when, "message": text} for when, text in events[start:stop]],
            "nextForwardToken": str(stop),
            "nextBackwardToken": str(start),
        }


@pytest.fixture
def service() -> LogService:
    return LogService()


def messages(events: Any) -> list[str]:
    return [event.message for event in events]


def test_every_event_of_every_stream_comes_once_and_in_order_of_time(service: LogService, fake_time: Any) -> None:
    for host in range(3):
        service.streams[f"job/algo-{host}"] = [(10 * line + host, f"{line}.{host}") for line in range(5)]
    service.streams["other/algo-0"] = [(0, "not ours")]
    client: Any = service
    events = list(iter_log_events(client, GROUP, "job/", sleep=fake_time.sleep))
    assert messages(events) == [f"{line}.{host}" for line in range(5) for host in range(3)]
    assert events[0] == LogEvent(0, "job/algo-0", "0.0")
    assert events[0].time.isoformat() == "1970-01-01T00:00:00+00:00"


def test_following_finds_what_is_written_between_the_rounds_and_new_streams(
    service: LogService, fake_time: Any
) -> None:
    rounds = iter(
        [
            lambda: False,
            lambda: service.streams["job/a"].append((1, "first")) or False,
            lambda: False,
            lambda: (
                service.streams["job/a"].extend([(2, "second"), (4, "fourth")])
                or service.streams["job/b"].append((3, "third"))
                or False
            ),
            # The job has ended; its last line comes in the very round that notices it.
            lambda: service.streams["job/b"].append((5, "last")) or True,
            lambda: True,
        ]
    )
    client: Any = service
    events = iter_log_events(client, GROUP, "job/", follow_until=lambda: next(rounds)(), sleep=fake_time.sleep)
    assert messages(events) == ["first", "second", "third", "fourth", "last"]
    assert next(rounds, None) is None


def test_an_absent_group_has_no_events(clients: Clients, stub: Stub) -> None:
    for _ in range(2):
        stub("logs").add_client_error(
            "describe_log_streams",
            "ResourceNotFoundException",
            http_status_code=400,
            expected_params={"logGroupName": GROUP, "logStreamNamePrefix": "job/"},
        )
    assert list(iter_log_events(clients.logs, GROUP, "job/")) == []
    assert tail(clients.logs, GROUP, "job/") == []


def test_all_streams_of_a_group_are_asked_for_without_a_prefix(clients: Clients, stub: Stub) -> None:
    group = "/aws/sagemaker/Endpoints/e"
    stub("logs").add_response(
        "describe_log_streams", {"logStreams": [{"logStreamName": "AllTraffic/i-1"}]}, {"logGroupName": group}
    )
    named = {"logGroupName": group, "logStreamName": "AllTraffic/i-1", "startFromHead": True}
    stub("logs").add_response(
        "get_log_events", {"events": [{"timestamp": 7, "message": "up"}], "nextForwardToken": "f/1"}, named
    )
    # An empty page is no end yet: only the unchanged token is.
    stub("logs").add_response(
        "get_log_events", {"events": [], "nextForwardToken": "f/2"}, {**named, "nextToken": "f/1"}
    )
    stub("logs").add_response(
        "get_log_events", {"events": [], "nextForwardToken": "f/2"}, {**named, "nextToken": "f/2"}
    )
    assert list(iter_log_events(clients.logs, group, "")) == [LogEvent(7, "AllTraffic/i-1", "up")]


def test_other_refusals_pass_through(clients: Clients, stub: Stub) -> None:
    stub("logs").add_client_error("describe_log_streams", "AccessDeniedException", "no", 400)
    with pytest.raises(ClientError, match="AccessDenied"):
        list(iter_log_events(clients.logs, GROUP, "job/"))


@pytest.mark.parametrize(
    ("lines", "last"),
    [(3, ["a3", "b3", "a4"]), (1, ["a4"]), (100, ["a0", "b0", "a1", "b1", "a2", "b2", "a3", "b3", "a4"])],
)
def test_the_tail_is_that_of_all_streams_together(
    service: LogService, fake_time: Any, lines: int, last: list[str]
) -> None:
    service.streams["job/a"] = [(10 * line, f"a{line}") for line in range(5)]
    service.streams["job/b"] = [(10 * line + 5, f"b{line}") for line in range(4)]
    client: Any = service
    assert messages(tail(client, GROUP, "job/", lines=lines, sleep=fake_time.sleep)) == last
