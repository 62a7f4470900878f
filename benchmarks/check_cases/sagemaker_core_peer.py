"""What sagemaker-core says of a request before it would send it. Run by a Python that has that package.

Reads one JSON object per line, {"operation": ..., "request": ...}, and answers each with a line: true when the request
is refused, false when it would be sent, null where the package has no class for the operation. Its own ``create`` is
called, with botocore's client behind it; what would go out is stopped just before.
"""

from __future__ import annotations

import json
import logging
import sys
from collections.abc import Iterator, Mapping
from typing import Any

import boto3
from botocore.model import Shape
from sagemaker.core import resources
from sagemaker.core.utils.utils import pascal_to_snake

CLASSES = {
    "CreateTrainingJob": resources.TrainingJob,
    "CreateHyperParameterTuningJob": resources.HyperParameterTuningJob,
    "CreateModel": resources.Model,
    "CreateEndpointConfig": resources.EndpointConfig,
    "CreateEndpoint": resources.Endpoint,
}


class WouldBeSent(Exception):
    """The request has passed all that the package checks."""


def main() -> None:
    logging.disable(logging.CRITICAL)
    answers, sys.stdout = sys.stdout, sys.stderr  # whatever the package prints is no answer
    keys = {"aws_access_key_id": "none", "aws_secret_access_key": "none"}
    session = boto3.Session(region_name="us-east-1", **keys)
    session.events.register("before-call", stop)
    operations = session.client("sagemaker").meta.service_model
    for line in sys.stdin:
        asked = json.loads(line)
        answer = None
        if asked["operation"] in CLASSES:
            shape = operations.operation_model(asked["operation"]).input_shape
            answer = is_refused(CLASSES[asked["operation"]], dict(arguments(shape, asked["request"])), session)
        print(json.dumps(answer), file=answers, flush=True)


def stop(**event: Any) -> None:
    raise WouldBeSent


def is_refused(resource: Any, given: dict[str, Any], session: boto3.Session) -> bool:
    try:
        resource.create(**given, session=session)
    except WouldBeSent:
        return False
    except Exception:  # pydantic's, botocore's or Python's own: whatever tells the user
        return True
    raise AssertionError("the request was sent")


def arguments(shape: Shape, fields: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """The fields of a structure, named as Python names them; the keys of maps stay."""
    for name, value in fields.items():
        member = shape.members.get(name)
        yield pascal_to_snake(name), value if member is None else spelt(member, value)


def spelt(shape: Shape, value: Any) -> Any:
    if shape.type_name == "structure" and isinstance(value, dict):
        return dict(arguments(shape, value))
    if shape.type_name == "list" and isinstance(value, list):
        return [spelt(shape.member, item) for item in value]
    if shape.type_name == "map" and isinstance(value, dict):
        return {key: spelt(shape.value, item) for key, item in value.items()}
    return value


if __name__ == "__main__":
    main()
