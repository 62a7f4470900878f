from __future__ import annotations

from sm_raw.specs import (
    endpoint,
    endpoint_config,
    model,
    production_variant,
    serverless_variant,
    serving_script,
    vpc_config,
)

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
        tags={"project": "digits"},
        extra={"EnableNetworkIsolation": True, "PrimaryContainer": {"Mode": "SingleModel"}},
    ) == {
        "ModelName": "digits",
        "PrimaryContainer": {"Image": IMAGE, "Mode": "SingleModel"},
        "ExecutionRoleArn": ROLE,
        "VpcConfig": {"Subnets": ["subnet-0a"], "SecurityGroupIds": ["sg-01"]},
        "Tags": [{"Key": "project", "Value": "digits"}],
        "EnableNetworkIsolation": True,
    }


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


def test_variants_divide_traffic_by_weight_and_extra_adds_data_capture():
    capture = {
        "EnableCapture": True,
        "InitialSamplingPercentage": 100,
        "DestinationS3Uri": "s3://bucket/capture",
        "CaptureOptions": [{"CaptureMode": "Input"}, {"CaptureMode": "Output"}],
    }
    assert endpoint_config(
        "digits",
        variants=[
            production_variant("old", instance_type="ml.m5.large", instance_count=2, name="old", weight=0.9),
            production_variant("new", instance_type="ml.m5.large", name="new", weight=0.0),
        ],
        tags={"project": "digits"},
        extra={"DataCaptureConfig": capture},
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
        "Tags": [{"Key": "project", "Value": "digits"}],
        "DataCaptureConfig": capture,
    }


def test_serverless_variant_has_no_instances():
    assert serverless_variant(
        "digits", memory_mb=4096, max_concurrency=10, extra={"ServerlessConfig": {"ProvisionedConcurrency": 2}}
    ) == {
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
