"""The progress that a person reads, on stderr: lines that stay, and on a terminal one line that moves."""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from typing import TextIO

MARKS = {"succeeded": "ok", "reused": "ok", "failed": "FAILED", "interrupted": "stopped", "skipped": "skipped"}
COLOURS = {"succeeded": "32", "reused": "36", "failed": "31", "interrupted": "33", "skipped": "2"}
CLEAR_LINE = "\r\033[K"


class Story:
    """Tells a run. Where the stream is no terminal, every line is plain and nothing moves."""

    def __init__(self, stream: TextIO | None = None, *, width: int | None = None) -> None:
        import shutil

        self._stream = stream or sys.stderr
        self.live = self._stream.isatty()
        self._width = width or shutil.get_terminal_size().columns
        self._started = time.monotonic()
        self._moving = ""

    def begin(self, name: str, what: str) -> None:
        """A step begins."""
        if self.live:
            self.progress(f"{name:<16} {what}")
        else:
            self.line(f"{name:<16} {what} ...")

    def end(self, name: str, status: str, detail: str, seconds: float) -> None:
        """A step ends."""
        mark = MARKS.get(status, status)
        self.line(f"{self._colour(f'{name:<16} {mark:<7}', COLOURS.get(status, ''))} {seconds:6.1f} s  {detail}")

    def progress(self, text: str) -> None:
        """What is happening now: the line that moves. Without a terminal it is told when it changes."""
        if text == self._moving:
            return
        self._moving = text
        if self.live:
            elapsed = f"{time.monotonic() - self._started:5.0f} s  "
            self._write(CLEAR_LINE + (elapsed + text)[: self._width - 1])
        else:
            self.line(f"  {text}")

    def log(self, line: str) -> None:
        """A line of a job's log."""
        self.line(self._colour(f"  | {line}", "2"))

    def line(self, text: str = "") -> None:
        """A line that stays."""
        self._write((CLEAR_LINE if self.live else "") + text + "\n")
        if self.live and self._moving:
            moving, self._moving = self._moving, ""
            self.progress(moving)

    def table(self, rows: Sequence[Sequence[str]]) -> None:
        """A table; the first row is its head."""
        widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
        for row in rows:
            self.line(("  " + "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True))).rstrip())

    def settle(self) -> None:
        """Nothing moves any more: take the moving line away."""
        self._moving = ""
        if self.live:
            self._write(CLEAR_LINE)

    def _colour(self, text: str, code: str) -> str:
        return f"\033[{code}m{text}\033[0m" if self.live and code else text

    def _write(self, text: str) -> None:
        self._stream.write(text)
        self._stream.flush()
