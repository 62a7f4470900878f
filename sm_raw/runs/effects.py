"""What an operation makes: one row for each operation that a recipe may hold.

Executing, reusing and removing all read this table, so a new operation is a new row here, and a new kind of resource
one in ``aws/resources.py``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from sm_raw.aws.job_kinds import ENDPOINT, TRAINING, TUNING, JobKind
from sm_raw.aws.resources import Resource
from sm_raw.specs.names import TRAINING_JOB_NAME_LIMIT, TUNING_JOB_NAME_LIMIT, canonical_hash

# IAM: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
ROLE_NAME_LIMIT, POLICY_NAME_LIMIT = 64, 128
# https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_RunInstances.html
CLIENT_TOKEN_LIMIT = 64
# https://docs.aws.amazon.com/lambda/latest/api/API_CreateFunction.html
FUNCTION_NAME_LIMIT = 64

SID = "SmRaw"
"""Statements that a run adds to a bucket's policy have Sids that begin with this and a hash of them."""

Request = Mapping[str, Any]


@dataclass(frozen=True)
class Effect:
    """``name`` is the field that names what is made; ``kind`` what can be waited for; ``resource`` what to remove.

    ``owner`` tells what that resource belongs to. What ``overwrites`` is not looked for first: the same request may
    be sent again, and nobody but the ledger knows whose it is.
    """

    name: str
    noun: str
    kind: JobKind | None = None
    resource: str = ""
    owner: Callable[[Request], str] = lambda request: ""
    resource_name: str = ""
    overwrites: bool = False
    name_limit: int = TRAINING_JOB_NAME_LIMIT


def _member(name: str) -> Callable[[Request], str]:
    return lambda request: str(request[name])


def _sid(request: Request) -> str:
    digest = canonical_hash(request["Policy"])
    return f"{SID}{digest}n"


def _scaled(name: str, noun: str) -> Effect:
    return Effect(name, noun, resource=noun, owner=_member("ResourceId"), overwrites=True)


EFFECTS: Mapping[str, Effect] = {
    "CreateHyperParameterTuningJob": Effect(
        "HyperParameterTuningJobName", "tuning job", TUNING, name_limit=TUNING_JOB_NAME_LIMIT
    ),
    "CreateTrainingJob": Effect("TrainingJobName", "training job", TRAINING),
    "CreateModel": Effect("ModelName", "model", resource="model"),
    "CreateEndpointConfig": Effect("EndpointConfigName", "endpoint config", resource="endpoint config"),
    "CreateEndpoint": Effect("EndpointName", "endpoint", ENDPOINT, resource="endpoint"),
    "RegisterScalableTarget": _scaled("ResourceId", "scalable target"),
    "PutScalingPolicy": _scaled("PolicyName", "scaling policy"),
    "PutScheduledAction": _scaled("ScheduledActionName", "scheduled action"),
    "PutMetricAlarm": Effect("AlarmName", "alarm", resource="alarm", overwrites=True),
    "CreateRole": Effect("RoleName", "role", resource="role", name_limit=ROLE_NAME_LIMIT),
    "PutRolePolicy": Effect(
        "PolicyName",
        "role policy",
        resource="role policy",
        owner=_member("RoleName"),
        overwrites=True,
        name_limit=POLICY_NAME_LIMIT,
    ),
    "CreateInstanceProfile": Effect("InstanceProfileName", "instance profile", resource="instance profile"),
    "AddRoleToInstanceProfile": Effect(
        "InstanceProfileName",
        "role of an instance profile",
        resource="role of an instance profile",
        resource_name="RoleName",
        owner=_member("InstanceProfileName"),
    ),
    # EC2 gives instances no names; the token makes the same request start nothing twice.
    "RunInstances": Effect("ClientToken", "instances", resource="instances", name_limit=CLIENT_TOKEN_LIMIT),
    "CreateFunction": Effect("FunctionName", "function", resource="function", name_limit=FUNCTION_NAME_LIMIT),
    "CreateAlias": Effect("Name", "alias", resource="alias", owner=_member("FunctionName")),
    "PutProvisionedConcurrencyConfig": Effect(
        "FunctionName",
        "provisioned concurrency",
        resource="provisioned concurrency",
        resource_name="Qualifier",
        owner=_member("FunctionName"),
        overwrites=True,
    ),
    "PutBucketPolicy": Effect("Bucket", "bucket policy", resource="bucket policy", owner=_sid, overwrites=True),
    "CreateExportTask": Effect("taskName", "export task", resource="export task"),
}


def resource_of(operation: str, request: Request) -> Resource | None:
    """What ``request`` makes and a later teardown must remove; None for jobs, which end by themselves."""
    effect = EFFECTS[operation]
    if not effect.resource:
        return None
    name, owner = str(request[effect.resource_name or effect.name]), effect.owner(request)
    dimension = request.get("ScalableDimension")
    return Resource(effect.resource, name, owner, dimension) if dimension else Resource(effect.resource, name, owner)
