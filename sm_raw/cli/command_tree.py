"""What the command line takes, read from its argparse parser: for completion, and for whoever else wants it as data."""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

Kind = Literal["flag", "text", "file", "folder"]

KINDS: Mapping[str, Kind] = {"FILE": "file", "MODEL": "file", "DIR": "folder", "NAME|DIR": "folder"}
"""What is completed for a metavar; for all others there is nothing on this disk to offer."""

Words = Mapping[str, Sequence[str]]
"""Metavar -> words that can be given for it, whatever the command."""


@dataclass(frozen=True)
class Argument:
    """An option, or with ``flags`` empty a positional argument. A "flag" takes no value."""

    flags: tuple[str, ...]
    summary: str
    metavar: str = ""
    kind: Kind = "flag"
    words: tuple[str, ...] = ()
    repeats: bool = False


@dataclass(frozen=True)
class Command:
    """One command; that of an empty name is the program itself."""

    name: str
    summary: str
    arguments: tuple[Argument, ...]

    @property
    def options(self) -> tuple[Argument, ...]:
        return tuple(each for each in self.arguments if each.flags)

    @property
    def positionals(self) -> tuple[Argument, ...]:
        return tuple(each for each in self.arguments if not each.flags)


def command_tree(parser: argparse.ArgumentParser, words: Words) -> list[Command]:
    """The program itself and then its commands, as the help lists them.

    argparse has no public way to list what was added; shtab and argcomplete, too, read ``_actions``.
    """
    found = [Command("", "", tuple(_arguments(parser, words)))]
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            summaries = {each.dest: each.help or "" for each in action._choices_actions}
            found += [
                Command(name, summaries.get(name, ""), tuple(_arguments(each, words)))
                for name, each in action.choices.items()
            ]
    return found


def _arguments(parser: argparse.ArgumentParser, words: Words) -> Iterator[Argument]:
    for action in parser._actions:
        if not isinstance(action, argparse._SubParsersAction) and action.help != argparse.SUPPRESS:
            yield _argument(action, words)


def _argument(action: argparse.Action, words: Words) -> Argument:
    flags, summary = tuple(action.option_strings), action.help or ""
    if action.nargs == 0:
        return Argument(flags, summary)
    metavar = str(action.metavar or action.dest.upper())
    choices: Sequence[Any] = list(action.choices) if action.choices is not None else words.get(metavar, ())
    repeats = not flags and action.nargs in ("*", "+")
    return Argument(flags, summary, metavar, KINDS.get(metavar, "text"), tuple(map(str, choices)), repeats)
