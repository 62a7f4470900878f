from __future__ import annotations

import pytest

from sm_raw.specs.fragments import (
    checkpoint_config,
    experiment_config,
    heterogeneous_resources,
    instance_group,
    metric_definitions,
    resources,
    retry_strategy,
    stopping_condition,
    tag_list,
    vpc_config,
)


@pytest.mark.parametrize(
    ("built", "expected"),
    [
        (
            resources("ml.g4dn.xlarge"),
            {"InstanceType": "ml.g4dn.xlarge", "InstanceCount": 1, "VolumeSizeInGB": 30},
        ),
        (
            resources("ml.m5.large", count=2, volume_gb=50, extra={"KeepAlivePeriodInSeconds": 600}),
            {
                "InstanceType": "ml.m5.large",
                "InstanceCount": 2,
                "VolumeSizeInGB": 50,
                "KeepAlivePeriodInSeconds": 600,
            },
        ),
        (
            resources("ml.p3.2xlarge", volume_kms_key="alias/volumes", keep_alive_seconds=1800),
            {
                "InstanceType": "ml.p3.2xlarge",
                "InstanceCount": 1,
                "VolumeSizeInGB": 30,
                "VolumeKmsKeyId": "alias/volumes",
                "KeepAlivePeriodInSeconds": 1800,
            },
        ),
        (
            heterogeneous_resources(
                [instance_group("cpu", "ml.c5.xlarge", count=2), instance_group("gpu", "ml.p3.2xlarge")],
                volume_gb=50,
                volume_kms_key="alias/volumes",
                extra={"TrainingPlanArn": "plan"},
            ),
            {
                "InstanceGroups": [
                    {"InstanceType": "ml.c5.xlarge", "InstanceCount": 2, "InstanceGroupName": "cpu"},
                    {"InstanceType": "ml.p3.2xlarge", "InstanceCount": 1, "InstanceGroupName": "gpu"},
                ],
                "VolumeSizeInGB": 50,
                "VolumeKmsKeyId": "alias/volumes",
                "TrainingPlanArn": "plan",
            },
        ),
        (experiment_config(experiment_name="digits"), {"ExperimentName": "digits"}),
        (
            experiment_config(experiment_name="digits", trial_name="sgd", run_name="one", display_name="digits-1"),
            {
                "ExperimentName": "digits",
                "TrialName": "sgd",
                "TrialComponentDisplayName": "digits-1",
                "RunName": "one",
            },
        ),
        (retry_strategy(3), {"MaximumRetryAttempts": 3}),
        (stopping_condition(), {"MaxRuntimeInSeconds": 86400}),
        (
            stopping_condition(max_runtime_seconds=3600, max_wait_seconds=7200),
            {"MaxRuntimeInSeconds": 3600, "MaxWaitTimeInSeconds": 7200},
        ),
        (checkpoint_config("s3://b/c"), {"S3Uri": "s3://b/c"}),
        (checkpoint_config("s3://b/c", local_path="/c"), {"S3Uri": "s3://b/c", "LocalPath": "/c"}),
        (
            metric_definitions({"train:loss": "a=(.+);", "valid:loss": "b=(.+);"}),
            [{"Name": "train:loss", "Regex": "a=(.+);"}, {"Name": "valid:loss", "Regex": "b=(.+);"}],
        ),
        (
            vpc_config(subnets=("subnet-0a", "subnet-0b"), security_group_ids=["sg-01"]),
            {"Subnets": ["subnet-0a", "subnet-0b"], "SecurityGroupIds": ["sg-01"]},
        ),
        (
            tag_list({"project": "dogs", "stage": ""}),
            [
                {"Key": "project", "Value": "dogs"},
                {"Key": "stage", "Value": ""},
            ],
        ),
    ],
)
def test_fragment_is_exactly(built, expected):
    assert built == expected
