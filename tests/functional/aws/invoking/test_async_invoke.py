from __future__ import annotations

import hashlib
import io
from collections.abc import Callable, Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from unittest.mock import Mock

import pytest
from botocore.exceptions import ClientError, ReadTimeoutError
from botocore.response import StreamingBody
from botocore.stub import Stubber

from sm_raw.aws.clients import Clients, local_clients
from sm_raw.aws.invoking.async_invoke import AsyncInvocation, invoke_endpoint_async, start_invocation, wait_for_answer
from sm_raw.aws.invoking.predictions import Answer
from sm_raw.errors import InvalidPayload, ModelFailed, SmRawError, WaitTimedOut

Stub = Callable[[str], Stubber]
PNG = b"\x89PNG\r\n\x1a\n..."
NAME = hashlib.sha256(PNG).hexdigest()[:32]
OUT, FAILED = "s3://answers/out/7.out", "s3://answers/failed/7-error.out"
ASKED = {"EndpointName": "slow", "ContentType": "image/png", "Accept": "application/json"}
QUEUED = {"InferenceId": "7", "OutputLocation": OUT, "FailureLocation": FAILED}
INVOCATION = AsyncInvocation(
    endpoint="slow",
    inference_id="7",
    output_uri=OUT,
    failure_uri=FAILED,
    input_uri=f"s3://inputs/async/{NAME}",
    sent_as="image/png",
    sent_bytes=11,
)


def put(stub: Stub, body: bytes = PNG, content_type: str = "image/png") -> None:
    key = f"async/{hashlib.sha256(body).hexdigest()[:32]}"
    stub("s3").add_response(
        "put_object", {}, {"Bucket": "inputs", "Key": key, "Body": body, "ContentType": content_type}
    )


def queue(stub: Stub, response: Mapping[str, Any] = QUEUED, **asked: Any) -> None:
    stub("sagemaker-runtime").add_response("invoke_endpoint_async", dict(response), {**ASKED, **asked})


def missing(stub: Stub, uri: str = "", code: str = "NoSuchKey", status: int = 404) -> None:
    expected = {"Bucket": "answers", "Key": uri.removeprefix("s3://answers/")} if uri else None
    stub("s3").add_client_error("get_object", code, "told", status, expected_params=expected)


def there(stub: Stub, uri: str, body: bytes, content_type: str = "application/json") -> None:
    response = {"Body": StreamingBody(io.BytesIO(body), len(body)), "ContentType": content_type}
    stub("s3").add_response("get_object", response, {"Bucket": "answers", "Key": uri.removeprefix("s3://answers/")})


def test_a_picture_goes_to_s3_into_the_queue_and_comes_back_as_a_prediction(
    clients: Clients, stub: Stub, fake_time: Any
) -> None:
    put(stub)
    queue(stub, InputLocation=f"s3://inputs/async/{NAME}")
    missing(stub, OUT)
    missing(stub, FAILED)
    there(stub, OUT, b"[0.2, 0.8]")
    found = invoke_endpoint_async(
        clients.runtime,
        clients.s3,
        "slow",
        PNG,
        input_uri="s3://inputs/async",
        labels=["cat", "dog"],
        sleep=fake_time.sleep,
        clock=fake_time.clock,
    )
    assert (found.label, fake_time.pauses) == ("dog", [0.2])


def test_what_was_queued_is_told_so_that_another_process_can_wait_for_it(clients: Clients, stub: Stub) -> None:
    put(stub)
    queue(stub, InputLocation=f"s3://inputs/async/{NAME}")
    assert start_invocation(clients.runtime, clients.s3, "slow", PNG, input_uri="s3://inputs/async/") == INVOCATION


def test_a_small_request_needs_no_place_in_s3(clients: Clients, stub: Stub) -> None:
    queue(stub, {"InferenceId": "7", "OutputLocation": OUT}, Body=PNG)
    started = start_invocation(clients.runtime, clients.s3, "slow", PNG)
    assert (started.input_uri, started.failure_uri, started.sent_bytes) == (None, None, 11)


@pytest.mark.usefixtures("stub")
def test_a_request_too_large_to_go_along_is_told_to_go_through_s3(clients: Clients, tmp_path: Path) -> None:
    (tmp_path / "rows.json").write_bytes(b"1" * 128_001)
    with pytest.raises(InvalidPayload, match=r"takes 128,001 bytes .* put it into S3 \(input_uri\)"):
        start_invocation(clients.runtime, clients.s3, "slow", tmp_path / "rows.json")


def test_a_botocore_that_sends_no_data_with_the_request_is_told_of(clients: Clients) -> None:
    old = SimpleNamespace(input_shape=SimpleNamespace(members={"EndpointName": None, "InputLocation": None}))
    runtime: Any = SimpleNamespace(meta=SimpleNamespace(service_model=SimpleNamespace(operation_model=lambda _: old)))
    with pytest.raises(InvalidPayload, match=r"give input_uri, .* or install a newer boto3"):
        start_invocation(runtime, clients.s3, "slow", PNG)


def test_what_is_in_s3_already_is_named_and_not_read(clients: Clients, stub: Stub) -> None:
    queue(
        stub,
        InputLocation="s3://inputs/film.mp4",
        ContentType="video/mp4",
        InferenceId="7",
        CustomAttributes="trace=1",
        RequestTTLSeconds=60,
    )
    started = start_invocation(
        clients.runtime,
        clients.s3,
        "slow",
        "s3://inputs/film.mp4",
        content_type="video/mp4",
        inference_id="7",
        custom_attributes="trace=1",
        extra={"RequestTTLSeconds": 60},
    )
    assert (started.input_uri, started.sent_as, started.sent_bytes) == ("s3://inputs/film.mp4", "video/mp4", 0)
    with pytest.raises(InvalidPayload, match="state content_type"):
        start_invocation(clients.runtime, clients.s3, "slow", "s3://inputs/film.mp4")


@pytest.mark.parametrize(
    ("code", "status", "safe"), [("ThrottlingException", 400, True), ("InternalFailure", 500, False)]
)
def test_nothing_is_queued_twice(
    clients: Clients, stub: Stub, fake_time: Any, code: str, status: int, safe: bool
) -> None:
    stub("sagemaker-runtime").add_client_error("invoke_endpoint_async", code, "told", status)
    if safe:
        queue(stub, Body=PNG)
        start_invocation(clients.runtime, clients.s3, "slow", PNG, sleep=fake_time.sleep)
    else:
        with pytest.raises(ClientError):
            start_invocation(clients.runtime, clients.s3, "slow", PNG, sleep=fake_time.sleep)
        stub("sagemaker-runtime").add_client_error("invoke_endpoint_async", code, "told", status)
        queue(stub, Body=PNG)
        start_invocation(clients.runtime, clients.s3, "slow", PNG, idempotent=True, sleep=fake_time.sleep)
    assert len(fake_time.pauses) == 1


def test_the_answer_comes_with_the_time_that_was_waited(clients: Clients, stub: Stub, fake_time: Any) -> None:
    for _ in range(3):
        missing(stub)
        missing(stub)
    there(stub, OUT, b"1,2", "text/csv")
    found = wait_for_answer(clients.s3, INVOCATION, sleep=fake_time.sleep, clock=fake_time.clock)
    assert found == Answer(
        endpoint="slow",
        body=b"1,2",
        content_type="text/csv",
        sent_as="image/png",
        sent_bytes=11,
        milliseconds=fake_time.now * 1000,
    )
    assert fake_time.pauses == [0.2, 0.2, 0.2]


def test_trouble_on_the_side_of_s3_is_ridden_out(
    clients: Clients, stub: Stub, fake_time: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    missing(stub, code="SlowDown", status=503)
    missing(stub, code="InternalError", status=500)
    there(stub, OUT, b"{}")
    assert wait_for_answer(clients.s3, INVOCATION, sleep=fake_time.sleep, clock=fake_time.clock).value == {}

    alone = local_clients("http://127.0.0.1:9").s3
    answers: list[Any] = [ReadTimeoutError(endpoint_url="x"), ReadTimeoutError(endpoint_url="x")]

    def get(**_: Any) -> Any:
        if answers:
            raise answers.pop()
        return {"Body": io.BytesIO(b"{}"), "ContentType": "application/json"}

    monkeypatch.setattr(alone, "get_object", get)
    assert wait_for_answer(alone, INVOCATION, sleep=fake_time.sleep, clock=fake_time.clock).value == {}


def test_a_failure_is_raised_with_the_text_of_its_object(clients: Clients, stub: Stub, fake_time: Any) -> None:
    missing(stub, OUT)
    there(stub, FAILED, b'Received client error (415) from primary with message "image/png is not supported"\n')
    with pytest.raises(ModelFailed) as caught:
        wait_for_answer(clients.s3, INVOCATION, sleep=fake_time.sleep, clock=fake_time.clock)
    error = caught.value
    assert (error.endpoint, error.status, error.sent_as) == ("slow", 415, "image/png")
    assert error.reason == 'Received client error (415) from primary with message "image/png is not supported"'
    assert error.remedy.startswith("it takes other content types")
    assert error.log == "/aws/sagemaker/Endpoints/slow"


def test_a_failure_without_a_status_is_shown_as_it_is(clients: Clients, stub: Stub, fake_time: Any) -> None:
    missing(stub, OUT)
    there(stub, FAILED, b"\xff expired")
    with pytest.raises(ModelFailed, match="\ufffd expired"):
        wait_for_answer(clients.s3, INVOCATION, sleep=fake_time.sleep, clock=fake_time.clock)


def test_a_wait_that_ends_says_how_to_go_on(clients: Clients, fake_time: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    alone = local_clients("http://127.0.0.1:9").s3
    nothing = ClientError({"Error": {"Code": "NoSuchKey", "Message": ""}}, "GetObject")
    monkeypatch.setattr(alone, "get_object", Mock(side_effect=nothing))
    silent = AsyncInvocation("slow", "7", OUT, None, None, "image/png", 11)
    with pytest.raises(WaitTimedOut) as caught:
        wait_for_answer(alone, silent, timeout_seconds=60, poll_seconds=5, sleep=fake_time.sleep, clock=fake_time.clock)
    assert str(caught.value) == (
        "asynchronous request '7' still runs after 60 s of waiting; wait on with wait_for_answer(s3, invocation), or "
        f"look for {OUT} later; its endpoint names no S3FailurePath, so that a failure shows in its log alone: "
        "/aws/sagemaker/Endpoints/slow"
    )
    assert caught.value.last_response["output_uri"] == OUT
    assert sum(fake_time.pauses) == pytest.approx(60)


def test_a_bucket_that_may_not_be_listed_hides_what_is_not_there_yet(
    clients: Clients, stub: Stub, fake_time: Any
) -> None:
    missing(stub, OUT, code="AccessDenied", status=403)
    with pytest.raises(SmRawError, match=f"{OUT} cannot be read: .*AccessDenied.*allow it"):
        wait_for_answer(clients.s3, INVOCATION, sleep=fake_time.sleep, clock=fake_time.clock)
    missing(stub, OUT, code="NoSuchBucket")
    with pytest.raises(SmRawError, match="NoSuchBucket"):
        wait_for_answer(clients.s3, INVOCATION, sleep=fake_time.sleep, clock=fake_time.clock)
