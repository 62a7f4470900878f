"""The log lines of a job, from every stream of it: none lost, none twice.

Streams are found with DescribeLogStreams and read with GetLogEvents, whose forward tokens make exactly-once
simple. FilterLogEvents would need one call for all streams, but can repeat and miss events that arrive
late, and not every emulator of the service honours its prefix.
"""

from __future__ import annotations

import heapq
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

from sm_raw.aws.calls import error_code, ride_out

if TYPE_CHECKING:
    from types_boto3_logs import CloudWatchLogsClient

Sleep = Callable[[float], None]

TAIL_PAGES = 5
"""Pages of one stream that ``tail`` reads at most: empty ones may come before the last events."""


@dataclass(frozen=True)
class LogEvent:
    """One line. ``timestamp``: milliseconds since 1970, UTC, as the service counts."""

    timestamp: int
    stream: str
    message: str

    @property
    def time(self) -> datetime:
        return datetime.fromtimestamp(self.timestamp / 1000, tz=timezone.utc)


def iter_log_events(
    client: CloudWatchLogsClient,
    log_group: str,
    stream_prefix: str,
    *,
    follow_until: Callable[[], bool] | None = None,
    poll_seconds: float = 2.0,
    sleep: Sleep = time.sleep,
) -> Iterator[LogEvent]:
    """Every event of the streams that begin with ``stream_prefix``, by time within each round of reading.

    A group or stream that does not exist (yet) has no events. Without ``follow_until`` what is there is
    read once. With it, reading goes on until ``follow_until()`` is true and nothing new is found after
    that.
    """
    tokens: dict[str, str] = {}
    while True:
        # Asked before reading: what was written before the end is then surely read.
        over = follow_until is None or follow_until()
        found = False
        for event in _new_events(client, log_group, stream_prefix, tokens, sleep):
            found = True
            yield event
        if over and (follow_until is None or not found):
            return
        sleep(poll_seconds)


def tail(
    client: CloudWatchLogsClient,
    log_group: str,
    stream_prefix: str,
    *,
    lines: int = 20,
    sleep: Sleep = time.sleep,
) -> list[LogEvent]:
    """The last events over all streams with that prefix, oldest first; reads only the ends of the streams."""
    events: list[LogEvent] = []
    for stream in _streams(client, log_group, stream_prefix, sleep):
        events += _stream_tail(client, log_group, stream, lines, sleep)
    return sorted(events, key=lambda event: event.timestamp)[-lines:]


def _new_events(
    client: CloudWatchLogsClient, log_group: str, stream_prefix: str, tokens: dict[str, str], sleep: Sleep
) -> Iterator[LogEvent]:
    streams = _streams(client, log_group, stream_prefix, sleep)
    readers = [_read_on(client, log_group, stream, tokens, sleep) for stream in streams]
    return heapq.merge(*readers, key=lambda event: event.timestamp)


def _streams(client: CloudWatchLogsClient, log_group: str, stream_prefix: str, sleep: Sleep) -> list[str]:
    """The names of all streams, page by page. (A paginator could not take up again after a broken page.)"""
    request: dict[str, Any] = {"logGroupName": log_group}
    if stream_prefix:  # The service takes no empty prefix.
        request["logStreamNamePrefix"] = stream_prefix
    names: list[str] = []
    while True:
        page = _unless_absent(lambda: client.describe_log_streams(**request), sleep)
        names += [stream["logStreamName"] for stream in page.get("logStreams", ())]
        if not page.get("nextToken"):
            return names
        request["nextToken"] = page["nextToken"]


def _read_on(
    client: CloudWatchLogsClient, log_group: str, stream: str, tokens: dict[str, str], sleep: Sleep
) -> Iterator[LogEvent]:
    """The events after ``tokens[stream]``, which is moved on with each page.

    The end of a stream is known by its token coming back unchanged; a page may be empty before that.
    """
    while True:
        token = tokens.get(stream)
        page = _events_page(client, sleep, log_group, stream, token, from_head=True)
        for event in page.get("events", ()):
            yield LogEvent(event["timestamp"], stream, event["message"])
        tokens[stream] = page.get("nextForwardToken", token or "")
        if tokens[stream] in (token, ""):
            return


def _stream_tail(client: CloudWatchLogsClient, log_group: str, stream: str, lines: int, sleep: Sleep) -> list[LogEvent]:
    events: list[LogEvent] = []
    token = None
    for _ in range(TAIL_PAGES):
        page = _events_page(client, sleep, log_group, stream, token, from_head=False, limit=lines)
        older = [LogEvent(event["timestamp"], stream, event["message"]) for event in page.get("events", ())]
        events = older + events
        if len(events) >= lines or page.get("nextBackwardToken") in (token, None):
            break
        token = page["nextBackwardToken"]
    return events[-lines:]


def _events_page(
    client: CloudWatchLogsClient,
    sleep: Sleep,
    log_group: str,
    stream: str,
    token: str | None,
    *,
    from_head: bool,
    limit: int | None = None,
) -> dict[str, Any]:
    request: dict[str, Any] = {"logGroupName": log_group, "logStreamName": stream, "startFromHead": from_head}
    if token:
        request["nextToken"] = token
    if limit:
        request["limit"] = limit
    return _unless_absent(lambda: client.get_log_events(**request), sleep)


def _unless_absent(request: Callable[[], Any], sleep: Sleep) -> dict[str, Any]:
    """The response, or an empty one if the group or the stream does not exist."""
    from botocore.exceptions import ClientError

    try:
        response: dict[str, Any] = ride_out(request, sleep=sleep)
    except ClientError as error:
        if error_code(error) == "ResourceNotFoundException":
            return {}
        raise
    return response
