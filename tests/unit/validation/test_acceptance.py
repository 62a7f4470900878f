"""The quick answer is the answer of jsonschema, for any value and any keyword."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from sm_raw.validation.acceptance import ANNOTATIONS, KEYWORDS, acceptors
from sm_raw.validation.operations import SERVICES, service_model
from sm_raw.validation.schemas import request_schema

VALUES = [
    *(None, True, False, 0, 1, -1, 7, 10**40, 1.0, 2.5, -0.5, float("nan"), float("inf")),
    *("", "a", "abc", "abc\n", "A", "long text", "é", "1"),
    *([], ["a"], ["a", "b", "c"], [1], [["a"]], [None]),
    *({}, {"a": "a"}, {"a": 1}, {"b": "a"}, {"a": "a", "b": "b", "c": "c"}, {"": "x"}, {"self": {"self": {}}}),
]
SCHEMAS: list[dict[str, Any]] = [
    {},
    {"title": "anything", "description": "any value"},
    {"type": "string"},
    {"type": "string", "minLength": 1, "maxLength": 3},
    {"type": "string", "pattern": r"^(?:[a-c]+)$(?!\n)"},
    {"type": "string", "enum": ["a", "abc"]},
    {"type": "integer"},
    {"type": "integer", "minimum": 0, "maximum": 7},
    {"type": "number"},
    {"type": "number", "minimum": -0.5, "maximum": 2.5},
    {"type": "boolean"},
    {"type": "array", "items": {"type": "string"}},
    {"type": "array", "items": {}, "minItems": 1, "maxItems": 2},
    {"type": "object", "properties": {"a": {"type": "string"}}, "additionalProperties": False},
    {"type": "object", "properties": {"a": {}}, "additionalProperties": False, "required": ["a"]},
    {"type": "object", "properties": {"a": {}, "b": {}}, "additionalProperties": False} | {"maxProperties": 1},
    {"type": "object", "propertyNames": {"type": "string", "minLength": 1}, "additionalProperties": {"type": "string"}},
    {"type": "object", "propertyNames": {}, "additionalProperties": {"type": "string"}, "minProperties": 2},
    {"not": {"type": ["object", "array", "number", "boolean", "null"]}},
    {"not": {"type": ["object", "array", "boolean", "null"]}, "format": "date-time"},
    {"$ref": "#/$defs/Tree"},
]
TREE = {"type": "object", "properties": {"self": {"$ref": "#/$defs/Tree"}}, "additionalProperties": False}


@pytest.mark.parametrize("schema", SCHEMAS, ids=str)
def test_the_quick_answer_is_that_of_jsonschema(schema: dict[str, Any]) -> None:
    whole = {**schema, "$defs": {"Tree": TREE}}
    accepts, validator = acceptors(whole)["#"], Draft202012Validator(whole)
    # jsonschema counts 1.0 among the integers; AWS's clients, and the validator of this package, do not.
    values = [value for value in VALUES if not (schema.get("type") == "integer" and isinstance(value, float))]
    assert [accepts(value) for value in values] == [validator.is_valid(value) for value in values]


@pytest.mark.parametrize(
    ("schema", "value", "accepted"),
    [
        ({"type": "integer"}, 1.0, False),
        ({"type": "number"}, Decimal("1.5"), True),
        ({"type": "array", "items": {"type": "string"}}, ("a", "b"), True),
    ],
)
def test_types_are_those_of_botocore(schema: dict[str, Any], value: object, accepted: bool) -> None:
    assert acceptors(schema)["#"](value) is accepted


@pytest.mark.parametrize("schema", [{"type": "string", "const": "a"}, {"oneOf": [{}]}, {"type": ["string"]}])
def test_a_keyword_that_is_not_known_is_left_to_jsonschema(schema: dict[str, Any]) -> None:
    assert acceptors(schema)["#"]("a") is False


@pytest.mark.parametrize("service", SERVICES)
def test_every_keyword_of_every_derived_schema_is_known(service: str) -> None:
    for operation in service_model(service)["operations"]:
        for name, definition in request_schema(f"{service}:{operation}")["$defs"].items():
            keywords = set(definition) - ANNOTATIONS
            assert keywords in ({"not"}, set()) or keywords <= KEYWORDS[definition["type"]], name
