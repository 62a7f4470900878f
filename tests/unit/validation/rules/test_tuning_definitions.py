from __future__ import annotations

from typing import Any

import pytest

from sm_raw.validation.rules import tuning_definitions as definitions
from sm_raw.validation.rules.base import Rule

CONFIG = "HyperParameterTuningJobConfig"
OBJECTIVE = "HyperParameterTuningJobConfig.HyperParameterTuningJobObjective.MetricName"
PYTORCH = "763104351884.dkr.ecr.us-east-1.amazonaws.com/pytorch-training:1.12-gpu-py38"
BUILT_IN = "811284229777.dkr.ecr.us-east-1.amazonaws.com/image-classification:1"


def found(rule: type[Rule], request: Any) -> list[tuple[str, str]]:
    return [(each.path, each.message) for each in rule("CreateHyperParameterTuningJob").check(request)]


def objective(metric: str, algorithm: object) -> dict[str, Any]:
    return {
        "HyperParameterTuningJobConfig": {"HyperParameterTuningJobObjective": {"MetricName": metric}},
        "TrainingJobDefinition": {"AlgorithmSpecification": algorithm},
    }


def algorithm(*metrics: str, image: str = PYTORCH) -> dict[str, Any]:
    return {"TrainingImage": image, "MetricDefinitions": [{"Name": name, "Regex": "(.)"} for name in metrics]}


@pytest.mark.parametrize(
    ("request_", "findings"),
    [
        (objective("valid:loss", algorithm("train:loss", "valid:loss")), []),
        (objective("validation:accuracy", {"TrainingImage": BUILT_IN}), []),
        (objective("own", {"AlgorithmName": "arn:aws:sagemaker:eu-west-1:123456789012:algorithm/a"}), []),
        (objective("${metric}", algorithm("train:loss")), []),
        (objective("valid:loss", algorithm("${metric}")), []),
        (objective("valid:loss", {"TrainingImage": "${image}"}), []),
        (objective("valid:loss", {"TrainingImage": PYTORCH, "MetricDefinitions": "${metrics}"}), []),
        (objective("valid:loss", "${algorithm}"), []),
        (
            objective("valid:los", algorithm("train:loss", "valid:loss")),
            [
                (
                    OBJECTIVE,
                    "'valid:los' is not among the MetricDefinitions; did you mean 'valid:loss' or 'train:loss'?",
                )
            ],
        ),
        (
            objective("valid:loss", {"TrainingImage": PYTORCH}),
            [
                (
                    OBJECTIVE,
                    "'valid:loss' is not defined, and the image is none of AWS's algorithms;"
                    " add it to MetricDefinitions",
                )
            ],
        ),
        (
            {
                "TrainingJobDefinitions": [
                    {"TuningObjective": {"MetricName": "f1"}, "AlgorithmSpecification": algorithm("loss")}
                ]
            },
            [
                (
                    "TrainingJobDefinitions[0].TuningObjective.MetricName",
                    "'f1' is not among the MetricDefinitions; give loss",
                )
            ],
        ),
    ],
)
def test_objective_is_defined(request_: dict[str, Any], findings: list[tuple[str, str]]) -> None:
    assert found(definitions.ObjectiveIsDefined, request_) == findings


def test_an_image_in_the_account_of_the_role_is_none_of_awss_algorithms() -> None:
    request = objective("validation:accuracy", {"TrainingImage": BUILT_IN})
    request["TrainingJobDefinition"]["RoleArn"] = "arn:aws:iam::811284229777:role/training"
    assert [path for path, _ in found(definitions.ObjectiveIsDefined, request)] == [OBJECTIVE]


@pytest.mark.parametrize(
    ("metric", "kind", "right"),
    [
        ("valid:loss", "Minimize", None),
        ("Test Accuracy", "Maximize", None),
        ("val_neg_loss", "Maximize", None),
        ("lossless", "Maximize", None),
        ("custom", "Minimize", None),
        ("${metric}", "Maximize", None),
        ("valid:loss", "${kind}", None),
        ("Test Loss", "Maximize", "Minimize"),
        ("validation:rmse", "Maximize", "Minimize"),
        ("loss", "Maximize", "Minimize"),
        ("validation:accuracy", "Minimize", "Maximize"),
        ("val_acc", "Minimize", "Maximize"),
    ],
)
def test_losses_are_minimised_and_accuracies_maximised(metric: str, kind: str, right: str | None) -> None:
    given = {"Type": kind, "MetricName": metric}
    request = {
        CONFIG: {"HyperParameterTuningJobObjective": given},
        "TrainingJobDefinitions": [{"TuningObjective": given}],
    }
    message = f"the best job would be the one with the worst {metric!r}; give {right}"
    paths = (f"{CONFIG}.HyperParameterTuningJobObjective.Type", "TrainingJobDefinitions[0].TuningObjective.Type")
    assert found(definitions.ObjectiveDirection, request) == ([(path, message) for path in paths] if right else [])


@pytest.mark.parametrize(
    ("request_", "findings"),
    [
        ({"TrainingJobDefinition": {}}, []),
        ({"TrainingJobDefinitions": "${definitions}"}, []),
        (
            {},
            [
                (
                    "TrainingJobDefinition",
                    "missing; give the training job to tune, or several as TrainingJobDefinitions",
                )
            ],
        ),
        (
            {"TrainingJobDefinition": {}, "TrainingJobDefinitions": []},
            [
                (
                    "TrainingJobDefinitions",
                    "TrainingJobDefinition is given as well; put all definitions here, or give one there",
                )
            ],
        ),
    ],
)
def test_training_is_defined_in_one_place(request_: dict[str, Any], findings: list[tuple[str, str]]) -> None:
    assert found(definitions.DefinedOnce, request_) == findings


@pytest.mark.parametrize(
    ("names", "findings"),
    [
        (["a", "b"], []),
        (["${a}", "${a}"], []),
        ([None, None], []),
        (
            ["a", "b", "a"],
            [
                (
                    "TrainingJobDefinitions[2].DefinitionName",
                    "'a' is already the name of TrainingJobDefinitions[0]; rename one",
                )
            ],
        ),
    ],
)
def test_definitions_have_names_of_their_own(names: list[str], findings: list[tuple[str, str]]) -> None:
    request = {"TrainingJobDefinitions": [{"DefinitionName": name} for name in names]}
    assert found(definitions.DistinctDefinitionNames, request) == findings


@pytest.mark.parametrize(
    ("definitions_", "unnamed"),
    [
        ([{"DefinitionName": "a"}, {"DefinitionName": "${b}"}], []),
        ([{}], []),
        (["${a}", "${b}"], []),
        ("${definitions}", []),
        ([{"DefinitionName": "a"}, {}], [1]),
    ],
)
def test_several_definitions_have_names(definitions_: object, unnamed: list[int]) -> None:
    message = "missing; give the definition a name of its own"
    expected = [(f"TrainingJobDefinitions[{index}].DefinitionName", message) for index in unnamed]
    assert found(definitions.DefinitionsAreNamed, {"TrainingJobDefinitions": definitions_}) == expected


NO_OBJECTIVE = "missing; give the metric by which to choose, and whether to maximise it"


@pytest.mark.parametrize(
    ("request_", "findings"),
    [
        ({CONFIG: {"HyperParameterTuningJobObjective": {}}, "TrainingJobDefinition": {}}, []),
        ({CONFIG: {}, "TrainingJobDefinition": {"TuningObjective": {}}}, []),
        ({CONFIG: "${config}", "TrainingJobDefinition": {}}, []),
        ({"TrainingJobDefinition": {}}, []),  # a matter of the schema
        (
            {CONFIG: {}, "TrainingJobDefinition": {}},
            [(f"{CONFIG}.HyperParameterTuningJobObjective", NO_OBJECTIVE)],
        ),
        (
            {CONFIG: {}, "TrainingJobDefinitions": [{"TuningObjective": {}}, {}]},
            [("TrainingJobDefinitions[1].TuningObjective", NO_OBJECTIVE)],
        ),
    ],
)
def test_objective_is_given(request_: dict[str, Any], findings: list[tuple[str, str]]) -> None:
    assert found(definitions.ObjectiveIsGiven, request_) == findings


NO_RANGES = "nothing to search; give a range, or Autotune with Mode Enabled"
SOME_RANGES = {"IntegerParameterRanges": [{"Name": "n"}]}


@pytest.mark.parametrize(
    ("request_", "findings"),
    [
        ({CONFIG: {"ParameterRanges": SOME_RANGES}, "TrainingJobDefinition": {}}, []),
        ({CONFIG: {"ParameterRanges": "${ranges}"}, "TrainingJobDefinition": {}}, []),
        ({CONFIG: {"ParameterRanges": {"AutoParameters": "${them}"}}, "TrainingJobDefinition": {}}, []),
        ({CONFIG: {}, "TrainingJobDefinition": {"HyperParameterRanges": SOME_RANGES}}, []),
        ({CONFIG: {}, "TrainingJobDefinition": {}, "Autotune": {"Mode": "Enabled"}}, []),
        ({"TrainingJobDefinition": {}}, []),  # a matter of the schema
        (
            {CONFIG: {"ParameterRanges": {"IntegerParameterRanges": []}}, "TrainingJobDefinition": {}},
            [(f"{CONFIG}.ParameterRanges", NO_RANGES)],
        ),
        (
            {CONFIG: {}, "TrainingJobDefinitions": [{}, {"HyperParameterRanges": SOME_RANGES}]},
            [("TrainingJobDefinitions[0].HyperParameterRanges", NO_RANGES)],
        ),
    ],
)
def test_ranges_are_given(request_: dict[str, Any], findings: list[tuple[str, str]]) -> None:
    assert found(definitions.RangesAreGiven, request_) == findings


@pytest.mark.parametrize(
    ("request_", "is_good"),
    [
        ({CONFIG: {"ParameterRanges": SOME_RANGES}, "TrainingJobDefinition": {}}, True),
        ({CONFIG: {"ParameterRanges": SOME_RANGES}, "TrainingJobDefinitions": [{}]}, True),
        ({CONFIG: {"ParameterRanges": SOME_RANGES}, "TrainingJobDefinitions": "${definitions}"}, True),
        ({CONFIG: {"ParameterRanges": {"IntegerParameterRanges": []}}, "TrainingJobDefinitions": [{}, {}]}, True),
        ({CONFIG: {"ParameterRanges": "${ranges}"}, "TrainingJobDefinitions": [{}, {}]}, True),
        ({CONFIG: {}, "TrainingJobDefinitions": [{"HyperParameterRanges": SOME_RANGES}, {}]}, True),
        ({CONFIG: {"ParameterRanges": SOME_RANGES}, "TrainingJobDefinitions": [{}, {}]}, False),
    ],
)
def test_ranges_are_with_their_definitions(request_: dict[str, Any], is_good: bool) -> None:
    message = "given beside several training definitions; move them into HyperParameterRanges of each"
    expected = [] if is_good else [(f"{CONFIG}.ParameterRanges", message)]
    assert found(definitions.RangesAreWithTheirDefinitions, request_) == expected


@pytest.mark.parametrize(
    ("request_", "findings"),
    [
        ({CONFIG: {"ParameterRanges": {"AutoParameters": [{}]}}, "Autotune": {"Mode": "Enabled"}}, []),
        ({CONFIG: {"ParameterRanges": {"AutoParameters": []}}}, []),
        (
            {CONFIG: {"ParameterRanges": {"AutoParameters": [{}]}}},
            [
                (
                    f"{CONFIG}.ParameterRanges.AutoParameters",
                    "their ranges are found by Autotune, which is not enabled; give Autotune with Mode Enabled",
                )
            ],
        ),
    ],
)
def test_auto_parameters_go_with_autotune(request_: dict[str, Any], findings: list[tuple[str, str]]) -> None:
    assert found(definitions.AutoParametersNeedAutotune, request_) == findings


FLEXIBLE = "TrainingJobDefinition.HyperParameterTuningResourceConfig"


@pytest.mark.parametrize(
    ("definition", "findings"),
    [
        ({"ResourceConfig": {}}, []),
        ({"HyperParameterTuningResourceConfig": "${resources}"}, []),
        ({}, [(FLEXIBLE, "missing; give the instances on which to train")]),
        (
            {"ResourceConfig": {}, "HyperParameterTuningResourceConfig": {}},
            [(FLEXIBLE, "ResourceConfig is given as well; remove one")],
        ),
    ],
)
def test_instances_are_given_once(definition: dict[str, Any], findings: list[tuple[str, str]]) -> None:
    assert found(definitions.InstancesAreGivenOnce, {"TrainingJobDefinition": definition}) == findings


@pytest.mark.parametrize(
    ("config", "findings"),
    [
        ({"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 30}, []),
        ({"InstanceConfigs": [{}], "VolumeKmsKeyId": "key"}, []),
        (
            {"InstanceConfigs": [{}], "VolumeSizeInGB": 30},
            [
                (
                    f"{FLEXIBLE}.VolumeSizeInGB",
                    "InstanceConfigs are given as well, each with one of its own; remove it",
                )
            ],
        ),
    ],
)
def test_instance_list_stands_alone(config: dict[str, Any], findings: list[tuple[str, str]]) -> None:
    request = {"TrainingJobDefinition": {"HyperParameterTuningResourceConfig": config}}
    assert found(definitions.InstanceListStandsAlone, request) == findings


@pytest.mark.parametrize(
    ("config", "findings"),
    [
        ({"InstanceCount": 1}, []),
        (
            {"KeepAlivePeriodInSeconds": 600},
            [
                (
                    "TrainingJobDefinition.ResourceConfig.KeepAlivePeriodInSeconds",
                    "has no effect: training jobs of a tuning job hand on their instances anyway; remove it",
                )
            ],
        ),
    ],
)
def test_tuning_has_no_keep_alive_period(config: dict[str, Any], findings: list[tuple[str, str]]) -> None:
    request = {"TrainingJobDefinition": {"ResourceConfig": config}}
    assert found(definitions.WarmPoolIsItsOwn, request) == findings
