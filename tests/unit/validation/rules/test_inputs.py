from __future__ import annotations

from typing import Any

import pytest

from sm_raw.validation.rules import inputs
from sm_raw.validation.rules.base import Rule

SOURCE = "DataSource.S3DataSource"
FILE_SYSTEM = {"FileSystemType": "EFS", "DirectoryPath": "/digits"}


def found(rule: type[Rule], request: Any) -> list[tuple[str, str]]:
    return [(each.path, each.message) for each in rule("CreateTrainingJob").check(request)]


def s3(uri: object = "s3://bucket/a", kind: str = "S3Prefix", **fields: object) -> dict[str, Any]:
    return {"DataSource": {"S3DataSource": {"S3DataType": kind, "S3Uri": uri, **fields}}}


def files(**fields: object) -> dict[str, Any]:
    return {"DataSource": {"FileSystemDataSource": {**FILE_SYSTEM, **fields}}}


def job(*channels: object, mode: str = "File", **fields: object) -> dict[str, Any]:
    return {"AlgorithmSpecification": {"TrainingInputMode": mode}, "InputDataConfig": channels, **fields}


AUGMENTED = s3("s3://bucket/a.manifest", "AugmentedManifestFile", AttributeNames=["source-ref"])


@pytest.mark.parametrize(
    ("rule", "request_", "findings"),
    [
        (inputs.AugmentedManifestHasAttributes, job(AUGMENTED, s3()), []),
        (inputs.AugmentedManifestHasAttributes, job(s3("a", "AugmentedManifestFile", AttributeNames="${names}")), []),
        (
            inputs.AugmentedManifestHasAttributes,
            job(s3("s3://bucket/a.manifest", "AugmentedManifestFile")),
            [
                (
                    f"{SOURCE}.AttributeNames",
                    "missing; an augmented manifest needs the names to read of each line, such as 'source-ref'",
                )
            ],
        ),
        (inputs.AttributesAreOfAnAugmentedManifest, job(AUGMENTED, s3(AttributeNames=[])), []),
        (
            inputs.AttributesAreOfAnAugmentedManifest,
            job(s3(AttributeNames=["class"])),
            [
                (
                    f"{SOURCE}.AttributeNames",
                    "given with S3DataType 'S3Prefix', which has no attributes; give 'AugmentedManifestFile'",
                )
            ],
        ),
        (inputs.AugmentedManifestIsPiped, job(AUGMENTED, mode="Pipe"), []),
        (inputs.AugmentedManifestIsPiped, job({**AUGMENTED, "InputMode": "Pipe"}), []),
        (inputs.AugmentedManifestIsPiped, job({**AUGMENTED, "InputMode": "${mode}"}), []),
        (
            inputs.AugmentedManifestIsPiped,
            job(AUGMENTED),
            [("InputMode", "'File' is the mode for an AugmentedManifestFile, which takes Pipe alone; give 'Pipe'")],
        ),
        (inputs.UnpackingNeedsPipe, job({**s3(), "CompressionType": "Gzip", "InputMode": "Pipe"}), []),
        (inputs.UnpackingNeedsPipe, job({**s3(), "CompressionType": "None", "RecordWrapperType": "None"}), []),
        (
            inputs.UnpackingNeedsPipe,
            job({**s3(), "CompressionType": "Gzip", "RecordWrapperType": "RecordIO"}, mode="FastFile"),
            [
                ("CompressionType", "'Gzip' has no effect in FastFile mode; remove it, or set InputMode to 'Pipe'"),
                (
                    "RecordWrapperType",
                    "'RecordIO' has no effect in FastFile mode; remove it, or set InputMode to 'Pipe'",
                ),
            ],
        ),
        (inputs.FileSystemNeedsVpc, job(files(), VpcConfig={"Subnets": ["subnet-0a"]}), []),
        (inputs.FileSystemNeedsVpc, job(s3()), []),
        (
            inputs.FileSystemNeedsVpc,
            job(files()),
            [
                (
                    "DataSource.FileSystemDataSource",
                    "needs the job's VpcConfig; give Subnets and SecurityGroupIds that reach the file system",
                )
            ],
        ),
        (inputs.FileSystemIsReadAsFiles, job(files()), []),
        (inputs.FileSystemIsReadAsFiles, job({**files(), "InputMode": "File"}, mode="Pipe"), []),
        (
            inputs.FileSystemIsReadAsFiles,
            job(files(), mode="Pipe"),
            [("InputMode", "'Pipe' is a mode for data in S3; give 'File' to a file system")],
        ),
        (inputs.FileSystemPathIsFull, job(files(), files(DirectoryPath="/"), files(DirectoryPath="${path}")), []),
        (
            inputs.FileSystemPathIsFull,
            job(files(DirectoryPath="digits")),
            [("DataSource.FileSystemDataSource.DirectoryPath", "'digits' is no full path; write '/digits'")],
        ),
        (
            inputs.FileSystemPathIsFull,
            job(files(DirectoryPath="/", FileSystemType="FSxLustre")),
            [
                (
                    "DataSource.FileSystemDataSource.DirectoryPath",
                    "'/' lacks the mount name of the file system; write /MOUNTNAME or a folder in it",
                )
            ],
        ),
        (inputs.OneDataSource, job(s3(), files(), {"DataSource": "${source}"}), []),
        (
            inputs.OneDataSource,
            job({"DataSource": {**s3()["DataSource"], **files()["DataSource"]}}),
            [("DataSource.FileSystemDataSource", "given beside S3DataSource; keep one of the two")],
        ),
        (
            inputs.OneDataSource,
            job({"DataSource": {}}),
            [("DataSource", "is empty; give S3DataSource or FileSystemDataSource")],
        ),
        (inputs.ManifestIsAnObject, job(s3("s3://bucket/a/"), s3("s3://bucket/a.json", "ManifestFile")), []),
        (inputs.ManifestIsAnObject, job(s3("s3://${bucket}/", "ManifestFile")), []),
        (
            inputs.ManifestIsAnObject,
            job(s3("s3://bucket/a/", "ManifestFile")),
            [
                (
                    f"{SOURCE}.S3Uri",
                    "'s3://bucket/a/' is a folder, a ManifestFile one object; give its whole URI",
                )
            ],
        ),
    ],
)
def test_channel(rule: type[Rule], request_: dict[str, Any], findings: list[tuple[str, str]]) -> None:
    assert found(rule, request_) == [(f"InputDataConfig[0].{path}", message) for path, message in findings]


GROUPS = {"ResourceConfig": {"InstanceGroups": [{"InstanceGroupName": "gpu"}]}}


@pytest.mark.parametrize(
    ("resources", "names", "message"),
    [
        (GROUPS, ["gpu", "${group}"], None),
        (GROUPS, "${groups}", None),
        ({"ResourceConfig": {"InstanceGroups": "${groups}"}}, ["cpu"], None),
        ({}, ["cpu"], None),
        (GROUPS, ["gpus"], "'gpus' is no instance group of the job; did you mean 'gpu'?"),
        ({"ResourceConfig": {}}, ["gpu"], "'gpu' is no instance group of the job; add it to ResourceConfig"),
    ],
)
def test_groups_of_a_channel_exist(resources: dict[str, Any], names: object, message: str | None) -> None:
    findings = [(f"InputDataConfig[0].{SOURCE}.InstanceGroupNames[0]", message)] if message else []
    assert found(inputs.ChannelGroupsExist, job(s3(InstanceGroupNames=names), **resources)) == findings


def image(name: str) -> dict[str, Any]:
    return {"AlgorithmSpecification": {"TrainingImage": f"811284229777.dkr.ecr.us-east-1.amazonaws.com/{name}:1"}}


@pytest.mark.parametrize(
    ("request_", "findings"),
    [
        (job(s3("s3://bucket/train/"), s3("s3://bucket/train2/")), []),
        (job(s3("s3://bucket/data"), s3("s3://bucket/data/valid")), []),
        (job(s3("s3://bucket/train"), s3("s3://bucket/train.manifest", "ManifestFile")), []),
        (job(s3("s3://bucket/${a}"), s3("s3://bucket/${a}2")), []),
        ({**job(s3("s3://bucket/train"), s3("s3://bucket/train_lst")), **image("image-classification")}, []),
        (
            job(s3("s3://bucket/train2/"), s3("s3://bucket/train")),
            [
                (
                    f"InputDataConfig[1].{SOURCE}.S3Uri",
                    "'s3://bucket/train' takes in 's3://bucket/train2/' of InputDataConfig[0]; end it with a slash",
                )
            ],
        ),
    ],
)
def test_prefix_takes_in_no_neighbour(request_: dict[str, Any], findings: list[tuple[str, str]]) -> None:
    assert found(inputs.PrefixTakesInNoNeighbour, request_) == findings


@pytest.mark.parametrize(
    ("output", "uri", "message"),
    [
        ("s3://bucket/out", "s3://bucket/data/", None),
        ("s3://bucket/", "s3://bucket/data/", None),
        ("${output}", "s3://bucket/", None),
        ("s3://bucket/data", "s3://bucket/data/", "'s3://bucket/data'"),
        ("s3://bucket/data/out", "s3://bucket/data", "'s3://bucket/data/out'"),
        ("s3://bucket/data-out", "s3://bucket/data", "'s3://bucket/data-out'"),
    ],
)
def test_output_is_no_input(output: str, uri: str, message: str | None) -> None:
    request = job(s3(uri), OutputDataConfig={"S3OutputPath": output})
    text = f"{message} lies in the data of InputDataConfig[0]; write beside it"
    assert found(inputs.OutputIsNoInput, request) == ([("OutputDataConfig.S3OutputPath", text)] if message else [])


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("/opt/ml/checkpoints", None),
        ("/opt/ml/model/checkpoints", None),
        ("/ckpt/", None),
        ("${path}", None),
        ("checkpoints", "'checkpoints' is no folder for checkpoints alone; give '/opt/ml/checkpoints'"),
        ("/opt/ml/", "'/opt/ml/' is no folder for checkpoints alone; give '/opt/ml/checkpoints'"),
        (
            "/opt/ml/input/data/train",
            "'/opt/ml/input/data/train' is no folder for checkpoints alone; give '/opt/ml/checkpoints'",
        ),
    ],
)
def test_checkpoint_path_is_free(path: str, message: str | None) -> None:
    request = {"CheckpointConfig": {"S3Uri": "s3://bucket/c", "LocalPath": path}}
    assert found(inputs.CheckpointPathIsFree, request) == ([("CheckpointConfig.LocalPath", message)] if message else [])
