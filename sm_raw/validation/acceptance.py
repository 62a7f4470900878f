"""Whether a value fits a derived schema: yes or no, quickly.

jsonschema tells precisely what is wrong, and takes milliseconds to find that nothing is. Most of every request is
right, so its schema is compiled once into plain functions, and jsonschema looks only where they say no. They know the
keywords that ``schemas`` writes; a schema with any other is left to jsonschema, which then decides alone.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any, TypeAlias

from sm_raw.validation.schemas import Schema

Accepts: TypeAlias = Callable[[Any], bool]

PYTHON_TYPES: Mapping[str, tuple[type, ...]] = {
    "object": (dict,),
    "array": (list, tuple),
    "string": (str,),
    "integer": (int,),
    "number": (int, float, Decimal),
    "boolean": (bool,),
    "null": (type(None),),
}
ANNOTATIONS = {"$schema", "$comment", "$defs", "title", "description", "contentEncoding", "format", "writeOnly"}
KEYWORDS: Mapping[str, set[str]] = {
    "object": {"type", "properties", "additionalProperties", "required", "propertyNames", "minProperties"}
    | {"maxProperties"},
    "array": {"type", "items", "minItems", "maxItems"},
    "string": {"type", "enum", "pattern", "minLength", "maxLength"},
    "integer": {"type", "minimum", "maximum"},
    "number": {"type", "minimum", "maximum"},
    "boolean": {"type"},
}


def acceptors(schema: Schema) -> dict[str, Accepts]:
    """A function for each entry of ``$defs``, by its ``$ref``, and one for the schema itself, as ``#``."""
    compiled: dict[str, Accepts] = {}
    for name, definition in schema.get("$defs", {}).items():
        compiled[f"#/$defs/{name}"] = _compiled(definition, compiled)
    compiled["#"] = _compiled(schema, compiled)
    return compiled


def _compiled(schema: Schema, others: Mapping[str, Accepts]) -> Accepts:
    """``others`` is filled while this runs, so it is read when the function is called: shapes may hold themselves."""
    keywords = set(schema) - ANNOTATIONS
    if keywords == {"$ref"}:
        reference = schema["$ref"]
        return lambda value: others[reference](value)
    if not keywords:
        return lambda value: True
    if keywords == {"not"} and set(schema["not"]) == {"type"}:
        return _none_of(schema["not"]["type"])
    kind = schema.get("type")
    if not isinstance(kind, str) or not keywords <= KEYWORDS.get(kind, set()):
        return lambda value: False
    return COMPILERS[kind](schema, others)


def _is_of(kind: str, value: object) -> bool:
    # bool is an int for Python, not for JSON.
    return isinstance(value, PYTHON_TYPES[kind]) and (kind == "boolean" or not isinstance(value, bool))


def _none_of(kinds: list[str]) -> Accepts:
    return lambda value: not any(_is_of(kind, value) for kind in kinds)


def _within(schema: Schema, lowest: str, highest: str) -> Callable[[Any], bool]:
    low, high = schema.get(lowest), schema.get(highest)
    # Written so that NaN, which is neither less nor more, fares as with jsonschema.
    return lambda size: not ((low is not None and size < low) or (high is not None and size > high))


def _object(schema: Schema, others: Mapping[str, Accepts]) -> Accepts:
    known = {name: _compiled(each, others) for name, each in schema.get("properties", {}).items()}
    required = schema.get("required", ())
    fits = _within(schema, "minProperties", "maxProperties")
    key = _compiled(schema.get("propertyNames", {}), others)
    rest = schema.get("additionalProperties", True)
    other: Accepts = (lambda value: rest) if isinstance(rest, bool) else _compiled(rest, others)

    def accepts(value: Any) -> bool:
        return (
            isinstance(value, dict)
            and fits(len(value))
            and all(name in value for name in required)
            and all(key(name) and known.get(name, other)(each) for name, each in value.items())
        )

    return accepts


def _array(schema: Schema, others: Mapping[str, Accepts]) -> Accepts:
    item, fits = _compiled(schema.get("items", {}), others), _within(schema, "minItems", "maxItems")
    return lambda value: isinstance(value, list | tuple) and fits(len(value)) and all(map(item, value))


def _string(schema: Schema, others: Mapping[str, Accepts]) -> Accepts:
    options = frozenset(schema["enum"]) if "enum" in schema else None
    search = re.compile(schema["pattern"]).search if "pattern" in schema else None
    fits = _within(schema, "minLength", "maxLength")

    def accepts(value: Any) -> bool:
        return (
            isinstance(value, str)
            and fits(len(value))
            and (options is None or value in options)
            and (search is None or search(value) is not None)
        )

    return accepts


def _number(schema: Schema, others: Mapping[str, Accepts]) -> Accepts:
    kind, fits = schema["type"], _within(schema, "minimum", "maximum")
    return lambda value: _is_of(kind, value) and fits(value)


def _boolean(schema: Schema, others: Mapping[str, Accepts]) -> Accepts:
    return lambda value: isinstance(value, bool)


COMPILERS: Mapping[str, Callable[[Schema, Mapping[str, Accepts]], Accepts]] = {
    "object": _object,
    "array": _array,
    "string": _string,
    "integer": _number,
    "number": _number,
    "boolean": _boolean,
}
