from __future__ import annotations

from typing import Any

import pytest

import sm_raw
from sm_raw.specs import (
    channel,
    endpoint,
    endpoint_config,
    model,
    production_variant,
    resources,
    training_job,
    vpc_config,
)
from sm_raw.specs.functions import code_in_s3, lambda_function
from sm_raw.specs.identity import role_policy
from sm_raw.specs.role_permissions import execution_role_policy, instance_role_policy, lambda_role_policy

REGION, ACCOUNT = "us-east-1", "111122223333"
HERE = {"region": REGION, "account": ACCOUNT}
IMAGE = "763104351884.dkr.ecr.us-east-1.amazonaws.com/pytorch-training:1.13.1-cpu-py39"
TRAINS, SERVES = "arn:aws:iam::111122223333:role/trains", "arn:aws:iam::111122223333:role/serves"
KEY = "arn:aws:kms:us-east-1:111122223333:key/1234"


def training(**changes: Any) -> tuple[str, Any]:
    settings = {
        "image_uri": IMAGE,
        "role_arn": TRAINS,
        "resources": resources("ml.m5.large"),
        "channels": [channel("train", "s3://data/train/")],
        "output_uri": "s3://bucket/out",
    }
    return "CreateTrainingJob", training_job("dogs", **{**settings, **changes})


def allowed(*requests: tuple[str, Any], **options: Any) -> dict[tuple[str, ...], list[str]]:
    """{actions: resources} of the execution role's policy."""
    statements = execution_role_policy(requests, **HERE, **options)["Statement"]
    return {tuple(each["Action"]): each["Resource"] for each in statements}


def test_a_training_role_may_do_this_and_nothing_else():
    logs = "arn:aws:logs:us-east-1:111122223333:log-group:/aws/sagemaker/TrainingJobs"
    assert execution_role_policy([training()], **HERE) == {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Action": ["cloudwatch:PutMetricData"],
                "Resource": ["*"],
                "Condition": {"StringLike": {"cloudwatch:namespace": ["/aws/sagemaker/*"]}},
            },
            {
                "Effect": "Allow",
                "Action": ["ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"],
                "Resource": ["arn:aws:ecr:us-east-1:763104351884:repository/pytorch-training"],
            },
            {"Effect": "Allow", "Action": ["ecr:GetAuthorizationToken"], "Resource": ["*"]},
            {
                "Effect": "Allow",
                "Action": [
                    "logs:CreateLogGroup",
                    "logs:CreateLogStream",
                    "logs:DescribeLogStreams",
                    "logs:PutLogEvents",
                ],
                "Resource": [logs, f"{logs}:*"],
            },
            {
                "Effect": "Allow",
                "Action": ["s3:AbortMultipartUpload", "s3:GetObject", "s3:PutObject"],
                "Resource": ["arn:aws:s3:::bucket/out/*"],
            },
            {"Effect": "Allow", "Action": ["s3:GetObject"], "Resource": ["arn:aws:s3:::data/train/*"]},
            {
                "Effect": "Allow",
                "Action": ["s3:ListBucket"],
                "Resource": ["arn:aws:s3:::bucket"],
                "Condition": {"StringLike": {"s3:prefix": ["out/*"]}},
            },
            {
                "Effect": "Allow",
                "Action": ["s3:ListBucket"],
                "Resource": ["arn:aws:s3:::data"],
                "Condition": {"StringLike": {"s3:prefix": ["train/*"]}},
            },
        ],
    }


def test_the_policy_has_no_findings_as_a_part_of_its_role():
    request = role_policy("trains", "run", document=execution_role_policy([training()], **HERE))
    assert sm_raw.check("PutRolePolicy", request) == []


def test_what_no_request_names_can_be_added():
    found = allowed(training(), reads=["s3://images/photos/"], writes=["s3://images/masks"])
    assert "arn:aws:s3:::images/photos/*" in found[("s3:GetObject",)]
    assert found[("s3:AbortMultipartUpload", "s3:PutObject")] == ["arn:aws:s3:::images/masks/*"]


def test_keys_are_used_for_objects_and_granted_for_volumes():
    found = allowed(training(resources=resources("ml.m5.large", volume_kms_key="alias/volumes"), output_kms_key=KEY))
    assert found[("kms:Decrypt", "kms:Encrypt", "kms:GenerateDataKey")] == [KEY]
    assert found[("kms:CreateGrant", "kms:DescribeKey")] == ["arn:aws:kms:us-east-1:111122223333:key/*"]
    statements = execution_role_policy([training(output_kms_key="alias/out")], **HERE)["Statement"]
    [condition] = [each["Condition"] for each in statements if "kms:Decrypt" in each["Action"]]
    assert condition == {"ForAnyValue:StringEquals": {"kms:ResourceAliases": "alias/out"}}


def test_a_network_brings_interfaces_in_its_subnets():
    found = allowed(training(vpc=vpc_config(subnets=["subnet-0a"], security_group_ids=["sg-01"])))
    at = "arn:aws:ec2:us-east-1:111122223333"
    assert found[("ec2:CreateNetworkInterface",)] == [f"{at}:security-group/sg-01", f"{at}:subnet/subnet-0a"]
    made = ("Create", "Create", "Delete", "Delete")
    assert found[
        tuple(f"ec2:{verb}NetworkInterface{what}" for verb, what in zip(made, ("", "Permission") * 2, strict=True))
    ] == [f"{at}:network-interface/*"]


@pytest.mark.parametrize(
    ("action", "actions", "resources_"),
    [
        (
            r"{\"name\": \"stoptraining\", \"training_job_prefix\": \"other\"}",
            ("sagemaker:StopTrainingJob",),
            ["arn:aws:sagemaker:us-east-1:111122223333:training-job/other*"],
        ),
        (
            r"{\"name\": \"stoptraining\"}",
            ("sagemaker:StopTrainingJob",),
            ["arn:aws:sagemaker:us-east-1:111122223333:training-job/dogs*"],
        ),
        (
            r"{\"name\": \"email\", \"endpoint\": \"me@example.org\"}",
            ("sns:CreateTopic", "sns:Publish", "sns:Subscribe"),
            ["arn:aws:sns:us-east-1:111122223333:SMDebugRules"],
        ),
    ],
)
def test_rules_with_actions_stop_jobs_and_send_messages(
    action: str, actions: tuple[str, ...], resources_: list[str]
) -> None:
    rule: Any = {"RuleConfigurationName": "R", "RuleEvaluatorImage": IMAGE, "RuleParameters": {"action_json": action}}
    found = allowed(training(debug_rules=[rule]))
    assert found[actions] == resources_
    rules_log = "arn:aws:logs:us-east-1:111122223333:log-group:/aws/sagemaker/ProcessingJobs"
    assert any(rules_log in places for places in found.values())


STORY = [
    training(),
    (
        "CreateModel",
        model("dogs", image_uri=IMAGE, role_arn=SERVES, model_data_uri="${train.ModelArtifacts.S3ModelArtifacts}"),
    ),
    (
        "CreateEndpointConfig",
        endpoint_config(
            "dogs",
            variants=[production_variant("dogs", instance_type="ml.m5.large")],
            extra={
                "DataCaptureConfig": {
                    "DestinationS3Uri": "s3://bucket/captured",
                    "InitialSamplingPercentage": 20,
                    "CaptureOptions": [{"CaptureMode": "Input"}],
                }
            },
        ),
    ),
    ("CreateEndpoint", endpoint("dogs")),
]


def test_each_role_gets_what_its_own_requests_need():
    trains, serves = allowed(*STORY, role_arn=TRAINS), allowed(*STORY, role_arn=SERVES)
    assert ("s3:AbortMultipartUpload", "s3:PutObject") not in trains
    assert serves[("s3:AbortMultipartUpload", "s3:PutObject")] == ["arn:aws:s3:::bucket/captured/*"]
    groups = "arn:aws:logs:us-east-1:111122223333:log-group:/aws/sagemaker"
    writes = ("logs:CreateLogGroup", "logs:CreateLogStream", "logs:DescribeLogStreams", "logs:PutLogEvents")
    assert trains[writes] == [f"{groups}/TrainingJobs", f"{groups}/TrainingJobs:*"]
    assert serves[writes] == [f"{groups}/Endpoints/dogs", f"{groups}/Endpoints/dogs:*"]


def test_a_model_without_its_endpoint_may_log_for_any():
    writes = ("logs:CreateLogGroup", "logs:CreateLogStream", "logs:DescribeLogStreams", "logs:PutLogEvents")
    [group, _] = allowed(STORY[1])[writes]
    assert group == "arn:aws:logs:us-east-1:111122223333:log-group:/aws/sagemaker/Endpoints/*"


def test_both_roles_together_may_do_all_of_it():
    everything = execution_role_policy(STORY, **HERE)
    assert execution_role_policy(STORY[::-1], **HERE) == everything
    assert len(everything["Statement"]) >= len(execution_role_policy(STORY, **HERE, role_arn=TRAINS)["Statement"])


FUNCTION = lambda_function(
    "ask", role_arn=SERVES, code=code_in_s3("code", "ask.zip"), endpoint_name="dogs", subnets=["subnet-0a"]
)


def test_a_function_asks_its_endpoint_and_writes_its_log():
    statements = lambda_role_policy(FUNCTION, **HERE, reads=["s3://photos/dogs/"])["Statement"]
    assert {tuple(each["Action"]): each["Resource"][0] for each in statements} == {
        (
            "ec2:CreateNetworkInterface",
            "ec2:DeleteNetworkInterface",
            "ec2:DescribeNetworkInterfaces",
            "ec2:DescribeSubnets",
        ): "*",
        (
            "logs:CreateLogGroup",
            "logs:CreateLogStream",
            "logs:DescribeLogStreams",
            "logs:PutLogEvents",
        ): "arn:aws:logs:us-east-1:111122223333:log-group:/aws/lambda/ask",
        ("s3:GetObject",): "arn:aws:s3:::photos/dogs/*",
        ("s3:ListBucket",): "arn:aws:s3:::photos",
        ("sagemaker:InvokeEndpoint",): "arn:aws:sagemaker:us-east-1:111122223333:endpoint/dogs",
    }


def test_an_instance_reads_and_writes_its_places():
    document = instance_role_policy(
        region="cn-north-1", reads=["s3://bucket/code.tar.gz", "s3://bucket/data/"], writes=["s3://bucket/out"]
    )
    assert document["Statement"] == [
        {
            "Effect": "Allow",
            "Action": ["s3:AbortMultipartUpload", "s3:PutObject"],
            "Resource": ["arn:aws-cn:s3:::bucket/out/*"],
        },
        {
            "Effect": "Allow",
            "Action": ["s3:GetObject"],
            "Resource": ["arn:aws-cn:s3:::bucket/code.tar.gz", "arn:aws-cn:s3:::bucket/data/*"],
        },
        {
            "Effect": "Allow",
            "Action": ["s3:ListBucket"],
            "Resource": ["arn:aws-cn:s3:::bucket"],
            "Condition": {"StringLike": {"s3:prefix": ["code.tar.gz", "data/*"]}},
        },
    ]
