"""``${name}`` in a document stands for a variable, ``${step.Some.Path}`` for a result of an earlier step.

A string that is only a placeholder takes the value's own type; within a longer string it becomes text.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from sm_raw.errors import UnresolvedPlaceholder

PLACEHOLDER = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_-]*(?:\.[A-Za-z0-9_-]+)*)\}")

Resolve = Callable[[str], Any]


def render(document: Any, resolve: Resolve) -> Any:
    """A copy of ``document`` with every placeholder resolved."""
    if isinstance(document, Mapping):
        return {render(key, resolve): render(value, resolve) for key, value in document.items()}
    if isinstance(document, list):
        return [render(item, resolve) for item in document]
    if not isinstance(document, str):
        return document
    whole = PLACEHOLDER.fullmatch(document)
    if whole:
        return resolve(whole[1])
    return PLACEHOLDER.sub(lambda match: str(resolve(match[1])), document)


def placeholders(document: Any) -> Iterator[str]:
    """The names of all placeholders in a document, in order."""
    if isinstance(document, Mapping):
        for key, value in document.items():
            yield from placeholders(key)
            yield from placeholders(value)
    elif isinstance(document, list):
        for item in document:
            yield from placeholders(item)
    elif isinstance(document, str):
        yield from (match[1] for match in PLACEHOLDER.finditer(document))


def lookup(values: Mapping[str, Any], name: str, *, where: str = "") -> Any:
    """The value that a dotted name leads to. Raises UnresolvedPlaceholder with what is known at that place."""
    if name in values:
        return values[name]
    value: Any = values
    parts = name.split(".")
    for depth, part in enumerate(parts):
        if not isinstance(value, Mapping) or part not in value:
            before = ".".join(parts[:depth])
            inner = value if isinstance(value, Mapping) else {}
            known = tuple(f"{before}.{key}" if before else str(key) for key in inner)
            raise UnresolvedPlaceholder(name, known, where)
        value = value[part]
    return value


def resolver(values: Mapping[str, Any], *, where: str = "") -> Resolve:
    """Resolves names among ``values``, which may be nested."""
    return lambda name: lookup(values, name, where=where)
