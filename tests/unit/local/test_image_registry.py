from __future__ import annotations

import io
import json
from typing import Any

import pytest

from sm_raw.local.image_registry import TARGET, answer

AWS = "763104351884"


def request(body: Any, *, target: str = TARGET, region: str = "us-east-1") -> dict[str, Any]:
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    return {
        "REQUEST_METHOD": "POST",
        "HTTP_X_AMZ_TARGET": target,
        "HTTP_AUTHORIZATION": f"AWS4-HMAC-SHA256 Credential=local/20261128/{region}/ecr/aws4_request, SignedHeaders=h",
        "CONTENT_LENGTH": str(len(content)),
        "wsgi.input": io.BytesIO(content),
    }


def asked(*tags: str, account: str = AWS, repository: str = "pytorch-training") -> dict[str, Any]:
    return {"registryId": account, "repositoryName": repository, "imageIds": [{"imageTag": tag} for tag in tags]}


@pytest.mark.parametrize(
    ("tag", "exists"),
    [
        ("1.13.1-cpu-py39", True),
        ("1.13-gpu-py39", True),
        ("1.13.1-cpu-py27", False),
        ("1.13.1-py39", False),
        ("1.13.11-cpu-py39", False),
        ("latest", False),
    ],
)
def test_a_tag_names_version_processor_and_python(tag: str, exists: bool) -> None:
    found = answer(request(asked(tag)))
    assert found is not None
    body = json.loads(found.get_data())
    assert [each["imageId"]["imageTag"] for each in body["images"]] == ([tag] if exists else [])
    assert [each["failureCode"] for each in body["failures"]] == ([] if exists else ["ImageNotFound"])


@pytest.mark.parametrize(
    ("body", "more"),
    [
        (asked("1", account="123456789012"), {}),
        ({"repositoryName": "own", "imageIds": [{"imageTag": "1"}]}, {}),
        ({**asked(), "imageIds": [{"imageDigest": "sha256:0"}]}, {}),
        (b"no json", {}),
        (asked("1"), {"target": "AmazonEC2ContainerRegistry_V20150921.DescribeImages"}),
    ],
)
def test_the_rest_is_motos(body: Any, more: dict[str, str]) -> None:
    assert answer(request(body, **more)) is None


def test_a_registry_of_another_region_has_nothing_here() -> None:
    found = answer(request(asked("1.13.1-cpu-py39"), region="me-south-1"))
    assert found is not None
    assert json.loads(found.get_data())["images"] == []
