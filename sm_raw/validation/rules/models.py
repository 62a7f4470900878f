"""E4xx: models (CreateModel), container by container."""

from __future__ import annotations

from collections.abc import Iterator

from sm_raw.specs.registry_paths import registry_path
from sm_raw.validation.findings import Finding, Request
from sm_raw.validation.reading import at, is_absent, is_placeholder, names, records, text
from sm_raw.validation.rules.base import Rule
from sm_raw.validation.wording import shown

CONTAINER_PAGE = "https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_ContainerDefinition.html"
DIRECT_PAGE = "https://docs.aws.amazon.com/sagemaker/latest/dg/multi-container-direct.html"
MULTI_MODEL_PAGE = "https://docs.aws.amazon.com/sagemaker/latest/dg/create-multi-model-endpoint.html"
ENVIRONMENT_BYTES = 32 * 1024


def containers(request: Request) -> Iterator[tuple[str, Request]]:
    """(path, object) of each container of a model."""
    yield from (("PrimaryContainer", each) for _, each in records([at(request, "PrimaryContainer")]))
    yield from ((f"Containers[{index}]", each) for index, each in records(at(request, "Containers")))


def is_multi_model(container: Request) -> bool:
    """Whether the container loads many models from under a prefix."""
    return container.get("Mode") == "MultiModel"


class ContainerRule(Rule):
    """A rule about one container of a model."""

    operations = ("CreateModel",)
    source = CONTAINER_PAGE

    def check(self, request: Request) -> Iterator[Finding]:
        for path, container in containers(request):
            yield from self.check_container(path, container)

    def check_container(self, path: str, container: Request) -> Iterator[Finding]:
        raise NotImplementedError


class ContainersAreNamedAlike(Rule):
    """Either every one of several containers has a ContainerHostname, each its own, or none has."""

    id = "E404"
    operations = ("CreateModel",)
    source = CONTAINER_PAGE

    def check(self, request: Request) -> Iterator[Finding]:
        several = [(path, each) for path, each in containers(request) if path.startswith("Containers")]
        named = any(not is_absent(each, "ContainerHostname") for _, each in several)
        first: dict[str, str] = {}
        for path, container in several:
            where, name = f"{path}.ContainerHostname", text(container.get("ContainerHostname"))
            if named and is_absent(container, "ContainerHostname"):
                yield self.finding(where, "missing beside containers that have one; give each a name, or none")
            elif name is not None and first.setdefault(name, path) != path:
                yield self.finding(where, f"{name!r} is already the name of {first[name]}; rename one")


class DirectContainersAreNamed(Rule):
    """Containers that are called directly have hostnames, by which the caller chooses."""

    id = "W405"
    operations = ("CreateModel",)
    source = DIRECT_PAGE

    def check(self, request: Request) -> Iterator[Finding]:
        several = list(records(at(request, "Containers")))
        direct = at(request, "InferenceExecutionConfig", "Mode") == "Direct"
        if direct and several and all(is_absent(each, "ContainerHostname") for _, each in several):
            message = "missing; a caller names it in TargetContainerHostname: give each container one"
            yield self.finding("Containers[0].ContainerHostname", message)


class SeveralContainersAreTwo(Rule):
    """Containers is for two or more; a single one is the PrimaryContainer."""

    id = "W406"
    operations = ("CreateModel",)
    source = "https://docs.aws.amazon.com/sagemaker/latest/dg/inference-pipelines.html"

    def check(self, request: Request) -> Iterator[Finding]:
        given = at(request, "Containers")
        if is_absent(request, "PrimaryContainer") and isinstance(given, list | tuple) and len(given) < 2:
            message = f"{len(given)} given, a pipeline has 2 to 15; give a single container as PrimaryContainer"
            yield self.finding("Containers", message)


class ContainerHasAnImage(ContainerRule):
    """A container has an Image, or a model package that brings one."""

    id = "E450"

    def check_container(self, path: str, container: Request) -> Iterator[Finding]:
        if all(is_absent(container, name) for name in ("Image", "ModelPackageName", "InferenceSpecificationName")):
            message = "missing; give the registry path of the image that serves, or a ModelPackageName"
            yield self.finding(f"{path}.Image", message)


class ModelDataHasOneSource(ContainerRule):
    """A container's model data comes from ModelDataUrl or from ModelDataSource, not both."""

    id = "W407"

    def check_container(self, path: str, container: Request) -> Iterator[Finding]:
        if not is_absent(container, "ModelDataUrl") and not is_absent(container, "ModelDataSource"):
            message = "given beside ModelDataUrl; keep ModelDataUrl for model.tar.gz, ModelDataSource for anything else"
            yield self.finding(f"{path}.ModelDataSource", message)


class ModelDataIsAnArchive(ContainerRule):
    """ModelDataUrl of a single model is one archive, a .tar.gz."""

    id = "W408"

    def check_container(self, path: str, container: Request) -> Iterator[Finding]:
        uri = text(container.get("ModelDataUrl"))
        single = is_absent(container, "Mode") or container.get("Mode") == "SingleModel"
        if uri is not None and single and not uri.endswith(".tar.gz"):
            message = f"{shown(uri)} does not end in .tar.gz; pack the model, or give ModelDataSource instead"
            yield self.finding(f"{path}.ModelDataUrl", message)


class MultiModelDataIsAPrefix(ContainerRule):
    """A container of many models has a ModelDataUrl, which is the prefix of their archives."""

    id = "E409"
    source = MULTI_MODEL_PAGE

    def check_container(self, path: str, container: Request) -> Iterator[Finding]:
        if not is_multi_model(container):
            return
        uri, where = text(container.get("ModelDataUrl")), f"{path}.ModelDataUrl"
        if is_absent(container, "ModelDataUrl"):
            yield self.finding(where, "missing; a container in MultiModel mode needs the prefix of its models")
        elif uri is not None and uri.endswith(".tar.gz"):
            folder = uri.rpartition("/")[0]
            yield self.finding(where, f"{shown(uri)} is one archive; give the prefix of all, such as {folder}/")


class MultiModelPrefixEndsInSlash(ContainerRule):
    """The ModelDataUrl of many models ends with a slash, or it also takes in keys that begin alike."""

    id = "W410"
    source = MULTI_MODEL_PAGE

    def check_container(self, path: str, container: Request) -> Iterator[Finding]:
        uri = text(container.get("ModelDataUrl"))
        if is_multi_model(container) and uri is not None and not uri.endswith(("/", ".tar.gz")):
            yield self.finding(f"{path}.ModelDataUrl", f"{shown(uri)} does not end with a slash; add one")


class MultiModelTakesNoDataSource(ContainerRule):
    """A container of many models has no ModelDataSource."""

    id = "E411"

    def check_container(self, path: str, container: Request) -> Iterator[Finding]:
        if is_multi_model(container) and not is_absent(container, "ModelDataSource"):
            message = "given in MultiModel mode, which does not take it; give ModelDataUrl"
            yield self.finding(f"{path}.ModelDataSource", message)


class ModelDataSourceIsWhatItSays(ContainerRule):
    """Model data of type S3Prefix ends with a slash and is not compressed; of type S3Object it is one object."""

    id = "E412"
    source = "https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_S3ModelDataSource.html"

    def check_container(self, path: str, container: Request) -> Iterator[Finding]:
        for where, data in _s3_sources(path, container):
            uri, kind = text(data.get("S3Uri")), data.get("S3DataType")
            if kind == "S3Prefix" and uri is not None and not uri.endswith("/"):
                yield self.finding(f"{where}.S3Uri", f"{shown(uri)} is no prefix; end it with a slash")
            if kind == "S3Object" and uri is not None and uri.endswith("/"):
                yield self.finding(f"{where}.S3Uri", f"{shown(uri)} is no object; set S3DataType to S3Prefix")
            if kind == "S3Prefix" and data.get("CompressionType") == "Gzip":
                message = "Gzip is for one archive; set S3DataType to S3Object, or CompressionType to None"
                yield self.finding(f"{where}.CompressionType", message)


def _s3_sources(path: str, container: Request) -> Iterator[tuple[str, Request]]:
    for _, data in records([at(container, "ModelDataSource", "S3DataSource")]):
        yield f"{path}.ModelDataSource.S3DataSource", data
    for index, extra in records(container.get("AdditionalModelDataSources")):
        for _, data in records([extra.get("S3DataSource")]):
            yield f"{path}.AdditionalModelDataSources[{index}].S3DataSource", data


class IsolatedCodeIsInside(Rule):
    """With network isolation, SAGEMAKER_SUBMIT_DIRECTORY is in the container: nothing can be downloaded."""

    id = "W413"
    operations = ("CreateModel",)
    source = "https://docs.aws.amazon.com/sagemaker/latest/dg/mkt-algo-model-internet-free.html"

    def check(self, request: Request) -> Iterator[Finding]:
        if request.get("EnableNetworkIsolation") is not True:
            return
        for path, container in containers(request):
            directory = text(at(container, "Environment", "SAGEMAKER_SUBMIT_DIRECTORY"))
            if directory is not None and directory.startswith("s3://"):
                message = f"{shown(directory)} is out of reach; pack the code into model.tar.gz: /opt/ml/model/code"
                yield self.finding(f"{path}.Environment.SAGEMAKER_SUBMIT_DIRECTORY", message)


class ImageServes(ContainerRule):
    """A model's image is no training image: those of AWS have no server in them."""

    id = "W414"
    source = "https://github.com/aws/deep-learning-containers/blob/master/available_images.md"

    def check_container(self, path: str, container: Request) -> Iterator[Finding]:
        image = registry_path(text(container.get("Image")) or "")
        if image is not None and image.repository.endswith("-training"):
            serving = f"{image.repository.removesuffix('-training')}-inference"
            message = f"{image.repository} is an image for training; give {serving}, which serves"
            yield self.finding(f"{path}.Image", message)


class EnvironmentFits(Rule):
    """The environments of a model's containers hold at most 32 KB together."""

    id = "E415"
    operations = ("CreateModel",)
    source = CONTAINER_PAGE

    def check(self, request: Request) -> Iterator[Finding]:
        size, last = 0, ""
        for path, container in containers(request):
            environment = container.get("Environment")
            for name in names(environment):
                size += _bytes(name) + _bytes(at(environment, name))
                last = f"{path}.Environment"
        if size > ENVIRONMENT_BYTES:
            message = f"{size} bytes in all, the limit is {ENVIRONMENT_BYTES}; put what is long into the model archive"
            yield self.finding(last, message)


def _bytes(value: object) -> int:
    """The length of a text in UTF-8; 0 for what is not known."""
    known = isinstance(value, str) and not is_placeholder(value)
    return len(str(value).encode(errors="replace")) if known else 0
