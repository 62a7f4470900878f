"""Operations of the services that this package uses, and botocore's bundled models of them.

Reading a model takes 40 ms, importing botocore's loader another 100: so the bundled file is read directly where that
is all the loader would do. Models in ``AWS_DATA_PATH`` and ``~/.aws/models`` count, as they do for boto3.
"""

from __future__ import annotations

import gzip
import json
import os
from functools import cache
from pathlib import Path, PurePath
from typing import Any, cast

import botocore

from sm_raw.errors import UnknownOperation
from sm_raw.validation.wording import nearest

# An operation of several services (TagResource, ListTags, ListAliases ...) is the first one's in this order;
# "lambda:TagResource" asks for another's.
SERVICES = (
    "sagemaker",
    "sagemaker-runtime",
    "application-autoscaling",
    "logs",
    "cloudwatch",
    "lambda",
    "iam",
    "s3",
    "sts",
    "ec2",
)


@cache
def service_model(service: str) -> dict[str, Any]:
    """The installed botocore's model: ``metadata``, ``operations`` and ``shapes``. Not to be changed."""
    bundled = _only_file(service)
    if bundled is not None:
        return cast("dict[str, Any]", json.loads(gzip.decompress(bundled.read_bytes())))
    from botocore.loaders import create_loader

    loader = create_loader(os.environ.get("AWS_DATA_PATH"))
    return cast("dict[str, Any]", loader.load_service_model(service, "service-2"))


def _only_file(service: str) -> Path | None:
    """The file that is the whole model; None when the loader would look further, for other models or for extras."""
    if os.environ.get("AWS_DATA_PATH") or Path("~/.aws/models").expanduser().exists():
        return None
    data = Path(botocore.__file__).parent / "data" / service
    newest = max(data.glob("*/service-2.json.gz"), default=None)
    if newest is None or any(newest.parent.glob("service-2.*extras.json*")):
        return None
    return newest


def operation_name(operation: str) -> str:
    """``CreateTrainingJob`` of ``sagemaker:CreateTrainingJob``, and of itself."""
    return operation.rpartition(":")[2]


def service_of(operation: str) -> str:
    """The botocore name of the service that has the operation.

    Raises:
        UnknownOperation: none has it; names the nearest.
    """
    asked, _, name = operation.rpartition(":")
    for service in [asked] if asked in SERVICES else SERVICES:
        if name in service_model(service)["operations"]:
            return service
    raise UnknownOperation(operation, nearest(name, _every_operation()), SERVICES)


def operation_of_file(path: str | PurePath) -> str:
    """The operation that a document is named after: ``create_training_job.json`` is CreateTrainingJob.

    create-training-job and CreateTrainingJob are understood too.

    Raises:
        UnknownOperation: the name is no operation's; names the nearest.
    """
    stem = PurePath(path).name.partition(".")[0]
    squashed = _squash(stem)
    for service in SERVICES:
        for operation in service_model(service)["operations"]:
            if operation.lower() == squashed:
                return cast("str", operation)
    raise UnknownOperation(stem, nearest(squashed, _every_operation()), SERVICES)


def _squash(name: str) -> str:
    return name.replace("_", "").replace("-", "").lower()


def _every_operation() -> list[str]:
    return [operation for service in SERVICES for operation in service_model(service)["operations"]]
