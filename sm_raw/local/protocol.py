"""The JSON protocol of SageMaker, driven by botocore's service model.

Requests are held against the JSON Schema that ``sm_raw.validation`` derives from the model; what fails is refused in
the wording of AWS. Answers keep only what the model's output shape holds, with timestamps as epoch seconds.
"""

from __future__ import annotations

import functools
import json
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from sm_raw.validation.patterns import unanchored

if TYPE_CHECKING:
    from botocore.model import OperationModel, ServiceModel, Shape
    from jsonschema.exceptions import ValidationError as SchemaError

Request = dict[str, Any]


class ServiceError(Exception):
    """An error as AWS answers it: ``code`` ("ValidationException"), ``message``, HTTP ``status``, more ``fields``."""

    def __init__(self, code: str, message: str, *, status: int = 400, fields: Mapping[str, Any] | None = None) -> None:
        self.code, self.message, self.status = code, message, status
        self.fields = dict(fields or {})
        super().__init__(f"{code}: {message}")


def validation_error(message: str) -> ServiceError:
    """What SageMaker answers to a request that it understands and refuses."""
    return ServiceError("ValidationException", message)


@functools.cache
def service_model(service: str) -> ServiceModel:
    """The installed botocore's model of ``service``."""
    from botocore.loaders import Loader
    from botocore.model import ServiceModel

    return ServiceModel(Loader().load_service_model(service, "service-2"), service_name=service)


def operation_model(operation: str, service: str = "sagemaker") -> OperationModel:
    """The model of ``operation``; an unknown one is refused as AWS does."""
    model = service_model(service)
    if operation not in model.operation_names:
        raise ServiceError("UnknownOperationException", f"The operation {operation} is not known.", status=400)
    return model.operation_model(operation)


def parse(operation: str, body: bytes) -> Request:
    """The request in ``body``, checked against the model. Raises ServiceError with AWS's code for what is wrong."""
    try:
        request = json.loads(body or b"{}")
    except ValueError:
        raise ServiceError("SerializationException", "The request is not valid JSON.") from None
    if not isinstance(request, dict):
        raise ServiceError("SerializationException", "The request is not a JSON object.")
    request = {key: _without_nulls(value) for key, value in request.items() if value is not None}
    complaints = [_complaint(error) for error in _schema_errors(operation, request)]
    if complaints:
        noun = "error" if len(complaints) == 1 else "errors"
        raise validation_error(f"{len(complaints)} validation {noun} detected: " + "; ".join(complaints))
    return request


def serialise(operation: str, answer: Mapping[str, Any]) -> bytes:
    """``answer`` as the body of a response: only what the output shape knows, in its spelling."""
    shape = operation_model(operation).output_shape
    return json.dumps(project(shape, answer) if shape is not None else {}).encode()


def project(shape: Shape, value: Any) -> Any:
    """``value`` cut down to the members of ``shape``; times become epoch seconds."""
    if shape.type_name == "structure":
        members = shape.members  # type: ignore[attr-defined]
        return {key: project(members[key], item) for key, item in value.items() if key in members and item is not None}
    if shape.type_name == "list":
        return [project(shape.member, item) for item in value]  # type: ignore[attr-defined]
    if shape.type_name == "map":
        return {key: project(shape.value, item) for key, item in value.items()}  # type: ignore[attr-defined]
    return value


def _without_nulls(value: Any) -> Any:
    # The JSON protocol takes an explicit null for an absent member.
    if isinstance(value, dict):
        return {key: _without_nulls(item) for key, item in value.items() if item is not None}
    if isinstance(value, list):
        return [_without_nulls(item) for item in value]
    return value


@functools.cache
def _validator(operation: str) -> Any:
    from jsonschema import Draft202012Validator

    from sm_raw.validation.schemas import request_schema

    operation_model(operation)
    return Draft202012Validator(request_schema(operation))


def _schema_errors(operation: str, request: Request) -> Iterable[SchemaError]:
    for error in _validator(operation).iter_errors(request):
        if error.validator == "type":
            raise ServiceError("SerializationException", f"{_path(error)}: {error.message}")
        # A server of AWS ignores members that it does not know; clients are the ones that refuse them.
        if error.validator != "additionalProperties":
            yield error


_CONSTRAINTS = {
    "pattern": "Member must satisfy regular expression pattern: {0}",
    "enum": "Member must satisfy enum value set: {0}",
    "minLength": "Member must have length greater than or equal to {0}",
    "maxLength": "Member must have length less than or equal to {0}",
    "minItems": "Member must have length greater than or equal to {0}",
    "maxItems": "Member must have length less than or equal to {0}",
    "minProperties": "Member must have length greater than or equal to {0}",
    "maxProperties": "Member must have length less than or equal to {0}",
    "minimum": "Member must have value greater than or equal to {0}",
    "maximum": "Member must have value less than or equal to {0}",
}


def _complaint(error: SchemaError) -> str:
    if error.validator == "required":
        required: Any = error.validator_value
        instance: Any = error.instance
        missing = next(name for name in required if name not in instance)
        return f"Value null at '{_path(error, missing)}' failed to satisfy constraint: Member must not be null"
    limit = error.validator_value
    if isinstance(limit, list):
        limit = f"[{', '.join(map(str, limit))}]"
    if error.validator == "pattern":
        limit = unanchored(str(limit))
    constraint = _CONSTRAINTS.get(str(error.validator), "{0}").format(limit)
    return f"Value '{error.instance}' at '{_path(error)}' failed to satisfy constraint: {constraint}"


def _path(error: SchemaError, *more: str) -> str:
    # AWS writes members with a small first letter and list items by number, counted from one.
    parts = [
        str(part + 1) + ".member" if isinstance(part, int) else part[:1].lower() + part[1:]
        for part in (*error.absolute_path, *more)
    ]
    return ".".join(parts)
