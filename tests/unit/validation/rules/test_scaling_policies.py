from __future__ import annotations

from typing import Any

import pytest

from sm_raw.validation.rules import scaling_policies as policies
from sm_raw.validation.rules.base import Rule

TRACKING = "TargetTrackingScalingPolicyConfiguration"
CUSTOM = f"{TRACKING}.CustomizedMetricSpecification"
PER_MINUTE = "SageMakerVariantInvocationsPerInstance"
PER_TEN_SECONDS = "SageMakerVariantConcurrentRequestsPerModelHighResolution"
SHARE = "SageMakerVariantProvisionedConcurrencyUtilization"
SHORT = "30 s is shorter than the metric's period of 60 s: the next change may come before the last one shows"


def found(rule: type[Rule], request: Any) -> list[tuple[str, str]]:
    return [(each.path, each.message) for each in rule("PutScalingPolicy").check(request)]


def tracking(metric: str | None = None, **fields: object) -> dict[str, Any]:
    predefined = {"PredefinedMetricSpecification": {"PredefinedMetricType": metric}} if metric else {}
    return {TRACKING: {**predefined, **fields}}


@pytest.mark.parametrize(
    ("rule", "request_", "findings"),
    [
        (policies.PolicyTracksOneMetric, tracking(PER_MINUTE), []),
        (policies.PolicyTracksOneMetric, tracking(CustomizedMetricSpecification="${metric}"), []),
        (policies.PolicyTracksOneMetric, {TRACKING: "${tracking}"}, []),
        (policies.PolicyTracksOneMetric, {"StepScalingPolicyConfiguration": {}}, []),
        (
            policies.PolicyTracksOneMetric,
            tracking(PER_MINUTE, CustomizedMetricSpecification={}),
            [(CUSTOM, "given beside PredefinedMetricSpecification; keep one of them")],
        ),
        (
            policies.PolicyTracksOneMetric,
            tracking(TargetValue=1),
            [(f"{TRACKING}.PredefinedMetricSpecification", "missing; give it, or CustomizedMetricSpecification")],
        ),
        (
            policies.ResourceLabelIsForLoadBalancers,
            {
                TRACKING: {
                    "PredefinedMetricSpecification": {
                        "PredefinedMetricType": "ALBRequestCountPerTarget",
                        "ResourceLabel": "app/a",
                    }
                }
            },
            [],
        ),
        (policies.ResourceLabelIsForLoadBalancers, tracking(PER_MINUTE), []),
        (
            policies.ResourceLabelIsForLoadBalancers,
            {TRACKING: {"PredefinedMetricSpecification": {"PredefinedMetricType": PER_MINUTE, "ResourceLabel": "x"}}},
            [
                (
                    f"{TRACKING}.PredefinedMetricSpecification.ResourceLabel",
                    f"given for {PER_MINUTE}, which has none; remove it",
                )
            ],
        ),
        (
            policies.TargetSuitsItsMetric,
            tracking(CustomizedMetricSpecification={"Namespace": "Mine"}, TargetValue=-1),
            [],
        ),
        (
            policies.TargetSuitsItsMetric,
            tracking(CustomizedMetricSpecification={"Namespace": "/aws/sagemaker/Endpoints"}, TargetValue=0),
            [(f"{TRACKING}.TargetValue", "0 is never reached from above; give more than 0")],
        ),
        (policies.TargetSuitsItsMetric, tracking(SHARE, TargetValue=0.7), []),
        (policies.TargetSuitsItsMetric, tracking(SHARE, TargetValue="${share}"), []),
        (policies.TargetSuitsItsMetric, tracking(PER_MINUTE, TargetValue=1000.0), []),
        (policies.TargetSuitsItsMetric, tracking(TargetValue=-1, CustomizedMetricSpecification={}), []),
        (
            policies.TargetSuitsItsMetric,
            tracking(SHARE, TargetValue=70),
            [(f"{TRACKING}.TargetValue", "70 is no share of 1; give 0.7 for 70 %")],
        ),
        (
            policies.TargetSuitsItsMetric,
            tracking(PER_TEN_SECONDS, TargetValue=0),
            [(f"{TRACKING}.TargetValue", "0 is never reached from above; give more than 0")],
        ),
        (policies.CooldownCoversThePeriod, tracking(PER_MINUTE), []),
        (policies.CooldownCoversThePeriod, tracking(PER_MINUTE, ScaleOutCooldown=60, ScaleInCooldown=300), []),
        (policies.CooldownCoversThePeriod, tracking(PER_MINUTE, ScaleOutCooldown="${seconds}"), []),
        (policies.CooldownCoversThePeriod, tracking(PER_TEN_SECONDS, ScaleOutCooldown=30), []),
        # What AWS's own page on serverless endpoints shows.
        (policies.CooldownCoversThePeriod, tracking(SHARE, ScaleOutCooldown=1, ScaleInCooldown=1), []),
        (
            policies.CooldownCoversThePeriod,
            tracking(PER_MINUTE, ScaleOutCooldown=30, ScaleInCooldown=120),
            [(f"{TRACKING}.ScaleOutCooldown", f"{SHORT}; give 60 or more")],
        ),
        (
            policies.CooldownCoversThePeriod,
            tracking(CustomizedMetricSpecification={}, ScaleInCooldown=30),
            [(f"{TRACKING}.ScaleInCooldown", f"{SHORT}; give 60 or more")],
        ),
        (policies.PolicyTypeIsOfTheService, {"PolicyType": "StepScaling", "ServiceNamespace": "sagemaker"}, []),
        (policies.PolicyTypeIsOfTheService, {"PolicyType": "StepScaling", "ServiceNamespace": "${service}"}, []),
        (policies.PolicyTypeIsOfTheService, {"PolicyType": "PredictiveScaling", "ServiceNamespace": "ecs"}, []),
        (
            policies.PolicyTypeIsOfTheService,
            {"PolicyType": "StepScaling", "ServiceNamespace": "lambda"},
            [("PolicyType", "StepScaling is not there for lambda; give TargetTrackingScaling")],
        ),
        (
            policies.PolicyTypeIsOfTheService,
            {"PolicyType": "PredictiveScaling", "ServiceNamespace": "sagemaker"},
            [("PolicyType", "PredictiveScaling is not there for sagemaker; give TargetTrackingScaling")],
        ),
    ],
)
def test_policy(rule: type[Rule], request_: dict[str, Any], findings: list[tuple[str, str]]) -> None:
    assert found(rule, request_) == findings


def custom(
    dimensions: dict[str, str] | None,
    *,
    name: str = "CPUUtilization",
    namespace: str = "/aws/sagemaker/Endpoints",
    resource: str = "endpoint/e/variant/v",
) -> dict[str, Any]:
    metric: dict[str, Any] = {"MetricName": name, "Namespace": namespace}
    if dimensions is not None:
        metric["Dimensions"] = [{"Name": key, "Value": value} for key, value in dimensions.items()]
    return {"ResourceId": resource, TRACKING: {"CustomizedMetricSpecification": metric}}


@pytest.mark.parametrize(
    ("request_", "findings"),
    [
        (custom({"EndpointName": "e", "VariantName": "v"}), []),
        (custom({"EndpointName": "e"}), []),
        (custom({"EndpointName": "${endpoint}", "VariantName": "v"}), []),
        (custom({"${dimension}": "e"}), []),
        (custom({"EndpointName": "x"}, resource="endpoint/${endpoint}/variant/v"), []),
        (custom(None, namespace="my/metrics"), []),
        (custom({"EndpointName": "x"}, resource="inference-component/c"), []),
        ({"ResourceId": "endpoint/e/variant/v", TRACKING: {"CustomizedMetricSpecification": {"Metrics": []}}}, []),
        (
            custom({"EndpointName": "other", "VariantName": "blue"}),
            [
                (f"{CUSTOM}.Dimensions[0].Value", "'other' is not what is scaled; give 'e'"),
                (f"{CUSTOM}.Dimensions[1].Value", "'blue' is not what is scaled; give 'v'"),
            ],
        ),
        (
            custom({"VariantName": "v"}),
            [(f"{CUSTOM}.Dimensions", "has no EndpointName, without which the metric has no data; add it")],
        ),
        (
            custom(None),
            [(f"{CUSTOM}.Dimensions", "has no EndpointName, without which the metric has no data; add it")],
        ),
    ],
)
def test_custom_metric_is_of_the_variant(request_: dict[str, Any], findings: list[tuple[str, str]]) -> None:
    assert found(policies.MetricIsOfTheVariant, request_) == findings


@pytest.mark.parametrize(
    ("name", "namespace", "message"),
    [
        ("CPUUtilization", "/aws/sagemaker/Endpoints", None),
        ("ApproximateBacklogSizePerInstance", "AWS/SageMaker", None),
        ("CPUUtilization", "my/metrics", None),
        ("${metric}", "AWS/SageMaker", None),
        (
            "CPUUtilization",
            "AWS/SageMaker",
            "'AWS/SageMaker' has no CPUUtilization, so nothing would ever scale; give '/aws/sagemaker/Endpoints'",
        ),
        (
            "ModelLatency",
            "/aws/sagemaker/Endpoints",
            "'/aws/sagemaker/Endpoints' has no ModelLatency, so nothing would ever scale; give 'AWS/SageMaker'",
        ),
    ],
)
def test_custom_metric_is_in_its_namespace(name: str, namespace: str, message: str | None) -> None:
    request = custom({}, name=name, namespace=namespace)
    assert found(policies.MetricIsInItsNamespace, request) == ([(f"{CUSTOM}.Namespace", message)] if message else [])
