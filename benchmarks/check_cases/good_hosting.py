"""Good requests for hosting and scaling, for the account of ``good_training``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from check_cases.good_training import BUCKET, KEY, OWN_IMAGE, REGION, ROLE, TAGS, VPC
from sm_raw import specs

Request = Mapping[str, Any]

ENDPOINT = "dogs-live"
TOPIC = "arn:aws:sns:us-east-1:123456789012:dogs"
INSTANCES = "sagemaker:variant:DesiredInstanceCount"
CONCURRENCY = "sagemaker:variant:DesiredProvisionedConcurrency"


def _image(instance_type: str) -> str:
    return specs.pytorch_image(
        REGION, version="1.13.1", python="py39", instance_type=instance_type, purpose="inference"
    )


def script_model() -> Request:
    return specs.model(
        ENDPOINT,
        image_uri=_image("ml.m5.xlarge"),
        role_arn=ROLE,
        model_data_uri=f"{BUCKET}/models/dogs/model.tar.gz",
        environment=specs.serving_script("inference.py", region=REGION),
        vpc=VPC,
        tags=TAGS,
        extra={"EnableNetworkIsolation": True},
    )


def pipeline_model() -> Request:
    """Two containers that are called one by one, by name."""
    containers = [
        {
            "ContainerHostname": name,
            "Image": OWN_IMAGE,
            "ModelDataUrl": f"{BUCKET}/models/{name}/model.tar.gz",
            "Environment": {"STAGE": name},
        }
        for name in ("breeds", "colours")
    ]
    return {
        "ModelName": "dogs-pair",
        "Containers": containers,
        "InferenceExecutionConfig": {"Mode": "Direct"},
        "ExecutionRoleArn": ROLE,
    }


def unpacked_model() -> Request:
    """A model whose files lie in S3 as they are."""
    source = {"S3Uri": f"{BUCKET}/models/raw/", "S3DataType": "S3Prefix", "CompressionType": "None"}
    return {
        "ModelName": "dogs-raw",
        "PrimaryContainer": {"Image": OWN_IMAGE, "ModelDataSource": {"S3DataSource": source}},
        "ExecutionRoleArn": ROLE,
    }


def many_models() -> Request:
    container = {"Image": OWN_IMAGE, "Mode": "MultiModel", "ModelDataUrl": f"{BUCKET}/models/many/"}
    return {"ModelName": "dogs-many", "PrimaryContainer": container, "ExecutionRoleArn": ROLE}


def captured_config() -> Request:
    """Two variants with weights, and a part of the traffic kept."""
    capture = {
        "EnableCapture": True,
        "InitialSamplingPercentage": 20,
        "DestinationS3Uri": f"{BUCKET}/capture/",
        "CaptureOptions": [{"CaptureMode": "Input"}, {"CaptureMode": "Output"}],
        "CaptureContentTypeHeader": {"JsonContentTypes": ["application/json"]},
    }
    variants = [
        specs.production_variant(ENDPOINT, instance_type="ml.m5.xlarge", name="current", weight=0.9),
        specs.production_variant("dogs-next", instance_type="ml.m5.xlarge", name="next", weight=0.1),
    ]
    extra = {"DataCaptureConfig": capture, "KmsKeyId": KEY}
    return specs.endpoint_config("dogs-captured", variants=variants, tags=TAGS, extra=extra)


def serverless_config() -> Request:
    extra = {"ServerlessConfig": {"ProvisionedConcurrency": 2}}
    variant = specs.serverless_variant(ENDPOINT, memory_mb=4096, max_concurrency=10, extra=extra)
    return specs.endpoint_config("dogs-serverless", variants=[variant])


def async_config() -> Request:
    queue = {
        "ClientConfig": {"MaxConcurrentInvocationsPerInstance": 4},
        "OutputConfig": {
            "S3OutputPath": f"{BUCKET}/async/out/",
            "S3FailurePath": f"{BUCKET}/async/failed/",
            "NotificationConfig": {"SuccessTopic": TOPIC, "ErrorTopic": TOPIC},
        },
    }
    variant = specs.production_variant(ENDPOINT, instance_type="ml.m5.xlarge")
    return specs.endpoint_config("dogs-async", variants=[variant], extra={"AsyncInferenceConfig": queue})


def shadow_config() -> Request:
    """The same traffic also goes to a second model, whose answers are only kept."""
    shadow = specs.production_variant("dogs-next", instance_type="ml.m5.xlarge", name="shadow", weight=0.5)
    variants = [specs.production_variant(ENDPOINT, instance_type="ml.m5.xlarge", name="current", weight=1.0)]
    return specs.endpoint_config("dogs-shadow", variants=variants, extra={"ShadowProductionVariants": [shadow]})


def managed_config() -> Request:
    extra = {
        "ManagedInstanceScaling": {"Status": "ENABLED", "MinInstanceCount": 1, "MaxInstanceCount": 3},
        "RoutingConfig": {"RoutingStrategy": "LEAST_OUTSTANDING_REQUESTS"},
        "ContainerStartupHealthCheckTimeoutInSeconds": 600,
    }
    variant = specs.production_variant(ENDPOINT, instance_type="ml.g5.xlarge", extra={**extra, "ModelName": None})
    return specs.endpoint_config("dogs-managed", variants=[variant], extra={"ExecutionRoleArn": ROLE})


def _blue_green(kind: str, **size: Any) -> dict[str, Any]:
    traffic = {"Type": kind, "WaitIntervalInSeconds": 300, **size}
    policy = {"TrafficRoutingConfiguration": traffic, "TerminationWaitInSeconds": 300}
    return {
        "BlueGreenUpdatePolicy": {**policy, "MaximumExecutionTimeoutInSeconds": 3600},
        "AutoRollbackConfiguration": {"Alarms": [{"AlarmName": "dogs-errors"}]},
    }


def new_endpoint() -> Request:
    canary = _blue_green("CANARY", CanarySize={"Type": "CAPACITY_PERCENT", "Value": 30})
    return specs.endpoint("dogs-next", config_name="dogs-captured", extra={"DeploymentConfig": canary})


def endpoint_update() -> Request:
    rolling = {"MaximumBatchSize": {"Type": "INSTANCE_COUNT", "Value": 1}, "WaitIntervalInSeconds": 120}
    return {
        "EndpointName": ENDPOINT,
        "EndpointConfigName": "dogs-captured",
        "RetainAllVariantProperties": True,
        "ExcludeRetainedVariantProperties": [{"VariantPropertyType": "DataCaptureConfig"}],
        "DeploymentConfig": {"RollingUpdatePolicy": rolling},
    }


def scaled_endpoint() -> list[tuple[str, Request]]:
    """A model goes live and scales from one to three instances."""
    resource = specs.variant_resource_id(ENDPOINT)
    model = script_model()
    variant = specs.production_variant(ENDPOINT, instance_type="ml.m5.xlarge")
    policy = specs.scaling_policy(
        "dogs-invocations",
        resource_id=resource,
        target_value=70,
        scale_out_cooldown_seconds=60,
        scale_in_cooldown_seconds=120,
    )
    return [
        ("CreateModel", model),
        ("CreateEndpointConfig", specs.endpoint_config(ENDPOINT, variants=[variant])),
        ("CreateEndpoint", specs.endpoint(ENDPOINT)),
        ("RegisterScalableTarget", specs.scalable_target(resource, min_capacity=1, max_capacity=3)),
        ("PutScalingPolicy", policy),
    ]


def _policy(name: str, endpoint: str, dimension: str, kind: str, configuration: Request) -> Request:
    return {
        "PolicyName": name,
        "ServiceNamespace": "sagemaker",
        "ResourceId": specs.variant_resource_id(endpoint),
        "ScalableDimension": dimension,
        "PolicyType": kind,
        f"{kind}PolicyConfiguration": configuration,
    }


def step_policy() -> Request:
    steps = [
        {"MetricIntervalLowerBound": 0, "MetricIntervalUpperBound": 50, "ScalingAdjustment": 1},
        {"MetricIntervalLowerBound": 50, "ScalingAdjustment": 2},
    ]
    configuration = {"AdjustmentType": "ChangeInCapacity", "StepAdjustments": steps, "Cooldown": 300}
    configuration["MetricAggregationType"] = "Average"
    return _policy("dogs-steps", ENDPOINT, INSTANCES, "StepScaling", configuration)


def cpu_policy() -> Request:
    """Target tracking on a metric that Application Auto Scaling has no name for."""
    dimensions = [{"Name": "EndpointName", "Value": ENDPOINT}, {"Name": "VariantName", "Value": "AllTraffic"}]
    metric = {
        "MetricName": "CPUUtilization",
        "Namespace": "/aws/sagemaker/Endpoints",
        "Dimensions": dimensions,
        "Statistic": "Average",
        "Unit": "Percent",
    }
    configuration = {"TargetValue": 60.0, "CustomizedMetricSpecification": metric, "ScaleInCooldown": 300}
    return _policy("dogs-cpu", ENDPOINT, INSTANCES, "TargetTrackingScaling", configuration)


def serverless_policy() -> Request:
    metric = {"PredefinedMetricType": "SageMakerVariantProvisionedConcurrencyUtilization"}
    configuration = {"TargetValue": 0.5, "PredefinedMetricSpecification": metric}
    return _policy("dogs-concurrency", "dogs-serverless", CONCURRENCY, "TargetTrackingScaling", configuration)


def suspended_target() -> Request:
    suspended = {"DynamicScalingInSuspended": True, "ScheduledScalingSuspended": False}
    return specs.scalable_target(
        specs.variant_resource_id(ENDPOINT), min_capacity=1, max_capacity=3, extra={"SuspendedState": suspended}
    )


def scheduled_scaling() -> Request:
    return {
        "ServiceNamespace": "sagemaker",
        "ScheduledActionName": "dogs-morning",
        "ResourceId": specs.variant_resource_id(ENDPOINT),
        "ScalableDimension": INSTANCES,
        "Schedule": "cron(0 7 ? * MON-FRI *)",
        "Timezone": "Europe/Berlin",
        "StartTime": "2027-01-01T00:00:00Z",
        "EndTime": "2027-06-30T00:00:00Z",
        "ScalableTargetAction": {"MinCapacity": 2, "MaxCapacity": 4},
    }


HOSTING = {
    "CreateModel": (script_model, pipeline_model, unpacked_model, many_models),
    "CreateEndpointConfig": (captured_config, serverless_config, async_config, shadow_config, managed_config),
    "CreateEndpoint": (new_endpoint,),
    "UpdateEndpoint": (endpoint_update,),
    "PutScalingPolicy": (step_policy, cpu_policy, serverless_policy),
    "RegisterScalableTarget": (suspended_target,),
    "PutScheduledAction": (scheduled_scaling,),
}
HOSTING_STORIES = (scaled_endpoint,)
