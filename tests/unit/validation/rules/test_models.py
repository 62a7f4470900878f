from __future__ import annotations

from typing import Any

import pytest

from sm_raw.validation.rules import models
from sm_raw.validation.rules.base import Rule

ECR = "763104351884.dkr.ecr.us-east-1.amazonaws.com"
BOTH = "given beside ModelDataUrl; keep ModelDataUrl for model.tar.gz, ModelDataSource for anything else"
NO_ARCHIVE = "'s3://b/model.zip' does not end in .tar.gz; pack the model, or give ModelDataSource instead"


def found(rule: type[Rule], request: Any) -> list[tuple[str, str]]:
    return [(each.path, each.message) for each in rule("CreateModel").check(request)]


def primary(**fields: object) -> dict[str, Any]:
    return {"PrimaryContainer": fields}


@pytest.mark.parametrize(
    ("request_", "findings"),
    [
        (primary(Image=f"{ECR}/pytorch-inference:2.1.0-cpu-py310"), []),
        (primary(Image="${image}"), []),
        (primary(ModelPackageName="arn:aws:sagemaker:us-east-1:111122223333:model-package/dogs/1"), []),
        ({"PrimaryContainer": "${container}"}, []),
        (
            {"Containers": [{"Image": "i"}, {"ModelDataUrl": "s3://b/model.tar.gz"}]},
            [
                (
                    "Containers[1].Image",
                    "missing; give the registry path of the image that serves, or a ModelPackageName",
                )
            ],
        ),
    ],
)
def test_container_has_an_image(request_: dict[str, Any], findings: list[tuple[str, str]]) -> None:
    assert found(models.ContainerHasAnImage, request_) == findings


@pytest.mark.parametrize(
    ("hostnames", "findings"),
    [
        ([None, None], []),
        (["a", "b"], []),
        (["${a}", "${a}"], []),
        (
            ["a", None],
            [
                (
                    "Containers[1].ContainerHostname",
                    "missing beside containers that have one; give each a name, or none",
                )
            ],
        ),
        (
            ["a", "a"],
            [("Containers[1].ContainerHostname", "'a' is already the name of Containers[0]; rename one")],
        ),
    ],
)
def test_containers_are_named_alike(hostnames: list[str | None], findings: list[tuple[str, str]]) -> None:
    containers = [{"ContainerHostname": name} if name else {} for name in hostnames]
    assert found(models.ContainersAreNamedAlike, {"Containers": containers}) == findings


@pytest.mark.parametrize(
    ("request_", "findings"),
    [
        ({"Containers": [{}, {}]}, []),
        ({"Containers": [{}, {}], "InferenceExecutionConfig": {"Mode": "Serial"}}, []),
        ({"Containers": [{"ContainerHostname": "${a}"}, {}], "InferenceExecutionConfig": {"Mode": "Direct"}}, []),
        (
            {"Containers": [{}, {}], "InferenceExecutionConfig": {"Mode": "Direct"}},
            [
                (
                    "Containers[0].ContainerHostname",
                    "missing; a caller names it in TargetContainerHostname: give each container one",
                )
            ],
        ),
    ],
)
def test_containers_called_directly_are_named(request_: dict[str, Any], findings: list[tuple[str, str]]) -> None:
    assert found(models.DirectContainersAreNamed, request_) == findings


@pytest.mark.parametrize(
    ("containers", "count"), [([{}, {}], None), ("${containers}", None), (None, None), ([{}], 1), ([], 0)]
)
def test_several_containers_are_two_or_more(containers: object, count: int | None) -> None:
    message = f"{count} given, a pipeline has 2 to 15; give a single container as PrimaryContainer"
    expected = [] if count is None else [("Containers", message)]
    assert found(models.SeveralContainersAreTwo, {"Containers": containers}) == expected
    assert found(models.SeveralContainersAreTwo, {"Containers": containers, "PrimaryContainer": {}}) == []


MANY = {"Mode": "MultiModel"}


@pytest.mark.parametrize(
    ("rule", "container", "field", "message"),
    [
        (models.ModelDataHasOneSource, {"ModelDataUrl": "s3://b/m.tar.gz"}, "", None),
        (models.ModelDataHasOneSource, {"ModelDataSource": {}}, "", None),
        (models.ModelDataHasOneSource, {"ModelDataUrl": "", "ModelDataSource": {}}, "ModelDataSource", BOTH),
        (models.ModelDataIsAnArchive, {"ModelDataUrl": "s3://b/model.tar.gz"}, "", None),
        (models.ModelDataIsAnArchive, {"ModelDataUrl": "${train.ModelArtifacts.S3ModelArtifacts}"}, "", None),
        (models.ModelDataIsAnArchive, {"ModelDataUrl": "s3://b/models/", **MANY}, "", None),
        (models.ModelDataIsAnArchive, {"ModelDataUrl": "s3://b/models/", "Mode": "${mode}"}, "", None),
        (models.ModelDataIsAnArchive, {"ModelDataUrl": "s3://b/model.zip"}, "ModelDataUrl", NO_ARCHIVE),
        (models.MultiModelDataIsAPrefix, {"ModelDataUrl": "s3://b/models/", **MANY}, "", None),
        (models.MultiModelDataIsAPrefix, {"ModelDataUrl": "s3://b/model.tar.gz"}, "", None),
        (
            models.MultiModelDataIsAPrefix,
            {"ModelDataUrl": "s3://b/models/one.tar.gz", **MANY},
            "ModelDataUrl",
            "'s3://b/models/one.tar.gz' is one archive; give the prefix of all, such as s3://b/models/",
        ),
        (
            models.MultiModelDataIsAPrefix,
            MANY,
            "ModelDataUrl",
            "missing; a container in MultiModel mode needs the prefix of its models",
        ),
        (models.MultiModelPrefixEndsInSlash, {"ModelDataUrl": "s3://b/models/", **MANY}, "", None),
        (models.MultiModelPrefixEndsInSlash, {"ModelDataUrl": "s3://b/models"}, "", None),
        (
            models.MultiModelPrefixEndsInSlash,
            {"ModelDataUrl": "s3://b/models", **MANY},
            "ModelDataUrl",
            "'s3://b/models' does not end with a slash; add one",
        ),
        (models.MultiModelTakesNoDataSource, {"ModelDataSource": {}}, "", None),
        (
            models.MultiModelTakesNoDataSource,
            {"ModelDataSource": {}, **MANY},
            "ModelDataSource",
            "given in MultiModel mode, which does not take it; give ModelDataUrl",
        ),
        (models.ImageServes, {"Image": f"{ECR}/pytorch-inference:1.13.1-cpu-py39"}, "", None),
        (models.ImageServes, {"Image": "${image}"}, "", None),
        (models.ImageServes, {"Image": "111122223333.dkr.ecr.us-east-1.amazonaws.com/my-training-app:1"}, "", None),
        (
            models.ImageServes,
            {"Image": f"{ECR}/pytorch-training:1.13.1-cpu-py39"},
            "Image",
            "pytorch-training is an image for training; give pytorch-inference, which serves",
        ),
    ],
)
def test_container(rule: type[Rule], container: dict[str, Any], field: str, message: str | None) -> None:
    assert found(rule, {"PrimaryContainer": container}) == ([(f"PrimaryContainer.{field}", message)] if message else [])
    assert found(rule, {"Containers": [{}, container]}) == ([(f"Containers[1].{field}", message)] if message else [])


def s3_source(uri: str, kind: str, compression: str = "None") -> dict[str, Any]:
    return {"S3DataSource": {"S3Uri": uri, "S3DataType": kind, "CompressionType": compression}}


@pytest.mark.parametrize(
    ("source", "field", "message"),
    [
        (s3_source("s3://b/m/", "S3Prefix"), "", None),
        (s3_source("s3://b/m.tar.gz", "S3Object", "Gzip"), "", None),
        (s3_source("${model}", "S3Prefix"), "", None),
        (s3_source("s3://b/m", "${type}"), "", None),
        (s3_source("s3://b/m", "S3Prefix"), "S3Uri", "'s3://b/m' is no prefix; end it with a slash"),
        (s3_source("s3://b/m/", "S3Object"), "S3Uri", "'s3://b/m/' is no object; set S3DataType to S3Prefix"),
        (
            s3_source("s3://b/m/", "S3Prefix", "Gzip"),
            "CompressionType",
            "Gzip is for one archive; set S3DataType to S3Object, or CompressionType to None",
        ),
    ],
)
def test_model_data_source_is_what_it_says(source: dict[str, Any], field: str, message: str | None) -> None:
    rule = models.ModelDataSourceIsWhatItSays
    place = "PrimaryContainer.ModelDataSource.S3DataSource"
    assert found(rule, primary(ModelDataSource=source)) == ([(f"{place}.{field}", message)] if message else [])
    place = "PrimaryContainer.AdditionalModelDataSources[0].S3DataSource"
    extra = primary(AdditionalModelDataSources=[source])
    assert found(rule, extra) == ([(f"{place}.{field}", message)] if message else [])


@pytest.mark.parametrize(
    ("isolation", "directory", "message"),
    [
        (True, "/opt/ml/model/code", None),
        (True, "${code}", None),
        (False, "s3://b/code.tar.gz", None),
        ("${isolated}", "s3://b/code.tar.gz", None),
        (
            True,
            "s3://b/code.tar.gz",
            "'s3://b/code.tar.gz' is out of reach; pack the code into model.tar.gz: /opt/ml/model/code",
        ),
    ],
)
def test_code_of_an_isolated_model_is_inside(isolation: object, directory: str, message: str | None) -> None:
    request = primary(Environment={"SAGEMAKER_SUBMIT_DIRECTORY": directory})
    expected = [("PrimaryContainer.Environment.SAGEMAKER_SUBMIT_DIRECTORY", message)] if message else []
    assert found(models.IsolatedCodeIsInside, {**request, "EnableNetworkIsolation": isolation}) == expected


@pytest.mark.parametrize(
    ("environments", "findings"),
    [
        ([{"A": "x" * 1000}], []),
        ([{"A": "${long}" + "x" * 40_000}], []),
        ([{str(n).zfill(4): "x" * 1020 for n in range(32)}], []),
        (
            [{str(n).zfill(4): "x" * 1020 for n in range(32)}, {"A": ""}],
            [
                (
                    "Containers[1].Environment",
                    "32769 bytes in all, the limit is 32768; put what is long into the model archive",
                )
            ],
        ),
    ],
)
def test_environments_fit_together(environments: list[dict[str, str]], findings: list[tuple[str, str]]) -> None:
    containers = [{"Environment": each} for each in environments]
    assert found(models.EnvironmentFits, {"Containers": containers}) == findings
