"""Instance types age faster than an installed botocore: which unknown ones may be new, which are mistakes."""

from __future__ import annotations

import re
from collections.abc import Sequence

from sm_raw.validation.wording import nearest

# ml.p6-b200.48xlarge: class p, generation 6, family p6-b200, size 48xlarge.
INSTANCE_TYPE = re.compile(
    r"ml\.(?P<family>(?P<kind>[a-z]+)(?P<generation>\d{1,2})[a-z0-9-]*)"
    r"\.(?P<size>nano|micro|small|medium|large|\d{0,3}xlarge|metal)"
)
COUNT = 3


def are_instance_types(options: Sequence[str]) -> bool:
    """Whether an enum lists instance types, whatever its shape is called."""
    return len(_parsed(options)) > len(options) / 2


def may_be_newer(value: str, options: Sequence[str]) -> bool:
    """Whether an unknown instance type may exist by now.

    It may when it is another size of a family among the options, or of the generation after the newest of its class.
    """
    given = INSTANCE_TYPE.fullmatch(value)
    if given is None:
        return False
    known = _parsed(options)
    if given["family"] in {match["family"] for match in known}:
        return True
    generations = [int(match["generation"]) for match in known if match["kind"] == given["kind"]]
    return int(given["generation"]) == max(generations, default=-1) + 1


def nearest_types(value: str, options: Sequence[str]) -> list[str]:
    """Options of the same or a similar family; without one, options of the same size."""
    if f"ml.{value}" in options:
        return [f"ml.{value}"]
    parts = value.lower().split(".")
    family, size = parts[-2] if len(parts) > 1 else value, parts[-1]
    known = _parsed(options)
    families = nearest(family, {match["family"] for match in known}, count=2)
    related = [match.string for match in known if match["family"] in families]
    same_size = [match.string for match in known if match["size"] == size]
    return nearest(value, related, count=COUNT) or related[:COUNT] or same_size[:COUNT]


def _parsed(options: Sequence[str]) -> list[re.Match[str]]:
    return [match for option in options if (match := INSTANCE_TYPE.fullmatch(option))]
