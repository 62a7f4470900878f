"""Fragments that several requests share: instances, time limits, checkpoints, metrics, network, experiments, tags."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, cast

from sm_raw.specs.assembly import EMPTY, assembled, optional

if TYPE_CHECKING:
    from types_boto3_sagemaker.literals import TrainingInstanceTypeType
    from types_boto3_sagemaker.type_defs import (
        CheckpointConfigTypeDef,
        ExperimentConfigTypeDef,
        InstanceGroupTypeDef,
        MetricDefinitionTypeDef,
        ResourceConfigTypeDef,
        RetryStrategyTypeDef,
        StoppingConditionTypeDef,
        TagTypeDef,
        VpcConfigTypeDef,
    )

DAY = 86_400


def resources(
    instance_type: str,
    *,
    count: int = 1,
    volume_gb: int = 30,
    volume_kms_key: str | None = None,
    keep_alive_seconds: int | None = None,
    extra: Mapping[str, Any] = EMPTY,
) -> ResourceConfigTypeDef:
    """The instances of a job; ``volume_gb`` is the storage attached to each.

    ``keep_alive_seconds`` keeps them as a warm pool after the job, for the next job that asks for the same; it is
    billed, and a tuning job has no such field.
    """
    config: ResourceConfigTypeDef = {
        # Any text: an instance type newer than the installed types is for the checks to judge.
        "InstanceType": cast("TrainingInstanceTypeType", instance_type),
        "InstanceCount": count,
        "VolumeSizeInGB": volume_gb,
        "VolumeKmsKeyId": optional(volume_kms_key),
        "KeepAlivePeriodInSeconds": optional(keep_alive_seconds),
    }
    return assembled(config, extra)


def instance_group(name: str, instance_type: str, *, count: int = 1) -> InstanceGroupTypeDef:
    """One group of a heterogeneous cluster; channels and distribution settings refer to it by name."""
    return {
        "InstanceType": cast("TrainingInstanceTypeType", instance_type),
        "InstanceCount": count,
        "InstanceGroupName": name,
    }


def heterogeneous_resources(
    groups: Sequence[InstanceGroupTypeDef],
    *,
    volume_gb: int = 30,
    volume_kms_key: str | None = None,
    extra: Mapping[str, Any] = EMPTY,
) -> ResourceConfigTypeDef:
    """The instances of a job whose cluster has several instance types."""
    config: ResourceConfigTypeDef = {
        "InstanceGroups": groups,
        "VolumeSizeInGB": volume_gb,
        "VolumeKmsKeyId": optional(volume_kms_key),
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


def retry_strategy(attempts: int) -> RetryStrategyTypeDef:
    """How often the service starts a job again after an internal error of its own."""
    return {"MaximumRetryAttempts": attempts}


def metric_definitions(regexes: Mapping[str, str]) -> list[MetricDefinitionTypeDef]:
    """Metric names with the regex that finds each in the log; the regex's one group captures the number."""
    return [{"Name": name, "Regex": regex} for name, regex in regexes.items()]


def vpc_config(*, subnets: Sequence[str], security_group_ids: Sequence[str]) -> VpcConfigTypeDef:
    """The network to which a job's or a model's containers are attached."""
    return {"Subnets": list(subnets), "SecurityGroupIds": list(security_group_ids)}


def experiment_config(
    *,
    experiment_name: str | None = None,
    trial_name: str | None = None,
    run_name: str | None = None,
    display_name: str | None = None,
) -> ExperimentConfigTypeDef:
    """The experiment, trial and run under which a job is listed; ``display_name`` is its own name there."""
    config: ExperimentConfigTypeDef = {
        "ExperimentName": optional(experiment_name),
        "TrialName": optional(trial_name),
        "TrialComponentDisplayName": optional(display_name),
        "RunName": optional(run_name),
    }
    return assembled(config)


def tag_list(tags: Mapping[str, str]) -> list[TagTypeDef]:
    """Tags as SageMaker takes them: a list of keys and values."""
    return [{"Key": key, "Value": value} for key, value in tags.items()]
