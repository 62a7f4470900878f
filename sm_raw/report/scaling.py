"""A scalable target and its policy, as the service describes them, told in words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sm_raw.report import formats
from sm_raw.report.reading import finite, mapping, text

DEFAULT_COOLDOWN_SECONDS = 300  # Application Auto Scaling, TargetTrackingScalingPolicyConfiguration

UNITS = {
    "sagemaker:variant:DesiredInstanceCount": "instances",
    "sagemaker:variant:DesiredProvisionedConcurrency": "units of provisioned concurrency",
    "sagemaker:inference-component:DesiredCopyCount": "copies",
}

METRICS = {
    "SageMakerVariantInvocationsPerInstance": "invocations per instance and minute",
    "SageMakerVariantProvisionedConcurrencyUtilization": "used share of the provisioned concurrency",
    "SageMakerInferenceComponentInvocationsPerCopy": "invocations per copy and minute",
    "SageMakerVariantConcurrentRequestsPerModelHighResolution": "concurrent requests per model",
    "SageMakerInferenceComponentConcurrentRequestsPerCopyHighResolution": "concurrent requests per copy",
}


@dataclass(frozen=True)
class Scaling:
    sentences: list[str]
    facts: list[tuple[str, str]]


def scaling(run: Mapping[str, Any]) -> Scaling | None:
    described = mapping(run, "scaling")
    target, policy = mapping(described, "target"), mapping(described, "policy")
    if not target and not policy:
        return None
    tracking = mapping(policy, "TargetTrackingScalingPolicyConfiguration")
    facts = [
        ("Resource", text(target, "ResourceId") or text(policy, "ResourceId")),
        ("Policy", " ".join(filter(None, [text(policy, "PolicyName"), _in_brackets(policy, "PolicyType")]))),
    ]
    sentences = [*_bounds(target), *(_tracking(tracking) if tracking else [])]
    return Scaling(sentences, [(name, value) for name, value in facts if value])


def _in_brackets(parent: Mapping[str, Any], key: str) -> str:
    return f"({text(parent, key)})" if text(parent, key) else ""


def _bounds(target: Mapping[str, Any]) -> list[str]:
    if not target:
        return []
    unit = UNITS.get(text(target, "ScalableDimension"), "units of capacity")
    low, high = (formats.number(target.get(key)) for key in ("MinCapacity", "MaxCapacity"))
    return [f"The endpoint runs between {low} and {high} {unit}."]


def _tracking(tracking: Mapping[str, Any]) -> list[str]:
    predefined = text(mapping(tracking, "PredefinedMetricSpecification"), "PredefinedMetricType")
    custom = text(mapping(tracking, "CustomizedMetricSpecification"), "MetricName")
    metric = predefined or custom or "its metric"
    words = f" ({METRICS[metric]})" if metric in METRICS else ""
    value = formats.number(tracking.get("TargetValue"))
    sentences = [
        f"Capacity follows the load, to hold {metric}{words} at {value}.",
        f"After adding capacity it waits {_cooldown(tracking, 'ScaleOutCooldown')} before adding more.",
    ]
    if tracking.get("DisableScaleIn") is True:
        return [*sentences, "It never removes capacity: scaling in is switched off."]
    return [
        *sentences,
        f"After removing capacity it waits {_cooldown(tracking, 'ScaleInCooldown')} before removing more.",
    ]


def _cooldown(tracking: Mapping[str, Any], key: str) -> str:
    given = finite(tracking.get(key))
    if given is None:
        return f"{formats.seconds(DEFAULT_COOLDOWN_SECONDS)} (the default)"
    return formats.seconds(given)
