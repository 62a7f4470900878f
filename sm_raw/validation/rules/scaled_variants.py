"""E5xx: scaling together with the endpoints that it scales, and policies together with their targets."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from sm_raw.specs.instance_types import is_burstable
from sm_raw.validation.findings import Finding, Request
from sm_raw.validation.reading import at, is_absent, is_placeholder, number, text
from sm_raw.validation.rules.base import TogetherRule
from sm_raw.validation.rules.deployments import Documents, documents, named
from sm_raw.validation.rules.hosting import is_serverless, variants
from sm_raw.validation.rules.scaling import CONCURRENCY, INSTANCES, POLICY_PAGE, PREDEFINED, VARIANT


class ScaledVariantRule(TogetherRule):
    """A rule about a scaled variant, where the endpoint and its configuration are given too."""

    operations: ClassVar[tuple[str, ...]] = ("RegisterScalableTarget",)
    source = "https://docs.aws.amazon.com/sagemaker/latest/dg/endpoint-auto-scaling.html"

    def check_together(self, requests: Documents) -> Iterator[tuple[int, Finding]]:
        endpoints = named(requests, "CreateEndpoint", "EndpointName")
        configurations = named(requests, "CreateEndpointConfig", "EndpointConfigName")
        for index, operation, request in documents(requests, *self.operations):
            target = VARIANT.fullmatch(str(request.get("ResourceId")))
            endpoint = endpoints.get(target["endpoint"], {}) if target else {}
            config = configurations.get(str(endpoint.get("EndpointConfigName")), {})
            for _, variant in variants(config):
                if target is not None and variant.get("VariantName") == target["variant"]:
                    for path, message in self.faults(request, variant, config):
                        yield index, type(self)(operation).finding(path, message)

    def faults(self, request: Request, variant: Request, config: Request) -> Iterator[tuple[str, str]]:
        """(path, message) of what is wrong with scaling this variant."""
        raise NotImplementedError


class DimensionFitsVariant(ScaledVariantRule):
    """Instances are the dimension of a variant on instances, provisioned concurrency that of a serverless one."""

    id = "E506"
    operations = ("RegisterScalableTarget", "PutScalingPolicy", "PutScheduledAction")
    source = "https://docs.aws.amazon.com/sagemaker/latest/dg/serverless-endpoints-autoscale.html"

    def faults(self, request: Request, variant: Request, config: Request) -> Iterator[tuple[str, str]]:
        dimension = text(request.get("ScalableDimension"))
        if dimension == INSTANCES and is_serverless(variant):
            yield "ScalableDimension", f"the variant is serverless and has no instances; give {CONCURRENCY}"
        if dimension == CONCURRENCY and not is_absent(variant, "InstanceType"):
            yield "ScalableDimension", f"the variant runs on instances; give {INSTANCES}"


class BurstableDoesNotScale(ScaledVariantRule):
    """A variant on burstable instances (ml.t2 and its kin) does not scale."""

    id = "E507"
    source = "https://docs.aws.amazon.com/sagemaker/latest/dg/endpoint-auto-scaling-add-console.html"

    def faults(self, request: Request, variant: Request, config: Request) -> Iterator[tuple[str, str]]:
        kind = text(variant.get("InstanceType"))
        if kind is not None and is_burstable(kind):
            yield (
                "ResourceId",
                f"the variant's {kind!r} is burstable and cannot scale; give another, such as ml.m5.large",
            )


class ConcurrencyWithinMaximum(ScaledVariantRule):
    """Scaled provisioned concurrency stays within the variant's MaxConcurrency."""

    id = "W508"
    source = "https://docs.aws.amazon.com/sagemaker/latest/dg/serverless-endpoints-autoscale.html"

    def faults(self, request: Request, variant: Request, config: Request) -> Iterator[tuple[str, str]]:
        most = number(at(variant, "ServerlessConfig", "MaxConcurrency"))
        asked = number(request.get("MaxCapacity"))
        if most is not None and asked is not None and asked > most:
            yield "MaxCapacity", f"{asked} is more than the variant's MaxConcurrency ({most}); give {most} or less"


class OnlyIdleKindsReachZero(ScaledVariantRule):
    """MinCapacity 0 is for asynchronous endpoints; a real-time model keeps an instance."""

    id = "W511"
    source = "https://docs.aws.amazon.com/sagemaker/latest/dg/endpoint-auto-scaling-zero-instances.html"

    def faults(self, request: Request, variant: Request, config: Request) -> Iterator[tuple[str, str]]:
        real_time = is_absent(config, "AsyncInferenceConfig") and not is_absent(variant, "ModelName")
        if number(request.get("MinCapacity")) == 0 and real_time and not is_serverless(variant):
            yield "MinCapacity", "0 is for asynchronous endpoints and inference components; give 1 or more"


class PolicyHasATarget(TogetherRule):
    """What scales is registered: its policies and schedules are for a target of the documents, if any is there."""

    id = "W509"
    operations = ("PutScalingPolicy", "PutScheduledAction")
    source = POLICY_PAGE

    def check_together(self, requests: Documents) -> Iterator[tuple[int, Finding]]:
        registered = {_scaled(each) for _, _, each in documents(requests, "RegisterScalableTarget")}
        unknown = any(is_placeholder(part) for pair in registered for part in pair)
        for index, operation, request in documents(requests, *self.operations):
            mine = _scaled(request)
            if registered and mine not in registered and not unknown and not any(map(is_placeholder, mine)):
                message = f"no RegisterScalableTarget document here is for it and {mine[1]}; register it first"
                yield index, type(self)(operation).finding("ResourceId", message)


class ComponentsLeaveZeroBySteps(TogetherRule):
    """Copies of an inference component that fall to 0 need a step policy: target tracking never leaves 0."""

    id = "W512"
    operations = ("RegisterScalableTarget",)
    source = "https://docs.aws.amazon.com/sagemaker/latest/dg/endpoint-auto-scaling-zero-instances.html"

    def check_together(self, requests: Documents) -> Iterator[tuple[int, Finding]]:
        kinds: dict[tuple[str, str], set[str]] = {}
        for _, _, policy in documents(requests, "PutScalingPolicy"):
            kinds.setdefault(_scaled(policy), set()).add(str(policy.get("PolicyType")))
        for index, operation, request in documents(requests, *self.operations):
            component = request.get("ScalableDimension") == "sagemaker:inference-component:DesiredCopyCount"
            idle = component and number(request.get("MinCapacity")) == 0
            if idle and kinds.get(_scaled(request)) == {"TargetTrackingScaling"}:
                message = "0 is never left by target tracking alone; add a step policy, or give 1"
                yield index, type(self)(operation).finding("MinCapacity", message)


class MetricIsTrackedOnce(TogetherRule):
    """Of several target tracking policies for one target, each has a metric of its own."""

    id = "W513"
    operations = ("PutScalingPolicy",)
    source = (
        "https://docs.aws.amazon.com/autoscaling/application/userguide/"
        "application-auto-scaling-target-tracking-overview.html"
    )

    def check_together(self, requests: Documents) -> Iterator[tuple[int, Finding]]:
        first: dict[tuple[str, str, str], object] = {}
        for index, operation, request in documents(requests, *self.operations):
            metric, name = text(at(request, *PREDEFINED)), request.get("PolicyName")
            if metric is not None and first.setdefault((*_scaled(request), metric), name) != name:
                message = f"{metric!r} is tracked by another policy of this target; keep one of them"
                yield index, type(self)(operation).finding(".".join(PREDEFINED), message)


def _scaled(request: Request) -> tuple[str, str]:
    """What a request is about: (resource id, dimension)."""
    return str(request.get("ResourceId")), str(request.get("ScalableDimension"))
