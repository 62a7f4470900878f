"""The promise of log following, against a service that misbehaves in every way it is known to."""

from __future__ import annotations

import bisect
import itertools
import json
import random
from collections import Counter, defaultdict
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError, ConnectionClosedError
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sm_raw.aws.logs.following import LATE_MILLISECONDS, SAVED_EVENTS, LogPosition, LogReader
from sm_raw.aws.logs.reading import iter_log_events
from sm_raw.aws.logs.streams import LogEvent, asking
from sm_raw.errors import SmRawError

GROUP = "/aws/sagemaker/TrainingJobs"
PAGE = 3
POLL_SECONDS = 2.0


class BadService:
    """CloudWatch Logs on a bad day. Time passes when somebody sleeps.

    ``script``: (arrival in ms, stream, timestamp, text). Tokens stand behind an event, in order of time: what arrives
    later with an earlier time is not behind them. Half of all calls are throttled; others break down, repeat
    the page before, or are empty with a token that leads on. A listing may leave a stream out.
    """

    def __init__(self, script: list[tuple[int, str, int, str]], seed: int, *, bad: bool = True) -> None:
        self.now = 0
        self._random, self._bad = random.Random(seed), bad
        self._script = sorted(script, key=lambda item: item[0])
        self._streams: dict[str, list[tuple[int, int, str, int]]] = defaultdict(list)
        self._serial = itertools.count()
        self._last_pages: dict[str, list[Any]] = {}
        self.calls = 0

    def sleep(self, seconds: float) -> None:
        self.now += int(seconds * 1000)

    def is_over(self) -> bool:
        return not self._script or self.now > self._script[-1][0]

    def describe_log_streams(self, **request: Any) -> dict[str, Any]:
        self._answer("DescribeLogStreams")
        names = sorted(name for name in self._streams if name.startswith(request.get("logStreamNamePrefix", "")))
        if self._bad and names and not self.is_over() and self._random.random() < 0.2:
            names.remove(self._random.choice(names))
        first = int(request.get("nextToken", 0))
        page: dict[str, Any] = {"logStreams": [{"logStreamName": name} for name in names[first : first + 2]]}
        return page | ({"nextToken": str(first + 2)} if first + 2 < len(names) else {})

    def get_log_events(self, **request: Any) -> dict[str, Any]:
        self._answer("GetLogEvents")
        stream, token = request["logStreamName"], request.get("nextToken")
        events = self._streams[stream]
        if not request["startFromHead"]:
            return self._page(events[-request["limit"] :], "")
        timestamp, serial, _ = (int(part) for part in token.split("/")) if token else (-1, -1, 0)
        begin = bisect.bisect_right(events, (timestamp, serial, "\U0010ffff", 0))
        begin = max(begin, bisect.bisect_left(events, (request.get("startTime", 0), -1, "", 0)))
        page = events[begin : begin + PAGE]
        if page and self._bad and self._random.random() < 0.15:
            return self._page([], f"{timestamp}/{serial}/{self.calls}")
        if page and self._bad and token and self._last_pages.get(token) and self._random.random() < 0.15:
            return self._page(self._last_pages[token], f"{timestamp}/{serial}/{self.calls}")
        if not page:
            return self._page([], token or "-1/-1/0")
        token = f"{page[-1][0]}/{page[-1][1]}/0"
        self._last_pages = {token: page}
        return self._page(page, token)

    def _page(self, events: list[tuple[int, int, str, int]], token: str) -> dict[str, Any]:
        return {
            "events": [{"timestamp": at, "message": text, "ingestionTime": came} for at, _, text, came in events],
            "nextForwardToken": token,
        }

    def _answer(self, operation: str) -> None:
        self.calls += 1
        while self._script and self._script[0][0] <= self.now:
            came, stream, at, text = self._script.pop(0)
            bisect.insort(self._streams[stream], (at, next(self._serial), text, came))
        if not self._bad:
            return
        luck = self._random.random()
        if luck < 0.5:
            raise ClientError({"Error": {"Code": "ThrottlingException", "Message": "Rate exceeded"}}, operation)
        if luck < 0.6:
            raise ConnectionClosedError(endpoint_url="https://logs")
        if luck < 0.65:
            error = {"Error": {"Code": "ServiceUnavailableException", "Message": ""}}
            raise ClientError(error, operation)


@st.composite
def scripts(draw: st.DrawFn) -> list[tuple[int, str, int, str]]:
    """Two streams that write at the same time, equal lines among theirs, some of them late by up to a minute."""
    script = []
    for stream in ("job/algo-1", "job/algo-2"):
        came = newest = 0
        for number in range(draw(st.integers(0, 25))):
            came += draw(st.sampled_from([1, 1, 2, 700, 5_000, 40_000]))
            late = draw(st.sampled_from([0, 0, 0, 1, 2_000, LATE_MILLISECONDS - 1]))
            at = max(0, max(newest, 100_000 + came) - late)
            newest = max(newest, at)
            twins = draw(st.sampled_from([1, 1, 1, 2]))
            script += [(came, stream, at, draw(st.sampled_from(["step", f"line {number}"])))] * twins
    return script


def written(script: list[tuple[int, str, int, str]]) -> Counter[tuple[str, int, str]]:
    return Counter((stream, at, text) for _, stream, at, text in script)


def read(events: Iterator[LogEvent] | list[LogEvent]) -> Counter[tuple[str, int, str]]:
    return Counter((event.stream, event.timestamp, event.message) for event in events)


@pytest.fixture(autouse=True)
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Here more than half of the calls fail, for ever: as many attempts as that needs."""
    monkeypatch.setattr("sm_raw.aws.logs.streams.ATTEMPTS", 60)


FREELY = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@FREELY
@given(script=scripts(), seed=st.integers(0, 2**32))
def test_every_line_comes_once_whatever_the_service_does(script: list[tuple[int, str, int, str]], seed: int) -> None:
    service: Any = BadService(script, seed)
    events = iter_log_events(
        service, GROUP, "job/", follow_until=service.is_over, poll_seconds=POLL_SECONDS, sleep=service.sleep
    )
    assert read(events) == written(script)


@FREELY
@given(
    script=scripts(), seed=st.integers(0, 2**32), cuts=st.lists(st.integers(1, 12), max_size=6), broken=st.booleans()
)
def test_a_reading_that_breaks_off_anywhere_goes_on_right_there(
    script: list[tuple[int, str, int, str]], seed: int, cuts: list[int], broken: bool
) -> None:
    service: Any = BadService(script, seed)
    position, got = LogPosition(), []
    for cut in [*cuts, None]:
        events = iter_log_events(
            service,
            GROUP,
            "job/",
            follow_until=service.is_over,
            poll_seconds=POLL_SECONDS,
            position=position,
            sleep=service.sleep,
        )
        got += list(itertools.islice(events, cut))
        if not broken:  # Another process, to which the position came as a document.
            position = LogPosition.from_json(json.loads(json.dumps(position.as_json())))
    assert read(got) == written(script)


def test_an_event_that_arrives_behind_the_token_is_found(fake_time: Any) -> None:
    script = [(0, "job/a", 100_000, "first"), (3_000, "job/a", 41_000, "late"), (90_000, "job/a", 190_000, "last")]
    service: Any = BadService(script, 0, bad=False)
    events = iter_log_events(service, GROUP, "job/", follow_until=service.is_over, sleep=service.sleep)
    assert [event.message for event in events] == ["first", "late", "last"]


def test_lines_of_one_round_are_in_order_of_time_across_streams() -> None:
    script = [(0, f"job/{stream}", 10 * line + stream, f"{line}.{stream}") for line in range(5) for stream in range(3)]
    service: Any = BadService(script, 0, bad=False)
    events = list(iter_log_events(service, GROUP, "job/"))
    assert [event.timestamp for event in events] == sorted(event.timestamp for event in events)
    assert len(events) == 15


def test_a_silent_stream_costs_one_call_in_a_round_and_less_and_less() -> None:
    service: Any = BadService([(0, "job/a", 1, "one")], 0, bad=False)
    reader = LogReader(asking(service), GROUP, "job/")
    assert len(list(reader.round())) == 1
    costs = []
    for _ in range(150):
        before = service.calls
        assert list(reader.round()) == []
        costs.append(service.calls - before)
    assert costs[:5] == [2, 2, 2, 2, 2]  # One to list the streams, one to read.
    assert sum(costs[-60:]) < 80


def test_a_token_that_never_comes_twice_does_not_hold_up_the_reading() -> None:
    class Endless(BadService):
        def get_log_events(self, **request: Any) -> dict[str, Any]:
            page = super().get_log_events(**request)
            return page | {"nextForwardToken": page["nextForwardToken"].rpartition("/")[0] + f"/{self.calls}"}

    service: Any = Endless([(0, "job/a", 1, "one"), (5_000, "job/a", 2, "two")], 0, bad=False)
    events = iter_log_events(service, GROUP, "job/", follow_until=service.is_over, sleep=service.sleep)
    assert [event.message for event in events] == ["one", "two"]


def test_lines_that_come_after_the_end_are_waited_for() -> None:
    script = [(0, "job/a", 1, "one"), (9_000, "job/a", 2, "after the end")]
    for linger, messages in ((0.0, ["one"]), (10.0, ["one", "after the end"])):
        service: Any = BadService(script, 0, bad=False)
        events = iter_log_events(
            service, GROUP, "job/", follow_until=lambda: True, linger_seconds=linger, sleep=service.sleep
        )
        assert [event.message for event in events] == messages


def test_a_position_stays_small_and_what_is_none_is_refused() -> None:
    script = [(0, "job/a", number, f"line {number}") for number in range(3 * SAVED_EVENTS)]
    service: Any = BadService(script, 0, bad=False)
    position = LogPosition()
    assert len(list(iter_log_events(service, GROUP, "job/", position=position))) == len(script)
    saved = position.as_json()
    assert len(json.dumps(saved)) < 40_000
    again = LogPosition.from_json(saved)
    assert list(iter_log_events(service, GROUP, "job/", position=again)) == []
    with pytest.raises(SmRawError, match="no position in a log"):
        LogPosition.from_json({"job/a": {"newest": 1}})


def test_an_error_that_is_no_passing_trouble_passes_through_and_the_position_holds() -> None:
    class Denied(BadService):
        denies = False

        def _answer(self, operation: str) -> None:
            super()._answer(operation)
            if self.denies:
                raise ClientError({"Error": {"Code": "ExpiredTokenException", "Message": "expired"}}, operation)

    script = [(0, "job/a", number, f"line {number}") for number in range(10)]
    service: Any = Denied(script, 0, bad=False)
    position, got = LogPosition(), []
    events = iter_log_events(service, GROUP, "job/", position=position)
    got += [next(events).message for _ in range(2)]
    service.denies = True
    with pytest.raises(ClientError, match="expired"):
        got.extend(event.message for event in events)
    service.denies = False
    got += [event.message for event in iter_log_events(service, GROUP, "job/", position=position)]
    assert got == [f"line {number}" for number in range(10)]
