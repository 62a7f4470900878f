from __future__ import annotations

import pytest

from sm_raw.specs.endpoint_features import core_dump, data_capture, managed_instance_scaling
from sm_raw.specs.endpoint_updates import all_at_once_deployment
from sm_raw.specs.fragments import vpc_config
from sm_raw.specs.hosting import (
    container,
    endpoint,
    endpoint_config,
    model,
    pipeline_model,
    production_variant,
    serverless_variant,
    serving_script,
    uncompressed_model_data,
)
from sm_raw.validation.checking import check

IMAGE = "763104351884.dkr.ecr.us-east-1.amazonaws.com/pytorch-inference:1.13.1-cpu-py39"
ROLE = "arn:aws:iam::111122223333:role/serving"


def test_model_that_serves_with_a_script():
    assert model(
        "digits",
        image_uri=IMAGE,
        role_arn=ROLE,
        model_data_uri="s3://bucket/out/digits/output/model.tar.gz",
        environment=serving_script(region="us-east-1"),
    ) == {
        "ModelName": "digits",
        "PrimaryContainer": {
            "Image": IMAGE,
            "ModelDataUrl": "s3://bucket/out/digits/output/model.tar.gz",
            "Environment": {
                "SAGEMAKER_PROGRAM": "inference.py",
                "SAGEMAKER_SUBMIT_DIRECTORY": "/opt/ml/model/code",
                "SAGEMAKER_CONTAINER_LOG_LEVEL": "20",
                "SAGEMAKER_REGION": "us-east-1",
            },
        },
        "ExecutionRoleArn": ROLE,
    }


def test_model_without_data_in_a_network_of_its_own():
    assert model(
        "digits",
        image_uri=IMAGE,
        role_arn=ROLE,
        vpc=vpc_config(subnets=["subnet-0a"], security_group_ids=["sg-01"]),
        network_isolation=True,
        tags={"project": "digits"},
        extra={"PrimaryContainer": {"Mode": "SingleModel"}},
    ) == {
        "ModelName": "digits",
        "PrimaryContainer": {"Image": IMAGE, "Mode": "SingleModel"},
        "ExecutionRoleArn": ROLE,
        "VpcConfig": {"Subnets": ["subnet-0a"], "SecurityGroupIds": ["sg-01"]},
        "EnableNetworkIsolation": True,
        "Tags": [{"Key": "project", "Value": "digits"}],
    }


def test_model_of_many_archives_is_given_their_prefix():
    request = model(
        "zoo",
        image_uri=IMAGE,
        role_arn=ROLE,
        model_data_uri="s3://bucket/zoo/",
        multi_model=True,
        environment={"A": "1"},
    )
    assert request["PrimaryContainer"] == {
        "Image": IMAGE,
        "Mode": "MultiModel",
        "ModelDataUrl": "s3://bucket/zoo/",
        "Environment": {"A": "1"},
    }


@pytest.mark.parametrize(
    ("source", "fields"),
    [
        (
            uncompressed_model_data("s3://bucket/llm/"),
            {"S3Uri": "s3://bucket/llm/", "S3DataType": "S3Prefix", "CompressionType": "None"},
        ),
        (
            uncompressed_model_data("s3://bucket/llm.tar.gz", data_type="S3Object", compression="Gzip"),
            {"S3Uri": "s3://bucket/llm.tar.gz", "S3DataType": "S3Object", "CompressionType": "Gzip"},
        ),
        (
            uncompressed_model_data(
                "s3://bucket/llm/", extra={"S3DataSource": {"ModelAccessConfig": {"AcceptEula": True}}}
            ),
            {
                "S3Uri": "s3://bucket/llm/",
                "S3DataType": "S3Prefix",
                "CompressionType": "None",
                "ModelAccessConfig": {"AcceptEula": True},
            },
        ),
    ],
)
def test_model_data_need_not_be_an_archive(source, fields):
    request = model("llm", image_uri=IMAGE, role_arn=ROLE, model_data_source=source)
    assert request["PrimaryContainer"] == {"Image": IMAGE, "ModelDataSource": {"S3DataSource": fields}}
    assert check("CreateModel", request) == []


def test_containers_are_a_pipeline_or_are_called_directly():
    containers = [
        container(IMAGE, model_data_uri="s3://bucket/a.tar.gz", hostname="first"),
        container(
            IMAGE, environment={"A": "1"}, hostname="second", extra={"ImageConfig": {"RepositoryAccessMode": "Vpc"}}
        ),
    ]
    assert pipeline_model("two", containers=containers, role_arn=ROLE) == {
        "ModelName": "two",
        "Containers": [
            {"ContainerHostname": "first", "Image": IMAGE, "ModelDataUrl": "s3://bucket/a.tar.gz"},
            {
                "ContainerHostname": "second",
                "Image": IMAGE,
                "Environment": {"A": "1"},
                "ImageConfig": {"RepositoryAccessMode": "Vpc"},
            },
        ],
        "ExecutionRoleArn": ROLE,
    }
    direct = pipeline_model("two", containers=containers, role_arn=ROLE, direct=True, network_isolation=True)
    assert direct["InferenceExecutionConfig"] == {"Mode": "Direct"}
    assert direct["EnableNetworkIsolation"] is True
    assert check("CreateModel", direct) == []


def test_serving_script_without_a_region_leaves_it_to_the_container():
    assert serving_script("serve.py", submit_directory="/code", log_level=10) == {
        "SAGEMAKER_PROGRAM": "serve.py",
        "SAGEMAKER_SUBMIT_DIRECTORY": "/code",
        "SAGEMAKER_CONTAINER_LOG_LEVEL": "10",
    }


def test_endpoint_config_with_one_variant_takes_the_usual_name_and_weight():
    assert endpoint_config("digits", variants=[production_variant("digits", instance_type="ml.m5.large")]) == {
        "EndpointConfigName": "digits",
        "ProductionVariants": [
            {
                "VariantName": "AllTraffic",
                "ModelName": "digits",
                "InstanceType": "ml.m5.large",
                "InitialInstanceCount": 1,
            }
        ],
    }


def test_variants_divide_traffic_by_weight_and_what_passes_is_captured():
    capture = data_capture("s3://bucket/capture")
    assert endpoint_config(
        "digits",
        variants=[
            production_variant("old", instance_type="ml.m5.large", instance_count=2, name="old", weight=0.9),
            production_variant("new", instance_type="ml.m5.large", name="new", weight=0.0),
        ],
        tags={"project": "digits"},
        data_capture=capture,
    ) == {
        "EndpointConfigName": "digits",
        "ProductionVariants": [
            {
                "VariantName": "old",
                "ModelName": "old",
                "InstanceType": "ml.m5.large",
                "InitialInstanceCount": 2,
                "InitialVariantWeight": 0.9,
            },
            {
                "VariantName": "new",
                "ModelName": "new",
                "InstanceType": "ml.m5.large",
                "InitialInstanceCount": 1,
                "InitialVariantWeight": 0.0,
            },
        ],
        "DataCaptureConfig": capture,
        "Tags": [{"Key": "project", "Value": "digits"}],
    }


def test_variant_with_all_its_settings():
    request = endpoint_config(
        "digits",
        variants=[
            production_variant(
                "digits",
                instance_type="ml.g5.xlarge",
                volume_gb=100,
                download_timeout_seconds=1200,
                startup_timeout_seconds=600,
                routing="LEAST_OUTSTANDING_REQUESTS",
                core_dump=core_dump("s3://bucket/dumps"),
                ami_version="al2-ami-sagemaker-inference-gpu-2",
            )
        ],
        kms_key_id="1234abcd-12ab-34cd-56ef-1234567890ab",
    )
    assert request == {
        "EndpointConfigName": "digits",
        "ProductionVariants": [
            {
                "VariantName": "AllTraffic",
                "ModelName": "digits",
                "InstanceType": "ml.g5.xlarge",
                "InitialInstanceCount": 1,
                "VolumeSizeInGB": 100,
                "ModelDataDownloadTimeoutInSeconds": 1200,
                "ContainerStartupHealthCheckTimeoutInSeconds": 600,
                "RoutingConfig": {"RoutingStrategy": "LEAST_OUTSTANDING_REQUESTS"},
                "CoreDumpConfig": {"DestinationS3Uri": "s3://bucket/dumps"},
                "InferenceAmiVersion": "al2-ami-sagemaker-inference-gpu-2",
            }
        ],
        "KmsKeyId": "1234abcd-12ab-34cd-56ef-1234567890ab",
    }
    assert check("CreateEndpointConfig", request) == []


def test_shadow_gets_a_copy_of_the_traffic():
    request = endpoint_config(
        "digits",
        variants=[production_variant("old", instance_type="ml.m5.large", name="old")],
        shadow_variants=[production_variant("new", instance_type="ml.m5.large", name="new")],
    )
    assert [variant["VariantName"] for variant in request["ShadowProductionVariants"]] == ["new"]
    assert check("CreateEndpointConfig", request) == []


def test_variant_of_inference_components_has_no_model_and_the_request_a_role():
    request = endpoint_config(
        "shared",
        variants=[
            production_variant(
                None,
                instance_type="ml.g5.xlarge",
                managed_scaling=managed_instance_scaling(min_instances=0, max_instances=2),
            )
        ],
        role_arn=ROLE,
    )
    assert request == {
        "EndpointConfigName": "shared",
        "ProductionVariants": [
            {
                "VariantName": "AllTraffic",
                "InstanceType": "ml.g5.xlarge",
                "InitialInstanceCount": 1,
                "ManagedInstanceScaling": {"Status": "ENABLED", "MinInstanceCount": 0, "MaxInstanceCount": 2},
            }
        ],
        "ExecutionRoleArn": ROLE,
    }
    assert check("CreateEndpointConfig", request) == []


def test_serverless_variant_has_no_instances():
    assert serverless_variant("digits", memory_mb=4096, max_concurrency=10, provisioned_concurrency=2) == {
        "VariantName": "AllTraffic",
        "ModelName": "digits",
        "ServerlessConfig": {"MemorySizeInMB": 4096, "MaxConcurrency": 10, "ProvisionedConcurrency": 2},
    }


def test_endpoint_takes_the_configuration_of_its_own_name_unless_told():
    assert endpoint("digits") == {"EndpointName": "digits", "EndpointConfigName": "digits"}
    assert endpoint("digits", config_name="digits-2", tags={"project": "digits"}) == {
        "EndpointName": "digits",
        "EndpointConfigName": "digits-2",
        "Tags": [{"Key": "project", "Value": "digits"}],
    }


def test_endpoint_says_how_later_updates_replace_its_instances():
    deployment = all_at_once_deployment(alarms=["errors"])
    assert endpoint("digits", deployment=deployment)["DeploymentConfig"] == deployment
