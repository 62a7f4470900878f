"""E5xx: Application Auto Scaling: targets, and how requests name them and their metrics."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from sm_raw.validation.findings import Finding, Request
from sm_raw.validation.reading import at, is_absent, is_placeholder, number, text
from sm_raw.validation.rules.base import Rule, TogetherRule
from sm_raw.validation.rules.deployments import Documents, documents, named
from sm_raw.validation.rules.hosting import variants
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

INSTANCES = "sagemaker:variant:DesiredInstanceCount"
CONCURRENCY = "sagemaker:variant:DesiredProvisionedConcurrency"
PREDEFINED = ("TargetTrackingScalingPolicyConfiguration", "PredefinedMetricSpecification", "PredefinedMetricType")

VARIANT = re.compile(r"endpoint/(?P<endpoint>[^/]+)/variant/(?P<variant>[^/]+)")
# {dimension: (form of the resource id, the form in words)}; other dimensions have their namespace checked only.
RESOURCE_IDS: dict[str, tuple[re.Pattern[str], str]] = {
    INSTANCES: (VARIANT, "endpoint/NAME/variant/VARIANT"),
    CONCURRENCY: (VARIANT, "endpoint/NAME/variant/VARIANT"),
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
    INSTANCES: (
        "SageMakerVariantInvocationsPerInstance",
        "SageMakerVariantConcurrentRequestsPerModelHighResolution",
    ),
    CONCURRENCY: ("SageMakerVariantProvisionedConcurrencyUtilization",),
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


class CapacityIsNotNegative(Rule):
    """MinCapacity and MaxCapacity are 0 or more."""

    id = "E514"
    operations = ("RegisterScalableTarget", "PutScheduledAction")
    source = TARGET_PAGE

    def check(self, request: Request) -> Iterator[Finding]:
        for prefix in ((), ("ScalableTargetAction",)):
            for name in ("MinCapacity", "MaxCapacity"):
                capacity = number(at(request, *prefix, name))
                if capacity is not None and capacity < 0:
                    yield self.finding(".".join((*prefix, name)), f"{capacity} is negative; give 0 or more")


class NewTargetHasBounds(Rule):
    """A target that is registered for the first time has MinCapacity and MaxCapacity."""

    id = "W515"
    operations = ("RegisterScalableTarget",)
    source = TARGET_PAGE

    def check(self, request: Request) -> Iterator[Finding]:
        if not is_absent(request, "SuspendedState"):  # it may be all that the request is sent for
            return
        for name in ("MinCapacity", "MaxCapacity"):
            if is_absent(request, name):
                yield self.finding(name, "missing; a target that is not registered yet needs it")


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
        metric, dimension = text(at(request, *PREDEFINED)), text(request.get("ScalableDimension"))
        fitting = PREDEFINED_METRICS.get(dimension or "", ())
        if metric is not None and fitting and metric not in fitting:
            yield self.finding(".".join(PREDEFINED), f"{metric!r} is no metric of {dimension}; give {listed(fitting)}")


class TargetIsDefined(TogetherRule):
    """A scaled endpoint variant is one that the documents given together define."""

    id = "E510"
    operations = ("RegisterScalableTarget", "PutScalingPolicy")
    source = TARGET_PAGE

    def check_together(self, requests: Documents) -> Iterator[tuple[int, Finding]]:
        endpoints = {
            name: str(each.get("EndpointConfigName"))
            for name, each in named(requests, "CreateEndpoint", "EndpointName").items()
        }
        known = {
            name: [str(variant.get("VariantName")) for _, variant in variants(each)]
            for name, each in named(requests, "CreateEndpointConfig", "EndpointConfigName").items()
        }
        for index, operation, request in documents(requests, *self.operations):
            target = VARIANT.fullmatch(str(request.get("ResourceId")))
            message = target and _undefined(target["endpoint"], target["variant"], endpoints, known)
            if message:
                yield index, type(self)(operation).finding("ResourceId", message)


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
