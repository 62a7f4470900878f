from __future__ import annotations

from typing import Any

import pytest

import sm_raw
from sm_raw.specs import (
    channel,
    continuous_range,
    endpoint,
    endpoint_config,
    hook_config,
    model,
    production_variant,
    resources,
    scalable_target,
    scaling_policy,
    script_mode,
    training_definition,
    training_job,
    tuning_job,
    variant_resource_id,
)
from sm_raw.specs.functions import code_in_s3, function_alias, lambda_function, provisioned_concurrency
from sm_raw.specs.identity import instance_profile, profile_role, role_policy, service_role
from sm_raw.specs.log_export import bucket_policy, export_bucket_policy, export_task
from sm_raw.specs.permissions import caller_policy
from sm_raw.specs.policy_documents import policy_text, split_policy
from sm_raw.specs.virtual_machines import deep_learning_image, training_instance

REGION, ACCOUNT = "us-east-1", "111122223333"
IMAGE = "763104351884.dkr.ecr.us-east-1.amazonaws.com/pytorch-training:1.13.1-cpu-py39"
ROLE = "arn:aws:iam::111122223333:role/runs"
COMMON = {
    "image_uri": IMAGE,
    "role_arn": ROLE,
    "resources": resources("ml.m5.large"),
    "output_uri": "s3://bucket/out",
    "channels": [channel("train", "s3://bucket/data/train/")],
    "hyperparameters": script_mode("train.py", submit_directory="s3://bucket/code/sourcedir.tar.gz"),
}
TRAINING = ("CreateTrainingJob", training_job("dogs", **COMMON, tags={"project": "dogs"}))


def allowed(*requests: tuple[str, Any], region: str = REGION) -> dict[tuple[str, ...], list[str]]:
    """{actions: resources} of the caller's policy for requests that need no conditions."""
    statements = caller_policy(requests, region=region, account=ACCOUNT)["Statement"]
    return {tuple(each["Action"]): each["Resource"] for each in statements}


def conditions(*requests: tuple[str, Any], region: str = REGION) -> dict[str, tuple[list[str], dict[str, Any]]]:
    """{first action: (resources, condition)} of the statements that have one."""
    statements = caller_policy(requests, region=region, account=ACCOUNT)["Statement"]
    return {each["Action"][0]: (each["Resource"], each["Condition"]) for each in statements if "Condition" in each}


def test_a_training_job_needs_this_and_nothing_else():
    logs = "arn:aws:logs:us-east-1:111122223333:log-group:/aws/sagemaker/TrainingJobs"
    assert caller_policy([TRAINING], region=REGION, account=ACCOUNT) == {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Action": ["iam:PassRole"],
                "Resource": [ROLE],
                "Condition": {"StringEquals": {"iam:PassedToService": "sagemaker.amazonaws.com"}},
            },
            {
                "Effect": "Allow",
                "Action": ["logs:DescribeLogStreams", "logs:FilterLogEvents", "logs:GetLogEvents"],
                "Resource": [logs, f"{logs}:*"],
            },
            {
                "Effect": "Allow",
                "Action": ["s3:AbortMultipartUpload", "s3:GetObject", "s3:PutObject"],
                "Resource": ["arn:aws:s3:::bucket/code/sourcedir.tar.gz", "arn:aws:s3:::bucket/data/train/*"],
            },
            {"Effect": "Allow", "Action": ["s3:GetObject"], "Resource": ["arn:aws:s3:::bucket/out/*"]},
            {
                "Effect": "Allow",
                "Action": ["s3:ListBucket"],
                "Resource": ["arn:aws:s3:::bucket"],
                "Condition": {"StringLike": {"s3:prefix": ["code/sourcedir.tar.gz", "data/", "data/train/*", "out/*"]}},
            },
            {
                "Effect": "Allow",
                "Action": [
                    "sagemaker:AddTags",
                    "sagemaker:CreateTrainingJob",
                    "sagemaker:DescribeTrainingJob",
                    "sagemaker:StopTrainingJob",
                ],
                "Resource": ["arn:aws:sagemaker:us-east-1:111122223333:training-job/dogs"],
            },
        ],
    }


def test_a_tuning_job_may_follow_and_stop_its_training_jobs():
    found = allowed(("CreateHyperParameterTuningJob", {"HyperParameterTuningJobName": "Dogs"}))
    at = "arn:aws:sagemaker:us-east-1:111122223333"
    assert found[("sagemaker:DescribeTrainingJob", "sagemaker:StopTrainingJob")] == [
        f"{at}:training-job/Dogs-*",
        f"{at}:training-job/dogs-*",
    ]
    tuning = [
        "CreateHyperParameterTuningJob",
        "DescribeHyperParameterTuningJob",
        "ListTrainingJobsForHyperParameterTuningJob",
        "StopHyperParameterTuningJob",
    ]
    assert found[tuple(f"sagemaker:{action}" for action in tuning)] == [
        f"{at}:hyper-parameter-tuning-job/Dogs",
        f"{at}:hyper-parameter-tuning-job/dogs",
    ]


def test_an_endpoint_is_made_of_its_configuration_which_nothing_else_touches():
    found = allowed(("CreateEndpoint", endpoint("dogs", config_name="dogs-1")), ("StopTrainingJob", {}))
    at = "arn:aws:sagemaker:us-east-1:111122223333"
    assert found[("sagemaker:CreateEndpoint",)] == [f"{at}:endpoint-config/dogs-1"]
    own = ("CreateEndpoint", "DeleteEndpoint", "DescribeEndpoint", "InvokeEndpoint")
    assert found[tuple(f"sagemaker:{action}" for action in own)] == [f"{at}:endpoint/dogs"]


def test_scaling_brings_its_alarms_and_the_role_that_the_service_makes():
    variant = variant_resource_id("dogs")
    requests = [
        ("RegisterScalableTarget", scalable_target(variant, min_capacity=1, max_capacity=3)),
        ("PutScalingPolicy", scaling_policy("dogs", resource_id=variant, target_value=10)),
    ]
    found, limited = allowed(*requests), conditions(*requests)
    assert found[("cloudwatch:DeleteAlarms", "cloudwatch:PutMetricAlarm")] == [
        "arn:aws:cloudwatch:us-east-1:111122223333:alarm:TargetTracking-endpoint/dogs/variant/AllTraffic-*"
    ]
    assert found[("sagemaker:DescribeEndpoint", "sagemaker:UpdateEndpointWeightsAndCapacities")] == [
        "arn:aws:sagemaker:us-east-1:111122223333:endpoint/dogs"
    ]
    service = "sagemaker.application-autoscaling.amazonaws.com"
    assert limited["iam:CreateServiceLinkedRole"] == (
        [
            f"arn:aws:iam::111122223333:role/aws-service-role/{service}/"
            "AWSServiceRoleForApplicationAutoScaling_SageMakerEndpoint"
        ],
        {"StringEquals": {"iam:AWSServiceName": service}},
    )
    assert limited["application-autoscaling:DeleteScalingPolicy"] == (
        ["arn:aws:application-autoscaling:us-east-1:111122223333:scalable-target/*"],
        {"StringEquals": {"application-autoscaling:service-namespace": "sagemaker"}},
    )


FUNCTION = lambda_function(
    "ask",
    role_arn="arn:aws:iam::111122223333:role/ask",
    code=code_in_s3("bucket", "code/ask.zip"),
    endpoint_name="dogs",
)


def test_a_function_is_named_with_its_versions_and_its_role_goes_to_lambda():
    requests = [
        ("CreateFunction", FUNCTION),
        ("PutProvisionedConcurrencyConfig", provisioned_concurrency("ask", qualifier="live", executions=2)),
    ]
    found = allowed(*requests)
    [actions] = [actions for actions in found if "lambda:CreateFunction" in actions]
    assert {"lambda:InvokeFunction", "lambda:PutProvisionedConcurrencyConfig"} <= set(actions)
    arn = "arn:aws:lambda:us-east-1:111122223333:function:ask"
    assert found[actions] == [arn, f"{arn}:*"]
    uploading = ("s3:AbortMultipartUpload", "s3:GetObject", "s3:PutObject")
    assert found[uploading] == ["arn:aws:s3:::bucket/code/ask.zip"]
    passed = {"StringEquals": {"iam:PassedToService": "lambda.amazonaws.com"}}
    assert conditions(*requests)["iam:PassRole"] == (["arn:aws:iam::111122223333:role/ask"], passed)


INSTANCE = training_instance(
    deep_learning_image("pytorch"),
    instance_type="g5.xlarge",
    instance_profile="machines",
    user_data="#!/bin/bash\n",
    subnet_id="subnet-0a",
    tags={"project": "dogs"},
)


def test_an_instance_starts_in_its_subnet_with_its_profiles_role_and_only_it_may_be_terminated():
    requests = [("AddRoleToInstanceProfile", profile_role("machines", role_name="trains")), ("RunInstances", INSTANCE)]
    found, limited = allowed(*requests), conditions(*requests)
    at = "arn:aws:ec2:us-east-1"
    assert found[("ec2:RunInstances",)] == [
        f"{at}:111122223333:instance/*",
        f"{at}:111122223333:network-interface/*",
        f"{at}:111122223333:security-group/*",
        f"{at}:111122223333:subnet/subnet-0a",
        f"{at}:111122223333:volume/*",
        f"{at}::image/*",
    ]
    assert found[("ssm:GetParameters",)] == [
        "arn:aws:ssm:us-east-1::parameter/aws/service/deeplearning/ami/x86_64/pytorch/latest/ami-id"
    ]
    assert limited["ec2:TerminateInstances"] == (
        [f"{at}:111122223333:instance/*"],
        {"StringEquals": {"aws:ResourceTag/project": "dogs"}},
    )
    passed = {"StringEquals": {"iam:PassedToService": "ec2.amazonaws.com"}}
    assert limited["iam:PassRole"] == (["arn:aws:iam::111122223333:role/trains"], passed)
    china = conditions(*requests, region="cn-north-1")["iam:PassRole"]
    assert china[0] == ["arn:aws-cn:iam::111122223333:role/trains"]
    assert china[1] == {"StringEquals": {"iam:PassedToService": "ec2.amazonaws.com.cn"}}


EXPORT = export_task(
    "/aws/sagemaker/TrainingJobs",
    bucket="bucket",
    start_milliseconds=1_763_000_000_000,
    end_milliseconds=1_763_003_600_000,
    prefix="logs",
)


def test_an_export_reads_the_group_and_writes_below_its_prefix():
    found = allowed(("CreateExportTask", EXPORT))
    assert found[("logs:CancelExportTask", "logs:DescribeExportTasks")] == ["*"]
    assert found[("s3:GetObject", "s3:PutObject")] == ["arn:aws:s3:::bucket/logs/*"]
    group = "arn:aws:logs:us-east-1:111122223333:log-group:/aws/sagemaker/TrainingJobs"
    [actions] = [actions for actions in found if "logs:CreateExportTask" in actions]
    assert found[actions] == [group, f"{group}:*"]


@pytest.mark.parametrize(
    ("operation", "request_", "actions", "resource"),
    [
        (
            "CreateRole",
            {"RoleName": "runs", "Path": "/team/", "Tags": [{"Key": "a", "Value": "b"}]},
            ["iam:CreateRole", "iam:DeleteRole", "iam:GetRole", "iam:TagRole"],
            "arn:aws:iam::111122223333:role/team/runs",
        ),
        (
            "CreateInstanceProfile",
            {"InstanceProfileName": "p"},
            ["iam:CreateInstanceProfile", "iam:DeleteInstanceProfile", "iam:GetInstanceProfile"],
            "arn:aws:iam::111122223333:instance-profile/p",
        ),
        (
            "s3:PutBucketPolicy",
            {"Bucket": "bucket", "Policy": "{}"},
            ["s3:DeleteBucketPolicy", "s3:GetBucketPolicy", "s3:PutBucketPolicy"],
            "arn:aws:s3:::bucket",
        ),
        (
            "DeleteModel",
            {"ModelName": "${model.ModelName}"},
            ["sagemaker:DeleteModel"],
            "arn:aws:sagemaker:us-east-1:111122223333:model/${model.ModelName}",
        ),
        (
            "UpdateEndpointWeightsAndCapacities",
            {"EndpointName": "dogs"},
            ["sagemaker:UpdateEndpointWeightsAndCapacities"],
            "arn:aws:sagemaker:us-east-1:111122223333:endpoint/dogs",
        ),
    ],
)
def test_other_operations(operation: str, request_: dict[str, Any], actions: list[str], resource: str) -> None:
    assert allowed((operation, request_)) == {tuple(actions): [resource]}


def test_the_path_that_a_role_is_made_with_is_a_part_of_its_name_everywhere():
    document = caller_policy(
        [
            ("RunInstances", INSTANCE),
            ("AddRoleToInstanceProfile", profile_role("machines", role_name="runs")),
            ("PutRolePolicy", role_policy("runs", "data", document={})),
            ("CreateRole", service_role("runs", services=["ec2"], path="/team/")),
            ("CreateInstanceProfile", instance_profile("machines", path="/team/")),
        ],
        region=REGION,
        account=ACCOUNT,
    )
    named = {
        place for each in document["Statement"] if each["Action"][0].startswith("iam:") for place in each["Resource"]
    }
    assert named == {
        "arn:aws:iam::111122223333:role/team/runs",
        "arn:aws:iam::111122223333:instance-profile/team/machines",
    }


def whole_run() -> list[tuple[str, Any]]:
    """Training, tuning, hosting, scaling, the function, the log export, the instance, and the roles of all."""
    variant = variant_resource_id("dogs")
    exported = export_bucket_policy("bucket", region=REGION, account=ACCOUNT, prefix="logs")
    return [
        ("CreateRole", service_role("runs", services=["sagemaker"])),
        ("PutRolePolicy", role_policy("runs", "runs", document=exported)),
        ("CreateRole", service_role("ask", services=["lambda"])),
        ("CreateRole", service_role("machines", services=["ec2"])),
        ("CreateInstanceProfile", instance_profile("machines")),
        ("AddRoleToInstanceProfile", profile_role("machines", role_name="machines")),
        (
            "CreateHyperParameterTuningJob",
            tuning_job(
                "dogs-tune",
                training=training_definition(**COMMON, metrics={"loss": "loss=([0-9.]+);"}),
                ranges=[continuous_range("lr", 1e-4, 0.1)],
                objective_metric="loss",
                objective_type="Minimize",
                max_jobs=2,
                max_parallel_jobs=1,
            ),
        ),
        ("CreateTrainingJob", training_job("dogs", **COMMON, debug_hook=hook_config("s3://bucket/out"))),
        ("CreateModel", model("dogs", image_uri=IMAGE, role_arn=ROLE, model_data_uri="s3://bucket/model.tar.gz")),
        (
            "CreateEndpointConfig",
            endpoint_config("dogs", variants=[production_variant("dogs", instance_type="ml.m5.large")]),
        ),
        ("CreateEndpoint", endpoint("dogs")),
        ("RegisterScalableTarget", scalable_target(variant, min_capacity=1, max_capacity=3)),
        ("PutScalingPolicy", scaling_policy("dogs", resource_id=variant, target_value=10)),
        ("CreateFunction", FUNCTION),
        ("PublishVersion", {"FunctionName": "ask"}),
        ("CreateAlias", function_alias("ask", "live")),
        ("PutProvisionedConcurrencyConfig", provisioned_concurrency("ask", qualifier="live", executions=2)),
        ("PutBucketPolicy", bucket_policy("bucket", exported)),
        ("CreateExportTask", EXPORT),
        ("RunInstances", INSTANCE),
    ]


def test_the_policy_of_a_whole_run_fits_into_a_role_or_into_two_managed_policies():
    document = caller_policy(whole_run(), region=REGION, account=ACCOUNT)
    assert document == caller_policy(whole_run()[::-1], region=REGION, account=ACCOUNT)
    assert sm_raw.check("PutRolePolicy", role_policy("callers", "run", document=document)) == []
    parts = [{"PolicyName": "run", "PolicyDocument": policy_text(part)} for part in split_policy(document)]
    assert [sm_raw.check("CreatePolicy", part) for part in parts] == [[], []]


def test_only_what_has_no_resources_of_its_own_is_allowed_on_everything():
    document = caller_policy(whole_run(), region=REGION, account=ACCOUNT)
    anywhere = [action for each in document["Statement"] if "*" in each["Resource"] for action in each["Action"]]
    assert all(action.partition(":")[2].startswith(("Describe", "CancelExportTask")) for action in anywhere)
