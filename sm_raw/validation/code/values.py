"""What names of a script may stand for while it is followed without being run.

Plain values (text, numbers, tuples, dicts with known keys) stand for themselves; a list is kept as a tuple.
"""

from __future__ import annotations

import ast
from dataclasses import dataclass, field
from typing import Any

from sm_raw.validation.code.folder import Source
from sm_raw.validation.code.parsers import Group, Parser


class Unknown:
    """Any value: nothing is said about it."""


UNKNOWN = Unknown()


@dataclass(frozen=True)
class External:
    """Something that the folder does not define: ``argparse.ArgumentParser``, ``builtins.int``."""

    name: str


@dataclass(frozen=True)
class CommandLine:
    """The script's arguments. ``is_extended``: others stand beside them."""

    is_extended: bool = False


@dataclass(eq=False)
class Scope:
    """The names of a module or of a call; a module is its scope."""

    source: Source
    names: dict[str, Any] = field(default_factory=dict)
    outer: Scope | None = None
    globals: set[str] = field(default_factory=set)

    def find(self, name: str) -> Any:
        scope: Scope | None = self
        while scope is not None:
            if name in scope.names:
                return scope.names[name]
            scope = scope.outer
        return UNKNOWN

    def forget(self, name: str) -> None:
        """The value that the name stands for has changed."""
        scope: Scope | None = self
        while scope is not None and name not in scope.names:
            scope = scope.outer
        if scope is not None:
            scope.names[name] = UNKNOWN

    def bind(self, name: str, value: Any) -> None:
        home: Scope = self
        if name in self.globals:
            while home.outer is not None:
                home = home.outer
        home.names[name] = value


@dataclass(frozen=True, eq=False)
class Function:
    """A function of the folder, with the scope that it was defined in."""

    node: ast.FunctionDef | ast.AsyncFunctionDef
    scope: Scope

    @property
    def is_generator(self) -> bool:
        return any(isinstance(node, ast.Yield | ast.YieldFrom) for node in ast.walk(self.node))


@dataclass(frozen=True, eq=False)
class Method:
    """An attribute of a value, to be called."""

    owner: Any
    name: str


def is_known(value: object) -> bool:
    """Whether conditions on the value can be decided."""
    return not isinstance(value, Unknown | External | CommandLine | Method)


def parsers_in(value: object) -> list[Parser]:
    """The parsers that whoever gets this value can add arguments to."""
    if isinstance(value, Parser):
        return [value]
    if isinstance(value, Group):
        return [value.parser]
    if isinstance(value, Method):
        return parsers_in(value.owner)
    if isinstance(value, dict):
        value = tuple(value.values())
    return [parser for each in value for parser in parsers_in(each)] if isinstance(value, tuple) else []
