"""Which lines of a log are wanted: by words, by pattern, by stream, by time."""

from __future__ import annotations

import fnmatch
import re
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from functools import cached_property

from sm_raw.aws.logs.streams import LogEvent
from sm_raw.errors import SmRawError

UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400}
AGO = re.compile(r"(?P<count>\d+)(?P<unit>[smhd])")


@dataclass(frozen=True)
class LogFilter:
    """What a line must be to be shown; what is not given, asks for nothing.

    ``contains``: text in the line, whatever its case. ``matches``: a regular expression found in it. ``stream``: a
    stream's name with wildcards (``*algo-2*``), or a part of it. ``since`` (inclusive) and ``until`` (exclusive):
    times with a zone.
    """

    contains: str = ""
    matches: str = ""
    stream: str = ""
    since: datetime | None = None
    until: datetime | None = None

    def __post_init__(self) -> None:
        try:
            re.compile(self.matches)
        except re.error as error:
            raise SmRawError(f"{self.matches!r} is no regular expression: {error}") from error
        for time in (self.since, self.until):
            if time is not None and time.tzinfo is None:
                raise SmRawError(f"{time.isoformat()} has no zone; add one, as in {time.isoformat()}+00:00")

    @property
    def start(self) -> int | None:
        """``since`` as the service counts."""
        return _milliseconds(self.since)

    @property
    def end(self) -> int | None:
        return _milliseconds(self.until)

    @property
    def takes_last_lines(self) -> bool:
        """Whether the last lines of the streams that it takes are among those that it takes, whatever they say."""
        return not self.contains and not self.matches and self.until is None

    def takes_stream(self, stream: str) -> bool:
        return fnmatch.fnmatchcase(stream, self.stream if "*" in self.stream else f"*{self.stream}*")

    def takes(self, event: LogEvent) -> bool:
        return (
            self.takes_stream(event.stream)
            and self.contains.casefold() in event.message.casefold()
            and self._pattern.search(event.message) is not None
            and (self.start is None or event.timestamp >= self.start)
            and (self.end is None or event.timestamp < self.end)
        )

    @cached_property
    def _pattern(self) -> re.Pattern[str]:
        return re.compile(self.matches)


EVERY_LINE = LogFilter()


def moment(text: str, now: datetime) -> datetime:
    """The time that "15m" (ago), "2026-11-21" or "2026-11-21T04:00:00Z" means; without a zone, UTC is meant."""
    if found := AGO.fullmatch(text):
        return now - timedelta(seconds=int(found["count"]) * UNITS[found["unit"]])
    try:
        # Before Python 3.11, fromisoformat takes no Z.
        time = datetime.fromisoformat(text.removesuffix("Z") + ("+00:00" if text.endswith("Z") else ""))
    except ValueError:
        raise SmRawError(f"{text!r} is no time; give 30s, 15m, 2h or 3d (ago), or 2026-11-21T04:00:00Z") from None
    return time if time.tzinfo else time.replace(tzinfo=timezone.utc)


def _milliseconds(time: datetime | None) -> int | None:
    return None if time is None else int(time.timestamp() * 1000)
