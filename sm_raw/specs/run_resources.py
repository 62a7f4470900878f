"""What the requests of a run touch beside what they create: roles, S3 locations, images, keys, log groups.

It is found by the names of fields wherever they are, so that fields given through ``extra`` count as well.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Literal, TypeAlias

from sm_raw.specs.assembly import EMPTY
from sm_raw.specs.policy_documents import Condition, Grant, Place, S3Location, Step, s3_location, texts
from sm_raw.specs.registry_paths import RegistryPath, registry_path

Request: TypeAlias = Mapping[str, Any]
Requests: TypeAlias = Sequence[tuple[str, Request]]
Access: TypeAlias = Literal["read", "write", "both"]

ROLE_FIELDS = {"RoleArn", "ExecutionRoleArn", "Role"}
WRITTEN_FIELDS = {"S3OutputPath", "S3FailurePath", "DestinationS3Uri"}
WRITTEN_PARTS = {"ProcessingOutputConfig"}
# A job goes on from its checkpoints, rules look at what the hook and the profiler saved, and the next job or a model
# takes what a job put out.
READ_BACK_PARTS = {"CheckpointConfig", "DebugHookConfig", "ProfilerConfig", "OutputDataConfig"}

TRAINING_LOGS = "/aws/sagemaker/TrainingJobs"
LOG_GROUPS = {
    "CreateTrainingJob": TRAINING_LOGS,
    "CreateHyperParameterTuningJob": TRAINING_LOGS,
    "CreateProcessingJob": "/aws/sagemaker/ProcessingJobs",
    "CreateTransformJob": "/aws/sagemaker/TransformJobs",
    "CreateEndpoint": "/aws/sagemaker/Endpoints/{EndpointName}",
    "UpdateEndpoint": "/aws/sagemaker/Endpoints/{EndpointName}",
    "CreateFunction": "/aws/lambda/{FunctionName}",
}
# Built-in and custom rules run as processing jobs.
RULE_FIELDS = ("DebugRuleConfigurations", "ProfilerRuleConfigurations")


def operation_of(operation: str) -> str:
    """``CreateFunction`` of ``lambda:CreateFunction``, and of itself."""
    return operation.rpartition(":")[2]


def roles_in(request: Request) -> list[str]:
    """The ARNs of the roles that a request hands on, each once."""
    return list(dict.fromkeys(value for path, value in texts(request) if path[-1] in ROLE_FIELDS))


def passed_roles(requests: Requests, place: Place) -> Iterator[tuple[str, str]]:
    """(ARN of a role, service that gets it).

    EC2 gets the role in an instance profile: the one that these requests put there, else the one of the same name,
    as IAM's console makes them.
    """
    paths = identity_paths(requests)
    held = {request.get("InstanceProfileName"): request["RoleName"] for _, request in requests if "RoleName" in request}
    for operation, request in requests:
        sent = operation_of(operation)
        if sent == "RunInstances":
            profile = request.get("IamInstanceProfile", {})
            given = profile.get("Name") or str(profile.get("Arn", "")).rpartition("/")[2]
            if given:
                name = held.get(given, given)
                yield place.arn("iam", f"role{paths.get(('role', name), '/')}{name}"), "ec2"
        elif sent == "AddRoleToInstanceProfile":
            role = request.get("RoleName")
            yield place.arn("iam", f"role{paths.get(('role', role), '/')}{role}"), "ec2"
        else:
            service = "lambda" if sent in {"CreateFunction", "UpdateFunctionConfiguration"} else "sagemaker"
            yield from ((role, service) for role in roles_in(request))


def identity_paths(requests: Requests) -> dict[tuple[str, Any], str]:
    """{(``role`` or ``instance-profile``, name): path}, a part of their ARNs, for those made with a path."""
    kinds = {"CreateRole": ("role", "RoleName"), "CreateInstanceProfile": ("instance-profile", "InstanceProfileName")}
    found: dict[tuple[str, Any], str] = {}
    for operation, request in requests:
        kind, field = kinds.get(operation_of(operation), ("", ""))
        if kind and "Path" in request:
            found[kind, request.get(field)] = request["Path"]
    return found


def log_groups(requests: Requests) -> list[str]:
    """The groups that the requests' jobs, rules, endpoints and functions write to, or that they name."""
    found: list[str] = []
    for operation, request in requests:
        name = operation_of(operation)
        if name in LOG_GROUPS:
            found.append(LOG_GROUPS[name].format_map(_Named(request)))
        if any(request.get(field) for field in RULE_FIELDS):
            found.append(LOG_GROUPS["CreateProcessingJob"])
        if isinstance(request.get("logGroupName"), str):
            found.append(request["logGroupName"])
    return list(dict.fromkeys(found))


class _Named(dict[str, Any]):
    """A request to take names from: one that is missing could be any."""

    def __missing__(self, name: str) -> str:
        return "*"


def s3_locations(request: Request) -> Iterator[tuple[Access, S3Location]]:
    """(access, location) for every S3 URI in a request: read, written, or both."""
    for path, uri in texts(request):
        access = _access(path)
        location = s3_location(
            _unquoted(uri), is_prefix=_at(request, path[:-1], "S3DataType") == "S3Prefix", is_folder=access != "read"
        )
        if location is not None:
            yield access, location


def _access(path: tuple[Step, ...]) -> Access:
    if READ_BACK_PARTS.intersection(path):
        return "both"
    return "write" if path[-1] in WRITTEN_FIELDS or WRITTEN_PARTS.intersection(path) else "read"


def _unquoted(text: str) -> str:
    """The URI in a hyperparameter that AWS's own SDK wrote: in quotes, as JSON."""
    try:
        value = json.loads(text) if text.startswith('"') else text
    except ValueError:
        return text
    return value if isinstance(value, str) else text


def _at(request: Request, path: Sequence[Step], field: str) -> object:
    value: Any = request
    for step in path:
        value = value[step]
    return value.get(field) if isinstance(value, Mapping) else None


def images_in(request: Request) -> list[RegistryPath]:
    """The images of Amazon ECR that a request names, each once."""
    found = (registry_path(value) for _, value in texts(request))
    return list(dict.fromkeys(image for image in found if image is not None))


def key_grants(request: Request, place: Place) -> Iterator[Grant]:
    """The use of every KMS key that a request names: for objects in S3, or for volumes, which get a grant."""
    for path, key in texts(request):
        if not str(path[-1]).lower().endswith(("kmskeyid", "kmskeyarn", "kmskey")) or not key:
            continue
        # At its top an endpoint configuration has the key of its instances' volumes.
        is_for_volumes = path[-1] == "VolumeKmsKeyId" or path == ("KmsKeyId",)
        used = ("CreateGrant", "DescribeKey") if is_for_volumes else ("Decrypt", "Encrypt", "GenerateDataKey")
        condition: Condition = EMPTY
        arn = key if key.startswith("arn:") else place.arn("kms", f"key/{key}")
        if key.startswith("alias/"):
            # An alias is no resource of these actions; the keys that bear it are found by a condition.
            arn, condition = place.arn("kms", "key/*"), {"ForAnyValue:StringEquals": {"kms:ResourceAliases": key}}
        yield Grant(tuple(f"kms:{action}" for action in used), (arn,), condition)
