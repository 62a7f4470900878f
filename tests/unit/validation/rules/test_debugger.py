from __future__ import annotations

from typing import Any

import pytest

from sm_raw.validation.rules import debugger
from sm_raw.validation.rules.base import Rule

BUILT_IN = "503895931360.dkr.ecr.us-east-1.amazonaws.com/sagemaker-debugger-rules:latest"
EVALUATOR = "864354269164.dkr.ecr.us-east-1.amazonaws.com/sagemaker-debugger-rule-evaluator:latest"
TRAINING = "763104351884.dkr.ecr.{}.amazonaws.com/pytorch-training:1.13.1-gpu-py39"
AT = "DebugRuleConfigurations[0]"
PROFILER_AT = "ProfilerRuleConfigurations[0]"


def found(rule: type[Rule], request: Any, region: str | None = None) -> list[tuple[str, str]]:
    return [(each.path, each.message) for each in rule("CreateTrainingJob", region).check(request)]


def debug(*, image: str = BUILT_IN, fields: dict[str, Any] | None = None, **parameters: object) -> dict[str, Any]:
    return {"DebugRuleConfigurations": [{"RuleEvaluatorImage": image, "RuleParameters": parameters, **(fields or {})}]}


def profiler(*, image: str = BUILT_IN, **parameters: object) -> dict[str, Any]:
    return {"ProfilerRuleConfigurations": [{"RuleEvaluatorImage": image, "RuleParameters": parameters}]}


@pytest.mark.parametrize(
    ("request_", "findings"),
    [
        (debug(rule_to_invoke="Overfit"), []),
        (debug(rule_to_invoke="${rule}"), []),
        (debug(image="${image}"), []),
        (debug(image="123456789012.dkr.ecr.us-east-1.amazonaws.com/my-rules:1"), []),
        (debug(fields={"RuleParameters": "${parameters}"}), []),
        ({"DebugRuleConfigurations": "${rules}"}, []),
        (
            debug(fields={"RuleConfigurationName": "Overfit"}),
            [
                (
                    f"{AT}.RuleParameters.rule_to_invoke",
                    "missing; the image runs the rule that it names: give it, as in 'Overfit'",
                )
            ],
        ),
        (
            {"ProfilerRuleConfigurations": [{"RuleEvaluatorImage": EVALUATOR}]},
            [
                (
                    f"{PROFILER_AT}.RuleParameters.rule_to_invoke",
                    "missing; the image runs the rule that it names: give it, as in 'VanishingGradient'",
                )
            ],
        ),
    ],
)
def test_rule_is_named(request_: dict[str, Any], findings: list[tuple[str, str]]) -> None:
    assert found(debugger.RuleIsNamed, request_) == findings


@pytest.mark.parametrize(
    ("request_", "findings"),
    [
        (debug(rule_to_invoke="WeightUpdateRatio"), []),
        (profiler(rule_to_invoke="ProfilerReport"), []),
        (debug(image=EVALUATOR, rule_to_invoke="MyRule"), []),
        (debug(image="${image}", rule_to_invoke="Vanish"), []),
        (
            debug(rule_to_invoke="VanishingGradients"),
            [
                (
                    f"{AT}.RuleParameters.rule_to_invoke",
                    "'VanishingGradients' is no built-in rule; did you mean 'VanishingGradient'?",
                )
            ],
        ),
        (
            debug(rule_to_invoke="zzz"),
            [
                (
                    f"{AT}.RuleParameters.rule_to_invoke",
                    "'zzz' is no built-in rule; see "
                    "https://docs.aws.amazon.com/sagemaker/latest/dg/debugger-built-in-rules.html",
                )
            ],
        ),
        (
            debug(rule_to_invoke="LowGPUUtilization"),
            [
                (
                    f"{AT}.RuleParameters.rule_to_invoke",
                    "'LowGPUUtilization' is a rule for ProfilerRuleConfigurations; move the configuration there",
                )
            ],
        ),
        (
            profiler(rule_to_invoke="Overfit"),
            [
                (
                    f"{PROFILER_AT}.RuleParameters.rule_to_invoke",
                    "'Overfit' is a rule for DebugRuleConfigurations; move the configuration there",
                )
            ],
        ),
    ],
)
def test_known_rule(request_: dict[str, Any], findings: list[tuple[str, str]]) -> None:
    assert found(debugger.KnownRule, request_) == findings


NEEDS_IT = "missing; a rule in the image sagemaker-debugger-rule-evaluator needs it"


@pytest.mark.parametrize(
    ("request_", "findings"),
    [
        (
            debug(
                image=EVALUATOR,
                source_s3_uri="s3://bucket/rule.py",
                fields={"InstanceType": "ml.t3.medium", "VolumeSizeInGB": 10},
            ),
            [],
        ),
        (
            debug(
                image=EVALUATOR,
                fields={"InstanceType": "${type}", "VolumeSizeInGB": "${gb}", "RuleParameters": "${parameters}"},
            ),
            [],
        ),
        (debug(), []),
        (
            debug(image=EVALUATOR),
            [
                (f"{AT}.InstanceType", NEEDS_IT),
                (f"{AT}.VolumeSizeInGB", NEEDS_IT),
                (f"{AT}.RuleParameters.source_s3_uri", NEEDS_IT),
            ],
        ),
    ],
)
def test_custom_rule_is_complete(request_: dict[str, Any], findings: list[tuple[str, str]]) -> None:
    assert found(debugger.CustomRuleIsComplete, request_) == findings


@pytest.mark.parametrize(
    ("request_", "findings"),
    [
        (debug(), []),
        (debug(fields={"VolumeSizeInGB": 0}), []),
        (debug(fields={"InstanceType": "${type}"}), []),
        (debug(image=EVALUATOR, fields={"InstanceType": "ml.t3.medium"}), []),
        (
            debug(fields={"InstanceType": "ml.t3.medium", "VolumeSizeInGB": 10}),
            [
                (
                    f"{AT}.InstanceType",
                    "'ml.t3.medium' is given for a built-in rule, which brings its own instance; remove it",
                ),
                (
                    f"{AT}.VolumeSizeInGB",
                    "10 is given for a built-in rule, which brings its own instance; remove it",
                ),
            ],
        ),
    ],
)
def test_built_in_rule_brings_its_instance(request_: dict[str, Any], findings: list[tuple[str, str]]) -> None:
    assert found(debugger.BuiltInRuleBringsInstance, request_) == findings


def trained_in(region: str, request: dict[str, Any]) -> dict[str, Any]:
    return {"AlgorithmSpecification": {"TrainingImage": TRAINING.format(region)}, **request}


IMAGES_PAGE = "https://docs.aws.amazon.com/sagemaker/latest/dg/debugger-docker-images-rules.html"
WEST = "895741380848.dkr.ecr.us-west-2.amazonaws.com/sagemaker-debugger-rules:latest"


@pytest.mark.parametrize(
    ("request_", "region", "findings"),
    [
        (trained_in("us-east-1", debug()), None, []),
        (trained_in("us-east-1", debug()), "us-east-1", []),
        (trained_in("us-east-1", debug(image="${image}")), "us-east-1", []),
        ({**debug(), "AlgorithmSpecification": {"TrainingImage": "${image}"}}, None, []),
        (debug(), None, []),
        (
            trained_in("us-west-2", debug()),
            None,
            [(f"{AT}.RuleEvaluatorImage", f"an image of us-east-1 for a job in us-west-2; give {WEST}")],
        ),
        (
            profiler(),
            "us-west-2",
            [(f"{PROFILER_AT}.RuleEvaluatorImage", f"an image of us-east-1 for a job in us-west-2; give {WEST}")],
        ),
        (
            trained_in("us-west-2", debug(image=EVALUATOR)),
            None,
            [
                (
                    f"{AT}.RuleEvaluatorImage",
                    "an image of us-east-1 for a job in us-west-2; give the image of us-west-2",
                )
            ],
        ),
        (
            trained_in("ap-southeast-3", debug()),
            None,
            [
                (
                    f"{AT}.RuleEvaluatorImage",
                    f"no built-in rules are known for ap-southeast-3; see {IMAGES_PAGE}",
                )
            ],
        ),
    ],
)
def test_rule_image_fits_the_region(
    request_: dict[str, Any], region: str | None, findings: list[tuple[str, str]]
) -> None:
    assert found(debugger.RuleImageFitsRegion, request_, region) == findings


@pytest.mark.parametrize(
    ("image", "message"),
    [
        (BUILT_IN, None),
        (EVALUATOR, None),
        ("123456789012.dkr.ecr.xy-north-9.amazonaws.com/sagemaker-debugger-rules:latest", None),
        (
            "895741380848.dkr.ecr.us-east-1.amazonaws.com/sagemaker-debugger-rules:latest",
            f"account 895741380848 holds no image of built-in rules in us-east-1; give {BUILT_IN}",
        ),
    ],
)
def test_rule_image_is_of_its_account(image: str, message: str | None) -> None:
    expected = [(f"{AT}.RuleEvaluatorImage", message)] if message else []
    assert found(debugger.RuleImageOfItsAccount, debug(image=image)) == expected


CPU, GPUS = {"InstanceType": "ml.c5.xlarge"}, {"InstanceType": "ml.g4dn.xlarge"}
XGBOOST = "683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-xgboost:1.7-1"


def training(image: str = TRAINING.format("us-east-1"), resources: object = GPUS) -> dict[str, Any]:
    return {"AlgorithmSpecification": {"TrainingImage": image}, "ResourceConfig": resources}


@pytest.mark.parametrize(
    ("request_", "findings"),
    [
        ({**training(), **profiler(rule_to_invoke="LowGPUUtilization")}, []),
        ({**training(resources=CPU), **profiler(rule_to_invoke="CPUBottleneck")}, []),
        ({**training(resources=CPU), **profiler(rule_to_invoke="ProfilerReport")}, []),
        ({**training(resources={"InstanceType": "${type}"}), **profiler(rule_to_invoke="LowGPUUtilization")}, []),
        (profiler(rule_to_invoke="LowGPUUtilization"), []),
        ({**training(), **debug(rule_to_invoke="VanishingGradient")}, []),
        ({**training(), **debug(rule_to_invoke="Confusion")}, []),
        ({**training(XGBOOST), **debug(rule_to_invoke="TreeDepth")}, []),
        ({**training(XGBOOST), **debug(rule_to_invoke="Overfit")}, []),
        ({**training("123456789012.dkr.ecr.us-east-1.amazonaws.com/mine:1"), **debug(rule_to_invoke="TreeDepth")}, []),
        ({**training(), **debug(image=EVALUATOR, rule_to_invoke="TreeDepth")}, []),
        (
            {**training(resources=CPU), **profiler(rule_to_invoke="GPUMemoryIncrease")},
            [
                (
                    f"{PROFILER_AT}.RuleParameters.rule_to_invoke",
                    "GPUMemoryIncrease looks at GPUs, there is none on ml.c5.xlarge; remove it",
                )
            ],
        ),
        (
            {**training(), **debug(rule_to_invoke="TreeDepth")},
            [
                (
                    f"{AT}.RuleParameters.rule_to_invoke",
                    "TreeDepth is a rule for XGBoost, the image for deep learning; remove it",
                )
            ],
        ),
        (
            {**training(XGBOOST), **debug(rule_to_invoke="DeadRelu")},
            [
                (
                    f"{AT}.RuleParameters.rule_to_invoke",
                    "DeadRelu is a rule for deep learning, the image for XGBoost; remove it",
                )
            ],
        ),
    ],
)
def test_rule_has_something_to_look_at(request_: dict[str, Any], findings: list[tuple[str, str]]) -> None:
    assert found(debugger.RuleHasSomethingToLookAt, request_) == findings


@pytest.mark.parametrize(
    ("image", "message"),
    [
        (BUILT_IN, None),
        (EVALUATOR, None),
        ("${image}", None),
        ("123456789012.dkr.ecr.us-east-1.amazonaws.com/pytorch-training:1.13.1-gpu-py39", None),
        ("503895931360.dkr.ecr.us-east-1.amazonaws.com/detailed-profiler-processing:latest", None),
        (
            TRAINING.format("us-east-1"),
            "pytorch-training is no image for rules; give that of sagemaker-debugger-rules for a built-in rule, "
            "sagemaker-debugger-rule-evaluator for one of your own",
        ),
    ],
)
def test_rule_image_runs_rules(image: str, message: str | None) -> None:
    expected = [(f"{AT}.RuleEvaluatorImage", message)] if message else []
    assert found(debugger.RuleImageRunsRules, debug(image=image, rule_to_invoke="Overfit")) == expected
