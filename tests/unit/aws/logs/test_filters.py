from __future__ import annotations

from datetime import datetime, timedelta, timezone

import pytest

from sm_raw.aws.logs.filters import EVERY_LINE, LogFilter, moment
from sm_raw.aws.logs.streams import LogEvent
from sm_raw.errors import SmRawError

NOON = datetime(2026, 11, 21, 12, tzinfo=timezone.utc)
EVENT = LogEvent(int(NOON.timestamp() * 1000), "job/algo-2-1732147200", "Epoch 3: Loss=0.25")


@pytest.mark.parametrize(
    ("only", "taken"),
    [
        (EVERY_LINE, True),
        (LogFilter(contains="loss"), True),
        (LogFilter(contains="accuracy"), False),
        (LogFilter(matches=r"Loss=0\.\d+$"), True),
        (LogFilter(matches=r"^Loss"), False),
        (LogFilter(stream="algo-2"), True),
        (LogFilter(stream="algo-1"), False),
        (LogFilter(stream="job/*-1732147200"), True),
        (LogFilter(stream="*algo-1*"), False),
        (LogFilter(since=NOON), True),
        (LogFilter(until=NOON), False),
        (LogFilter(since=NOON + timedelta(seconds=1)), False),
        (LogFilter(until=NOON + timedelta(seconds=1)), True),
        (LogFilter(contains="epoch", matches="Loss", stream="algo", since=NOON), True),
    ],
)
def test_a_line_is_taken_if_it_is_all_that_is_asked_for(only: LogFilter, taken: bool) -> None:
    assert only.takes(EVENT) is taken


@pytest.mark.parametrize(
    ("text", "time"),
    [
        ("30s", NOON - timedelta(seconds=30)),
        ("15m", NOON - timedelta(minutes=15)),
        ("2h", NOON - timedelta(hours=2)),
        ("3d", NOON - timedelta(days=3)),
        ("2026-11-21T12:00:00Z", NOON),
        ("2026-11-21T13:00:00+01:00", NOON),
        ("2026-11-21T12:00", NOON),
        ("2026-11-21", NOON.replace(hour=0)),
    ],
)
def test_a_time_is_read_as_people_write_it(text: str, time: datetime) -> None:
    assert moment(text, NOON) == time


def test_what_cannot_be_used_is_refused() -> None:
    with pytest.raises(SmRawError, match="'yesterday' is no time; give 30s"):
        moment("yesterday", NOON)
    with pytest.raises(SmRawError, match="is no regular expression"):
        LogFilter(matches="(")
    with pytest.raises(SmRawError, match="has no zone"):
        LogFilter(since=datetime(2026, 11, 21))
