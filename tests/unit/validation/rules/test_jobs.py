from __future__ import annotations

from typing import Any

import pytest

from sm_raw.validation.rules import jobs
from sm_raw.validation.rules.base import Rule
from sm_raw.validation.rules.jobs import DistinctTagKeys, NoReservedTagKeys

KEY = "1234abcd-12ab-34cd-56ef-1234567890ab"
IMAGE = "763104351884.dkr.ecr.{}.amazonaws.com/pytorch-training:2.1-cpu-py310"


@pytest.mark.parametrize(
    ("rule", "keys", "findings"),
    [
        (DistinctTagKeys, ["a", "b", "A"], []),
        (DistinctTagKeys, ["${a}", "${a}", 3, None], []),
        (DistinctTagKeys, ["a", "b", "a"], [("Tags[2].Key", "'a' is already the key of Tags[0]; keep one")]),
        (NoReservedTagKeys, ["aws", "my:aws:tag", "${x}aws:"], []),
        (
            NoReservedTagKeys,
            ["ok", "AWS:x"],
            [("Tags[1].Key", "'AWS:x' begins with aws:, which only AWS may set; rename it")],
        ),
    ],
)
def test_tag_keys(rule: type[Rule], keys: list[object], findings: list[tuple[str, str]]) -> None:
    request = {"Tags": [{"Key": key, "Value": "v"} for key in keys]}
    assert [(each.path, each.message) for each in rule("CreateModel").check(request)] == findings


def found(rule: type[Rule], request: dict[str, Any], region: str | None = None) -> list[tuple[str, str]]:
    return [(each.path, each.message) for each in rule("CreateTrainingJob", region).check(request)]


def uri_of_input(uri: object) -> dict[str, Any]:
    return {"InputDataConfig": [{"DataSource": {"S3DataSource": {"S3Uri": uri}}}]}


INPUT = "InputDataConfig[0].DataSource.S3DataSource.S3Uri"
OLD = "can only be a bucket of us-east-1 from before March 2018"


@pytest.mark.parametrize(
    ("rule", "uri", "region", "message"),
    [
        (jobs.BucketNameIsPossible, "s3://bucket/a", None, None),
        (jobs.BucketNameIsPossible, "s3://my.bucket-1", "eu-west-1", None),
        (jobs.BucketNameIsPossible, "s3://bucket--use1-az4--x-s3/a", "us-east-1", None),
        (jobs.BucketNameIsPossible, "s3://${bucket}/A B", "eu-west-1", None),
        (jobs.BucketNameIsPossible, "s3://arn:aws:s3:us-east-1:111122223333:accesspoint/p/a", "us-east-1", None),
        (jobs.BucketNameIsPossible, "https://s3.amazonaws.com/My_Bucket", "eu-west-1", None),
        (jobs.BucketNameIsPossible, "s3://My_Bucket/a", None, None),
        (jobs.BucketNameIsPossible, "s3://My_Bucket/a", "us-east-1", None),
        (jobs.BucketNameIsPossible, ["s3://bucket"], None, None),
        (
            jobs.BucketNameIsPossible,
            "s3://My_Bucket/a",
            "eu-west-1",
            "'My_Bucket' is no name of a bucket: 3 to 63 of a-z, 0-9, '-' and '.'; did you mean 'my-bucket'?",
        ),
        (
            jobs.BucketNameIsPossible,
            "s3://my bucket/a",
            "us-east-1",
            "'my bucket' is no name of a bucket: 3 to 63 of a-z, 0-9, '-' and '.'; did you mean 'my-bucket'?",
        ),
        (
            jobs.BucketNameIsPossible,
            "s3://b/a",
            None,
            "'b' is no name of a bucket: 3 to 63 of a-z, 0-9, '-' and '.'",
        ),
        (jobs.BucketNameIsOfToday, "s3://bucket/a", None, None),
        (jobs.BucketNameIsOfToday, "s3://My_Bucket/a", "eu-west-1", None),
        (jobs.BucketNameIsOfToday, "s3://my bucket/a", None, None),
        (jobs.BucketNameIsOfToday, "s3://My_Bucket/a", None, f"'My_Bucket' {OLD}; did you mean 'my-bucket'?"),
        (jobs.HttpsLeadsToS3, "https://bucket.s3.eu-west-1.amazonaws.com/a", None, None),
        (jobs.HttpsLeadsToS3, "https://s3-eu-west-1.amazonaws.com/bucket/a", None, None),
        (jobs.HttpsLeadsToS3, "https://s3.cn-north-1.amazonaws.com.cn/bucket/a", None, None),
        (jobs.HttpsLeadsToS3, "s3://bucket", None, None),
        (
            jobs.HttpsLeadsToS3,
            "https://s3.console.aws.amazon.com/s3/buckets/bucket",
            None,
            "'https://s3.console.aws.amazon.com/s3/buckets/bucket' is no place in S3; write s3://BUCKET/KEY",
        ),
        (jobs.S3UriIsTidy, "s3://bucket", None, None),
        (jobs.S3UriIsTidy, "s3://bucket/a/", None, None),
        (
            jobs.S3UriIsTidy,
            "s3://bucket//a//b/ ",
            None,
            "'s3://bucket//a//b/ ' leads to keys with empty or blank steps; give 's3://bucket/a/b/'",
        ),
    ],
)
def test_places_in_s3(rule: type[Rule], uri: object, region: str | None, message: str | None) -> None:
    assert found(rule, uri_of_input(uri), region) == ([(INPUT, message)] if message else [])


@pytest.mark.parametrize(
    ("rule", "key", "region", "message"),
    [
        (jobs.KmsKeyHasAForm, KEY, None, None),
        (jobs.KmsKeyHasAForm, "mrk-1234abcd12ab34cd56ef1234567890ab", None, None),
        (jobs.KmsKeyHasAForm, "alias/data", None, None),
        (jobs.KmsKeyHasAForm, f"arn:aws:kms:us-east-1:111122223333:key/{KEY}", None, None),
        (jobs.KmsKeyHasAForm, "arn:aws-cn:kms:cn-north-1:111122223333:alias/data", None, None),
        (jobs.KmsKeyHasAForm, "${key}", None, None),
        (jobs.KmsKeyHasAForm, "", None, None),
        (
            jobs.KmsKeyHasAForm,
            "data",
            None,
            "'data' is neither a key ID, nor alias/NAME, nor the ARN of a key or an alias; did you mean 'alias/data'?",
        ),
        (
            jobs.KmsKeyHasAForm,
            "arn:aws:iam::111122223333:role/data",
            None,
            "'arn:aws:iam::111122223333:role/data' is neither a key ID, nor alias/NAME,"
            " nor the ARN of a key or an alias",
        ),
    ],
)
def test_kms_keys(rule: type[Rule], key: str, region: str | None, message: str | None) -> None:
    request = {"ResourceConfig": {"VolumeKmsKeyId": key}}
    assert found(rule, request, region) == ([("ResourceConfig.VolumeKmsKeyId", message)] if message else [])


def test_the_image_tells_the_region_where_the_client_does_not() -> None:
    request = {
        "AlgorithmSpecification": {"TrainingImage": IMAGE.format("eu-west-1")},
        "OutputDataConfig": {"S3OutputPath": "s3://My_Bucket"},
        "HyperParameters": {"data": "s3://Not_Looked_At"},
    }
    assert [path for path, _ in found(jobs.BucketNameIsPossible, request)] == ["OutputDataConfig.S3OutputPath"]


def test_texts_are_found_however_deep_they_lie() -> None:
    request: dict[str, Any] = {"S3Uri": "s3://My_Bucket"}
    for _ in range(5_000):
        request = {"a": request}
    assert len(list(jobs.BucketNameIsOfToday("CreateTrainingJob").check(request))) == 1
