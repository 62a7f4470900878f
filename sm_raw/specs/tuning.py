"""CreateHyperParameterTuningJob: the training jobs to try, the ranges to search, the objective."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from sm_raw.specs.assembly import EMPTY, assembled, optional
from sm_raw.specs.fragments import (
    DAY,
    checkpoint_config,
    metric_definitions,
    retry_strategy,
    stopping_condition,
    tag_list,
)
from sm_raw.specs.hyperparameters import hyperparameter_text

if TYPE_CHECKING:
    from types_boto3_sagemaker.literals import (
        HyperParameterScalingTypeType,
        HyperParameterTuningJobObjectiveTypeType,
        HyperParameterTuningJobStrategyTypeType,
        OutputCompressionTypeType,
        TrainingInputModeType,
    )
    from types_boto3_sagemaker.type_defs import (
        AutotuneTypeDef,
        ChannelTypeDef,
        ContinuousParameterRangeTypeDef,
        CreateHyperParameterTuningJobRequestTypeDef,
        HyperParameterTrainingJobDefinitionTypeDef,
        HyperParameterTuningJobObjectiveTypeDef,
        HyperParameterTuningJobStrategyConfigTypeDef,
        HyperParameterTuningJobWarmStartConfigTypeDef,
        HyperParameterTuningResourceConfigTypeDef,
        IntegerParameterRangeTypeDef,
        ParameterRangesTypeDef,
        ResourceConfigTypeDef,
        TuningJobCompletionCriteriaTypeDef,
        VpcConfigTypeDef,
    )

# What HyperParameterTuningResourceConfig holds; whatever needs more, such as instance groups, is a ResourceConfig.
TUNING_RESOURCE_FIELDS = {
    "AllocationStrategy",
    "InstanceConfigs",
    "InstanceCount",
    "InstanceType",
    "VolumeKmsKeyId",
    "VolumeSizeInGB",
}


def tuning_job(
    name: str,
    *,
    training: HyperParameterTrainingJobDefinitionTypeDef | Sequence[HyperParameterTrainingJobDefinitionTypeDef],
    ranges: Sequence[ParameterRangesTypeDef] = (),
    objective_metric: str | None = None,
    objective_type: HyperParameterTuningJobObjectiveTypeType | None = None,
    max_jobs: int | None = None,
    max_parallel_jobs: int = 1,
    max_runtime_seconds: int | None = None,
    strategy: HyperParameterTuningJobStrategyTypeType = "Bayesian",
    strategy_config: HyperParameterTuningJobStrategyConfigTypeDef | None = None,
    early_stopping: bool = False,
    completion: TuningJobCompletionCriteriaTypeDef | None = None,
    random_seed: int | None = None,
    warm_start: HyperParameterTuningJobWarmStartConfigTypeDef | None = None,
    autotune: bool = False,
    tags: Mapping[str, str] = EMPTY,
    extra: Mapping[str, Any] = EMPTY,
) -> CreateHyperParameterTuningJobRequestTypeDef:
    """The CreateHyperParameterTuningJob request over one training definition, or over several.

    ``training`` is what ``training_definition`` returns. One definition takes ranges and objective from here,
    the objective being one of its metrics; each of a list brings a name, ranges and an objective of its own.
    ``max_jobs`` is needed by all strategies but Grid, which tries every combination. ``early_stopping`` lets
    the service stop trials that fall behind the median of the earlier ones. ``extra`` patches the request in
    the service's spelling (see ``assembly``).
    """
    autotuning: AutotuneTypeDef | None = {"Mode": "Enabled"} if autotune else None
    request: CreateHyperParameterTuningJobRequestTypeDef = {
        "HyperParameterTuningJobName": name,
        "HyperParameterTuningJobConfig": {
            "Strategy": strategy,
            "StrategyConfig": optional(strategy_config),
            "HyperParameterTuningJobObjective": optional(_objective(objective_metric, objective_type)),
            "ResourceLimits": {
                "MaxNumberOfTrainingJobs": optional(max_jobs),
                "MaxParallelTrainingJobs": max_parallel_jobs,
                "MaxRuntimeInSeconds": optional(max_runtime_seconds),
            },
            "ParameterRanges": optional(parameter_ranges(ranges)),
            "TrainingJobEarlyStoppingType": optional("Auto" if early_stopping else None),
            "TuningJobCompletionCriteria": optional(completion),
            "RandomSeed": optional(random_seed),
        },
        "WarmStartConfig": optional(warm_start),
        "Autotune": optional(autotuning),
        "Tags": optional(tag_list(tags)),
    }
    if isinstance(training, Sequence):
        request["TrainingJobDefinitions"] = training
    else:
        request["TrainingJobDefinition"] = training
    return assembled(request, extra)


def training_definition(
    *,
    name: str | None = None,
    image_uri: str | None = None,
    algorithm_name: str | None = None,
    role_arn: str,
    resources: ResourceConfigTypeDef | HyperParameterTuningResourceConfigTypeDef,
    channels: Sequence[ChannelTypeDef] = (),
    input_mode: TrainingInputModeType = "File",
    hyperparameters: Mapping[str, object] = EMPTY,
    ranges: Sequence[ParameterRangesTypeDef] = (),
    environment: Mapping[str, str] = EMPTY,
    metrics: Mapping[str, str] = EMPTY,
    objective_metric: str | None = None,
    objective_type: HyperParameterTuningJobObjectiveTypeType | None = None,
    output_uri: str,
    output_kms_key: str | None = None,
    output_compression: OutputCompressionTypeType | None = None,
    max_runtime_seconds: int = DAY,
    max_wait_seconds: int | None = None,
    checkpoint_uri: str | None = None,
    checkpoint_path: str | None = None,
    retry_attempts: int | None = None,
    vpc: VpcConfigTypeDef | None = None,
    network_isolation: bool = False,
    traffic_encryption: bool = False,
    extra: Mapping[str, Any] = EMPTY,
) -> HyperParameterTrainingJobDefinitionTypeDef:
    """What the training jobs of a tuning job have in common; most arguments are those of ``training_job``.

    ``hyperparameters`` are the static ones: none that is tuned may be among them. ``metrics`` must hold the
    objective, except for built-in algorithms, which bring their own. ``name``, ``ranges`` and the objective
    are for one of several definitions. The service takes no Debugger, profiler and keep-alive settings here.
    """
    static = {key: hyperparameter_text(value) for key, value in hyperparameters.items()}
    # The first is the field that AWS's own client uses; type, count and volume are the same in both.
    is_plain = resources.keys() <= TUNING_RESOURCE_FIELDS
    resource_field = "HyperParameterTuningResourceConfig" if is_plain else "ResourceConfig"
    definition: HyperParameterTrainingJobDefinitionTypeDef = {
        "DefinitionName": optional(name),
        "TuningObjective": optional(_objective(objective_metric, objective_type)),
        "HyperParameterRanges": optional(parameter_ranges(ranges)),
        "AlgorithmSpecification": {
            "TrainingImage": optional(image_uri),
            "AlgorithmName": optional(algorithm_name),
            "TrainingInputMode": input_mode,
            "MetricDefinitions": optional(metric_definitions(metrics)),
        },
        "RoleArn": role_arn,
        "StaticHyperParameters": optional(static),
        "InputDataConfig": optional(channels),
        "OutputDataConfig": {
            "S3OutputPath": output_uri,
            "KmsKeyId": optional(output_kms_key),
            "CompressionType": optional(output_compression),
        },
        "StoppingCondition": stopping_condition(
            max_runtime_seconds=max_runtime_seconds, max_wait_seconds=max_wait_seconds
        ),
        "EnableManagedSpotTraining": optional(None if max_wait_seconds is None else True),
        "CheckpointConfig": optional(
            checkpoint_config(checkpoint_uri, local_path=checkpoint_path) if checkpoint_uri else None
        ),
        "RetryStrategy": optional(None if retry_attempts is None else retry_strategy(retry_attempts)),
        "Environment": optional(environment),
        "VpcConfig": optional(vpc),
        "EnableNetworkIsolation": optional(network_isolation or None),
        "EnableInterContainerTrafficEncryption": optional(traffic_encryption or None),
    }
    return assembled(assembled(definition, {resource_field: resources}), extra)


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


def auto_parameter(name: str, hint: object) -> ParameterRangesTypeDef:
    """A hyperparameter whose range Autotune chooses; ``hint`` is an example of its values."""
    return {"AutoParameters": [{"Name": name, "ValueHint": hyperparameter_text(hint)}]}


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
        "AutoParameters": optional([entry for each in ranges for entry in each.get("AutoParameters", [])]),
    }
    return assembled(merged)


def _objective(
    metric: str | None, kind: HyperParameterTuningJobObjectiveTypeType | None
) -> HyperParameterTuningJobObjectiveTypeDef | None:
    if metric is None:
        return None
    return {"Type": optional(kind), "MetricName": metric}
