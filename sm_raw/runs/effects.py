"""What an operation does in a run: one row for each operation that a recipe may hold.

Executing, reusing and removing all read this table, so a new operation is a new row here, and one in ``aws/makers.py``
if it leaves something to be removed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sm_raw.aws.job_kinds import ENDPOINT, TRAINING, TUNING, JobKind
from sm_raw.aws.makers import MAKERS, made_by
from sm_raw.aws.resources import Resource
from sm_raw.specs.names import TRAINING_JOB_NAME_LIMIT, TUNING_JOB_NAME_LIMIT

# IAM: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
ROLE_NAME_LIMIT, POLICY_NAME_LIMIT = 64, 128
# https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_RunInstances.html
CLIENT_TOKEN_LIMIT = 64
# https://docs.aws.amazon.com/lambda/latest/api/API_CreateFunction.html
FUNCTION_NAME_LIMIT = 64


@dataclass(frozen=True)
class Effect:
    """``name`` is the field by which the ledger knows what is made; ``kind`` what can be waited for as a job.

    What ``overwrites`` is not looked for first: the same request may be sent again, and nobody but the ledger knows
    whose it is.
    """

    name: str
    kind: JobKind | None = None
    overwrites: bool = False
    name_limit: int = TRAINING_JOB_NAME_LIMIT


EFFECTS: Mapping[str, Effect] = {
    "CreateHyperParameterTuningJob": Effect("HyperParameterTuningJobName", TUNING, name_limit=TUNING_JOB_NAME_LIMIT),
    "CreateTrainingJob": Effect("TrainingJobName", TRAINING),
    "CreateModel": Effect("ModelName"),
    "CreateEndpointConfig": Effect("EndpointConfigName"),
    "CreateEndpoint": Effect("EndpointName", ENDPOINT),
    "RegisterScalableTarget": Effect("ResourceId", overwrites=True),
    "PutScalingPolicy": Effect("PolicyName", overwrites=True),
    "PutScheduledAction": Effect("ScheduledActionName", overwrites=True),
    "PutMetricAlarm": Effect("AlarmName", overwrites=True),
    "CreateRole": Effect("RoleName", name_limit=ROLE_NAME_LIMIT),
    "PutRolePolicy": Effect("PolicyName", overwrites=True, name_limit=POLICY_NAME_LIMIT),
    "CreateInstanceProfile": Effect("InstanceProfileName", name_limit=POLICY_NAME_LIMIT),
    "AddRoleToInstanceProfile": Effect("InstanceProfileName"),
    # EC2 gives instances no names; the token makes the same request start nothing twice.
    "RunInstances": Effect("ClientToken", name_limit=CLIENT_TOKEN_LIMIT),
    "CreateFunction": Effect("FunctionName", name_limit=FUNCTION_NAME_LIMIT),
    "CreateAlias": Effect("Name"),
    "PutProvisionedConcurrencyConfig": Effect("FunctionName", overwrites=True),
    "PutBucketPolicy": Effect("Bucket", overwrites=True),
    "CreateExportTask": Effect("taskName"),
}


def noun_of(operation: str) -> str:
    """What an operation makes, in words: "training job"."""
    kind = EFFECTS[operation].kind
    return kind.label if kind is not None else MAKERS[operation].kind


def resource_of(operation: str, request: Mapping[str, Any]) -> Resource | None:
    """What ``request`` makes and a later teardown must remove; None for jobs, which end by themselves."""
    return made_by(operation, request) if operation in MAKERS else None
