"""When a scheduled action is due. Pure.

Sources: https://docs.aws.amazon.com/autoscaling/application/APIReference/API_PutScheduledAction.html and, for cron
expressions, https://docs.aws.amazon.com/autoscaling/application/userguide/scheduled-scaling-using-cron-expressions.html
The libraries for cron read other dialects (days of the week from 0, seconds before the year); all that is needed here
is whether one minute fits.
"""

from __future__ import annotations

import calendar
import re
from collections.abc import Mapping
from datetime import datetime, timedelta, timezone
from typing import Any
from zoneinfo import ZoneInfo

AT = re.compile(r"at\((.+)\)")
RATE = re.compile(r"rate\((\d+) (minute|hour|day)s?\)")
CRON = re.compile(r"cron\((.+)\)")
UNIT_SECONDS = {"minute": 60, "hour": 3600, "day": 86400}
MINUTE = 60
EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)
# Who was not looked at for longer than this, as while a laptop slept, missed what was due.
LONGEST_LOOK_SECONDS = 3600
MONTHS = {name.upper(): number for number, name in enumerate(calendar.month_abbr) if name}
DAYS = {name: number for number, name in enumerate(("SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"), start=1)}
# Of the fields that are plain numbers: the words for them, and the least and the greatest.
PLAIN: dict[str, tuple[Mapping[str, int], int, int]] = {
    "minute": ({}, 0, 59),
    "hour": ({}, 0, 23),
    "month": (MONTHS, 1, 12),
    "year": ({}, 1970, 2199),
}


def is_due(action: Mapping[str, Any], since: float, now: float, time_scale: float = 1.0) -> bool:
    """Whether a scheduled action is to run for a time after ``since`` and not after ``now``, both epoch seconds.

    ``action`` is as boto3 describes it. A rate counts from StartTime, or from when it was put, and
    goes ``time_scale`` times as fast; at(...) and cron(...) tell times of the calendar, which goes as it does.
    """
    since = max(since, now - LONGEST_LOOK_SECONDS)
    start, end = _moment(action.get("StartTime")), _moment(action.get("EndTime"))
    schedule, zone = str(action["Schedule"]), action.get("Timezone")
    if once := at(schedule, zone):
        return since < once.timestamp() <= now
    if end is not None and now > end:
        return False
    if rate := RATE.fullmatch(schedule):
        first = start if start is not None else _moment(action["CreationTime"])
        return _passes(first or 0.0, int(rate[1]) * UNIT_SECONDS[rate[2]] / time_scale, since, now)
    cron = CRON.fullmatch(schedule)
    earliest = since if start is None else max(since, start - 1)
    return cron is not None and any(fits(cron[1], _local(moment, zone)) for moment in _minutes(earliest, now))


def at(schedule: str, zone: str | None) -> datetime | None:
    """The time of an at(...) expression, which is in UTC without ``zone``; None for another schedule."""
    once = AT.fullmatch(schedule)
    return datetime.fromisoformat(once[1]).replace(tzinfo=_zone(zone)) if once else None


def fits(expression: str, moment: datetime) -> bool:
    """Whether a minute is one of a cron expression: minutes, hours, day of month, month, day of week, year."""
    minute, hour, day, month, weekday, year = expression.upper().split()
    plain = {"minute": minute, "hour": hour, "month": month, "year": year}
    # Lists, and no short cuts: what cannot be read anywhere is to raise ValueError at any time.
    return all(
        [
            *[_holds(text, getattr(moment, field), *PLAIN[field]) for field, text in plain.items()],
            True in [_is_day(part, moment) for part in day.split(",")],
            True in [_is_weekday(part, moment) for part in weekday.split(",")],
        ]
    )


def is_readable(schedule: str) -> bool:
    """Whether a schedule of the right form can be followed: the fields of cron(...) have values that it knows."""
    cron = CRON.fullmatch(schedule)
    try:
        return cron is None or fits(cron[1], EPOCH) in {True, False}
    except ValueError:
        return False


def _passes(first: float, every: float, since: float, now: float) -> bool:
    """Whether a time that returns lies between two others; the first is the beginning itself."""
    return (now - first) // every > max(0.0, (since - first) // every)


def _minutes(since: float, now: float) -> list[float]:
    first = (int(since) // MINUTE + 1) * MINUTE
    return [float(moment) for moment in range(first, int(now) + 1, MINUTE)]


def _local(moment: float, zone: str | None) -> datetime:
    return datetime.fromtimestamp(moment, _zone(zone))


def _zone(name: str | None) -> ZoneInfo | timezone:
    return ZoneInfo(name) if name else timezone.utc


def _moment(value: datetime | None) -> float | None:
    return None if value is None else value.timestamp()


def _holds(text: str, value: int, names: Mapping[str, int], low: int, high: int) -> bool:
    return True in [_in_part(part, value, names, low, high) for part in text.split(",")]


def _in_part(part: str, value: int, names: Mapping[str, int], low: int, high: int) -> bool:
    """Whether a number is in one part of a field: ``*``, ``5``, ``MON-FRI``, ``*/15``, ``8-18/2``."""
    span, _, step = part.partition("/")
    first, _, last = span.partition("-")
    is_any, every = first in {"*", "?"}, int(step or 1)
    start = low if is_any else names.get(first) or int(first)
    end = (names.get(last) or int(last)) if last else (high if is_any or step else start)
    if not low <= start <= end <= high or every < 1:
        raise ValueError(part)
    return start <= value <= end and (value - start) % every == 0


def _is_day(part: str, moment: datetime) -> bool:
    """A part of the day of the month: also ``L`` the last, ``15W`` the working day nearest to the 15th, ``LW``."""
    last = calendar.monthrange(moment.year, moment.month)[1]
    if part == "L":
        return moment.day == last
    if part.endswith("W"):
        wanted = last if part == "LW" else int(part[:-1])
        return moment.day == _nearest_working_day(moment.replace(day=min(wanted, last)), last)
    return _in_part(part, moment.day, {}, 1, 31)


def _nearest_working_day(day: datetime, last: int) -> int:
    """The nearest day from Monday to Friday within the month."""
    if day.weekday() < 5:
        return day.day
    steps = (-1, 2) if day.weekday() == 5 else (1, -2)
    return next(day.day + step for step in steps if 1 <= day.day + step <= last)


def _is_weekday(part: str, moment: datetime) -> bool:
    """A part of the day of the week, 1 is Sunday: also ``6L`` the last Friday and ``6#3`` the third of a month."""
    weekday = (moment.isoweekday() % 7) + 1
    if part.endswith("L") and part != "L":
        is_last = (moment + timedelta(days=7)).month != moment.month
        return is_last and weekday == (DAYS.get(part[:-1]) or int(part[:-1]))
    if "#" in part:
        day, _, nth = part.partition("#")
        return weekday == (DAYS.get(day) or int(day)) and (moment.day - 1) // 7 + 1 == int(nth)
    return _in_part("7" if part == "L" else part, weekday, DAYS, 1, 7)
