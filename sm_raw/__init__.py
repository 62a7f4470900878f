"""Amazon SageMaker from boto3 alone: raw requests, checked before they are sent, and run for real on a laptop.

Builders return the request dicts that AWS documents: the common ones are here, all of them in ``sm_raw.specs``.
``check`` judges any request offline; ``submit``, ``wait`` and ``invoke_endpoint`` act on boto3 clients that you make.
The package imports nothing heavy by itself.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sm_raw.aws import (
    Prediction,
    best_trial,
    download,
    invoke_endpoint,
    iter_log_events,
    local_clients,
    pack,
    submit,
    trials,
    upload_folder,
    wait,
)
from sm_raw.errors import SmRawError
from sm_raw.specs import (
    async_inference,
    caller_policy,
    categorical_range,
    channel,
    collection,
    continuous_range,
    data_capture,
    debug_rule,
    debugger_rules_image,
    endpoint,
    endpoint_config,
    example_scaling,
    execution_role_policy,
    hook_config,
    image_classification_hyperparameters,
    image_uri,
    integer_range,
    invocations_target,
    lambda_function,
    model,
    production_variant,
    profiler_config,
    profiler_off,
    profiler_report,
    profiler_rule,
    pytorch_image,
    resources,
    scalable_target,
    scaling_policy,
    scheduled_action,
    script_mode,
    serverless_variant,
    serving_script,
    torch_distributed,
    training_definition,
    training_job,
    tuning_job,
    update_endpoint,
    variant_resource_id,
    vpc_config,
    warm_start,
)

if TYPE_CHECKING:
    from sm_raw.validation import Finding, check, check_together

__all__ = [
    "Finding",
    "Prediction",
    "SmRawError",
    "async_inference",
    "best_trial",
    "caller_policy",
    "categorical_range",
    "channel",
    "check",
    "check_together",
    "collection",
    "continuous_range",
    "data_capture",
    "debug_rule",
    "debugger_rules_image",
    "download",
    "endpoint",
    "endpoint_config",
    "example_scaling",
    "execution_role_policy",
    "hook_config",
    "image_classification_hyperparameters",
    "image_uri",
    "integer_range",
    "invocations_target",
    "invoke_endpoint",
    "iter_log_events",
    "lambda_function",
    "local_clients",
    "model",
    "pack",
    "production_variant",
    "profiler_config",
    "profiler_off",
    "profiler_report",
    "profiler_rule",
    "pytorch_image",
    "resources",
    "scalable_target",
    "scaling_policy",
    "scheduled_action",
    "script_mode",
    "serverless_variant",
    "serving_script",
    "submit",
    "torch_distributed",
    "training_definition",
    "training_job",
    "trials",
    "tuning_job",
    "update_endpoint",
    "upload_folder",
    "variant_resource_id",
    "vpc_config",
    "wait",
    "warm_start",
]


def __getattr__(name: str) -> Any:
    # The checks bring jsonschema and botocore's models with them: they are loaded when they are first used.
    if name in {"Finding", "check", "check_together"}:
        from sm_raw import validation

        return getattr(validation, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
