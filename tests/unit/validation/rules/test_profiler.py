from __future__ import annotations

from typing import Any

import pytest

from sm_raw.validation.rules import profiler
from sm_raw.validation.rules.base import Rule

IMAGE = "503895931360.dkr.ecr.us-east-1.amazonaws.com/sagemaker-debugger-rules:latest"
TRAINING = "763104351884.dkr.ecr.us-east-1.amazonaws.com/{}-gpu-py310"
ROLE = "arn:aws:iam::123456789012:role/SageMakerRole"
PARAMETERS = "ProfilerConfig.ProfilingParameters"
DETAILED = f"{PARAMETERS}.DetailedProfilingConfig"
PYTHON = f"{PARAMETERS}.PythonProfilingConfig"
LOADER = f"{PARAMETERS}.DataloaderProfilingConfig"


def found(rule: type[Rule], request: Any, operation: str = "CreateTrainingJob") -> list[tuple[str, str]]:
    return [(each.path, each.message) for each in rule(operation).check(request)]


def profiling(**parameters: object) -> dict[str, Any]:
    return {"ProfilerConfig": {"ProfilingParameters": parameters}}


@pytest.mark.parametrize(
    ("interval", "message"),
    [
        (500, None),
        (60000, None),
        ("${interval}", None),
        (300, "300 is no interval of the profiler; give 100, 200, 500, 1000, 5000 or 60000"),
        (0, "0 is no interval of the profiler; give 100, 200, 500, 1000, 5000 or 60000"),
    ],
)
def test_profiling_interval(interval: object, message: str | None) -> None:
    request = {"ProfilerConfig": {"ProfilingIntervalInMilliseconds": interval}}
    expected = [("ProfilerConfig.ProfilingIntervalInMilliseconds", message)] if message else []
    assert found(profiler.ProfilingInterval, request) == expected
    assert found(profiler.ProfilingInterval, request, "UpdateTrainingJob") == expected


NO_DICT = 'is no dict as Python writes it; give one, as {"StartStep": 5, "NumSteps": 10}'


@pytest.mark.parametrize(
    ("request_", "findings"),
    [
        (profiling(DetailedProfilingConfig='{"StartStep": 5, "NumSteps": 3, }'), []),
        (profiling(DataLoaderProfilingConfig='{ "StartStep": 5, "MetricsRegex": ".*\\d" }'), []),
        (profiling(DetailedProfilingConfig="${detailed}", LocalPath="/opt/ml/output/profiler/"), []),
        (profiling(), []),
        (profiling(DetailedProfilingConfig='{"StartStep": 5'), [(DETAILED, f"'{{\"StartStep\": 5' {NO_DICT}")]),
        (profiling(DetailedProfilingConfig="5"), [(DETAILED, f"'5' {NO_DICT}")]),
        (profiling(DetailedProfilingConfig=""), [(DETAILED, f"'' {NO_DICT}")]),
        (
            profiling(PythonProfilingConfig='{"StartStep": null}'),
            [(PYTHON, f"'{{\"StartStep\": null}}' {NO_DICT}")],
        ),
    ],
)
def test_profiling_config_is_a_literal(request_: dict[str, Any], findings: list[tuple[str, str]]) -> None:
    assert found(profiler.ProfilingConfigIsLiteral, request_) == findings


@pytest.mark.parametrize(
    ("request_", "findings"),
    [
        (
            profiling(
                LocalPath="/opt/ml/output/profiler/",
                FileOpenFailThreshold="50",
                DetailedProfilingConfig='{"StartStep": 0, "NumSteps": 3}',
                PythonProfilingConfig='{"DurationInSeconds": 10, "ProfilerName": "cProfile", '
                '"cProfileTimer": "off_cpu_time"}',
                DataLoaderProfilingConfig='{"StartTimeInSecSinceEpoch": 12345567789, "MetricsRegex": ".*"}',
            ),
            [],
        ),
        (profiling(**{"${name}": "1", "DetailedProfilingConfig": "broken", "FileOpenFailThreshold": "${n}"}), []),
        ({"ProfilerConfig": "${profiler}"}, []),
        (
            profiling(RotateMaxFileSizeInMB="10", FileOpenFailThreshold="few"),
            [
                (
                    f"{PARAMETERS}.RotateMaxFileSizeInMB",
                    "'RotateMaxFileSizeInMB' is no parameter of the profiler; did you mean 'RotateMaxFileSizeInBytes'?",
                ),
                (
                    f"{PARAMETERS}.FileOpenFailThreshold",
                    "'few' spells no number; smdebug takes its defaults then",
                ),
            ],
        ),
        (
            profiling(DetailedProfilingConfig='{"StartTimeInSecSinceEpoch": 1, "Duration": 10}'),
            [
                (
                    DETAILED,
                    "'duration' is no field of this configuration; did you mean 'DurationInSeconds'?",
                )
            ],
        ),
        (
            profiling(DetailedProfilingConfig='{"NumSteps": 1, "DurationInSeconds": 10}'),
            [(DETAILED, "gives a range by step and one by time, and is skipped; keep one")],
        ),
        (
            profiling(DetailedProfilingConfig='{"StartStep": "five"}'),
            [(DETAILED, "StartStep 'five' is no number")],
        ),
        (
            profiling(PythonProfilingConfig='{"StartStep": 1, "ProfilerName": "pyinstrumnt", "cProfileTimer": "cpu"}'),
            [
                (PYTHON, "ProfilerName 'pyinstrumnt' is not known; did you mean 'pyinstrument'?"),
                (PYTHON, "cProfileTimer 'cpu' is not known; give total_time, cpu_time, off_cpu_time or default"),
            ],
        ),
        (
            profiling(DataloaderProfilingConfig='{"StartStep": 1, "MetricsRegex": "(a"}'),
            [
                (
                    LOADER,
                    "MetricsRegex is no regular expression: missing ), unterminated subpattern at position 0",
                )
            ],
        ),
    ],
)
def test_profiling_config_works(request_: dict[str, Any], findings: list[tuple[str, str]]) -> None:
    assert found(profiler.ProfilingConfigWorks, request_) == findings


RULES = {"ProfilerRuleConfigurations": [{}]}
OFF_BUT = "given although DisableProfiler is true; remove it, or set that to false"


@pytest.mark.parametrize(
    ("request_", "findings"),
    [
        ({"ProfilerConfig": {"DisableProfiler": True}}, []),
        ({"ProfilerConfig": {"DisableProfiler": True}, "ProfilerRuleConfigurations": []}, []),
        ({"ProfilerConfig": {"DisableProfiler": False}, **RULES}, []),
        ({"ProfilerConfig": {"DisableProfiler": "${off}"}, **RULES}, []),
        (RULES, []),
        (
            {"ProfilerConfig": {"DisableProfiler": True, "ProfilingParameters": {"LocalPath": "/p"}}, **RULES},
            [("ProfilerRuleConfigurations", OFF_BUT), (PARAMETERS, OFF_BUT)],
        ),
    ],
)
def test_disabled_profiler_has_no_rules(request_: dict[str, Any], findings: list[tuple[str, str]]) -> None:
    assert found(profiler.DisabledProfilerHasNoRules, request_) == findings


@pytest.mark.parametrize(
    ("image", "ended"),
    [
        (TRAINING.format("pytorch-training:1.13.1"), None),
        (TRAINING.format("tensorflow-training:2.10"), None),
        (TRAINING.format("huggingface-pytorch-training:2.0.0"), None),
        ("123456789012.dkr.ecr.us-east-1.amazonaws.com/pytorch-training:2.8.0", None),
        ("${image}", None),
        (TRAINING.format("pytorch-training:2.0.0"), "pytorch-training 2.0.0"),
        (TRAINING.format("tensorflow-training:2.11"), "tensorflow-training 2.11"),
    ],
)
def test_framework_profiling_ended(image: str, ended: str | None) -> None:
    rules = [
        {"RuleEvaluatorImage": IMAGE, "RuleParameters": {"rule_to_invoke": rule}}
        for rule in ("ProfilerReport", "StepOutlier")
    ]
    request = {
        "RoleArn": ROLE,
        "AlgorithmSpecification": {"TrainingImage": image},
        **profiling(LocalPath="/p", DetailedProfilingConfig='{"StartStep": 5}'),
        "ProfilerRuleConfigurations": rules,
    }
    expected = [
        (PARAMETERS, f"{ended} has no framework profiling any more; remove it"),
        (
            "ProfilerRuleConfigurations[1]",
            f"StepOutlier reads what framework profiling measures, which {ended} has no more; remove it",
        ),
    ]
    assert found(profiler.FrameworkProfilingEnded, request) == (expected if ended else [])


@pytest.mark.parametrize(
    ("request_", "is_missing"),
    [
        ({"ProfilerConfig": {"S3OutputPath": "s3://bucket/out"}, **RULES}, False),
        ({"ProfilerConfig": "${profiler}", **RULES}, False),
        ({"ProfilerConfig": {"DisableProfiler": True}, **RULES}, False),
        ({"ProfilerRuleConfigurations": []}, False),
        ({}, False),
        (RULES, True),
        ({"ProfilerConfig": {"ProfilingIntervalInMilliseconds": 500}, **RULES}, True),
    ],
)
def test_profiler_rules_need_data(request_: dict[str, Any], is_missing: bool) -> None:
    findings = [("ProfilerConfig.S3OutputPath", "missing; the profiler's rules read what it writes there")]
    assert found(profiler.ProfilerRulesNeedData, request_) == (findings if is_missing else [])


@pytest.mark.parametrize(
    ("instance_type", "config", "is_wrong"),
    [
        ("ml.trn1.2xlarge", {"DisableProfiler": True}, False),
        ("ml.trn1.2xlarge", {"DisableProfiler": "${off}"}, False),
        ("ml.trn1.2xlarge", "${profiler}", False),
        ("${type}", {}, False),
        ("ml.p3.2xlarge", {"S3OutputPath": "s3://bucket/out"}, False),
        ("ml.trn1.2xlarge", {"S3OutputPath": "s3://bucket/out"}, True),
        ("ml.trn1.2xlarge", {"DisableProfiler": False}, True),
    ],
)
def test_profiler_is_off_on_trainium(instance_type: str, config: Any, is_wrong: bool) -> None:
    request = {"ResourceConfig": {"InstanceType": instance_type}, "ProfilerConfig": config}
    message = f"the profiler does not know {instance_type}; set it to true"
    expected = [("ProfilerConfig.DisableProfiler", message)] if is_wrong else []
    assert found(profiler.ProfilerNotOnTrainium, request) == expected
