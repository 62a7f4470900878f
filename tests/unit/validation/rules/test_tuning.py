from __future__ import annotations

from typing import Any

import pytest

from sm_raw.validation.rules import tuning
from sm_raw.validation.rules.base import Rule

RANGES = "HyperParameterTuningJobConfig.ParameterRanges"
CONTINUOUS = f"{RANGES}.ContinuousParameterRanges[0]"
INTEGER = f"{RANGES}.IntegerParameterRanges[0]"
OBJECTIVE = "HyperParameterTuningJobConfig.HyperParameterTuningJobObjective.MetricName"
TOTAL = "HyperParameterTuningJobConfig.ResourceLimits.MaxNumberOfTrainingJobs"
PYTORCH = "763104351884.dkr.ecr.us-east-1.amazonaws.com/pytorch-training:1.12-gpu-py38"
BUILT_IN = "811284229777.dkr.ecr.us-east-1.amazonaws.com/image-classification:1"


def found(rule: type[Rule], request: Any) -> list[tuple[str, str]]:
    return [(each.path, each.message) for each in rule("CreateHyperParameterTuningJob").check(request)]


def tuned(**ranges: object) -> dict[str, Any]:
    return {"HyperParameterTuningJobConfig": {"ParameterRanges": ranges}}


def continuous(low: object, high: object, scaling: str = "Auto") -> dict[str, Any]:
    return tuned(ContinuousParameterRanges=[{"Name": "lr", "MinValue": low, "MaxValue": high, "ScalingType": scaling}])


def integer(low: object, high: object, scaling: str = "Auto") -> dict[str, Any]:
    return tuned(IntegerParameterRanges=[{"Name": "n", "MinValue": low, "MaxValue": high, "ScalingType": scaling}])


@pytest.mark.parametrize(
    ("request_", "findings"),
    [
        (continuous("0.001", "0.1"), []),
        (continuous("1e-5", "0.00002"), []),
        (continuous("${low}", "0.1"), []),
        (continuous("low", "0.1"), []),
        (integer("9", "10"), []),  # as numbers, not as text
        (continuous("0.1", "0.001"), [(f"{CONTINUOUS}.MinValue", "0.1 is above MaxValue (0.001); exchange them")]),
        (integer("10", "9"), [(f"{INTEGER}.MinValue", "10 is above MaxValue (9); exchange them")]),
        (
            integer("3", "3"),
            [(f"{INTEGER}.MinValue", "3 equals MaxValue; a value that does not vary belongs to StaticHyperParameters")],
        ),
        (
            {"TrainingJobDefinitions": [{"HyperParameterRanges": integer("2", "1")["HyperParameterTuningJobConfig"]}]},
            [],
        ),
        (
            {
                "TrainingJobDefinitions": [
                    {"HyperParameterRanges": {"IntegerParameterRanges": [{"MinValue": "2", "MaxValue": "1"}]}}
                ]
            },
            [
                (
                    "TrainingJobDefinitions[0].HyperParameterRanges.IntegerParameterRanges[0].MinValue",
                    "2 is above MaxValue (1); exchange them",
                )
            ],
        ),
    ],
)
def test_range_minimum_is_below_maximum(request_: dict[str, Any], findings: list[tuple[str, str]]) -> None:
    assert found(tuning.RangeMinimumBelowMaximum, request_) == findings


@pytest.mark.parametrize(
    ("request_", "findings"),
    [
        (continuous("0", "1e-3"), []),
        (integer("1", "${most}"), []),
        (integer(1, 2), []),  # a matter of the schema
        (
            integer("1", "2.5"),
            [(f"{INTEGER}.MaxValue", "'2.5' spells no whole number; give one such as '10'")],
        ),
        (
            continuous("small", "nan"),
            [
                (f"{CONTINUOUS}.MinValue", "'small' spells no number; give one such as '0.001'"),
                (f"{CONTINUOUS}.MaxValue", "'nan' spells no number; give one such as '0.001'"),
            ],
        ),
    ],
)
def test_range_bounds_are_numbers(request_: dict[str, Any], findings: list[tuple[str, str]]) -> None:
    assert found(tuning.RangeBoundsAreNumbers, request_) == findings


@pytest.mark.parametrize(
    ("request_", "findings"),
    [
        (continuous("0.001", "0.1", "Logarithmic"), []),
        (continuous("0", "0.1", "Linear"), []),
        (continuous("0", "0.999", "ReverseLogarithmic"), []),
        (continuous("${low}", "0.1", "Logarithmic"), []),
        (
            continuous("0", "0.1", "Logarithmic"),
            [(f"{CONTINUOUS}.MinValue", "0.0 has no logarithm; give more than 0, or scale Linear")],
        ),
        (
            integer("0", "8", "Logarithmic"),
            [(f"{INTEGER}.MinValue", "0 has no logarithm; give more than 0, or scale Linear")],
        ),
        (
            continuous("-0.5", "1", "ReverseLogarithmic"),
            [
                (f"{CONTINUOUS}.MinValue", "-0.5 is outside 0 <= x < 1, which ReverseLogarithmic needs; scale Linear"),
                (f"{CONTINUOUS}.MaxValue", "1.0 is outside 0 <= x < 1, which ReverseLogarithmic needs; scale Linear"),
            ],
        ),
        (
            integer("0", "1", "ReverseLogarithmic"),
            [
                (
                    f"{INTEGER}.ScalingType",
                    "'ReverseLogarithmic' is for continuous ranges; give Auto, Linear or Logarithmic",
                )
            ],
        ),
    ],
)
def test_scaling_fits_the_range(request_: dict[str, Any], findings: list[tuple[str, str]]) -> None:
    assert found(tuning.ScalingFitsRange, request_) == findings


@pytest.mark.parametrize(
    ("static", "findings"),
    [
        ({"epochs": "3"}, []),
        ("${static}", []),
        ({"${name}": "3"}, []),
        (
            {"epochs": "3", "lr": "0.1"},
            [
                (
                    "TrainingJobDefinition.StaticHyperParameters.lr",
                    f"'lr' is tuned by {CONTINUOUS}; remove it here or there",
                )
            ],
        ),
    ],
)
def test_tuned_hyperparameters_are_not_static(static: object, findings: list[tuple[str, str]]) -> None:
    request = {**continuous("0", "1"), "TrainingJobDefinition": {"StaticHyperParameters": static}}
    assert found(tuning.TunedIsNotStatic, request) == findings


def test_tuned_hyperparameters_of_each_definition_are_not_its_static_ones() -> None:
    ranges = {"CategoricalParameterRanges": [{"Name": "optimizer", "Values": ["sgd"]}]}
    request = {
        "TrainingJobDefinitions": [
            {"HyperParameterRanges": ranges, "StaticHyperParameters": {"lr": "1"}},
            {"HyperParameterRanges": ranges, "StaticHyperParameters": {"optimizer": "adam"}},
        ]
    }
    where = "TrainingJobDefinitions[1].HyperParameterRanges.CategoricalParameterRanges[0]"
    assert found(tuning.TunedIsNotStatic, request) == [
        (
            "TrainingJobDefinitions[1].StaticHyperParameters.optimizer",
            f"'optimizer' is tuned by {where}; remove it here or there",
        )
    ]


@pytest.mark.parametrize(
    ("ranges", "findings"),
    [
        ({"IntegerParameterRanges": [{"Name": "a"}], "CategoricalParameterRanges": [{"Name": "b"}]}, []),
        ({"IntegerParameterRanges": [{"Name": "${a}"}, {"Name": "${a}"}]}, []),
        (
            {"IntegerParameterRanges": [{"Name": "a"}], "CategoricalParameterRanges": [{"Name": "b"}, {"Name": "a"}]},
            [
                (
                    f"{RANGES}.CategoricalParameterRanges[1].Name",
                    "'a' is already tuned by IntegerParameterRanges[0]; keep one",
                )
            ],
        ),
    ],
)
def test_hyperparameter_has_one_range(ranges: dict[str, Any], findings: list[tuple[str, str]]) -> None:
    assert found(tuning.DistinctRangeNames, tuned(**ranges)) == findings


def objective(metric: str, algorithm: object) -> dict[str, Any]:
    return {
        "HyperParameterTuningJobConfig": {"HyperParameterTuningJobObjective": {"MetricName": metric}},
        "TrainingJobDefinition": {"AlgorithmSpecification": algorithm},
    }


def algorithm(*metrics: str, image: str = PYTORCH) -> dict[str, Any]:
    return {"TrainingImage": image, "MetricDefinitions": [{"Name": name, "Regex": "(.)"} for name in metrics]}


@pytest.mark.parametrize(
    ("request_", "findings"),
    [
        (objective("valid:loss", algorithm("train:loss", "valid:loss")), []),
        (objective("validation:accuracy", {"TrainingImage": BUILT_IN}), []),
        (objective("own", {"AlgorithmName": "arn:aws:sagemaker:eu-west-1:123456789012:algorithm/a"}), []),
        (objective("${metric}", algorithm("train:loss")), []),
        (objective("valid:loss", algorithm("${metric}")), []),
        (objective("valid:loss", {"TrainingImage": "${image}"}), []),
        (objective("valid:loss", {"TrainingImage": PYTORCH, "MetricDefinitions": "${metrics}"}), []),
        (objective("valid:loss", "${algorithm}"), []),
        (
            objective("valid:los", algorithm("train:loss", "valid:loss")),
            [
                (
                    OBJECTIVE,
                    "'valid:los' is not among the MetricDefinitions; did you mean 'valid:loss' or 'train:loss'?",
                )
            ],
        ),
        (
            objective("valid:loss", {"TrainingImage": PYTORCH}),
            [
                (
                    OBJECTIVE,
                    "'valid:loss' is not defined, and the image is none of AWS's algorithms;"
                    " add it to MetricDefinitions",
                )
            ],
        ),
        (
            {
                "TrainingJobDefinitions": [
                    {"TuningObjective": {"MetricName": "f1"}, "AlgorithmSpecification": algorithm("loss")}
                ]
            },
            [
                (
                    "TrainingJobDefinitions[0].TuningObjective.MetricName",
                    "'f1' is not among the MetricDefinitions; give loss",
                )
            ],
        ),
    ],
)
def test_objective_is_defined(request_: dict[str, Any], findings: list[tuple[str, str]]) -> None:
    assert found(tuning.ObjectiveIsDefined, request_) == findings


@pytest.mark.parametrize(
    ("total", "parallel", "findings"),
    [
        (4, 2, []),
        (4, 4, []),
        ("${total}", 9, []),
        (
            2,
            4,
            [
                (
                    "HyperParameterTuningJobConfig.ResourceLimits.MaxParallelTrainingJobs",
                    "4 is more than MaxNumberOfTrainingJobs (2); give 2 or less",
                )
            ],
        ),
    ],
)
def test_parallel_jobs_are_within_the_total(total: object, parallel: int, findings: list[tuple[str, str]]) -> None:
    limits = {"MaxNumberOfTrainingJobs": total, "MaxParallelTrainingJobs": parallel}
    request = {"HyperParameterTuningJobConfig": {"ResourceLimits": limits}}
    assert found(tuning.ParallelWithinTotal, request) == findings


@pytest.mark.parametrize(
    ("ranges", "findings"),
    [
        ({"CategoricalParameterRanges": [{"Values": ["a", "b", "c"]}, {"Values": ["x", "y"]}]}, []),
        ({"IntegerParameterRanges": [{"MinValue": "1", "MaxValue": "5"}]}, []),
        ({"CategoricalParameterRanges": [{"Values": ["a"]}], "ContinuousParameterRanges": [{}]}, []),
        ({"CategoricalParameterRanges": [{"Values": ["a"]}], "AutoParameters": [{}]}, []),
        ({"CategoricalParameterRanges": [{"Values": ["a", "${b}"]}]}, []),
        ({"CategoricalParameterRanges": [{"Values": ["a"]}], "IntegerParameterRanges": [{"MinValue": "${low}"}]}, []),
        ({"CategoricalParameterRanges": [{"Values": ["a"]}], "ContinuousParameterRanges": "${ranges}"}, []),
        ({}, []),
        (
            {"CategoricalParameterRanges": [{"Values": ["a", "b", "b"]}]},
            [(TOTAL, "5 jobs are more than the 2 combinations; give 2 or add values")],
        ),
        (
            {
                "CategoricalParameterRanges": [{"Values": ["a", "b"]}],
                "IntegerParameterRanges": [{"MinValue": "1", "MaxValue": "2"}],
            },
            [(TOTAL, "5 jobs are more than the 4 combinations; give 4 or add values")],
        ),
    ],
)
def test_ranges_hold_enough_combinations(ranges: dict[str, Any], findings: list[tuple[str, str]]) -> None:
    request = tuned(**ranges)
    request["HyperParameterTuningJobConfig"]["ResourceLimits"] = {"MaxNumberOfTrainingJobs": 5}
    assert found(tuning.EnoughCombinations, request) == findings
