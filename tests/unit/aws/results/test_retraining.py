from __future__ import annotations

import copy
from datetime import datetime, timezone
from typing import Any

import pytest

from sm_raw import specs
from sm_raw.aws.results.retraining import (
    best_model_request,
    best_training_request,
    repeated_training_request,
    serving_image,
)
from sm_raw.errors import SmRawError, UnknownImage
from sm_raw.validation import check
from sm_raw.validation.operations import service_model

NOW = datetime(2026, 1, 1, tzinfo=timezone.utc)
ROLE = "arn:aws:iam::123456789012:role/Trainer"
TRAINING_IMAGE = specs.image_uri("pytorch", region="us-east-1", version="2.3.0", instance_type="ml.g5.xlarge")
XGBOOST = specs.image_uri("xgboost", region="us-east-1", version="1.7-1")
COMMON: dict[str, Any] = {
    "role_arn": ROLE,
    "output_uri": "s3://lab-bucket/out",
    "resources": specs.resources("ml.g5.xlarge"),
    "channels": [specs.channel("train", "s3://lab-bucket/data/train")],
}
SCRIPT = specs.script_mode(
    "train.py", submit_directory="s3://lab-bucket/code/sourcedir.tar.gz", hyperparameters={"epochs": 3, "tag": "1.10"}
)
RANGES = [
    specs.continuous_range("lr", 0.001, 0.1),
    specs.integer_range("depth", 1, 9),
    specs.categorical_range("batch-size", [32, 64]),
]
TUNED = {"lr": "0.0123", "depth": '"7"', "batch-size": '"64"'}


def described(request: Any, *, tuned: dict[str, str], **best: Any) -> dict[str, Any]:
    """The tuning job of a request as the service describes it: the objective is among the static hyperparameters."""
    job = copy.deepcopy(dict(request))
    for definition in (job.get("TrainingJobDefinition"), *job.get("TrainingJobDefinitions", ())):
        if definition:
            definition.setdefault("StaticHyperParameters", {})["_tuning_objective_metric"] = "valid:loss"
            definition["OutputDataConfig"]["KmsKeyId"] = ""
    summary = {
        "TrainingJobName": "search-007-0a1b2c3d",
        "TunedHyperParameters": tuned,
        "FinalHyperParameterTuningJobObjectiveMetric": {"MetricName": "valid:loss", "Value": 0.25},
        **best,
    }
    return {**job, "HyperParameterTuningJobStatus": "Completed", "CreationTime": NOW, "BestTrainingJob": summary}


def search(**changes: Any) -> Any:
    definition = specs.training_definition(
        **{
            "image_uri": TRAINING_IMAGE,
            "hyperparameters": SCRIPT,
            "metrics": {"valid:loss": "valid:loss=([0-9.]+);"},
            **COMMON,
            **changes,
        }
    )
    return specs.tuning_job(
        "search",
        training=definition,
        ranges=RANGES,
        objective_metric="valid:loss",
        objective_type="Minimize",
        max_jobs=8,
        max_parallel_jobs=2,
    )


def trained(**changes: Any) -> dict[str, Any]:
    """A training job as the service describes it."""
    job = specs.training_job("digits", image_uri=TRAINING_IMAGE, hyperparameters=SCRIPT, **COMMON)
    return {
        **job,
        "TrainingJobArn": "arn:aws:sagemaker:us-east-1:123456789012:training-job/digits",
        "TrainingJobStatus": "Completed",
        "SecondaryStatus": "Completed",
        "CreationTime": NOW,
        "BillableTimeInSeconds": 60,
        "ModelArtifacts": {"S3ModelArtifacts": "s3://lab-bucket/out/digits/output/model.tar.gz"},
        **changes,
    }


def errors(operation: str, request: Any) -> list[str]:
    return [str(finding) for finding in check(operation, request) if finding.severity == "error"]


def test_the_best_job_is_trained_again_by_the_same_request_with_its_hyperparameters_typed() -> None:
    request = best_training_request(described(search(), tuned=TUNED), name="again")
    assert request == specs.training_job(
        "again",
        image_uri=TRAINING_IMAGE,
        hyperparameters={**SCRIPT, "lr": "0.0123", "depth": "7", "batch-size": '"64"'},
        metrics={"valid:loss": "valid:loss=([0-9.]+);"},
        **COMMON,
    )
    assert errors("CreateTrainingJob", request) == []


def test_the_name_tells_the_job_before_and_the_request() -> None:
    job = described(search(), tuned=TUNED)
    first = best_training_request(job)["TrainingJobName"]
    assert first.startswith("search-007-0a1b2c3d-")
    assert best_training_request(job)["TrainingJobName"] == first
    longer = best_training_request(job, extra={"HyperParameters": {"epochs": "30"}})
    assert longer["TrainingJobName"] != first
    assert longer["HyperParameters"]["epochs"] == "30"
    assert longer["HyperParameters"]["depth"] == "7"
    assert best_training_request(job, extra={"TrainingJobName": "mine"})["TrainingJobName"] == "mine"


def test_of_several_definitions_the_best_jobs_own_is_taken() -> None:
    one, two = (
        specs.training_definition(
            name=name,
            image_uri=TRAINING_IMAGE,
            hyperparameters={**SCRIPT, "architecture": name},
            ranges=[specs.integer_range("depth", 1, 9)],
            metrics={"valid:loss": "valid:loss=([0-9.]+);"},
            objective_metric="valid:loss",
            objective_type="Minimize",
            **COMMON,
        )
        for name in ("small", "large")
    )
    job = specs.tuning_job("search", training=[one, two], max_jobs=8, max_parallel_jobs=2)
    request = best_training_request(described(job, tuned={"depth": '"7"'}, TrainingJobDefinitionName="large"))
    assert (request["HyperParameters"]["architecture"], request["HyperParameters"]["depth"]) == ("large", "7")
    assert errors("CreateTrainingJob", request) == []


def test_of_several_instance_types_the_first_is_taken() -> None:
    job = described(search(), tuned=TUNED)
    job["TrainingJobDefinition"]["HyperParameterTuningResourceConfig"] = {
        "AllocationStrategy": "Prioritized",
        "InstanceConfigs": [
            {"InstanceType": "ml.g5.xlarge", "InstanceCount": 1, "VolumeSizeInGB": 50},
            {"InstanceType": "ml.g4dn.xlarge", "InstanceCount": 1, "VolumeSizeInGB": 50},
        ],
    }
    request = best_training_request(job)
    assert request["ResourceConfig"] == {"InstanceType": "ml.g5.xlarge", "InstanceCount": 1, "VolumeSizeInGB": 50}


def test_metrics_that_an_algorithm_of_aws_brings_are_not_sent_to_it() -> None:
    """The service describes them, and refuses them in a request."""
    metrics = [{"Name": "validation:rmse", "Regex": ".*rmse:(.*)"}]
    request = search(image_uri=XGBOOST, hyperparameters={"num_round": 10}, metrics={})
    job = described(request, tuned={"lr": "0.1", "depth": '"7"', "batch-size": "32"})
    job["TrainingJobDefinition"]["AlgorithmSpecification"]["MetricDefinitions"] = metrics
    assert best_training_request(job)["AlgorithmSpecification"] == {
        "TrainingImage": XGBOOST,
        "TrainingInputMode": "File",
    }


@pytest.mark.parametrize("best", [None, {"TrainingJobName": "search-001", "TunedHyperParameters": {}}])
def test_without_a_best_job_nothing_is_made_up(best: dict[str, Any] | None) -> None:
    job = described(search(), tuned=TUNED) | {"BestTrainingJob": best}
    with pytest.raises(SmRawError, match="'search' has no best training job"):
        best_training_request(job)


def test_a_described_job_is_run_again_by_its_own_request() -> None:
    job = trained()
    job["HyperParameters"] = {**job["HyperParameters"], "_tuning_objective_metric": "valid:loss"}
    request = repeated_training_request(job, name="digits-2")
    original = specs.training_job("digits-2", image_uri=TRAINING_IMAGE, hyperparameters=SCRIPT, **COMMON)
    assert request == original
    assert errors("CreateTrainingJob", request) == []


def test_what_is_described_has_the_shapes_of_what_is_requested() -> None:
    """So members of a description can be sent as they are."""
    shapes = service_model("sagemaker")["shapes"]
    asked, told = shapes["CreateTrainingJobRequest"]["members"], shapes["DescribeTrainingJobResponse"]["members"]
    common = asked.keys() & told.keys()
    assert {"AlgorithmSpecification", "ResourceConfig", "CheckpointConfig", "ProfilerConfig"} <= common
    assert [name for name in common if asked[name]["shape"] != told[name]["shape"]] == []


def test_the_model_is_served_by_the_frameworks_image_and_a_script() -> None:
    request = best_model_request(trained(), instance_type="ml.m5.large")
    assert request == specs.model(
        "digits",
        image_uri=specs.image_uri(
            "pytorch", region="us-east-1", version="2.3.0", instance_type="ml.m5.large", purpose="inference"
        ),
        role_arn=ROLE,
        model_data_uri="s3://lab-bucket/out/digits/output/model.tar.gz",
        environment=specs.serving_script(region="us-east-1"),
    )
    assert errors("CreateModel", request) == []


def test_the_jobs_network_is_the_models() -> None:
    vpc = {"Subnets": ["subnet-0a1b2c3d"], "SecurityGroupIds": ["sg-0a1b2c3d"]}
    request = best_model_request(
        trained(VpcConfig=vpc, EnableNetworkIsolation=True), inference_image="my.registry/serve:1", name="mine"
    )
    assert (request["ModelName"], request["VpcConfig"], request["EnableNetworkIsolation"]) == ("mine", vpc, True)
    assert request["PrimaryContainer"]["Image"] == "my.registry/serve:1"


def test_without_a_script_there_is_no_environment_for_one() -> None:
    job = trained(HyperParameters={"num_round": "10"})
    job["AlgorithmSpecification"] = {"TrainingImage": XGBOOST, "TrainingInputMode": "File"}
    assert "Environment" not in best_model_request(job)["PrimaryContainer"]


def test_a_job_that_failed_has_no_model() -> None:
    with pytest.raises(SmRawError, match="'digits' has left no model"):
        best_model_request(trained(TrainingJobStatus="Failed"))


HUGGING_FACE = specs.image_uri("huggingface", region="us-east-1", version="4.28.1", instance_type="ml.g5.xlarge")


@pytest.mark.parametrize(
    ("image", "serves"),
    [
        (XGBOOST, XGBOOST),
        ("123456789012.dkr.ecr.us-east-1.amazonaws.com/mine:1", "123456789012.dkr.ecr.us-east-1.amazonaws.com/mine:1"),
        ("registry.example.com/mine:1", "registry.example.com/mine:1"),
        (TRAINING_IMAGE, specs.image_uri("pytorch", region="us-east-1", version="2.3.0", purpose="inference")),
    ],
    ids=["an algorithm's", "an own one", "of another registry", "a framework's"],
)
def test_the_image_that_serves_is_known_or_the_same(image: str, serves: str) -> None:
    assert serving_image(image) == serves


def test_a_hugging_face_image_keeps_what_it_is_built_on() -> None:
    assert "/huggingface-pytorch-inference:" in serving_image(HUGGING_FACE, instance_type="ml.g5.xlarge")


def test_an_image_that_has_no_counterpart_is_told() -> None:
    unknown = TRAINING_IMAGE.replace(":2.3.0", ":9.9.0")
    with pytest.raises(UnknownImage, match="version"):
        serving_image(unknown)
    with pytest.raises(SmRawError, match="no image of its own"):
        serving_image("")
