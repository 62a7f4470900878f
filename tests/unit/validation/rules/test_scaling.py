from __future__ import annotations

from typing import Any

import pytest

from sm_raw.validation.rules import scaling
from sm_raw.validation.rules.base import Rule

INSTANCES = "sagemaker:variant:DesiredInstanceCount"
CONCURRENCY = "lambda:function:ProvisionedConcurrency"
METRIC = "TargetTrackingScalingPolicyConfiguration.PredefinedMetricSpecification.PredefinedMetricType"


def found(rule: type[Rule], request: Any) -> list[tuple[str, str]]:
    return [(each.path, each.message) for each in rule(rule.operations[0]).check(request)]


@pytest.mark.parametrize(
    ("request_", "findings"),
    [
        ({"MinCapacity": 1, "MaxCapacity": 2}, []),
        ({"MinCapacity": 2, "MaxCapacity": 2}, []),
        ({"MinCapacity": 0}, []),
        ({"MinCapacity": "${least}", "MaxCapacity": 2}, []),
        ({"MinCapacity": 3, "MaxCapacity": 2}, [("MinCapacity", "3 is above MaxCapacity (2); exchange them")]),
        (
            {"ScalableTargetAction": {"MinCapacity": 3, "MaxCapacity": 2}},
            [("ScalableTargetAction.MinCapacity", "3 is above MaxCapacity (2); exchange them")],
        ),
    ],
)
def test_minimum_capacity_is_within_maximum(request_: dict[str, Any], findings: list[tuple[str, str]]) -> None:
    assert found(scaling.MinimumCapacityWithinMaximum, request_) == findings


@pytest.mark.parametrize(
    ("dimension", "resource", "message"),
    [
        (INSTANCES, "endpoint/e/variant/AllTraffic", None),
        (INSTANCES, "endpoint/${endpoint}/variant/AllTraffic", None),
        ("${dimension}", "anything", None),
        ("ecs:service:DesiredCount", "service/cluster/web", None),
        ("sagemaker:inference-component:DesiredCopyCount", "inference-component/c", None),
        (CONCURRENCY, "function:f:prod", None),
        (
            INSTANCES,
            "endpoint/e/variants/AllTraffic",
            f"'endpoint/e/variants/AllTraffic' is none for {INSTANCES}; write endpoint/NAME/variant/VARIANT",
        ),
        (INSTANCES, "e", f"'e' is none for {INSTANCES}; write endpoint/NAME/variant/VARIANT"),
        (
            CONCURRENCY,
            "function:f:$LATEST",
            f"'function:f:$LATEST' is none for {CONCURRENCY};"
            " write function:NAME:ALIAS, or a version number for ALIAS ($LATEST cannot scale)",
        ),
    ],
)
def test_resource_id_fits_the_dimension(dimension: str, resource: str, message: str | None) -> None:
    request = {"ResourceId": resource, "ScalableDimension": dimension}
    assert found(scaling.ResourceIdFitsDimension, request) == ([("ResourceId", message)] if message else [])


@pytest.mark.parametrize(
    ("namespace", "message"),
    [
        ("sagemaker", None),
        ("${namespace}", None),
        ("ecs", f"'ecs' is not the namespace of {INSTANCES}; give 'sagemaker'"),
    ],
)
def test_namespace_fits_the_dimension(namespace: str, message: str | None) -> None:
    request = {"ServiceNamespace": namespace, "ScalableDimension": INSTANCES}
    assert found(scaling.NamespaceFitsDimension, request) == ([("ServiceNamespace", message)] if message else [])


@pytest.mark.parametrize(
    ("request_", "findings"),
    [
        ({"PolicyType": "TargetTrackingScaling", "TargetTrackingScalingPolicyConfiguration": {}}, []),
        ({"StepScalingPolicyConfiguration": {}}, []),
        ({"PolicyType": "${type}"}, []),
        (
            {"PolicyType": "TargetTrackingScaling"},
            [
                (
                    "TargetTrackingScalingPolicyConfiguration",
                    "missing; a policy of type TargetTrackingScaling needs it",
                )
            ],
        ),
        (
            {"TargetTrackingScalingPolicyConfiguration": {}},
            [
                (
                    "TargetTrackingScalingPolicyConfiguration",
                    "given in a policy of type StepScaling; set PolicyType to 'TargetTrackingScaling'",
                )
            ],
        ),
    ],
)
def test_policy_type_has_its_configuration(request_: dict[str, Any], findings: list[tuple[str, str]]) -> None:
    assert found(scaling.PolicyTypeHasItsConfiguration, request_) == findings


@pytest.mark.parametrize(
    ("dimension", "metric", "message"),
    [
        (INSTANCES, "SageMakerVariantInvocationsPerInstance", None),
        (INSTANCES, "${metric}", None),
        ("ecs:service:DesiredCount", "ECSServiceAverageCPUUtilization", None),
        (
            CONCURRENCY,
            "SageMakerVariantInvocationsPerInstance",
            f"'SageMakerVariantInvocationsPerInstance' is no metric of {CONCURRENCY};"
            " give LambdaProvisionedConcurrencyUtilization",
        ),
        (
            INSTANCES,
            "ECSServiceAverageCPUUtilization",
            f"'ECSServiceAverageCPUUtilization' is no metric of {INSTANCES}; give"
            " SageMakerVariantInvocationsPerInstance or SageMakerVariantConcurrentRequestsPerModelHighResolution",
        ),
    ],
)
def test_metric_fits_the_dimension(dimension: str, metric: str, message: str | None) -> None:
    specification = {"PredefinedMetricSpecification": {"PredefinedMetricType": metric}}
    request = {"ScalableDimension": dimension, "TargetTrackingScalingPolicyConfiguration": specification}
    assert found(scaling.MetricFitsDimension, request) == ([(METRIC, message)] if message else [])


def story(
    resource: str, *, endpoint: str = "e", variants: tuple[str, ...] = ("blue", "green")
) -> list[tuple[str, Any]]:
    return [
        (
            "CreateEndpointConfig",
            {"EndpointConfigName": "c", "ProductionVariants": [{"VariantName": name} for name in variants]},
        ),
        ("CreateEndpoint", {"EndpointName": endpoint, "EndpointConfigName": "c"}),
        ("RegisterScalableTarget", {"ResourceId": resource}),
    ]


@pytest.mark.parametrize(
    ("requests", "findings"),
    [
        (story("endpoint/e/variant/blue"), []),
        (story("endpoint/e/variant/${variant}"), []),
        (story("endpoint/${prefix}-e/variant/blue", endpoint="${prefix}-e"), []),
        (story("endpoint/e/variant/blue", endpoint="${name}"), []),
        (story("endpoint/e/variant/blue", variants=("${variant}",)), []),
        (story("function:f:prod"), []),
        (story("endpoint/other/variant/v")[2:], []),  # nothing here tells which endpoints exist
        (story("endpoint/e/variant/v")[1:], []),  # nor which variants
        (
            story("endpoint/e/variant/gren"),
            [(2, "E510 RegisterScalableTarget ResourceId: endpoint 'e' has no variant 'gren'; did you mean 'green'?")],
        ),
        (
            story("endpoint/${prefix}-e/variant/red", endpoint="${prefix}-e"),
            [
                (
                    2,
                    "E510 RegisterScalableTarget ResourceId: endpoint '${prefix}-e' has no variant 'red';"
                    " give blue or green",
                )
            ],
        ),
        (
            story("endpoint/my-endpont/variant/blue", endpoint="my-endpoint"),
            [
                (
                    2,
                    "E510 RegisterScalableTarget ResourceId: no CreateEndpoint document here makes 'my-endpont';"
                    " did you mean 'my-endpoint'?",
                )
            ],
        ),
    ],
)
def test_target_is_defined_by_the_documents_beside_it(
    requests: list[tuple[str, Any]], findings: list[tuple[int, str]]
) -> None:
    rule = scaling.TargetIsDefined("")
    assert [(index, str(finding)) for index, finding in rule.check_together(requests)] == findings
    assert list(rule.check(requests[-1][1])) == []


@pytest.mark.parametrize(
    ("rule", "request_", "findings"),
    [
        (scaling.CapacityIsNotNegative, {"MinCapacity": 0, "MaxCapacity": "${most}"}, []),
        (
            scaling.CapacityIsNotNegative,
            {"MinCapacity": -1, "ScalableTargetAction": {"MaxCapacity": -2}},
            [
                ("MinCapacity", "-1 is negative; give 0 or more"),
                ("ScalableTargetAction.MaxCapacity", "-2 is negative; give 0 or more"),
            ],
        ),
        (scaling.NewTargetHasBounds, {"MinCapacity": "${least}", "MaxCapacity": 3}, []),
        (scaling.NewTargetHasBounds, {"SuspendedState": {}}, []),
        (
            scaling.NewTargetHasBounds,
            {"MinCapacity": 1},
            [("MaxCapacity", "missing; a target that is not registered yet needs it")],
        ),
    ],
)
def test_bounds_of_capacity(rule: type[Rule], request_: dict[str, Any], findings: list[tuple[str, str]]) -> None:
    assert found(rule, request_) == findings
