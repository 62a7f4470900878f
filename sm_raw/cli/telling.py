"""What the commands share: exit codes, the story on stderr, and how a command introduces itself."""

from __future__ import annotations

import argparse
import importlib
import sys
from collections.abc import Callable, Sequence
from typing import Any

SUCCESS, ERRORS, UNREADABLE, INTERRUPTED = 0, 1, 2, 130


def tell(line: str) -> None:
    """One line of the story."""
    print(line, file=sys.stderr)


def command(commands: Any, name: str, summary: str, examples: str) -> argparse.ArgumentParser:
    """A sub-command, with ``examples`` below its help."""
    parser: argparse.ArgumentParser = commands.add_parser(
        name,
        help=summary,
        description=f"{summary[0].upper()}{summary[1:]}.",
        epilog=examples,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    return parser


def later(action: str) -> Callable[[argparse.Namespace], int]:
    """An action of this package, ``module.function``, imported when it is called: other commands should not wait."""
    module, _, function = action.partition(".")

    def act(options: argparse.Namespace) -> int:
        code: int = getattr(importlib.import_module(f"sm_raw.cli.{module}"), function)(options)
        return code

    return act


def count(number: int, noun: str) -> str:
    """``1 error``, ``2 errors``."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def table(rows: Sequence[Sequence[str]]) -> str:
    """Rows of cells as lines with columns; the first row is the head."""
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    lines = ("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) for row in rows)
    return "\n".join(f"  {line}".rstrip() for line in lines)
