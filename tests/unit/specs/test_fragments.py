from __future__ import annotations

import pytest

from sm_raw.specs import (
    checkpoint_config,
    metric_definitions,
    resources,
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
