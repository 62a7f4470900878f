"""The JSON protocol of SageMaker, driven by botocore's service model.

Requests are held against the JSON Schema that ``sm_raw.validation`` derives from the model; what fails is refused in
the wording of AWS. Answers keep only what the model's output shape holds, with timestamps as epoch seconds.
"""

from __future__ import annotations

import functools
import json
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from sm_raw.validation.patterns import unanchored
from sm_raw.validation.schema_failures import Failure, failures

if TYPE_CHECKING:
    from botocore.model import OperationModel, ServiceModel, Shape

Request = dict[str, Any]

# Keywords of the schema that a value of the wrong JSON type fails; "not" is the one of bytes and times.
NOT_OF_THE_TYPE = ("type", "not")
PATH_STEP = re.compile(r'\["([^"]*)"\]|\[(\d+)\]|([^.\[\]]+)')


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


def parse(operation: str, body: bytes, service: str = "sagemaker") -> Request:
    """The request in ``body``: checked against the model, and cut down to what the model knows.

    A server of AWS ignores members that it does not know; clients are the ones that refuse them. Raises
    ServiceError with AWS's code for what is wrong.
    """
    model = operation_model(operation, service)
    request = _decode(body)
    complaints = []
    for failure in failures(operation if service == "sagemaker" else f"{service}:{operation}", request):
        if failure.keyword in NOT_OF_THE_TYPE:
            raise ServiceError("SerializationException", f"The value at '{_path(failure.path)}' has the wrong type.")
        if failure.keyword != "additionalProperties":
            complaints.append(_complaint(failure))
    if complaints:
        noun = "error" if len(complaints) == 1 else "errors"
        raise validation_error(f"{len(complaints)} validation {noun} detected: " + "; ".join(complaints))
    shape = model.input_shape
    known: Request = project(shape, request) if shape is not None else {}
    return known


def _decode(body: bytes) -> Request:
    try:
        request = json.loads(body or b"{}", parse_constant=_refuse_constant)
    except (ValueError, RecursionError):
        raise ServiceError("SerializationException", "The request is not valid JSON.") from None
    if not isinstance(request, dict):
        raise ServiceError("SerializationException", "The request is not a JSON object.")
    found: Request = _without_nulls(request)
    return found


def _refuse_constant(name: str) -> None:
    """NaN and the infinities are Python's, not JSON's."""
    raise ValueError(name)


def serialise(operation: str, answer: Mapping[str, Any]) -> bytes:
    """``answer`` as the body of a response: only what the output shape knows, in its spelling."""
    shape = operation_model(operation).output_shape
    return json.dumps(project(shape, answer) if shape is not None else {}).encode()


def project(shape: Shape, value: Any) -> Any:
    """``value`` cut down to the members of ``shape``, with times as epoch seconds."""
    if shape.type_name == "structure":
        members = shape.members  # type: ignore[attr-defined]
        return {key: project(members[key], item) for key, item in value.items() if key in members and item is not None}
    if shape.type_name == "list":
        return [project(shape.member, item) for item in value]  # type: ignore[attr-defined]
    if shape.type_name == "map":
        return {key: project(shape.value, item) for key, item in value.items()}  # type: ignore[attr-defined]
    if shape.type_name == "timestamp":
        return epoch_seconds(value)
    return value


def epoch_seconds(value: float | str) -> float:
    """A time of the JSON protocol: a number of seconds, or text, which some clients send."""
    from botocore.utils import parse_timestamp

    try:
        return value if isinstance(value, int | float) else parse_timestamp(value).timestamp()
    except ValueError:
        raise ServiceError("SerializationException", f"{value!r} is no time.") from None


def _without_nulls(value: Any) -> Any:
    # The JSON protocol takes an explicit null for an absent member.
    if isinstance(value, dict):
        return {key: _without_nulls(item) for key, item in value.items() if item is not None}
    if isinstance(value, list):
        return [_without_nulls(item) for item in value]
    return value


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


def _complaint(failure: Failure) -> str:
    if failure.keyword == "required":
        where = _path(f"{failure.path}.{failure.detail}")
        return f"Value null at '{where}' failed to satisfy constraint: Member must not be null"
    limit = failure.expected
    if failure.keyword == "enum":
        limit = f"[{', '.join(map(str, limit))}]"
    if failure.keyword == "pattern":
        limit = unanchored(str(limit))
    constraint = _CONSTRAINTS[failure.keyword].format(limit)
    if failure.is_key:
        constraint = f"Map keys must satisfy constraint: [{constraint}]"
    return f"Value '{failure.given}' at '{_path(failure.path)}' failed to satisfy constraint: {constraint}"


def _path(path: str) -> str:
    """A finding's path in AWS's spelling: members begin small, and list items are counted from one."""
    steps = []
    for key, number, member in PATH_STEP.findall(path):
        steps.append(key or (f"{int(number) + 1}.member" if number else member[:1].lower() + member[1:]))
    return ".".join(steps)
