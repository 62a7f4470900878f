from __future__ import annotations

from typing import Any

import pytest

from sm_raw.validation.findings import Finding
from sm_raw.validation.rules import training
from sm_raw.validation.rules.base import Rule

WAIT = "StoppingCondition.MaxWaitTimeInSeconds"
REGEX = "AlgorithmSpecification.MetricDefinitions[0].Regex"


def found(rule: type[Rule], request: Any, operation: str = "CreateTrainingJob") -> list[tuple[str, str]]:
    return [(each.path, each.message) for each in rule(operation).check(request)]


def stopping(**limits: object) -> dict[str, object]:
    return {"EnableManagedSpotTraining": True, "StoppingCondition": limits}


@pytest.mark.parametrize(
    ("request_", "findings"),
    [
        (stopping(MaxRuntimeInSeconds=3600, MaxWaitTimeInSeconds=3600), []),
        (stopping(MaxRuntimeInSeconds=3600, MaxWaitTimeInSeconds=7200), []),
        (stopping(MaxRuntimeInSeconds="${hours}", MaxWaitTimeInSeconds=1), []),
        (stopping(MaxRuntimeInSeconds=3600, MaxWaitTimeInSeconds="${hours}"), []),
        ({"EnableManagedSpotTraining": True, "StoppingCondition": "${limits}"}, []),
        ({"EnableManagedSpotTraining": "${spot}", "StoppingCondition": {}}, []),
        ({"EnableManagedSpotTraining": False, "StoppingCondition": {}}, []),
        ({}, []),
        (
            stopping(MaxRuntimeInSeconds=3600, MaxWaitTimeInSeconds=1800),
            [(WAIT, "1800 is less than MaxRuntimeInSeconds (3600); give 3600 or more")],
        ),
        (
            stopping(MaxRuntimeInSeconds=3600),
            [(WAIT, "missing; spot training needs it: give MaxRuntimeInSeconds (3600) or more")],
        ),
        (
            {"EnableManagedSpotTraining": True},
            [(WAIT, "missing; spot training needs it: give MaxRuntimeInSeconds (86400) or more")],
        ),
        (
            stopping(MaxWaitTimeInSeconds=3600),
            [(WAIT, "3600 is less than MaxRuntimeInSeconds (86400); give 86400 or more")],
        ),
    ],
)
def test_spot_wait_covers_runtime(request_: dict[str, Any], findings: list[tuple[str, str]]) -> None:
    assert found(training.SpotWaitCoversRuntime, request_) == findings


@pytest.mark.parametrize(
    ("spot", "wait", "findings"),
    [
        ({"EnableManagedSpotTraining": True}, 60, []),
        ({"EnableManagedSpotTraining": "${spot}"}, 60, []),
        ({}, "${wait}", []),
        ({}, 60, [(WAIT, "60 is given without spot training; remove it, or set EnableManagedSpotTraining to true")]),
        (
            {"EnableManagedSpotTraining": False},
            60,
            [(WAIT, "60 is given without spot training; remove it, or set EnableManagedSpotTraining to true")],
        ),
    ],
)
def test_wait_needs_spot(spot: dict[str, Any], wait: object, findings: list[tuple[str, str]]) -> None:
    request = {**spot, "StoppingCondition": {"MaxRuntimeInSeconds": 60, "MaxWaitTimeInSeconds": wait}}
    assert found(training.WaitNeedsSpot, request) == findings


def test_rules_of_training_look_into_every_definition_of_a_tuning_job() -> None:
    bad = {
        "EnableManagedSpotTraining": True,
        "StoppingCondition": {"MaxRuntimeInSeconds": 9, "MaxWaitTimeInSeconds": 1},
    }
    request = {"TrainingJobDefinition": bad, "TrainingJobDefinitions": [{}, bad]}
    rule = training.SpotWaitCoversRuntime("CreateHyperParameterTuningJob")
    message = "1 is less than MaxRuntimeInSeconds (9); give 9 or more"
    assert list(rule.check(request)) == [
        Finding("E210", "error", "CreateHyperParameterTuningJob", f"TrainingJobDefinition.{WAIT}", message),
        Finding("E210", "error", "CreateHyperParameterTuningJob", f"TrainingJobDefinitions[1].{WAIT}", message),
    ]


@pytest.mark.parametrize(
    ("request_", "findings"),
    [
        ({"InputDataConfig": [{"ChannelName": "train"}, {"ChannelName": "valid"}]}, []),
        ({"InputDataConfig": [{"ChannelName": "${a}"}, {"ChannelName": "${a}"}, {}]}, []),
        (
            {"DebugRuleConfigurations": [{"RuleConfigurationName": "A"}], "ProfilerRuleConfigurations": [{}]},
            [],
        ),
        (
            {"InputDataConfig": [{"ChannelName": "train"}, {"ChannelName": "valid"}, {"ChannelName": "train"}]},
            [("InputDataConfig[2].ChannelName", "'train' is already the name of InputDataConfig[0]; rename one")],
        ),
        (
            {"AlgorithmSpecification": {"MetricDefinitions": [{"Name": "loss"}, {"Name": "loss"}]}},
            [
                (
                    "AlgorithmSpecification.MetricDefinitions[1].Name",
                    "'loss' is already the name of AlgorithmSpecification.MetricDefinitions[0]; rename one",
                )
            ],
        ),
        (
            {"ProfilerRuleConfigurations": [{"RuleConfigurationName": "R"}, {"RuleConfigurationName": "R"}]},
            [
                (
                    "ProfilerRuleConfigurations[1].RuleConfigurationName",
                    "'R' is already the name of ProfilerRuleConfigurations[0]; rename one",
                )
            ],
        ),
    ],
)
def test_names_are_distinct(request_: dict[str, Any], findings: list[tuple[str, str]]) -> None:
    assert found(training.DistinctNames, request_) == findings


@pytest.mark.parametrize(
    ("rule", "regex", "message"),
    [
        (training.MetricRegexCaptures, "valid:loss=([0-9.eE+-]+);", None),
        (training.MetricRegexCaptures, "${regex}", None),
        (training.MetricRegexCaptures, r"loss=(\p{Print}+) ", None),
        (
            training.MetricRegexCaptures,
            "loss=([0-9.]+",
            "'loss=([0-9.]+' is no regular expression: missing ), unterminated subpattern at position 5",
        ),
        (
            training.MetricRegexCaptures,
            "loss=[0-9.]+",
            "'loss=[0-9.]+' has no group to capture the value; put one around it, as in loss=([0-9.]+)",
        ),
        (training.MetricRegexCaptures, r"loss=([[\]0-9]+)", None),
        (training.MetricRegexCaptures, "loss=([0-9||&&~~]+)", None),
        (training.MetricRegexHasOneGroup, "loss=([0-9]+(?:.|e)[0-9]+)", None),
        (training.MetricRegexHasOneGroup, "loss=(", None),
        (
            training.MetricRegexHasOneGroup,
            "'loss': ([0-9]+(.|e)[0-9]+),?",
            "\"'loss': ([0-9]+(.|e)[0-9]+),?\" has 2 groups; the first is the value: write the others (?:...)",
        ),
        (training.MetricRegexTakesTheValue, "F1=(.*?);", None),
        (training.MetricRegexTakesTheValue, "F1=(.*)", None),
        (training.MetricRegexTakesTheValue, r"F1=(a\*?)", None),
        (training.MetricRegexTakesTheValue, "F1=([0-9]+)?", None),
        (
            training.MetricRegexTakesTheValue,
            "F1=(.*?)",
            "'F1=(.*?)' ends in a lazy group, which takes next to nothing; drop its ? or add what follows",
        ),
        (
            training.MetricRegexTakesTheValue,
            "F1=([0-9.]+?)",
            "'F1=([0-9.]+?)' ends in a lazy group, which takes next to nothing; drop its ? or add what follows",
        ),
        *(
            (training.MetricRegexTakesTheValue, regex, None)
            for regex in (
                r"F1=(\d+)",
                r"F1=(\S+)",
                "F1=([^;]+)",
                "loss=(nan|inf)",
                "loss=([0-9]+|nan)",
                r"\(loss\)=([0-9.]+)",
                "[(]loss[)]=([0-9.]+)",
                "(?:train|valid)_loss=(?P<value>[0-9.]+)",
                "(loss",
            )
        ),
        *(
            (
                training.MetricRegexTakesTheValue,
                regex,
                f"the first group of {regex!r} takes {words!r}, no number; put the one group around the value",
            )
            for regex, words in (
                ("(test_loss)=[0-9.]+", "test_loss"),
                ("(train|valid)_loss=([0-9.]+)", "train|valid"),
                (r"\[(?P<name>[a-z_]+)\]=[0-9.]+", "[a-z_]+"),
            )
        ),
        (
            training.MetricRegexTakesTheValue,
            "([0-9.]*)",
            "'([0-9.]*)' matches the empty text, so everywhere; write what stands before the value",
        ),
    ],
)
def test_metric_regexes(rule: type[Rule], regex: str, message: str | None) -> None:
    request = {"AlgorithmSpecification": {"MetricDefinitions": [{"Name": "m", "Regex": regex}]}}
    assert found(rule, request) == ([(REGEX, message)] if message else [])


@pytest.mark.parametrize(
    ("request_", "findings"),
    [
        ({"EnableManagedSpotTraining": True, "CheckpointConfig": {"S3Uri": "s3://bucket/c"}}, []),
        ({"EnableManagedSpotTraining": True, "CheckpointConfig": "${checkpoints}"}, []),
        ({"EnableManagedSpotTraining": "${spot}"}, []),
        ({}, []),
        (
            {"EnableManagedSpotTraining": True},
            [
                (
                    "CheckpointConfig",
                    "missing; an interrupted spot job starts over without it: give an S3Uri and resume from it",
                )
            ],
        ),
    ],
)
def test_spot_keeps_checkpoints(request_: dict[str, Any], findings: list[tuple[str, str]]) -> None:
    assert found(training.SpotKeepsCheckpoints, request_) == findings


@pytest.mark.parametrize(
    ("seconds", "message"),
    [
        (2_419_200, None),
        ("${seconds}", None),
        (2_419_201, "2419201 is more than 28 days; give 2419200 or less"),
    ],
)
def test_runtime_is_within_the_longest(seconds: object, message: str | None) -> None:
    findings = [("StoppingCondition.MaxRuntimeInSeconds", message)] if message else []
    assert found(training.RuntimeWithinTheLongest, stopping(MaxRuntimeInSeconds=seconds)) == findings


@pytest.mark.parametrize(
    ("specification", "findings"),
    [
        ({"TrainingImage": "image"}, []),
        ({"AlgorithmName": "mine"}, []),
        ("${specification}", []),
        (
            {"TrainingInputMode": "File"},
            [
                (
                    "AlgorithmSpecification.TrainingImage",
                    "missing; give the registry path of an image, or an AlgorithmName",
                )
            ],
        ),
        (
            {"TrainingImage": "image", "AlgorithmName": "mine"},
            [("AlgorithmSpecification.AlgorithmName", "given beside TrainingImage; keep one of the two")],
        ),
    ],
)
def test_image_or_algorithm(specification: object, findings: list[tuple[str, str]]) -> None:
    assert found(training.ImageOrAlgorithm, {"AlgorithmSpecification": specification}) == findings


def test_instance_groups_have_names_of_their_own() -> None:
    request = {"ResourceConfig": {"InstanceGroups": [{"InstanceGroupName": "gpu"}, {"InstanceGroupName": "gpu"}]}}
    assert found(training.DistinctNames, request) == [
        (
            "ResourceConfig.InstanceGroups[1].InstanceGroupName",
            "'gpu' is already the name of ResourceConfig.InstanceGroups[0]; rename one",
        )
    ]


def test_rules_of_training_know_an_operation_that_is_written_with_its_service() -> None:
    request = {"AlgorithmSpecification": {}}
    assert len(found(training.ImageOrAlgorithm, request, "sagemaker:CreateTrainingJob")) == 1
