"""The words that findings share: how a value is shown, and which accepted values are near it."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence

LONGEST_SHOWN = 80
FEW = 8


def shown(value: object) -> str:
    """A value as a message shows it: on one line, cut when it is long."""
    return cut(repr(value))


def cut(text: str) -> str:
    """The text, or its beginning when it is long."""
    return text if len(text) <= LONGEST_SHOWN else f"{text[: LONGEST_SHOWN - 3]}..."


def listed(values: Iterable[object], conjunction: str = "or") -> str:
    """``a, b or c``."""
    words = [str(value) for value in values]
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} {conjunction} {words[-1]}"


def nearest(given: str, options: Iterable[str], *, count: int = 3) -> list[str]:
    """The options that look most like what was given, whatever its case; none when nothing is near."""
    by_lower = {option.lower(): option for option in options}
    return [by_lower[found] for found in difflib.get_close_matches(given.lower(), by_lower, n=count, cutoff=0.6)]


def did_you_mean(given: str, options: Sequence[str]) -> str:
    """``did you mean 'x'?``; without anything near, the options when they are few; else empty."""
    if near := nearest(given, options):
        return f"did you mean {listed(map(repr, near))}?"
    return f"give {listed(options)}" if options and len(options) <= FEW else ""
