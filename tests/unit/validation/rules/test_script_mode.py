from __future__ import annotations

from typing import Any

import pytest

from sm_raw.validation.rules import script_mode
from sm_raw.validation.rules.base import Rule

ROLE = "arn:aws:iam::111122223333:role/training"
IMAGE = "763104351884.dkr.ecr.us-east-1.amazonaws.com/pytorch-training:2.1-cpu-py310"
DIRECTORY = "HyperParameters.sagemaker_submit_directory"
TARBALL = "s3://bucket/sourcedir.tar.gz"


def found(rule: type[Rule], request: Any, operation: str = "CreateTrainingJob") -> list[tuple[str, str]]:
    return [(each.path, each.message) for each in rule(operation).check(request)]


def job(image: str = IMAGE, **fields: object) -> dict[str, object]:
    return {"RoleArn": ROLE, "AlgorithmSpecification": {"TrainingImage": image}, **fields}


def told(**hyperparameters: object) -> dict[str, object]:
    return {"HyperParameters": hyperparameters}


def code(uri: str, *channels: object) -> dict[str, Any]:
    inputs = [{"ChannelName": name} for name in channels]
    return {"HyperParameters": {"sagemaker_submit_directory": uri}, "InputDataConfig": inputs}


NO_PROGRAM = (
    "HyperParameters.sagemaker_program",
    "missing beside sagemaker_submit_directory; without both pytorch-training has no script to run",
)
NO_CODE = (DIRECTORY, "missing beside sagemaker_program; without both pytorch-training has no script to run")


@pytest.mark.parametrize(
    ("request_", "findings"),
    [
        (job(**told(sagemaker_program="train.py", sagemaker_submit_directory=TARBALL)), []),
        (job(Environment={"SAGEMAKER_PROGRAM": "a"}, **told(sagemaker_submit_directory=TARBALL)), []),
        (job(**told(epochs="3")), []),
        (job(HyperParameters="${hyperparameters}"), []),
        (job("111122223333.dkr.ecr.us-east-1.amazonaws.com/pytorch-training:mine", **told(sagemaker_program="a")), []),
        (job("811284229777.dkr.ecr.us-east-1.amazonaws.com/xgboost:1", **told(sagemaker_program="a")), []),
        ({**job(**told(sagemaker_program="train.py")), "RoleArn": "${role}"}, []),
        (job(**told(sagemaker_program="train.py")), [NO_CODE]),
        (job(**told(sagemaker_submit_directory=TARBALL)), [NO_PROGRAM]),
    ],
)
def test_script_mode_is_whole(request_: dict[str, Any], findings: list[tuple[str, str]]) -> None:
    assert found(script_mode.ScriptModeIsWhole, request_) == findings


def test_script_of_a_tuning_job_is_told_by_static_hyperparameters() -> None:
    request = {"TrainingJobDefinition": job(StaticHyperParameters={"sagemaker_program": "train.py"})}
    assert found(script_mode.ScriptModeIsWhole, request, "CreateHyperParameterTuningJob") == [
        (
            "TrainingJobDefinition.StaticHyperParameters.sagemaker_submit_directory",
            "missing beside sagemaker_program; without both pytorch-training has no script to run",
        )
    ]


@pytest.mark.parametrize(
    ("rule", "request_", "message"),
    [
        (script_mode.SubmitDirectoryIsArchive, code(TARBALL), None),
        (script_mode.SubmitDirectoryIsArchive, code(f'"{TARBALL}"'), None),
        (script_mode.SubmitDirectoryIsArchive, code("/opt/ml/code"), None),
        (script_mode.SubmitDirectoryIsArchive, code("s3://${bucket}/code"), None),
        (
            script_mode.SubmitDirectoryIsArchive,
            code("s3://bucket/code/"),
            "'s3://bucket/code/' does not end in .tar.gz; give the S3 URI of the code's gzipped tar archive",
        ),
        (script_mode.SubmitDirectoryIsInAChannel, code('"/opt/ml/input/data/code/a.tar.gz"', "train", "code"), None),
        (script_mode.SubmitDirectoryIsInAChannel, code("/opt/ml/input/data/code/a.tar.gz", "${channel}"), None),
        (script_mode.SubmitDirectoryIsInAChannel, code("/opt/ml/code"), None),
        (
            script_mode.SubmitDirectoryIsInAChannel,
            code("/opt/ml/input/data/code/a.tar.gz", "train", "source"),
            "'/opt/ml/input/data/code/a.tar.gz' is in no channel's folder: there is no channel 'code';"
            " give train or source",
        ),
        (
            script_mode.SubmitDirectoryIsInAChannel,
            code("/opt/ml/input/data/code/a.tar.gz"),
            "'/opt/ml/input/data/code/a.tar.gz' is in no channel's folder: there is no channel 'code'; add it",
        ),
        (script_mode.IsolatedCodeIsInAChannel, code(TARBALL), None),
        (
            script_mode.IsolatedCodeIsInAChannel,
            {**code("/opt/ml/input/data/code/a.tar.gz", "code"), "EnableNetworkIsolation": True},
            None,
        ),
        (script_mode.IsolatedCodeIsInAChannel, {**code(TARBALL), "EnableNetworkIsolation": "${isolated}"}, None),
        (
            script_mode.IsolatedCodeIsInAChannel,
            {**code(f'"{TARBALL}"'), "EnableNetworkIsolation": True},
            "an isolated container cannot download 's3://bucket/sourcedir.tar.gz'; add a channel 'code' with it"
            " and give '/opt/ml/input/data/code/sourcedir.tar.gz'",
        ),
    ],
)
def test_submit_directory(rule: type[Rule], request_: dict[str, Any], message: str | None) -> None:
    assert found(rule, request_) == ([(DIRECTORY, message)] if message else [])


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("WANDB_MODE", None),
        ("SM_MINE", None),
        ("SM_MODEL_DIR", "AWS's images set SM_MODEL_DIR themselves, so the script sees their value"),
        ("SM_CHANNEL_TRAIN", "AWS's images set SM_CHANNEL_TRAIN themselves, so the script sees their value"),
    ],
)
def test_toolkit_variables_are_left_alone(name: str, message: str | None) -> None:
    findings = [(f"Environment.{name}", f"{message}; choose another name")] if message else []
    assert found(script_mode.ToolkitVariablesAreLeftAlone, {"Environment": {name: "x"}}) == findings


SECRET = "looks like AWS credentials, which every reader of the job sees; let the role give access"


@pytest.mark.parametrize(
    ("request_", "findings"),
    [
        ({"Environment": {"AWS_SECRET_ACCESS_KEY": "${secret}", "MODE": "AKIA"}}, []),
        ({"HyperParameters": "AKIAIOSFODNN7EXAMPLE"}, []),
        ({"Environment": {"aws_session_token": "abc"}}, [("Environment.aws_session_token", SECRET)]),
        ({"HyperParameters": {"key": '"AKIAIOSFODNN7EXAMPLE"'}}, [("HyperParameters.key", SECRET)]),
        ({"StaticHyperParameters": {"key": "ASIAIOSFODNN7EXAMPLE"}}, [("StaticHyperParameters.key", SECRET)]),
    ],
)
def test_no_secrets(request_: dict[str, Any], findings: list[tuple[str, str]]) -> None:
    assert found(script_mode.NoSecrets, request_) == findings


OTHER_REGION = "'eu-west-1' is not the region of the job (us-east-1); give 'us-east-1'"


@pytest.mark.parametrize(
    ("request_", "findings"),
    [
        (job(**told(sagemaker_region='"us-east-1"')), []),
        (job("image", **told(sagemaker_region="eu-west-1")), []),
        (job(**told(sagemaker_region="${region}")), []),
        (job(**told(sagemaker_region='"eu-west-1"')), [("HyperParameters.sagemaker_region", OTHER_REGION)]),
        (job(Environment={"SAGEMAKER_REGION": "eu-west-1"}), [("Environment.SAGEMAKER_REGION", OTHER_REGION)]),
    ],
)
def test_region_setting_fits(request_: dict[str, Any], findings: list[tuple[str, str]]) -> None:
    assert found(script_mode.RegionSettingFits, request_) == findings


def test_region_setting_is_held_against_the_clients_region_first() -> None:
    rule = script_mode.RegionSettingFits("CreateTrainingJob", "ap-south-1")
    messages = [each.message for each in rule.check(job(**told(sagemaker_region="us-east-1")))]
    assert messages == ["'us-east-1' is not the region of the job (ap-south-1); give 'ap-south-1'"]
