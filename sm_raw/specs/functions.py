"""The Lambda function in front of an endpoint: code, version, alias, provisioned concurrency, function URL.

They come in this order: a version is a picture of the function that never changes, an alias points to one, and
provisioned concurrency is for a version or an alias, never for the ever-changing $LATEST. Source:
https://docs.aws.amazon.com/lambda/latest/dg/provisioned-concurrency.html
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, cast

from sm_raw.specs.assembly import EMPTY, assembled, optional

if TYPE_CHECKING:
    from types_boto3_lambda.literals import ArchitectureType, FunctionUrlAuthTypeType, RuntimeType
    from types_boto3_lambda.type_defs import (
        AddPermissionRequestTypeDef,
        CreateAliasRequestTypeDef,
        CreateFunctionRequestTypeDef,
        CreateFunctionUrlConfigRequestTypeDef,
        EnvironmentTypeDef,
        FunctionCodeTypeDef,
        PublishVersionRequestTypeDef,
        PutProvisionedConcurrencyConfigRequestTypeDef,
        VpcConfigTypeDef,
    )

# The module and function in container_code.
HANDLER = "lambda_handler.handler"
RUNTIME = "python3.13"
# What a container may take for an answer, and somewhat more: the function should tell of it, not die with it.
# https://docs.aws.amazon.com/sagemaker/latest/dg/your-algorithms-inference-code.html
TIMEOUT_SECONDS = 70


def code_in_s3(bucket: str, key: str, *, version: str | None = None) -> FunctionCodeTypeDef:
    """A .zip archive in a bucket of the function's region."""
    code: FunctionCodeTypeDef = {"S3Bucket": bucket, "S3Key": key, "S3ObjectVersion": optional(version)}
    return assembled(code)


def code_in_request(archive: bytes) -> FunctionCodeTypeDef:
    """The bytes of a .zip archive, at most 50 MB, sent with the request; boto3 encodes them."""
    return {"ZipFile": archive}


def lambda_function(
    name: str,
    *,
    role_arn: str,
    code: FunctionCodeTypeDef,
    endpoint_name: str | None = None,
    handler: str = HANDLER,
    runtime: str = RUNTIME,
    memory_mb: int | None = None,
    timeout_seconds: int | None = TIMEOUT_SECONDS,
    environment: Mapping[str, str] = EMPTY,
    architecture: ArchitectureType | None = None,
    publish: bool = False,
    description: str | None = None,
    subnets: Sequence[str] = (),
    security_group_ids: Sequence[str] = (),
    tags: Mapping[str, str] = EMPTY,
    extra: Mapping[str, Any] = EMPTY,
) -> CreateFunctionRequestTypeDef:
    """The CreateFunction request, by default for the handler in container_code.

    ``code`` is what ``code_in_s3`` or ``code_in_request`` returns. ``endpoint_name`` becomes the ENDPOINT_NAME that
    the handler reads. ``publish`` makes version 1 at once. Lambda's own defaults are 128 MB and 3 seconds, which
    is less than a model often takes. ``extra`` patches the request (see ``assembly``).
    """
    variables = environment if endpoint_name is None else {"ENDPOINT_NAME": endpoint_name, **environment}
    settings: EnvironmentTypeDef = {"Variables": variables}
    network: VpcConfigTypeDef = {"SubnetIds": subnets, "SecurityGroupIds": security_group_ids}
    request: CreateFunctionRequestTypeDef = {
        "FunctionName": name,
        # Any text: a runtime newer than the installed types is for the checks to judge.
        "Runtime": cast("RuntimeType", runtime),
        "Role": role_arn,
        "Handler": handler,
        "Code": code,
        "Description": optional(description),
        "Timeout": optional(timeout_seconds),
        "MemorySize": optional(memory_mb),
        "Publish": optional(publish or None),
        "VpcConfig": optional(network if subnets or security_group_ids else None),
        "Environment": optional(settings if variables else None),
        "Architectures": optional([architecture] if architecture else None),
        "Tags": optional(tags),
    }
    return assembled(request, extra)


def published_version(
    function_name: str,
    *,
    code_sha256: str | None = None,
    description: str | None = None,
    extra: Mapping[str, Any] = EMPTY,
) -> PublishVersionRequestTypeDef:
    """The PublishVersion request; with ``code_sha256`` it is refused if the code has changed meanwhile."""
    request: PublishVersionRequestTypeDef = {
        "FunctionName": function_name,
        "CodeSha256": optional(code_sha256),
        "Description": optional(description),
    }
    return assembled(request, extra)


def function_alias(
    function_name: str,
    name: str,
    *,
    version: str = "1",
    description: str | None = None,
    extra: Mapping[str, Any] = EMPTY,
) -> CreateAliasRequestTypeDef:
    """The CreateAlias request: a name that callers keep while the version behind it changes."""
    request: CreateAliasRequestTypeDef = {
        "FunctionName": function_name,
        "Name": name,
        "FunctionVersion": version,
        "Description": optional(description),
    }
    return assembled(request, extra)


def provisioned_concurrency(
    function_name: str, *, qualifier: str, executions: int, extra: Mapping[str, Any] = EMPTY
) -> PutProvisionedConcurrencyConfigRequestTypeDef:
    """The PutProvisionedConcurrencyConfig request: so many environments of a version or alias are kept warm, and paid.

    ``qualifier`` is the alias or version number.
    """
    request: PutProvisionedConcurrencyConfigRequestTypeDef = {
        "FunctionName": function_name,
        "Qualifier": qualifier,
        "ProvisionedConcurrentExecutions": executions,
    }
    return assembled(request, extra)


def function_url(
    function_name: str,
    *,
    qualifier: str | None = None,
    auth_type: FunctionUrlAuthTypeType = "AWS_IAM",
    extra: Mapping[str, Any] = EMPTY,
) -> CreateFunctionUrlConfigRequestTypeDef:
    """The CreateFunctionUrlConfig request: an HTTPS address of the function, or of one of its aliases.

    AWS_IAM lets in signed requests of those who may; NONE is the whole world, once a permission says so too.
    """
    request: CreateFunctionUrlConfigRequestTypeDef = {
        "FunctionName": function_name,
        "Qualifier": optional(qualifier),
        "AuthType": auth_type,
    }
    return assembled(request, extra)


def invoke_permission(
    function_name: str,
    *,
    statement_id: str,
    principal: str,
    action: str = "lambda:InvokeFunction",
    source_arn: str | None = None,
    source_account: str | None = None,
    qualifier: str | None = None,
    extra: Mapping[str, Any] = EMPTY,
) -> AddPermissionRequestTypeDef:
    """The AddPermission request, by which an API Gateway, a bucket or another account may call the function.

    Without ``source_arn`` a service may call on behalf of anyone.
    """
    request: AddPermissionRequestTypeDef = {
        "FunctionName": function_name,
        "StatementId": statement_id,
        "Action": action,
        "Principal": principal,
        "SourceArn": optional(source_arn),
        "SourceAccount": optional(source_account),
        "Qualifier": optional(qualifier),
    }
    return assembled(request, extra)
