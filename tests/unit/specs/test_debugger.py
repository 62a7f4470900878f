from __future__ import annotations

import pytest

from sm_raw.specs import resources, script_mode, training_job
from sm_raw.specs.debugger import collection, custom_debug_rule, debug_rule, hook_config, tensorboard_output
from sm_raw.specs.debugger_rules import DEBUG_RULES, DEEP_LEARNING, XGBOOST
from sm_raw.specs.rule_actions import email, sms, stop_training
from sm_raw.validation import check

IMAGE = "503895931360.dkr.ecr.us-east-1.amazonaws.com/sagemaker-debugger-rules:latest"
EVALUATOR = "864354269164.dkr.ecr.us-east-1.amazonaws.com/sagemaker-debugger-rule-evaluator:latest"


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


def test_rule_takes_earlier_trials_and_actions():
    rule = debug_rule(
        "SimilarAcrossRuns",
        image_uri=IMAGE,
        other_trials=["s3://bucket/a/debug-output", "s3://bucket/b/debug-output"],
        actions=stop_training(job_name="dogs"),
    )
    assert rule["RuleParameters"] == {
        "rule_to_invoke": "SimilarAcrossRuns",
        "other_trial_0": "s3://bucket/a/debug-output",
        "other_trial_1": "s3://bucket/b/debug-output",
        "action_json": r"{\"name\": \"stoptraining\", \"training_job_prefix\": \"dogs\"}",
    }


def test_rule_of_ones_own_names_its_source_and_instance():
    assert custom_debug_rule(
        "MyRule",
        source_uri="s3://bucket/my_rule.py",
        image_uri=EVALUATOR,
        instance_type="ml.t3.medium",
        volume_gb=10,
        parameters={"threshold": 20.0},
        other_trials=["s3://bucket/other/debug-output"],
        name="mine",
        extra={"LocalPath": "/opt/ml/processing/output/mine"},
    ) == {
        "RuleConfigurationName": "mine",
        "RuleEvaluatorImage": EVALUATOR,
        "RuleParameters": {
            "rule_to_invoke": "MyRule",
            "source_s3_uri": "s3://bucket/my_rule.py",
            "threshold": "20.0",
            "other_trial_0": "s3://bucket/other/debug-output",
        },
        "InstanceType": "ml.t3.medium",
        "VolumeSizeInGB": 10,
        "LocalPath": "/opt/ml/processing/output/mine",
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


def test_collections_named_for_a_rule_are_saved_instead_of_its_own():
    every_step = [collection("gradients", {"save_interval": 1}), collection("losses", {"save_interval": 5})]
    config = hook_config(
        "s3://bucket/out",
        rules=[*rules("VanishingGradient", "LossNotDecreasing"), debug_rule("Mine", image_uri=EVALUATOR)],
        rule_collections={"VanishingGradient": every_step, "Mine": [collection("weights")]},
    )
    assert config["CollectionConfigurations"] == [
        {"CollectionName": "gradients", "CollectionParameters": {"save_interval": "1"}},
        {"CollectionName": "losses", "CollectionParameters": {"save_interval": "5"}},
        {"CollectionName": "weights"},
    ]


def test_rule_that_is_not_built_in_brings_nothing():
    assert hook_config("s3://bucket/out", rules=rules("MyRule")) == {"S3OutputPath": "s3://bucket/out"}


def test_the_table_of_rules_is_not_changed_by_what_is_built_from_it():
    config = hook_config("s3://bucket/out", rules=rules("VanishingGradient"))
    config["CollectionConfigurations"][0]["CollectionParameters"]["save_interval"] = "1"
    assert DEBUG_RULES["VanishingGradient"].collections == {"gradients": {"save_interval": "500"}}


def test_tensorboard_output_is_exactly():
    assert tensorboard_output("s3://bucket/tb") == {"S3OutputPath": "s3://bucket/tb"}
    assert tensorboard_output("s3://bucket/tb", local_path="/opt/ml/output/tensorboard") == {
        "S3OutputPath": "s3://bucket/tb",
        "LocalPath": "/opt/ml/output/tensorboard",
    }


@pytest.mark.parametrize(
    ("scope", "image"),
    [
        (DEEP_LEARNING, "763104351884.dkr.ecr.us-east-1.amazonaws.com/pytorch-training:1.13.1-gpu-py39"),
        (XGBOOST, "683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-xgboost:1.7-1"),
    ],
)
def test_a_job_with_every_part_of_the_debugger_has_no_findings(scope, image):
    debug_rules = [
        *rules(*(name for name, rule in DEBUG_RULES.items() if not rule.needs and rule.scope in ("", scope))),
        debug_rule("AllZero", image_uri=IMAGE, parameters={"collection_names": "weights"}),
        debug_rule("SimilarAcrossRuns", image_uri=IMAGE, other_trials=["s3://bucket/other/debug-output"]),
        debug_rule("TensorVariance", image_uri=IMAGE, parameters={"tensor_regex": "weight", "max_threshold": 2}),
    ]
    custom = custom_debug_rule(
        "MyRule",
        source_uri="s3://bucket/my_rule.py",
        image_uri=EVALUATOR,
        instance_type="ml.t3.medium",
        volume_gb=10,
        parameters={"threshold": 20.0},
        actions=[stop_training(job_name="dogs"), email("me@example.com"), sms("+12065550100")],
    )
    chosen = [custom, *debug_rules][:20]
    request = training_job(
        "dogs",
        image_uri=image,
        role_arn="arn:aws:iam::123456789012:role/SageMakerRole",
        output_uri="s3://bucket/out",
        resources=resources("ml.g4dn.xlarge"),
        hyperparameters=script_mode("train.py", submit_directory="s3://bucket/code.tar.gz"),
        debug_rules=chosen,
        debug_hook=hook_config(
            "s3://bucket/out",
            rules=chosen,
            parameters={"save_interval": 100, "eval.save_steps": [0, 10], "include_workers": "all"},
            collections=[
                collection("logits", {"include_regex": "CrossEntropyLoss_input_0", "reductions": "mean,abs_l1_norm"})
            ],
        ),
        extra={"TensorBoardOutputConfig": tensorboard_output("s3://bucket/tb")},
    )
    assert check("CreateTrainingJob", request, region="us-east-1") == []
