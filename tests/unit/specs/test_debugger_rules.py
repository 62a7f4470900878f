from __future__ import annotations

import pytest

from sm_raw.specs.debugger_rules import DEBUG_RULES
from sm_raw.specs.profiler import PROFILER_RULES


def test_the_table_holds_every_built_in_rule():
    assert sorted(DEBUG_RULES) == [
        "AllZero",
        "CheckInputImages",
        "ClassImbalance",
        "Confusion",
        "CreateXgboostReport",
        "DeadRelu",
        "ExplodingTensor",
        "FeatureImportanceOverweight",
        "LossNotDecreasing",
        "NLPSequenceRatio",
        "Overfit",
        "Overtraining",
        "PoorWeightInitialization",
        "SaturatedActivation",
        "SimilarAcrossRuns",
        "StalledTrainingRule",
        "TensorVariance",
        "TreeDepth",
        "UnchangedTensor",
        "VanishingGradient",
        "WeightUpdateRatio",
    ]


@pytest.mark.parametrize(
    ("rule", "collections"),
    [
        ("VanishingGradient", {"gradients": {"save_interval": "500"}}),
        ("WeightUpdateRatio", {"weights": {"save_interval": "500"}}),
        ("DeadRelu", {"relu_output": {"include_regex": ".*relu_output", "save_interval": "500"}}),
        (
            "CreateXgboostReport",
            {
                "metrics": {"save_interval": "5"},
                "feature_importance": {"save_interval": "5"},
                "hyperparameters": {"save_steps": "0"},
                "predictions": {"save_interval": "5"},
                "labels": {"save_interval": "5"},
            },
        ),
        ("Overfit", {}),
    ],
)
def test_rule_brings_its_collections(rule, collections):
    assert DEBUG_RULES[rule].collections == collections


@pytest.mark.parametrize("rule", DEBUG_RULES)
def test_numbers_without_a_default_are_parameters_of_the_rule(rule):
    parameters = DEBUG_RULES[rule].parameters
    assert [name for name in DEBUG_RULES[rule].numbers if parameters[name] is not None] == []


@pytest.mark.parametrize("rules", [DEBUG_RULES, PROFILER_RULES])
def test_defaults_are_within_the_ranges_and_choices(rules):
    for rule in rules.values():
        for name, (low, high) in rule.ranges.items():
            assert low <= rule.parameters[name] <= high
    for rule in DEBUG_RULES.values():
        assert all(rule.parameters[name] in choices for name, choices in rule.choices.items())
