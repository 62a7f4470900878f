"""Schemas for editors: a request's, widened by what a document of a recipe may hold before it is rendered.

An editor that reads JSON Schema completes and underlines in every document whose ``$schema`` names one of these.
"""

from __future__ import annotations

from typing import Any

from sm_raw.validation.reading import PLACEHOLDER
from sm_raw.validation.schemas import Schema, request_schema

PLACEHOLDER_NAME = "RecipePlaceholder"
SCALARS = ("string", "integer", "number", "boolean")


def editor_schema(operation: str) -> Schema:
    """The schema for documents of an operation, plain or with placeholders. Raises UnknownOperation.

    ``$schema`` is allowed in them, and wherever a single value is asked for, text with a placeholder is as well.
    """
    schema = request_schema(operation)
    definitions = {name: _widened(definition) for name, definition in schema["$defs"].items()}
    placeholder = {"type": "string", "pattern": PLACEHOLDER.pattern, "description": "a value of a recipe"}
    return {
        **schema,
        "properties": {"$schema": {"type": "string"}, **schema["properties"]},
        "$defs": {**definitions, PLACEHOLDER_NAME: placeholder},
    }


def _widened(definition: Schema) -> dict[str, Any]:
    plain_text = definition.get("type") == "string" and set(definition) <= {"type", "minLength", "writeOnly"}
    if definition.get("type") not in SCALARS or plain_text:  # plain text takes a placeholder as it is
        return definition
    return {"anyOf": [definition, {"$ref": f"#/$defs/{PLACEHOLDER_NAME}"}]}
