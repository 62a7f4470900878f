from __future__ import annotations

import pytest

from sm_raw.aws.transfers.s3_uris import S3Uri, parse_s3_uri
from sm_raw.errors import SmRawError


@pytest.mark.parametrize(
    ("text", "uri"),
    [
        ("s3://bucket", S3Uri("bucket", "")),
        ("s3://bucket/", S3Uri("bucket", "")),
        ("s3://my.bucket-1/a/b c/ü.png", S3Uri("my.bucket-1", "a/b c/ü.png")),
        ("s3://bucket/folder/", S3Uri("bucket", "folder/")),
    ],
)
def test_a_uri_is_taken_apart(text: str, uri: S3Uri) -> None:
    assert parse_s3_uri(text) == uri
    assert parse_s3_uri(str(uri)) == uri


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("bucket/key", "no S3 URI"),
        ("https://bucket.s3.amazonaws.com/key", "no S3 URI"),
        ("s3:/bucket/key", "no S3 URI"),
        ("S3://bucket/key", "no S3 URI"),
        ("", "no S3 URI"),
        ("s3://", "'' can be no bucket's name"),
        ("s3:///key", "'' can be no bucket's name"),
        ("s3://Bucket/key", "'Bucket' can be no bucket's name"),
        ("s3://${bucket}/key", "can be no bucket's name"),
        ("s3://ab/key", "'ab' can be no bucket's name"),
    ],
)
def test_what_is_no_uri_is_refused_with_what_it_should_be(text: str, message: str) -> None:
    with pytest.raises(SmRawError, match=message):
        parse_s3_uri(text)


@pytest.mark.parametrize("key", ["data", "data/"])
def test_names_are_joined_with_one_slash(key: str) -> None:
    assert str(S3Uri("bucket", key) / "train" / "1.png") == "s3://bucket/data/train/1.png"


def test_names_below_a_bucket_have_no_leading_slash() -> None:
    assert str(S3Uri("bucket") / "/a") == "s3://bucket/a"
