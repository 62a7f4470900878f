from __future__ import annotations

from typing import Any

import pytest

from sm_raw import specs
from sm_raw.runs.capacity import HOSTING, PROCESSING, TRAINING, Need, instances_at_most

COMMON: dict[str, Any] = {
    "image_uri": "123456789012.dkr.ecr.us-east-1.amazonaws.com/own:1",
    "role_arn": "arn:aws:iam::123456789012:role/SageMaker",
    "output_uri": "s3://bucket/output",
}


def training(instance_type: str, count: int = 1, **more: Any) -> tuple[str, Any]:
    resources = specs.resources(instance_type, count=count)
    return "CreateTrainingJob", specs.training_job("t", **COMMON, resources=resources, **more)


def tuning(instance_type: str, parallel: int, count: int = 1) -> tuple[str, Any]:
    definition = specs.training_definition(**COMMON, resources=specs.resources(instance_type, count=count))
    request = specs.tuning_job("h", training=definition, max_jobs=9, max_parallel_jobs=parallel)
    return "CreateHyperParameterTuningJob", request


def rule(name: str, **instance: Any) -> Any:
    return {"RuleConfigurationName": name, "RuleEvaluatorImage": "i", **instance}


ENDPOINT = [
    (
        "CreateEndpointConfig",
        specs.endpoint_config("c", variants=[specs.production_variant("m", instance_type="ml.m5.large")]),
    ),
    ("CreateEndpoint", specs.endpoint("e", config_name="c")),
]
TARGET = (
    "RegisterScalableTarget",
    specs.scalable_target("endpoint/e/variant/AllTraffic", min_capacity=1, max_capacity=3),
)


@pytest.mark.parametrize(
    ("requests", "needs"),
    [
        ([], []),
        ([training("ml.m5.xlarge", 2)], [Need("ml.m5.xlarge", TRAINING, 2)]),
        ([tuning("ml.m5.xlarge", 3, 2)], [Need("ml.m5.xlarge", TRAINING, 6)]),
        # One after the other: the larger of the two.
        ([tuning("ml.m5.xlarge", 3), training("ml.m5.xlarge", 2)], [Need("ml.m5.xlarge", TRAINING, 3)]),
        (
            [training("ml.p3.2xlarge", debug_rules=[rule("a", InstanceType="ml.t3.medium"), rule("b")])],
            [Need("ml.p3.2xlarge", TRAINING, 1), Need("ml.t3.medium", PROCESSING, 1)],
        ),
        (ENDPOINT, [Need("ml.m5.large", HOSTING, 1)]),
        ([*ENDPOINT, TARGET], [Need("ml.m5.large", HOSTING, 3)]),
        ([ENDPOINT[1], TARGET], []),
    ],
)
def test_instances_at_one_time(requests: Any, needs: list[Need]) -> None:
    assert instances_at_most(requests) == needs


def test_a_need_knows_the_name_of_its_quota() -> None:
    assert Need("ml.m5.large", HOSTING, 3).quota_name == "ml.m5.large for endpoint usage"
