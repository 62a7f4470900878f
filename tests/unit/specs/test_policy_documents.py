from __future__ import annotations

import pytest

from sm_raw.specs.policy_documents import (
    Grant,
    S3Location,
    listing_grants,
    partition_of,
    place_of,
    policy,
    policy_text,
    s3_location,
    split_policy,
)

PLACE = place_of("us-east-1", "111122223333")
CONDITION = {"StringEquals": {"aws:ResourceTag/a": "b"}}
GRANTS = [
    Grant(("s3:PutObject",), ("arn:b", "arn:a")),
    Grant(("s3:GetObject",), ("arn:a",)),
    Grant(("s3:GetObject",), ("arn:b",)),
    Grant(("s3:GetObject",), ("arn:a",), CONDITION),
    Grant(("s3:GetObject",), ("arn:c",)),
    Grant(("s3:GetObject",), ("arn:c",)),
]


@pytest.mark.parametrize("grants", [GRANTS, GRANTS[::-1]])
def test_grants_merge_into_few_statements_whatever_their_order(grants: list[Grant]) -> None:
    assert policy(grants) == {
        "Version": "2012-10-17",
        "Statement": [
            {"Effect": "Allow", "Action": ["s3:GetObject", "s3:PutObject"], "Resource": ["arn:a", "arn:b"]},
            {"Effect": "Allow", "Action": ["s3:GetObject"], "Resource": ["arn:a"], "Condition": CONDITION},
            {"Effect": "Allow", "Action": ["s3:GetObject"], "Resource": ["arn:c"]},
        ],
    }


def test_a_long_policy_splits_between_statements_and_nothing_is_lost() -> None:
    document = policy(Grant((f"s3:Action{number}",), (f"arn:{number}",)) for number in range(9))
    parts = split_policy(document, characters=250)
    assert all(len(policy_text(part)) <= 250 for part in parts)
    assert [each for part in parts for each in part["Statement"]] == document["Statement"]
    assert split_policy(document) == [document]


@pytest.mark.parametrize(
    ("region", "partition"),
    [("us-east-1", "aws"), ("cn-north-1", "aws-cn"), ("us-gov-west-1", "aws-us-gov"), ("${region}", "aws")],
)
def test_the_partition_follows_from_the_region(region: str, partition: str) -> None:
    assert partition_of(region) == partition
    assert place_of(region, "1").arn("s3", "bucket") == f"arn:{partition}:s3:::bucket"
    assert place_of(region, "1").arn("iam", "role/a") == f"arn:{partition}:iam::1:role/a"
    assert place_of(region, "1", "aws-iso").partition == "aws-iso"


@pytest.mark.parametrize(
    ("name", "names"),
    [("dogs", ["dogs"]), ("Dogs-7", ["Dogs-7", "dogs-7"]), ("${Train.Name}-A", ["${Train.Name}-A", "${Train.Name}-a"])],
)
def test_names_with_capitals_are_allowed_in_small_letters_too(name: str, names: list[str]) -> None:
    arns = [f"arn:aws:sagemaker:us-east-1:111122223333:endpoint/{each}" for each in names]
    assert list(PLACE.sagemaker_arns("endpoint", name)) == arns


@pytest.mark.parametrize(
    ("uri", "options", "location", "pattern"),
    [
        ("s3://b/model.tar.gz", {}, S3Location("b", "model.tar.gz", False), "model.tar.gz"),
        ("s3://b/data/", {}, S3Location("b", "data/", True), "data/*"),
        ("s3://b/data", {"is_prefix": True}, S3Location("b", "data", True), "data*"),
        ("s3://b/out", {"is_folder": True}, S3Location("b", "out/", True), "out/*"),
        ("s3://b", {}, S3Location("b", "", True), "*"),
        ("s3://${bucket}/${key}", {}, S3Location("${bucket}", "${key}", False), "${key}"),
    ],
)
def test_what_a_uri_names(uri: str, options: dict[str, bool], location: S3Location, pattern: str) -> None:
    assert s3_location(uri, **options) == location
    assert location.pattern == pattern


@pytest.mark.parametrize("text", ["${data}", "https://b/key", "s3://", ""])
def test_what_is_no_uri_names_nothing(text: str) -> None:
    assert s3_location(text) is None


def test_a_bucket_is_listed_only_where_something_is_looked_for() -> None:
    some = [S3Location("a", "x", False), S3Location("a", "data/", True), S3Location("b", "", True)]
    assert list(listing_grants(some, PLACE)) == [
        Grant(("s3:ListBucket",), ("arn:aws:s3:::a",), {"StringLike": {"s3:prefix": ["data/*", "x"]}}),
        Grant(("s3:ListBucket",), ("arn:aws:s3:::b",)),
    ]
