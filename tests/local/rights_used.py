"""Which rights calls take: every call that clients make, as the action and resource that IAM would judge it by."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

import pytest

from sm_raw.aws.clients import Clients
from sm_raw.local.policy_evaluation import Policy, decide

REGION, ACCOUNT = "us-east-1", "123456789012"
SAGEMAKER = {
    "TrainingJobName": "training-job",
    "HyperParameterTuningJobName": "hyper-parameter-tuning-job",
    "ModelName": "model",
    "EndpointName": "endpoint",
    "EndpointConfigName": "endpoint-config",
}
# Operations that go by another right.
S3_ACTIONS = {
    "HeadBucket": "ListBucket",
    "ListObjectsV2": "ListBucket",
    "HeadObject": "GetObject",
    "CreateMultipartUpload": "PutObject",
    "UploadPart": "PutObject",
    "CompleteMultipartUpload": "PutObject",
}


class Use(NamedTuple):
    """One right that a call takes."""

    action: str
    resource: str
    context: tuple[tuple[str, str], ...] = ()


@contextlib.contextmanager
def recorded(uses: set[Use], *, by: str) -> Iterator[None]:
    """Within the block, note the rights that clients use which the function named ``by`` makes."""
    module, _, name = by.rpartition(".")
    with pytest.MonkeyPatch.context() as patch:
        original: Callable[..., Clients] = getattr(__import__(module, fromlist=[name]), name)
        patch.setattr(by, lambda *args, **more: _noting(original(*args, **more), uses))
        yield


def _noting(clients: Clients, uses: set[Use]) -> Clients:
    make = clients._make

    def noting(service: str) -> Any:
        client = make(service)

        def note(params: Mapping[str, Any], model: Any, **_: Any) -> None:
            uses.update(_uses(service, model.name, params))

        client.meta.events.register("provide-client-params", note)
        return client

    clients._make = noting
    return clients


def _uses(service: str, operation: str, request: Mapping[str, Any]) -> Iterator[Use]:
    def arn(resource: str) -> str:
        return f"arn:aws:{service.removesuffix('-runtime')}:{REGION}:{ACCOUNT}:{resource}"

    if service == "s3":
        action = S3_ACTIONS.get(operation, operation)
        path = request["Bucket"] + (f"/{request['Key']}" if "Key" in request else "")
        prefix = (("s3:prefix", request["Prefix"]),) if "Prefix" in request else ()
        yield Use(f"s3:{action}", f"arn:aws:s3:::{path}", prefix)
    elif service.startswith("sagemaker"):
        named = [f"{kind}/{request[field]}" for field, kind in SAGEMAKER.items() if field in request]
        yield from (Use(f"sagemaker:{operation}", arn(each)) for each in named)
        if not named:
            yield Use(f"sagemaker:{operation}", "*")
    elif service == "lambda":
        version = f":{request['Qualifier']}" if "Qualifier" in request else ""
        action = "InvokeFunction" if operation == "Invoke" else operation
        yield Use(f"lambda:{action}", arn(f"function:{request['FunctionName']}{version}"))
    elif service == "iam":
        yield Use(f"iam:{operation}", f"arn:aws:iam::{ACCOUNT}:role/{request['RoleName']}")
    elif service == "logs":
        stream = f"log-stream:{request['logStreamName']}" if "logStreamName" in request else "*"
        yield Use(f"logs:{operation}", arn(f"log-group:{request['logGroupName']}:{stream}"))
    elif service == "application-autoscaling":
        namespace = (("application-autoscaling:service-namespace", request["ServiceNamespace"]),)
        yield Use(f"{service}:{operation}", "*" if "Describe" in operation else arn("scalable-target/1"), namespace)
    else:
        yield Use(f"{service}:{operation}", "*")


def not_allowed(uses: set[Use], document: Mapping[str, Any]) -> list[Use]:
    """The uses that a policy document does not allow."""
    policy = [Policy("printed", json.dumps(document))]
    return sorted(
        use
        for use in uses
        if decide(policy, use.action, use.resource, {key: [value] for key, value in use.context}).verdict != "allowed"
    )
