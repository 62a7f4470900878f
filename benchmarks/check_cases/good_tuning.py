"""Good tuning requests, over what is trained in ``good_training``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from check_cases.good_training import (
    BUCKET,
    IC_STATIC,
    IMAGE_CLASSIFICATION,
    METRICS,
    OUTPUT,
    ROLE,
    TAGS,
    code_with,
    data_channels,
    pytorch_image_for,
)
from sm_raw import specs


def _definition(**fields: Any) -> Any:
    given: dict[str, Any] = {
        "image_uri": pytorch_image_for("1.13.1", "py39", "ml.g4dn.xlarge"),
        "role_arn": ROLE,
        "output_uri": OUTPUT,
        "resources": specs.resources("ml.g4dn.xlarge"),
        "channels": data_channels("train", "valid", "test"),
        "hyperparameters": code_with(epochs=4),
        "metrics": METRICS,
        "max_runtime_seconds": 7200,
    }
    return specs.training_definition(**{**given, **fields})


def _tuning(name: str, **fields: Any) -> Mapping[str, Any]:
    given: dict[str, Any] = {
        "training": _definition(),
        "ranges": [
            specs.continuous_range("lr", 0.001, 0.1, scaling="Logarithmic"),
            specs.integer_range("batch-size", 32, 512),
        ],
        "objective_metric": "test:loss",
        "objective_type": "Minimize",
        "max_jobs": 10,
        "max_parallel_jobs": 2,
    }
    return specs.tuning_job(name, **{**given, **fields})


def bayesian_tuning() -> Mapping[str, Any]:
    ranges = [
        specs.continuous_range("lr", 0.001, 0.1, scaling="Logarithmic"),
        specs.continuous_range("momentum", 0.5, 0.99, scaling="ReverseLogarithmic"),
        specs.integer_range("workers", 1, 8, scaling="Linear"),
        specs.categorical_range("batch-size", [32, 64, 128, 256, 512]),
    ]
    return _tuning("dogs-bayesian", ranges=ranges, early_stopping=True, tags=TAGS)


def random_tuning() -> Mapping[str, Any]:
    """On spot capacity, with a seed and criteria to end early."""
    criteria = {
        "TargetObjectiveMetricValue": 0.1,
        "BestObjectiveNotImproving": {"MaxNumberOfTrainingJobsNotImproving": 5},
    }
    checkpoints = f"{BUCKET}/checkpoints/dogs-random/"
    return _tuning(
        "dogs-random",
        training=_definition(max_wait_seconds=9000, checkpoint_uri=checkpoints),
        strategy="Random",
        random_seed=7,
        max_jobs=20,
        extra={"HyperParameterTuningJobConfig": {"TuningJobCompletionCriteria": criteria}},
    )


def hyperband_tuning() -> Mapping[str, Any]:
    resource = {"HyperbandStrategyConfig": {"MinResource": 1, "MaxResource": 9}}
    config = {"StrategyConfig": resource, "ResourceLimits": {"MaxRuntimeInSeconds": 36000}}
    return _tuning(
        "dogs-hyperband",
        training=_definition(hyperparameters=code_with(epochs=9)),
        strategy="Hyperband",
        extra={"HyperParameterTuningJobConfig": config},
    )


def grid_tuning() -> Mapping[str, Any]:
    ranges = [
        specs.categorical_range("batch-size", [32, 64, 128]),
        specs.categorical_range("optimizer", ["sgd", "adam"]),
    ]
    return _tuning("dogs-grid", strategy="Grid", ranges=ranges, max_jobs=6)


def warm_start_tuning() -> Mapping[str, Any]:
    parents = [{"HyperParameterTuningJobName": "dogs-bayesian"}, {"HyperParameterTuningJobName": "dogs-random"}]
    config = {"ParentHyperParameterTuningJobs": parents, "WarmStartType": "IdenticalDataAndAlgorithm"}
    return _tuning("dogs-second", extra={"WarmStartConfig": config})


def image_classification_tuning() -> Mapping[str, Any]:
    """The built-in algorithm: it brings its own metrics."""
    channels = [
        specs.channel(name, f"{BUCKET}/rec/{name}/", content_type="application/x-recordio")
        for name in ("train", "validation")
    ]
    return _tuning(
        "dogs-builtin",
        training=_definition(
            image_uri=IMAGE_CLASSIFICATION,
            resources=specs.resources("ml.p3.2xlarge", volume_gb=50),
            hyperparameters=IC_STATIC,
            metrics={},
            channels=channels,
        ),
        ranges=[
            specs.continuous_range("learning_rate", 0.0001, 0.1),
            specs.continuous_range("weight_decay", 0.0001, 0.01),
            specs.categorical_range("optimizer", ["sgd", "adam"]),
        ],
        objective_metric="validation:accuracy",
        objective_type="Maximize",
    )


def two_definitions_tuning() -> Mapping[str, Any]:
    """Two training definitions under one budget, each with its own ranges and objective."""
    objective = {"Type": "Minimize", "MetricName": "test:loss"}
    lr = specs.continuous_range("lr", 0.001, 0.1)
    definitions = [
        _definition(extra={"DefinitionName": name, "TuningObjective": objective, "HyperParameterRanges": lr})
        for name in ("resnet18", "resnet50")
    ]
    limits = {"MaxNumberOfTrainingJobs": 12, "MaxParallelTrainingJobs": 3}
    return {
        "HyperParameterTuningJobName": "dogs-two-nets",
        "HyperParameterTuningJobConfig": {"Strategy": "Bayesian", "ResourceLimits": limits},
        "TrainingJobDefinitions": definitions,
    }


def instance_list_tuning() -> Mapping[str, Any]:
    """Whichever of several instance types has capacity."""
    configs = [
        {"InstanceType": kind, "InstanceCount": 1, "VolumeSizeInGB": 50} for kind in ("ml.p3.2xlarge", "ml.p3.8xlarge")
    ]
    resources = {"InstanceConfigs": configs, "AllocationStrategy": "Prioritized"}
    return _tuning("dogs-any-gpu", training=_definition(resources=resources))


TUNING = {
    "CreateHyperParameterTuningJob": (
        bayesian_tuning,
        random_tuning,
        hyperband_tuning,
        grid_tuning,
        warm_start_tuning,
        image_classification_tuning,
        two_definitions_tuning,
        instance_list_tuning,
    ),
}
