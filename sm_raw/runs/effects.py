"""What an operation makes: one row for each operation that a recipe may hold.

Executing, reusing and removing all read this table, so a new operation is a new row.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sm_raw.aws.job_kinds import ENDPOINT, TRAINING, TUNING, JobKind
from sm_raw.aws.remove import Resource
from sm_raw.specs.names import TRAINING_JOB_NAME_LIMIT, TUNING_JOB_NAME_LIMIT


@dataclass(frozen=True)
class Effect:
    """``name`` is the field that names what is made; ``kind`` what can be waited for; ``resource`` what to remove.

    ``describe`` finds it by that name; without one the operation overwrites what is there, and may be repeated.
    What is ``planned_only`` can be shown and checked; a run with it is refused before it begins.
    """

    name: str
    noun: str
    describe: str = ""
    kind: JobKind | None = None
    resource: str = ""
    name_limit: int = TRAINING_JOB_NAME_LIMIT
    planned_only: bool = False


EFFECTS: Mapping[str, Effect] = {
    "CreateHyperParameterTuningJob": Effect(
        "HyperParameterTuningJobName", "tuning job", TUNING.describe, TUNING, name_limit=TUNING_JOB_NAME_LIMIT
    ),
    "CreateTrainingJob": Effect("TrainingJobName", "training job", TRAINING.describe, TRAINING),
    "CreateModel": Effect("ModelName", "model", "DescribeModel", resource="model"),
    "CreateEndpointConfig": Effect(
        "EndpointConfigName", "endpoint config", "DescribeEndpointConfig", resource="endpoint config"
    ),
    "CreateEndpoint": Effect("EndpointName", "endpoint", ENDPOINT.describe, ENDPOINT, resource="endpoint"),
    "RegisterScalableTarget": Effect("ResourceId", "scalable target", resource="scalable target"),
    "PutScalingPolicy": Effect("PolicyName", "scaling policy", resource="scaling policy"),
    "CreateRole": Effect("RoleName", "role", planned_only=True),
    "PutRolePolicy": Effect("PolicyName", "role policy", planned_only=True),
    "CreateInstanceProfile": Effect("InstanceProfileName", "instance profile", planned_only=True),
    "AddRoleToInstanceProfile": Effect("InstanceProfileName", "role of an instance profile", planned_only=True),
    # EC2 gives instances no names; the token makes the same request start nothing twice.
    "RunInstances": Effect("ClientToken", "instances", planned_only=True),
    "CreateFunction": Effect("FunctionName", "function", planned_only=True),
    "CreateAlias": Effect("Name", "alias", planned_only=True),
    "PutProvisionedConcurrencyConfig": Effect("FunctionName", "provisioned concurrency", planned_only=True),
    "PutBucketPolicy": Effect("Bucket", "bucket policy", planned_only=True),
    "CreateExportTask": Effect("taskName", "export task", planned_only=True),
}


def resource_of(operation: str, request: Mapping[str, Any]) -> Resource | None:
    """What ``request`` makes and a later teardown must remove; None for jobs, which end by themselves."""
    effect = EFFECTS[operation]
    if not effect.resource:
        return None
    if effect.resource not in {"scalable target", "scaling policy"}:
        return Resource(effect.resource, request[effect.name])
    return Resource(effect.resource, request[effect.name], request["ResourceId"], request["ScalableDimension"])
