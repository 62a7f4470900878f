"""E4xx: what an endpoint does beside answering, and what of it goes together."""

from __future__ import annotations

from collections.abc import Iterator

from sm_raw.specs.instance_types import family
from sm_raw.validation.findings import Finding, Request
from sm_raw.validation.reading import at, is_absent, number, text
from sm_raw.validation.rules.base import Rule
from sm_raw.validation.rules.hosting import VARIANT_LISTS, is_serverless, variants

CONFIG_PAGE = "https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_CreateEndpointConfig.html"


class FeatureRule(Rule):
    """A rule about an endpoint configuration."""

    operations = ("CreateEndpointConfig",)
    source = CONFIG_PAGE


def captures(request: Request) -> bool:
    """Whether data capture is given and not turned off."""
    return (
        not is_absent(request, "DataCaptureConfig") and at(request, "DataCaptureConfig", "EnableCapture") is not False
    )


class OneVariantHasOneShadow(FeatureRule):
    """With a shadow there is one production variant and one shadow variant."""

    id = "E424"

    def check(self, request: Request) -> Iterator[Finding]:
        if is_absent(request, "ShadowProductionVariants"):
            return
        for field in VARIANT_LISTS:
            given = at(request, field)
            if isinstance(given, list | tuple) and len(given) > 1:
                yield self.finding(field, f"{len(given)} given; a shadow takes one production variant and one shadow")


class ShadowedEndpointIsPlain(FeatureRule):
    """A shadow goes with neither serverless nor asynchronous inference, nor with inf1 instances."""

    id = "E425"
    source = "https://docs.aws.amazon.com/sagemaker/latest/dg/shadow-tests-exclusions.html"

    def check(self, request: Request) -> Iterator[Finding]:
        if is_absent(request, "ShadowProductionVariants"):
            return
        if not is_absent(request, "AsyncInferenceConfig"):
            yield self.finding("AsyncInferenceConfig", "given beside a shadow variant; keep one of them")
        for path, variant in variants(request):
            if is_serverless(variant):
                message = "given beside a shadow variant; serverless variants have none: give an InstanceType"
                yield self.finding(f"{path}.ServerlessConfig", message)
            kind = text(variant.get("InstanceType"))
            if kind is not None and family(kind) == "inf1":
                yield self.finding(
                    f"{path}.InstanceType", f"{kind!r} cannot be used with a shadow; give another family"
                )


class AsynchronousHasInstances(FeatureRule):
    """Asynchronous inference runs on instances: a serverless variant does not go with AsyncInferenceConfig."""

    id = "W426"
    source = "https://docs.aws.amazon.com/sagemaker/latest/dg/deploy-model-options.html"

    def check(self, request: Request) -> Iterator[Finding]:
        if is_absent(request, "AsyncInferenceConfig"):
            return
        for path, variant in variants(request):
            if is_serverless(variant):
                message = "given beside AsyncInferenceConfig; give an InstanceType, which can scale to 0 too"
                yield self.finding(f"{path}.ServerlessConfig", message)


class CaptureIsForRealTime(FeatureRule):
    """Data capture is for real-time endpoints: asynchronous ones keep their inputs and outputs in S3 anyway."""

    id = "W427"
    source = "https://docs.aws.amazon.com/sagemaker/latest/dg/model-monitor-data-capture.html"

    def check(self, request: Request) -> Iterator[Finding]:
        if captures(request) and not is_absent(request, "AsyncInferenceConfig"):
            message = "given beside AsyncInferenceConfig, whose inputs and outputs are in S3 anyway; remove it"
            yield self.finding("DataCaptureConfig", message)


class CaptureTakesSomething(FeatureRule):
    """Data capture that is on has a sampling percentage above 0."""

    id = "W428"
    source = "https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_DataCaptureConfig.html"

    def check(self, request: Request) -> Iterator[Finding]:
        share = number(at(request, "DataCaptureConfig", "InitialSamplingPercentage"))
        if share == 0 and captures(request):
            message = "0 captures nothing; give 1 to 100, or set EnableCapture to false"
            yield self.finding("DataCaptureConfig.InitialSamplingPercentage", message)


class CrossRegionTrafficIsRealTime(FeatureRule):
    """CrossRegionTrafficConfig goes with neither serverless variants nor AsyncInferenceConfig."""

    id = "E429"

    def check(self, request: Request) -> Iterator[Finding]:
        if is_absent(request, "CrossRegionTrafficConfig"):
            return
        serverless = any(is_serverless(variant) for _, variant in variants(request))
        for given, name in (
            (serverless, "serverless variants"),
            (not is_absent(request, "AsyncInferenceConfig"), "AsyncInferenceConfig"),
        ):
            if given:
                yield self.finding("CrossRegionTrafficConfig", f"given beside {name}; remove one of them")
