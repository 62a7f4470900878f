"""Parsers and arguments from the values that argparse is called with."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sm_raw.validation.code.parsers import TYPES, WITH_VALUE, WITHOUT_VALUE, Argument, Group, Parser
from sm_raw.validation.code.values import UNKNOWN, External

NARGS = {"OPTIONAL": "?", "ZERO_OR_MORE": "*", "ONE_OR_MORE": "+", "REMAINDER": "...", "PARSER": "A..."}
SWALLOWING = ("...", "A...")

Named = Mapping[str | None, Any]


def new_parser(named: Named) -> Parser:
    """What ArgumentParser(...) makes."""
    parser = Parser(
        abbreviates=named.get("allow_abbrev", True) is not False,
        reads_files="fromfile_prefix_chars" in named,
        is_opaque=not named.keys().isdisjoint({None, "prefix_chars"}),
    )
    if named.get("add_help", True) is not False:
        parser.arguments.append(Argument(("-h", "--help"), "help", "argparse", action="help"))
    parents = named.get("parents", ())
    for parent in parents if isinstance(parents, tuple) else (UNKNOWN,):
        if isinstance(parent, Parser):
            parser.arguments += parent.arguments
            parser.groups += parent.groups
            parser.is_open |= parent.is_open
        else:
            parser.is_open = True
    return parser


def add_argument(
    parser: Parser, names: Sequence[Any], named: Named, place: str, *, group: Group | None, is_certain: bool
) -> None:
    """What add_argument(...) does to the parser."""
    if not names or not all(isinstance(name, str) for name in names):
        parser.is_open = True
        return
    is_option = names[0].startswith("-")
    action, nargs = _action(named), _nargs(named.get("nargs"))
    options = tuple(names) if is_option else ()
    if action == "boolean":
        options += tuple(f"--no-{name[2:]}" for name in names if name.startswith("--"))
    parser.is_opaque |= nargs in SWALLOWING
    argument = Argument(
        options,
        max(names, key=len).lstrip("-"),
        place,
        action="" if nargs is UNKNOWN else action,
        nargs=nargs,
        type=_type(named),
        choices=_choices(named.get("choices")),
        is_required=is_certain and None not in named and _is_required(named, nargs, is_option=is_option),
        group=group if group is not None and group.is_exclusive else None,
    )
    parser.arguments.append(argument)


def _action(named: Named) -> str:
    action = named.get("action", "store")
    if action == External("argparse.BooleanOptionalAction"):
        return "boolean"
    is_known = None not in named and isinstance(action, str) and action in WITH_VALUE | WITHOUT_VALUE
    return str(action) if is_known else ""


def _nargs(given: Any) -> Any:
    return NARGS.get(given.name.rpartition(".")[2], UNKNOWN) if isinstance(given, External) else given


def _type(named: Named) -> str | None:
    given = named.get("type", External("builtins.str"))
    is_known = None not in named and isinstance(given, External) and given.name in TYPES
    return str(given.name) if is_known else None


def _choices(given: Any) -> tuple[Any, ...] | None:
    given = tuple(given) if isinstance(given, dict) else given
    is_plain = isinstance(given, tuple) and all(isinstance(each, str | int | float | None) for each in given)
    return given if is_plain and given else None


def _is_required(named: Named, nargs: Any, *, is_option: bool) -> bool:
    if is_option:
        return named.get("required", False) is True
    return nargs is None or nargs == "+" or isinstance(nargs, int)
