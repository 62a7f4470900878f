"""CreateHyperParameterTuningJob: the training jobs to try, the ranges to search, the objective."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, cast

from sm_raw.specs.assembly import EMPTY, assembled, optional
from sm_raw.specs.fragments import DAY, checkpoint_config, metric_definitions, stopping_condition, tag_list
from sm_raw.specs.hyperparameters import hyperparameter_text

if TYPE_CHECKING:
    from types_boto3_sagemaker.literals import (
        HyperParameterScalingTypeType,
        HyperParameterTuningJobObjectiveTypeType,
        HyperParameterTuningJobStrategyTypeType,
    )
    from types_boto3_sagemaker.type_defs import (
        ChannelTypeDef,
        ContinuousParameterRangeTypeDef,
        CreateHyperParameterTuningJobRequestTypeDef,
        HyperParameterTrainingJobDefinitionTypeDef,
        HyperParameterTuningResourceConfigTypeDef,
        IntegerParameterRangeTypeDef,
        ParameterRangesTypeDef,
        ResourceConfigTypeDef,
        VpcConfigTypeDef,
    )


def tuning_job(
    name: str,
    *,
    training: HyperParameterTrainingJobDefinitionTypeDef,
    ranges: Sequence[ParameterRangesTypeDef],
    objective_metric: str,
    objective_type: HyperParameterTuningJobObjectiveTypeType,
    max_jobs: int,
    max_parallel_jobs: int = 1,
    strategy: HyperParameterTuningJobStrategyTypeType = "Bayesian",
    early_stopping: bool = False,
    random_seed: int | None = None,
    tags: Mapping[str, str] = EMPTY,
    extra: Mapping[str, Any] = EMPTY,
) -> CreateHyperParameterTuningJobRequestTypeDef:
    """The CreateHyperParameterTuningJob request over one training definition.

    ``training`` is what ``training_definition`` returns, and the objective one of its metrics.
    ``early_stopping`` lets the service stop trials that fall behind the median of the earlier ones. ``extra``
    patches the request in the service's spelling (see ``assembly``).
    """
    request: CreateHyperParameterTuningJobRequestTypeDef = {
        "HyperParameterTuningJobName": name,
        "HyperParameterTuningJobConfig": {
            "Strategy": strategy,
            "HyperParameterTuningJobObjective": {"Type": objective_type, "MetricName": objective_metric},
            "ResourceLimits": {
                "MaxNumberOfTrainingJobs": max_jobs,
                "MaxParallelTrainingJobs": max_parallel_jobs,
            },
            "ParameterRanges": parameter_ranges(ranges),
            "TrainingJobEarlyStoppingType": optional("Auto" if early_stopping else None),
            "RandomSeed": optional(random_seed),
        },
        "TrainingJobDefinition": training,
        "Tags": optional(tag_list(tags)),
    }
    return assembled(request, extra)


def training_definition(
    *,
    image_uri: str,
    role_arn: str,
    output_uri: str,
    resources: ResourceConfigTypeDef,
    channels: Sequence[ChannelTypeDef] = (),
    hyperparameters: Mapping[str, object] = EMPTY,
    metrics: Mapping[str, str] = EMPTY,
    max_runtime_seconds: int = DAY,
    max_wait_seconds: int | None = None,
    checkpoint_uri: str | None = None,
    environment: Mapping[str, str] = EMPTY,
    vpc: VpcConfigTypeDef | None = None,
    extra: Mapping[str, Any] = EMPTY,
) -> HyperParameterTrainingJobDefinitionTypeDef:
    """What the training jobs of a tuning job have in common; the arguments are those of ``training_job``.

    ``hyperparameters`` are the static ones: none that is tuned may be among them. ``metrics`` must hold the
    objective, except for built-in algorithms, which bring their own. The service takes no Debugger, profiler
    and keep-alive settings here.
    """
    static = {key: hyperparameter_text(value) for key, value in hyperparameters.items()}
    definition: HyperParameterTrainingJobDefinitionTypeDef = {
        "AlgorithmSpecification": {
            "TrainingImage": image_uri,
            "TrainingInputMode": "File",
            "MetricDefinitions": optional(metric_definitions(metrics)),
        },
        "RoleArn": role_arn,
        "StaticHyperParameters": optional(static),
        "InputDataConfig": optional(channels),
        "OutputDataConfig": {"S3OutputPath": output_uri},
        # The field that AWS's own client uses here; type, count and volume are the same in both shapes.
        "HyperParameterTuningResourceConfig": cast("HyperParameterTuningResourceConfigTypeDef", resources),
        "StoppingCondition": stopping_condition(
            max_runtime_seconds=max_runtime_seconds, max_wait_seconds=max_wait_seconds
        ),
        "EnableManagedSpotTraining": optional(None if max_wait_seconds is None else True),
        "CheckpointConfig": optional(checkpoint_config(checkpoint_uri) if checkpoint_uri else None),
        "Environment": optional(environment),
        "VpcConfig": optional(vpc),
    }
    return assembled(definition, extra)


def continuous_range(
    name: str, minimum: float, maximum: float, *, scaling: HyperParameterScalingTypeType | None = None
) -> ParameterRangesTypeDef:
    """A real number to search, bounds included; without ``scaling`` the service chooses (Auto)."""
    entry: ContinuousParameterRangeTypeDef = {
        "Name": name,
        "MinValue": str(minimum),
        "MaxValue": str(maximum),
        "ScalingType": optional(scaling),
    }
    return {"ContinuousParameterRanges": [assembled(entry)]}


def integer_range(
    name: str, minimum: int, maximum: int, *, scaling: HyperParameterScalingTypeType | None = None
) -> ParameterRangesTypeDef:
    """A whole number to search, bounds included; without ``scaling`` the service chooses (Auto)."""
    entry: IntegerParameterRangeTypeDef = {
        "Name": name,
        "MinValue": str(minimum),
        "MaxValue": str(maximum),
        "ScalingType": optional(scaling),
    }
    return {"IntegerParameterRanges": [assembled(entry)]}


def categorical_range(name: str, values: Sequence[object]) -> ParameterRangesTypeDef:
    """A choice among values: strings are sent as they are, all else as JSON, as in ``training_job``."""
    texts = [hyperparameter_text(value) for value in values]
    return {"CategoricalParameterRanges": [{"Name": name, "Values": texts}]}


def parameter_ranges(ranges: Sequence[ParameterRangesTypeDef]) -> ParameterRangesTypeDef:
    """One ParameterRanges out of several; each kind keeps the order given."""
    merged: ParameterRangesTypeDef = {
        "ContinuousParameterRanges": optional(
            [entry for each in ranges for entry in each.get("ContinuousParameterRanges", [])]
        ),
        "IntegerParameterRanges": optional(
            [entry for each in ranges for entry in each.get("IntegerParameterRanges", [])]
        ),
        "CategoricalParameterRanges": optional(
            [entry for each in ranges for entry in each.get("CategoricalParameterRanges", [])]
        ),
    }
    return assembled(merged)
