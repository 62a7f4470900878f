from __future__ import annotations

import pytest

from sm_raw.specs import (
    channel,
    collection,
    debug_rule,
    hook_config,
    profiler_config,
    profiler_off,
    profiler_report,
    resources,
    script_mode,
    training_job,
    vpc_config,
)
from sm_raw.specs.channels import efs_channel
from sm_raw.specs.distribution import torch_distributed
from sm_raw.specs.fragments import experiment_config, heterogeneous_resources, instance_group
from sm_raw.validation import check

IMAGE = "763104351884.dkr.ecr.us-east-1.amazonaws.com/pytorch-training:1.13.1-cpu-py39"
RULES_IMAGE = "503895931360.dkr.ecr.us-east-1.amazonaws.com/sagemaker-debugger-rules:latest"
ROLE = "arn:aws:iam::111122223333:role/training"
PLAIN = {
    "image_uri": IMAGE,
    "role_arn": ROLE,
    "output_uri": "s3://bucket/out",
    "resources": resources("ml.m5.large"),
}
PLAIN_REQUEST = {
    "TrainingJobName": "digits",
    "AlgorithmSpecification": {"TrainingImage": IMAGE, "TrainingInputMode": "File"},
    "RoleArn": ROLE,
    "OutputDataConfig": {"S3OutputPath": "s3://bucket/out"},
    "ResourceConfig": {"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 30},
    "StoppingCondition": {"MaxRuntimeInSeconds": 86400},
}


def test_plain_job_sends_what_was_asked_for_and_nothing_else():
    assert training_job("digits", **PLAIN) == PLAIN_REQUEST


def test_script_with_data_metrics_debugger_and_profiler():
    rules = [debug_rule("VanishingGradient", image_uri=RULES_IMAGE)]
    assert training_job(
        "digits",
        **PLAIN,
        channels=[channel("train", "s3://bucket/train/")],
        hyperparameters=script_mode(
            "train.py", submit_directory="s3://bucket/code.tar.gz", hyperparameters={"epochs": 3}
        ),
        metrics={"valid:loss": "valid:loss=([0-9.eE+-]+);"},
        debug_hook=hook_config("s3://bucket/out", rules=rules, collections=[collection("losses")]),
        debug_rules=rules,
        profiler=profiler_config("s3://bucket/out", interval_milliseconds=1000),
        profiler_rules=[profiler_report(image_uri=RULES_IMAGE)],
    ) == {
        **PLAIN_REQUEST,
        "AlgorithmSpecification": {
            "TrainingImage": IMAGE,
            "TrainingInputMode": "File",
            "MetricDefinitions": [{"Name": "valid:loss", "Regex": "valid:loss=([0-9.eE+-]+);"}],
        },
        "HyperParameters": {
            "epochs": "3",
            "sagemaker_program": "train.py",
            "sagemaker_submit_directory": "s3://bucket/code.tar.gz",
            "sagemaker_container_log_level": "20",
        },
        "InputDataConfig": [
            {
                "ChannelName": "train",
                "DataSource": {
                    "S3DataSource": {
                        "S3DataType": "S3Prefix",
                        "S3Uri": "s3://bucket/train/",
                        "S3DataDistributionType": "FullyReplicated",
                    }
                },
            }
        ],
        "DebugHookConfig": {
            "S3OutputPath": "s3://bucket/out",
            "CollectionConfigurations": [
                {"CollectionName": "losses"},
                {"CollectionName": "gradients", "CollectionParameters": {"save_interval": "500"}},
            ],
        },
        "DebugRuleConfigurations": [
            {
                "RuleConfigurationName": "VanishingGradient",
                "RuleEvaluatorImage": RULES_IMAGE,
                "RuleParameters": {"rule_to_invoke": "VanishingGradient"},
            }
        ],
        "ProfilerConfig": {"S3OutputPath": "s3://bucket/out", "ProfilingIntervalInMilliseconds": 1000},
        "ProfilerRuleConfigurations": [
            {
                "RuleConfigurationName": "ProfilerReport",
                "RuleEvaluatorImage": RULES_IMAGE,
                "RuleParameters": {"rule_to_invoke": "ProfilerReport"},
            }
        ],
    }


def test_waiting_time_asks_for_spot_capacity():
    assert training_job(
        "digits",
        **PLAIN,
        max_runtime_seconds=3600,
        max_wait_seconds=7200,
        checkpoint_uri="s3://bucket/checkpoints",
    ) == {
        **PLAIN_REQUEST,
        "StoppingCondition": {"MaxRuntimeInSeconds": 3600, "MaxWaitTimeInSeconds": 7200},
        "EnableManagedSpotTraining": True,
        "CheckpointConfig": {"S3Uri": "s3://bucket/checkpoints"},
    }


def test_network_environment_tags_and_the_profiler_switched_off():
    assert training_job(
        "digits",
        **PLAIN,
        environment={"WANDB_MODE": "offline"},
        vpc=vpc_config(subnets=["subnet-0a"], security_group_ids=["sg-01"]),
        profiler=profiler_off(),
        tags={"project": "digits"},
    ) == {
        **PLAIN_REQUEST,
        "Environment": {"WANDB_MODE": "offline"},
        "VpcConfig": {"Subnets": ["subnet-0a"], "SecurityGroupIds": ["sg-01"]},
        "ProfilerConfig": {"DisableProfiler": True},
        "Tags": [{"Key": "project", "Value": "digits"}],
    }


def test_plain_container_gets_text_as_it_is_and_other_values_as_json():
    request = training_job(
        "digits", **PLAIN, hyperparameters={"num_layers": "18", "eps": 1e-8, "flag": True, "optimizer": "sgd"}
    )
    assert request["HyperParameters"] == {
        "num_layers": "18",
        "eps": "1e-08",
        "flag": "true",
        "optimizer": "sgd",
    }


def test_extra_reaches_any_depth_and_wins():
    assert training_job(
        "digits",
        **PLAIN,
        extra={
            "AlgorithmSpecification": {"TrainingInputMode": "FastFile"},
            "OutputDataConfig": {"KmsKeyId": "key"},
            "ResourceConfig": {"VolumeSizeInGB": None},
            "RetryStrategy": {"MaximumRetryAttempts": 2},
        },
    ) == {
        **PLAIN_REQUEST,
        "AlgorithmSpecification": {"TrainingImage": IMAGE, "TrainingInputMode": "FastFile"},
        "OutputDataConfig": {"S3OutputPath": "s3://bucket/out", "KmsKeyId": "key"},
        "ResourceConfig": {"InstanceType": "ml.m5.large", "InstanceCount": 1},
        "RetryStrategy": {"MaximumRetryAttempts": 2},
    }


KEY = "arn:aws:kms:us-east-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab"


def test_safe_spot_job_names_every_common_setting():
    assert training_job(
        "digits",
        **{**PLAIN, "resources": resources("ml.m5.large", volume_kms_key=KEY)},
        input_mode="FastFile",
        metrics_time_series=True,
        output_kms_key=KEY,
        output_compression="NONE",
        max_runtime_seconds=3600,
        max_wait_seconds=7200,
        checkpoint_uri="s3://bucket/checkpoints",
        checkpoint_path="/opt/ml/checkpoints",
        retry_attempts=2,
        network_isolation=True,
        traffic_encryption=True,
        tensorboard={"S3OutputPath": "s3://bucket/tensorboard"},
        experiment=experiment_config(experiment_name="digits"),
    ) == {
        **PLAIN_REQUEST,
        "AlgorithmSpecification": {
            "TrainingImage": IMAGE,
            "TrainingInputMode": "FastFile",
            "EnableSageMakerMetricsTimeSeries": True,
        },
        "ResourceConfig": {
            "InstanceType": "ml.m5.large",
            "InstanceCount": 1,
            "VolumeSizeInGB": 30,
            "VolumeKmsKeyId": KEY,
        },
        "OutputDataConfig": {"S3OutputPath": "s3://bucket/out", "KmsKeyId": KEY, "CompressionType": "NONE"},
        "StoppingCondition": {"MaxRuntimeInSeconds": 3600, "MaxWaitTimeInSeconds": 7200},
        "EnableManagedSpotTraining": True,
        "CheckpointConfig": {"S3Uri": "s3://bucket/checkpoints", "LocalPath": "/opt/ml/checkpoints"},
        "RetryStrategy": {"MaximumRetryAttempts": 2},
        "EnableNetworkIsolation": True,
        "EnableInterContainerTrafficEncryption": True,
        "TensorBoardOutputConfig": {"S3OutputPath": "s3://bucket/tensorboard"},
        "ExperimentConfig": {"ExperimentName": "digits"},
    }


def test_plain_container_may_get_a_command_of_its_own():
    request = training_job("digits", **PLAIN, entrypoint=["python", "train.py"], arguments=["--lr", "0.1"])
    assert request["AlgorithmSpecification"] == {
        "TrainingImage": IMAGE,
        "TrainingInputMode": "File",
        "ContainerEntrypoint": ["python", "train.py"],
        "ContainerArguments": ["--lr", "0.1"],
    }


def test_algorithm_resource_stands_in_place_of_an_image():
    request = training_job("digits", **{**PLAIN, "image_uri": None}, algorithm_name="my-algorithm")
    assert request["AlgorithmSpecification"] == {"AlgorithmName": "my-algorithm", "TrainingInputMode": "File"}


SCRIPT = script_mode("train.py", submit_directory="s3://bucket/code/sourcedir.tar.gz", region="us-east-1")
GOOD = {
    "one instance": training_job("digits", **PLAIN, hyperparameters=SCRIPT, channels=[channel("train", "s3://b-1/t")]),
    "warm pool": training_job(
        "digits",
        **{**PLAIN, "resources": resources("ml.m5.large", volume_kms_key=KEY, keep_alive_seconds=600)},
        hyperparameters=SCRIPT,
        metrics_time_series=True,
    ),
    "every way of reading": training_job(
        "digits",
        **PLAIN,
        hyperparameters=SCRIPT,
        channels=[
            channel("train", "s3://bucket/train/", input_mode="FastFile", distribution="ShardedByS3Key"),
            channel("valid", "s3://bucket/valid/", input_mode="Pipe", compression="Gzip", shuffle_seed=1),
            channel("listed", "s3://bucket/test.manifest", data_type="ManifestFile"),
            channel(
                "labelled",
                "s3://bucket/labels.manifest",
                data_type="AugmentedManifestFile",
                attribute_names=["source-ref", "class"],
                input_mode="Pipe",
                record_wrapping="RecordIO",
            ),
            efs_channel("shared", "fs-01234567", "/digits"),
        ],
        vpc=vpc_config(subnets=["subnet-0a"], security_group_ids=["sg-01"]),
    ),
    "several instance types": training_job(
        "digits",
        **{
            **PLAIN,
            "resources": heterogeneous_resources(
                [instance_group("cpu", "ml.c5.xlarge"), instance_group("gpu", "ml.p3.16xlarge", count=2)]
            ),
        },
        channels=[channel("train", "s3://bucket/train/", instance_groups=["gpu"])],
        hyperparameters={**SCRIPT, **torch_distributed("ml.p3.16xlarge", instance_groups=["gpu"])},
    ),
    "isolated": training_job(
        "digits",
        **PLAIN,
        hyperparameters=script_mode("train.py", submit_directory="/opt/ml/input/data/code/sourcedir.tar.gz"),
        channels=[channel("code", "s3://bucket/code/sourcedir.tar.gz")],
        network_isolation=True,
    ),
    "spot": training_job(
        "digits",
        **PLAIN,
        hyperparameters=SCRIPT,
        max_wait_seconds=100_000,
        checkpoint_uri="s3://bucket/checkpoints",
        retry_attempts=2,
        extra={"RemoteDebugConfig": {"EnableRemoteDebug": True}, "InfraCheckConfig": {"EnableInfraCheck": True}},
    ),
}


@pytest.mark.parametrize("request_", GOOD.values(), ids=GOOD)
def test_built_request_has_no_findings(request_):
    assert check("CreateTrainingJob", request_, region="us-east-1") == []
