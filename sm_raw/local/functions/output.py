"""What a function's process prints: the user's lines, and the runtime's messages among them."""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Callable
from typing import Any

TAIL_BYTES = 4096
"""How much of an invocation's log its caller can ask for; API reference of Invoke, LogResult."""

Message = dict[str, Any]


class Transcript:
    """Takes lines in their order; ``on_text`` gets those of the user's code, ``on_message`` what the runtime says.

    Before each message the runtime ends the line, so that text without a line end is a line of its own. Where nothing
    was to be ended this makes an empty line, which is taken away here: one is held back until it is known what follows.
    """

    def __init__(self, token: str, on_text: Callable[[str], object], on_message: Callable[[Message], object]) -> None:
        self._prefix, self._on_text, self._on_message = f"{token} ", on_text, on_message
        self._blank_held = False

    def read(self, line: str) -> None:
        """Take one line."""
        if line.startswith(self._prefix):
            self._blank_held = False
            self._take(json.loads(line.removeprefix(self._prefix)))
            return
        if self._blank_held:
            self._on_text("")
        self._blank_held = not line
        if line:
            self._on_text(line)

    def _take(self, message: Message) -> None:
        if "log" in message:
            self._on_text(message["log"])
        else:
            self._on_message(message)


class Tail:
    """The end of one invocation's log."""

    def __init__(self) -> None:
        # Each line takes one byte at least.
        self._lines: deque[str] = deque(maxlen=TAIL_BYTES)

    def add(self, line: str) -> None:
        """Take one line, or several in one event."""
        self._lines.append(line)

    def last_bytes(self) -> bytes:
        """The last 4 KB."""
        return "".join(f"{line}\n" for line in self._lines).encode()[-TAIL_BYTES:]
