from __future__ import annotations

from typing import Any

import pytest

from sm_raw.validation.rules import resources
from sm_raw.validation.rules.base import Rule

KMEANS = "382416733822.dkr.ecr.us-east-1.amazonaws.com/kmeans:1"


def found(rule: type[Rule], request: Any, operation: str = "CreateTrainingJob") -> list[tuple[str, str]]:
    return [(each.path, each.message) for each in rule(operation).check(request)]


def groups(*types: str) -> dict[str, Any]:
    return {"InstanceGroups": [{"InstanceType": each, "InstanceCount": 1} for each in types]}


@pytest.mark.parametrize(
    ("rule", "config", "findings"),
    [
        (resources.OneKindOfInstances, {"InstanceType": "ml.m5.large", "InstanceCount": 1}, []),
        (resources.OneKindOfInstances, {**groups("ml.m5.large"), "InstanceType": None}, []),
        (resources.OneKindOfInstances, {"InstancePreferences": [{"InstanceType": "ml.m5.large"}]}, []),
        (resources.OneKindOfInstances, {"InstanceConfigs": [{}], "InstanceType": "ml.m5.large"}, []),
        (resources.OneKindOfInstances, "${resources}", []),
        (
            resources.OneKindOfInstances,
            {"InstanceCount": 1},
            [("InstanceType", "missing; give an InstanceType and an InstanceCount")],
        ),
        (
            resources.OneKindOfInstances,
            {"InstanceType": "ml.m5.large"},
            [("InstanceCount", "missing; give how many instances to start, such as 1")],
        ),
        (
            resources.OneKindOfInstances,
            {**groups("ml.m5.large"), "InstanceType": "ml.m5.large"},
            [("InstanceGroups", "given beside InstanceType; keep one of the two")],
        ),
        (
            resources.OneKindOfInstances,
            {**groups("ml.m5.large"), "InstanceCount": 2},
            [("InstanceCount", "given beside InstanceGroups, which have counts of their own; remove it")],
        ),
        (resources.PreferencesAreOnDemand, {"InstancePreferences": [{}]}, []),
        (resources.PreferencesAreOnDemand, {"InstancePlacementConfig": {"EnableMultipleJobs": True}}, []),
        (
            resources.PreferencesAreOnDemand,
            {"InstancePreferences": [{}], "InstancePlacementConfig": {"EnableMultipleJobs": True}},
            [("InstancePlacementConfig", "given beside InstancePreferences; keep one of the two")],
        ),
        (resources.NothingReadOnly, {"InstanceType": "ml.m5.large"}, []),
        (
            resources.NothingReadOnly,
            {"SelectedInstanceType": "ml.m5.large"},
            [("SelectedInstanceType", "is told by the service only; remove it")],
        ),
        (resources.WarmPoolIsPossible, {"KeepAlivePeriodInSeconds": 600}, []),
        (resources.WarmPoolIsPossible, {**groups("ml.m5.large"), "KeepAlivePeriodInSeconds": 0}, []),
        (
            resources.WarmPoolIsPossible,
            {**groups("ml.m5.large"), "KeepAlivePeriodInSeconds": 600},
            [
                (
                    "KeepAlivePeriodInSeconds",
                    "600 is given, but instance groups cannot be kept in a warm pool; remove it",
                )
            ],
        ),
        (resources.VolumeKeyNeedsAVolume, {"InstanceType": "ml.m5.large", "VolumeKmsKeyId": "k"}, []),
        (resources.VolumeKeyNeedsAVolume, {"InstanceType": "ml.g5.xlarge"}, []),
        (resources.VolumeKeyNeedsAVolume, {"InstanceType": "ml.g4dn.xlarge", "VolumeKmsKeyId": "k"}, []),
        (resources.VolumeKeyNeedsAVolume, {"InstanceType": "ml.g5.xlarge", "VolumeKmsKeyId": "${key}"}, []),
        (
            resources.VolumeKeyNeedsAVolume,
            {**groups("ml.m5.large", "ml.p4d.24xlarge"), "VolumeKmsKeyId": "k"},
            [
                (
                    "VolumeKmsKeyId",
                    "ml.p4d.24xlarge has local storage, which takes no key (its hardware encrypts it); remove it",
                )
            ],
        ),
        (resources.VolumeFitsLocalStorage, {"InstanceType": "ml.g4dn.xlarge", "VolumeSizeInGB": 125}, []),
        (resources.VolumeFitsLocalStorage, {"InstanceType": "ml.m5.large", "VolumeSizeInGB": 500}, []),
        (resources.VolumeFitsLocalStorage, {"InstanceType": "ml.g4dn.xlarge", "VolumeSizeInGB": "${size}"}, []),
        (
            resources.VolumeFitsLocalStorage,
            {"InstanceType": "ml.g5.xlarge", "VolumeSizeInGB": 251},
            [
                (
                    "VolumeSizeInGB",
                    "251 is more than the 250 GB of local storage that ml.g5.xlarge has instead; give 250 or less",
                )
            ],
        ),
        (resources.EbsInstancesHaveAVolume, {"InstanceType": "ml.m5.large", "VolumeSizeInGB": 1}, []),
        (resources.EbsInstancesHaveAVolume, {"InstanceType": "ml.m5.large", "VolumeSizeInGB": "${size}"}, []),
        (resources.EbsInstancesHaveAVolume, {"InstanceType": "ml.g5.xlarge"}, []),
        (resources.EbsInstancesHaveAVolume, {"InstanceType": "ml.new9.large"}, []),
        (
            resources.EbsInstancesHaveAVolume,
            {"InstanceType": "ml.m5.large"},
            [
                (
                    "VolumeSizeInGB",
                    "missing; ml.m5.large has no storage of its own: give the GB that data and model need, such as 30",
                )
            ],
        ),
    ],
)
def test_resources(rule: type[Rule], config: object, findings: list[tuple[str, str]]) -> None:
    expected = [(f"ResourceConfig.{path}", message) for path, message in findings]
    assert found(rule, {"ResourceConfig": config}) == expected


@pytest.mark.parametrize(
    ("rule", "config", "finding"),
    [
        (resources.PreferencesAreOnDemand, groups("ml.m5.large"), None),
        (
            resources.PreferencesAreOnDemand,
            {"InstancePreferences": [{}]},
            ("InstancePreferences", "given with spot training, for which it is not; give one InstanceType"),
        ),
        (
            resources.WarmPoolIsPossible,
            {**groups("ml.m5.large"), "KeepAlivePeriodInSeconds": 60},
            (
                "KeepAlivePeriodInSeconds",
                "60 is given, but spot instances and instance groups cannot be kept in a warm pool; remove it",
            ),
        ),
    ],
)
def test_resources_of_spot_training(rule: type[Rule], config: object, finding: tuple[str, str] | None) -> None:
    expected = [(f"ResourceConfig.{finding[0]}", finding[1])] if finding else []
    assert found(rule, {"EnableManagedSpotTraining": True, "ResourceConfig": config}) == expected


def test_resources_of_a_tuning_job_are_looked_at_too() -> None:
    config = {"InstanceType": "ml.g5.xlarge", "InstanceCount": 1, "VolumeKmsKeyId": "k"}
    request = {"TrainingJobDefinitions": [{"HyperParameterTuningResourceConfig": config}]}
    paths = [path for path, _ in found(resources.VolumeKeyNeedsAVolume, request, "CreateHyperParameterTuningJob")]
    assert paths == ["TrainingJobDefinitions[0].HyperParameterTuningResourceConfig.VolumeKmsKeyId"]


@pytest.mark.parametrize(
    ("image", "wait", "message"),
    [
        (KMEANS, 3600, None),
        (KMEANS, "${wait}", None),
        ("111122223333.dkr.ecr.us-east-1.amazonaws.com/kmeans:1", 7200, None),
        ("811284229777.dkr.ecr.us-east-1.amazonaws.com/image-classification:1", 7200, None),
        (KMEANS, 7200, "7200 is more than 3600, the most for kmeans, which saves no checkpoints; give 3600 or less"),
    ],
)
def test_spot_wait_without_checkpoints(image: str, wait: object, message: str | None) -> None:
    request = {
        "RoleArn": "arn:aws:iam::111122223333:role/training",
        "AlgorithmSpecification": {"TrainingImage": image},
        "EnableManagedSpotTraining": True,
        "StoppingCondition": {"MaxWaitTimeInSeconds": wait},
    }
    findings = [("StoppingCondition.MaxWaitTimeInSeconds", message)] if message else []
    assert found(resources.SpotWaitWithoutCheckpoints, request) == findings


def vpc(subnets: object, security_groups: object) -> dict[str, Any]:
    return {"VpcConfig": {"Subnets": subnets, "SecurityGroupIds": security_groups}}


@pytest.mark.parametrize(
    ("rule", "request_", "findings"),
    [
        (resources.VpcIdsAreOfTheirKind, vpc(["subnet-0a", "${subnet}"], ["sg-01"]), []),
        (resources.VpcIdsAreOfTheirKind, vpc("${subnets}", None), []),
        (
            resources.VpcIdsAreOfTheirKind,
            vpc(["subnet-0a", "sg-01"], ["default"]),
            [
                ("VpcConfig.Subnets[1]", "'sg-01' is no id that begins with 'subnet-'; give one"),
                ("VpcConfig.SecurityGroupIds[0]", "'default' is no id that begins with 'sg-'; give one"),
            ],
        ),
        (resources.VpcIdsAreDistinct, vpc(["subnet-0a", "subnet-0b"], ["sg-01", 3, 3]), []),
        (resources.VpcIdsAreDistinct, vpc(["${subnet}", "${subnet}"], []), []),
        (
            resources.VpcIdsAreDistinct,
            vpc(["subnet-0a", "subnet-0a"], ["sg-01"]),
            [("VpcConfig.Subnets[1]", "'subnet-0a' is given before; keep one")],
        ),
    ],
)
def test_vpc_ids(rule: type[Rule], request_: dict[str, Any], findings: list[tuple[str, str]]) -> None:
    assert found(rule, request_) == findings


@pytest.mark.parametrize(
    ("operation", "request_", "path"),
    [
        ("CreateModel", vpc(["x"], []), "VpcConfig.Subnets[0]"),
        ("CreateProcessingJob", {"NetworkConfig": vpc(["x"], [])}, "NetworkConfig.VpcConfig.Subnets[0]"),
        (
            "CreateHyperParameterTuningJob",
            {"TrainingJobDefinition": vpc(["x"], [])},
            "TrainingJobDefinition.VpcConfig.Subnets[0]",
        ),
    ],
)
def test_vpc_of_every_operation_is_found(operation: str, request_: dict[str, Any], path: str) -> None:
    assert [each for each, _ in found(resources.VpcIdsAreOfTheirKind, request_, operation)] == [path]
