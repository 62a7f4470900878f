from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest
from werkzeug.test import Client

from sm_raw.local import gateway
from sm_raw.local.engine import Engine
from sm_raw.local.gateway import Gateway

SAGEMAKER = "AWS4-HMAC-SHA256 Credential=local/20260101/eu-west-1/sagemaker/aws4_request"
S3 = SAGEMAKER.replace("sagemaker", "s3")


def moto(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
    """Stands for moto: tells what came through, and lacks what it is asked for as "absent", or as a "page"."""
    if environ["PATH_INFO"] == "/absent":
        raise NotImplementedError("The x_y action has not been implemented")
    if environ["PATH_INFO"] == "/page":
        start_response("500 INTERNAL SERVER ERROR", [("Content-Type", "text/html; charset=utf-8")])
        return [b"<!doctype html>"]
    start_response("200 OK", [("Content-Type", "text/plain")])
    length = int(environ.get("CONTENT_LENGTH") or 0)
    return [b"moto " + environ["PATH_INFO"].encode() + b" " + environ["wsgi.input"].read(length)]


@pytest.fixture
def client(tmp_path: Path) -> Client:
    return Client(Gateway(Engine(tmp_path, "http://127.0.0.1:1"), moto))  # type: ignore[arg-type]


def post(client: Client, target: str, body: str = "{}", path: str = "/", **headers: str) -> tuple[int, dict[str, Any]]:
    response = client.post(path, data=body, headers={"X-Amz-Target": target, **headers})
    return response.status_code, json.loads(response.get_data())


def test_sagemaker_is_answered_here_and_everything_else_by_moto(client: Client) -> None:
    assert post(client, "SageMaker.ListModels") == (200, {"Models": []})
    assert client.get("/bucket/key").get_data() == b"moto /bucket/key "
    assert client.post("/", data="x", headers={"X-Amz-Target": "Logs_20140328.PutLogEvents"}).get_data() == b"moto / x"


def test_what_is_not_run_here_is_refused_and_never_left_to_moto(client: Client) -> None:
    for operation in ("CreateDomain", "Nonsense", ""):
        status, answer = post(client, f"SageMaker.{operation}")
        assert (status, answer["__type"]) == (400, "UnknownOperationException")


def test_every_answer_carries_a_request_id_and_an_error_its_type(client: Client) -> None:
    good = client.post("/", data="{}", headers={"X-Amz-Target": "SageMaker.ListModels"})
    bad = client.post("/", data="{", headers={"X-Amz-Target": "SageMaker.ListModels"})
    assert good.headers["x-amzn-RequestId"] != bad.headers["x-amzn-RequestId"]
    assert bad.headers["x-amzn-ErrorType"] == "SerializationException"
    assert good.content_type == bad.content_type == "application/x-amz-json-1.1"


@pytest.mark.parametrize(
    ("path", "authorization", "by_moto"),
    [
        ("/endpoints/e/invocations", SAGEMAKER, False),
        ("/endpoints/e/async-invocations", SAGEMAKER, False),
        ("/endpoints/e/invocations", S3, True),
        ("/endpoints", SAGEMAKER, True),
    ],
)
def test_the_runtime_is_known_by_path_and_signature(
    client: Client, path: str, authorization: str, by_moto: bool
) -> None:
    response = client.post(path, data="x", headers={"Authorization": authorization})
    assert response.get_data().startswith(b"moto") is by_moto
    if not by_moto:
        assert response.headers["x-amzn-ErrorType"] in ("ValidationError", "UnknownOperationException")


def test_a_page_for_browsers_reaches_no_client(client: Client) -> None:
    authorization = SAGEMAKER.replace("sagemaker", "pricing")
    status, answer = post(client, "AWSPriceListService.GetProducts", path="/page", Authorization=authorization)
    assert (status, answer["__type"]) == (400, "UnknownOperationException")
    assert answer["message"] == "GetProducts of pricing has no answer here."


@pytest.mark.parametrize("kind", ["Processing", "Transform"])
def test_of_jobs_that_are_not_run_there_are_none(client: Client, kind: str) -> None:
    assert post(client, f"SageMaker.List{kind}Jobs") == (200, {f"{kind}JobSummaries": []})
    status, answer = post(client, f"SageMaker.Describe{kind}Job", json.dumps({f"{kind}JobName": "j"}))
    assert (status, answer["__type"]) == (400, "ValidationException")
    assert f"Could not find {kind.lower()} job" in answer["message"]


def test_what_moto_lacks_is_refused_in_the_protocol_of_the_request(client: Client) -> None:
    assert post(client, "Logs_20140328.Absent", path="/absent") == (
        400,
        {"__type": "UnknownOperationException", "message": "The x_y action has not been implemented"},
    )
    response = client.post("/absent", data="Action=SimulatePrincipalPolicy")
    assert (response.status_code, response.content_type) == (400, "text/xml")
    assert b"<Code>InvalidAction</Code><Message>The x_y action has not been implemented</Message>" in (
        response.get_data()
    )


def test_scaling_is_checked_here_and_done_by_moto(client: Client) -> None:
    target, listing = "AnyScaleFrontendService.RegisterScalableTarget", '{"ServiceNamespace": "sagemaker"}'
    headers = {"X-Amz-Target": "AnyScaleFrontendService.DescribeScalableTargets"}
    assert client.post("/", data=listing, headers=headers).get_data() == f"moto / {listing}".encode()
    place = {
        "ServiceNamespace": "sagemaker",
        "ResourceId": "endpoint/e/variant/v",
        "ScalableDimension": "sagemaker:variant:DesiredInstanceCount",
    }
    crossed = json.dumps({**place, "MinCapacity": 3, "MaxCapacity": 2})
    assert post(client, target, crossed)[1]["message"] == "Maximum capacity cannot be less than minimum capacity"
    assert post(client, target, "{")[1]["__type"] == "SerializationException"
    assert post(client, target, listing)[1]["message"].startswith("2 validation errors detected: Value null at ")


def test_a_bug_of_ours_is_an_internal_failure_and_is_shown(
    client: Client, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def break_down(*args: object) -> None:
        raise RuntimeError("a bug of ours")

    monkeypatch.setitem(gateway.HANDLERS, "ListModels", break_down)
    monkeypatch.setattr(gateway.runtime, "answer", break_down)
    reason = "The local engine met an error of its own: RuntimeError: a bug of ours"
    assert post(client, "SageMaker.ListModels") == (500, {"__type": "InternalFailure", "message": reason})
    response = client.post("/endpoints/e/invocations", headers={"Authorization": SAGEMAKER})
    assert (response.status_code, json.loads(response.get_data())["message"]) == (500, reason)
    assert capsys.readouterr().err.count("RuntimeError: a bug of ours") == 2


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 200),
        ({"Host": "127.0.0.1:5001"}, 200),
        ({"Host": "LOCALHOST"}, 200),
        ({"Host": "bucket.localhost:5001"}, 200),
        ({"Host": "example.com"}, 403),
        ({"Host": "localhost.example.com"}, 403),
        ({"Host": "127.0.0.1@example.com"}, 403),
        ({"Host": "127.0.0.11"}, 403),
        ({"Host": ""}, 403),
        ({"Origin": "http://localhost:8888"}, 403),
    ],
)
def test_only_this_machine_and_no_web_page_is_answered(client: Client, headers: dict[str, str], status: int) -> None:
    for path, target in (("/", "SageMaker.ListModels"), ("/bucket/key", "")):
        assert client.post(path, data="{}", headers={"X-Amz-Target": target, **headers}).status_code == status
