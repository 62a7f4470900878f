"""RuleParameters hold strings; the typed fields of a rule say what is accepted and what was meant.

The forms are the service's: ``"True"`` and ``"False"``, ``"1e-7"``, lists as one string with commas,
``"None"`` for an optional value that is not given (the SageMaker SDK sends ``str(value)`` for everything).
"""

from __future__ import annotations

import dataclasses
import operator
import re
import types
from collections.abc import Callable, Mapping
from typing import Any, get_args, get_origin, get_type_hints

NONE_TYPE = type(None)
TRUTH = {"True": True, "true": True, "False": False, "false": False}


class ParameterError(ValueError):
    """RuleParameters that a rule does not take. ``problems``: one sentence for each."""

    def __init__(self, problems: list[str]) -> None:
        self.problems = tuple(problems)
        super().__init__("; ".join(problems))


def _split(text: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in text.split(",") if part.strip())


# type of the field: (how its text is read, what to give instead)
READERS: dict[Any, tuple[Callable[[str], Any], str]] = {
    bool: (TRUTH.__getitem__, "True or False"),
    int: (int, "a whole number"),
    float: (float, "a number"),
    str: (str, "text"),
    tuple: (_split, "a list with commas"),
}

# name of the bound: (holds for value and bound, how it is told)
BOUNDS: dict[str, tuple[Callable[[Any, Any], bool], str]] = {
    "minimum": (operator.ge, "at least"),
    "above": (operator.gt, "above"),
    "below": (operator.lt, "below"),
}


def parameter(
    default: Any,
    *,
    minimum: float | None = None,
    above: float | None = None,
    below: float | None = None,
    choices: tuple[str, ...] = (),
    regex: bool = False,
) -> Any:
    """A field of a rule with AWS's default and its accepted range; ``regex``: a list of regular expressions."""
    bounds = {"minimum": minimum, "above": above, "below": below}
    accepted = {name: bound for name, bound in bounds.items() if bound is not None}
    return dataclasses.field(default=default, metadata={"bounds": accepted, "choices": choices, "regex": regex})


def parse_parameters(rule: type, texts: Mapping[str, str]) -> dict[str, Any]:
    """Keyword arguments for ``rule``. Raises ParameterError, which lists every problem at once."""
    hints = get_type_hints(rule)
    known = {field.name: field for field in dataclasses.fields(rule) if field.init}
    values: dict[str, Any] = {}
    problems = []
    for name, text in texts.items():
        if name not in known:
            problems.append(f"{name}: unknown parameter ({rule.__name__} takes {', '.join(sorted(known))})")
            continue
        try:
            values[name] = _read(str(text), hints[name], known[name].metadata)
        except (ValueError, KeyError):
            accepted = _accepted(hints[name], known[name].metadata)
            problems.append(f"{name}: {text!r} is not accepted (give {accepted})")
    if problems:
        raise ParameterError(problems)
    return values


def _read(text: str, hint: Any, metadata: Mapping[str, Any]) -> Any:
    kind, optional = _kind(hint)
    if optional and text == "None":
        return None
    value = READERS[kind][0](text)
    if metadata.get("choices") and value not in metadata["choices"]:
        raise ValueError
    if not all(BOUNDS[name][0](value, bound) for name, bound in metadata.get("bounds", {}).items()):
        raise ValueError
    for pattern in value if metadata.get("regex") else ():
        _compile(pattern)
    return value


def _compile(pattern: str) -> None:
    try:
        re.compile(pattern)
    except re.error as error:
        raise ValueError from error


def _accepted(hint: Any, metadata: Mapping[str, Any]) -> str:
    kind, optional = _kind(hint)
    text = "regular expressions with commas between them" if metadata.get("regex") else READERS[kind][1]
    bounds = [f"{BOUNDS[name][1]} {bound}" for name, bound in metadata.get("bounds", {}).items()]
    text = " or ".join(metadata.get("choices", ())) or " ".join([text, " and ".join(bounds)]).strip()
    return f"{text}, or None" if optional else text


def _kind(hint: Any) -> tuple[Any, bool]:
    """``int | None`` is an int that may be None; ``tuple[str, ...]`` is a tuple."""
    members = get_args(hint) if isinstance(hint, types.UnionType) else (hint,)
    kind = next(member for member in members if member is not NONE_TYPE)
    return get_origin(kind) or kind, NONE_TYPE in members
