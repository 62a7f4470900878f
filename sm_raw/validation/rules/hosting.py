"""E4xx: models, endpoint configurations, endpoints."""

from __future__ import annotations

from collections.abc import Iterator

from sm_raw.validation.findings import Finding, Request
from sm_raw.validation.reading import at, is_absent, records, text
from sm_raw.validation.rules.base import Rule

VARIANT_LISTS = ("ProductionVariants", "ShadowProductionVariants")


class DistinctVariantNames(Rule):
    """The variants of an endpoint configuration have names of their own."""

    id = "E401"
    operations = ("CreateEndpointConfig",)
    source = "https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_ProductionVariant.html"

    def check(self, request: Request) -> Iterator[Finding]:
        first: dict[str, str] = {}
        for field in VARIANT_LISTS:
            for index, variant in records(at(request, field)):
                name, place = text(variant.get("VariantName")), f"{field}[{index}]"
                if name is not None and first.setdefault(name, place) != place:
                    message = f"{name!r} is already the name of {first[name]}; rename one"
                    yield self.finding(f"{place}.VariantName", message)


class VariantHasOneKindOfCapacity(Rule):
    """A variant runs on instances or is serverless, not both, not neither."""

    id = "E402"
    operations = ("CreateEndpointConfig",)
    source = "https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_ProductionVariant.html"

    def check(self, request: Request) -> Iterator[Finding]:
        for field in VARIANT_LISTS:
            for index, variant in records(at(request, field)):
                serverless = not is_absent(variant, "ServerlessConfig")
                instances = not (is_absent(variant, "InstanceType") and is_absent(variant, "InstancePools"))
                place = f"{field}[{index}]"
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
