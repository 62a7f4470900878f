"""Debugger and profiler: what the training job saves, and the rules that look at it.

Parameters and defaults are from https://docs.aws.amazon.com/sagemaker/latest/dg/debugger-built-in-rules.html,
the collections that each rule brings from AWS's package smdebug-rulesconfig.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NamedTuple

from sm_raw.specs.assembly import EMPTY, assembled, optional

if TYPE_CHECKING:
    from types_boto3_sagemaker.type_defs import (
        CollectionConfigurationTypeDef,
        DebugHookConfigTypeDef,
        DebugRuleConfigurationTypeDef,
        ProfilerConfigTypeDef,
        ProfilerRuleConfigurationTypeDef,
    )


class BuiltInRule(NamedTuple):
    """A rule of the service: its parameters with their defaults, and the collections of tensors it brings."""

    parameters: Mapping[str, object]
    collections: Mapping[str, Mapping[str, str]] = EMPTY


DEBUG_RULES: Mapping[str, BuiltInRule] = MappingProxyType(
    {
        "LossNotDecreasing": BuiltInRule(
            parameters={
                "collection_names": None,
                "tensor_regex": None,
                "use_losses_collection": True,
                "num_steps": 10,
                "diff_percent": 0.1,
                "increase_threshold_percent": 5.0,
                "mode": "GLOBAL",
            },
            collections={"losses": {"save_interval": "500"}},
        ),
        "Overfit": BuiltInRule(
            parameters={"tensor_regex": None, "start_step": 0, "patience": 1, "ratio_threshold": 0.1}
        ),
        "Overtraining": BuiltInRule(parameters={"patience_train": 5, "patience_validation": 10, "delta": 0.01}),
        # It also looks at gradients and losses, which it does not bring: name `gradients` beside it.
        "PoorWeightInitialization": BuiltInRule(
            parameters={
                "activation_inputs_regex": ".*relu_input",
                "threshold": 10.0,
                "distribution_range": 0.001,
                "patience": 5,
                "steps": 10,
            },
            collections={"relu_input": {"include_regex": ".*relu_input", "save_interval": "500"}},
        ),
        "VanishingGradient": BuiltInRule(
            parameters={"threshold": 1e-7}, collections={"gradients": {"save_interval": "500"}}
        ),
    }
)


def debug_rule(
    rule: str,
    *,
    image_uri: str,
    parameters: Mapping[str, object] = EMPTY,
    name: str | None = None,
    extra: Mapping[str, Any] = EMPTY,
) -> DebugRuleConfigurationTypeDef:
    """A rule over the saved tensors: a built-in one by the service's name, or a class of your own.

    A built-in rule runs in ``debugger_rules_image(region)``, on an instance that the service provides; your
    own needs the parameter ``source_s3_uri``, and InstanceType and VolumeSizeInGB through ``extra``.
    Parameters not given have the rule's defaults. ``name`` tells two configurations of one rule apart.
    """
    configuration: DebugRuleConfigurationTypeDef = {
        "RuleConfigurationName": rule if name is None else name,
        "RuleEvaluatorImage": image_uri,
        "RuleParameters": {"rule_to_invoke": rule, **_texts(parameters)},
    }
    return assembled(configuration, extra)


def collection(name: str, parameters: Mapping[str, object] = EMPTY) -> CollectionConfigurationTypeDef:
    """A named set of tensors to save, e.g. ``collection("losses", {"train.save_interval": 10})``.

    A name that smdebug does not know needs the parameter ``include_regex``.
    """
    configuration: CollectionConfigurationTypeDef = {
        "CollectionName": name,
        "CollectionParameters": optional(_texts(parameters)),
    }
    return assembled(configuration)


def hook_config(
    output_uri: str,
    *,
    rules: Iterable[DebugRuleConfigurationTypeDef] = (),
    collections: Iterable[CollectionConfigurationTypeDef] = (),
    parameters: Mapping[str, object] = EMPTY,
    extra: Mapping[str, Any] = EMPTY,
) -> DebugHookConfigTypeDef:
    """What smdebug's hook saves and where: the collections given and those that built-in ``rules`` bring.

    Each collection appears once. Where a rule brings one that was given too, the parameters given win and the
    rule's fill the gaps. ``output_uri`` is a base: the service appends ``/<job name>/debug-output``.
    """
    config: DebugHookConfigTypeDef = {
        "S3OutputPath": output_uri,
        "HookParameters": optional(_texts(parameters)),
        "CollectionConfigurations": optional(_merged([*collections, *_brought_by(rules)])),
    }
    return assembled(config, extra)


def profiler_config(
    output_uri: str,
    *,
    interval_milliseconds: int | None = None,
    parameters: Mapping[str, str] = EMPTY,
    extra: Mapping[str, Any] = EMPTY,
) -> ProfilerConfigTypeDef:
    """System monitoring, every 100, 200, 500 (where not given), 1000, 5000 or 60000 milliseconds."""
    config: ProfilerConfigTypeDef = {
        "S3OutputPath": output_uri,
        "ProfilingIntervalInMilliseconds": optional(interval_milliseconds),
        "ProfilingParameters": optional(parameters),
    }
    return assembled(config, extra)


def profiler_off() -> ProfilerConfigTypeDef:
    """Neither monitoring nor profiling. It has to be said: without a configuration the service decides."""
    return {"DisableProfiler": True}


def profiler_rule(
    rule: str,
    *,
    image_uri: str,
    parameters: Mapping[str, object] = EMPTY,
    name: str | None = None,
    extra: Mapping[str, Any] = EMPTY,
) -> ProfilerRuleConfigurationTypeDef:
    """A built-in rule over the profiler's data, such as LowGPUUtilization; the image is as for debug rules."""
    configuration: ProfilerRuleConfigurationTypeDef = {
        "RuleConfigurationName": rule if name is None else name,
        "RuleEvaluatorImage": image_uri,
        "RuleParameters": {"rule_to_invoke": rule, **_texts(parameters)},
    }
    return assembled(configuration, extra)


def profiler_report(*, image_uri: str, parameters: Mapping[str, object] = EMPTY) -> ProfilerRuleConfigurationTypeDef:
    """The rule that runs all profiler rules and writes profiler-report.html.

    A parameter of one of them is given as ``<Rule>_<parameter>``, e.g. ``CPUBottleneck_threshold``.
    """
    return profiler_rule("ProfilerReport", image_uri=image_uri, parameters=parameters)


def _texts(parameters: Mapping[str, object]) -> dict[str, str]:
    return {name: _text(value) for name, value in parameters.items()}


def _text(value: object) -> str:
    # smdebug reads Python's spelling, not JSON: True, None, and a list as one comma-separated string.
    return ",".join(map(str, value)) if isinstance(value, list | tuple) else str(value)


def _brought_by(
    rules: Iterable[DebugRuleConfigurationTypeDef],
) -> Iterator[CollectionConfigurationTypeDef]:
    for rule in rules:
        built_in = DEBUG_RULES.get(rule.get("RuleParameters", {}).get("rule_to_invoke", ""))
        if built_in is not None:
            yield from (collection(name, parameters) for name, parameters in built_in.collections.items())


def _merged(collections: Iterable[CollectionConfigurationTypeDef]) -> list[CollectionConfigurationTypeDef]:
    merged: dict[str, dict[str, str]] = {}
    for each in collections:
        earlier = merged.get(each["CollectionName"], {})
        merged[each["CollectionName"]] = {**each.get("CollectionParameters", {}), **earlier}
    return [collection(name, parameters) for name, parameters in merged.items()]
