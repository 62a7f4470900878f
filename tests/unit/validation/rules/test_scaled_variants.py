from __future__ import annotations

from typing import Any

import pytest

from sm_raw.validation.rules import scaled_variants
from sm_raw.validation.rules.base import TogetherRule

INSTANCES = "sagemaker:variant:DesiredInstanceCount"
CONCURRENCY = "sagemaker:variant:DesiredProvisionedConcurrency"
COPIES = "sagemaker:inference-component:DesiredCopyCount"
RESOURCE = "endpoint/e/variant/v"
METRIC = "TargetTrackingScalingPolicyConfiguration.PredefinedMetricSpecification.PredefinedMetricType"


def found(rule: type[TogetherRule], requests: list[tuple[str, Any]]) -> list[tuple[int, str, str]]:
    return [(index, each.path, each.message) for index, each in rule("").check_together(requests)]


def endpoint(variant: dict[str, Any], **config: object) -> list[tuple[str, Any]]:
    variants = [{"VariantName": "other"}, {"VariantName": "v", "ModelName": "m", **variant}]
    return [
        ("CreateEndpointConfig", {"EndpointConfigName": "c", "ProductionVariants": variants, **config}),
        ("CreateEndpoint", {"EndpointName": "e", "EndpointConfigName": "c"}),
    ]


def target(dimension: str = INSTANCES, resource: str = RESOURCE, **capacity: object) -> tuple[str, Any]:
    return "RegisterScalableTarget", {"ResourceId": resource, "ScalableDimension": dimension, **capacity}


def policy(kind: str, resource: str = RESOURCE, dimension: str = INSTANCES, **fields: object) -> tuple[str, Any]:
    return (
        "PutScalingPolicy",
        {"PolicyType": kind, "ResourceId": resource, "ScalableDimension": dimension, **fields},
    )


ON_INSTANCES = endpoint({"InstanceType": "ml.m5.large"})
SERVERLESS = endpoint({"ServerlessConfig": {"MaxConcurrency": 5}})


@pytest.mark.parametrize(
    ("rule", "story", "scaled", "finding"),
    [
        (scaled_variants.DimensionFitsVariant, ON_INSTANCES, target(), None),
        (scaled_variants.DimensionFitsVariant, SERVERLESS, target(CONCURRENCY), None),
        (scaled_variants.DimensionFitsVariant, SERVERLESS, target(resource="endpoint/e/variant/${v}"), None),
        (scaled_variants.DimensionFitsVariant, SERVERLESS[:1], target(), None),
        (scaled_variants.DimensionFitsVariant, SERVERLESS, target("${dimension}"), None),
        (
            scaled_variants.DimensionFitsVariant,
            SERVERLESS,
            target(),
            ("ScalableDimension", f"the variant is serverless and has no instances; give {CONCURRENCY}"),
        ),
        (
            scaled_variants.DimensionFitsVariant,
            ON_INSTANCES,
            policy("TargetTrackingScaling", dimension=CONCURRENCY),
            ("ScalableDimension", f"the variant runs on instances; give {INSTANCES}"),
        ),
        (scaled_variants.BurstableDoesNotScale, ON_INSTANCES, target(), None),
        (scaled_variants.BurstableDoesNotScale, endpoint({"InstanceType": "${type}"}), target(), None),
        (
            scaled_variants.BurstableDoesNotScale,
            endpoint({"InstanceType": "ml.t2.medium"}),
            target(),
            (
                "ResourceId",
                "the variant's 'ml.t2.medium' is burstable and cannot scale; give another, such as ml.m5.large",
            ),
        ),
        (scaled_variants.ConcurrencyWithinMaximum, SERVERLESS, target(CONCURRENCY, MaxCapacity=5), None),
        (scaled_variants.ConcurrencyWithinMaximum, SERVERLESS, target(CONCURRENCY, MaxCapacity="${most}"), None),
        (
            scaled_variants.ConcurrencyWithinMaximum,
            SERVERLESS,
            target(CONCURRENCY, MaxCapacity=6),
            ("MaxCapacity", "6 is more than the variant's MaxConcurrency (5); give 5 or less"),
        ),
        (scaled_variants.OnlyIdleKindsReachZero, ON_INSTANCES, target(MinCapacity=1), None),
        (
            scaled_variants.OnlyIdleKindsReachZero,
            endpoint({"InstanceType": "ml.m5.large"}, AsyncInferenceConfig={}),
            target(MinCapacity=0),
            None,
        ),
        (
            scaled_variants.OnlyIdleKindsReachZero,
            ON_INSTANCES,
            target(MinCapacity=0),
            ("MinCapacity", "0 is for asynchronous endpoints and inference components; give 1 or more"),
        ),
    ],
)
def test_scaling_suits_the_variant(
    rule: type[TogetherRule],
    story: list[tuple[str, Any]],
    scaled: tuple[str, Any],
    finding: tuple[str, str] | None,
) -> None:
    expected = [(len(story), *finding)] if finding else []
    assert found(rule, [*story, scaled]) == expected


@pytest.mark.parametrize(
    ("requests", "told"),
    [
        ([target(), policy("StepScaling")], False),
        ([policy("StepScaling")], False),
        ([target(resource="endpoint/${e}/variant/v"), policy("StepScaling")], False),
        ([target(), policy("StepScaling", resource="endpoint/${e}/variant/v")], False),
        ([target(resource="endpoint/e/variant/w"), policy("StepScaling")], True),
        ([target(CONCURRENCY), policy("StepScaling")], True),
    ],
)
def test_policy_has_a_target(requests: list[tuple[str, Any]], told: bool) -> None:
    message = f"no RegisterScalableTarget document here is for it and {INSTANCES}; register it first"
    assert found(scaled_variants.PolicyHasATarget, requests) == ([(1, "ResourceId", message)] if told else [])


COMPONENT = "inference-component/c"


@pytest.mark.parametrize(
    ("least", "kinds", "told"),
    [
        (1, ["TargetTrackingScaling"], False),
        (0, ["TargetTrackingScaling", "StepScaling"], False),
        (0, [], False),
        (0, ["TargetTrackingScaling"], True),
    ],
)
def test_components_leave_zero_by_steps(least: int, kinds: list[str], told: bool) -> None:
    policies = [policy(kind, COMPONENT, COPIES) for kind in kinds]
    message = "0 is never left by target tracking alone; add a step policy, or give 1"
    expected = [(0, "MinCapacity", message)] if told else []
    requests = [target(COPIES, COMPONENT, MinCapacity=least), *policies]
    assert found(scaled_variants.ComponentsLeaveZeroBySteps, requests) == expected


def tracking(name: str, metric: str, resource: str = RESOURCE) -> tuple[str, Any]:
    configuration = {"PredefinedMetricSpecification": {"PredefinedMetricType": metric}}
    return policy(
        "TargetTrackingScaling", resource, PolicyName=name, TargetTrackingScalingPolicyConfiguration=configuration
    )


@pytest.mark.parametrize(
    ("second", "told"),
    [
        (tracking("b", "N"), False),
        (tracking("a", "M"), False),  # the same policy again
        (tracking("b", "M", "endpoint/e/variant/w"), False),
        (tracking("b", "${metric}"), False),
        (tracking("b", "M"), True),
    ],
)
def test_metric_is_tracked_once(second: tuple[str, Any], told: bool) -> None:
    message = "'M' is tracked by another policy of this target; keep one of them"
    expected = [(1, METRIC, message)] if told else []
    assert found(scaled_variants.MetricIsTrackedOnce, [tracking("a", "M"), second]) == expected
