"""What an endpoint does beside answering: capture of data, asynchronous inference, core dumps, components.

Sources: https://docs.aws.amazon.com/sagemaker/latest/dg/model-monitor-data-capture.html,
https://docs.aws.amazon.com/sagemaker/latest/dg/async-inference.html,
https://docs.aws.amazon.com/sagemaker/latest/dg/realtime-endpoints-deploy-models.html
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from sm_raw.specs.assembly import EMPTY, assembled, optional
from sm_raw.specs.fragments import tag_list
from sm_raw.specs.hosting import ALL_TRAFFIC

if TYPE_CHECKING:
    from types_boto3_sagemaker.literals import AsyncNotificationTopicTypesType, CaptureModeType
    from types_boto3_sagemaker.type_defs import (
        AsyncInferenceClientConfigTypeDef,
        AsyncInferenceConfigTypeDef,
        AsyncInferenceNotificationConfigTypeDef,
        CaptureContentTypeHeaderTypeDef,
        CreateInferenceComponentInputTypeDef,
        DataCaptureConfigTypeDef,
        ProductionVariantCoreDumpConfigTypeDef,
        ProductionVariantManagedInstanceScalingTypeDef,
    )


def data_capture(
    destination_uri: str,
    *,
    sampling_percentage: int = 100,
    modes: Sequence[CaptureModeType] = ("Input", "Output"),
    csv_content_types: Sequence[str] = (),
    json_content_types: Sequence[str] = (),
    kms_key_id: str | None = None,
    enabled: bool = True,
    extra: Mapping[str, Any] = EMPTY,
) -> DataCaptureConfigTypeDef:
    """Requests and answers of an endpoint, kept in S3.

    Bodies of the named content types are kept as text, all others in base64. ``enabled=False`` keeps the
    configuration while nothing is captured.
    """
    content_types: CaptureContentTypeHeaderTypeDef = {
        "CsvContentTypes": optional(csv_content_types),
        "JsonContentTypes": optional(json_content_types),
    }
    config: DataCaptureConfigTypeDef = {
        "EnableCapture": enabled,
        "InitialSamplingPercentage": sampling_percentage,
        "DestinationS3Uri": destination_uri,
        "KmsKeyId": optional(kms_key_id),
        "CaptureOptions": [{"CaptureMode": mode} for mode in modes],
        "CaptureContentTypeHeader": optional(assembled(content_types)),
    }
    return assembled(config, extra)


def async_inference(
    output_uri: str,
    *,
    failure_uri: str | None = None,
    max_concurrent_invocations: int | None = None,
    success_topic_arn: str | None = None,
    error_topic_arn: str | None = None,
    include_response_in: Sequence[AsyncNotificationTopicTypesType] = (),
    kms_key_id: str | None = None,
    extra: Mapping[str, Any] = EMPTY,
) -> AsyncInferenceConfigTypeDef:
    """Makes an endpoint asynchronous: requests queue, and answers, or failures, are put into S3.

    ``max_concurrent_invocations`` is per instance; where it is not given the service chooses. The topics are told of
    each success and failure; ``include_response_in`` also sends the answer itself to them.
    """
    notification: AsyncInferenceNotificationConfigTypeDef = {
        "SuccessTopic": optional(success_topic_arn),
        "ErrorTopic": optional(error_topic_arn),
        "IncludeInferenceResponseIn": optional(include_response_in),
    }
    client: AsyncInferenceClientConfigTypeDef = {
        "MaxConcurrentInvocationsPerInstance": optional(max_concurrent_invocations)
    }
    config: AsyncInferenceConfigTypeDef = {
        "OutputConfig": {
            "S3OutputPath": output_uri,
            "S3FailurePath": optional(failure_uri),
            "NotificationConfig": optional(assembled(notification)),
            "KmsKeyId": optional(kms_key_id),
        },
        "ClientConfig": optional(assembled(client)),
    }
    return assembled(config, extra)


def managed_instance_scaling(
    *, min_instances: int, max_instances: int, extra: Mapping[str, Any] = EMPTY
) -> ProductionVariantManagedInstanceScalingTypeDef:
    """Instances that follow the inference components placed on them; 0 lets an idle endpoint fall to none."""
    settings: ProductionVariantManagedInstanceScalingTypeDef = {
        "Status": "ENABLED",
        "MinInstanceCount": min_instances,
        "MaxInstanceCount": max_instances,
    }
    return assembled(settings, extra)


def core_dump(destination_uri: str, *, kms_key_id: str | None = None) -> ProductionVariantCoreDumpConfigTypeDef:
    """Where the memory of a container that crashed is kept in S3."""
    config: ProductionVariantCoreDumpConfigTypeDef = {
        "DestinationS3Uri": destination_uri,
        "KmsKeyId": optional(kms_key_id),
    }
    return assembled(config)


def inference_component(
    name: str,
    *,
    endpoint_name: str,
    model_name: str,
    min_memory_mb: int,
    cpu_cores: float | None = None,
    accelerators: float | None = None,
    copies: int = 1,
    variant_name: str = ALL_TRAFFIC,
    tags: Mapping[str, str] = EMPTY,
    extra: Mapping[str, Any] = EMPTY,
) -> CreateInferenceComponentInputTypeDef:
    """The CreateInferenceComponent request: copies of a model that share the instances of a variant."""
    request: CreateInferenceComponentInputTypeDef = {
        "InferenceComponentName": name,
        "EndpointName": endpoint_name,
        "VariantName": variant_name,
        "Specification": {
            "ModelName": model_name,
            "ComputeResourceRequirements": {
                "MinMemoryRequiredInMb": min_memory_mb,
                "NumberOfCpuCoresRequired": optional(cpu_cores),
                "NumberOfAcceleratorDevicesRequired": optional(accelerators),
            },
        },
        "RuntimeConfig": {"CopyCount": copies},
        "Tags": optional(tag_list(tags)),
    }
    return assembled(request, extra)
