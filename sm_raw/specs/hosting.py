"""CreateModel, CreateEndpointConfig and CreateEndpoint."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, cast

from sm_raw.specs.assembly import EMPTY, assembled, optional
from sm_raw.specs.fragments import tag_list

if TYPE_CHECKING:
    from types_boto3_sagemaker.literals import (
        ModelCompressionTypeType,
        ProductionVariantInferenceAmiVersionType,
        ProductionVariantInstanceTypeType,
        RoutingStrategyType,
        S3ModelDataTypeType,
    )
    from types_boto3_sagemaker.type_defs import (
        AsyncInferenceConfigTypeDef,
        ContainerDefinitionTypeDef,
        CreateEndpointConfigInputTypeDef,
        CreateEndpointInputTypeDef,
        CreateModelInputTypeDef,
        DataCaptureConfigTypeDef,
        DeploymentConfigTypeDef,
        InferenceExecutionConfigTypeDef,
        ModelDataSourceTypeDef,
        ProductionVariantCoreDumpConfigTypeDef,
        ProductionVariantManagedInstanceScalingTypeDef,
        ProductionVariantRoutingConfigTypeDef,
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
    model_data_source: ModelDataSourceTypeDef | None = None,
    environment: Mapping[str, str] = EMPTY,
    multi_model: bool = False,
    vpc: VpcConfigTypeDef | None = None,
    network_isolation: bool = False,
    tags: Mapping[str, str] = EMPTY,
    extra: Mapping[str, Any] = EMPTY,
) -> CreateModelInputTypeDef:
    """The CreateModel request for one container.

    ``model_data_uri`` is the S3 URI of model.tar.gz; ``multi_model`` makes it a prefix that ends with a slash and
    holds many. ``model_data_source`` takes its place for data that is no archive (see ``uncompressed_model_data``).
    To serve with a script in a framework image, pass what ``serving_script`` returns as ``environment``. ``extra``
    patches the request (see ``assembly``).
    """
    request: CreateModelInputTypeDef = {
        "ModelName": name,
        "PrimaryContainer": container(
            image_uri,
            model_data_uri=model_data_uri,
            model_data_source=model_data_source,
            environment=environment,
            multi_model=multi_model,
        ),
        "ExecutionRoleArn": role_arn,
        "VpcConfig": optional(vpc),
        "EnableNetworkIsolation": optional(network_isolation or None),
        "Tags": optional(tag_list(tags)),
    }
    return assembled(request, extra)


def pipeline_model(
    name: str,
    *,
    containers: Sequence[ContainerDefinitionTypeDef],
    role_arn: str,
    direct: bool = False,
    vpc: VpcConfigTypeDef | None = None,
    network_isolation: bool = False,
    tags: Mapping[str, str] = EMPTY,
    extra: Mapping[str, Any] = EMPTY,
) -> CreateModelInputTypeDef:
    """The CreateModel request for several containers, each made by ``container``.

    A request passes through all of them in turn. With ``direct`` it goes to the one whose hostname the caller of
    the endpoint names, so each needs one.
    """
    execution: InferenceExecutionConfigTypeDef | None = {"Mode": "Direct"} if direct else None
    request: CreateModelInputTypeDef = {
        "ModelName": name,
        "Containers": containers,
        "InferenceExecutionConfig": optional(execution),
        "ExecutionRoleArn": role_arn,
        "VpcConfig": optional(vpc),
        "EnableNetworkIsolation": optional(network_isolation or None),
        "Tags": optional(tag_list(tags)),
    }
    return assembled(request, extra)


def container(
    image_uri: str,
    *,
    model_data_uri: str | None = None,
    model_data_source: ModelDataSourceTypeDef | None = None,
    environment: Mapping[str, str] = EMPTY,
    hostname: str | None = None,
    multi_model: bool = False,
    extra: Mapping[str, Any] = EMPTY,
) -> ContainerDefinitionTypeDef:
    """One container of a model; the arguments are those of ``model``."""
    definition: ContainerDefinitionTypeDef = {
        "ContainerHostname": optional(hostname),
        "Image": image_uri,
        "Mode": optional("MultiModel" if multi_model else None),
        "ModelDataUrl": optional(model_data_uri),
        "ModelDataSource": optional(model_data_source),
        "Environment": optional(environment),
    }
    return assembled(definition, extra)


def uncompressed_model_data(
    s3_uri: str,
    *,
    data_type: S3ModelDataTypeType = "S3Prefix",
    compression: ModelCompressionTypeType = "None",
    extra: Mapping[str, Any] = EMPTY,
) -> ModelDataSourceTypeDef:
    """Model data that needs no unpacking: every object under a prefix, which ends with a slash, or one S3Object.

    It saves large models the time of packing and unpacking model.tar.gz.
    """
    source: ModelDataSourceTypeDef = {
        "S3DataSource": {"S3Uri": s3_uri, "S3DataType": data_type, "CompressionType": compression}
    }
    return assembled(source, extra)


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
    shadow_variants: Sequence[ProductionVariantTypeDef] = (),
    data_capture: DataCaptureConfigTypeDef | None = None,
    async_inference: AsyncInferenceConfigTypeDef | None = None,
    kms_key_id: str | None = None,
    role_arn: str | None = None,
    tags: Mapping[str, str] = EMPTY,
    extra: Mapping[str, Any] = EMPTY,
) -> CreateEndpointConfigInputTypeDef:
    """The CreateEndpointConfig request: the variants that an endpoint divides its traffic among.

    ``shadow_variants`` get a copy of the traffic, and their answers go nowhere. ``kms_key_id`` encrypts the storage
    of the instances. ``role_arn`` is for variants that host inference components: elsewhere each model brings its
    own.
    """
    request: CreateEndpointConfigInputTypeDef = {
        "EndpointConfigName": name,
        "ProductionVariants": variants,
        "ShadowProductionVariants": optional(shadow_variants),
        "DataCaptureConfig": optional(data_capture),
        "AsyncInferenceConfig": optional(async_inference),
        "KmsKeyId": optional(kms_key_id),
        "ExecutionRoleArn": optional(role_arn),
        "Tags": optional(tag_list(tags)),
    }
    return assembled(request, extra)


def production_variant(
    model_name: str | None,
    *,
    instance_type: str,
    instance_count: int = 1,
    name: str = ALL_TRAFFIC,
    weight: float | None = None,
    volume_gb: int | None = None,
    download_timeout_seconds: int | None = None,
    startup_timeout_seconds: int | None = None,
    routing: RoutingStrategyType | None = None,
    managed_scaling: ProductionVariantManagedInstanceScalingTypeDef | None = None,
    core_dump: ProductionVariantCoreDumpConfigTypeDef | None = None,
    ami_version: str | None = None,
    extra: Mapping[str, Any] = EMPTY,
) -> ProductionVariantTypeDef:
    """A model on instances of its own. Traffic is divided by ``weight``, which is 1 where not given.

    Without a model (None) the instances wait for inference components. The timeouts are for fetching and unpacking
    model data and for the container's first good answer to /ping. ``routing`` chooses the instance that answers a
    request: RANDOM, which is the default, or LEAST_OUTSTANDING_REQUESTS.
    """
    routing_config: ProductionVariantRoutingConfigTypeDef | None = {"RoutingStrategy": routing} if routing else None
    variant: ProductionVariantTypeDef = {
        "VariantName": name,
        "ModelName": optional(model_name),
        "InstanceType": cast("ProductionVariantInstanceTypeType", instance_type),
        "InitialInstanceCount": instance_count,
        "InitialVariantWeight": optional(weight),
        "VolumeSizeInGB": optional(volume_gb),
        "ModelDataDownloadTimeoutInSeconds": optional(download_timeout_seconds),
        "ContainerStartupHealthCheckTimeoutInSeconds": optional(startup_timeout_seconds),
        "RoutingConfig": optional(routing_config),
        "ManagedInstanceScaling": optional(managed_scaling),
        "CoreDumpConfig": optional(core_dump),
        "InferenceAmiVersion": cast("ProductionVariantInferenceAmiVersionType", ami_version),
    }
    return assembled(variant, extra)


def serverless_variant(
    model_name: str,
    *,
    memory_mb: int,
    max_concurrency: int,
    provisioned_concurrency: int | None = None,
    name: str = ALL_TRAFFIC,
    weight: float | None = None,
    extra: Mapping[str, Any] = EMPTY,
) -> ProductionVariantTypeDef:
    """A model without instances: ``memory_mb`` is 1024 to 6144 by 1024, ``max_concurrency`` 1 to 200.

    ``provisioned_concurrency`` of it is kept warm, and paid for, all the time.
    """
    variant: ProductionVariantTypeDef = {
        "VariantName": name,
        "ModelName": model_name,
        "ServerlessConfig": {
            "MemorySizeInMB": memory_mb,
            "MaxConcurrency": max_concurrency,
            "ProvisionedConcurrency": optional(provisioned_concurrency),
        },
        "InitialVariantWeight": optional(weight),
    }
    return assembled(variant, extra)


def endpoint(
    name: str,
    *,
    config_name: str | None = None,
    deployment: DeploymentConfigTypeDef | None = None,
    tags: Mapping[str, str] = EMPTY,
    extra: Mapping[str, Any] = EMPTY,
) -> CreateEndpointInputTypeDef:
    """The CreateEndpoint request; its configuration has the endpoint's own name unless another is given.

    ``deployment`` is how later updates replace the instances (see ``endpoint_updates``).
    """
    request: CreateEndpointInputTypeDef = {
        "EndpointName": name,
        "EndpointConfigName": name if config_name is None else config_name,
        "DeploymentConfig": optional(deployment),
        "Tags": optional(tag_list(tags)),
    }
    return assembled(request, extra)
