"""The engine's own pages against moto's, which FetchOwner brings about."""

from __future__ import annotations

import urllib.request
from typing import Any
from urllib.parse import urlencode

import pytest
from botocore.parsers import create_parser

from sm_raw.local.object_listing import page

pytestmark = pytest.mark.local

KEYS = ("listed/a", "listed/b c+d", "listed/e&<f>", "listed/%20", "listed/ü/1")


@pytest.fixture
def bucket(lab: Any) -> str:
    for key in KEYS:
        lab.put(key, b"12345")
    return str(lab.bucket)


def request(path: str, method: str = "GET", host: str = "127.0.0.1:5000", **query: str) -> dict[str, Any]:
    names = {name.replace("_", "-"): value for name, value in query.items()}
    return {"REQUEST_METHOD": method, "PATH_INFO": path, "QUERY_STRING": urlencode(names), "HTTP_HOST": host}


def parsed(lab: Any, body: bytes) -> dict[str, Any]:
    """An answer as botocore reads it."""
    model = lab.s3.meta.service_model.operation_model("ListObjectsV2")
    answer: dict[str, Any] = create_parser("rest-xml").parse(
        {"status_code": 200, "headers": {}, "body": body}, model.output_shape
    )
    return answer


@pytest.mark.parametrize("encoding", [{}, {"encoding_type": "url"}])
@pytest.mark.parametrize("fields", [{}, {"max_keys": "2"}, {"start_after": "listed/b c+d"}, {"prefix": "listed/ü"}])
def test_a_page_is_motos(lab: Any, bucket: str, encoding: dict[str, str], fields: dict[str, str]) -> None:
    query = {"list_type": "2", "prefix": "listed/", **encoding, **fields}
    ours = page(request(f"/{bucket}", **query))
    assert ours is not None
    names = urlencode({name.replace("_", "-"): value for name, value in query.items()} | {"fetch-owner": "true"})
    with urllib.request.urlopen(f"{lab.url}/{bucket}?{names}") as answer:
        theirs = parsed(lab, answer.read())
    answered = parsed(lab, ours.get_data())
    for one in (answered, theirs):
        one.pop("ResponseMetadata")
        one.pop("NextContinuationToken", None)  # They are random.
        for item in one.get("Contents", ()):
            item.pop("Owner", None)
    assert answered == theirs


def test_the_next_page_begins_where_the_last_one_ended(lab: Any, bucket: str) -> None:
    first = page(request(f"/{bucket}/", list_type="2", prefix="listed/", max_keys="3"))
    assert first is not None
    told = parsed(lab, first.get_data())
    rest = page(
        request(f"/{bucket}", list_type="2", prefix="listed/", continuation_token=told["NextContinuationToken"])
    )
    assert rest is not None
    keys = [item["Key"] for answer in (told, parsed(lab, rest.get_data())) for item in answer["Contents"]]
    assert keys == sorted(KEYS)


@pytest.mark.parametrize(
    "environ",
    [
        request("/lab", list_type="2", delimiter="/"),
        request("/lab", list_type="2", fetch_owner="true"),
        request("/lab", list_type="2", max_keys="many"),
        request("/lab", list_type="2", continuation_token=""),
        request("/lab", list_type="2", continuation_token="never given"),
        request("/lab", "PUT", list_type="2"),
        request("/lab", uploads=""),
        request("/lab/key", list_type="2"),
        request("/nobodys-bucket", list_type="2"),
        request("/key", host="lab.s3.localhost:5000", list_type="2"),
        request("/", list_type="2"),
    ],
)
def test_what_is_not_plain_is_left_to_moto(lab: Any, environ: dict[str, Any]) -> None:
    assert page(environ) is None
