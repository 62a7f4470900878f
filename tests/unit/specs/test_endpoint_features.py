from __future__ import annotations

import pytest

from sm_raw.specs.endpoint_features import (
    async_inference,
    core_dump,
    data_capture,
    inference_component,
    managed_instance_scaling,
)
from sm_raw.specs.hosting import endpoint_config, production_variant
from sm_raw.validation.checking import check

KEY = "arn:aws:kms:us-east-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab"
SUCCESS = "arn:aws:sns:us-east-1:111122223333:ok"
ERROR = "arn:aws:sns:us-east-1:111122223333:bad"
VARIANT = production_variant("digits", instance_type="ml.m5.large")


@pytest.mark.parametrize(
    ("config", "expected"),
    [
        (
            data_capture("s3://bucket/capture"),
            {
                "EnableCapture": True,
                "InitialSamplingPercentage": 100,
                "DestinationS3Uri": "s3://bucket/capture",
                "CaptureOptions": [{"CaptureMode": "Input"}, {"CaptureMode": "Output"}],
            },
        ),
        (
            data_capture(
                "s3://bucket/capture",
                sampling_percentage=20,
                modes=["InputAndOutput"],
                csv_content_types=["text/csv"],
                json_content_types=["application/json"],
                kms_key_id=KEY,
            ),
            {
                "EnableCapture": True,
                "InitialSamplingPercentage": 20,
                "DestinationS3Uri": "s3://bucket/capture",
                "KmsKeyId": KEY,
                "CaptureOptions": [{"CaptureMode": "InputAndOutput"}],
                "CaptureContentTypeHeader": {
                    "CsvContentTypes": ["text/csv"],
                    "JsonContentTypes": ["application/json"],
                },
            },
        ),
        (
            data_capture("s3://bucket/capture", enabled=False, extra={"InitialSamplingPercentage": 0}),
            {
                "EnableCapture": False,
                "InitialSamplingPercentage": 0,
                "DestinationS3Uri": "s3://bucket/capture",
                "CaptureOptions": [{"CaptureMode": "Input"}, {"CaptureMode": "Output"}],
            },
        ),
    ],
)
def test_data_capture(config, expected):
    assert config == expected
    assert check("CreateEndpointConfig", endpoint_config("digits", variants=[VARIANT], data_capture=config)) == []


@pytest.mark.parametrize(
    ("config", "expected"),
    [
        (async_inference("s3://bucket/out"), {"OutputConfig": {"S3OutputPath": "s3://bucket/out"}}),
        (
            async_inference(
                "s3://bucket/out",
                failure_uri="s3://bucket/fail",
                max_concurrent_invocations=4,
                success_topic_arn=SUCCESS,
                error_topic_arn=ERROR,
                include_response_in=["SUCCESS_NOTIFICATION_TOPIC"],
                kms_key_id=KEY,
            ),
            {
                "OutputConfig": {
                    "S3OutputPath": "s3://bucket/out",
                    "S3FailurePath": "s3://bucket/fail",
                    "NotificationConfig": {
                        "SuccessTopic": SUCCESS,
                        "ErrorTopic": ERROR,
                        "IncludeInferenceResponseIn": ["SUCCESS_NOTIFICATION_TOPIC"],
                    },
                    "KmsKeyId": KEY,
                },
                "ClientConfig": {"MaxConcurrentInvocationsPerInstance": 4},
            },
        ),
    ],
)
def test_asynchronous_inference(config, expected):
    assert config == expected
    assert check("CreateEndpointConfig", endpoint_config("digits", variants=[VARIANT], async_inference=config)) == []


def test_instances_follow_their_components():
    assert managed_instance_scaling(min_instances=0, max_instances=4) == {
        "Status": "ENABLED",
        "MinInstanceCount": 0,
        "MaxInstanceCount": 4,
    }


def test_core_dumps_are_encrypted_if_a_key_is_given():
    assert core_dump("s3://bucket/dumps") == {"DestinationS3Uri": "s3://bucket/dumps"}
    assert core_dump("s3://bucket/dumps", kms_key_id=KEY) == {"DestinationS3Uri": "s3://bucket/dumps", "KmsKeyId": KEY}


def test_inference_component_shares_the_instances_of_a_variant():
    request = inference_component(
        "digits",
        endpoint_name="shared",
        model_name="digits",
        min_memory_mb=1024,
        cpu_cores=1,
        copies=2,
        tags={"project": "digits"},
        extra={"Specification": {"StartupParameters": {"ModelDataDownloadTimeoutInSeconds": 600}}},
    )
    assert request == {
        "InferenceComponentName": "digits",
        "EndpointName": "shared",
        "VariantName": "AllTraffic",
        "Specification": {
            "ModelName": "digits",
            "ComputeResourceRequirements": {"MinMemoryRequiredInMb": 1024, "NumberOfCpuCoresRequired": 1},
            "StartupParameters": {"ModelDataDownloadTimeoutInSeconds": 600},
        },
        "RuntimeConfig": {"CopyCount": 2},
        "Tags": [{"Key": "project", "Value": "digits"}],
    }
    assert check("CreateInferenceComponent", request) == []
