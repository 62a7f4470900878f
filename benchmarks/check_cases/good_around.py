"""Good requests of what stands around training and hosting: Lambda, IAM, logs, EC2, an alarm."""

from __future__ import annotations

import json

from check_cases.good_hosting import ENDPOINT, Request
from check_cases.good_training import ROLE, TAGS

LAMBDA_ROLE = "arn:aws:iam::123456789012:role/DogsLambdaRole"


def lambda_in_front() -> list[tuple[str, Request]]:
    """A function that calls the endpoint, two of it always warm."""
    function = {
        "FunctionName": "dogs-front",
        "Runtime": "python3.12",
        "Role": LAMBDA_ROLE,
        "Handler": "handler.lambda_handler",
        "Code": {"S3Bucket": "dogs-123456789012", "S3Key": "lambda/front.zip"},
        "Timeout": 60,
        "MemorySize": 256,
        "Environment": {"Variables": {"ENDPOINT_NAME": ENDPOINT}},
        "Publish": True,
        "Tags": TAGS,
    }
    alias = {"FunctionName": "dogs-front", "Name": "live", "FunctionVersion": "1"}
    warm = {"FunctionName": "dogs-front", "Qualifier": "live", "ProvisionedConcurrentExecutions": 2}
    return [("CreateFunction", function), ("CreateAlias", alias), ("PutProvisionedConcurrencyConfig", warm)]


def _policy_text(*statements: Request) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def training_role() -> Request:
    trust = {"Effect": "Allow", "Principal": {"Service": "sagemaker.amazonaws.com"}, "Action": "sts:AssumeRole"}
    return {"RoleName": "SageMakerRole", "AssumeRolePolicyDocument": _policy_text(trust), "MaxSessionDuration": 3600}


def pass_role_policy() -> Request:
    condition = {"StringEquals": {"iam:PassedToService": "sagemaker.amazonaws.com"}}
    pass_role = {"Effect": "Allow", "Action": "iam:PassRole", "Resource": ROLE, "Condition": condition}
    job = "arn:aws:sagemaker:us-east-1:123456789012:training-job/dogs-resnet50"
    create = {"Effect": "Allow", "Action": ["sagemaker:CreateTrainingJob"], "Resource": [job]}
    document = _policy_text(create, pass_role)
    return {"RoleName": "DogsCallerRole", "PolicyName": "train-dogs", "PolicyDocument": document}


def export_bucket_policy() -> Request:
    bucket = "arn:aws:s3:::dogs-123456789012"
    logs = {
        "Effect": "Allow",
        "Principal": {"Service": "logs.us-east-1.amazonaws.com"},
        "Condition": {"StringEquals": {"aws:SourceAccount": ["123456789012"]}},
    }
    document = _policy_text(
        {**logs, "Action": "s3:GetBucketAcl", "Resource": bucket},
        {**logs, "Action": "s3:PutObject", "Resource": f"{bucket}/*"},
    )
    return {"Bucket": "dogs-123456789012", "Policy": document}


def log_export() -> Request:
    return {
        "taskName": "dogs-logs",
        "logGroupName": "/aws/sagemaker/TrainingJobs",
        "logStreamNamePrefix": "dogs-builtin/",
        "from": 1_767_225_600_000,
        "to": 1_767_312_000_000,
        "destination": "dogs-123456789012",
        "destinationPrefix": "logs/dogs",
    }


def training_on_ec2() -> Request:
    return {
        "ImageId": "ami-0123456789abcdef0",
        "InstanceType": "m5.xlarge",
        "MinCount": 1,
        "MaxCount": 1,
        "UserData": "#!/bin/bash\naws s3 cp s3://dogs-123456789012/code/train.py . && python3 train.py\nshutdown now\n",
        "IamInstanceProfile": {"Name": "DogsTrainer"},
        "InstanceInitiatedShutdownBehavior": "terminate",
        "MetadataOptions": {"HttpTokens": "required"},
    }


def backlog_alarm() -> Request:
    return {
        "AlarmName": "dogs-errors",
        "MetricName": "Invocation5XXErrors",
        "Namespace": "AWS/SageMaker",
        "Dimensions": [{"Name": "EndpointName", "Value": ENDPOINT}, {"Name": "VariantName", "Value": "AllTraffic"}],
        "Statistic": "Sum",
        "Period": 60,
        "EvaluationPeriods": 2,
        "DatapointsToAlarm": 2,
        "Threshold": 1,
        "ComparisonOperator": "GreaterThanOrEqualToThreshold",
        "EvaluationWindow": {"SlidingWindow": {}},
    }


AROUND = {
    "CreateRole": (training_role,),
    "PutRolePolicy": (pass_role_policy,),
    "PutBucketPolicy": (export_bucket_policy,),
    "CreateExportTask": (log_export,),
    "RunInstances": (training_on_ec2,),
    "PutMetricAlarm": (backlog_alarm,),
}
AROUND_STORIES = (lambda_in_front,)
