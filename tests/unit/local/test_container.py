"""The container contract. The expected values are what sagemaker-training 5.1.4 gave a script for the same request."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest

from sm_raw.local import container

# A value as the service carries it, and as the toolkit gives it in SM_HP_...
HYPERPARAMETERS = {
    "batch-size": ("32", "32"),
    "lr": ("0.1", "0.1"),
    "opt": ("sgd", "sgd"),
    "q": ('"quoted"', "quoted"),
    "x": ("7", "7"),
    "flag": ("true", "true"),
    "none": ("null", ""),
    "lst": ("[1, 2]", "[1,2]"),
    "dct": ('{"b": 1, "a": "z"}', '{"a":"z","b":1}'),
    "text": ("1.10x", "1.10x"),
}
SETTINGS = {
    "sagemaker_program": "train.py",
    "sagemaker_submit_directory": "s3://lab/source.tar.gz",
    "sagemaker_container_log_level": "20",
    "sagemaker_extra": '"on"',
    "_tuning_objective_metric": "valid:loss",
}
USER_ARGUMENTS = [
    *("--batch-size", "32"),
    *("--dct", "a=z,b=1"),
    *("--flag", "True"),
    *("--lr", "0.1"),
    *("--lst", "[1, 2]"),
    *("--none", ""),
    *("--opt", "sgd"),
    *("-q", "quoted"),
    *("--text", "1.10x"),
    *("-x", "7"),
]
HOMOGENEOUS = '{"hosts":["algo-1"],"instance_group_name":"homogeneousCluster","instance_type":"ml.m5.large"}'
RESOURCES = (
    '{"current_group_name":"homogeneousCluster","current_host":"algo-1","current_instance_type":"ml.m5.large",'
    f'"hosts":["algo-1"],"instance_groups":[{HOMOGENEOUS}],"network_interface_name":"lo"}}'
)
CHANNELS = (
    '{"train":{"RecordWrapperType":"None","S3DistributionType":"FullyReplicated","TrainingInputMode":"File"},'
    '"valid":{"ContentType":"image/png","RecordWrapperType":"None","S3DistributionType":"ShardedByS3Key",'
    '"TrainingInputMode":"FastFile"}}'
)


def request_(**changes: Any) -> dict[str, Any]:
    return {
        "TrainingJobName": "j1",
        "TrainingJobArn": "arn:aws:sagemaker:us-east-1:123456789012:training-job/j1",
        "HyperParameters": {**{name: values[0] for name, values in HYPERPARAMETERS.items()}, **SETTINGS},
        "AlgorithmSpecification": {"TrainingInputMode": "File"},
        "ResourceConfig": {"InstanceType": "ml.m5.large", "InstanceCount": 1},
        "InputDataConfig": [
            {
                "ChannelName": "valid",
                "ContentType": "image/png",
                "InputMode": "FastFile",
                "DataSource": {"S3DataSource": {"S3DataDistributionType": "ShardedByS3Key"}},
            },
            {"ChannelName": "train", "DataSource": {"S3DataSource": {}}},
        ],
        **changes,
    }


TREE = container.Tree(Path("/job"))


def environment(**changes: Any) -> dict[str, str]:
    return container.environment(TREE, request_(**changes), region="us-east-1", cpus=2)


def test_the_environment_is_that_of_the_training_toolkit() -> None:
    found = environment()
    training = json.loads(found.pop("SM_TRAINING_ENV"))
    assert found == {
        **{f"SM_HP_{name.upper()}": values[1] for name, values in HYPERPARAMETERS.items()},
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_REGION": "us-east-1",
        "CURRENT_HOST": "algo-1",
        "PYTHONPATH": "/job/code",
        "SAGEMAKER_BASE_DIR": "/job",
        "SAGEMAKER_JOB_NAME": "",
        "SAGEMAKER_REGION": "us-east-1",
        "SMDEBUG_CONFIG_FILE_PATH": "/job/input/config/debughookconfig.json",
        "SM_CHANNELS": '["train","valid"]',
        "SM_CHANNEL_TRAIN": "/job/input/data/train",
        "SM_CHANNEL_VALID": "/job/input/data/valid",
        "SM_CURRENT_HOST": "algo-1",
        "SM_CURRENT_INSTANCE_GROUP": "homogeneousCluster",
        "SM_CURRENT_INSTANCE_GROUP_HOSTS": '["algo-1"]',
        "SM_CURRENT_INSTANCE_TYPE": "ml.m5.large",
        "SM_DISTRIBUTION_INSTANCE_GROUPS": "[]",
        "SM_FRAMEWORK_MODULE": "sagemaker_pytorch_container.training:main",
        "SM_FRAMEWORK_PARAMS": '{"sagemaker_extra":"on"}',
        "SM_HOSTS": '["algo-1"]',
        "SM_HPS": '{"batch-size":32,"dct":{"a":"z","b":1},"flag":true,"lr":0.1,"lst":[1,2],"none":null,"opt":"sgd",'
        '"q":"quoted","text":"1.10x","x":7}',
        "SM_INPUT_CONFIG_DIR": "/job/input/config",
        "SM_INPUT_DATA_CONFIG": CHANNELS,
        "SM_INPUT_DIR": "/job/input",
        "SM_INSTANCE_GROUPS": '["homogeneousCluster"]',
        "SM_INSTANCE_GROUPS_DICT": f'{{"homogeneousCluster":{HOMOGENEOUS}}}',
        "SM_IS_HETERO": "false",
        "SM_LOG_LEVEL": "20",
        "SM_MODEL_DIR": "/job/model",
        "SM_MODULE_DIR": "s3://lab/source.tar.gz",
        "SM_MODULE_NAME": "train",
        "SM_NETWORK_INTERFACE_NAME": "lo",
        "SM_NUM_CPUS": "2",
        "SM_NUM_GPUS": found["SM_NUM_GPUS"],
        "SM_NUM_NEURONS": "0",
        "SM_OUTPUT_DATA_DIR": "/job/output/data",
        "SM_OUTPUT_DIR": "/job/output",
        "SM_OUTPUT_INTERMEDIATE_DIR": "/job/output/intermediate",
        "SM_RESOURCE_CONFIG": RESOURCES,
        "SM_USER_ARGS": json.dumps(USER_ARGUMENTS, separators=(",", ":")),
        "SM_USER_ENTRY_POINT": "train.py",
        "TRAINING_JOB_ARN": "arn:aws:sagemaker:us-east-1:123456789012:training-job/j1",
        "TRAINING_JOB_NAME": "j1",
    }
    assert {name: training[name] for name in container.TRAINING_ENV_ONLY} == {
        "additional_framework_parameters": {"sagemaker_extra": "on"},
        "channel_input_dirs": {"train": "/job/input/data/train", "valid": "/job/input/data/valid"},
        "distribution_hosts": [],
        "hyperparameters": json.loads(found["SM_HPS"]),
        "is_master": True,
        "is_modelparallel_enabled": None,
        "is_smddpmprun_installed": False,
        "is_smddprun_installed": False,
        "job_name": "j1",
        "master_hostname": "algo-1",
        "topology": [],
    }


def test_the_request_s_environment_yields_to_the_contract_and_its_settings_do_not() -> None:
    found = environment(
        Environment={"COLOUR": "green", "SM_HOSTS": "not these"},
        HyperParameters={**SETTINGS, "sagemaker_region": '"eu-west-1"', "sagemaker_job_name": "other"},
    )
    names = ("COLOUR", "SM_HOSTS", "SAGEMAKER_REGION", "SAGEMAKER_JOB_NAME", "AWS_REGION")
    assert [found[name] for name in names] == ["green", '["algo-1"]', "eu-west-1", "other", "us-east-1"]


def test_the_script_gets_its_own_hyperparameters_as_arguments() -> None:
    every = container.decode(request_()["HyperParameters"])
    user = container.user_hyperparameters(every)
    assert container.arguments(user) == USER_ARGUMENTS
    assert set(user) == set(HYPERPARAMETERS)


@pytest.mark.parametrize(
    ("program", "expected"),
    [
        ("train.py", [sys.executable, "train.py", "--words", "it's two"]),
        ("deep/train.py", [sys.executable, "deep/train.py", "--words", "it's two"]),
        ("train.sh", ["/bin/sh", "-c", "./train.sh --words 'it'\"'\"'s two'"]),
        ("run", ["/bin/sh", "-c", "./run --words 'it'\"'\"'s two'"]),
    ],
)
def test_python_programs_and_other_commands_are_started_as_the_toolkit_does(program: str, expected: list[str]) -> None:
    assert container.command(program, ["--words", "it's two"]) == expected


def test_the_configuration_is_written_as_the_service_writes_it(tmp_path: Path) -> None:
    tree = container.Tree(tmp_path / "job")
    (tmp_path / "job").mkdir()
    (tmp_path / "job" / "of another time").touch()
    tree.make()
    request = request_(DebugHookConfig={"S3OutputPath": "s3://lab/debug"})
    container.write_config(tree, request)
    files = {path.name: json.loads(path.read_text()) for path in tree.config.iterdir()}
    assert files == {
        "hyperparameters.json": request["HyperParameters"],
        "resourceconfig.json": json.loads(RESOURCES),
        "inputdataconfig.json": json.loads(CHANNELS),
        "debughookconfig.json": {"S3OutputPath": "s3://lab/debug", "LocalPath": str(tree.tensors)},
    }
    folders = {str(path.relative_to(tree.base)) for path in tree.base.rglob("*") if path.is_dir()}
    assert folders == {
        "code",
        "home",
        "input",
        "input/config",
        "input/data",
        "model",
        "output",
        "output/data",
        "output/intermediate",
        "tmp",
    }
    assert not (tree.base / "of another time").exists()


@pytest.mark.parametrize(
    ("path", "place"),
    [
        ("/opt/ml/input/data/code", "/job/input/data/code"),
        ("/opt/ml", "/job"),
        ("/opt/ml/../../etc/passwd", None),
        ("/etc/passwd", None),
        ("opt/ml/code", None),
        ("", None),
    ],
)
def test_paths_of_a_container_are_found_below_the_job_s_folder_only(path: str, place: str | None) -> None:
    assert TREE.inside(path) == (Path(place) if place else None)
