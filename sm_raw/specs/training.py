"""CreateTrainingJob."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from sm_raw.specs.assembly import EMPTY, assembled, optional
from sm_raw.specs.fragments import DAY, checkpoint_config, metric_definitions, stopping_condition, tag_list
from sm_raw.specs.hyperparameters import hyperparameter_text

if TYPE_CHECKING:
    from types_boto3_sagemaker.type_defs import (
        ChannelTypeDef,
        CreateTrainingJobRequestTypeDef,
        DebugHookConfigTypeDef,
        DebugRuleConfigurationTypeDef,
        ProfilerConfigTypeDef,
        ProfilerRuleConfigurationTypeDef,
        ResourceConfigTypeDef,
        VpcConfigTypeDef,
    )


def training_job(
    name: str,
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
    debug_hook: DebugHookConfigTypeDef | None = None,
    debug_rules: Sequence[DebugRuleConfigurationTypeDef] = (),
    profiler: ProfilerConfigTypeDef | None = None,
    profiler_rules: Sequence[ProfilerRuleConfigurationTypeDef] = (),
    tags: Mapping[str, str] = EMPTY,
    extra: Mapping[str, Any] = EMPTY,
) -> CreateTrainingJobRequestTypeDef:
    """The CreateTrainingJob request for one training container.

    ``hyperparameters``: strings are sent as they are, all else as JSON; to run a script in a framework image,
    pass what ``script_mode`` returns. ``metrics``: names with the regexes that find them in the log.
    ``max_wait_seconds`` asks for spot capacity and bounds waiting and running together. Without ``profiler``
    the service decides; ``profiler_off()`` turns it off. ``extra`` adds any other request field at any depth,
    in the service's spelling, and wins over what was built here (the rules are on top of ``assembly``).
    """
    request: CreateTrainingJobRequestTypeDef = {
        "TrainingJobName": name,
        "AlgorithmSpecification": {
            "TrainingImage": image_uri,
            "TrainingInputMode": "File",
            "MetricDefinitions": optional(metric_definitions(metrics)),
        },
        "RoleArn": role_arn,
        "HyperParameters": optional({key: hyperparameter_text(value) for key, value in hyperparameters.items()}),
        "InputDataConfig": optional(channels),
        "OutputDataConfig": {"S3OutputPath": output_uri},
        "ResourceConfig": resources,
        "StoppingCondition": stopping_condition(
            max_runtime_seconds=max_runtime_seconds, max_wait_seconds=max_wait_seconds
        ),
        "EnableManagedSpotTraining": optional(None if max_wait_seconds is None else True),
        "CheckpointConfig": optional(checkpoint_config(checkpoint_uri) if checkpoint_uri else None),
        "Environment": optional(environment),
        "VpcConfig": optional(vpc),
        "DebugHookConfig": optional(debug_hook),
        "DebugRuleConfigurations": optional(debug_rules),
        "ProfilerConfig": optional(profiler),
        "ProfilerRuleConfigurations": optional(profiler_rules),
        "Tags": optional(tag_list(tags)),
    }
    return assembled(request, extra)
