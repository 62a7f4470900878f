"""CreateTrainingJob."""

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
    from types_boto3_sagemaker.literals import OutputCompressionTypeType, TrainingInputModeType
    from types_boto3_sagemaker.type_defs import (
        ChannelTypeDef,
        CreateTrainingJobRequestTypeDef,
        DebugHookConfigTypeDef,
        DebugRuleConfigurationTypeDef,
        ExperimentConfigTypeDef,
        ProfilerConfigTypeDef,
        ProfilerRuleConfigurationTypeDef,
        ResourceConfigTypeDef,
        TensorBoardOutputConfigTypeDef,
        VpcConfigTypeDef,
    )


def training_job(
    name: str,
    *,
    image_uri: str | None = None,
    algorithm_name: str | None = None,
    entrypoint: Sequence[str] = (),
    arguments: Sequence[str] = (),
    role_arn: str,
    resources: ResourceConfigTypeDef,
    channels: Sequence[ChannelTypeDef] = (),
    input_mode: TrainingInputModeType = "File",
    hyperparameters: Mapping[str, object] = EMPTY,
    environment: Mapping[str, str] = EMPTY,
    metrics: Mapping[str, str] = EMPTY,
    metrics_time_series: bool = False,
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
    debug_hook: DebugHookConfigTypeDef | None = None,
    debug_rules: Sequence[DebugRuleConfigurationTypeDef] = (),
    profiler: ProfilerConfigTypeDef | None = None,
    profiler_rules: Sequence[ProfilerRuleConfigurationTypeDef] = (),
    tensorboard: TensorBoardOutputConfigTypeDef | None = None,
    experiment: ExperimentConfigTypeDef | None = None,
    tags: Mapping[str, str] = EMPTY,
    extra: Mapping[str, Any] = EMPTY,
) -> CreateTrainingJobRequestTypeDef:
    """The CreateTrainingJob request for one training container.

    ``image_uri``, or ``algorithm_name`` for an algorithm resource. ``entrypoint`` and ``arguments`` replace those of
    the image. ``hyperparameters``: strings are sent as they are, all else as JSON; to run a script in a framework
    image, pass what ``script_mode`` returns. ``input_mode`` holds for channels without one of their own. ``metrics``:
    names with the regexes that find them in the log; ``metrics_time_series`` keeps every value for SageMaker's graphs.
    ``max_wait_seconds`` asks for spot capacity and bounds waiting and running together. ``checkpoint_path``: the
    container's directory that is kept at ``checkpoint_uri``. ``retry_attempts``: after failures of the service itself.
    ``traffic_encryption``: between the containers of several instances. Without ``profiler`` the service decides;
    ``profiler_off()`` turns it off. ``extra`` adds any other request field at any depth (RemoteDebugConfig,
    InfraCheckConfig, SessionChainingConfig ...), in the service's spelling, and wins over what was built here (the
    rules are on top of ``assembly``).
    """
    request: CreateTrainingJobRequestTypeDef = {
        "TrainingJobName": name,
        "AlgorithmSpecification": {
            "TrainingImage": optional(image_uri),
            "AlgorithmName": optional(algorithm_name),
            "TrainingInputMode": input_mode,
            "MetricDefinitions": optional(metric_definitions(metrics)),
            "EnableSageMakerMetricsTimeSeries": optional(metrics_time_series or None),
            "ContainerEntrypoint": optional(entrypoint),
            "ContainerArguments": optional(arguments),
        },
        "RoleArn": role_arn,
        "HyperParameters": optional({key: hyperparameter_text(value) for key, value in hyperparameters.items()}),
        "InputDataConfig": optional(channels),
        "OutputDataConfig": {
            "S3OutputPath": output_uri,
            "KmsKeyId": optional(output_kms_key),
            "CompressionType": optional(output_compression),
        },
        "ResourceConfig": resources,
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
        "DebugHookConfig": optional(debug_hook),
        "DebugRuleConfigurations": optional(debug_rules),
        "ProfilerConfig": optional(profiler),
        "ProfilerRuleConfigurations": optional(profiler_rules),
        "TensorBoardOutputConfig": optional(tensorboard),
        "ExperimentConfig": optional(experiment),
        "Tags": optional(tag_list(tags)),
    }
    return assembled(request, extra)
