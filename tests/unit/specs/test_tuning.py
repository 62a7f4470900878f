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
from sm_raw.specs.fragments import heterogeneous_resources, instance_group
from sm_raw.specs.tuning import auto_parameter
from sm_raw.specs.tuning_settings import (
    completion_criteria,
    hyperband,
    instance_choice,
    prioritized_instances,
    warm_start,
)
from sm_raw.validation import check

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


def test_definition_takes_the_arguments_of_a_training_job():
    definition = training_definition(
        algorithm_name="dogs",
        role_arn=ROLE,
        resources=resources("ml.m5.large", volume_kms_key="key"),
        input_mode="FastFile",
        output_uri="s3://bucket/out",
        output_kms_key="key",
        output_compression="NONE",
        checkpoint_uri="s3://bucket/checkpoints",
        checkpoint_path="/opt/ml/state",
        retry_attempts=2,
        network_isolation=True,
        traffic_encryption=True,
    )
    assert definition == {
        "AlgorithmSpecification": {"AlgorithmName": "dogs", "TrainingInputMode": "FastFile"},
        "RoleArn": ROLE,
        "OutputDataConfig": {"S3OutputPath": "s3://bucket/out", "KmsKeyId": "key", "CompressionType": "NONE"},
        "HyperParameterTuningResourceConfig": {
            "InstanceType": "ml.m5.large",
            "InstanceCount": 1,
            "VolumeSizeInGB": 30,
            "VolumeKmsKeyId": "key",
        },
        "StoppingCondition": {"MaxRuntimeInSeconds": 86400},
        "CheckpointConfig": {"S3Uri": "s3://bucket/checkpoints", "LocalPath": "/opt/ml/state"},
        "RetryStrategy": {"MaximumRetryAttempts": 2},
        "EnableNetworkIsolation": True,
        "EnableInterContainerTrafficEncryption": True,
    }


def test_instance_groups_go_where_the_service_takes_them():
    fleet = heterogeneous_resources([instance_group("gpu", "ml.g5.xlarge")])
    definition = training_definition(image_uri=IMAGE, role_arn=ROLE, output_uri="s3://bucket/out", resources=fleet)
    assert definition["ResourceConfig"] == fleet
    assert "HyperParameterTuningResourceConfig" not in definition


def test_instances_are_chosen_in_the_order_given():
    choices = [instance_choice("ml.g5.xlarge"), instance_choice("ml.g4dn.xlarge", count=2, volume_gb=50)]
    assert prioritized_instances(choices, volume_kms_key="key") == {
        "AllocationStrategy": "Prioritized",
        "InstanceConfigs": [
            {"InstanceType": "ml.g5.xlarge", "InstanceCount": 1, "VolumeSizeInGB": 30},
            {"InstanceType": "ml.g4dn.xlarge", "InstanceCount": 2, "VolumeSizeInGB": 50},
        ],
        "VolumeKmsKeyId": "key",
    }


SEARCH = {
    "training": DEFINITION,
    "ranges": [categorical_range("batch-size", [32, 64, 128])],
    "objective_metric": "valid:loss",
    "objective_type": "Minimize",
}
SEARCH_CONFIG = {
    "HyperParameterTuningJobObjective": {"Type": "Minimize", "MetricName": "valid:loss"},
    "ParameterRanges": {"CategoricalParameterRanges": [{"Name": "batch-size", "Values": ["32", "64", "128"]}]},
}


def check_is_silent(request):
    return check("CreateHyperParameterTuningJob", request) == []


def test_hyperband_has_resources_of_its_own():
    request = tuning_job(
        "digits-tune",
        **SEARCH,
        max_jobs=3,
        strategy="Hyperband",
        strategy_config=hyperband(min_resource=1, max_resource=10),
    )
    assert request["HyperParameterTuningJobConfig"] == {
        **SEARCH_CONFIG,
        "Strategy": "Hyperband",
        "StrategyConfig": {"HyperbandStrategyConfig": {"MinResource": 1, "MaxResource": 10}},
        "ResourceLimits": {"MaxNumberOfTrainingJobs": 3, "MaxParallelTrainingJobs": 1},
    }
    assert check_is_silent(request)


def test_grid_needs_no_number_of_jobs():
    request = tuning_job("digits-tune", **SEARCH, max_parallel_jobs=3, strategy="Grid")
    assert request["HyperParameterTuningJobConfig"] == {
        **SEARCH_CONFIG,
        "Strategy": "Grid",
        "ResourceLimits": {"MaxParallelTrainingJobs": 3},
    }
    assert check_is_silent(request)


def test_job_ends_by_time_and_by_criteria():
    request = tuning_job(
        "digits-tune",
        **SEARCH,
        max_jobs=3,
        max_runtime_seconds=7200,
        completion=completion_criteria(target_value=0.1, max_jobs_not_improving=3, on_convergence=True),
    )
    assert request["HyperParameterTuningJobConfig"] == {
        **SEARCH_CONFIG,
        "Strategy": "Bayesian",
        "ResourceLimits": {
            "MaxNumberOfTrainingJobs": 3,
            "MaxParallelTrainingJobs": 1,
            "MaxRuntimeInSeconds": 7200,
        },
        "TuningJobCompletionCriteria": {
            "TargetObjectiveMetricValue": 0.1,
            "BestObjectiveNotImproving": {"MaxNumberOfTrainingJobsNotImproving": 3},
            "ConvergenceDetected": {"CompleteOnConvergence": "Enabled"},
        },
    }
    assert check_is_silent(request)


def test_criteria_that_were_not_asked_for_are_not_sent():
    assert completion_criteria(target_value=0) == {"TargetObjectiveMetricValue": 0}
    assert hyperband(max_resource=10) == {"HyperbandStrategyConfig": {"MaxResource": 10}}


@pytest.mark.parametrize("kind", ["IdenticalDataAndAlgorithm", "TransferLearning"])
def test_job_starts_from_earlier_ones(kind):
    request = tuning_job("digits-3", **SEARCH, max_jobs=3, warm_start=warm_start(["digits-1", "digits-2"], kind=kind))
    assert request["WarmStartConfig"] == {
        "WarmStartType": kind,
        "ParentHyperParameterTuningJobs": [
            {"HyperParameterTuningJobName": "digits-1"},
            {"HyperParameterTuningJobName": "digits-2"},
        ],
    }
    assert check_is_silent(request)


def test_autotune_finds_ranges():
    search = {**SEARCH, "ranges": [auto_parameter("lr", 0.01), auto_parameter("optimizer", "adam")]}
    request = tuning_job("digits-tune", **search, max_jobs=3, autotune=True)
    assert request["Autotune"] == {"Mode": "Enabled"}
    assert request["HyperParameterTuningJobConfig"]["ParameterRanges"] == {
        "AutoParameters": [{"Name": "lr", "ValueHint": "0.01"}, {"Name": "optimizer", "ValueHint": "adam"}]
    }
    assert check_is_silent(request)


def test_several_definitions_have_names_ranges_and_objectives_of_their_own():
    definitions = [
        training_definition(
            name=name,
            image_uri=IMAGE,
            role_arn=ROLE,
            output_uri="s3://bucket/out",
            resources=resources("ml.m5.large"),
            ranges=[integer_range("epochs", 1, 10)],
            metrics={metric: f"{metric}=([0-9.]+);"},
            objective_metric=metric,
            objective_type="Minimize",
        )
        for name, metric in (("small", "valid:loss"), ("large", "test:loss"))
    ]
    request = tuning_job("digits-tune", training=definitions, max_jobs=4)
    assert request == {
        "HyperParameterTuningJobName": "digits-tune",
        "HyperParameterTuningJobConfig": {
            "Strategy": "Bayesian",
            "ResourceLimits": {"MaxNumberOfTrainingJobs": 4, "MaxParallelTrainingJobs": 1},
        },
        "TrainingJobDefinitions": definitions,
    }
    assert definitions[1]["DefinitionName"] == "large"
    assert definitions[1]["TuningObjective"] == {"Type": "Minimize", "MetricName": "test:loss"}
    assert definitions[1]["HyperParameterRanges"] == {
        "IntegerParameterRanges": [{"Name": "epochs", "MinValue": "1", "MaxValue": "10"}]
    }
    assert check_is_silent(request)


def test_ranges_of_one_kind_are_joined_in_order():
    assert parameter_ranges([integer_range("b", 1, 2), continuous_range("x", 0.0, 1.0), integer_range("a", 3, 4)]) == {
        "ContinuousParameterRanges": [{"Name": "x", "MinValue": "0.0", "MaxValue": "1.0"}],
        "IntegerParameterRanges": [
            {"Name": "b", "MinValue": "1", "MaxValue": "2"},
            {"Name": "a", "MinValue": "3", "MaxValue": "4"},
        ],
    }
