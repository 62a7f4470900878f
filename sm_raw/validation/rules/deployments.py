"""E4xx: models, endpoint configurations and endpoints that are given together."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, ClassVar

from sm_raw.specs.instance_types import has_gpu, has_neuron
from sm_raw.specs.registry_paths import registry_path
from sm_raw.validation.findings import Finding, Request
from sm_raw.validation.operations import operation_name
from sm_raw.validation.reading import at, is_placeholder, text
from sm_raw.validation.rules.base import TogetherRule
from sm_raw.validation.rules.hosting import variants
from sm_raw.validation.rules.models import containers
from sm_raw.validation.wording import did_you_mean

Documents = Sequence[tuple[str, Any]]


def documents(requests: Documents, *operations: str) -> Iterator[tuple[int, str, Request]]:
    """(index, operation, request) of the documents of these operations."""
    for index, (operation, request) in enumerate(requests):
        if operation_name(operation) in operations and isinstance(request, Mapping):
            yield index, operation_name(operation), request


def named(requests: Documents, operation: str, field: str) -> dict[str, Request]:
    """{the text of a name field: its document}; a name that is not rendered yet is the text of its placeholder."""
    return {str(each.get(field)): each for _, _, each in documents(requests, operation) if field in each}


def missing_name(given: object, known: Sequence[str], operation: str) -> str | None:
    """What is wrong with a reference to another document; None also when the documents do not tell."""
    if not isinstance(given, str) or not known or given in known or any(map(is_placeholder, (given, *known))):
        return None
    hint = did_you_mean(given, known) or f"give one of {', '.join(known)}"
    return f"no {operation} document here makes {given!r}; {hint}"


class ConfigurationIsDefined(TogetherRule):
    """An endpoint takes a configuration that the documents given together define, if they define any."""

    id = "W446"
    operations = ("CreateEndpoint", "UpdateEndpoint")
    source = "https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_CreateEndpoint.html"

    def check_together(self, requests: Documents) -> Iterator[tuple[int, Finding]]:
        known = list(named(requests, "CreateEndpointConfig", "EndpointConfigName"))
        for index, operation, request in documents(requests, *self.operations):
            message = missing_name(request.get("EndpointConfigName"), known, "CreateEndpointConfig")
            if message is not None:
                yield index, type(self)(operation).finding("EndpointConfigName", message)


class ModelIsDefined(TogetherRule):
    """A variant's model is one that the documents given together define, if they define any."""

    id = "W447"
    operations = ("CreateEndpointConfig",)
    source = "https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_ProductionVariant.html"

    def check_together(self, requests: Documents) -> Iterator[tuple[int, Finding]]:
        known = list(named(requests, "CreateModel", "ModelName"))
        for index, operation, request in documents(requests, *self.operations):
            for path, variant in variants(request):
                message = missing_name(variant.get("ModelName"), known, "CreateModel")
                if message is not None:
                    yield index, type(self)(operation).finding(f"{path}.ModelName", message)


class CreatedOnce(TogetherRule):
    """No two of the documents given together create a model, a configuration or an endpoint of the same name."""

    id = "E448"
    operations = ("CreateModel", "CreateEndpointConfig", "CreateEndpoint")
    source = "https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_CreateEndpoint.html"
    name_fields: ClassVar[dict[str, str]] = {
        "CreateModel": "ModelName",
        "CreateEndpointConfig": "EndpointConfigName",
        "CreateEndpoint": "EndpointName",
    }

    def check_together(self, requests: Documents) -> Iterator[tuple[int, Finding]]:
        seen: set[tuple[str, str]] = set()
        for index, operation, request in documents(requests, *self.operations):
            field = self.name_fields[operation]
            name = text(request.get(field))
            if name is not None and (operation, name) in seen:
                message = f"{name!r} is made by another {operation} document already; rename one"
                yield index, type(self)(operation).finding(field, message)
            if name is not None:
                seen.add((operation, name))


class ImageFitsTheInstance(TogetherRule):
    """A model's image is made for the processor of the instances that it is hosted on."""

    id = "W449"
    operations = ("CreateEndpointConfig",)
    source = "https://github.com/aws/deep-learning-containers/blob/master/available_images.md"

    def check_together(self, requests: Documents) -> Iterator[tuple[int, Finding]]:
        models = named(requests, "CreateModel", "ModelName")
        for index, operation, request in documents(requests, *self.operations):
            for path, variant in variants(request):
                kind, model = text(variant.get("InstanceType")), models.get(str(variant.get("ModelName")), {})
                for processor in _processors(model) if kind is not None else ():
                    message = _misfit(kind or "", processor)
                    if message is not None:
                        yield index, type(self)(operation).finding(f"{path}.InstanceType", message)


def _processors(model: Request) -> list[str]:
    """What the images of a model say that they are made for, without repetition."""
    images = [registry_path(text(at(each, "Image")) or "") for _, each in containers(model)]
    return sorted({image.processor for image in images if image is not None and image.processor})


def _misfit(instance_type: str, processor: str) -> str | None:
    """Why an image for a processor does not suit an instance type."""
    if processor == "gpu" and not has_gpu(instance_type):
        return (
            f"{instance_type!r} has no GPU, and the model's image is made for one; give the cpu image or another type"
        )
    if processor == "cpu" and has_gpu(instance_type):
        return f"{instance_type!r} has a GPU that the model's cpu image cannot use; give the gpu image or another type"
    if processor in {"neuron", "neuronx"} and not has_neuron(instance_type):
        return f"{instance_type!r} has no Neuron chip, and the model's image needs one; give an inf or trn type"
    return None
