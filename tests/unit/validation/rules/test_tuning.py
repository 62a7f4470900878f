from __future__ import annotations

from typing import Any

import pytest

from sm_raw.validation.rules import tuning
from sm_raw.validation.rules.base import Rule

RANGES = "HyperParameterTuningJobConfig.ParameterRanges"
CONTINUOUS = f"{RANGES}.ContinuousParameterRanges[0]"
INTEGER = f"{RANGES}.IntegerParameterRanges[0]"
CATEGORICAL = f"{RANGES}.CategoricalParameterRanges[0]"


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
        (integer("3", "3"), []),
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


@pytest.mark.parametrize(
    ("request_", "findings"),
    [
        (continuous("0.001", "0.1"), []),
        (continuous("${same}", "${same}"), []),
        (integer("x", "x"), []),
        (
            integer("3", "3"),
            [(f"{INTEGER}.MinValue", "3 equals MaxValue; a value that does not vary belongs to StaticHyperParameters")],
        ),
        (
            continuous("0.1", "1e-1"),
            [
                (
                    f"{CONTINUOUS}.MinValue",
                    "0.1 equals MaxValue; a value that does not vary belongs to StaticHyperParameters",
                )
            ],
        ),
    ],
)
def test_range_varies(request_: dict[str, Any], findings: list[tuple[str, str]]) -> None:
    assert found(tuning.RangeVaries, request_) == findings


@pytest.mark.parametrize(
    ("values", "findings"),
    [
        (["32", "64"], []),
        (["${a}", "${a}"], []),
        ([1, 1], []),  # a matter of the schema
        ("32", []),
        (["32", "64", "32"], [(f"{CATEGORICAL}.Values[2]", "'32' is already Values[0]; remove one")]),
    ],
)
def test_categories_differ(values: object, findings: list[tuple[str, str]]) -> None:
    request = tuned(CategoricalParameterRanges=[{"Name": "n", "Values": values}])
    assert found(tuning.DistinctCategories, request) == findings


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ("32", None),
        ('"32"', None),  # as AWS's own client sends it
        ('"', None),
        ('"a" "b"', None),
        ('"${value}"', None),
        (32, None),
        (r'"\"32\""', """'"\\\\"32\\\\""' is quoted twice, so that the script gets "32"; quote once"""),
    ],
)
def test_values_are_quoted_once(value: object, message: str | None) -> None:
    request = tuned(CategoricalParameterRanges=[{"Name": "n", "Values": [value]}])
    request["TrainingJobDefinition"] = {"StaticHyperParameters": {"batch-size": value}}
    paths = ("TrainingJobDefinition.StaticHyperParameters.batch-size", f"{CATEGORICAL}.Values[0]")
    assert found(tuning.QuotedOnce, request) == ([(path, message) for path in paths] if message else [])


@pytest.mark.parametrize(
    ("static", "findings"),
    [
        ({"epochs": "3"}, []),
        (None, []),
        (
            {"_tuning_objective_metric": "loss"},
            [
                (
                    "TrainingJobDefinition.StaticHyperParameters._tuning_objective_metric",
                    "the service sets it to the objective metric of the tuning job; remove it",
                )
            ],
        ),
    ],
)
def test_objective_name_is_reserved(static: object, findings: list[tuple[str, str]]) -> None:
    request = {"TrainingJobDefinition": {"StaticHyperParameters": static}}
    assert found(tuning.ObjectiveNameIsReserved, request) == findings
