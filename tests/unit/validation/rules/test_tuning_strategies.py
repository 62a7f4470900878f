from __future__ import annotations

from typing import Any

import pytest

from sm_raw.validation.rules import tuning_strategies as strategies
from sm_raw.validation.rules.base import Rule

CONFIG = "HyperParameterTuningJobConfig"
TOTAL = f"{CONFIG}.ResourceLimits.MaxNumberOfTrainingJobs"
HYPERBAND = f"{CONFIG}.StrategyConfig.HyperbandStrategyConfig"


def found(rule: type[Rule], request: Any) -> list[tuple[str, str]]:
    return [(each.path, each.message) for each in rule("CreateHyperParameterTuningJob").check(request)]


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
    request = {CONFIG: {"ParameterRanges": ranges, "ResourceLimits": {"MaxNumberOfTrainingJobs": 5}}}
    assert found(strategies.EnoughCombinations, request) == findings


CATEGORIES = {"CategoricalParameterRanges": [{"Values": ["a", "b"]}, {"Values": ["x", "y", "z"]}]}


@pytest.mark.parametrize(
    ("strategy", "ranges", "findings"),
    [
        ("Grid", CATEGORIES, []),
        ("Random", {"IntegerParameterRanges": [{"Name": "n"}]}, []),
        ("Grid", "${ranges}", []),
        (
            "Grid",
            {**CATEGORIES, "IntegerParameterRanges": [{"Name": "n"}]},
            [
                (
                    f"{CONFIG}.ParameterRanges.IntegerParameterRanges[0]",
                    "a grid takes categorical ranges only; list its values, or search Random",
                )
            ],
        ),
    ],
)
def test_grid_takes_categories(strategy: str, ranges: object, findings: list[tuple[str, str]]) -> None:
    request = {CONFIG: {"Strategy": strategy, "ParameterRanges": ranges}}
    assert found(strategies.GridTakesCategories, request) == findings


@pytest.mark.parametrize(
    ("strategy", "limits", "findings"),
    [
        ("Grid", {"MaxNumberOfTrainingJobs": 6}, []),
        ("Grid", {}, []),
        ("Grid", {"MaxNumberOfTrainingJobs": "${total}"}, []),
        ("Random", {"MaxNumberOfTrainingJobs": 5}, []),
        (
            "Grid",
            {"MaxNumberOfTrainingJobs": 5},
            [(TOTAL, "5 is not the number of combinations; give 6, or leave it out")],
        ),
        (
            "Grid",
            {"MaxNumberOfTrainingJobs": 7},
            [(TOTAL, "7 is not the number of combinations; give 6, or leave it out")],
        ),
    ],
)
def test_grid_tries_everything(strategy: str, limits: dict[str, Any], findings: list[tuple[str, str]]) -> None:
    request = {CONFIG: {"Strategy": strategy, "ParameterRanges": CATEGORIES, "ResourceLimits": limits}}
    assert found(strategies.GridTriesEverything, request) == findings
    assert found(strategies.EnoughCombinations, request) == []


@pytest.mark.parametrize(
    ("strategy", "stopping", "findings"),
    [
        ("Hyperband", "Off", []),
        ("Hyperband", None, []),
        ("Bayesian", "Auto", []),
        (
            "Hyperband",
            "Auto",
            [
                (
                    f"{CONFIG}.TrainingJobEarlyStoppingType",
                    "'Auto' is refused with Hyperband, which stops training jobs by itself; give Off",
                )
            ],
        ),
    ],
)
def test_hyperband_stops_by_itself(strategy: str, stopping: str | None, findings: list[tuple[str, str]]) -> None:
    request = {CONFIG: {"Strategy": strategy, "TrainingJobEarlyStoppingType": stopping}}
    assert found(strategies.HyperbandStopsByItself, request) == findings


@pytest.mark.parametrize(
    ("config", "static", "is_known"),
    [
        ({"StrategyConfig": {"HyperbandStrategyConfig": {"MaxResource": 10}}}, {}, True),
        ({"StrategyConfig": "${settings}"}, {}, True),
        ({}, {"n-epochs": "10"}, True),
        ({}, {"${name}": "10"}, True),
        ({}, "${static}", True),
        ({}, {"lr": "0.1"}, False),
        ({"StrategyConfig": {"HyperbandStrategyConfig": {"MinResource": 1}}}, None, False),
    ],
)
def test_hyperband_knows_its_resource(config: dict[str, Any], static: object, is_known: bool) -> None:
    definition = {"StaticHyperParameters": static}
    request = {CONFIG: {"Strategy": "Hyperband", **config}, "TrainingJobDefinition": definition}
    message = (
        "missing, and TrainingJobDefinition has no static hyperparameter epochs, numepochs, n-epochs, n_epochs or "
        "num_epochs; give the most epochs of a job"
    )
    expected = [] if is_known else [(f"{HYPERBAND}.MaxResource", message)]
    assert found(strategies.HyperbandKnowsItsResource, request) == expected


@pytest.mark.parametrize(
    ("resources", "findings"),
    [
        ({"MinResource": 1, "MaxResource": 20000}, []),
        ({"MinResource": 3, "MaxResource": 3}, []),
        ({"MinResource": 3}, []),
        ({"MinResource": 3, "MaxResource": "${epochs}"}, []),
        (
            {"MinResource": 5, "MaxResource": 3},
            [(f"{HYPERBAND}.MinResource", "5 is more than MaxResource (3); give 3 or less")],
        ),
        ({"MaxResource": 20001}, [(f"{HYPERBAND}.MaxResource", "20001 is too large; give 20000 or less")]),
    ],
)
def test_hyperband_resources_fit(resources: dict[str, Any], findings: list[tuple[str, str]]) -> None:
    request = {CONFIG: {"StrategyConfig": {"HyperbandStrategyConfig": resources}}}
    assert found(strategies.HyperbandResourcesFit, request) == findings


@pytest.mark.parametrize(
    ("strategy", "findings"),
    [
        ("Hyperband", []),
        ("${strategy}", []),
        (
            "Bayesian",
            [(HYPERBAND, "Strategy is Bayesian, which has no such settings; remove them, or set it to Hyperband")],
        ),
    ],
)
def test_hyperband_settings_go_with_hyperband(strategy: str, findings: list[tuple[str, str]]) -> None:
    config = {"Strategy": strategy, "StrategyConfig": {"HyperbandStrategyConfig": {"MinResource": 1}}}
    assert found(strategies.HyperbandIsTheStrategy, {CONFIG: config}) == findings


@pytest.mark.parametrize(
    ("name", "findings"),
    [
        ("dogs-2", []),
        ("${name}", []),
        (
            "dogs-1",
            [
                (
                    "WarmStartConfig.ParentHyperParameterTuningJobs[1].HyperParameterTuningJobName",
                    "'dogs-1' is this job itself; name one that has ended",
                )
            ],
        ),
    ],
)
def test_warm_start_has_another_parent(name: str, findings: list[tuple[str, str]]) -> None:
    parents = [{"HyperParameterTuningJobName": parent} for parent in ("dogs-0", "dogs-1", "${name}")]
    request = {"HyperParameterTuningJobName": name, "WarmStartConfig": {"ParentHyperParameterTuningJobs": parents}}
    assert found(strategies.WarmStartHasAnotherParent, request) == findings


@pytest.mark.parametrize(
    ("strategy", "findings"),
    [
        ("Bayesian", []),
        ("Random", []),
        ("${strategy}", []),
        (
            "Grid",
            [
                (
                    "WarmStartConfig",
                    "Strategy is Grid; only Bayesian and Random learn from earlier jobs; take one of them",
                )
            ],
        ),
    ],
)
def test_warm_start_goes_with_strategies_that_learn(strategy: str, findings: list[tuple[str, str]]) -> None:
    request = {CONFIG: {"Strategy": strategy}, "WarmStartConfig": {}}
    assert found(strategies.WarmStartLearns, request) == findings
