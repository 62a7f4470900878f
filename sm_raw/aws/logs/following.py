"""New lines of a log's streams: none lost, none twice, though the service gives them late, again, or in bursts.

A forward token stands behind the newest event of its stream. An event that arrives after that with an earlier time
is never seen by who only goes on from tokens (https://github.com/aws/aws-sdk-cpp/issues/1073). So tokens serve for
the usual round, at one call for a stream that is silent; every so often, and at the end, the last minute of a
stream is read again, and what has been handed over is known by its digests. Events have no id here, and equal
lines in one millisecond are common, so digests are counted: the third of three equal lines is still a new one.
"""

from __future__ import annotations

import hashlib
import heapq
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from sm_raw.aws.logs.streams import Ask, LogEvent, StreamList, events_of, events_page, list_streams
from sm_raw.errors import SmRawError

LATE_MILLISECONDS = 60_000
"""How much older than the newest event of its stream an event may be when it arrives, and still be found."""

KEPT_EVENTS = 10_000
SAVED_EVENTS = 1_000
"""Of a stream that writes more than that in a minute, so many events are remembered, and saved in a position."""

LATE_LOOK_ROUNDS = 15
IDLE_ROUNDS = 10
"""A stream is asked less and less often once it has been silent for so many rounds, at most every 15th."""

EMPTY_PAGES, EMPTY_PAGES_AT_THE_END = 10, 100
"""Empty pages are no end of a stream, but one that is written to may never give the same token twice.

https://github.com/awslabs/aws-healthomics-tools/pull/67. After so many, the next round goes on from the last token.
"""

Key = tuple[int, str]


@dataclass
class StreamPosition:
    """Up to where one stream has been read.

    ``seen`` counts the digests of what was handed over, from ``window_start`` on. The last three fields matter to one
    reader only: a token lives for 24 hours. ``is_closed``: it was read to its end after its writer had ended.
    """

    newest: int = -1
    window_start: int = 0
    seen: Counter[Key] = field(default_factory=Counter)
    token: str | None = None
    idle_rounds: int = 0
    is_closed: bool = False

    def note(self, event: LogEvent) -> None:
        self.newest = max(self.newest, event.timestamp)
        self.seen[_key(event)] += 1

    def forget(self, before: int, kept: int = KEPT_EVENTS) -> None:
        """Forget what is older, and all but the newest; of each millisecond everything is kept or nothing."""
        times = sorted((timestamp for timestamp, _ in self.seen.elements()), reverse=True)
        crowded = times[kept] + 1 if len(times) > kept else 0
        start = min(self.newest, max(before, crowded, self.window_start))
        self.seen = Counter({key: count for key, count in self.seen.items() if key[0] >= start})
        self.window_start = max(start, 0)


class LogPosition:
    """Up to where a log has been read. Give one to a later reading, and that goes on where the first ended.

    ``as_json`` and ``from_json`` carry it to another process.
    """

    def __init__(self) -> None:
        self.streams: dict[str, StreamPosition] = {}

    def as_json(self) -> dict[str, Any]:
        """A small document: for each stream the time of its newest line, and digests of its last minute."""
        for place in self.streams.values():
            place.forget(place.window_start, SAVED_EVENTS)
        return {
            name: {
                "newest": place.newest,
                "window_start": place.window_start,
                "seen": [[timestamp, digest, count] for (timestamp, digest), count in sorted(place.seen.items())],
            }
            for name, place in self.streams.items()
            if place.newest >= 0
        }

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> LogPosition:
        position = cls()
        try:
            for name, place in document.items():
                seen = Counter({(int(at), str(digest)): int(count) for at, digest, count in place["seen"]})
                position.streams[name] = StreamPosition(int(place["newest"]), int(place["window_start"]), seen)
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            raise SmRawError(f"this is no position in a log, as LogPosition.as_json gives it: {error!r}") from error
        return position


class LogReader:
    """Reads on, round by round, in the streams of a group that begin with a prefix and that ``selects`` takes.

    ``position`` is moved on with each event that is handed over, and never before: whatever breaks a round, a
    further one, by this reader or a later one, goes on right there. ``since`` (inclusive) and ``until``
    (exclusive) are in milliseconds. Streams that ``has_ended`` tells of are read to their end and then left alone.
    """

    def __init__(
        self,
        ask: Ask,
        log_group: str,
        stream_prefix: str,
        *,
        position: LogPosition | None = None,
        since: int | None = None,
        until: int | None = None,
        selects: Callable[[str], bool] = lambda stream: True,
        has_ended: Callable[[str], bool] = lambda stream: False,
    ) -> None:
        self.position = LogPosition() if position is None else position
        self._ask, self._log_group, self._stream_prefix = ask, log_group, stream_prefix
        self._since, self._until, self._selects = since, until, selects
        self._has_ended = has_ended
        self._listed = StreamList({}, 1)
        self._rounds = 0

    def round(self, *, everything: bool = False) -> Iterator[LogEvent]:
        """What is new, ordered by time; with ``everything`` also what is late, and in streams long silent."""
        self._rounds += 1
        again = everything or self._rounds % LATE_LOOK_ROUNDS == 0
        passes = []
        for stream in self._streams(everything):
            place = self.position.streams.setdefault(stream, StreamPosition())
            last = everything or self._has_ended(stream)
            if not place.is_closed and (last or self._is_due(place)):
                passes.append(self._pass(stream, place, again or last, last))
        for event in heapq.merge(*passes, key=lambda event: event.timestamp):
            self.position.streams[event.stream].note(event)
            yield event

    def _streams(self, everything: bool) -> list[str]:
        """The streams, listed anew at about one call each round; one that a listing leaves out stays known."""
        if everything or (self._rounds - 1) % self._listed.pages == 0:
            new = list_streams(self._ask, self._log_group, self._stream_prefix)
            self._listed = StreamList({**self._listed.last_times, **new.last_times}, new.pages)
        return [stream for stream in self._listed.since(self._since) if self._selects(stream)]

    def _is_due(self, place: StreamPosition) -> bool:
        period = min(1 + place.idle_rounds // IDLE_ROUNDS, LATE_LOOK_ROUNDS)
        return self._rounds % period == 0

    def _pass(self, stream: str, place: StreamPosition, again: bool, last: bool) -> Iterator[LogEvent]:
        """The events of a stream that were not handed over, from the token on or, ``again``, from a minute before.

        That is a minute before the newest event at the last such pass: all that was late since then is later.
        """
        again = again or place.token is None
        newest = place.newest if place.newest >= 0 or last else self._newest(stream)
        most_empty = EMPTY_PAGES_AT_THE_END if last else EMPTY_PAGES
        ended = self._has_ended(stream)
        # No token until this pass has come to its end: after a broken one, the last minute is read again.
        token, place.token = None if again else place.token, None
        start = max(place.window_start, self._since or 0)
        told, before, empty, found = Counter(place.seen), None, 0, False
        while True:
            page = events_page(self._ask, self._log_group, stream, token, start=start or None, end=self._until)
            raw = page.get("events") or []
            # A page that comes twice in a row was not asked for twice.
            for event in events_of(page, stream) if raw != before else ():
                key = _key(event)
                told[key] -= 1
                if told[key] < 0 and event.timestamp >= start:
                    found = True
                    yield event
            before = raw or before
            empty = 0 if raw else empty + 1
            if page.get("nextForwardToken") in (token, None) or empty >= most_empty:
                break
            token = page["nextForwardToken"]
        place.token = page.get("nextForwardToken")
        place.idle_rounds = 0 if found else place.idle_rounds + 1
        place.is_closed = ended and not found
        if again and (newest >= 0 or last):
            place.forget((newest if newest >= 0 else place.newest) - LATE_MILLISECONDS)

    def _newest(self, stream: str) -> int:
        """The time of the newest event of a stream that has not been read yet."""
        page = events_page(self._ask, self._log_group, stream, None, from_head=False, limit=1)
        return max((event.timestamp for event in events_of(page, stream)), default=-1)


def read_on(
    reader: LogReader,
    *,
    is_over: Callable[[], bool] | None,
    poll_seconds: float,
    linger_seconds: float,
    sleep: Callable[[float], None],
    on_round: Callable[[bool], None] = lambda found: None,
) -> Iterator[LogEvent]:
    """Every event until ``is_over`` and, for ``linger_seconds`` after that, nothing more comes.

    Without ``is_over``, what is there is read once. ``on_round`` hears after each round whether it found any.
    """
    lingered = 0.0
    while True:
        # Asked before reading: what was written before the end is then surely read.
        over = is_over is None or is_over()
        found = False
        for event in reader.round(everything=over):
            found = True
            yield event
        on_round(found)
        if is_over is None or (over and not found and lingered >= linger_seconds):
            return
        lingered = (0.0 if found else lingered) + poll_seconds if over else 0.0
        sleep(poll_seconds)


def _key(event: LogEvent) -> Key:
    text = f"{event.ingestion_time} {event.message}".encode("utf-8", "surrogatepass")
    return event.timestamp, hashlib.blake2b(text, digest_size=6).hexdigest()
