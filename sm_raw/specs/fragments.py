"""Fragments that several requests share: instances, time limits, checkpoints, metrics, network, tags."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, cast

from sm_raw.specs.assembly import EMPTY, assembled, optional

if TYPE_CHECKING:
    from types_boto3_sagemaker.literals import TrainingInstanceTypeType
    from types_boto3_sagemaker.type_defs import (
        CheckpointConfigTypeDef,
        MetricDefinitionTypeDef,
        ResourceConfigTypeDef,
        StoppingConditionTypeDef,
        TagTypeDef,
        VpcConfigTypeDef,
    )

DAY = 86_400


def resources(
    instance_type: str, *, count: int = 1, volume_gb: int = 30, extra: Mapping[str, Any] = EMPTY
) -> ResourceConfigTypeDef:
    """The instances of a job; ``volume_gb`` is the storage attached to each."""
    config: ResourceConfigTypeDef = {
        # Any text: an instance type newer than the installed types is for the checks to judge.
        "InstanceType": cast("TrainingInstanceTypeType", instance_type),
        "InstanceCount": count,
        "VolumeSizeInGB": volume_gb,
    }
    return assembled(config, extra)


def stopping_condition(
    *, max_runtime_seconds: int = DAY, max_wait_seconds: int | None = None
) -> StoppingConditionTypeDef:
    """How long a job may run and, on spot capacity, how long it may take with all its waiting.

    The running time is sent even where it is the service's own default: it bounds the bill, so it should be
    seen.
    """
    condition: StoppingConditionTypeDef = {
        "MaxRuntimeInSeconds": max_runtime_seconds,
        "MaxWaitTimeInSeconds": optional(max_wait_seconds),
    }
    return assembled(condition)


def checkpoint_config(s3_uri: str, *, local_path: str | None = None) -> CheckpointConfigTypeDef:
    """Where a job's checkpoints are kept in S3; the container finds them in /opt/ml/checkpoints."""
    config: CheckpointConfigTypeDef = {"S3Uri": s3_uri, "LocalPath": optional(local_path)}
    return assembled(config)


def metric_definitions(regexes: Mapping[str, str]) -> list[MetricDefinitionTypeDef]:
    """Metric names with the regex that finds each in the log; the regex's one group captures the number."""
    return [{"Name": name, "Regex": regex} for name, regex in regexes.items()]


def vpc_config(*, subnets: Sequence[str], security_group_ids: Sequence[str]) -> VpcConfigTypeDef:
    """The network to which a job's or a model's containers are attached."""
    return {"Subnets": list(subnets), "SecurityGroupIds": list(security_group_ids)}


def tag_list(tags: Mapping[str, str]) -> list[TagTypeDef]:
    """Tags as SageMaker takes them: a list of keys and values."""
    return [{"Key": key, "Value": value} for key, value in tags.items()]
