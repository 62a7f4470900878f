"""Debugger: what the training job saves, and the rules that look at it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, cast

from sm_raw.specs.assembly import EMPTY, assembled, optional
from sm_raw.specs.debugger_rules import DEBUG_RULES as DEBUG_RULES
from sm_raw.specs.profiler import profiler_config as profiler_config
from sm_raw.specs.profiler import profiler_off as profiler_off
from sm_raw.specs.profiler import profiler_report as profiler_report
from sm_raw.specs.profiler import profiler_rule as profiler_rule
from sm_raw.specs.rule_actions import action_json
from sm_raw.specs.smdebug_texts import parameter_texts

if TYPE_CHECKING:
    from types_boto3_sagemaker.literals import ProcessingInstanceTypeType
    from types_boto3_sagemaker.type_defs import (
        CollectionConfigurationTypeDef,
        DebugHookConfigTypeDef,
        DebugRuleConfigurationTypeDef,
        TensorBoardOutputConfigTypeDef,
    )


def debug_rule(
    rule: str,
    *,
    image_uri: str,
    parameters: Mapping[str, object] = EMPTY,
    other_trials: Sequence[str] = (),
    actions: Mapping[str, str] | Sequence[Mapping[str, str]] = (),
    name: str | None = None,
    extra: Mapping[str, Any] = EMPTY,
) -> DebugRuleConfigurationTypeDef:
    """A built-in rule over the saved tensors, by the service's name; ``DEBUG_RULES`` lists them.

    It runs in ``debugger_rules_image(region)``, on an instance that the service provides. Parameters not given
    have the rule's defaults. ``other_trials``: S3 paths of the debug-output of earlier jobs, for a rule that
    compares. ``actions``: what happens when the rule finds an issue (``stop_training``, ``email``, ``sms``).
    ``name`` tells two configurations of one rule apart.
    """
    trials = {f"other_trial_{number}": path for number, path in enumerate(other_trials)}
    action = {"action_json": action_json(actions)} if actions else {}
    configuration: DebugRuleConfigurationTypeDef = {
        "RuleConfigurationName": rule if name is None else name,
        "RuleEvaluatorImage": image_uri,
        "RuleParameters": {"rule_to_invoke": rule, **parameter_texts(parameters), **trials, **action},
    }
    return assembled(configuration, extra)


def custom_debug_rule(
    rule: str,
    *,
    source_uri: str,
    image_uri: str,
    instance_type: str,
    volume_gb: int,
    parameters: Mapping[str, object] = EMPTY,
    other_trials: Sequence[str] = (),
    actions: Mapping[str, str] | Sequence[Mapping[str, str]] = (),
    name: str | None = None,
    extra: Mapping[str, Any] = EMPTY,
) -> DebugRuleConfigurationTypeDef:
    """A rule of your own: ``rule`` is the class, ``source_uri`` the Python file in S3 that holds it.

    ``image_uri`` is the region's image sagemaker-debugger-rule-evaluator; its accounts are listed at
    https://docs.aws.amazon.com/sagemaker/latest/dg/debugger-docker-images-rules.html.
    """
    configuration = debug_rule(
        rule,
        image_uri=image_uri,
        parameters={"source_s3_uri": source_uri, **parameters},
        other_trials=other_trials,
        actions=actions,
        name=name,
    )
    configuration["InstanceType"] = cast("ProcessingInstanceTypeType", instance_type)
    configuration["VolumeSizeInGB"] = volume_gb
    return assembled(configuration, extra)


def collection(name: str, parameters: Mapping[str, object] = EMPTY) -> CollectionConfigurationTypeDef:
    """A named set of tensors to save, e.g. ``collection("losses", {"train.save_interval": 10})``.

    A name that smdebug does not know needs the parameter ``include_regex``.
    """
    configuration: CollectionConfigurationTypeDef = {
        "CollectionName": name,
        "CollectionParameters": optional(parameter_texts(parameters)),
    }
    return assembled(configuration)


def hook_config(
    output_uri: str,
    *,
    rules: Iterable[DebugRuleConfigurationTypeDef] = (),
    collections: Iterable[CollectionConfigurationTypeDef] = (),
    rule_collections: Mapping[str, Iterable[CollectionConfigurationTypeDef]] = EMPTY,
    parameters: Mapping[str, object] = EMPTY,
    extra: Mapping[str, Any] = EMPTY,
) -> DebugHookConfigTypeDef:
    """What smdebug's hook saves and where: the collections given and those that built-in ``rules`` bring.

    Each collection appears once. Where a rule brings one that was given too, the parameters given win and the
    rule's fill the gaps. ``rule_collections`` names, by RuleConfigurationName, what a rule has saved instead of
    what it brings. ``output_uri`` is a base: the service appends ``/<job name>/debug-output``.
    """
    brought = [each for rule in rules for each in _brought_by(rule, rule_collections)]
    config: DebugHookConfigTypeDef = {
        "S3OutputPath": output_uri,
        "HookParameters": optional(parameter_texts(parameters)),
        "CollectionConfigurations": optional(_merged([*collections, *brought])),
    }
    return assembled(config, extra)


def tensorboard_output(output_uri: str, *, local_path: str | None = None) -> TensorBoardOutputConfigTypeDef:
    """Where TensorBoard's files go in S3, and where the container writes them."""
    config: TensorBoardOutputConfigTypeDef = {"S3OutputPath": output_uri, "LocalPath": optional(local_path)}
    return assembled(config)


def _brought_by(
    rule: DebugRuleConfigurationTypeDef, instead: Mapping[str, Iterable[CollectionConfigurationTypeDef]]
) -> Iterator[CollectionConfigurationTypeDef]:
    name = rule["RuleConfigurationName"]
    built_in = DEBUG_RULES.get(rule.get("RuleParameters", {}).get("rule_to_invoke", ""))
    if name in instead:
        yield from instead[name]
    elif built_in is not None:
        yield from (collection(each, parameters) for each, parameters in built_in.collections.items())


def _merged(collections: Iterable[CollectionConfigurationTypeDef]) -> list[CollectionConfigurationTypeDef]:
    merged: dict[str, dict[str, str]] = {}
    for each in collections:
        earlier = merged.get(each["CollectionName"], {})
        merged[each["CollectionName"]] = {**each.get("CollectionParameters", {}), **earlier}
    return [collection(name, parameters) for name, parameters in merged.items()]
