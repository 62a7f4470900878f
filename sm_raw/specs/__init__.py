"""Builders: plain values in, AWS request dicts out; no clock, no environment, no network.

A builder names what is common and takes everything else through ``extra`` (see ``assembly``). It never judges
what it is given: ``sm_raw.validation`` does, and hand-written requests get the same judgement.
"""

from __future__ import annotations

from sm_raw.specs.channels import channel
from sm_raw.specs.debugger import (
    DEBUG_RULES,
    collection,
    debug_rule,
    hook_config,
    profiler_config,
    profiler_off,
    profiler_report,
    profiler_rule,
)
from sm_raw.specs.fragments import (
    checkpoint_config,
    metric_definitions,
    resources,
    stopping_condition,
    tag_list,
    vpc_config,
)
from sm_raw.specs.hosting import (
    endpoint,
    endpoint_config,
    model,
    production_variant,
    serverless_variant,
    serving_script,
)
from sm_raw.specs.hyperparameters import decode_hyperparameter, encode_hyperparameter, script_mode
from sm_raw.specs.images import debugger_rules_image, pytorch_image
from sm_raw.specs.names import TRAINING_JOB_NAME_LIMIT, TUNING_JOB_NAME_LIMIT, canonical_hash, job_name
from sm_raw.specs.scaling import invocations_target, scalable_target, scaling_policy, variant_resource_id
from sm_raw.specs.training import training_job
from sm_raw.specs.tuning import (
    categorical_range,
    continuous_range,
    integer_range,
    parameter_ranges,
    training_definition,
    tuning_job,
)

__all__ = [
    "DEBUG_RULES",
    "TRAINING_JOB_NAME_LIMIT",
    "TUNING_JOB_NAME_LIMIT",
    "canonical_hash",
    "categorical_range",
    "channel",
    "checkpoint_config",
    "collection",
    "continuous_range",
    "debug_rule",
    "debugger_rules_image",
    "decode_hyperparameter",
    "encode_hyperparameter",
    "endpoint",
    "endpoint_config",
    "hook_config",
    "integer_range",
    "invocations_target",
    "job_name",
    "metric_definitions",
    "model",
    "parameter_ranges",
    "production_variant",
    "profiler_config",
    "profiler_off",
    "profiler_report",
    "profiler_rule",
    "pytorch_image",
    "resources",
    "scalable_target",
    "scaling_policy",
    "script_mode",
    "serverless_variant",
    "serving_script",
    "stopping_condition",
    "tag_list",
    "training_definition",
    "training_job",
    "tuning_job",
    "variant_resource_id",
    "vpc_config",
]
