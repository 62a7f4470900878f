"""The pages of CloudWatch Logs: which streams a group has, what is in one of them, and the last lines of all.

Streams are found with DescribeLogStreams and read with GetLogEvents. FilterLogEvents would need one call for all
streams, but it walks through every stream of a group that has thousands of them, and not every emulator of the
service honours its prefix.
https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_GetLogEvents.html
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

from sm_raw.aws.calls import call, error_code, ride_out

if TYPE_CHECKING:
    from botocore.client import BaseClient

Ask = Callable[[str, Mapping[str, Any]], dict[str, Any]]
"""Sends an operation that reads, and rides out what may pass: (operation, request) to the response."""

ATTEMPTS = 12
"""For one call: more than elsewhere, as a log is read by many calls and each of them may meet a bad minute."""

TAIL_PAGES = 5
"""Pages of one stream that a tail reads at most: empty ones may come before the last events."""

STALE_MILLISECONDS = 2 * 3600 * 1000
"""The service tells the time of a stream's last event late, "typically" by less than an hour.

https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_LogStream.html
"""


@dataclass(frozen=True)
class LogEvent:
    """One line. ``timestamp``: milliseconds since 1970, UTC, as the service counts."""

    timestamp: int
    stream: str
    message: str
    ingestion_time: int = field(default=0, compare=False, repr=False)

    @property
    def time(self) -> datetime:
        return datetime.fromtimestamp(self.timestamp / 1000, tz=timezone.utc)


@dataclass(frozen=True)
class StreamList:
    """The streams of a group, each with the time of its last event if that is known. ``pages``: what they cost."""

    last_times: Mapping[str, int | None]
    pages: int

    def since(self, timestamp: int | None) -> list[str]:
        """The names of those that may hold an event of that time or later."""
        return [
            name
            for name, last in self.last_times.items()
            if timestamp is None or last is None or last + STALE_MILLISECONDS >= timestamp
        ]


def asking(client: BaseClient, sleep: Callable[[float], None] = time.sleep) -> Ask:
    """What asks through ``client``, for as long as a bad minute lasts."""
    return lambda operation, request: ride_out(lambda: call(client, operation, request), attempts=ATTEMPTS, sleep=sleep)


def list_streams(ask: Ask, log_group: str, stream_prefix: str) -> StreamList:
    """All streams, page by page. (A paginator could not take up again after a broken page.)"""
    request: dict[str, Any] = {"logGroupName": log_group}
    if stream_prefix:  # The service takes no empty prefix.
        request["logStreamNamePrefix"] = stream_prefix
    found: dict[str, int | None] = {}
    pages = 0
    while True:
        page = unless_absent(ask, "DescribeLogStreams", request)
        pages += 1
        for stream in page.get("logStreams", ()):
            found[stream["logStreamName"]] = stream.get("lastIngestionTime")
        if not page.get("nextToken"):
            return StreamList(found, pages)
        request["nextToken"] = page["nextToken"]


def events_page(
    ask: Ask,
    log_group: str,
    stream: str,
    token: str | None,
    *,
    from_head: bool = True,
    limit: int | None = None,
    start: int | None = None,
    end: int | None = None,
) -> dict[str, Any]:
    """One page of a stream; an empty response if there is no such stream. Times: milliseconds, ``end`` exclusive."""
    request: dict[str, Any] = {"logGroupName": log_group, "logStreamName": stream, "startFromHead": from_head}
    optional = {"nextToken": token, "limit": limit, "startTime": start, "endTime": end}
    request.update((name, value) for name, value in optional.items() if value is not None)
    return unless_absent(ask, "GetLogEvents", request)


def events_of(page: Mapping[str, Any], stream: str) -> list[LogEvent]:
    return [
        LogEvent(event["timestamp"], stream, event["message"], event.get("ingestionTime", 0))
        for event in page.get("events", ())
    ]


def stream_tail(ask: Ask, log_group: str, stream: str, lines: int) -> list[LogEvent]:
    """The last events of one stream, oldest first; reads only its end."""
    events: list[LogEvent] = []
    token = None
    for _ in range(TAIL_PAGES):
        page = events_page(ask, log_group, stream, token, from_head=False, limit=lines)
        events = events_of(page, stream) + events
        if len(events) >= lines or page.get("nextBackwardToken") in (token, None):
            break
        token = page["nextBackwardToken"]
    return events[-lines:]


def unless_absent(ask: Ask, operation: str, request: Mapping[str, Any]) -> dict[str, Any]:
    """The response, or an empty one if the group or the stream does not exist."""
    from botocore.exceptions import ClientError

    try:
        return ask(operation, request)
    except ClientError as error:
        if error_code(error) == "ResourceNotFoundException":
            return {}
        raise
