"""A script's argument parser as far as it can be known from its text, and what argparse would do with an option.

https://docs.python.org/3/library/argparse.html
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sm_raw.validation.code.folder import Python

# The functions of type= that are known well enough to be called here.
TYPES: Mapping[str, Callable[[str], object]] = {
    "builtins.str": str,
    "builtins.int": int,
    "builtins.float": float,
    "builtins.bool": bool,
    "json.loads": json.loads,
}
WITHOUT_VALUE = {"store_true", "store_false", "store_const", "append_const", "count", "help", "version", "boolean"}
WITH_VALUE = {"store", "append", "extend"}
# What argparse takes for a negative number; any other text with a dash before it is an option. -1e-5 is no number of
# the older versions, which are those up to Python 3.12.
OLD_NEGATIVE_NUMBER = re.compile(r"-\d+|-\d*\.\d+")
NEGATIVE_NUMBER = re.compile(r"-\.?\d.*")
LAST_OLD_PYTHON = (3, 12)


@dataclass(eq=False)
class Group:
    """Arguments of which at most one may be given."""

    parser: Parser
    is_exclusive: bool = False
    is_required: bool = False


@dataclass(frozen=True, eq=False)
class Argument:
    """One call of add_argument. ``type`` and ``choices`` are None, ``action`` is empty, where they are not known."""

    options: tuple[str, ...]
    name: str
    place: str
    action: str = "store"
    nargs: object = None
    type: str | None = "builtins.str"
    choices: tuple[Any, ...] | None = None
    is_required: bool = False
    group: Group | None = None

    @property
    def is_flag(self) -> bool:
        return self.action in WITHOUT_VALUE

    @property
    def label(self) -> str:
        """``--batch-size (train.py:41)``"""
        longest = max(self.options, key=len, default=self.name)
        return f"{longest} ({self.place})"

    def refusal(self, given: str, python: Python | None = None) -> str | None:
        """Why argparse does not take this text as the one value of the option; None where it does, or may."""
        if self.action not in WITH_VALUE:
            return None
        if isinstance(self.nargs, int) and self.nargs > 1:
            return f"{self.label} takes {self.nargs} values, and a hyperparameter is one; give it nargs='+'"
        if _looks_like_an_option(given, python):
            return f"{given!r} begins with a dash, so argparse takes it for an option and {self.label} gets no value"
        if self.type is None or self.converted(given) is not None:
            return None
        wanted = {"builtins.int": "a whole number", "builtins.float": "a number"}.get(self.type, "JSON")
        return f"{given!r} is refused by type={self.type.split('.', 1)[1]} of {self.label}; give {wanted}"

    def converted(self, given: str) -> tuple[object] | None:
        """(the value that type= makes of the text,), or None where it makes none or type= is not known."""
        if self.type is None:
            return None
        try:
            return (TYPES[self.type](given),)
        except (ValueError, RecursionError):
            return None


@dataclass(frozen=True)
class Parse:
    """A call that parses the command line: only what it knows, or more than the command line."""

    is_partial: bool
    is_extended: bool


@dataclass(eq=False)
class Parser:
    """``is_open``: it may take arguments that are not listed here. ``is_opaque``: nothing can be said about it."""

    arguments: list[Argument] = field(default_factory=list)
    groups: list[Group] = field(default_factory=list)
    parses: list[Parse] = field(default_factory=list)
    abbreviates: bool = True
    reads_files: bool = False
    is_open: bool = False
    is_opaque: bool = False

    @property
    def is_strict(self) -> bool:
        """Whether an option that it does not know ends the script."""
        return any(not parse.is_partial for parse in self.parses)

    @property
    def positionals(self) -> list[Argument]:
        return [argument for argument in self.arguments if not argument.options]

    def matching(self, option: str) -> list[Argument]:
        """The arguments that the option may mean: by its name, or else by a beginning of it."""
        if exact := [argument for argument in self.arguments if option in argument.options]:
            return exact
        if self.is_open or not self.abbreviates:
            return []
        return [each for each in self.arguments if any(name.startswith(option) for name in each.options)]

    def known_names(self) -> Sequence[str]:
        """The names by which hyperparameters can reach it."""
        options = (option for argument in self.arguments for option in argument.options)
        return sorted({option.lstrip("-") for option in options if option not in ("-h", "--help")})


def _looks_like_an_option(given: str, python: Python | None) -> bool:
    is_old = python is not None and python <= LAST_OLD_PYTHON
    number = OLD_NEGATIVE_NUMBER if is_old else NEGATIVE_NUMBER
    return len(given) > 1 and given[0] == "-" and " " not in given and not number.fullmatch(given)
