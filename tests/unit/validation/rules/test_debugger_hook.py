from __future__ import annotations

from typing import Any

import pytest

from sm_raw.validation.rules import debugger_hook
from sm_raw.validation.rules.base import Rule

IMAGE = "503895931360.dkr.ecr.us-east-1.amazonaws.com/sagemaker-debugger-rules:latest"
TRAINING = "763104351884.dkr.ecr.us-east-1.amazonaws.com/{}-gpu-py310"
ROLE = "arn:aws:iam::123456789012:role/SageMakerRole"
AT = "DebugRuleConfigurations[0]"


def found(rule: type[Rule], request: Any) -> list[tuple[str, str]]:
    return [(each.path, each.message) for each in rule("CreateTrainingJob").check(request)]


@pytest.mark.parametrize(
    ("request_", "findings"),
    [
        ({"DebugRuleConfigurations": [{}], "DebugHookConfig": {}}, []),
        ({"DebugRuleConfigurations": [{}], "DebugHookConfig": "${hook}"}, []),
        ({"DebugRuleConfigurations": []}, []),
        ({"DebugRuleConfigurations": "${rules}"}, []),
        ({}, []),
        (
            {"DebugRuleConfigurations": [{}]},
            [("DebugHookConfig", "missing; 1 rule waits for tensors that only a hook saves: add S3OutputPath")],
        ),
        (
            {"DebugRuleConfigurations": [{}, {}]},
            [("DebugHookConfig", "missing; 2 rules wait for tensors that only a hook saves: add S3OutputPath")],
        ),
    ],
)
def test_debugger_rules_need_a_hook(request_: dict[str, Any], findings: list[tuple[str, str]]) -> None:
    assert found(debugger_hook.DebuggerRulesNeedHook, request_) == findings


def unsaved(rule: str, collection: str) -> list[tuple[str, str]]:
    message = f"{rule} reads the collection {collection!r}, which the hook does not save; add it to DebugHookConfig"
    return [(AT, message)]


def saved(*names: str, **parameters: str) -> dict[str, Any]:
    return {
        "CollectionConfigurations": [{"CollectionName": name} for name in names],
        "HookParameters": parameters,
    }


REGEX = {
    "CollectionConfigurations": [{"CollectionName": "some", "CollectionParameters": {"include_regex": "fc"}}],
}


@pytest.mark.parametrize(
    ("parameters", "hook", "findings"),
    [
        ({"rule_to_invoke": "VanishingGradient"}, saved("gradients"), []),
        ({"rule_to_invoke": "VanishingGradient"}, saved("all"), []),
        ({"rule_to_invoke": "VanishingGradient"}, saved(save_all="True"), []),
        ({"rule_to_invoke": "VanishingGradient"}, saved(save_all="${all}"), []),
        ({"rule_to_invoke": "VanishingGradient"}, saved("${collection}"), []),
        ({"rule_to_invoke": "VanishingGradient"}, {"CollectionConfigurations": "${collections}"}, []),
        ({"rule_to_invoke": "VanishingGradient"}, REGEX, []),
        ({"rule_to_invoke": "VanishingGradient"}, None, []),
        ({"rule_to_invoke": "LossNotDecreasing"}, saved(), []),
        ({"rule_to_invoke": "Overfit"}, saved(), []),
        ({"rule_to_invoke": "DeadRelu", "tensor_regex": "relu"}, saved(), []),
        ({"rule_to_invoke": "AllZero", "collection_names": "weights, some"}, REGEX, []),
        ({"rule_to_invoke": "AllZero", "collection_names": "None", "tensor_regex": "fc"}, REGEX, []),
        ({"rule_to_invoke": "VanishingGradient"}, saved(), unsaved("VanishingGradient", "gradients")),
        ({"rule_to_invoke": "VanishingGradient"}, saved(save_all="False"), unsaved("VanishingGradient", "gradients")),
        ({"rule_to_invoke": "WeightUpdateRatio"}, saved("gradients"), unsaved("WeightUpdateRatio", "weights")),
        ({"rule_to_invoke": "DeadRelu"}, REGEX, unsaved("DeadRelu", "relu_output")),
        ({"rule_to_invoke": "AllZero", "collection_names": "losses,other"}, REGEX, unsaved("AllZero", "other")),
    ],
)
def test_hook_saves_what_rules_read(
    parameters: dict[str, str], hook: dict[str, Any] | None, findings: list[tuple[str, str]]
) -> None:
    request: dict[str, Any] = {"DebugRuleConfigurations": [{"RuleEvaluatorImage": IMAGE, "RuleParameters": parameters}]}
    if hook is not None:
        request["DebugHookConfig"] = hook
    assert found(debugger_hook.HookSavesWhatRulesRead, request) == findings


USED = saved("gradients")
CHECKPOINTS = {"CheckpointConfig": {"S3Uri": "s3://bucket/checkpoints"}}


@pytest.mark.parametrize(
    ("hook", "hyperparameters", "more", "message"),
    [
        (USED, {}, CHECKPOINTS, None),
        (USED, {"sagemaker_mpi_enabled": "true"}, {}, None),
        (USED, {"sagemaker_mpi_enabled": "false"}, CHECKPOINTS, None),
        ({"CollectionConfigurations": []}, {"mp_parameters": "{}"}, {}, None),
        (USED, "${hyperparameters}", CHECKPOINTS, None),
        (USED, {"mp_parameters": "{}"}, {}, "Debugger does not support model parallel training; remove it"),
        (
            USED,
            {"sagemaker_parameter_server_enabled": "true"},
            {},
            "Debugger does not support parameter servers; remove it",
        ),
        (
            USED,
            {"sagemaker_distributed_dataparallel_enabled": '"true"'},
            CHECKPOINTS,
            "Debugger does not support distributed training with checkpoints; remove one of them",
        ),
    ],
)
def test_debugger_fits_the_distribution(
    hook: dict[str, Any], hyperparameters: Any, more: dict[str, Any], message: str | None
) -> None:
    request = {"DebugHookConfig": hook, "HyperParameters": hyperparameters, **more}
    expected = [("DebugHookConfig", message)] if message else []
    assert found(debugger_hook.DebuggerFitsDistribution, request) == expected


@pytest.mark.parametrize(
    ("image", "hook", "message"),
    [
        (TRAINING.format("pytorch-training:2.1.0"), USED, None),
        (TRAINING.format("pytorch-training:1.12"), USED, None),
        (TRAINING.format("pytorch-training:2.2.0"), {"CollectionConfigurations": []}, None),
        (TRAINING.format("tensorflow-training:2.2.0"), USED, None),
        ("123456789012.dkr.ecr.us-east-1.amazonaws.com/pytorch-training:2.8.0", USED, None),
        ("${image}", USED, None),
        (
            TRAINING.format("pytorch-training:2.2.0"),
            USED,
            "the image of PyTorch 2.2.0 holds no smdebug; install it, or use 2.1 or older",
        ),
    ],
)
def test_image_holds_the_debugger(image: str, hook: dict[str, Any], message: str | None) -> None:
    request = {"RoleArn": ROLE, "AlgorithmSpecification": {"TrainingImage": image}, "DebugHookConfig": hook}
    expected = [("AlgorithmSpecification.TrainingImage", message)] if message else []
    assert found(debugger_hook.ImageHoldsDebugger, request) == expected
