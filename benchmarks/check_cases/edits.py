"""Edits of a request: values by the path at which they are set, in the spelling that findings use."""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Mapping
from typing import Any, TypeAlias

# A value of None removes the field: no field of AWS takes null.
Edits: TypeAlias = Mapping[str, Any]

STEP = re.compile(r'\[(?P<key>"(?:[^"\\]|\\.)*")\]|\[(?P<index>\d+)\]|\.?(?P<name>[^.\[\]]+)')


class Null:
    """A null that is really sent, where the edit None would remove the field."""


def edited(request: Mapping[str, Any], edits: Edits) -> dict[str, Any]:
    """A copy of the request with the edits made, in their order; a list's next index appends."""
    result = copy.deepcopy(dict(request))
    for path, value in edits.items():
        _set(result, steps_of(path), None if isinstance(value, Null) else copy.deepcopy(value), removes=value is None)
    return result


def steps_of(path: str) -> list[str | int]:
    """``["InputDataConfig", 0, "ChannelName"]`` of ``InputDataConfig[0].ChannelName``."""
    return [found["name"] or json.loads(found["key"] or found["index"]) for found in STEP.finditer(path)]


def step_into(path: str, step: str | int) -> str:
    """The path of an entry of the object or list at ``path``."""
    if isinstance(step, int):
        return f"{path}[{step}]"
    if not re.fullmatch(r"[\w-]+", step):
        return f"{path}[{json.dumps(step)}]"
    return f"{path}.{step}" if path else step


def related(one: str, other: str) -> bool:
    """Whether two paths are the same place, or one lies within the other."""
    first, second = steps_of(one), steps_of(other)
    shared = min(len(first), len(second))
    return first[:shared] == second[:shared]


def _set(place: Any, steps: list[str | int], value: Any, *, removes: bool) -> None:
    *way, last = steps
    for step in way:
        place = place.setdefault(step, {}) if isinstance(place, dict) else place[step]
    if removes:
        del place[last]
    elif isinstance(place, list) and last == len(place):
        place.append(value)
    else:
        place[last] = value
