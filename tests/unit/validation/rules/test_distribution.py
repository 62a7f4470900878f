from __future__ import annotations

from typing import Any

import pytest

from sm_raw.specs import distribution as builders
from sm_raw.specs.hyperparameters import encode_hyperparameter
from sm_raw.validation.rules import distribution
from sm_raw.validation.rules.base import Rule

REGISTRY = "763104351884.dkr.ecr.us-east-1.amazonaws.com"
BIG, SMALL = "ml.p3.16xlarge", "ml.g4dn.xlarge"
TORCH, DATA_PARALLEL, MPI = distribution.TORCH, distribution.DATA_PARALLEL, distribution.MPI


def job(
    settings: dict[str, object],
    *,
    version: str = "1.13.1",
    instance_type: str = BIG,
    repository: str = "pytorch-training",
) -> dict[str, Any]:
    return {
        "AlgorithmSpecification": {"TrainingImage": f"{REGISTRY}/{repository}:{version}-gpu-py39"},
        "HyperParameters": {name: encode_hyperparameter(value) for name, value in settings.items()},
        "ResourceConfig": {"InstanceType": instance_type},
    }


def found(rule: type[Rule], request: Any, operation: str = "CreateTrainingJob") -> list[tuple[str, str]]:
    return [(each.path, each.message) for each in rule(operation).check(request)]


@pytest.mark.parametrize(
    "settings",
    [
        builders.torch_distributed(BIG),
        builders.smdistributed_data_parallel(BIG),
        builders.mpi(processes_per_host=8),
        # As AWS's SDK sends smdistributed model parallel, and MPI that is switched off.
        {DATA_PARALLEL: False, "sagemaker_instance_type": BIG, MPI: True, "mp_parameters": "{}"},
        {MPI: False, "sagemaker_mpi_custom_mpi_options": ""},
        {TORCH: True, DATA_PARALLEL: True, "sagemaker_instance_type": BIG},
        {TORCH: "${torch}", MPI: True},
        {"epochs": 3},
    ],
)
def test_good_settings_trip_no_rule(settings: dict[str, object]) -> None:
    rules = [rule for rule in vars(distribution).values() if isinstance(rule, type) and getattr(rule, "id", "")]
    assert len(rules) == 9
    assert [each for rule in rules for each in found(rule, job(settings))] == []


@pytest.mark.parametrize(
    ("rule", "request_", "name", "message"),
    [
        (distribution.TorchrunIsInTheImage, job({TORCH: True}, version="1.13"), "", ""),
        (distribution.TorchrunIsInTheImage, job({TORCH: True}, version="2.1.0"), "", ""),
        (distribution.TorchrunIsInTheImage, job({TORCH: False}, version="1.12"), "", ""),
        (
            distribution.TorchrunIsInTheImage,
            job({TORCH: True}, version="1.11", instance_type="ml.trn1.2xlarge"),
            "",
            "",
        ),
        (
            distribution.TorchrunIsInTheImage,
            job({TORCH: True}, version="1.12.1"),
            TORCH,
            "the image of PyTorch 1.12.1 does not start torchrun on GPUs; give that of 1.13.1 or newer",
        ),
        (distribution.TorchrunHasGpus, job({TORCH: True}, instance_type="ml.trn1.2xlarge"), "", ""),
        (distribution.TorchrunHasGpus, job({TORCH: True}, instance_type="${type}"), "", ""),
        (
            distribution.TorchrunHasGpus,
            job({TORCH: True}, instance_type="ml.m5.xlarge"),
            TORCH,
            "there is no GPU on ml.m5.xlarge, so each runs one process; give a type g, p or trn",
        ),
        (
            distribution.DataParallelHasItsInstances,
            job({DATA_PARALLEL: True, TORCH: True}, instance_type=SMALL),
            "",
            "",
        ),
        (
            distribution.DataParallelHasItsInstances,
            job({DATA_PARALLEL: True}, instance_type=SMALL),
            DATA_PARALLEL,
            "the library is not made for ml.g4dn.xlarge;"
            " give ml.p3.16xlarge, ml.p3dn.24xlarge, ml.p4d.24xlarge or ml.p4de.24xlarge",
        ),
        (distribution.DataParallelIsInTheImage, job({DATA_PARALLEL: True}, version="1.6.0"), "", ""),
        (
            distribution.DataParallelIsInTheImage,
            job({DATA_PARALLEL: True}, version="2.11.0", repository="tensorflow-training"),
            "",
            "",
        ),
        (
            distribution.DataParallelIsInTheImage,
            job({DATA_PARALLEL: True}, version="1.5.0"),
            DATA_PARALLEL,
            "PyTorch 1.5.0 is without the library; give 1.6 or newer",
        ),
        (
            distribution.DataParallelIsInTheImage,
            job({DATA_PARALLEL: True}, version="2.12.0", repository="tensorflow-training"),
            DATA_PARALLEL,
            "TensorFlow 2.12.0 is without the library; give 2.3 to 2.11",
        ),
        (
            distribution.OneLauncher,
            job({MPI: True, TORCH: True}),
            MPI,
            f"{TORCH} is switched on as well, and one of them starts the script; keep one",
        ),
        (distribution.InstanceTypeIsTold, job({"sagemaker_instance_type": "local_gpu"}), "", ""),
        (
            distribution.InstanceTypeIsTold,
            job({"sagemaker_instance_type": SMALL}),
            "sagemaker_instance_type",
            "'ml.g4dn.xlarge' is not what the job runs on; give ml.p3.16xlarge",
        ),
        (
            distribution.PytorchDdpHasANewName,
            job({"sagemaker_pytorch_ddp_enabled": True}),
            "sagemaker_pytorch_ddp_enabled",
            f"AWS's SDK sends it no longer; give {TORCH} for torchrun, or {DATA_PARALLEL}",
        ),
        (
            distribution.MpiSettingsHaveMpi,
            job({"sagemaker_mpi_num_of_processes_per_host": 8}),
            "sagemaker_mpi_num_of_processes_per_host",
            "MPI is not switched on; add sagemaker_mpi_enabled with value true, or remove this",
        ),
    ],
)
def test_distribution(rule: type[Rule], request_: dict[str, Any], name: str, message: str) -> None:
    assert found(rule, request_) == ([(f"HyperParameters.{name}", message)] if message else [])


@pytest.mark.parametrize(
    ("groups", "given", "message"),
    [
        (["a", "b"], ["b"], None),
        (["a", "${b}"], ["c"], None),
        (["a", "b"], "${groups}", None),
        (["workers", "servers"], ["worker"], "the job has no instance group 'worker'; did you mean 'workers'?"),
        ([], ["a"], "the job has no instance group 'a'; describe it in ResourceConfig.InstanceGroups"),
    ],
)
def test_groups_of_the_distribution_are_the_jobs(groups: list[str], given: object, message: str | None) -> None:
    request = {
        "HyperParameters": {distribution.GROUPS: encode_hyperparameter(given)},
        "ResourceConfig": {"InstanceGroups": [{"InstanceGroupName": name} for name in groups]},
    }
    path = f"HyperParameters.{distribution.GROUPS}"
    assert found(distribution.GroupsAreTheJobs, request) == ([(path, message)] if message else [])


def test_static_hyperparameters_of_tuning_jobs_are_looked_at() -> None:
    definition = {"StaticHyperParameters": {TORCH: "true", MPI: "true"}}
    path = f"TrainingJobDefinition.StaticHyperParameters.{MPI}"
    message = f"{TORCH} is switched on as well, and one of them starts the script; keep one"
    operation = "CreateHyperParameterTuningJob"
    assert found(distribution.OneLauncher, {"TrainingJobDefinition": definition}, operation) == [(path, message)]


def test_settings_nested_too_deep_to_be_read_trip_no_rule() -> None:
    request = {"HyperParameters": {distribution.GROUPS: "[" * 100_000, TORCH: "[" * 100_000}}
    assert found(distribution.GroupsAreTheJobs, request) == []
    assert found(distribution.OneLauncher, request) == []
