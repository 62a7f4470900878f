from __future__ import annotations

import pytest

from sm_raw.validation.rules import xgboost as rules
from sm_raw.validation.rules.base import Rule

REGISTRY = "683313688378.dkr.ecr.us-east-1.amazonaws.com"
RANGES = "TrainingJobDefinition.HyperParameterRanges"


def found(rule: type[Rule], given: object, image: str = "sagemaker-xgboost:1.7-1") -> list[tuple[str, str]]:
    request = {"AlgorithmSpecification": {"TrainingImage": f"{REGISTRY}/{image}"}, "HyperParameters": given}
    return [(each.path, each.message) for each in rule("CreateTrainingJob").check(request)]


def found_in_tuning(rule: type[Rule], static: object, ranges: object) -> list[tuple[str, str]]:
    algorithm = {"TrainingImage": f"{REGISTRY}/sagemaker-xgboost:1.5-1"}
    definition = {
        "AlgorithmSpecification": algorithm,
        "StaticHyperParameters": static,
        "HyperParameterRanges": ranges,
    }
    request = {"TrainingJobDefinition": definition}
    return [(each.path, each.message) for each in rule("CreateHyperParameterTuningJob").check(request)]


@pytest.mark.parametrize("rule", [rules.XgboostHyperparametersAreKnown, rules.XgboostValuesAreAccepted])
@pytest.mark.parametrize("image", ["sagemaker-xgboost:3.0-5", "sagemaker-xgboost:latest", "xgboost:1", "pytorch:1.9"])
def test_versions_whose_containers_may_judge_otherwise_are_not_judged(rule: type[Rule], image: str) -> None:
    assert found(rule, {"num_rounds": "1", "eta": "7"}, image) == []


@pytest.mark.parametrize(
    "rule",
    [rules.XgboostHyperparametersAreKnown, rules.XgboostHyperparametersAreComplete, rules.XgboostValuesAreAccepted],
)
@pytest.mark.parametrize(
    "given",
    [
        {"sagemaker_program": "train.py", "epoch": "3", "eta": "7"},
        {"num_round": "${rounds}", "eta": "${eta}", "${name}": "1"},
        "${hyperparameters}",
    ],
)
def test_scripts_and_what_is_not_rendered_yet_are_not_judged(rule: type[Rule], given: object) -> None:
    assert found(rule, given) == []


@pytest.mark.parametrize(
    ("given", "findings"),
    [
        ({"num_round": "9", "learning_rate": "0.1", "reg_alpha": "1", "_tuning_objective_metric": "a"}, []),
        ({"max_cat_to_onehot": "4", "sagemaker_region": "us-east-1"}, []),
        (
            {"learning_rates": "0.1"},
            [
                (
                    "HyperParameters.learning_rates",
                    "'learning_rates' is unknown to XGBoost, which refuses it; did you mean 'learning_rate'?",
                )
            ],
        ),
        ({"zzz": "1"}, [("HyperParameters.zzz", "'zzz' is unknown to XGBoost, which refuses it; remove it")]),
    ],
)
def test_hyperparameters_are_known(given: object, findings: list[tuple[str, str]]) -> None:
    assert found(rules.XgboostHyperparametersAreKnown, given) == findings


def test_tuned_hyperparameters_are_known() -> None:
    ranges = {"IntegerParameterRanges": [{"Name": "max_depth"}, {"Name": "maxdepth"}, {"Name": "${name}"}]}
    rule = rules.XgboostHyperparametersAreKnown
    assert found_in_tuning(rule, {}, ranges) == []  # the program may be behind the placeholder
    ranges["IntegerParameterRanges"].pop()
    message = "'maxdepth' is unknown to XGBoost, which refuses it; did you mean 'max_depth'?"
    assert found_in_tuning(rule, {}, ranges) == [(f"{RANGES}.IntegerParameterRanges[1].Name", message)]


ROUNDS = ("HyperParameters.num_round", "missing; XGBoost needs it: give one such as 100")


@pytest.mark.parametrize(
    ("given", "image", "findings"),
    [
        ({"num_round": "9"}, "sagemaker-xgboost:3.0-5", []),
        ({"num_round": "9", "objective": "multi:softmax", "num_class": "3"}, "xgboost:1", []),
        ({"num_round": "9", "objective": "${objective}"}, "xgboost:1", []),
        ({"eta": "1"}, "sagemaker-xgboost:3.0-5", [ROUNDS]),
        (None, "xgboost:1", [ROUNDS]),
        (
            {"num_round": "9", "objective": "multi:softprob"},
            "sagemaker-xgboost:1.7-1",
            [
                (
                    "HyperParameters.num_class",
                    "missing; the objective 'multi:softprob' needs it: give the number of classes",
                )
            ],
        ),
    ],
)
def test_hyperparameters_are_complete(given: object, image: str, findings: list[tuple[str, str]]) -> None:
    assert found(rules.XgboostHyperparametersAreComplete, given, image) == findings


def test_tuned_hyperparameters_are_given() -> None:
    ranges = {"IntegerParameterRanges": [{"Name": "num_round"}]}
    assert found_in_tuning(rules.XgboostHyperparametersAreComplete, {}, ranges) == []


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("eta", "0.2", None),
        ("eta", "1", None),
        ("max_depth", "0", None),
        ("base_score", "-3.5", None),
        ("eval_metric", "rmse,error@0.7", None),
        ("monotone_constraints", "(1, -1)", None),
        ("objective", "reg:tweedie", None),
        ("other", "x", None),  # E295 has told
        ("eta", "3", "3 is too large; give 1 or less"),
        ("num_round", "0", "0 is too small; give 1 or more"),
        ("max_depth", "5.5", "'5.5' spells no whole number; give one such as 100"),
        ("booster", "gbTree", "'gbTree' is not among the values it takes; did you mean 'gbtree'?"),
        (
            "objective",
            "reg:squareerror",
            "'reg:squareerror' is not among the values it takes;"
            " did you mean 'reg:squarederror', 'reg:squaredlogerror' or 'reg:quantileerror'?",
        ),
    ],
)
def test_values_are_accepted(name: str, value: object, message: str | None) -> None:
    expected = [(f"HyperParameters.{name}", message)] if message else []
    assert found(rules.XgboostValuesAreAccepted, {name: value}) == expected


def test_tuned_values_are_accepted() -> None:
    ranges = {
        "ContinuousParameterRanges": [
            {"Name": "eta", "MinValue": "0.1", "MaxValue": "2"},
            {"Name": "max_depth", "MinValue": "1", "MaxValue": "5"},
        ],
        "CategoricalParameterRanges": [{"Name": "tree_method", "Values": ["hist", "histogram"]}],
    }
    assert found_in_tuning(rules.XgboostValuesAreAccepted, {}, ranges) == [
        (f"{RANGES}.ContinuousParameterRanges[0].MaxValue", "2 is too large; give 1 or less"),
        (
            f"{RANGES}.ContinuousParameterRanges[1].Name",
            "XGBoost takes whole numbers here; move it to IntegerParameterRanges",
        ),
        (
            f"{RANGES}.CategoricalParameterRanges[0].Values[1]",
            "'histogram' is not among the values it takes; did you mean 'hist'?",
        ),
    ]
