from __future__ import annotations

from typing import Any

import pytest

from sm_raw.validation.rules import scheduled_scaling
from sm_raw.validation.rules.base import Rule

FORMS = "is no schedule; give at(2030-01-31T08:00:00), rate(12 hours) or cron(0 8 ? * MON-FRI *)"
SIX = "give six: minutes hours day month weekday year"


def found(rule: type[Rule], request: Any) -> list[tuple[str, str]]:
    return [(each.path, each.message) for each in rule("PutScheduledAction").check(request)]


@pytest.mark.parametrize(
    ("schedule", "fault"),
    [
        ("at(2030-01-31T08:00:00)", None),
        ("rate(1 minute)", None),
        ("rate(12 hours)", None),
        ("cron(0 8 ? * MON-FRI *)", None),
        ("cron(0/15 8-18 1,15 * ? 2030-2031)", None),
        ("cron(0 8 L * ? *)", None),
        ("${schedule}", None),
        ("at(2030-02-30T08:00:00)", "is no date and time of the calendar; correct it"),
        ("cron(0 8 * * *)", f"has 5 fields; {SIX}"),
        ("at(2030-01-31 08:00)", FORMS),
        ("rate(0 hours)", FORMS),
        ("rate(2 weeks)", FORMS),
        ("0 8 ? * MON-FRI *", FORMS),
        ("cron()", FORMS),
    ],
)
def test_schedule_has_a_form(schedule: str, fault: str | None) -> None:
    expected = [("Schedule", f"{schedule!r} {fault}")] if fault else []
    assert found(scheduled_scaling.ScheduleHasAForm, {"Schedule": schedule}) == expected


@pytest.mark.parametrize(
    ("rule", "request_", "findings"),
    [
        (scheduled_scaling.CronNamesOneDay, {"Schedule": "cron(0 8 ? * MON *)"}, []),
        (scheduled_scaling.CronNamesOneDay, {"Schedule": "cron(0 8 1 * ? *)"}, []),
        (scheduled_scaling.CronNamesOneDay, {"Schedule": "cron(0 8 * *)"}, []),
        (
            scheduled_scaling.CronNamesOneDay,
            {"Schedule": "cron(0 8 * * MON *)"},
            [("Schedule", "'*' and 'MON' both choose the day; write ? for one of them")],
        ),
        (
            scheduled_scaling.EndIsAfterStart,
            {"StartTime": "2030-01-01T00:00:00Z", "EndTime": "2030-01-02T00:00:00"},
            [],
        ),
        (scheduled_scaling.EndIsAfterStart, {"StartTime": "2030-01-01T00:00:00Z"}, []),
        (scheduled_scaling.EndIsAfterStart, {"StartTime": "${start}", "EndTime": "2030-01-01"}, []),
        (scheduled_scaling.EndIsAfterStart, {"StartTime": "soon", "EndTime": 1}, []),
        (
            scheduled_scaling.EndIsAfterStart,
            {"StartTime": "2030-01-02T00:00:00Z", "EndTime": "2030-01-02T01:00:00+02:00"},
            [
                (
                    "EndTime",
                    "'2030-01-02T01:00:00+02:00' is not after StartTime ('2030-01-02T00:00:00Z'); give a later one",
                )
            ],
        ),
        (
            scheduled_scaling.NewActionIsComplete,
            {"Schedule": "${schedule}", "ScalableTargetAction": {"MinCapacity": 0}},
            [],
        ),
        (scheduled_scaling.NewActionIsComplete, {"Schedule": "", "ScalableTargetAction": "${action}"}, []),
        (
            scheduled_scaling.NewActionIsComplete,
            {},
            [
                ("Schedule", "missing; an action that is not there yet needs it"),
                ("ScalableTargetAction", "changes nothing; give MinCapacity, MaxCapacity or both"),
            ],
        ),
        (
            scheduled_scaling.NewActionIsComplete,
            {"Schedule": "rate(1 day)", "ScalableTargetAction": {}},
            [("ScalableTargetAction", "changes nothing; give MinCapacity, MaxCapacity or both")],
        ),
        (scheduled_scaling.RateHasNoTimezone, {"Schedule": "cron(0 8 ? * MON *)", "Timezone": "Etc/GMT+9"}, []),
        (scheduled_scaling.RateHasNoTimezone, {"Schedule": "rate(1 day)"}, []),
        (
            scheduled_scaling.RateHasNoTimezone,
            {"Schedule": "rate(1 day)", "Timezone": "Etc/GMT+9"},
            [("Timezone", "has no effect on a rate; remove it, or give at(...) or cron(...)")],
        ),
    ],
)
def test_action(rule: type[Rule], request_: dict[str, Any], findings: list[tuple[str, str]]) -> None:
    assert found(rule, request_) == findings


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("Europe/Berlin", None),
        ("US/Pacific", None),
        ("${timezone}", None),
        ("Europe/Bern", "'Europe/Bern' is no time zone; did you mean 'Europe/Berlin'?"),
        ("MEZ", "'MEZ' is no time zone; give one such as Europe/Zurich"),
    ],
)
def test_timezone_exists(monkeypatch: pytest.MonkeyPatch, name: str, message: str | None) -> None:
    known = frozenset({"Europe/Berlin", "US/Pacific", *(f"Etc/GMT+{hours}" for hours in range(1, 9))})
    monkeypatch.setattr(scheduled_scaling, "known_timezones", lambda: known)
    expected = [("Timezone", message)] if message else []
    assert found(scheduled_scaling.TimezoneExists, {"Timezone": name}) == expected


@pytest.mark.parametrize("names", [set(), {"Europe/Berlin", "America/Los_Angeles"}])
def test_an_incomplete_database_tells_nothing_about_timezones(monkeypatch: pytest.MonkeyPatch, names: set[str]) -> None:
    monkeypatch.setattr("zoneinfo.available_timezones", lambda: names)
    scheduled_scaling.known_timezones.cache_clear()
    try:
        assert found(scheduled_scaling.TimezoneExists, {"Timezone": "Europe/Bern"}) == []
    finally:
        scheduled_scaling.known_timezones.cache_clear()
