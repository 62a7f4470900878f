"""The log lines of jobs, endpoints and functions, from every stream of theirs: none lost, none twice."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from sm_raw.aws.job_kinds import JobKind, job_kind
from sm_raw.aws.logs.filters import EVERY_LINE, LogFilter
from sm_raw.aws.logs.following import LogPosition, LogReader, read_on
from sm_raw.aws.logs.sources import FUNCTION, FunctionSource, JobSource, LogSource
from sm_raw.aws.logs.streams import Ask, asking, list_streams, stream_tail
from sm_raw.aws.logs.streams import LogEvent as LogEvent
from sm_raw.aws.waiting.line import CallBudget, Line

if TYPE_CHECKING:
    from types_boto3_logs import CloudWatchLogsClient

    from sm_raw.aws.clients import Clients

Sleep = Callable[[float], None]

CALLS_PER_MINUTE = 300.0
"""A fifth of what an account may ask of GetLogEvents in most regions, 25 in a second.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/cloudwatch_limits_cwl.html
"""


def iter_log_events(
    client: CloudWatchLogsClient,
    log_group: str,
    stream_prefix: str,
    *,
    follow_until: Callable[[], bool] | None = None,
    poll_seconds: float = 2.0,
    linger_seconds: float = 0.0,
    only: LogFilter = EVERY_LINE,
    position: LogPosition | None = None,
    sleep: Sleep = time.sleep,
) -> Iterator[LogEvent]:
    """Every event of the streams that begin with ``stream_prefix``, by time within each round of reading.

    A group or stream that does not exist (yet) has no events. Without ``follow_until`` what is there is
    read once. With it, reading goes on until ``follow_until()`` is true and nothing new is found after
    that, for ``linger_seconds``. A ``position`` is moved on with every event; reading with it again goes on there.
    """
    reader = LogReader(
        asking(client, sleep),
        log_group,
        stream_prefix,
        position=position,
        since=only.start,
        until=only.end,
        selects=only.takes_stream,
    )
    events = read_on(
        reader, is_over=follow_until, poll_seconds=poll_seconds, linger_seconds=linger_seconds, sleep=sleep
    )
    yield from filter(only.takes, events)


def job_logs(
    clients: Clients,
    kind: JobKind | str,
    name: str,
    *,
    follow: bool = True,
    only: LogFilter = EVERY_LINE,
    last_lines: int | None = None,
    position: LogPosition | None = None,
    poll_seconds: float = 2.0,
    linger_seconds: float = 5.0,
    silence_seconds: float = 300.0,
    on_notice: Callable[[str], None] | None = None,
    refresh: Callable[[], Clients | None] | None = None,
    calls_per_minute: float | CallBudget = CALLS_PER_MINUTE,
    credentials_seconds: float = 3600.0,
    sleep: Sleep = time.sleep,
    clock: Callable[[], float] = time.monotonic,
) -> Iterator[LogEvent]:
    """The log of a job, endpoint or Lambda function (``kind`` "CreateFunction"), followed until that has ended.

    A tuning job's log is that of all its training jobs. An endpoint is followed until it fails or is deleted,
    a function until the caller stops. After the end, lines that are late are waited for ``linger_seconds``.
    ``on_notice`` is told when nothing was written for ``silence_seconds``, and how the job stands then; and of
    credentials that expired, which ``refresh`` renews or which are waited for. Without ``follow``, what is there
    is read once. Of what is there at first, ``last_lines`` are given, if that is not None. ``position`` as in
    iter_log_events: it holds whatever error ends the reading.
    """
    budget = calls_per_minute
    if not isinstance(budget, CallBudget):
        budget = CallBudget(budget, sleep=sleep, clock=clock)

    def line(service: str) -> Ask:
        return Line(
            clients.client(service),
            budget,
            timeout_seconds=float("inf"),
            credentials_seconds=credentials_seconds,
            refresh=_refresh(refresh, service),
            on_notice=on_notice,
            sleep=sleep,
            clock=clock,
        ).ask

    source: LogSource
    if kind == FUNCTION:
        source = FunctionSource(line("lambda"), name)
    else:
        source = JobSource(line("sagemaker"), job_kind(kind), name, clock)
    ask = line("logs")

    def selects(stream: str) -> bool:
        return source.selects(stream) and only.takes_stream(stream)

    since = only.start
    if last_lines is not None and only.takes_last_lines:
        since = start_of_tail(ask, source.log_group, source.stream_prefix, selects, last_lines, since)
    reader = LogReader(
        ask,
        source.log_group,
        source.stream_prefix,
        position=position,
        since=since,
        until=only.end,
        selects=selects,
        has_ended=source.has_ended,
    )
    if last_lines is not None:
        yield from deque(filter(only.takes, reader.round(everything=True)), maxlen=last_lines)
    if last_lines is not None and not follow:
        return
    silence = SilenceWatch(silence_seconds, source.state, on_notice, clock)
    events = read_on(
        reader,
        is_over=source.is_over if follow else None,
        poll_seconds=poll_seconds,
        linger_seconds=linger_seconds,
        sleep=sleep,
        on_round=silence.note,
    )
    yield from filter(only.takes, events)


class SilenceWatch:
    """Tells when nothing was found for a while, and again after each further while."""

    def __init__(
        self,
        seconds: float,
        state: Callable[[], str],
        tell: Callable[[str], None] | None,
        clock: Callable[[], float],
    ) -> None:
        self._seconds, self._state, self._tell, self._clock = seconds, state, tell, clock
        self._heard = clock()
        self._told = 0

    def note(self, found: bool) -> None:
        """After a round of reading."""
        now = self._clock()
        if found:
            self._heard, self._told = now, 0
        elif self._tell and (whiles := int((now - self._heard) // self._seconds)) > self._told:
            self._told = whiles
            self._tell(f"no output for {_duration(whiles * self._seconds)}; {self._state()}")


def tail(
    client: CloudWatchLogsClient,
    log_group: str,
    stream_prefix: str,
    *,
    lines: int = 20,
    sleep: Sleep = time.sleep,
) -> list[LogEvent]:
    """The last events over all streams with that prefix, oldest first; reads only the ends of the streams."""
    ask = asking(client, sleep)
    events: list[LogEvent] = []
    for stream in list_streams(ask, log_group, stream_prefix).last_times:
        events += stream_tail(ask, log_group, stream, lines)
    return sorted(events, key=lambda event: event.timestamp)[-lines:]


def start_of_tail(
    ask: Ask, log_group: str, stream_prefix: str, selects: Callable[[str], bool], lines: int, since: int | None
) -> int | None:
    """From which time on a log has to be read for its last lines; not before ``since``. Both in milliseconds."""
    streams = [stream for stream in list_streams(ask, log_group, stream_prefix).since(since) if selects(stream)]
    # Of no lines at all, too, the last one has to be known: what comes after it is new.
    wanted = max(lines, 1)
    times = sorted(event.timestamp for stream in streams for event in stream_tail(ask, log_group, stream, wanted))
    start = times[-wanted] if len(times) >= wanted else None
    return max((time for time in (start, since) if time is not None), default=None)


def _refresh(refresh: Callable[[], Clients | None] | None, service: str) -> Callable[[], Any] | None:
    """What a line of one service takes, from what makes new Clients."""
    if refresh is None:
        return None

    def client() -> Any:
        clients = refresh()
        return clients.client(service) if clients else None

    return client


def _duration(seconds: float) -> str:
    return f"{seconds / 60:.0f} min" if seconds >= 60 else f"{seconds:.0f} s"
