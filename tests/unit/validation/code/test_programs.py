from __future__ import annotations

from typing import Any

import pytest

from sm_raw.validation.code.programs import Hyperparameter, command_line_text, programs

IMAGE = "763104351884.dkr.ecr.us-east-1.amazonaws.com/pytorch-training:1.13.1-gpu-py39"
SERVING = "763104351884.dkr.ecr.us-east-1.amazonaws.com/pytorch-inference:1.13.1-cpu-py39"
TENSORFLOW = "763104351884.dkr.ecr.us-east-1.amazonaws.com/tensorflow-training:2.12-gpu-py310"


@pytest.mark.parametrize(
    ("given", "text"),
    [
        ("adam", "adam"),
        ('"adam"', "adam"),
        ('"\\"adam\\""', '"adam"'),
        ("64", "64"),
        ('"64"', "64"),
        ("0.10", "0.1"),
        ("true", "True"),
        ("null", ""),
        ("[1, 2]", "[1, 2]"),
        ('{"b": 1, "a": 2}', "a=2,b=1"),
        ("[" * 2400, "[" * 2400),
    ],
)
def test_hyperparameters_reach_the_command_line_as_the_toolkit_spells_them(given: str, text: str) -> None:
    assert command_line_text(given) == text


def test_training_job_has_one_program_with_all_but_the_toolkits_own_hyperparameters() -> None:
    request = {
        "AlgorithmSpecification": {"TrainingImage": IMAGE},
        "EnableNetworkIsolation": True,
        "HyperParameters": {
            "lr": "0.1",
            "k": "${k}",
            "_tuning_objective_metric": "loss",
            "sagemaker_region": "us-east-1",
            "sagemaker_program": '"train.py"',
        },
    }
    (program,) = programs("sagemaker:CreateTrainingJob", request)
    assert (program.kind, program.file, program.path) == ("training", "train.py", "HyperParameters.sagemaker_program")
    assert (program.python, program.repository) == ((3, 9), "pytorch-training")
    assert program.isolation_path == "EnableNetworkIsolation"
    assert program.hyperparameters == (
        Hyperparameter("lr", "HyperParameters.lr", (("HyperParameters.lr", "0.1"),)),
        Hyperparameter("k", "HyperParameters.k"),
    )
    assert [each.option for each in program.hyperparameters] == ["--lr", "-k"]


def test_tuning_job_has_a_program_for_each_definition_with_static_and_tuned_hyperparameters() -> None:
    ranges = {
        "ContinuousParameterRanges": [{"Name": "lr", "MinValue": "0", "MaxValue": "1"}, {"Name": 3}],
        "IntegerParameterRanges": [{"Name": "layers", "MinValue": "2", "MaxValue": "9"}],
        "CategoricalParameterRanges": [{"Name": "batch", "Values": ['"32"', "${b}", 4]}],
        "AutoParameters": [{"Name": "drop", "ValueHint": "0.1"}],
    }
    definition = {"StaticHyperParameters": {"epochs": "3", "sagemaker_program": "train.py"}}
    tensorflow = {**definition, "AlgorithmSpecification": {"TrainingImage": TENSORFLOW}}
    request = {
        "HyperParameterTuningJobConfig": {"ParameterRanges": ranges},
        "TrainingJobDefinitions": [definition, {**tensorflow, "HyperParameterRanges": {}}],
    }
    first, second = programs("CreateHyperParameterTuningJob", request)
    place = "HyperParameterTuningJobConfig.ParameterRanges"
    assert first.arguments_path == "TrainingJobDefinitions[0].StaticHyperParameters"
    assert {each.name: each.values for each in first.hyperparameters} == {
        "epochs": (("TrainingJobDefinitions[0].StaticHyperParameters.epochs", "3"),),
        "layers": tuple((f"{place}.IntegerParameterRanges[0]", text) for text in ("2", "3", "9")),
        "lr": ((f"{place}.ContinuousParameterRanges[0]", "0.37"),),
        "batch": ((f"{place}.CategoricalParameterRanges[0].Values[0]", "32"),),
        "drop": (),
    }
    assert "model_dir" in [each.name for each in second.hyperparameters]


def test_model_has_a_program_for_each_container_that_names_one() -> None:
    named = {"Environment": {"SAGEMAKER_PROGRAM": "serve.py"}}
    request = {"PrimaryContainer": named, "Containers": [{"Image": SERVING}, {}, named]}
    assert [(each.file, each.path, each.is_named) for each in programs("CreateModel", request)] == [
        ("serve.py", "PrimaryContainer.Environment.SAGEMAKER_PROGRAM", True),
        ("inference.py", "Containers[0].Image", False),
        ("serve.py", "Containers[2].Environment.SAGEMAKER_PROGRAM", True),
    ]


@pytest.mark.parametrize(
    ("operation", "request_"),
    [
        ("CreateTrainingJob", {}),
        ("CreateTrainingJob", {"HyperParameters": {"sagemaker_program": "${program}"}}),
        ("CreateTrainingJob", {"HyperParameters": {"sagemaker_program": "3"}}),
        ("CreateTrainingJob", {"HyperParameters": "${all}"}),
        (
            "CreateTrainingJob",
            {
                "AlgorithmSpecification": {"ContainerEntrypoint": ["python"]},
                "HyperParameters": {"sagemaker_program": "train.py"},
            },
        ),
        ("CreateModel", {"PrimaryContainer": {"Image": SERVING, "Environment": {"SAGEMAKER_PROGRAM": "${p}"}}}),
        ("CreateModel", {"PrimaryContainer": [], "Containers": {"a": 1}}),
        ("CreateEndpoint", {}),
        ("CreateModel", []),
    ],
)
def test_what_starts_no_known_script_has_no_program(operation: str, request_: Any) -> None:
    assert programs(operation, request_) == []


def test_program_may_be_named_by_the_environment() -> None:
    (program,) = programs("CreateTrainingJob", {"Environment": {"SAGEMAKER_PROGRAM": "train.py"}})
    assert (program.file, program.path) == ("train.py", "Environment.SAGEMAKER_PROGRAM")
