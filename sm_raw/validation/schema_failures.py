"""Where a request fails its schema: jsonschema's errors as plain values."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from typing import Any

from sm_raw.validation.acceptance import Accepts, acceptors
from sm_raw.validation.findings import Request, path_of
from sm_raw.validation.schemas import Schema, request_schema


@dataclass(frozen=True)
class Failure:
    """One keyword that a value fails. For the key of a map (``is_key``), ``path`` is the map's."""

    keyword: str
    expected: Any
    given: Any
    path: str
    schema: Schema
    is_key: bool
    detail: str


def failures(operation: str, request: Request) -> Iterator[Failure]:
    """Every failure, in no particular order."""
    if _acceptors(operation)["#"](request):
        return
    for error in _validator(operation).iter_errors(request):
        steps = list(error.absolute_schema_path)
        yield Failure(
            keyword=str(error.validator),
            expected=error.validator_value,
            given=error.instance,
            path=path_of(error.absolute_path),
            schema=error.schema if isinstance(error.schema, dict) else {},
            is_key=len(steps) > 1 and steps[-2] == "propertyNames",
            detail=error.message,
        )


@cache
def _acceptors(operation: str) -> dict[str, Accepts]:
    return acceptors(request_schema(operation))


@cache
def _validator(operation: str) -> Any:
    """The validator of 2020-12, with types as botocore takes them: 3.0 is no whole number, a tuple is a list.

    jsonschema is imported here: a request without faults is checked without it.
    """
    from jsonschema import Draft202012Validator, validators

    accepted = _acceptors(operation)
    inspect: Any = Draft202012Validator.VALIDATORS["$ref"]

    def inspect_unless_accepted(validator: object, reference: str, instance: object, schema: Schema) -> Iterator[Any]:
        if not accepted[reference](instance):
            yield from inspect(validator, reference, instance, schema)

    extend: Any = validators.extend
    kinds = {
        "array": lambda checker, value: isinstance(value, list | tuple),
        "integer": lambda checker, value: isinstance(value, int) and not isinstance(value, bool),
        "number": lambda checker, value: isinstance(value, int | float | Decimal) and not isinstance(value, bool),
    }
    inspector = extend(
        Draft202012Validator,
        validators={"required": _each_required, "$ref": inspect_unless_accepted},
        type_checker=Draft202012Validator.TYPE_CHECKER.redefine_many(kinds),
    )
    return inspector(request_schema(operation))


def _each_required(
    validator: object, required: Sequence[str], instance: object, schema: Mapping[str, Any]
) -> Iterator[Any]:
    """``required``, the message of each error being the name that is missing."""
    from jsonschema.exceptions import ValidationError

    if isinstance(instance, dict):
        yield from (ValidationError(name) for name in required if name not in instance)
