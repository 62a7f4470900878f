"""Where a request fails its schema: jsonschema's errors as plain values."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from typing import Any

from jsonschema import Draft202012Validator, validators
from jsonschema.exceptions import ValidationError

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
def _validator(operation: str) -> Any:
    return _validator_class()(request_schema(operation))


@cache
def _validator_class() -> Any:
    """The validator of 2020-12, with types as botocore takes them: 3.0 is no whole number, a tuple is a list."""
    extend: Any = validators.extend
    types = {"array": _is_list, "integer": _is_whole, "number": _is_number}
    return extend(
        Draft202012Validator,
        validators={"required": _each_required},
        type_checker=Draft202012Validator.TYPE_CHECKER.redefine_many(types),
    )


def _each_required(
    validator: object, required: Sequence[str], instance: object, schema: Mapping[str, Any]
) -> Iterator[ValidationError]:
    """``required``, the message of each error being the name that is missing."""
    if isinstance(instance, dict):
        yield from (ValidationError(name) for name in required if name not in instance)


def _is_list(checker: object, value: object) -> bool:
    return isinstance(value, list | tuple)


def _is_whole(checker: object, value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _is_number(checker: object, value: object) -> bool:
    return isinstance(value, int | float | Decimal) and not isinstance(value, bool)
