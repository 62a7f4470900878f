from __future__ import annotations

from typing import Any

import pytest

from sm_raw import specs
from sm_raw.runs.costs import Charge, charges

COMMON: dict[str, Any] = {
    "image_uri": "123456789012.dkr.ecr.us-east-1.amazonaws.com/own:1",
    "role_arn": "arn:aws:iam::123456789012:role/SageMaker",
    "output_uri": "s3://bucket/output",
}
HALF_AN_HOUR = 1800 - 120  # and two minutes to stop in


def training(count: int = 1, *, keep_alive: int | None = None, **more: Any) -> Any:
    resources = specs.resources("ml.m5.xlarge", count=count, keep_alive_seconds=keep_alive, volume_gb=73)
    job = specs.training_job("t", **COMMON, resources=resources, max_runtime_seconds=HALF_AN_HOUR, **more)
    return ("train", "CreateTrainingJob", job)


def tuning(max_jobs: int, parallel: int = 1, *, count: int = 1, whole: int | None = None) -> Any:
    definition = specs.training_definition(
        **COMMON, resources=specs.resources("ml.m5.xlarge", count=count), max_runtime_seconds=HALF_AN_HOUR
    )
    request = specs.tuning_job("h", training=definition, max_jobs=max_jobs, max_parallel_jobs=parallel)
    if whole is not None:
        request["HyperParameterTuningJobConfig"]["ResourceLimits"]["MaxRuntimeInSeconds"] = whole
    return ("tune", "CreateHyperParameterTuningJob", request)


def endpoint(*variants: Any, asynchronous: bool = False) -> list[Any]:
    config = {**specs.endpoint_config("c", variants=list(variants))}
    if asynchronous:
        config["AsyncInferenceConfig"] = {"OutputConfig": {"S3OutputPath": "s3://bucket/answers"}}
    return [
        ("config", "CreateEndpointConfig", config),
        ("endpoint", "CreateEndpoint", specs.endpoint("e", config_name="c")),
    ]


INSTANCE = specs.production_variant("m", instance_type="ml.m5.large")
TARGET = (
    "target",
    "RegisterScalableTarget",
    specs.scalable_target("endpoint/e/variant/AllTraffic", min_capacity=1, max_capacity=3),
)


def function(**more: Any) -> list[Any]:
    ready = specs.provisioned_concurrency("f", qualifier="live", executions=2)
    return [
        ("function", "CreateFunction", {"FunctionName": "f", "MemorySize": 512, **more}),
        ("ready", "PutProvisionedConcurrencyConfig", ready),
    ]


def machine(script: str = "", **more: Any) -> Any:
    request = {"InstanceType": "g4dn.xlarge", "MinCount": 1, "MaxCount": 2, "UserData": script, **more}
    return ("machine", "RunInstances", request)


def flat(found: list[Charge]) -> list[Any]:
    """(step, [{usage type: amount} for each option]) of what has to have a price."""
    return [
        (
            each.step,
            [{one.usage_type: pytest.approx(one.amount) for one in option} for option in each.options],
        )
        for each in found
        if not each.optional
    ]


@pytest.mark.parametrize(
    ("steps", "expected"),
    [
        ([], []),
        ([training(2)], [("train", [{"Train:ml.m5.xlarge": 1.0}])]),
        # Spot capacity may cost less, and need not.
        ([training(extra={"EnableManagedSpotTraining": True})], [("train", [{"Train:ml.m5.xlarge": 0.5}])]),
        (
            [training(2, keep_alive=3600)],
            [("train", [{"Train:ml.m5.xlarge": 1.0}]), ("train: warm pool", [{"Train:ml.m5.xlarge": 2.0}])],
        ),
        # All its jobs, however many at a time.
        ([tuning(8, 2, count=3)], [("tune", [{"Train:ml.m5.xlarge": 12.0}])]),
        # Two at a time for an hour: a limit for the whole tuning job may be the tighter one.
        ([tuning(8, 2, whole=3600 - 120)], [("tune", [{"Train:ml.m5.xlarge": 2.0}])]),
        ([tuning(2, 2, whole=3600 - 120)], [("tune", [{"Train:ml.m5.xlarge": 1.0}])]),
        (endpoint(INSTANCE), [("endpoint", [{"Host:ml.m5.large": 10.0}])]),
        ([*endpoint(INSTANCE), TARGET], [("endpoint", [{"Host:ml.m5.large": 30.0}])]),
        (endpoint(INSTANCE, asynchronous=True), [("endpoint", [{"AsyncInf:ml.m5.large": 10.0}])]),
        # Every place busy all the time, and those kept ready besides.
        (
            endpoint(specs.serverless_variant("m", memory_mb=4096, max_concurrency=5, provisioned_concurrency=2)),
            [("endpoint", [{"ServerlessInf:Mem-4GB": 5 * 36000.0, "ProvisionedConcurrency:Mem-4GB": 2 * 36000.0}])],
        ),
        (function(), [("ready", [{"Lambda-Provisioned-Concurrency": 2 * 0.5 * 36000}])]),
        (function(Architectures=["arm64"]), [("ready", [{"Lambda-Provisioned-Concurrency-ARM": 36000.0}])]),
        ([machine()], [("machine", [{"BoxUsage:g4dn.xlarge": 20.0}])]),
        # It has an end only if its end is the instance's.
        ([machine("#!/bin/bash\nshutdown -h +90\n")], [("machine", [{"BoxUsage:g4dn.xlarge": 20.0}])]),
        (
            [machine("#!/bin/bash\nshutdown -h +90\n", InstanceInitiatedShutdownBehavior="terminate")],
            [("machine", [{"BoxUsage:g4dn.xlarge": 3.0}])],
        ),
    ],
)
def test_what_steps_are_charged_at_most_in_ten_hours(steps: Any, expected: Any) -> None:
    assert flat(charges(steps, hours=10)) == expected


def test_rules_cost_only_on_instances_of_ones_own() -> None:
    rules = [
        {"RuleConfigurationName": "own", "RuleEvaluatorImage": "i", "InstanceType": "ml.t3.medium"},
        {"RuleConfigurationName": "built-in", "RuleEvaluatorImage": "i"},
    ]
    found = flat(charges([training(debug_rules=rules)], hours=1))
    assert found == [
        ("train", [{"Train:ml.m5.xlarge": 0.5}]),
        ("train: rules", [{"Processing:ml.t3.medium": 0.5}]),
    ]


def test_of_instances_that_a_job_may_get_each_is_an_option() -> None:
    step, operation, request = tuning(2)
    configs = [
        {"InstanceType": each, "InstanceCount": 1, "VolumeSizeInGB": 10} for each in ("ml.g5.xlarge", "ml.g6.xlarge")
    ]
    request["TrainingJobDefinition"]["HyperParameterTuningResourceConfig"] = {"InstanceConfigs": configs}
    found = flat(charges([(step, operation, request)], hours=1))
    assert found == [("tune", [{"Train:ml.g5.xlarge": 1.0}, {"Train:ml.g6.xlarge": 1.0}])]


def test_disks_are_counted_by_the_month_and_need_no_price() -> None:
    disks = [each for each in charges([training(2)], hours=1) if each.optional]
    assert [(each.step, each.options[0][0].usage_type) for each in disks] == [("train", "Train:VolumeUsage.gp2")]
    assert disks[0].options[0][0].amount == pytest.approx(2 * 73 * 0.5 / 730)


@pytest.mark.parametrize(
    ("steps", "unknown"),
    [
        (endpoint(INSTANCE)[1:], "its configuration c is not among the requests"),
        ([machine(MaxCount="${before.Count}")], "only the run can tell MaxCount"),
        ([("machine", "RunInstances", {"MaxCount": 1})], "it names no instance type"),
    ],
)
def test_what_cannot_be_reckoned_is_said(steps: Any, unknown: str) -> None:
    assert [each.unknown for each in charges(steps, hours=1)] == [unknown]


def test_a_reckoning_can_be_followed() -> None:
    (charge, *_) = charges([tuning(8, 2, count=3)], hours=1)
    assert charge.options[0][0].reckoning == "8 x 3 x 0.50 h"
