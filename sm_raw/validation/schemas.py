"""JSON Schemas (2020-12) of requests, derived from botocore's model of the operation.

botocore itself checks types, required fields and minima before it sends; maxima, enums and patterns it leaves to the
service. Here all of them count. A schema is self-contained: each named shape is an entry of ``$defs``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from typing import Any, TypeAlias

from sm_raw.validation.operations import operation_name, service_model, service_of
from sm_raw.validation.patterns import anchored

Schema: TypeAlias = dict[str, Any]
Shape: TypeAlias = Mapping[str, Any]

DIALECT = "https://json-schema.org/draft/2020-12/schema"

# Bytes and open files have no JSON type; neither have datetimes. So these two say what they are not. In a document,
# blobs are base64 text, as for the AWS command line; times are seconds since 1970 or ISO 8601.
BLOB: Schema = {
    "description": "bytes",
    "contentEncoding": "base64",
    "not": {"type": ["object", "array", "number", "boolean", "null"]},
}
TIMESTAMP: Schema = {
    "description": "a time",
    "format": "date-time",
    "not": {"type": ["object", "array", "boolean", "null"]},
}


@cache
def request_schema(operation: str) -> Schema:
    """The schema of the operation's request. Shared between calls: not to be changed.

    Raises:
        UnknownOperation: no service of this package has the operation.
    """
    service = service_of(operation)
    model = service_model(service)
    shapes = model["shapes"]
    root = root_shape(operation)
    definitions = _definitions(shapes, root) if root else {}
    return {
        "$schema": DIALECT,
        "title": operation_name(operation),
        "$comment": f"derived from botocore's model of {service}, {model['metadata']['apiVersion']}",
        **(_definition(shapes[root]) if root else _structure({})),
        "$defs": definitions,
    }


def root_shape(operation: str) -> str:
    """The name of the shape of the operation's request; empty for one that takes nothing."""
    operations = service_model(service_of(operation))["operations"]
    found: str = operations[operation_name(operation)].get("input", {}).get("shape", "")
    return found


def _definitions(shapes: Mapping[str, Shape], root: str) -> Schema:
    definitions: Schema = {}
    waiting = _members(shapes[root])
    while waiting:
        name = waiting.pop()
        if name not in definitions:
            definitions[name] = _definition(shapes[name])
            waiting += _members(shapes[name])
    return dict(sorted(definitions.items()))


def _members(shape: Shape) -> list[str]:
    """The names of the shapes that a shape is made of."""
    if shape.get("document") or shape.get("eventstream"):
        return []
    references = [
        *shape.get("members", {}).values(),
        *(shape[key] for key in ("member", "key", "value") if key in shape),
    ]
    return [reference["shape"] for reference in references if not reference.get("jsonvalue")]


def _definition(shape: Shape) -> Schema:
    schema = DERIVATIONS[shape["type"]](shape)
    return {**schema, "writeOnly": True} if shape.get("sensitive") else schema


def _reference(member: Mapping[str, Any]) -> Schema:
    return {} if member.get("jsonvalue") else {"$ref": f"#/$defs/{member['shape']}"}


def _structure(shape: Shape) -> Schema:
    if shape.get("document") or shape.get("eventstream"):
        return {}  # any JSON value, or a stream that no document can hold
    members = shape.get("members", {})
    schema: Schema = {
        "type": "object",
        "properties": {name: _reference(member) for name, member in members.items()},
        "additionalProperties": False,
    }
    # botocore fills in an idempotency token that is not given, even a required one.
    required = [name for name in shape.get("required", ()) if not members[name].get("idempotencyToken")]
    if required:
        schema["required"] = required
    if shape.get("union"):
        schema |= {"minProperties": 1, "maxProperties": 1}
    return schema


def _list(shape: Shape) -> Schema:
    return {"type": "array", "items": _reference(shape["member"]), **_bounds(shape, "minItems", "maxItems")}


def _map(shape: Shape) -> Schema:
    return {
        "type": "object",
        "propertyNames": _reference(shape["key"]),
        "additionalProperties": _reference(shape["value"]),
        **_bounds(shape, "minProperties", "maxProperties"),
    }


def _string(shape: Shape) -> Schema:
    schema: Schema = {"type": "string", **_bounds(shape, "minLength", "maxLength")}
    if "enum" in shape:
        schema["enum"] = list(shape["enum"])
    if "pattern" in shape:
        pattern = anchored(shape["pattern"])
        if pattern is not None:  # otherwise only the service can judge
            schema["pattern"] = pattern
    return schema


def _integer(shape: Shape) -> Schema:
    return {"type": "integer", **_bounds(shape, "minimum", "maximum")}


def _number(shape: Shape) -> Schema:
    return {"type": "number", **_bounds(shape, "minimum", "maximum")}


def _bounds(shape: Shape, lowest: str, highest: str) -> Schema:
    return {keyword: shape[key] for keyword, key in ((lowest, "min"), (highest, "max")) if key in shape}


DERIVATIONS: dict[str, Callable[[Shape], Schema]] = {
    "structure": _structure,
    "list": _list,
    "map": _map,
    "string": _string,
    "character": _string,
    "integer": _integer,
    "long": _integer,
    "float": _number,
    "double": _number,
    "boolean": lambda shape: {"type": "boolean"},
    "blob": lambda shape: BLOB,
    "timestamp": lambda shape: TIMESTAMP,
}
