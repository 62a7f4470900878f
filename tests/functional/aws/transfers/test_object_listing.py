from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from moto import mock_aws

from sm_raw.aws.clients import aws_clients
from sm_raw.aws.transfers.object_listing import iter_pages
from sm_raw.aws.transfers.s3_calls import Listed
from sm_raw.aws.transfers.s3_uris import S3Uri

KEYS = ("x/a", "x/b c+d", "x/e&<f>", "x/%20", "x/ü/1")
ETAG = "827ccb0eea8a706c4c34a16891f84e7b"  # of 12345


@pytest.fixture
def s3(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    monkeypatch.setenv("MOTO_S3_DEFAULT_MAX_KEYS", "2")
    with mock_aws():
        client = aws_clients("us-east-1").s3
        client.create_bucket(Bucket="bucket")
        for key in KEYS:
            client.put_object(Bucket="bucket", Key=key, Body=b"12345", ChecksumAlgorithm="SHA256")
        yield client


def test_every_object_of_every_page_is_told(s3: Any) -> None:
    pages = list(iter_pages(s3, S3Uri("bucket", "x")))
    assert [len(page) for page in pages] == [2, 2, 1]
    assert {key: one for page in pages for key, one in page.items()} == dict.fromkeys(KEYS, Listed(5, ETAG, True))
    assert list(iter_pages(s3, S3Uri("bucket", "other"))) == [{}]


def test_what_others_ask_of_the_client_is_answered_as_ever(s3: Any) -> None:
    before = s3.list_objects_v2(Bucket="bucket", Prefix="x/")["Contents"]
    list(iter_pages(s3, S3Uri("bucket", "x")))
    assert s3.list_objects_v2(Bucket="bucket", Prefix="x/")["Contents"] == before
    assert [item["Key"] for item in before] == sorted(KEYS)[:2]
