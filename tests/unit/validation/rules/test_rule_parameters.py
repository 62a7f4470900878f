from __future__ import annotations

from typing import Any

import pytest

from sm_raw.validation.rules import rule_parameters
from sm_raw.validation.rules.base import Rule

BUILT_IN = "503895931360.dkr.ecr.us-east-1.amazonaws.com/sagemaker-debugger-rules:latest"
EVALUATOR = "864354269164.dkr.ecr.us-east-1.amazonaws.com/sagemaker-debugger-rule-evaluator:latest"
AT = "DebugRuleConfigurations[0]"
PROFILER_AT = "ProfilerRuleConfigurations[0]"


def found(rule: type[Rule], request: Any) -> list[tuple[str, str]]:
    return [(each.path, each.message) for each in rule("CreateTrainingJob").check(request)]


def debug(*, image: str = BUILT_IN, fields: dict[str, Any] | None = None, **parameters: object) -> dict[str, Any]:
    return {"DebugRuleConfigurations": [{"RuleEvaluatorImage": image, "RuleParameters": parameters, **(fields or {})}]}


def profiler(*, image: str = BUILT_IN, **parameters: object) -> dict[str, Any]:
    return {"ProfilerRuleConfigurations": [{"RuleEvaluatorImage": image, "RuleParameters": parameters}]}


@pytest.mark.parametrize(
    ("request_", "findings"),
    [
        (debug(rule_to_invoke="Overfit", ratio_threshold="0.2", start_step="1", action_json="{}"), []),
        (debug(rule_to_invoke="SimilarAcrossRuns", other_trial_0="s3://bucket/other", base_trial="x"), []),
        (debug(image=EVALUATOR, rule_to_invoke="MyRule", whatever="1"), []),
        (profiler(rule_to_invoke="BatchSize", scan_interval_us="60000000"), []),
        (
            profiler(rule_to_invoke="ProfilerReport", cpubottleneck_Threshold="1", Dataloader_min_threshold="1"),
            [],
        ),
        (profiler(rule_to_invoke="ProfilerReport", opt_out_telemetry="True"), []),
        (
            debug(rule_to_invoke="VanishingGradient", treshold="1e-7"),
            [
                (
                    f"{AT}.RuleParameters.treshold",
                    "'treshold' is no parameter of VanishingGradient; did you mean 'threshold'?",
                )
            ],
        ),
        (
            debug(rule_to_invoke="CreateXgboostReport", depth="3"),
            [(f"{AT}.RuleParameters.depth", "'depth' is no parameter of CreateXgboostReport; remove it")],
        ),
        (
            profiler(rule_to_invoke="ProfilerReport", CPUBottleneck_treshold="60"),
            [
                (
                    f"{PROFILER_AT}.RuleParameters.CPUBottleneck_treshold",
                    "'CPUBottleneck_treshold' is no parameter of ProfilerReport; did you mean "
                    "'CPUBottleneck_threshold', 'CPUBottleneck_gpu_threshold' or 'CPUBottleneck_cpu_threshold'?",
                )
            ],
        ),
    ],
)
def test_known_rule_parameters(request_: dict[str, Any], findings: list[tuple[str, str]]) -> None:
    assert found(rule_parameters.KnownRuleParameters, request_) == findings


@pytest.mark.parametrize(
    ("request_", "findings"),
    [
        (debug(rule_to_invoke="VanishingGradient", threshold="1e-7"), []),
        (debug(rule_to_invoke="VanishingGradient", threshold="${threshold}"), []),
        (debug(rule_to_invoke="LossNotDecreasing", use_losses_collection="true", mode="TRAIN"), []),
        (debug(rule_to_invoke="WeightUpdateRatio", num_steps="None"), []),
        (debug(image=EVALUATOR, rule_to_invoke="VanishingGradient", threshold="low"), []),
        (profiler(rule_to_invoke="StepOutlier", mode="None", stddev="3"), []),
        (
            debug(rule_to_invoke="VanishingGradient", threshold="low"),
            [(f"{AT}.RuleParameters.threshold", "'low' spells no number; the default is 1e-07")],
        ),
        (
            debug(rule_to_invoke="TensorVariance", max_threshold="much"),
            [(f"{AT}.RuleParameters.max_threshold", "'much' spells no number; the default is None")],
        ),
        (
            debug(rule_to_invoke="ClassImbalance", argmax="yes"),
            [(f"{AT}.RuleParameters.argmax", "'yes' spells no boolean; give True or False")],
        ),
        (
            profiler(rule_to_invoke="CPUBottleneck", patience="a while"),
            [(f"{PROFILER_AT}.RuleParameters.patience", "'a while' spells no number; the default is 1000")],
        ),
    ],
)
def test_rule_parameter_values(request_: dict[str, Any], findings: list[tuple[str, str]]) -> None:
    assert found(rule_parameters.RuleParameterValues, request_) == findings


@pytest.mark.parametrize(
    ("request_", "findings"),
    [
        (debug(rule_to_invoke="AllZero", tensor_regex=".*"), []),
        (debug(rule_to_invoke="UnchangedTensor", collection_names="${collections}"), []),
        (debug(rule_to_invoke="SimilarAcrossRuns", other_trial_0="s3://bucket/other"), []),
        (debug(rule_to_invoke="SimilarAcrossRuns", other_trials="earlier-job"), []),
        (debug(rule_to_invoke="LossNotDecreasing"), []),
        (debug(rule_to_invoke="AllZero", fields={"RuleParameters": "${parameters}"}), []),
        (
            debug(rule_to_invoke="AllZero", threshold="50"),
            [
                (
                    f"{AT}.RuleParameters.collection_names",
                    "missing; AllZero needs collection_names or tensor_regex",
                )
            ],
        ),
        (
            debug(rule_to_invoke="SimilarAcrossRuns"),
            [
                (
                    f"{AT}.RuleParameters.other_trials",
                    "missing; SimilarAcrossRuns needs other_trials or other_trial_0",
                )
            ],
        ),
    ],
)
def test_required_rule_parameters(request_: dict[str, Any], findings: list[tuple[str, str]]) -> None:
    assert found(rule_parameters.RequiredRuleParameters, request_) == findings


@pytest.mark.parametrize(
    ("request_", "findings"),
    [
        (debug(rule_to_invoke="LossNotDecreasing", diff_percent="100", mode="train"), []),
        (debug(rule_to_invoke="LossNotDecreasing", diff_percent="${percent}", mode="None"), []),
        (debug(rule_to_invoke="LossNotDecreasing", diff_percent="much", num_steps="500"), []),
        (debug(image=EVALUATOR, rule_to_invoke="AllZero", threshold="150"), []),
        (profiler(rule_to_invoke="StepOutlier", mode="TRAINING"), []),
        (profiler(rule_to_invoke="Dataloader", max_threshold="200"), []),
        (profiler(rule_to_invoke="ProfilerReport", LowGPUUtilization_window="500"), []),
        (
            debug(rule_to_invoke="LossNotDecreasing", diff_percent="150", mode="TRAINING"),
            [
                (f"{AT}.RuleParameters.diff_percent", "'150' is beyond what diff_percent can be; give 0 to 100"),
                (f"{AT}.RuleParameters.mode", "'TRAINING' is no mode; did you mean 'TRAIN'?"),
            ],
        ),
        (
            debug(rule_to_invoke="ClassImbalance", threshold_misprediction="70"),
            [
                (
                    f"{AT}.RuleParameters.threshold_misprediction",
                    "'70' is beyond what threshold_misprediction can be; give 0 to 1",
                )
            ],
        ),
        (
            profiler(rule_to_invoke="LowGPUUtilization", threshold_p5="-1"),
            [(f"{PROFILER_AT}.RuleParameters.threshold_p5", "'-1' is beyond what threshold_p5 can be; give 0 to 100")],
        ),
        (
            profiler(rule_to_invoke="ProfilerReport", cpuBottleneck_threshold="170"),
            [
                (
                    f"{PROFILER_AT}.RuleParameters.cpuBottleneck_threshold",
                    "'170' is beyond what cpuBottleneck_threshold can be; give 0 to 100",
                )
            ],
        ),
    ],
)
def test_rule_parameters_are_within_reach(request_: dict[str, Any], findings: list[tuple[str, str]]) -> None:
    assert found(rule_parameters.RuleParametersWithinReach, request_) == findings
