from __future__ import annotations

from typing import Any

import pytest

from sm_raw.validation.rules import regions
from sm_raw.validation.rules.base import Rule

KEY = "1234abcd-12ab-34cd-56ef-1234567890ab"
IMAGE = "763104351884.dkr.ecr.{}.amazonaws.com/pytorch-training:2.1-cpu-py310"
TOPIC = "arn:aws:sns:us-east-1:111122223333:{}"


def found(rule: type[Rule], request: dict[str, Any], region: str | None = None) -> list[tuple[str, str]]:
    return [(each.path, each.message) for each in rule("CreateTrainingJob", region).check(request)]


@pytest.mark.parametrize(
    ("uri", "region", "message"),
    [
        ("s3://sagemaker-us-east-1-111122223333/a", "us-east-1", None),
        ("s3://sagemaker-us-east-1-111122223333/a", None, None),
        ("s3://sagemaker-us-east-1-data/a", "eu-west-1", None),
        (
            "s3://sagemaker-us-east-1-111122223333/a",
            "eu-west-1",
            "'sagemaker-us-east-1-111122223333' is a bucket of us-east-1, the job is in eu-west-1;"
            " give a bucket of eu-west-1",
        ),
    ],
)
def test_default_bucket_is_of_the_region(uri: str, region: str | None, message: str | None) -> None:
    findings = [("S3OutputPath", message)] if message else []
    assert found(regions.DefaultBucketOfTheRegion, {"S3OutputPath": uri}, region) == findings


@pytest.mark.parametrize(
    ("key", "region", "message"),
    [
        (f"arn:aws:kms:us-east-1:111122223333:key/{KEY}", "us-east-1", None),
        (f"arn:aws:kms:us-east-1:111122223333:key/{KEY}", None, None),
        (KEY, "us-east-1", None),
        (
            f"arn:aws:kms:us-east-1:111122223333:key/{KEY}",
            "eu-west-1",
            "the key is of us-east-1, the job of eu-west-1; give a key of eu-west-1",
        ),
    ],
)
def test_kms_key_is_of_the_region(key: str, region: str | None, message: str | None) -> None:
    request = {"ResourceConfig": {"VolumeKmsKeyId": key}}
    findings = [("ResourceConfig.VolumeKmsKeyId", message)] if message else []
    assert found(regions.KmsKeyOfTheRegion, request, region) == findings


@pytest.mark.parametrize(
    ("role", "region", "message"),
    [
        ("arn:aws:iam::111122223333:role/r", "eu-west-1", None),
        ("arn:aws-cn:iam::111122223333:role/r", "cn-north-1", None),
        ("arn:aws-us-gov:iam::111122223333:role/r", "us-gov-west-1", None),
        ("arn:aws-iso-b:iam::111122223333:role/r", "us-isob-east-1", None),
        ("arn:aws-cn:iam::111122223333:role/r", None, None),
        (
            "arn:aws:iam::111122223333:role/r",
            "cn-north-1",
            "'arn:aws:iam::111122223333:role/r' is of partition aws, cn-north-1 of aws-cn; write arn:aws-cn:...",
        ),
        (
            "arn:aws-cn:iam::111122223333:role/r",
            "us-east-1",
            "'arn:aws-cn:iam::111122223333:role/r' is of partition aws-cn, us-east-1 of aws; write arn:aws:...",
        ),
    ],
)
def test_partition_fits_region(role: str, region: str | None, message: str | None) -> None:
    assert found(regions.PartitionFitsRegion, {"RoleArn": role}, region) == ([("RoleArn", message)] if message else [])


@pytest.mark.parametrize(
    ("image", "region", "message"),
    [
        (IMAGE.format("us-east-1"), "us-east-1", None),
        (IMAGE.format("us-east-1"), None, None),
        (IMAGE.format("${region}"), "us-east-1", None),
        ("docker.io/library/python:3.12", "us-east-1", None),
        (
            IMAGE.format("us-east-1"),
            "eu-west-1",
            "the image is in us-east-1, the client in eu-west-1; give the image's path in eu-west-1",
        ),
    ],
)
def test_image_is_of_the_clients_region(image: str, region: str | None, message: str | None) -> None:
    request = {"AlgorithmSpecification": {"TrainingImage": image}}
    findings = [("AlgorithmSpecification.TrainingImage", message)] if message else []
    assert found(regions.ImageOfTheRegion, request, region) == findings


@pytest.mark.parametrize(
    ("topic", "region", "message"),
    [
        (TOPIC.format("done"), "us-east-1", None),
        (TOPIC.format("done"), None, None),
        (TOPIC.format("${topic}"), "eu-west-1", None),
        ("${topic}", "eu-west-1", None),
        ("arn:aws:sqs:us-east-1:111122223333:done", "eu-west-1", None),
        (
            TOPIC.format("done"),
            "eu-west-1",
            "the topic is of us-east-1, the job of eu-west-1; give a topic of eu-west-1",
        ),
    ],
)
def test_topic_is_of_the_region(topic: str, region: str | None, message: str | None) -> None:
    request = {"AsyncInferenceConfig": {"OutputConfig": {"NotificationConfig": {"ErrorTopic": topic}}}}
    path = "AsyncInferenceConfig.OutputConfig.NotificationConfig.ErrorTopic"
    assert found(regions.TopicOfTheRegion, request, region) == ([(path, message)] if message else [])
