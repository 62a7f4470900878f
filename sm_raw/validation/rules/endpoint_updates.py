"""E4xx: how an endpoint changes: deployments, retained properties, weights and capacities."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from sm_raw.validation.findings import Finding, Request
from sm_raw.validation.reading import at, is_absent, number, records, text
from sm_raw.validation.rules.base import Rule, TogetherRule
from sm_raw.validation.rules.deployments import Documents, documents, named
from sm_raw.validation.rules.hosting import is_serverless, variants

GUARDRAILS_PAGE = "https://docs.aws.amazon.com/sagemaker/latest/dg/deployment-guardrails-configuration.html"
UPDATE_PAGE = "https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_UpdateEndpoint.html"
ROUTING_PAGE = "https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_TrafficRoutingConfig.html"
BLUE_GREEN = ("DeploymentConfig", "BlueGreenUpdatePolicy")
ROUTING = (*BLUE_GREEN, "TrafficRoutingConfiguration")
ROLLING = ("DeploymentConfig", "RollingUpdatePolicy")


class DeploymentRule(Rule):
    """A rule about the way in which instances are replaced."""

    operations = ("CreateEndpoint", "UpdateEndpoint")
    source = GUARDRAILS_PAGE


class OneUpdatePolicy(DeploymentRule):
    """A deployment is blue/green or rolling, not both."""

    id = "E437"
    source = "https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_DeploymentConfig.html"

    def check(self, request: Request) -> Iterator[Finding]:
        if len(list(records([at(request, *BLUE_GREEN), at(request, *ROLLING)]))) == 2:
            yield self.finding(".".join(ROLLING), "given beside BlueGreenUpdatePolicy; keep one of them")


STEP_SIZES = {"CANARY": "CanarySize", "LINEAR": "LinearStepSize"}


class TrafficHasItsStep(DeploymentRule):
    """CANARY traffic has a CanarySize, LINEAR a LinearStepSize."""

    id = "E438"
    source = ROUTING_PAGE

    def check(self, request: Request) -> Iterator[Finding]:
        routing = at(request, *ROUTING)
        kind = text(at(routing, "Type"))
        needed = STEP_SIZES.get(kind or "")
        if needed is not None and is_absent(routing, needed):
            yield self.finding(f"{'.'.join(ROUTING)}.{needed}", f"missing; traffic of Type {kind} needs it")


class TrafficHasNoOtherStep(DeploymentRule):
    """CanarySize is given for CANARY traffic only, LinearStepSize for LINEAR."""

    id = "W416"
    source = ROUTING_PAGE

    def check(self, request: Request) -> Iterator[Finding]:
        routing = at(request, *ROUTING)
        kind = text(at(routing, "Type"))
        for owner, size in STEP_SIZES.items():
            if kind is not None and kind != owner and not is_absent(routing, size):
                message = f"given with Type {kind}; remove it, or set Type to {owner}"
                yield self.finding(f"{'.'.join(ROUTING)}.{size}", message)


class BatchIsAShare(DeploymentRule):
    """Canaries are at most 50 % of the capacity, linear steps 10 to 50 %, rolling batches 5 to 50 %."""

    id = "E439"
    source = "https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_RollingUpdatePolicy.html"
    bounds: ClassVar[dict[tuple[str, ...], tuple[int, int]]] = {
        (*ROUTING, "CanarySize"): (1, 50),
        (*ROUTING, "LinearStepSize"): (10, 50),
        (*ROLLING, "MaximumBatchSize"): (5, 50),
        (*ROLLING, "RollbackMaximumBatchSize"): (1, 100),
    }

    def check(self, request: Request) -> Iterator[Finding]:
        for steps, (least, most) in self.bounds.items():
            size = at(request, *steps)
            percent = number(at(size, "Value")) if at(size, "Type") == "CAPACITY_PERCENT" else None
            if percent is not None and not least <= percent <= most:
                message = f"{percent} % is not {least} to {most} % of the capacity; give {least} to {most}"
                yield self.finding(f"{'.'.join(steps)}.Value", message)


class TimeoutCoversTheWaits(DeploymentRule):
    """The timeout of a blue/green deployment is longer than the waits in it."""

    id = "W440"
    source = "https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_BlueGreenUpdatePolicy.html"

    def check(self, request: Request) -> Iterator[Finding]:
        policy = at(request, *BLUE_GREEN)
        timeout = number(at(policy, "MaximumExecutionTimeoutInSeconds"))
        wait = number(at(policy, "TrafficRoutingConfiguration", "WaitIntervalInSeconds")) or 0
        waits = wait + (number(at(policy, "TerminationWaitInSeconds")) or 0)
        if timeout is not None and timeout <= waits:
            message = f"{timeout} does not cover the waits, which are {waits} s at least; give more"
            yield self.finding(f"{'.'.join(BLUE_GREEN)}.MaximumExecutionTimeoutInSeconds", message)


class ExceptionsAreOfWhatIsRetained(Rule):
    """ExcludeRetainedVariantProperties is given with RetainAllVariantProperties set to true."""

    id = "W441"
    operations = ("UpdateEndpoint",)
    source = UPDATE_PAGE

    def check(self, request: Request) -> Iterator[Finding]:
        retains = request.get("RetainAllVariantProperties")
        given = any(records(request.get("ExcludeRetainedVariantProperties")))
        if given and (retains is False or is_absent(request, "RetainAllVariantProperties")):
            message = "given while nothing is retained; set RetainAllVariantProperties to true, or remove it"
            yield self.finding("ExcludeRetainedVariantProperties", message)


class OneDeploymentConfiguration(Rule):
    """An update has a DeploymentConfig or retains the last one, not both."""

    id = "W442"
    operations = ("UpdateEndpoint",)
    source = UPDATE_PAGE

    def check(self, request: Request) -> Iterator[Finding]:
        if request.get("RetainDeploymentConfig") is True and not is_absent(request, "DeploymentConfig"):
            message = "true beside DeploymentConfig, of which it is the opposite; keep one of them"
            yield self.finding("RetainDeploymentConfig", message)


class DesiredChangesAreClear(Rule):
    """Each variant is named once with something to change; capacities change for one variant at a time."""

    id = "W443"
    operations = ("UpdateEndpointWeightsAndCapacities",)
    source = "https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_UpdateEndpointWeightsAndCapacities.html"
    capacities = ("DesiredInstanceCount", "ServerlessUpdateConfig")

    def check(self, request: Request) -> Iterator[Finding]:
        field = "DesiredWeightsAndCapacities"
        first: dict[str, int] = {}
        resized = 0
        for index, desired in records(request.get(field)):
            name, sized = (
                text(desired.get("VariantName")),
                any(not is_absent(desired, each) for each in self.capacities),
            )
            resized += sized
            if name is not None and first.setdefault(name, index) != index:
                yield self.finding(f"{field}[{index}].VariantName", f"{name!r} is given twice; keep one")
            if not sized and is_absent(desired, "DesiredWeight"):
                yield self.finding(f"{field}[{index}]", "changes nothing; give DesiredWeight or DesiredInstanceCount")
            if sized and resized == 2:
                message = "is the second variant that changes capacity; send one request for each"
                yield self.finding(f"{field}[{index}]", message)


class RollingIsForOneVariant(TogetherRule):
    """A rolling deployment is for an endpoint with one variant, on instances."""

    id = "W444"
    operations = ("CreateEndpoint", "UpdateEndpoint")
    source = "https://docs.aws.amazon.com/sagemaker/latest/dg/deployment-guardrails-exclusions.html"

    def check_together(self, requests: Documents) -> Iterator[tuple[int, Finding]]:
        configurations = named(requests, "CreateEndpointConfig", "EndpointConfigName")
        for index, operation, request in documents(requests, *self.operations):
            if not any(records([at(request, *ROLLING)])):
                continue
            config = configurations.get(str(request.get("EndpointConfigName")), {})
            serverless = any(is_serverless(variant) for _, variant in variants(config))
            several = sum(1 for _ in records(config.get("ProductionVariants"))) > 1
            if serverless or several:
                what = "a serverless variant" if serverless else "several variants"
                message = f"the configuration has {what}, which cannot be rolled; give BlueGreenUpdatePolicy"
                yield index, type(self)(operation).finding(".".join(ROLLING), message)


class UpdateKeepsScaledCapacity(TogetherRule):
    """An update of an endpoint that scales retains the instance counts that scaling has reached."""

    id = "W445"
    operations = ("UpdateEndpoint",)
    source = "https://docs.aws.amazon.com/sagemaker/latest/dg/endpoint-scaling.html"

    def check_together(self, requests: Documents) -> Iterator[tuple[int, Finding]]:
        scaled = {
            str(target.get("ResourceId")).split("/")[1]
            for _, _, target in documents(requests, "RegisterScalableTarget")
            if str(target.get("ResourceId")).startswith("endpoint/")
        }
        for index, operation, request in documents(requests, *self.operations):
            field = "RetainAllVariantProperties"
            retains = not is_absent(request, field) and request[field] is not False
            if str(request.get("EndpointName")) in scaled and not retains:
                message = "the endpoint scales, and starts again from the configuration's counts; set it to true"
                yield index, type(self)(operation).finding(field, message)
