from __future__ import annotations

from typing import Any

import pytest

from sm_raw import specs
from sm_raw.runs.capacity import (
    ALL_HOSTING,
    ALL_PROCESSING,
    ALL_TRAINING,
    CONCURRENCY,
    EC2,
    HOSTING,
    PROCESSING,
    SERVERLESS,
    SPOT,
    TRAINING,
    WARM_POOL,
    Need,
    instances_at_most,
    parallel_jobs_that_fit,
    unsettled,
)

COMMON: dict[str, Any] = {
    "image_uri": "123456789012.dkr.ecr.us-east-1.amazonaws.com/own:1",
    "role_arn": "arn:aws:iam::123456789012:role/SageMaker",
    "output_uri": "s3://bucket/output",
}


def training(instance_type: str, count: int = 1, resources: Any = None, **more: Any) -> tuple[str, Any]:
    resources = resources or specs.resources(instance_type, count=count)
    return "CreateTrainingJob", specs.training_job("t", **COMMON, resources=resources, **more)


def tuning(instance_type: str, parallel: int, count: int = 1) -> tuple[str, Any]:
    definition = specs.training_definition(**COMMON, resources=specs.resources(instance_type, count=count))
    request = specs.tuning_job("h", training=definition, max_jobs=9, max_parallel_jobs=parallel)
    return "CreateHyperParameterTuningJob", request


def either(*instance_types: str, parallel: int = 1) -> tuple[str, Any]:
    """A tuning job whose training jobs may get any of these."""
    operation, request = tuning("ml.m5.large", parallel)
    configs = [{"InstanceType": each, "InstanceCount": 2, "VolumeSizeInGB": 10} for each in instance_types]
    request["TrainingJobDefinition"]["HyperParameterTuningResourceConfig"] = {"InstanceConfigs": configs}
    return operation, request


def rule(name: str, **instance: Any) -> Any:
    return {"RuleConfigurationName": name, "RuleEvaluatorImage": "i", **instance}


def endpoint(*variants: Any) -> list[tuple[str, Any]]:
    return [
        ("CreateEndpointConfig", specs.endpoint_config("c", variants=list(variants))),
        ("CreateEndpoint", specs.endpoint("e", config_name="c")),
    ]


ENDPOINT = endpoint(specs.production_variant("m", instance_type="ml.m5.large"))
TARGET = (
    "RegisterScalableTarget",
    specs.scalable_target("endpoint/e/variant/AllTraffic", min_capacity=1, max_capacity=3),
)
READY = ("PutProvisionedConcurrencyConfig", specs.provisioned_concurrency("f", qualifier="live", executions=2))


@pytest.mark.parametrize(
    ("requests", "needs"),
    [
        ([], []),
        ([training("ml.m5.xlarge", 2)], [Need("ml.m5.xlarge", TRAINING, 2), Need("", ALL_TRAINING, 2)]),
        ([tuning("ml.m5.xlarge", 3, 2)], [Need("ml.m5.xlarge", TRAINING, 6), Need("", ALL_TRAINING, 6)]),
        # One after the other: the larger of the two.
        (
            [tuning("ml.m5.xlarge", 3), training("ml.m5.xlarge", 2)],
            [Need("ml.m5.xlarge", TRAINING, 3), Need("", ALL_TRAINING, 3)],
        ),
        # Any of its jobs may get either, none gets both.
        (
            [either("ml.g5.xlarge", "ml.g6.xlarge", parallel=2)],
            [Need("ml.g5.xlarge", TRAINING, 4), Need("ml.g6.xlarge", TRAINING, 4), Need("", ALL_TRAINING, 4)],
        ),
        (
            [training("ml.m5.xlarge", resources=specs.resources("ml.m5.xlarge", keep_alive_seconds=600))],
            [
                Need("ml.m5.xlarge", TRAINING, 1),
                Need("ml.m5.xlarge", WARM_POOL, 1),
                Need("", ALL_TRAINING, 1),
            ],
        ),
        (
            [training("ml.m5.xlarge", extra={"EnableManagedSpotTraining": True})],
            [Need("ml.m5.xlarge", SPOT, 1), Need("", ALL_TRAINING, 1)],
        ),
        # Every rule is a processing job; only one of the user's own says on what.
        (
            [training("ml.p3.2xlarge", debug_rules=[rule("a", InstanceType="ml.t3.medium"), rule("b")])],
            [
                Need("ml.p3.2xlarge", TRAINING, 1),
                Need("ml.t3.medium", PROCESSING, 1),
                Need("", ALL_PROCESSING, 2),
                Need("", ALL_TRAINING, 1),
            ],
        ),
        (ENDPOINT, [Need("ml.m5.large", HOSTING, 1), Need("", ALL_HOSTING, 1)]),
        ([*ENDPOINT, TARGET], [Need("ml.m5.large", HOSTING, 3), Need("", ALL_HOSTING, 3)]),
        ([ENDPOINT[1], TARGET], []),
        (endpoint(specs.serverless_variant("m", memory_mb=4096, max_concurrency=7)), [Need("", SERVERLESS, 7)]),
        ([READY], [Need("", CONCURRENCY, 2)]),
        ([("RunInstances", {"InstanceType": "g4dn.xlarge", "MaxCount": 2})], [Need("g4dn.xlarge", EC2, 2)]),
        # What only a run can tell counts nothing.
        ([("RunInstances", {"InstanceType": "g4dn.xlarge", "MaxCount": "${before.Count}"})], []),
    ],
)
def test_instances_at_one_time(requests: Any, needs: list[Need]) -> None:
    assert instances_at_most(requests) == needs


@pytest.mark.parametrize(
    ("need", "quota_name", "service"),
    [
        (Need("ml.m5.large", HOSTING, 3), "ml.m5.large for endpoint usage", "sagemaker"),
        (Need("", ALL_TRAINING, 3), "Number of instances across all training jobs", "sagemaker"),
        (Need("", CONCURRENCY, 3), "Concurrent executions", "lambda"),
        (Need("g4dn.xlarge", EC2, 1), "g4dn.xlarge for EC2", ""),
    ],
)
def test_a_need_knows_its_quota(need: Need, quota_name: str, service: str) -> None:
    assert (need.quota_name, need.service) == (quota_name, service)


@pytest.mark.parametrize(
    ("quotas", "fitting"),
    [
        ({}, None),
        ({"ml.m5.xlarge for training job usage": 7.0}, 3),
        ({"ml.m5.xlarge for training job usage": 7.0, ALL_TRAINING: 4.0}, 2),
        ({"ml.m5.xlarge for training job usage": 1.0}, 0),
    ],
)
def test_the_parallelism_that_fits_is_that_of_the_tightest_quota(quotas: Any, fitting: int | None) -> None:
    assert parallel_jobs_that_fit(tuning("ml.m5.xlarge", 9, 2)[1], quotas) == fitting


def test_members_that_only_a_run_can_tell_are_named() -> None:
    request = {"A": {"InstanceCount": "${a.B}"}, "C": [{"MaxCount": 1, "VolumeSize": "x${a.C}"}], "Name": "${a.D}"}
    assert unsettled(request) == ["InstanceCount", "VolumeSize"]
