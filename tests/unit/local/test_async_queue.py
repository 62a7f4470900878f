"""What becomes of asynchronous requests, without any server."""

from __future__ import annotations

import contextlib
import json
import time
from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any

import pytest
from botocore.exceptions import ClientError

from sm_raw.local.async_queue import AsyncQueue, AsyncRequest
from sm_raw.local.fleet import NoServer

RECORD: Any = SimpleNamespace(region="us-east-1", name="dogs")
ERRORS, SUCCESSES = (f"arn:aws:sns:us-east-1:123456789012:{name}" for name in ("errors", "successes"))
FAILURE = "s3://bucket/bad/1-error.out"


class FakeEngine:
    """Runs work at once, and keeps what is put into S3 and told to topics."""

    def __init__(self, *, missing_bucket: str = "") -> None:
        self.store = SimpleNamespace(now=lambda: 1_700_000_000.5)
        self.objects: dict[str, bytes] = {}
        self.told: list[tuple[str, dict[str, Any]]] = []
        self._missing = missing_bucket

    def start(self, _: str, work: Callable[[], None]) -> None:
        work()

    def client(self, *_: str) -> FakeEngine:
        return self

    def put_object(self, **fields: Any) -> None:
        if fields["Bucket"] == self._missing:
            raise ClientError({"Error": {"Code": "NoSuchBucket", "Message": "no such bucket"}}, "PutObject")
        self.objects[f"s3://{fields['Bucket']}/{fields['Key']}"] = fields["Body"]

    def publish(self, **fields: str) -> None:
        self.told.append((fields["TopicArn"], json.loads(fields["Message"])))


@contextlib.contextmanager
def nobody(most: float, patience: float) -> Iterator[Any]:
    raise NoServer("AllTraffic", throttled=False)
    yield


def request(*, expires: float, failure_uri: str | None = FAILURE) -> AsyncRequest:
    topics = {"SuccessTopic": SUCCESSES, "ErrorTopic": ERRORS}
    return AsyncRequest(
        config={"OutputConfig": {"S3OutputPath": "s3://bucket/out", "NotificationConfig": topics}},
        inference_id="my-id",
        input_uri="s3://bucket/in",
        body=None,
        headers={"Content-Type": "image/png"},
        output_uri="s3://bucket/out/1.out",
        failure_uri=failure_uri,
        received=1_700_000_000.0,
        expires=expires,
        seconds=900,
    )


def test_a_request_that_expires_is_a_failure_and_the_topic_is_told() -> None:
    engine: Any = FakeEngine()
    queue = AsyncQueue(engine, RECORD, nobody)
    queue.put(request(expires=time.time() - 1))
    reason = "ClientError: The request expired before an instance could process it."
    assert engine.objects == {FAILURE: reason.encode()}
    ((topic, message),) = engine.told
    assert (topic, queue.backlog) == (ERRORS, 0)
    assert message == {
        "awsRegion": "us-east-1",
        "eventTime": "2023-11-14T22:13:20.500Z",
        "receivedTime": "2023-11-14T22:13:20.000Z",
        "invocationStatus": "Failed",
        "failureReason": reason,
        "failureLocation": FAILURE,
        "requestParameters": {"contentType": "image/png", "endpointName": "dogs", "inputLocation": "s3://bucket/in"},
        "inferenceId": "my-id",
        "eventVersion": "1.0",
        "eventSource": "aws:sagemaker",
        "eventName": "InferenceResult",
    }


def test_nothing_is_told_of_what_the_end_of_its_endpoint_overtakes() -> None:
    engine: Any = FakeEngine()
    AsyncQueue(engine, RECORD, nobody).put(request(expires=time.time() + 60))
    assert (engine.objects, engine.told) == ({}, [])


def test_a_failure_without_a_place_for_it_is_told_all_the_same() -> None:
    engine: Any = FakeEngine()
    AsyncQueue(engine, RECORD, nobody).put(request(expires=0, failure_uri=None))
    assert engine.objects == {}
    assert [topic for topic, _ in engine.told] == [ERRORS]
    assert "failureLocation" not in engine.told[0][1]


def test_a_place_that_cannot_be_written_is_told_on_stderr(capsys: pytest.CaptureFixture[str]) -> None:
    engine: Any = FakeEngine(missing_bucket="bucket")
    AsyncQueue(engine, RECORD, nobody).put(request(expires=0))
    assert f"{FAILURE} could not be written: " in capsys.readouterr().err
    assert [topic for topic, _ in engine.told] == [ERRORS]
