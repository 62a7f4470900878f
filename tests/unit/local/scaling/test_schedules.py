from __future__ import annotations

import itertools
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest

from sm_raw.local.scaling.schedules import fits, is_due, is_readable

# A Friday, the 28th, at 08:15 UTC.
NOW = datetime(2025, 11, 28, 8, 15, tzinfo=timezone.utc)
MINUTE = timedelta(minutes=1)


@pytest.mark.parametrize(
    ("expression", "fitting"),
    [
        ("15 8 * * ? *", True),
        ("15 8 ? * FRI *", True),
        ("15 8 ? * MON-FRI *", True),
        ("15 8 ? * 6 *", True),  # Sunday is 1
        ("15 8 ? * SAT,SUN *", False),
        ("0/15 8-18 ? NOV MON-FRI 2025-2026", True),
        ("0/20 8 * * ? *", False),
        ("*/5 */4 28 11 ? 2025", True),
        ("15 9-17/2 * * ? *", False),
        ("15 8 28,29 NOV,DEC ? *", True),
        ("15 8 28 11 ? 2026", False),
        ("15 8 L * ? *", False),  # the last day is the 30th
        ("15 8 ? * 6L *", True),  # the last Friday
        ("15 8 ? * FRI#4 *", True),
        ("15 8 ? * 6#3 *", False),
        ("15 8 28W * ? *", True),
        ("15 8 29W * ? *", True),  # the 29th is a Saturday
        ("15 8 30W * ? *", True),  # the 30th is a Sunday, and the next Monday another month's
        ("15 8 LW * ? *", True),
        ("15 8 27W * ? *", False),
        ("15 8 ? * L *", False),  # Saturday
    ],
)
def test_minutes_of_a_cron_expression(expression: str, fitting: bool) -> None:
    assert fits(expression, NOW) is fitting


def test_a_working_day_is_looked_for_within_its_month() -> None:
    monday_the_third = datetime(2025, 11, 3, tzinfo=timezone.utc)
    assert fits("0 0 1W * ? *", monday_the_third)  # the 1st is a Saturday
    assert fits("0 0 2W * ? *", monday_the_third)  # the 2nd is a Sunday
    assert fits("0 0 L 2 ? *", datetime(2024, 2, 29, tzinfo=timezone.utc))
    assert fits("0 0 ? * SUN *", datetime(2025, 11, 2, tzinfo=timezone.utc))


@pytest.mark.parametrize(
    ("schedule", "readable"),
    [
        ("cron(0 8 ? * MON-FRI *)", True),
        ("rate(5 minutes)", True),
        ("cron(60 8 * * ? *)", False),
        ("cron(0 8 ? * FOO *)", False),
        ("cron(0/0 8 * * ? *)", False),
        ("cron(0 8 32 * ? *)", False),
        ("cron(0 8 XW * ? *)", False),
        ("cron(0 18-8 * * ? *)", False),
    ],
)
def test_cron_expressions_that_nobody_can_read(schedule: str, readable: bool) -> None:
    assert is_readable(schedule) is readable


@pytest.mark.parametrize(
    ("fields", "due"),
    [
        ({"Schedule": "at(2025-11-28T08:15:00)"}, True),
        ({"Schedule": "at(2025-11-28T08:14:00)"}, False),  # it was, at the last look
        ({"Schedule": "at(2025-11-28T08:15:01)"}, False),
        ({"Schedule": "at(2025-11-28T09:15:00)", "Timezone": "Europe/Zurich"}, True),
        ({"Schedule": "cron(15 8 * * ? *)"}, True),
        ({"Schedule": "cron(15 9 * * ? *)", "Timezone": "Europe/Zurich"}, True),
        ({"Schedule": "cron(15 9 * * ? *)"}, False),
        ({"Schedule": "cron(15 8 * * ? *)", "StartTime": NOW + MINUTE}, False),
        ({"Schedule": "cron(15 8 * * ? *)", "StartTime": NOW}, True),
        ({"Schedule": "cron(15 8 * * ? *)", "EndTime": NOW - MINUTE}, False),
        ({"Schedule": "rate(5 minutes)", "CreationTime": NOW - 5 * MINUTE}, True),
        ({"Schedule": "rate(5 minutes)", "CreationTime": NOW - 6 * MINUTE}, False),
        ({"Schedule": "rate(5 minutes)", "CreationTime": NOW - 10 * MINUTE}, True),
        ({"Schedule": "rate(1 minute)", "CreationTime": NOW}, False),
        ({"Schedule": "rate(1 hour)", "CreationTime": NOW, "StartTime": NOW - 60 * MINUTE}, True),
        ({"Schedule": "rate(1 day)", "CreationTime": NOW - 24 * 60 * MINUTE, "EndTime": NOW - MINUTE}, False),
    ],
)
def test_what_is_due_in_the_last_minute(fields: dict[str, Any], due: bool) -> None:
    assert is_due(fields, (NOW - MINUTE).timestamp(), NOW.timestamp()) is due


def test_a_rate_goes_with_the_time_scale_and_the_calendar_does_not() -> None:
    rate = {"Schedule": "rate(1 hour)", "CreationTime": NOW - MINUTE}
    assert is_due(rate, NOW.timestamp() - 1, NOW.timestamp(), time_scale=60)
    assert not is_due(rate, NOW.timestamp() - 1, NOW.timestamp(), time_scale=59)
    assert not is_due({"Schedule": "cron(16 8 * * ? *)"}, NOW.timestamp() - 1, NOW.timestamp(), time_scale=60)


def test_a_schedule_that_is_looked_at_often_is_due_once_a_minute() -> None:
    looks = [NOW.timestamp() - 30 + second for second in range(61)]
    cron = {"Schedule": "cron(* * * * ? *)"}
    assert sum(is_due(cron, since, now) for since, now in itertools.pairwise(looks)) == 1


def test_what_was_due_while_the_machine_slept_is_not_made_up_for() -> None:
    yesterday = (NOW - 24 * 60 * MINUTE).timestamp()
    assert not is_due({"Schedule": "cron(0 5 * * ? *)"}, yesterday, NOW.timestamp())
    assert is_due({"Schedule": "cron(0 8 * * ? *)"}, yesterday, NOW.timestamp())
