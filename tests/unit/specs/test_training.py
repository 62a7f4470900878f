from __future__ import annotations

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
