"""E5xx: scheduled actions."""

from __future__ import annotations

import re
import zoneinfo
from collections.abc import Iterator
from datetime import datetime, timezone
from functools import cache

from sm_raw.validation.findings import Finding, Request
from sm_raw.validation.reading import is_absent, text
from sm_raw.validation.rules.base import Rule
from sm_raw.validation.rules.scaling_policies import API
from sm_raw.validation.wording import did_you_mean, shown

RATE = re.compile(r"rate\([1-9]\d* (minute|hour|day)s?\)")
AT = re.compile(r"at\((\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)\)")
CRON = re.compile(r"cron\(\s*([\w*?/,#-]+(?:\s+[\w*?/,#-]+)*)\s*\)")


class ScheduleRule(Rule):
    """A rule about a scheduled action."""

    operations = ("PutScheduledAction",)
    source = f"{API}/API_PutScheduledAction.html"


class ScheduleHasAForm(ScheduleRule):
    """Schedule is at(...), rate(...) or cron(...) with six fields."""

    id = "E540"

    def check(self, request: Request) -> Iterator[Finding]:
        schedule = text(request.get("Schedule"))
        fault = _unreadable(schedule) if schedule is not None else None
        if fault is not None:
            yield self.finding("Schedule", f"{shown(schedule)} {fault}")


def _unreadable(schedule: str) -> str | None:
    """What is wrong with the text of a schedule."""
    once, cron = AT.fullmatch(schedule), CRON.fullmatch(schedule)
    if once is not None:
        return None if _moment(once[1]) is not None else "is no date and time of the calendar; correct it"
    if cron is not None:
        fields = len(cron[1].split())
        return None if fields == 6 else f"has {fields} fields; give six: minutes hours day month weekday year"
    if RATE.fullmatch(schedule):
        return None
    return "is no schedule; give at(2030-01-31T08:00:00), rate(12 hours) or cron(0 8 ? * MON-FRI *)"


class CronNamesOneDay(ScheduleRule):
    """Of the day of the month and the day of the week in cron(...), one is a question mark."""

    id = "W541"
    source = (
        "https://docs.aws.amazon.com/autoscaling/application/userguide/scheduled-scaling-using-cron-expressions.html"
    )

    def check(self, request: Request) -> Iterator[Finding]:
        cron = CRON.fullmatch(text(request.get("Schedule")) or "")
        fields = cron[1].split() if cron is not None else []
        if len(fields) == 6 and "?" not in (fields[2], fields[4]):
            message = f"{fields[2]!r} and {fields[4]!r} both choose the day; write ? for one of them"
            yield self.finding("Schedule", message)


class EndIsAfterStart(ScheduleRule):
    """EndTime of a scheduled action is after its StartTime."""

    id = "E542"

    def check(self, request: Request) -> Iterator[Finding]:
        start, end = _moment(request.get("StartTime")), _moment(request.get("EndTime"))
        if start is not None and end is not None and end <= start:
            given, begun = shown(request["EndTime"]), shown(request["StartTime"])
            yield self.finding("EndTime", f"{given} is not after StartTime ({begun}); give a later one")


def _moment(value: object) -> datetime | None:
    """The time that ISO 8601 spells, in UTC where it names no zone; None for anything else."""
    spelt = text(value)
    try:
        moment = datetime.fromisoformat(spelt.replace("Z", "+00:00")) if spelt is not None else None
    except ValueError:
        return None
    return moment and (moment if moment.tzinfo else moment.replace(tzinfo=timezone.utc))


class NewActionIsComplete(ScheduleRule):
    """An action that is new has a Schedule and a ScalableTargetAction with a bound of the capacity."""

    id = "W543"

    def check(self, request: Request) -> Iterator[Finding]:
        if is_absent(request, "Schedule"):
            yield self.finding("Schedule", "missing; an action that is not there yet needs it")
        action = request.get("ScalableTargetAction", {})
        if is_absent(action, "MinCapacity") and is_absent(action, "MaxCapacity"):
            yield self.finding("ScalableTargetAction", "changes nothing; give MinCapacity, MaxCapacity or both")


class RateHasNoTimezone(ScheduleRule):
    """Timezone is for at(...) and cron(...): a rate counts from when it is set."""

    id = "W544"

    def check(self, request: Request) -> Iterator[Finding]:
        if RATE.fullmatch(text(request.get("Schedule")) or "") and not is_absent(request, "Timezone"):
            yield self.finding("Timezone", "has no effect on a rate; remove it, or give at(...) or cron(...)")


class TimezoneExists(ScheduleRule):
    """Timezone is one of the IANA database."""

    id = "W545"

    def check(self, request: Request) -> Iterator[Finding]:
        name = text(request.get("Timezone"))
        if name is not None and (known := known_timezones()) and name not in known:
            hint = did_you_mean(name, sorted(known)) or "give one such as Europe/Zurich"
            yield self.finding("Timezone", f"{name!r} is no time zone; {hint}")


@cache
def known_timezones() -> frozenset[str]:
    """The names of this machine's database; empty where it is missing, or lacks old names such as US/Pacific."""
    names = frozenset(zoneinfo.available_timezones())
    return names if "US/Pacific" in names else frozenset()
