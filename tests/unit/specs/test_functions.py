from __future__ import annotations

import sm_raw
from sm_raw.specs.functions import (
    code_in_request,
    code_in_s3,
    function_alias,
    function_url,
    invoke_permission,
    lambda_function,
    provisioned_concurrency,
    published_version,
)

ROLE = "arn:aws:iam::111122223333:role/dogs-function"
PLAIN = {"role_arn": ROLE, "code": code_in_s3("bucket", "code/function.zip")}
PLAIN_REQUEST = {
    "FunctionName": "dogs",
    "Runtime": "python3.13",
    "Role": ROLE,
    "Handler": "lambda_handler.handler",
    "Code": {"S3Bucket": "bucket", "S3Key": "code/function.zip"},
    "Timeout": 70,
}


def test_plain_function_sends_what_was_asked_for_and_nothing_else():
    assert lambda_function("dogs", **PLAIN) == PLAIN_REQUEST


def test_function_with_everything():
    request = lambda_function(
        "dogs",
        role_arn=ROLE,
        code=code_in_s3("bucket", "code/function.zip", version="7"),
        endpoint_name="dogs-endpoint",
        memory_mb=512,
        timeout_seconds=65,
        environment={"LOG_LEVEL": "INFO"},
        architecture="arm64",
        publish=True,
        description="asks the endpoint",
        subnets=["subnet-0a"],
        security_group_ids=["sg-01"],
        tags={"project": "dogs"},
        extra={"TracingConfig": {"Mode": "Active"}},
    )
    assert request == {
        **PLAIN_REQUEST,
        "Code": {"S3Bucket": "bucket", "S3Key": "code/function.zip", "S3ObjectVersion": "7"},
        "Description": "asks the endpoint",
        "Timeout": 65,
        "MemorySize": 512,
        "Publish": True,
        "VpcConfig": {"SubnetIds": ["subnet-0a"], "SecurityGroupIds": ["sg-01"]},
        "Environment": {"Variables": {"ENDPOINT_NAME": "dogs-endpoint", "LOG_LEVEL": "INFO"}},
        "Architectures": ["arm64"],
        "Tags": {"project": "dogs"},
        "TracingConfig": {"Mode": "Active"},
    }
    assert sm_raw.check("CreateFunction", request) == []


def test_code_may_be_the_archive_itself():
    request = lambda_function("dogs", role_arn=ROLE, code=code_in_request(b"PK\3\4"))
    assert request["Code"] == {"ZipFile": b"PK\3\4"}
    assert sm_raw.check("CreateFunction", request) == []


def test_version_alias_provisioned_concurrency_and_the_ways_in():
    story = [
        ("CreateFunction", lambda_function("dogs", **PLAIN)),
        ("PublishVersion", published_version("dogs", code_sha256="abc", description="first")),
        ("CreateAlias", function_alias("dogs", "live", version="1", description="what callers use")),
        ("PutProvisionedConcurrencyConfig", provisioned_concurrency("dogs", qualifier="live", executions=2)),
        ("CreateFunctionUrlConfig", function_url("dogs", qualifier="live")),
        (
            "AddPermission",
            invoke_permission(
                "dogs",
                statement_id="gateway",
                principal="apigateway.amazonaws.com",
                source_arn="arn:aws:execute-api:us-east-1:111122223333:abc/*",
                qualifier="live",
            ),
        ),
    ]
    assert [request for _, request in story[1:]] == [
        {"FunctionName": "dogs", "CodeSha256": "abc", "Description": "first"},
        {"FunctionName": "dogs", "Name": "live", "FunctionVersion": "1", "Description": "what callers use"},
        {"FunctionName": "dogs", "Qualifier": "live", "ProvisionedConcurrentExecutions": 2},
        {"FunctionName": "dogs", "Qualifier": "live", "AuthType": "AWS_IAM"},
        {
            "FunctionName": "dogs",
            "StatementId": "gateway",
            "Action": "lambda:InvokeFunction",
            "Principal": "apigateway.amazonaws.com",
            "SourceArn": "arn:aws:execute-api:us-east-1:111122223333:abc/*",
            "Qualifier": "live",
        },
    ]
    assert sm_raw.check_together(story) == [[]] * len(story)
