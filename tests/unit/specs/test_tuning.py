from __future__ import annotations

import pytest

from sm_raw.specs import (
    categorical_range,
    channel,
    continuous_range,
    integer_range,
    parameter_ranges,
    resources,
    script_mode,
    training_definition,
    tuning_job,
)

IMAGE = "763104351884.dkr.ecr.us-east-1.amazonaws.com/pytorch-training:1.13.1-cpu-py39"
ROLE = "arn:aws:iam::111122223333:role/training"
DEFINITION = training_definition(
    image_uri=IMAGE,
    role_arn=ROLE,
    output_uri="s3://bucket/out",
    resources=resources("ml.m5.large"),
    channels=[channel("train", "s3://bucket/train/")],
    hyperparameters=script_mode("train.py", submit_directory="s3://bucket/code.tar.gz", hyperparameters={"epochs": 3}),
    metrics={"valid:loss": "valid:loss=([0-9.eE+-]+);"},
    max_runtime_seconds=3600,
)
DEFINITION_FRAGMENT = {
    "AlgorithmSpecification": {
        "TrainingImage": IMAGE,
        "TrainingInputMode": "File",
        "MetricDefinitions": [{"Name": "valid:loss", "Regex": "valid:loss=([0-9.eE+-]+);"}],
    },
    "RoleArn": ROLE,
    "StaticHyperParameters": {
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
    "OutputDataConfig": {"S3OutputPath": "s3://bucket/out"},
    "HyperParameterTuningResourceConfig": {
        "InstanceType": "ml.m5.large",
        "InstanceCount": 1,
        "VolumeSizeInGB": 30,
    },
    "StoppingCondition": {"MaxRuntimeInSeconds": 3600},
}


def test_training_definition_is_a_training_job_in_the_words_of_tuning():
    assert DEFINITION == DEFINITION_FRAGMENT


def test_training_definition_on_spot_capacity():
    assert training_definition(
        image_uri=IMAGE,
        role_arn=ROLE,
        output_uri="s3://bucket/out",
        resources=resources("ml.m5.large"),
        max_runtime_seconds=3600,
        max_wait_seconds=7200,
        checkpoint_uri="s3://bucket/checkpoints",
        environment={"A": "b"},
        extra={"RetryStrategy": {"MaximumRetryAttempts": 2}},
    ) == {
        "AlgorithmSpecification": {"TrainingImage": IMAGE, "TrainingInputMode": "File"},
        "RoleArn": ROLE,
        "OutputDataConfig": {"S3OutputPath": "s3://bucket/out"},
        "HyperParameterTuningResourceConfig": {
            "InstanceType": "ml.m5.large",
            "InstanceCount": 1,
            "VolumeSizeInGB": 30,
        },
        "StoppingCondition": {"MaxRuntimeInSeconds": 3600, "MaxWaitTimeInSeconds": 7200},
        "EnableManagedSpotTraining": True,
        "CheckpointConfig": {"S3Uri": "s3://bucket/checkpoints"},
        "Environment": {"A": "b"},
        "RetryStrategy": {"MaximumRetryAttempts": 2},
    }


def test_tuning_job_sends_what_was_asked_for_and_nothing_else():
    assert tuning_job(
        "digits-tune",
        training=DEFINITION,
        ranges=[
            continuous_range("lr", 0.001, 0.1, scaling="Logarithmic"),
            categorical_range("batch-size", [32, 64]),
        ],
        objective_metric="valid:loss",
        objective_type="Minimize",
        max_jobs=4,
        max_parallel_jobs=2,
    ) == {
        "HyperParameterTuningJobName": "digits-tune",
        "HyperParameterTuningJobConfig": {
            "Strategy": "Bayesian",
            "HyperParameterTuningJobObjective": {"Type": "Minimize", "MetricName": "valid:loss"},
            "ResourceLimits": {"MaxNumberOfTrainingJobs": 4, "MaxParallelTrainingJobs": 2},
            "ParameterRanges": {
                "ContinuousParameterRanges": [
                    {"Name": "lr", "MinValue": "0.001", "MaxValue": "0.1", "ScalingType": "Logarithmic"}
                ],
                "CategoricalParameterRanges": [{"Name": "batch-size", "Values": ["32", "64"]}],
            },
        },
        "TrainingJobDefinition": DEFINITION_FRAGMENT,
    }


def test_seed_early_stopping_and_a_strategy_of_its_own_settings():
    request = tuning_job(
        "digits-tune",
        training=DEFINITION,
        ranges=[integer_range("epochs", 1, 10)],
        objective_metric="valid:loss",
        objective_type="Minimize",
        max_jobs=4,
        strategy="Random",
        early_stopping=True,
        random_seed=0,
        tags={"project": "digits"},
        extra={"HyperParameterTuningJobConfig": {"ResourceLimits": {"MaxRuntimeInSeconds": 7200}}},
    )
    assert request["Tags"] == [{"Key": "project", "Value": "digits"}]
    assert request["HyperParameterTuningJobConfig"] == {
        "Strategy": "Random",
        "HyperParameterTuningJobObjective": {"Type": "Minimize", "MetricName": "valid:loss"},
        "ResourceLimits": {
            "MaxNumberOfTrainingJobs": 4,
            "MaxParallelTrainingJobs": 1,
            "MaxRuntimeInSeconds": 7200,
        },
        "ParameterRanges": {"IntegerParameterRanges": [{"Name": "epochs", "MinValue": "1", "MaxValue": "10"}]},
        "TrainingJobEarlyStoppingType": "Auto",
        "RandomSeed": 0,
    }


@pytest.mark.parametrize(
    ("built", "expected"),
    [
        (
            continuous_range("eps", 0, 1e-5),
            {"ContinuousParameterRanges": [{"Name": "eps", "MinValue": "0", "MaxValue": "1e-05"}]},
        ),
        (
            integer_range("layers", 1, 8, scaling="Linear"),
            {"IntegerParameterRanges": [{"Name": "layers", "MinValue": "1", "MaxValue": "8", "ScalingType": "Linear"}]},
        ),
        (
            categorical_range("mixed", ["adam", "64", 64, True, None]),
            {"CategoricalParameterRanges": [{"Name": "mixed", "Values": ["adam", "64", "64", "true", "null"]}]},
        ),
    ],
)
def test_range_is_exactly(built, expected):
    assert built == expected


def test_ranges_of_one_kind_are_joined_in_order():
    assert parameter_ranges([integer_range("b", 1, 2), continuous_range("x", 0.0, 1.0), integer_range("a", 3, 4)]) == {
        "ContinuousParameterRanges": [{"Name": "x", "MinValue": "0.0", "MaxValue": "1.0"}],
        "IntegerParameterRanges": [
            {"Name": "b", "MinValue": "1", "MaxValue": "2"},
            {"Name": "a", "MinValue": "3", "MaxValue": "4"},
        ],
    }
