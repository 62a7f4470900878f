"""E26x: AWS's own images: made for the instance and the purpose, of a version that exists, in the right registry.

An image from any other account is the user's: its name and tag may stand for anything.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from typing import ClassVar

from sm_raw.specs.images import Image, has_arm, images_in, registry_accounts
from sm_raw.specs.instance_types import has_gpu, has_neuron
from sm_raw.specs.registry_paths import RegistryPath, registry_path
from sm_raw.validation.findings import Finding, Request
from sm_raw.validation.operations import operation_name
from sm_raw.validation.reading import at, is_absent, records, text
from sm_raw.validation.rules.base import Rule, TogetherRule
from sm_raw.validation.rules.deployments import Documents, documents, named
from sm_raw.validation.rules.hosting import variants
from sm_raw.validation.rules.models import containers
from sm_raw.validation.rules.training import TrainingRule, training_definitions
from sm_raw.validation.wording import did_you_mean, listed, nearest, shown

IMAGES_PAGE = "https://github.com/aws/deep-learning-containers/blob/master/available_images.md"
WHERE = "AlgorithmSpecification.TrainingImage"
RESOURCE_FIELDS = ("ResourceConfig", "HyperParameterTuningResourceConfig")

NUMBERS = re.compile(r"\d+(?:\.\d+)*(?:-\d+(?=-|$))?")  # 1.13.1, and 1.2-1 of AWS's own algorithms
# Patch releases come and go without notice; none listed has a higher number than 1.15.5.
HIGHEST_PATCH = 5
LONGEST = 32  # of a version or region: what is longer need not be compared to the end


def aws_image(uri: object) -> RegistryPath | None:
    """The parts of an image in one of AWS's own registries; None for any other."""
    path = registry_path(text(uri) or "")
    return path if path is not None and path.account in registry_accounts() else None


def instance_types(training: Request) -> list[str]:
    """The instance types of a description of training; none unless all of them are known."""
    holders: list[Request] = []
    for field in RESOURCE_FIELDS:
        for _, config in records([training.get(field)]):
            holders.append(config)
            holders += [
                each for several in ("InstanceGroups", "InstanceConfigs") for _, each in records(at(config, several))
            ]
    given = [text(holder["InstanceType"]) for holder in holders if "InstanceType" in holder]
    known = [each for each in given if each is not None]
    return known if len(known) == len(given) else []


class ProcessorRule(TrainingRule):
    """A rule about the processor that AWS's training image is made for."""

    source = "https://github.com/aws/sagemaker-python-sdk/issues/440"

    def check_training(self, training: Request) -> Iterator[Finding]:
        image, types = aws_image(at(training, "AlgorithmSpecification", "TrainingImage")), instance_types(training)
        message = self.misfit(_made_for(image), types) if image is not None and types else None
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


class ImageRule(Rule):
    """A rule about the name of one of AWS's images, in training and in models."""

    operations: ClassVar[tuple[str, ...]] = ("CreateTrainingJob", "CreateHyperParameterTuningJob", "CreateModel")
    source = IMAGES_PAGE

    def check(self, request: Request) -> Iterator[Finding]:
        for path, uri in self._named(request):
            image = aws_image(uri)
            is_listed = image is not None and "@" not in str(uri) and images_in(image.repository)
            message = self.fault(image) if image is not None and is_listed else None
            if message is not None:
                yield self.finding(path, message)

    def _named(self, request: Request) -> Iterator[tuple[str, object]]:
        if operation_name(self.operation) == "CreateModel":
            yield from ((f"{path}.Image", container.get("Image")) for path, container in containers(request))
            return
        for path, training in training_definitions(operation_name(self.operation), request):
            yield f"{path}.{WHERE}" if path else WHERE, at(training, "AlgorithmSpecification", "TrainingImage")

    def fault(self, image: RegistryPath) -> str | None:
        """What is wrong with an image of a repository that is listed; None when nothing is."""
        raise NotImplementedError


@lru_cache(maxsize=256)
def listed_as(image: RegistryPath) -> list[Image]:
    """The images of AWS's that a tag, short or long, can stand for."""
    tag = f"{image.tag}-"
    return [each for each in images_in(image.repository) if any(tag.startswith(f"{name}-") for name in each.names)]


@lru_cache(maxsize=256)
def accounts_of(repository: str) -> Mapping[str, str]:
    """The account of one of AWS's repositories in each region."""
    return {region: account for image in images_in(repository) for region, account in image.accounts.items()}


class ImageHasThePython(ImageRule):
    """The tag of a framework image names the Python that the version has."""

    id = "E264"

    def fault(self, image: RegistryPath) -> str | None:
        pythons = sorted({python for each in listed_as(image) for python in each.pythons})
        # py2 and py3 were general names: images of that time had other names besides.
        if not pythons or not image.python or image.python in pythons or min(map(len, pythons)) < len("py36"):
            return None
        right = image.tag.replace(image.python, pythons[-1])
        return f"{image.repository} {image.version} has {listed(pythons)}, not {image.python}; give {shown(right)}"


class ImageVersionIsListed(ImageRule):
    """The tag of a framework image names a version that AWS lists, or a newer one."""

    id = "W265"

    def fault(self, image: RegistryPath) -> str | None:
        given, listing = NUMBERS.match(image.tag), images_in(image.repository)
        if given is None or listed_as(image) or _may_exist(given.group(), listing):
            return None
        names = [name for each in listing for name in each.names]
        version = given.group()[:LONGEST]
        near = nearest(version, names) or names[-1:]
        return f"AWS lists no {image.repository} {version}; the nearest: {listed(near)}"


def _may_exist(version: str, listing: Sequence[Image]) -> bool:
    """Whether a version that is not listed is a patch release of one that is, or newer than all."""
    numbers = _numbers(version)
    known = [_numbers(name) for each in listing for name in each.names]
    newest = max(known)
    if numbers[:2] > newest[:2]:
        return numbers[0] <= newest[0] + 1
    patches_vary = listing[0].framework not in {"sklearn", "xgboost"}
    return patches_vary and numbers[2:3] <= (HIGHEST_PATCH,) and numbers[:2] in {each[:2] for each in known}


def _numbers(version: str) -> tuple[int, ...]:
    found = NUMBERS.match(version)
    return tuple(int(number[:9]) for number in re.findall(r"\d+", found.group())) if found else ()


class ImageIsInItsAccount(ImageRule):
    """An image of AWS is pulled from the account that AWS keeps it in, in that region."""

    id = "E266"
    source = "https://github.com/aws-samples/aws-sagemaker-build/issues/28"

    def fault(self, image: RegistryPath) -> str | None:
        accounts = accounts_of(image.repository)
        right = accounts.get(image.region)
        if right is None or image.account == right:
            return None
        return f"account {image.account} has no {image.repository} in {image.region}; it is in {right}"


class ImageRegionIsListed(ImageRule):
    """An image of AWS is in a region where AWS lists it."""

    id = "W267"

    def fault(self, image: RegistryPath) -> str | None:
        accounts = accounts_of(image.repository)
        if image.region in accounts or image.region in registry_accounts()[image.account]:
            return None
        hint = (
            did_you_mean(image.region[:LONGEST], sorted(accounts))
            or "give the image of another region, or your own copy"
        )
        return f"AWS lists no {image.repository} in {image.region}; {hint}"


class ImageIsTagged(ImageRule):
    """A framework image of AWS has a tag with its version: there is no latest to fall back to."""

    id = "W268"

    def fault(self, image: RegistryPath) -> str | None:
        newest = images_in(image.repository)[-1]
        if image.tag not in {"", "latest"} or not newest.processors:
            return None
        parts = (newest.names[0], newest.processors[0], *newest.pythons[-1:], newest.suffixes.get(newest.processors[0]))
        example = "-".join(part for part in parts if part)
        return f"{image.repository} has no tag latest; give one with version and processor, such as {example!r}"


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
