"""E26x: AWS's own images, made for the instance and for the purpose.

An image from any other account is the user's: its name and tag may stand for anything.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from sm_raw.specs.images import has_arm, registry_accounts
from sm_raw.specs.instance_types import has_gpu, has_neuron
from sm_raw.specs.registry_paths import RegistryPath, registry_path
from sm_raw.validation.findings import Finding, Request
from sm_raw.validation.memory import remembered
from sm_raw.validation.reading import at, is_absent, records, text
from sm_raw.validation.rules.base import TogetherRule
from sm_raw.validation.rules.deployments import Documents, documents, named
from sm_raw.validation.rules.hosting import variants
from sm_raw.validation.rules.models import containers
from sm_raw.validation.rules.training import TrainingRule
from sm_raw.validation.wording import listed

IMAGES_PAGE = "https://github.com/aws/deep-learning-containers/blob/master/available_images.md"
WHERE = "AlgorithmSpecification.TrainingImage"
RESOURCE_FIELDS = ("ResourceConfig", "HyperParameterTuningResourceConfig")
# Of these training takes one; the InstanceGroups are used together.
ALTERNATIVES = ("InstanceConfigs", "InstancePreferences")


def aws_image(uri: object) -> RegistryPath | None:
    """The parts of an image in one of AWS's own registries; None for any other."""
    path = registry_path(text(uri) or "")
    return path if path is not None and path.account in registry_accounts() else None


@remembered
def instance_types(training: Request) -> list[str]:
    """The instance types of a description of training; none unless all of them are known."""
    holders: list[Request] = []
    for field in RESOURCE_FIELDS:
        for _, config in records([training.get(field)]):
            holders.append(config)
            holders += [
                each for several in ("InstanceGroups", *ALTERNATIVES) for _, each in records(at(config, several))
            ]
    given = [text(holder["InstanceType"]) for holder in holders if "InstanceType" in holder]
    known = [each for each in given if each is not None]
    return known if len(known) == len(given) else []


@remembered
def alternatives(training: Request) -> list[list[str]]:
    """The instance types, together as training uses them; none unless all of them are known."""
    types = instance_types(training)
    one_of_them = any(at(training, field, several) for field in RESOURCE_FIELDS for several in ALTERNATIVES)
    return [[kind] for kind in types] if one_of_them else [types]


class ProcessorRule(TrainingRule):
    """A rule about the processor that AWS's training image is made for."""

    source = "https://github.com/aws/sagemaker-python-sdk/issues/440"

    def check_training(self, training: Request) -> Iterator[Finding]:
        image = aws_image(at(training, "AlgorithmSpecification", "TrainingImage"))
        if image is None:
            return
        processor, ways = _made_for(image), [types for types in alternatives(training) if types]
        wrong = [kind for types in ways if self.misfit(processor, types) for kind in types]
        message = self.misfit(processor, wrong) if wrong else None
        if message is not None:
            yield self.finding(WHERE, message)

    def misfit(self, processor: str, types: Sequence[str]) -> str | None:
        """Why an image for a processor suits none of the instance types; None when it does."""
        raise NotImplementedError


def _made_for(image: RegistryPath) -> str:
    return "neuron" if "-neuron" in image.repository else image.processor.removesuffix("x")


class GpuImageHasGpu(ProcessorRule):
    """An image for GPUs runs on instances that have them."""

    id = "W260"

    def misfit(self, processor: str, types: Sequence[str]) -> str | None:
        if processor != "gpu" or any(map(has_gpu, types)):
            return None
        return (
            f"the image is made for GPUs, there is none on {listed(types, 'or')}; give the cpu image, or a type g or p"
        )


class GpuHasGpuImage(ProcessorRule):
    """Instances with GPUs run an image that uses them."""

    id = "W261"

    def misfit(self, processor: str, types: Sequence[str]) -> str | None:
        if processor != "cpu" or not all(map(has_gpu, types)):
            return None
        return f"the image cannot use the GPUs of {listed(types, 'and')}; give the gpu image, or a type without GPUs"


class NeuronImageOnNeuron(ProcessorRule):
    """Trainium and Inferentia instances run the images made for them, which run nowhere else."""

    id = "W262"
    source = "https://docs.aws.amazon.com/deep-learning-containers/latest/devguide/deep-learning-containers-images.html"

    def misfit(self, processor: str, types: Sequence[str]) -> str | None:
        if processor == "neuron" and not any(map(has_neuron, types)):
            return f"the image is made for Neuron chips, there is none on {listed(types, 'or')}; give a type trn or inf"
        if processor == "cpu" and all(map(has_neuron, types)):
            return f"the image cannot use the Neuron chips of {listed(types, 'and')}; give a neuronx image"
        return None


class TrainingImageTrains(TrainingRule):
    """AWS's images for inference have no trainer in them."""

    id = "E263"
    source = IMAGES_PAGE

    def check_training(self, training: Request) -> Iterator[Finding]:
        image = aws_image(at(training, "AlgorithmSpecification", "TrainingImage"))
        if image is None or "-inference" not in image.repository:
            return
        if is_absent(training, "AlgorithmSpecification", "ContainerEntrypoint"):
            trainer = f"{image.repository.partition('-inference')[0]}-training"
            yield self.finding(WHERE, f"{image.repository} is an image for inference; give {trainer}, which trains")


class GravitonHasItsImage(TogetherRule):
    """A variant on Graviton instances serves a model whose image is made for ARM."""

    id = "E269"
    operations = ("CreateEndpointConfig",)
    source = "https://github.com/aws/sagemaker-python-sdk/issues/3679"

    def check_together(self, requests: Documents) -> Iterator[tuple[int, Finding]]:
        models = named(requests, "CreateModel", "ModelName")
        for index, operation, request in documents(requests, *self.operations):
            for path, variant in variants(request):
                kind, model = text(variant.get("InstanceType")) or "", models.get(str(variant.get("ModelName")), {})
                images = [aws_image(each.get("Image")) for _, each in containers(model)] if has_arm(kind) else []
                wrong = [image.repository for image in images if image and image.repository.endswith("-inference")]
                if wrong:
                    message = (
                        f"{kind!r} has an ARM processor, {wrong[0]} is for x86; give an image for ARM or another type"
                    )
                    yield index, type(self)(operation).finding(f"{path}.InstanceType", message)
