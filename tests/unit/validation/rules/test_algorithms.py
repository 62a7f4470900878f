from __future__ import annotations

from typing import Any

import pytest

from sm_raw.validation.rules import algorithms
from sm_raw.validation.rules.base import Rule

REGISTRY = "811284229777.dkr.ecr.us-east-1.amazonaws.com"
METRICS = "AlgorithmSpecification.MetricDefinitions"


def found(rule: type[Rule], request: Any, operation: str = "CreateTrainingJob") -> list[tuple[str, str]]:
    return [(each.path, each.message) for each in rule(operation).check(request)]


def training(image: str, **fields: object) -> dict[str, Any]:
    return {"AlgorithmSpecification": {"TrainingImage": f"{REGISTRY}/{image}"}, **fields}


@pytest.mark.parametrize(
    ("image", "role", "algorithm"),
    [
        (f"{REGISTRY}/image-classification:1", "arn:aws:iam::111122223333:role/training", "image-classification"),
        (f"{REGISTRY}/sagemaker-xgboost:1.7-1", "${role}", "sagemaker-xgboost"),
        (f"{REGISTRY}/xgboost:latest", None, "xgboost"),
        (f"{REGISTRY}/xgboost:mine", "arn:aws:iam::811284229777:role/training", None),  # the user's own account
        (f"{REGISTRY}/pytorch-training:2.0-gpu-py310", None, None),
        ("registry.example.com/xgboost:1", None, None),
        ("${image}", None, None),
        (None, None, None),
    ],
)
def test_awss_algorithms_are_told_by_their_image(image: object, role: object, algorithm: str | None) -> None:
    request = {"AlgorithmSpecification": {"TrainingImage": image}, "RoleArn": role}
    assert algorithms.aws_algorithm(request) == algorithm


@pytest.mark.parametrize(
    ("image", "metrics", "findings"),
    [
        ("xgboost:1", [], []),
        ("pytorch-training:2.0-gpu-py310", [{"Name": "loss"}], []),
        ("sagemaker-scikit-learn:1.2-1-cpu-py3", [{"Name": "loss"}], []),
        (
            "sagemaker-xgboost:1.7-1",
            [{"Name": "loss"}],
            [(METRICS, "sagemaker-xgboost defines its metrics itself, and the service takes no others; remove this")],
        ),
    ],
)
def test_algorithms_define_their_metrics(image: str, metrics: object, findings: list[tuple[str, str]]) -> None:
    request = training(image)
    request["AlgorithmSpecification"]["MetricDefinitions"] = metrics
    assert found(algorithms.AlgorithmsDefineTheirMetrics, request) == findings


@pytest.mark.parametrize(
    ("image", "given", "findings"),
    [
        ("linear-learner:1", {"predictor_type": "regressor"}, []),
        ("linear-learner:1", "${hyperparameters}", []),
        ("sagemaker-xgboost:1.7-1", {"sagemaker_program": "train.py"}, []),
        ("pytorch-training:2.0-gpu-py310", {"sagemaker_program": "train.py"}, []),
        (
            "linear-learner:1",
            {"sagemaker_program": "train.py"},
            [
                (
                    "TrainingJobDefinition.StaticHyperParameters.sagemaker_program",
                    "linear-learner runs no script; remove it, or give the image of a framework",
                )
            ],
        ),
    ],
)
def test_algorithms_run_no_scripts(image: str, given: object, findings: list[tuple[str, str]]) -> None:
    request = {"TrainingJobDefinition": training(image, StaticHyperParameters=given)}
    assert found(algorithms.AlgorithmsRunNoScripts, request, "CreateHyperParameterTuningJob") == findings


@pytest.mark.parametrize(
    ("image", "given", "findings"),
    [
        ("xgboost:1", {"objective": "reg:squarederror", "eval_metric": '["auc"]'}, []),
        ("xgboost:1", {"objective": '"', "other": 7}, []),
        ("sagemaker-xgboost:1.7-1", {"sagemaker_program": '"train.py"', "objective": '"reg:squarederror"'}, []),
        ("pytorch-training:2.0-gpu-py310", {"optimizer": '"adam"'}, []),
        (
            "sagemaker-xgboost:1.7-1",
            {"objective": '"reg:squarederror"'},
            [
                (
                    "HyperParameters.objective",
                    "'\"reg:squarederror\"' reaches sagemaker-xgboost with its quotes;"
                    " give reg:squarederror without them",
                )
            ],
        ),
    ],
)
def test_algorithm_values_are_plain(image: str, given: object, findings: list[tuple[str, str]]) -> None:
    assert found(algorithms.AlgorithmValuesArePlain, training(image, HyperParameters=given)) == findings
