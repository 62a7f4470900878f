"""Settings of a tuning job beside its ranges: Hyperband, when it is done, what it starts from, which instances."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, cast

from sm_raw.specs.assembly import assembled, optional

if TYPE_CHECKING:
    from types_boto3_sagemaker.literals import HyperParameterTuningJobWarmStartTypeType, TrainingInstanceTypeType
    from types_boto3_sagemaker.type_defs import (
        BestObjectiveNotImprovingTypeDef,
        ConvergenceDetectedTypeDef,
        HyperParameterTuningInstanceConfigTypeDef,
        HyperParameterTuningJobStrategyConfigTypeDef,
        HyperParameterTuningJobWarmStartConfigTypeDef,
        HyperParameterTuningResourceConfigTypeDef,
        TuningJobCompletionCriteriaTypeDef,
    )


def hyperband(
    *, min_resource: int | None = None, max_resource: int | None = None
) -> HyperParameterTuningJobStrategyConfigTypeDef:
    """How many epochs Hyperband gives a training job: at least, before it may stop it, and at most.

    Without ``max_resource`` the service reads it from a static hyperparameter named epochs, numepochs,
    n-epochs, n_epochs or num_epochs.
    """
    config: HyperParameterTuningJobStrategyConfigTypeDef = {
        "HyperbandStrategyConfig": {"MinResource": optional(min_resource), "MaxResource": optional(max_resource)}
    }
    return assembled(config)


def completion_criteria(
    *, target_value: float | None = None, max_jobs_not_improving: int | None = None, on_convergence: bool = False
) -> TuningJobCompletionCriteriaTypeDef:
    """What ends a tuning job before its limits do; the first criterion that is met counts.

    ``max_jobs_not_improving``: so many training jobs that better the objective by less than 1 %.
    """
    stalled: BestObjectiveNotImprovingTypeDef = {
        "MaxNumberOfTrainingJobsNotImproving": optional(max_jobs_not_improving)
    }
    converged: ConvergenceDetectedTypeDef = {"CompleteOnConvergence": "Enabled"}
    criteria: TuningJobCompletionCriteriaTypeDef = {
        "TargetObjectiveMetricValue": optional(target_value),
        "BestObjectiveNotImproving": optional(None if max_jobs_not_improving is None else stalled),
        "ConvergenceDetected": optional(converged if on_convergence else None),
    }
    return assembled(criteria)


def warm_start(
    parents: Sequence[str], *, kind: HyperParameterTuningJobWarmStartTypeType = "IdenticalDataAndAlgorithm"
) -> HyperParameterTuningJobWarmStartConfigTypeDef:
    """Earlier tuning jobs, by name, from whose trials a tuning job learns.

    ``kind`` is TransferLearning when the data or the image have changed since.
    """
    return {
        "WarmStartType": kind,
        "ParentHyperParameterTuningJobs": [{"HyperParameterTuningJobName": parent} for parent in parents],
    }


def instance_choice(
    instance_type: str, *, count: int = 1, volume_gb: int = 30
) -> HyperParameterTuningInstanceConfigTypeDef:
    """One of the fleets among which a tuning job may choose."""
    return {
        # Any text: an instance type newer than the installed types is for the checks to judge.
        "InstanceType": cast("TrainingInstanceTypeType", instance_type),
        "InstanceCount": count,
        "VolumeSizeInGB": volume_gb,
    }


def prioritized_instances(
    choices: Sequence[HyperParameterTuningInstanceConfigTypeDef], *, volume_kms_key: str | None = None
) -> HyperParameterTuningResourceConfigTypeDef:
    """Fleets to choose from, the most wanted first: each training job gets the first that is free."""
    config: HyperParameterTuningResourceConfigTypeDef = {
        "AllocationStrategy": "Prioritized",
        "InstanceConfigs": choices,
        "VolumeKmsKeyId": optional(volume_kms_key),
    }
    return assembled(config)
