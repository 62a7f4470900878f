"""E5xx: Application Auto Scaling."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from sm_raw.validation.findings import Finding, Request
from sm_raw.validation.operations import operation_name
from sm_raw.validation.reading import at, is_absent, is_placeholder, number, records, text
from sm_raw.validation.rules.base import Rule, TogetherRule
from sm_raw.validation.rules.hosting import VARIANT_LISTS
from sm_raw.validation.wording import did_you_mean, listed

TARGET_PAGE = "https://docs.aws.amazon.com/autoscaling/application/APIReference/API_RegisterScalableTarget.html"
POLICY_PAGE = "https://docs.aws.amazon.com/autoscaling/application/APIReference/API_PutScalingPolicy.html"
TARGET_OPERATIONS = (
    "RegisterScalableTarget",
    "DeregisterScalableTarget",
    "PutScalingPolicy",
    "DeleteScalingPolicy",
    "PutScheduledAction",
    "DeleteScheduledAction",
)

VARIANT = re.compile(r"endpoint/(?P<endpoint>[^/]+)/variant/(?P<variant>[^/]+)")
# {dimension: (form of the resource id, the form in words)}; other dimensions have their namespace checked only.
RESOURCE_IDS: dict[str, tuple[re.Pattern[str], str]] = {
    "sagemaker:variant:DesiredInstanceCount": (VARIANT, "endpoint/NAME/variant/VARIANT"),
    "sagemaker:variant:DesiredProvisionedConcurrency": (VARIANT, "endpoint/NAME/variant/VARIANT"),
    "sagemaker:inference-component:DesiredCopyCount": (
        re.compile(r"inference-component/[^/]+"),
        "inference-component/NAME",
    ),
    "lambda:function:ProvisionedConcurrency": (
        re.compile(r"function:[^:]+:(?!\$LATEST$)[^:]+"),
        "function:NAME:ALIAS, or a version number for ALIAS ($LATEST cannot scale)",
    ),
}
PREDEFINED_METRICS = {
    "sagemaker:variant:DesiredInstanceCount": (
        "SageMakerVariantInvocationsPerInstance",
        "SageMakerVariantConcurrentRequestsPerModelHighResolution",
    ),
    "sagemaker:variant:DesiredProvisionedConcurrency": ("SageMakerVariantProvisionedConcurrencyUtilization",),
    "sagemaker:inference-component:DesiredCopyCount": (
        "SageMakerInferenceComponentInvocationsPerCopy",
        "SageMakerInferenceComponentConcurrentRequestsPerCopyHighResolution",
    ),
    "lambda:function:ProvisionedConcurrency": ("LambdaProvisionedConcurrencyUtilization",),
}
POLICY_CONFIGURATIONS = {
    "TargetTrackingScaling": "TargetTrackingScalingPolicyConfiguration",
    "StepScaling": "StepScalingPolicyConfiguration",
    "PredictiveScaling": "PredictiveScalingPolicyConfiguration",
}


class MinimumCapacityWithinMaximum(Rule):
    """MinCapacity is not above MaxCapacity."""

    id = "E501"
    operations = ("RegisterScalableTarget", "PutScheduledAction")
    source = TARGET_PAGE

    def check(self, request: Request) -> Iterator[Finding]:
        for prefix in ((), ("ScalableTargetAction",)):
            low, high = (number(at(request, *prefix, name)) for name in ("MinCapacity", "MaxCapacity"))
            if low is not None and high is not None and low > high:
                path = ".".join((*prefix, "MinCapacity"))
                yield self.finding(path, f"{low} is above MaxCapacity ({high}); exchange them")


class ResourceIdFitsDimension(Rule):
    """ResourceId has the form that the ScalableDimension asks for."""

    id = "E502"
    operations = TARGET_OPERATIONS
    source = TARGET_PAGE

    def check(self, request: Request) -> Iterator[Finding]:
        resource, dimension = text(request.get("ResourceId")), text(request.get("ScalableDimension"))
        form, words = RESOURCE_IDS.get(dimension or "", (None, ""))
        if resource is not None and form is not None and not form.fullmatch(resource):
            yield self.finding("ResourceId", f"{resource!r} is none for {dimension}; write {words}")


class NamespaceFitsDimension(Rule):
    """ScalableDimension begins with its ServiceNamespace."""

    id = "E503"
    operations = TARGET_OPERATIONS
    source = TARGET_PAGE

    def check(self, request: Request) -> Iterator[Finding]:
        namespace, dimension = text(request.get("ServiceNamespace")), text(request.get("ScalableDimension"))
        if namespace is not None and dimension is not None and dimension.partition(":")[0] != namespace:
            message = f"{namespace!r} is not the namespace of {dimension}; give {dimension.partition(':')[0]!r}"
            yield self.finding("ServiceNamespace", message)


class PolicyTypeHasItsConfiguration(Rule):
    """A scaling policy carries the configuration of its PolicyType (StepScaling when not given), and no other."""

    id = "E504"
    operations = ("PutScalingPolicy",)
    source = POLICY_PAGE

    def check(self, request: Request) -> Iterator[Finding]:
        kind = "StepScaling" if is_absent(request, "PolicyType") else text(request.get("PolicyType"))
        wanted = POLICY_CONFIGURATIONS.get(kind or "")
        if wanted is None:
            return
        others = {
            other: configuration
            for other, configuration in POLICY_CONFIGURATIONS.items()
            if configuration != wanted and not is_absent(request, configuration)
        }
        for other, configuration in others.items():
            yield self.finding(configuration, f"given in a policy of type {kind}; set PolicyType to {other!r}")
        if not others and is_absent(request, wanted):
            yield self.finding(wanted, f"missing; a policy of type {kind} needs it")


class MetricFitsDimension(Rule):
    """A predefined metric is one that the scalable dimension has: another never scales anything."""

    id = "E505"
    operations = ("PutScalingPolicy",)
    source = "https://docs.aws.amazon.com/autoscaling/application/APIReference/API_PredefinedMetricSpecification.html"

    def check(self, request: Request) -> Iterator[Finding]:
        steps = (
            "TargetTrackingScalingPolicyConfiguration",
            "PredefinedMetricSpecification",
            "PredefinedMetricType",
        )
        metric, dimension = text(at(request, *steps)), text(request.get("ScalableDimension"))
        fitting = PREDEFINED_METRICS.get(dimension or "", ())
        if metric is not None and fitting and metric not in fitting:
            yield self.finding(".".join(steps), f"{metric!r} is no metric of {dimension}; give {listed(fitting)}")


class TargetIsDefined(TogetherRule):
    """A scaled endpoint variant is one that the documents given together define."""

    id = "E510"
    operations = ("RegisterScalableTarget", "PutScalingPolicy")
    source = TARGET_PAGE

    def check_together(self, requests: Sequence[tuple[str, Any]]) -> Iterator[tuple[int, Finding]]:
        endpoints = _fields(requests, "CreateEndpoint", "EndpointName", "EndpointConfigName")
        variants = _variants(requests)
        for index, (operation, request) in enumerate(requests):
            target = VARIANT.fullmatch(str(at(request, "ResourceId")))
            if operation_name(operation) not in self.operations or target is None:
                continue
            message = _undefined(target["endpoint"], target["variant"], endpoints, variants)
            if message is not None:
                yield index, TargetIsDefined(operation).finding("ResourceId", message)


def _fields(requests: Sequence[tuple[str, Any]], operation: str, key: str, value: str) -> dict[str, str]:
    """{text of one field: text of another} over the requests of an operation; placeholders are texts here."""
    return {
        str(at(request, key)): str(at(request, value))
        for name, request in requests
        if operation_name(name) == operation and isinstance(at(request, key), str)
    }


def _variants(requests: Sequence[tuple[str, Any]]) -> Mapping[str, list[str]]:
    """{endpoint configuration: the names of its variants}."""
    return {
        str(at(request, "EndpointConfigName")): [
            str(variant.get("VariantName")) for field in VARIANT_LISTS for _, variant in records(at(request, field))
        ]
        for name, request in requests
        if operation_name(name) == "CreateEndpointConfig"
    }


def _undefined(
    endpoint: str, variant: str, endpoints: Mapping[str, str], variants: Mapping[str, list[str]]
) -> str | None:
    """What is wrong with a target; None also when the documents do not tell."""
    if endpoint not in endpoints:
        if not endpoints or any(map(is_placeholder, (endpoint, *endpoints))):
            return None
        return f"no CreateEndpoint document here makes {endpoint!r}; {did_you_mean(endpoint, list(endpoints))}"
    known = variants.get(endpoints[endpoint])
    if not known or variant in known or any(map(is_placeholder, (variant, *known))):
        return None
    return f"endpoint {endpoint!r} has no variant {variant!r}; {did_you_mean(variant, known)}"
