from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from sm_raw.errors import UnreadableDocument
from sm_raw.validation.code import CODE_RULES, check_code
from sm_raw.validation.findings import Finding

ROOT = Path(__file__).resolve().parents[4]
HOST = "763104351884.dkr.ecr.us-east-1.amazonaws.com"
IMAGES = {
    "${training_image}": f"{HOST}/pytorch-training:1.13.1-gpu-py39",
    "${inference_image}": f"{HOST}/pytorch-inference:1.13.1-cpu-py39",
}
DOCUMENTS = {
    "create_training_job": "CreateTrainingJob",
    "create_hyper_parameter_tuning_job": "CreateHyperParameterTuningJob",
    "create_model": "CreateModel",
}


def document(name: str, recipe: str = "digits") -> str:
    return (ROOT / "job_specs" / recipe / f"{name}.json").read_text()


@pytest.mark.parametrize("recipe", ["digits", "dog_breeds"])
def test_code_of_the_package_fits_its_recipes(recipe: str) -> None:
    requests = []
    for name, operation in DOCUMENTS.items():
        text = document(name, recipe)
        requests.append((operation, json.loads(text)))
        for placeholder, image in IMAGES.items():
            text = text.replace(placeholder, image)
        requests.append((operation, json.loads(text)))
    assert check_code(ROOT / "container_code", requests) == [[]] * 6


def test_mistakes_in_a_request_of_the_package_are_found() -> None:
    request = json.loads(document("create_training_job"))
    request["HyperParameters"] |= {"batchsize": "32", "optimizer": '"\\"adam\\""'}
    del request["HyperParameters"]["batch-size"]
    ((*findings,),) = check_code(ROOT / "container_code", [("CreateTrainingJob", request)])
    assert [(each.id, each.path) for each in findings] == [
        ("E713", "HyperParameters.optimizer"),
        ("E710", "HyperParameters.batchsize"),
    ]


def test_findings_are_those_of_each_request(write: Callable[..., Path]) -> None:
    folder = write({"inference.py": "def model_fn(): pass"})
    request = {"PrimaryContainer": {"Environment": {"SAGEMAKER_PROGRAM": "inference.py"}}}
    message = (
        "inference.py:1 def model_fn() cannot be called with (model_dir) or (model_dir, context); "
        "write def model_fn(model_dir)"
    )
    place = "PrimaryContainer.Environment.SAGEMAKER_PROGRAM"
    found = check_code(folder, [("CreateEndpoint", {}), ("sagemaker:CreateModel", request)])
    assert found == [[], [Finding("E721", "error", "sagemaker:CreateModel", place, message)]]


def test_missing_folder_is_told(tmp_path: Path) -> None:
    with pytest.raises(UnreadableDocument, match="nothing: no folder of code can be read here: No such file"):
        check_code(tmp_path / "nothing", [])


def test_rules_have_ids_of_their_own_in_order_and_a_row_for_the_table() -> None:
    ids = [rule.id for rule in CODE_RULES]
    numbers = [each[1:] for each in ids]
    assert numbers == sorted(set(numbers))
    assert all("700" <= number <= "749" for number in numbers)
    for rule in CODE_RULES:
        assert rule.source.startswith("https://")
        assert rule.operations
        assert rule.__doc__
        assert rule.__doc__.endswith(".")
        assert "\n" not in rule.__doc__


ODD: list[Any] = [
    None,
    3,
    0.5,
    True,
    "",
    "x.py",
    "${x}",
    "train.py",
    "\ud800",
    "[" * 3000,
    [],
    [None],
    {},
    {1: 2},
    {"a": []},
]


def mutations(value: Any) -> Iterator[Any]:
    """The value with each place in it replaced by each odd value."""
    yield from ODD
    if isinstance(value, dict):
        for key, child in value.items():
            yield from ({**value, key: mutated} for mutated in mutations(child))
    elif isinstance(value, list):
        for index, child in enumerate(value):
            yield from ([*value[:index], mutated, *value[index + 1 :]] for mutated in mutations(child))


TRAINING = {
    "AlgorithmSpecification": {"TrainingImage": IMAGES["${training_image}"]},
    "EnableNetworkIsolation": True,
    "HyperParameters": {"lr": "1", "sagemaker_program": "train.py"},
    "Environment": {"SAGEMAKER_PROGRAM": "train.py"},
}
TUNING = {
    "HyperParameterTuningJobConfig": {
        "ParameterRanges": {
            "ContinuousParameterRanges": [{"Name": "lr", "MinValue": "0", "MaxValue": "1"}],
            "CategoricalParameterRanges": [{"Name": "size", "Values": ["1"]}],
            "IntegerParameterRanges": [{"Name": "n", "MinValue": "0", "MaxValue": "9"}],
        }
    },
    "TrainingJobDefinition": {"StaticHyperParameters": {"sagemaker_program": "train.py"}},
}
MODEL = {"PrimaryContainer": {"Image": IMAGES["${inference_image}"], "Environment": {"SAGEMAKER_PROGRAM": "train.py"}}}


@pytest.mark.parametrize(
    ("operation", "request_"),
    [("CreateTrainingJob", TRAINING), ("CreateHyperParameterTuningJob", TUNING), ("CreateModel", MODEL)],
)
def test_no_malformed_request_raises(operation: str, request_: Any, write: Callable[..., Path]) -> None:
    script = (
        "import argparse\np = argparse.ArgumentParser()\np.add_argument('--lr', type=int, choices=[1])\np.parse_args()"
    )
    folder = write({"train.py": script, "requirements.txt": "x=1\nwandb"})
    check_code(folder, [(operation, mutated) for mutated in mutations(request_)])


def test_no_odd_folder_raises(write: Callable[..., Path]) -> None:
    folder = write(
        {
            "train.py": "import loop, bad, deep, gone\nfrom package import *",
            "bad.py": b"\xff\xfe",
            "deep.py": b"(" * 9999,
        }
    )
    (folder / "loop.py").symlink_to("loop.py")
    (folder / "package").symlink_to(".")
    (folder / "requirements.txt").symlink_to("requirements.txt")
    os.mkfifo(folder / "gone.py")
    found = check_code(folder, [("CreateTrainingJob", TRAINING), ("CreateModel", MODEL)])
    assert "E703" in [finding.id for finding in found[0]]
