"""How an explanation is laid out for people: nothing twice, and nothing wider than a terminal."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterator, Sequence

from sm_raw.aws.failures.tracebacks import as_written

WIDTH = 80
SHORTEST_END = 12
"""The end of a line that a reason quotes, cut by the service, is known for one if it has more characters."""

QUOTED = re.compile(r'^ErrorMessage "|"$')
"""What the training toolkit puts around the lines of the script that it quotes in a reason."""


def wrapped(text: str, head: str) -> list[str]:
    lines = []
    for number, line in enumerate(text.splitlines()):
        start = head if number == 0 else " " * len(head)
        lines += textwrap.wrap(
            line, WIDTH, initial_indent=start, subsequent_indent=" " * len(head), break_on_hyphens=False
        )
    return lines


def without(lines: Sequence[str], told: Sequence[str]) -> str:
    """The lines of a text that are not among those ``told``, nor the ends of one, as the service cuts them."""
    known = [line.strip() for line in told if line.strip()]

    def is_told(line: str) -> bool:
        bare = QUOTED.sub("", as_written(line).strip())
        return bool(bare) and any(one == bare or (len(bare) > SHORTEST_END and one.endswith(bare)) for one in known)

    return "\n".join(line for line in lines if not is_told(line))


def quoted(lines: Sequence[str], most_rows: int) -> Iterator[str]:
    """The lines behind a bar; a long one goes on in further rows, at most so many."""
    for line in lines:
        text = line.expandtabs(4).rstrip()
        margin = " " * (len(text) - len(text.lstrip()) + 4)
        rows = textwrap.wrap(
            text,
            WIDTH,
            initial_indent="  | ",
            subsequent_indent=f"  | {margin[: WIDTH // 2]}",
            drop_whitespace=False,
            break_on_hyphens=False,
        )
        if len(rows) > most_rows:
            rows[most_rows - 1 :] = [rows[most_rows - 1][: WIDTH - 1] + "…"]
        yield from (row.rstrip() for row in rows or ["  |"])
