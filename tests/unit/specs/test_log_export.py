from __future__ import annotations

import json

import pytest
from botocore.session import Session
from botocore.stub import Stubber

import sm_raw
from sm_raw.specs.log_export import bucket_policy, export_bucket_policy, export_task


@pytest.mark.parametrize(
    ("region", "prefix", "partition", "service", "below"),
    [
        ("us-east-1", "", "aws", "logs.us-east-1.amazonaws.com", "*"),
        ("us-gov-west-1", "/logs/", "aws-us-gov", "logs.us-gov-west-1.amazonaws.com", "logs/*"),
        ("cn-north-1", "logs/dogs", "aws-cn", "logs.cn-north-1.amazonaws.com.cn", "logs/dogs/*"),
    ],
)
def test_one_account_may_export_from_one_region(region, prefix, partition, service, below):
    source = {"ArnLike": {"aws:SourceArn": f"arn:{partition}:logs:{region}:111122223333:log-group:*"}}
    assert export_bucket_policy("bucket", region=region, account="111122223333", prefix=prefix) == {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Principal": {"Service": service},
                "Action": "s3:GetBucketAcl",
                "Resource": f"arn:{partition}:s3:::bucket",
                "Condition": {"StringEquals": {"aws:SourceAccount": "111122223333"}, **source},
            },
            {
                "Effect": "Allow",
                "Principal": {"Service": service},
                "Action": "s3:PutObject",
                "Resource": f"arn:{partition}:s3:::bucket/{below}",
                "Condition": {
                    "StringEquals": {
                        "s3:x-amz-acl": "bucket-owner-full-control",
                        "aws:SourceAccount": "111122223333",
                    },
                    **source,
                },
            },
        ],
    }


TASK = export_task(
    "/aws/sagemaker/TrainingJobs",
    bucket="bucket",
    start_milliseconds=1_763_000_000_000,
    end_milliseconds=1_763_003_600_000,
    prefix="logs/dogs",
    stream_prefix="dogs/",
    name="dogs-logs",
)


def test_an_export_and_its_bucket_policy_have_no_findings():
    document = export_bucket_policy("bucket", region="us-east-1", account="111122223333", prefix="logs/dogs")
    allowed = bucket_policy("bucket", document, bucket_owner="111122223333")
    assert (json.loads(allowed["Policy"]), allowed["ExpectedBucketOwner"]) == (document, "111122223333")
    assert TASK == {
        "taskName": "dogs-logs",
        "logGroupName": "/aws/sagemaker/TrainingJobs",
        "logStreamNamePrefix": "dogs/",
        "from": 1_763_000_000_000,
        "to": 1_763_003_600_000,
        "destination": "bucket",
        "destinationPrefix": "logs/dogs",
    }
    assert sm_raw.check_together([("PutBucketPolicy", allowed), ("CreateExportTask", TASK)]) == [[], []]


def test_boto3_takes_the_start_by_the_services_own_name():
    client = Session().create_client(
        "logs", region_name="us-east-1", aws_access_key_id="none", aws_secret_access_key="none"
    )
    with Stubber(client) as stubber:
        stubber.add_response("create_export_task", {"taskId": "t"}, TASK)
        assert client.create_export_task(**TASK)["taskId"] == "t"
