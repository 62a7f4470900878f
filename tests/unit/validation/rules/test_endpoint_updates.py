from __future__ import annotations

from typing import Any

import pytest

from sm_raw.validation.rules import endpoint_updates as updates
from sm_raw.validation.rules.base import Rule, TogetherRule

ROUTING = "DeploymentConfig.BlueGreenUpdatePolicy.TrafficRoutingConfiguration"
TIMEOUT = "DeploymentConfig.BlueGreenUpdatePolicy.MaximumExecutionTimeoutInSeconds"


def found(rule: type[Rule], request: Any) -> list[tuple[str, str]]:
    return [(each.path, each.message) for each in rule("UpdateEndpoint").check(request)]


def routing(**fields: object) -> dict[str, Any]:
    return {"DeploymentConfig": {"BlueGreenUpdatePolicy": {"TrafficRoutingConfiguration": fields}}}


def percent(value: object) -> dict[str, object]:
    return {"Type": "CAPACITY_PERCENT", "Value": value}


def rolling(**sizes: object) -> dict[str, Any]:
    return {"DeploymentConfig": {"RollingUpdatePolicy": sizes}}


def blue_green(wait: object, termination: object, timeout: object) -> dict[str, Any]:
    policy = {
        "TrafficRoutingConfiguration": {"WaitIntervalInSeconds": wait},
        "TerminationWaitInSeconds": termination,
        "MaximumExecutionTimeoutInSeconds": timeout,
    }
    return {"DeploymentConfig": {"BlueGreenUpdatePolicy": policy}}


@pytest.mark.parametrize(
    ("rule", "request_", "findings"),
    [
        (updates.OneUpdatePolicy, {}, []),
        (updates.OneUpdatePolicy, {"DeploymentConfig": "${deployment}"}, []),
        (updates.OneUpdatePolicy, {"DeploymentConfig": {"RollingUpdatePolicy": {}}}, []),
        (
            updates.OneUpdatePolicy,
            {"DeploymentConfig": {"RollingUpdatePolicy": {}, "BlueGreenUpdatePolicy": {}}},
            [("DeploymentConfig.RollingUpdatePolicy", "given beside BlueGreenUpdatePolicy; keep one of them")],
        ),
        (updates.TrafficHasItsStep, routing(Type="ALL_AT_ONCE"), []),
        (updates.TrafficHasItsStep, routing(Type="CANARY", CanarySize="${size}"), []),
        (updates.TrafficHasNoOtherStep, routing(Type="CANARY", CanarySize="${size}"), []),
        (updates.TrafficHasNoOtherStep, routing(Type="${type}", CanarySize={}), []),
        (
            updates.TrafficHasItsStep,
            routing(Type="CANARY"),
            [(f"{ROUTING}.CanarySize", "missing; traffic of Type CANARY needs it")],
        ),
        (
            updates.TrafficHasNoOtherStep,
            routing(Type="LINEAR", CanarySize={}),
            [(f"{ROUTING}.CanarySize", "given with Type LINEAR; remove it, or set Type to CANARY")],
        ),
        (updates.BatchIsAShare, routing(CanarySize=percent(50)), []),
        (updates.BatchIsAShare, routing(CanarySize=percent("${share}")), []),
        (updates.BatchIsAShare, routing(CanarySize={"Type": "INSTANCE_COUNT", "Value": 60}), []),
        (updates.BatchIsAShare, rolling(MaximumBatchSize=percent(5), RollbackMaximumBatchSize=percent(100)), []),
        (
            updates.BatchIsAShare,
            routing(CanarySize=percent(60)),
            [(f"{ROUTING}.CanarySize.Value", "60 % is not 1 to 50 % of the capacity; give 1 to 50")],
        ),
        (
            updates.BatchIsAShare,
            routing(LinearStepSize=percent(5)),
            [(f"{ROUTING}.LinearStepSize.Value", "5 % is not 10 to 50 % of the capacity; give 10 to 50")],
        ),
        (
            updates.BatchIsAShare,
            rolling(MaximumBatchSize=percent(100)),
            [
                (
                    "DeploymentConfig.RollingUpdatePolicy.MaximumBatchSize.Value",
                    "100 % is not 5 to 50 % of the capacity; give 5 to 50",
                )
            ],
        ),
        (updates.TimeoutCoversTheWaits, blue_green(300, 300, 601), []),
        (updates.TimeoutCoversTheWaits, blue_green("${wait}", 300, 600), []),
        (updates.TimeoutCoversTheWaits, blue_green(3600, 3600, "${timeout}"), []),
        (
            updates.TimeoutCoversTheWaits,
            blue_green(300, 600, 900),
            [(TIMEOUT, "900 does not cover the waits, which are 900 s at least; give more")],
        ),
        (
            updates.ExceptionsAreOfWhatIsRetained,
            {"RetainAllVariantProperties": True, "ExcludeRetainedVariantProperties": [{}]},
            [],
        ),
        (
            updates.ExceptionsAreOfWhatIsRetained,
            {"RetainAllVariantProperties": "${retain}", "ExcludeRetainedVariantProperties": [{}]},
            [],
        ),
        (updates.ExceptionsAreOfWhatIsRetained, {"ExcludeRetainedVariantProperties": []}, []),
        (
            updates.ExceptionsAreOfWhatIsRetained,
            {"ExcludeRetainedVariantProperties": [{"VariantPropertyType": "DesiredWeight"}]},
            [
                (
                    "ExcludeRetainedVariantProperties",
                    "given while nothing is retained; set RetainAllVariantProperties to true, or remove it",
                )
            ],
        ),
        (updates.OneDeploymentConfiguration, {"RetainDeploymentConfig": True}, []),
        (updates.OneDeploymentConfiguration, {"RetainDeploymentConfig": False, "DeploymentConfig": {}}, []),
        (
            updates.OneDeploymentConfiguration,
            {"RetainDeploymentConfig": True, "DeploymentConfig": {}},
            [("RetainDeploymentConfig", "true beside DeploymentConfig, of which it is the opposite; keep one of them")],
        ),
    ],
)
def test_update(rule: type[Rule], request_: dict[str, Any], findings: list[tuple[str, str]]) -> None:
    assert found(rule, request_) == findings


@pytest.mark.parametrize(
    ("desired", "findings"),
    [
        ([{"VariantName": "a", "DesiredWeight": 1}, {"VariantName": "b", "DesiredWeight": 0}], []),
        ([{"VariantName": "a", "DesiredInstanceCount": "${count}"}, {"VariantName": "b", "DesiredWeight": 0}], []),
        (
            [{"VariantName": "a", "DesiredWeight": 1}, {"VariantName": "a", "DesiredWeight": 2}],
            [("DesiredWeightsAndCapacities[1].VariantName", "'a' is given twice; keep one")],
        ),
        (
            [{"VariantName": "a"}],
            [("DesiredWeightsAndCapacities[0]", "changes nothing; give DesiredWeight or DesiredInstanceCount")],
        ),
        (
            [{"VariantName": "a", "DesiredInstanceCount": 1}, {"VariantName": "b", "DesiredInstanceCount": 2}],
            [
                (
                    "DesiredWeightsAndCapacities[1]",
                    "is the second variant that changes capacity; send one request for each",
                )
            ],
        ),
    ],
)
def test_desired_changes_are_clear(desired: list[dict[str, Any]], findings: list[tuple[str, str]]) -> None:
    assert found(updates.DesiredChangesAreClear, {"DesiredWeightsAndCapacities": desired}) == findings


INSTANCES = {"VariantName": "a", "InstanceType": "ml.m5.large"}


@pytest.mark.parametrize(
    ("variants", "deployment", "what"),
    [
        ([INSTANCES], {"RollingUpdatePolicy": {}}, None),
        ([INSTANCES, INSTANCES], {"BlueGreenUpdatePolicy": {}}, None),
        ([INSTANCES, INSTANCES], "${deployment}", None),
        ([INSTANCES, INSTANCES], {"RollingUpdatePolicy": {}}, "several variants"),
        ([{"ServerlessConfig": {}}], {"RollingUpdatePolicy": {}}, "a serverless variant"),
    ],
)
def test_rolling_is_for_one_variant(variants: list[dict[str, Any]], deployment: object, what: str | None) -> None:
    requests: list[tuple[str, Any]] = [
        ("CreateEndpointConfig", {"EndpointConfigName": "c", "ProductionVariants": variants}),
        ("UpdateEndpoint", {"EndpointName": "e", "EndpointConfigName": "c", "DeploymentConfig": deployment}),
    ]
    message = f"the configuration has {what}, which cannot be rolled; give BlueGreenUpdatePolicy"
    expected = [(1, "DeploymentConfig.RollingUpdatePolicy", message)] if what else []
    assert together(updates.RollingIsForOneVariant, requests) == expected


@pytest.mark.parametrize(
    ("endpoint", "retained", "told"),
    [
        ("e", {"RetainAllVariantProperties": True}, False),
        ("e", {"RetainAllVariantProperties": "${retain}"}, False),
        ("other", {}, False),
        ("e", {}, True),
        ("e", {"RetainAllVariantProperties": False}, True),
    ],
)
def test_update_keeps_the_capacity_that_scaling_has_reached(
    endpoint: str, retained: dict[str, Any], told: bool
) -> None:
    requests: list[tuple[str, Any]] = [
        ("RegisterScalableTarget", {"ResourceId": "endpoint/e/variant/v"}),
        ("RegisterScalableTarget", {"ResourceId": "function:f:prod"}),
        ("UpdateEndpoint", {"EndpointName": endpoint, "EndpointConfigName": "c", **retained}),
    ]
    message = "the endpoint scales, and starts again from the configuration's counts; set it to true"
    expected = [(2, "RetainAllVariantProperties", message)] if told else []
    assert together(updates.UpdateKeepsScaledCapacity, requests) == expected


def together(rule: type[TogetherRule], requests: list[tuple[str, Any]]) -> list[tuple[int, str, str]]:
    return [(index, each.path, each.message) for index, each in rule("").check_together(requests)]
