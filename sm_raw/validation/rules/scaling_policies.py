"""E5xx: what is inside a scaling policy, target tracking foremost; steps are in ``step_scaling``."""

from __future__ import annotations

from collections.abc import Iterator

from sm_raw.validation.findings import Finding, Request
from sm_raw.validation.reading import at, is_absent, number, records, text
from sm_raw.validation.rules.base import Rule
from sm_raw.validation.rules.scaling import POLICY_PAGE, VARIANT

API = "https://docs.aws.amazon.com/autoscaling/application/APIReference"
METRICS_PAGE = "https://docs.aws.amazon.com/sagemaker/latest/dg/monitoring-cloudwatch.html"
TRACKING = "TargetTrackingScalingPolicyConfiguration"
CUSTOM = f"{TRACKING}.CustomizedMetricSpecification"

# Metrics that are shares of 1, and those that count: the rest are of other services.
SHARES = ("SageMakerVariantProvisionedConcurrencyUtilization", "LambdaProvisionedConcurrencyUtilization")
COUNTS_PER_MINUTE = ("SageMakerVariantInvocationsPerInstance", "SageMakerInferenceComponentInvocationsPerCopy")
COUNTS = (
    *COUNTS_PER_MINUTE,
    "SageMakerVariantConcurrentRequestsPerModelHighResolution",
    "SageMakerInferenceComponentConcurrentRequestsPerCopyHighResolution",
)
PERIOD_SECONDS = 60

INVOCATIONS_NAMESPACE = "AWS/SageMaker"
INSTANCES_NAMESPACE = "/aws/sagemaker/Endpoints"
# {namespace: metrics that are in the other one}
MISPLACED = {
    INVOCATIONS_NAMESPACE: {
        "CPUUtilization",
        "MemoryUtilization",
        "DiskUtilization",
        "GPUUtilization",
        "GPUMemoryUtilization",
    },
    INSTANCES_NAMESPACE: {
        "Invocations",
        "InvocationsPerInstance",
        "ModelLatency",
        "OverheadLatency",
        "ApproximateBacklogSize",
        "ApproximateBacklogSizePerInstance",
        "HasBacklogWithoutCapacity",
    },
}


class PolicyRule(Rule):
    """A rule about a scaling policy."""

    operations = ("PutScalingPolicy",)
    source = POLICY_PAGE


class PolicyTracksOneMetric(PolicyRule):
    """A target tracking policy has a predefined metric or a customized one, not both, not neither."""

    id = "E520"
    source = f"{API}/API_TargetTrackingScalingPolicyConfiguration.html"

    def check(self, request: Request) -> Iterator[Finding]:
        for _, tracking in records([request.get(TRACKING)]):
            predefined = not is_absent(tracking, "PredefinedMetricSpecification")
            customized = not is_absent(tracking, "CustomizedMetricSpecification")
            if predefined and customized:
                yield self.finding(CUSTOM, "given beside PredefinedMetricSpecification; keep one of them")
            elif not predefined and not customized:
                where = f"{TRACKING}.PredefinedMetricSpecification"
                yield self.finding(where, "missing; give it, or CustomizedMetricSpecification")


class ResourceLabelIsForLoadBalancers(PolicyRule):
    """ResourceLabel is given for ALBRequestCountPerTarget only."""

    id = "E521"
    source = f"{API}/API_PredefinedMetricSpecification.html"

    def check(self, request: Request) -> Iterator[Finding]:
        specification = at(request, TRACKING, "PredefinedMetricSpecification")
        metric = text(at(specification, "PredefinedMetricType"))
        if metric not in {None, "ALBRequestCountPerTarget"} and not is_absent(specification, "ResourceLabel"):
            where = f"{TRACKING}.PredefinedMetricSpecification.ResourceLabel"
            yield self.finding(where, f"given for {metric}, which has none; remove it")


class TargetSuitsItsMetric(PolicyRule):
    """The target of a concurrency's utilization is a share of 1, that of any other SageMaker metric is above 0."""

    id = "W522"
    source = f"{API}/API_TargetTrackingScalingPolicyConfiguration.html"

    def check(self, request: Request) -> Iterator[Finding]:
        metric = text(at(request, TRACKING, "PredefinedMetricSpecification", "PredefinedMetricType"))
        namespace = text(at(request, TRACKING, "CustomizedMetricSpecification", "Namespace"))
        target = number(at(request, TRACKING, "TargetValue"))
        if target is None:
            return
        if metric in SHARES and not 0 < target <= 1:
            yield self.finding(f"{TRACKING}.TargetValue", f"{target} is no share of 1; give 0.7 for 70 %")
        elif (metric in COUNTS or namespace in MISPLACED) and target <= 0:
            yield self.finding(f"{TRACKING}.TargetValue", f"{target} is never reached from above; give more than 0")


class CooldownCoversThePeriod(PolicyRule):
    """A cooldown is no shorter than the minute in which the metric is counted."""

    id = "W523"
    source = METRICS_PAGE

    def check(self, request: Request) -> Iterator[Finding]:
        tracking = at(request, TRACKING)
        metric = text(at(tracking, "PredefinedMetricSpecification", "PredefinedMetricType"))
        if metric not in COUNTS_PER_MINUTE and not any(records([at(tracking, "CustomizedMetricSpecification")])):
            return
        for name in ("ScaleOutCooldown", "ScaleInCooldown"):
            seconds = number(at(tracking, name))
            if seconds is not None and seconds < PERIOD_SECONDS:
                message = (
                    f"{seconds} s is shorter than the metric's period of {PERIOD_SECONDS} s: the next change may come"
                    f" before the last one shows; give {PERIOD_SECONDS} or more"
                )
                yield self.finding(f"{TRACKING}.{name}", message)


class MetricIsOfTheVariant(PolicyRule):
    """The dimensions of a customized SageMaker metric name the endpoint and the variant that are scaled."""

    id = "W524"
    source = "https://docs.aws.amazon.com/sagemaker/latest/dg/endpoint-auto-scaling-add-code-define.html"

    def check(self, request: Request) -> Iterator[Finding]:
        target = VARIANT.fullmatch(text(request.get("ResourceId")) or "")
        metric = at(request, TRACKING, "CustomizedMetricSpecification")
        if target is None or text(at(metric, "Namespace")) not in MISPLACED or is_absent(metric, "MetricName"):
            return
        given = {text(each.get("Name")): (index, each) for index, each in records(metric.get("Dimensions"))}
        nameless = given and "EndpointName" not in given and None not in given
        if nameless or is_absent(metric, "Dimensions"):
            message = "has no EndpointName, without which the metric has no data; add it"
            yield self.finding(f"{CUSTOM}.Dimensions", message)
        for name, scaled in (("EndpointName", target["endpoint"]), ("VariantName", target["variant"])):
            index, dimension = given.get(name, (0, {}))
            value = text(dimension.get("Value"))
            if value is not None and value != scaled:
                message = f"{value!r} is not what is scaled; give {scaled!r}"
                yield self.finding(f"{CUSTOM}.Dimensions[{index}].Value", message)


class MetricIsInItsNamespace(PolicyRule):
    """Utilizations of instances are in /aws/sagemaker/Endpoints, metrics of invocations in AWS/SageMaker."""

    id = "W525"
    source = METRICS_PAGE

    def check(self, request: Request) -> Iterator[Finding]:
        metric = at(request, TRACKING, "CustomizedMetricSpecification")
        name, namespace = text(at(metric, "MetricName")), text(at(metric, "Namespace"))
        if name is not None and name in MISPLACED.get(namespace or "", ()):
            other = next(each for each in MISPLACED if each != namespace)
            message = f"{namespace!r} has no {name}, so nothing would ever scale; give {other!r}"
            yield self.finding(f"{CUSTOM}.Namespace", message)


class PolicyTypeIsOfTheService(PolicyRule):
    """Lambda has no step scaling, and only ECS has predictive scaling."""

    id = "E526"

    def check(self, request: Request) -> Iterator[Finding]:
        kind, namespace = text(request.get("PolicyType")), text(request.get("ServiceNamespace"))
        steps_of_lambda = kind == "StepScaling" and namespace == "lambda"
        if steps_of_lambda or (kind == "PredictiveScaling" and namespace not in {None, "ecs"}):
            yield self.finding("PolicyType", f"{kind} is not there for {namespace}; give TargetTrackingScaling")
