"""Log lines for people: each stream in its own colour, with a short name in front, times if asked for."""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterator, Mapping
from typing import TextIO

from sm_raw.aws.logs.streams import LogEvent

COLOURS = (36, 33, 32, 35, 34, 96, 93, 92, 95, 94)
"""ANSI foreground colours in which text can be read on dark and on light; red is left for errors."""

EPOCH = re.compile(r"-\d{10,13}$")
"""The service ends the names of hosts' streams with the time of their beginning."""


def wants_colour(out: TextIO, environ: Mapping[str, str]) -> bool:
    """Whether ``out`` is a terminal that shows colours, and nobody objects (https://no-color.org)."""
    return out.isatty() and not environ.get("NO_COLOR") and environ.get("TERM") != "dumb"


class LogPrinter:
    """Writes events to ``out``, one or more lines for each.

    The same stream has the same colour in every run, unless another one that came before has taken it. Names
    of streams are shown where there is more than one: always, never, or (None) from the second stream on.
    """

    def __init__(
        self, out: TextIO, *, colour: bool = False, names: bool | None = None, times: bool = False, prefix: str = ""
    ) -> None:
        self._out, self._colour, self._names, self._times, self._prefix = out, colour, names, times, prefix
        self._codes: dict[str, int] = {}

    def show(self, event: LogEvent) -> None:
        head = self._head(event)
        for line in _lines(event.message):
            self._out.write(f"{head}{line}\n")
        self._out.flush()

    def notice(self, text: str) -> None:
        """A line about the log, not of it."""
        self._out.write(self._paint(2, f"-- {text} --") + "\n")
        self._out.flush()

    def _head(self, event: LogEvent) -> str:
        code = self._code(event.stream)
        named = self._names if self._names is not None else len(self._codes) > 1
        time = f"{event.time:%Y-%m-%dT%H:%M:%S}.{event.timestamp % 1000:03d}Z " if self._times else ""
        name = self._paint(code, short_name(event.stream, self._prefix)) + " " if named else ""
        return time + name

    def _code(self, stream: str) -> int:
        """A colour by the stream's name, or the next one that is free."""
        if stream not in self._codes:
            first = zlib.crc32(stream.encode()) % len(COLOURS)
            wanted = [*COLOURS[first:], *COLOURS[:first]]
            taken = set(self._codes.values())
            self._codes[stream] = next((code for code in wanted if code not in taken), wanted[0])
        return self._codes[stream]

    def _paint(self, code: int, text: str) -> str:
        return f"\x1b[{code}m{text}\x1b[0m" if self._colour else text


def short_name(stream: str, prefix: str = "") -> str:
    """A stream's name as people know it: ``algo-1`` of ``digits-0417/algo-1-1732147200``, the prefix cut off."""
    return EPOCH.sub("", stream.removeprefix(prefix)) or stream


def _lines(message: str) -> Iterator[str]:
    """A progress bar overwrites its line by carriage returns: in a log, each state is a line of its own."""
    lines = message.replace("\r\n", "\n").replace("\r", "\n").rstrip("\n").split("\n")
    yield from (line for line in lines if line.strip() or len(lines) == 1)
