"""Reading a request whose values may be missing, of any type, or placeholders of a recipe.

Rules read through these functions only, so that a malformed document (the schema's business) and one that is
not rendered yet never trip a rule: what cannot be known is None.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping
from typing import Any

# ${name} is a variable of a recipe, ${step.Some.Path} a result of an earlier step; IAM's ${aws:username} is none.
PLACEHOLDER = re.compile(r"\$\{[A-Za-z_][\w-]*(?:\.\w+|\[\d+\])*\}")
DECIMAL = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", re.ASCII)
INTEGER = re.compile(r"[+-]?\d{1,30}", re.ASCII)


def is_placeholder(value: object) -> bool:
    """Whether the value is text with a placeholder in it, and so not known before the recipe is rendered."""
    return isinstance(value, str) and PLACEHOLDER.search(value) is not None


def at(value: object, *steps: str) -> Any:
    """The value at the end of a chain of field names; None when the chain breaks off."""
    for step in steps:
        if not isinstance(value, Mapping):
            return None
        value = value.get(step)
    return value


def is_absent(value: object, *steps: str) -> bool:
    """Whether the chain breaks off at a missing field, not at a value that is unknown or odd."""
    for step in steps:
        if not isinstance(value, Mapping):
            return False
        if step not in value:
            return True
        value = value[step]
    return False


def text(value: object) -> str | None:
    """The text, or None for anything else and for text with a placeholder."""
    return value if isinstance(value, str) and not is_placeholder(value) else None


def number(value: object) -> float | None:
    """A finite JSON number (int stays int), or None."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return value if isinstance(value, int) or math.isfinite(value) else None


def written_integer(value: object) -> int | None:
    """The whole number that a string spells, as in the bounds of an integer range."""
    return int(value) if isinstance(value, str) and INTEGER.fullmatch(value) else None


def written_number(value: object) -> float | None:
    """The finite number that a string spells, as in the bounds of a continuous range."""
    if not isinstance(value, str) or len(value) > 256 or not DECIMAL.fullmatch(value):
        return None
    spelt = float(value)
    return spelt if math.isfinite(spelt) else None


def records(value: object) -> Iterator[tuple[int, Mapping[str, Any]]]:
    """(index, object) for each object of a list."""
    if isinstance(value, list | tuple):
        yield from ((index, item) for index, item in enumerate(value) if isinstance(item, Mapping))


def names(value: object) -> list[str]:
    """The texts among the keys of an object."""
    return [name for name in value if isinstance(name, str)] if isinstance(value, Mapping) else []
