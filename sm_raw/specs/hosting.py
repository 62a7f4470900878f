"""CreateModel, CreateEndpointConfig and CreateEndpoint."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, cast

from sm_raw.specs.assembly import EMPTY, assembled, optional
from sm_raw.specs.fragments import tag_list

if TYPE_CHECKING:
    from types_boto3_sagemaker.literals import ProductionVariantInstanceTypeType
    from types_boto3_sagemaker.type_defs import (
        CreateEndpointConfigInputTypeDef,
        CreateEndpointInputTypeDef,
        CreateModelInputTypeDef,
        ProductionVariantTypeDef,
        VpcConfigTypeDef,
    )

# What AWS's own client calls the only variant of an endpoint.
ALL_TRAFFIC = "AllTraffic"


def model(
    name: str,
    *,
    image_uri: str,
    role_arn: str,
    model_data_uri: str | None = None,
    environment: Mapping[str, str] = EMPTY,
    vpc: VpcConfigTypeDef | None = None,
    tags: Mapping[str, str] = EMPTY,
    extra: Mapping[str, Any] = EMPTY,
) -> CreateModelInputTypeDef:
    """The CreateModel request for one container.

    ``model_data_uri`` is the S3 URI of model.tar.gz. To serve with a script in a framework image, pass what
    ``serving_script`` returns as ``environment``. ``extra`` patches the request (see ``assembly``).
    """
    request: CreateModelInputTypeDef = {
        "ModelName": name,
        "PrimaryContainer": {
            "Image": image_uri,
            "ModelDataUrl": optional(model_data_uri),
            "Environment": optional(environment),
        },
        "ExecutionRoleArn": role_arn,
        "VpcConfig": optional(vpc),
        "Tags": optional(tag_list(tags)),
    }
    return assembled(request, extra)


def serving_script(
    program: str = "inference.py",
    *,
    submit_directory: str = "/opt/ml/model/code",
    region: str | None = None,
    log_level: int = 20,
) -> dict[str, str]:
    """The environment by which a framework image serves with a script.

    The default directory is where code/ of model.tar.gz is unpacked. ``log_level`` is one of Python's logging
    module.
    """
    environment = {
        "SAGEMAKER_PROGRAM": program,
        "SAGEMAKER_SUBMIT_DIRECTORY": submit_directory,
        "SAGEMAKER_CONTAINER_LOG_LEVEL": str(log_level),
        "SAGEMAKER_REGION": optional(region),
    }
    return assembled(environment)


def endpoint_config(
    name: str,
    *,
    variants: Sequence[ProductionVariantTypeDef],
    tags: Mapping[str, str] = EMPTY,
    extra: Mapping[str, Any] = EMPTY,
) -> CreateEndpointConfigInputTypeDef:
    """The CreateEndpointConfig request: the variants that an endpoint divides its traffic among."""
    request: CreateEndpointConfigInputTypeDef = {
        "EndpointConfigName": name,
        "ProductionVariants": variants,
        "Tags": optional(tag_list(tags)),
    }
    return assembled(request, extra)


def production_variant(
    model_name: str,
    *,
    instance_type: str,
    instance_count: int = 1,
    name: str = ALL_TRAFFIC,
    weight: float | None = None,
    extra: Mapping[str, Any] = EMPTY,
) -> ProductionVariantTypeDef:
    """A model on instances of its own. Traffic is divided by ``weight``, which is 1 where not given."""
    variant: ProductionVariantTypeDef = {
        "VariantName": name,
        "ModelName": model_name,
        "InstanceType": cast("ProductionVariantInstanceTypeType", instance_type),
        "InitialInstanceCount": instance_count,
        "InitialVariantWeight": optional(weight),
    }
    return assembled(variant, extra)


def serverless_variant(
    model_name: str,
    *,
    memory_mb: int,
    max_concurrency: int,
    name: str = ALL_TRAFFIC,
    weight: float | None = None,
    extra: Mapping[str, Any] = EMPTY,
) -> ProductionVariantTypeDef:
    """A model without instances: ``memory_mb`` is 1024 to 6144 by 1024, ``max_concurrency`` 1 to 200."""
    variant: ProductionVariantTypeDef = {
        "VariantName": name,
        "ModelName": model_name,
        "ServerlessConfig": {"MemorySizeInMB": memory_mb, "MaxConcurrency": max_concurrency},
        "InitialVariantWeight": optional(weight),
    }
    return assembled(variant, extra)


def endpoint(
    name: str,
    *,
    config_name: str | None = None,
    tags: Mapping[str, str] = EMPTY,
    extra: Mapping[str, Any] = EMPTY,
) -> CreateEndpointInputTypeDef:
    """The CreateEndpoint request; its configuration has the endpoint's own name unless another is given."""
    request: CreateEndpointInputTypeDef = {
        "EndpointName": name,
        "EndpointConfigName": name if config_name is None else config_name,
        "Tags": optional(tag_list(tags)),
    }
    return assembled(request, extra)
