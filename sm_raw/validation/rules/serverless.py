"""E4xx: serverless variants.

What they cannot do is listed on the page of ``SERVERLESS_PAGE``.
"""

from __future__ import annotations

from collections.abc import Iterator

from sm_raw.specs.registry_paths import registry_path
from sm_raw.validation.findings import Finding, Request
from sm_raw.validation.reading import at, is_absent, number, records, text
from sm_raw.validation.rules.base import Rule, TogetherRule
from sm_raw.validation.rules.deployments import Documents, documents, named
from sm_raw.validation.rules.endpoint_features import captures
from sm_raw.validation.rules.hosting import VariantRule, is_serverless, variants
from sm_raw.validation.rules.models import containers, is_multi_model
from sm_raw.validation.wording import listed

SERVERLESS_PAGE = "https://docs.aws.amazon.com/sagemaker/latest/dg/serverless-endpoints.html"
MEMORY_SIZES = range(1024, 6144 + 1, 1024)
# Fields of a variant that configure instances, which a serverless one does not have.
INSTANCE_SETTINGS = (
    "VolumeSizeInGB",
    "ModelDataDownloadTimeoutInSeconds",
    "ContainerStartupHealthCheckTimeoutInSeconds",
    "ManagedInstanceScaling",
    "RoutingConfig",
    "CoreDumpConfig",
    "EnableSSMAccess",
    "InferenceAmiVersion",
    "CapacityReservationConfig",
)


class ServerlessMemory(VariantRule):
    """The memory of a serverless variant is 1024 to 6144 MB in steps of 1024."""

    id = "E430"
    source = SERVERLESS_PAGE

    def check_variant(self, path: str, variant: Request) -> Iterator[Finding]:
        memory = number(at(variant, "ServerlessConfig", "MemorySizeInMB"))
        # Below and above are out of the model's own range.
        if memory is None or memory in MEMORY_SIZES or not MEMORY_SIZES[0] < memory < MEMORY_SIZES[-1]:
            return
        message = f"{memory} is no step of 1024 MB; give {listed(MEMORY_SIZES)}"
        yield self.finding(f"{path}.ServerlessConfig.MemorySizeInMB", message)


class ProvisionedWithinConcurrency(VariantRule):
    """ProvisionedConcurrency does not exceed MaxConcurrency."""

    id = "E431"
    source = "https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_ProductionVariantServerlessConfig.html"

    def check_variant(self, path: str, variant: Request) -> Iterator[Finding]:
        config = at(variant, "ServerlessConfig")
        most, warm = number(at(config, "MaxConcurrency")), number(at(config, "ProvisionedConcurrency"))
        if most is not None and warm is not None and warm > most:
            message = f"{warm} is more than MaxConcurrency ({most}); give {most} or less"
            yield self.finding(f"{path}.ServerlessConfig.ProvisionedConcurrency", message)


class ServerlessHasNoCount(VariantRule):
    """A serverless variant has no InitialInstanceCount."""

    id = "W432"
    source = "https://docs.aws.amazon.com/sagemaker/latest/dg/serverless-endpoints-create-config.html"

    def check_variant(self, path: str, variant: Request) -> Iterator[Finding]:
        if is_serverless(variant) and not is_absent(variant, "InitialInstanceCount"):
            message = "given beside ServerlessConfig, which has no instances; remove it"
            yield self.finding(f"{path}.InitialInstanceCount", message)


class ServerlessHasNoInstanceSettings(VariantRule):
    """A serverless variant has no settings of instances, such as a volume or timeouts."""

    id = "W433"
    source = "https://docs.aws.amazon.com/sagemaker/latest/dg/serverless-endpoints-create-config.html"

    def check_variant(self, path: str, variant: Request) -> Iterator[Finding]:
        for name in INSTANCE_SETTINGS if is_serverless(variant) else ():
            if not is_absent(variant, name):
                yield self.finding(f"{path}.{name}", "is a setting of instances, this variant is serverless; remove it")


class ServerlessConfigurationIsPlain(Rule):
    """A serverless endpoint has one variant, and no data capture, VPC or network isolation."""

    id = "E434"
    operations = ("CreateEndpointConfig",)
    source = SERVERLESS_PAGE

    def check(self, request: Request) -> Iterator[Finding]:
        if not any(is_serverless(variant) for _, variant in variants(request)):
            return
        count = sum(1 for _ in records(at(request, "ProductionVariants")))
        if count > 1:
            yield self.finding("ProductionVariants", f"{count} given; a serverless endpoint has one variant")
        for given, name in (
            (captures(request), "DataCaptureConfig"),
            (not is_absent(request, "VpcConfig"), "VpcConfig"),
            (request.get("EnableNetworkIsolation") is True, "EnableNetworkIsolation"),
        ):
            if given:
                yield self.finding(name, "does not go with a serverless variant; remove it, or give an InstanceType")


class ServerlessModelRule(TogetherRule):
    """A rule about the model of a serverless variant, where its document is given too."""

    operations = ("CreateEndpointConfig",)
    source = SERVERLESS_PAGE

    def check_together(self, requests: Documents) -> Iterator[tuple[int, Finding]]:
        models = named(requests, "CreateModel", "ModelName")
        for index, operation, request in documents(requests, *self.operations):
            for path, variant in variants(request):
                model = models.get(str(variant.get("ModelName")))
                fault = self.fault(model) if model is not None and is_serverless(variant) else None
                if fault is not None:
                    yield index, type(self)(operation).finding(f"{path}.ModelName", fault)

    def fault(self, model: Request) -> str | None:
        """Why the model cannot be served without instances."""
        raise NotImplementedError


class ServerlessModelIsPlain(ServerlessModelRule):
    """The model of a serverless variant has one container and model, no VPC and no network isolation."""

    id = "E435"

    def fault(self, model: Request) -> str | None:
        several = sum(path.startswith("Containers") for path, _ in containers(model)) > 1
        unfit = {
            "several containers": several,
            "a container in MultiModel mode": any(is_multi_model(each) for _, each in containers(model)),
            "a ModelDataSource": any(not is_absent(each, "ModelDataSource") for _, each in containers(model)),
            "a VpcConfig": not is_absent(model, "VpcConfig"),
            "network isolation": model.get("EnableNetworkIsolation") is True,
        }
        found = [what for what, is_so in unfit.items() if is_so]
        if not found:
            return None
        has = listed(found, "and")
        return f"the model has {has}, which serverless variants do not take; give another model, or an InstanceType"


class ServerlessImageIsForCpu(ServerlessModelRule):
    """The image of a serverless variant's model is not made for GPUs, which it never has."""

    id = "W436"

    def fault(self, model: Request) -> str | None:
        for _, container in containers(model):
            image = registry_path(text(container.get("Image")) or "")
            if image is not None and image.processor not in {"", "cpu"}:
                return (
                    f"the model's image is made for {image.processor}, serverless variants have CPUs; give a cpu image"
                )
        return None
