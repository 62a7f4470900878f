"""E4xx: endpoint configurations, and what a model consists of. More on models is in ``models``."""

from __future__ import annotations

from collections.abc import Iterator

from sm_raw.validation.findings import Finding, Request
from sm_raw.validation.reading import at, is_absent, number, records, text
from sm_raw.validation.rules.base import Rule

VARIANT_LISTS = ("ProductionVariants", "ShadowProductionVariants")
VARIANT_PAGE = "https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_ProductionVariant.html"


def variants(request: Request) -> Iterator[tuple[str, Request]]:
    """(path, object) of each variant of an endpoint configuration, shadows last."""
    for field in VARIANT_LISTS:
        yield from ((f"{field}[{index}]", variant) for index, variant in records(at(request, field)))


def is_serverless(variant: Request) -> bool:
    """Whether the variant has no instances."""
    return not is_absent(variant, "ServerlessConfig")


class DistinctVariantNames(Rule):
    """The variants of an endpoint configuration have names of their own."""

    id = "E401"
    operations = ("CreateEndpointConfig",)
    source = VARIANT_PAGE

    def check(self, request: Request) -> Iterator[Finding]:
        first: dict[str, str] = {}
        for place, variant in variants(request):
            name = text(variant.get("VariantName"))
            if name is not None and first.setdefault(name, place) != place:
                message = f"{name!r} is already the name of {first[name]}; rename one"
                yield self.finding(f"{place}.VariantName", message)


class VariantHasOneKindOfCapacity(Rule):
    """A variant runs on instances or is serverless, not both, not neither."""

    id = "E402"
    operations = ("CreateEndpointConfig",)
    source = VARIANT_PAGE

    def check(self, request: Request) -> Iterator[Finding]:
        for place, variant in variants(request):
            serverless = is_serverless(variant)
            instances = not (is_absent(variant, "InstanceType") and is_absent(variant, "InstancePools"))
            if serverless and instances:
                message = "given beside ServerlessConfig; a variant has instances or is serverless: keep one"
                yield self.finding(f"{place}.InstanceType", message)
            elif not serverless and not instances:
                message = "missing; give an instance type (and InitialInstanceCount), or ServerlessConfig"
                yield self.finding(f"{place}.InstanceType", message)


class OneOrSeveralContainers(Rule):
    """A model has a PrimaryContainer or Containers, not both, not neither."""

    id = "E403"
    operations = ("CreateModel",)
    source = "https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_CreateModel.html"

    def check(self, request: Request) -> Iterator[Finding]:
        one = not is_absent(request, "PrimaryContainer")
        several = not is_absent(request, "Containers")
        if one and several:
            yield self.finding(
                "Containers", "given beside PrimaryContainer; keep PrimaryContainer for a single container"
            )
        elif not one and not several:
            yield self.finding("PrimaryContainer", "missing; give the container's Image and ModelDataUrl")


class VariantRule(Rule):
    """A rule about one variant of an endpoint configuration."""

    operations = ("CreateEndpointConfig",)
    source = VARIANT_PAGE

    def check(self, request: Request) -> Iterator[Finding]:
        for path, variant in variants(request):
            yield from self.check_variant(path, variant)

    def check_variant(self, path: str, variant: Request) -> Iterator[Finding]:
        raise NotImplementedError


class InstancesAreCounted(VariantRule):
    """A variant with an InstanceType says how many: InitialInstanceCount."""

    id = "W417"

    def check_variant(self, path: str, variant: Request) -> Iterator[Finding]:
        typed = not is_absent(variant, "InstanceType") and not is_serverless(variant)
        # Managed scaling brings a count of its own.
        if typed and is_absent(variant, "InitialInstanceCount") and is_absent(variant, "ManagedInstanceScaling"):
            yield self.finding(
                f"{path}.InitialInstanceCount", "missing; a variant on instances needs it: give 1 or more"
            )


class SomeVariantHasWeight(Rule):
    """At least one production variant has a weight above 0, or none gets any traffic."""

    id = "W418"
    operations = ("CreateEndpointConfig",)
    source = VARIANT_PAGE

    def check(self, request: Request) -> Iterator[Finding]:
        weights = [number(each.get("InitialVariantWeight")) for _, each in records(at(request, "ProductionVariants"))]
        if weights and all(weight == 0 for weight in weights):
            message = "every variant has weight 0 and gets no traffic; give one of them 1"
            yield self.finding("ProductionVariants[0].InitialVariantWeight", message)


class ManagedInstancesAreARange(VariantRule):
    """MinInstanceCount of ManagedInstanceScaling is not above MaxInstanceCount."""

    id = "E419"

    def check_variant(self, path: str, variant: Request) -> Iterator[Finding]:
        scaling = at(variant, "ManagedInstanceScaling")
        low, high = (number(at(scaling, name)) for name in ("MinInstanceCount", "MaxInstanceCount"))
        if low is not None and high is not None and low > high:
            where = f"{path}.ManagedInstanceScaling.MinInstanceCount"
            yield self.finding(where, f"{low} is above MaxInstanceCount ({high}); exchange them")


class ManagedInstancesHostComponents(VariantRule):
    """ManagedInstanceScaling is for variants that host inference components, not for one with a ModelName."""

    id = "W420"
    source = "https://github.com/hashicorp/terraform-provider-aws/pull/45926"

    def check_variant(self, path: str, variant: Request) -> Iterator[Finding]:
        enabled = at(variant, "ManagedInstanceScaling", "Status") == "ENABLED"
        if enabled and not is_absent(variant, "ModelName"):
            message = "is for inference components, this variant has a ModelName; register a scalable target instead"
            yield self.finding(f"{path}.ManagedInstanceScaling", message)


class PrefixRoutingIsAsked(VariantRule):
    """PrefixAwareRoutingConfig is given with the RoutingStrategy PREFIX_AWARE only."""

    id = "E421"
    source = "https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_ProductionVariantRoutingConfig.html"

    def check_variant(self, path: str, variant: Request) -> Iterator[Finding]:
        strategy = text(at(variant, "RoutingConfig", "RoutingStrategy"))
        given = strategy is not None and not is_absent(variant, "RoutingConfig", "PrefixAwareRoutingConfig")
        if given and strategy != "PREFIX_AWARE":
            message = f"given with the strategy {strategy}; remove it, or set RoutingStrategy to PREFIX_AWARE"
            yield self.finding(f"{path}.RoutingConfig.PrefixAwareRoutingConfig", message)


class VariantHasAModel(Rule):
    """A variant names its model, unless it hosts inference components: then the request has an ExecutionRoleArn."""

    id = "W422"
    operations = ("CreateEndpointConfig",)
    source = "https://docs.aws.amazon.com/sagemaker/latest/dg/realtime-endpoints-deploy-models.html"

    def check(self, request: Request) -> Iterator[Finding]:
        if not is_absent(request, "ExecutionRoleArn"):
            return
        for path, variant in variants(request):
            if is_absent(variant, "ModelName") and is_absent(variant, "InstancePools"):
                message = "missing; name the model, or give ExecutionRoleArn for inference components"
                yield self.finding(f"{path}.ModelName", message)


class NoElasticInference(VariantRule):
    """AcceleratorType is not given: Elastic Inference is no longer there."""

    id = "W423"

    def check_variant(self, path: str, variant: Request) -> Iterator[Finding]:
        accelerator = text(variant.get("AcceleratorType"))
        if accelerator is not None:
            message = f"{accelerator!r} is no longer available; remove it and choose an instance type with a GPU"
            yield self.finding(f"{path}.AcceleratorType", message)
