from __future__ import annotations

import json
from typing import Any

import pytest

from tests.functional.aws.doctor.conftest import ACCOUNT, USER, Answer, Lines, Refusal, caller

NAME = {"Bucket": "data"}
OWNED = {**NAME, "ExpectedBucketOwner": ACCOUNT}
HEAD = ("s3", "head_bucket", NAME)
HERE = (*HEAD, {"BucketRegion": "us-east-1"})
KEY = f"arn:aws:kms:us-east-1:{ACCOUNT}:key/1"
SHUT = dict.fromkeys(("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets"), True)


def encrypted(**default: str) -> Answer:
    rules = [{"ApplyServerSideEncryptionByDefault": default}]
    return "s3", "get_bucket_encryption", NAME, {"ServerSideEncryptionConfiguration": {"Rules": rules}}


def simulated(decision: str) -> Answer:
    request = {"PolicySourceArn": USER, "ActionNames": ["kms:Decrypt", "kms:GenerateDataKey"], "ResourceArns": [KEY]}
    results = [{"EvalActionName": name, "EvalDecision": decision} for name in request["ActionNames"]]
    return "iam", "simulate_principal_policy", request, {"EvaluationResults": results}


def access(settings: dict[str, bool]) -> Answer:
    return "s3", "get_public_access_block", NAME, {"PublicAccessBlockConfiguration": settings}


def policy(**statement: Any) -> Answer:
    whole = {"Effect": "Deny", "Principal": "*", "Action": "s3:*", **statement}
    return "s3", "get_bucket_policy", NAME, {"Policy": json.dumps({"Statement": [whole]})}


@pytest.mark.parametrize(
    ("check", "answers", "verdict", "found", "then"),
    [
        ("bucket", [HERE, caller(), ("s3", "head_bucket", OWNED, {})], "ok", f"belongs to account {ACCOUNT}", ""),
        (
            "bucket",
            [HERE, caller(), ("s3", "head_bucket", OWNED, Refusal("403", 403))],
            "warning",
            f"belongs to another account than {ACCOUNT}",
            "its owner must allow",
        ),
        ("bucket", [(*HEAD, Refusal("404", 404))], "FAILED", "data does not exist", "aws s3 mb s3://data --region us"),
        ("bucket", [(*HEAD, {"BucketRegion": "eu-west-1"})], "FAILED", "lies in eu-west-1", "--region eu-west-1"),
        (
            "bucket",
            [(*HEAD, Refusal("301", 301, {"x-amz-bucket-region": "eu-west-1"}))],
            "FAILED",
            "lies in eu-west-1",
            "give a bucket of us-east-1",
        ),
        ("bucket", [(*HEAD, Refusal("403", 403))], "FAILED", "lacks s3:ListBucket", '"arn:aws:s3:::data"'),
        ("bucket", [(*HEAD, Refusal("SlowDown", 503))], "not known", "SlowDown", "run this again"),
        (
            "encryption",
            [("s3", "get_bucket_encryption", NAME, Refusal("ServerSideEncryptionConfigurationNotFoundError"))],
            "ok",
            "its own keys",
            "",
        ),
        ("encryption", [encrypted(SSEAlgorithm="AES256")], "ok", "keys of S3", ""),
        ("encryption", [encrypted(SSEAlgorithm="aws:kms")], "ok", "keys of S3", ""),
        (
            "encryption",
            [encrypted(SSEAlgorithm="aws:kms", KMSMasterKeyID=KEY), caller(), simulated("allowed")],
            "ok",
            "a key of KMS, which the caller may use",
            "",
        ),
        (
            "encryption",
            [encrypted(SSEAlgorithm="aws:kms", KMSMasterKeyID="1"), caller(), simulated("implicitDeny")],
            "FAILED",
            f"the caller may not: kms:Decrypt on {KEY}, kms:GenerateDataKey",
            f'"Action": ["kms:Decrypt", "kms:GenerateDataKey"], "Resource": ["{KEY}"]',
        ),
        (
            "encryption",
            [("s3", "get_bucket_encryption", NAME, Refusal("AccessDenied", 403))],
            "not known",
            "s3:GetEncryptionConfiguration is not allowed",
            '"Action": ["s3:GetEncryptionConfiguration"], "Resource": "arn:aws:s3:::data"',
        ),
        ("bucket access", [access(SHUT)], "ok", "shut out", ""),
        (
            "bucket access",
            [access({**SHUT, "BlockPublicPolicy": False})],
            "warning",
            "BlockPublicPolicy not set",
            "aws s3api put-public-access-block --bucket data --public-access-block-configuration BlockPublicAcls=true",
        ),
        (
            "bucket access",
            [("s3", "get_public_access_block", NAME, Refusal("NoSuchPublicAccessBlockConfiguration", 404))],
            "warning",
            "RestrictPublicBuckets not set",
            "shut it",
        ),
        (
            "bucket access",
            [("s3", "get_public_access_block", NAME, Refusal("NoSuchBucket", 404))],
            "not known",
            "there is no such bucket: see above",
            "",
        ),
        ("bucket policy", [("s3", "get_bucket_policy", NAME, Refusal("NoSuchBucketPolicy", 404))], "ok", "none", ""),
        ("bucket policy", [policy(Effect="Allow")], "ok", "denies nothing", ""),
        ("bucket policy", [policy(Condition={"Bool": {"aws:SecureTransport": "false"}})], "ok", "denies nothing", ""),
        ("bucket policy", [policy(Action="s3:DeleteBucket")], "ok", "denies nothing", ""),
        (
            "bucket policy",
            [policy(Sid="Shut", Action="s3:Put*")],
            "FAILED",
            "Shut denies s3:PutObject to every",
            "take",
        ),
        (
            "bucket policy",
            [policy(Condition={"StringNotEquals": {"aws:SourceVpce": "vpce-1"}})],
            "warning",
            "to all under conditions of aws:SourceVpce",
            "see that neither",
        ),
        ("bucket policy", [policy(Principal={"AWS": USER})], "warning", "to some", "see that neither"),
        (
            "bucket policy",
            [("s3", "get_bucket_policy", NAME, Refusal("AccessDenied", 403))],
            "not known",
            "s3:GetBucketPolicy is not allowed",
            '"s3:GetBucketPolicy"',
        ),
    ],
)
def test_each_verdict(looked_at: Lines, check: str, answers: list[Answer], verdict: str, found: str, then: str) -> None:
    (line,) = looked_at(check, answers, bucket="data")
    assert (line.check, line.verdict) == (check, verdict)
    assert found in line.found
    assert then in f"{line.remedy}: {line.command}"
    assert bool(then) == bool(line.remedy)


@pytest.mark.parametrize("check", ["bucket", "bucket policy", "bucket access", "encryption"])
def test_without_a_bucket_nobody_is_asked(looked_at: Lines, check: str) -> None:
    assert [(line.verdict, line.found) for line in looked_at(check, [])] == [
        ("not known", "no bucket is given: give --bucket")
    ]
