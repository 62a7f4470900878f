from __future__ import annotations

import pytest

from sm_raw.specs import (
    DEBUG_RULES,
    collection,
    debug_rule,
    hook_config,
    profiler_config,
    profiler_off,
    profiler_report,
    profiler_rule,
)

IMAGE = "503895931360.dkr.ecr.us-east-1.amazonaws.com/sagemaker-debugger-rules:latest"


def rules(*names):
    return [debug_rule(name, image_uri=IMAGE) for name in names]


def test_built_in_rule_carries_its_name_and_no_default():
    assert debug_rule("Overfit", image_uri=IMAGE) == {
        "RuleConfigurationName": "Overfit",
        "RuleEvaluatorImage": IMAGE,
        "RuleParameters": {"rule_to_invoke": "Overfit"},
    }


def test_rule_parameters_are_text_in_the_spelling_of_smdebug_and_the_rule_comes_first():
    rule = debug_rule(
        "LossNotDecreasing",
        image_uri=IMAGE,
        name="loss-of-training",
        parameters={"mode": "TRAIN", "num_steps": 10, "use_losses_collection": False, "tensor_regex": ["a", "b"]},
    )
    assert rule["RuleConfigurationName"] == "loss-of-training"
    assert list(rule["RuleParameters"].items()) == [
        ("rule_to_invoke", "LossNotDecreasing"),
        ("mode", "TRAIN"),
        ("num_steps", "10"),
        ("use_losses_collection", "False"),
        ("tensor_regex", "a,b"),
    ]


def test_rule_of_ones_own_names_its_source_and_instance():
    assert debug_rule(
        "MyRule",
        image_uri="759209512951.dkr.ecr.us-west-2.amazonaws.com/sagemaker-debugger-rule-evaluator:latest",
        parameters={"source_s3_uri": "s3://bucket/my_rule.py", "threshold": 20.0},
        extra={"InstanceType": "ml.t3.medium", "VolumeSizeInGB": 10},
    ) == {
        "RuleConfigurationName": "MyRule",
        "RuleEvaluatorImage": ("759209512951.dkr.ecr.us-west-2.amazonaws.com/sagemaker-debugger-rule-evaluator:latest"),
        "RuleParameters": {
            "rule_to_invoke": "MyRule",
            "source_s3_uri": "s3://bucket/my_rule.py",
            "threshold": "20.0",
        },
        "InstanceType": "ml.t3.medium",
        "VolumeSizeInGB": 10,
    }


def test_collection_parameters_are_text():
    assert collection("losses") == {"CollectionName": "losses"}
    assert collection("all", {"include_regex": ".*", "save_histogram": True, "train.save_interval": 10}) == {
        "CollectionName": "all",
        "CollectionParameters": {
            "include_regex": ".*",
            "save_histogram": "True",
            "train.save_interval": "10",
        },
    }


def test_hook_with_nothing_named_saves_what_smdebug_saves_by_itself():
    assert hook_config("s3://bucket/out") == {"S3OutputPath": "s3://bucket/out"}


def test_hook_saves_what_its_rules_look_at_and_what_was_named():
    assert hook_config(
        "s3://bucket/out",
        rules=rules("VanishingGradient", "Overfit", "Overtraining", "PoorWeightInitialization", "LossNotDecreasing"),
        collections=[collection("logits", {"include_regex": "CrossEntropyLoss_input_0"})],
        parameters={"train.save_interval": 100, "eval.save_interval": 10},
        extra={"LocalPath": "/opt/ml/output/other"},
    ) == {
        "S3OutputPath": "s3://bucket/out",
        "LocalPath": "/opt/ml/output/other",
        "HookParameters": {"train.save_interval": "100", "eval.save_interval": "10"},
        "CollectionConfigurations": [
            {
                "CollectionName": "logits",
                "CollectionParameters": {"include_regex": "CrossEntropyLoss_input_0"},
            },
            {"CollectionName": "gradients", "CollectionParameters": {"save_interval": "500"}},
            {
                "CollectionName": "relu_input",
                "CollectionParameters": {"include_regex": ".*relu_input", "save_interval": "500"},
            },
            {"CollectionName": "losses", "CollectionParameters": {"save_interval": "500"}},
        ],
    }


@pytest.mark.parametrize(
    ("given", "merged"),
    [
        ({"save_interval": 5}, {"include_regex": ".*relu_input", "save_interval": "5"}),
        (
            {"include_regex": "relu", "train.save_interval": 5},
            {"include_regex": "relu", "train.save_interval": "5", "save_interval": "500"},
        ),
        ({}, {"include_regex": ".*relu_input", "save_interval": "500"}),
    ],
)
def test_collection_given_and_brought_by_a_rule_appears_once_and_the_given_parameters_win(given, merged):
    config = hook_config(
        "s3://bucket/out",
        rules=rules("PoorWeightInitialization"),
        collections=[collection("relu_input", given)],
    )
    assert config["CollectionConfigurations"] == [{"CollectionName": "relu_input", "CollectionParameters": merged}]


def test_two_rules_that_bring_the_same_collection_bring_it_once():
    config = hook_config("s3://bucket/out", rules=rules("VanishingGradient", "VanishingGradient"))
    assert config["CollectionConfigurations"] == [
        {"CollectionName": "gradients", "CollectionParameters": {"save_interval": "500"}}
    ]


def test_rule_that_is_not_built_in_brings_nothing():
    assert hook_config("s3://bucket/out", rules=rules("MyRule")) == {"S3OutputPath": "s3://bucket/out"}


def test_the_table_of_rules_is_not_changed_by_what_is_built_from_it():
    config = hook_config("s3://bucket/out", rules=rules("VanishingGradient"))
    config["CollectionConfigurations"][0]["CollectionParameters"]["save_interval"] = "1"
    assert DEBUG_RULES["VanishingGradient"].collections == {"gradients": {"save_interval": "500"}}


@pytest.mark.parametrize(
    ("built", "expected"),
    [
        (profiler_config("s3://bucket/out"), {"S3OutputPath": "s3://bucket/out"}),
        (
            profiler_config(
                "s3://bucket/out",
                interval_milliseconds=500,
                parameters={"LocalPath": "/opt/ml/output/profiler/"},
                extra={"DisableProfiler": False},
            ),
            {
                "S3OutputPath": "s3://bucket/out",
                "ProfilingIntervalInMilliseconds": 500,
                "ProfilingParameters": {"LocalPath": "/opt/ml/output/profiler/"},
                "DisableProfiler": False,
            },
        ),
        (profiler_off(), {"DisableProfiler": True}),
        (
            profiler_report(image_uri=IMAGE, parameters={"CPUBottleneck_threshold": 60}),
            {
                "RuleConfigurationName": "ProfilerReport",
                "RuleEvaluatorImage": IMAGE,
                "RuleParameters": {"rule_to_invoke": "ProfilerReport", "CPUBottleneck_threshold": "60"},
            },
        ),
        (
            profiler_rule("StepOutlier", image_uri=IMAGE, name="slow-steps", parameters={"mode": None}),
            {
                "RuleConfigurationName": "slow-steps",
                "RuleEvaluatorImage": IMAGE,
                "RuleParameters": {"rule_to_invoke": "StepOutlier", "mode": "None"},
            },
        ),
    ],
)
def test_profiler_fragment_is_exactly(built, expected):
    assert built == expected
