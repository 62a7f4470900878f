"""The queue of an asynchronous endpoint: each request waits for a server, its answer or its failure goes into S3.

Sources: https://docs.aws.amazon.com/sagemaker/latest/dg/async-inference.html and, for what is told to SNS topics,
https://docs.aws.amazon.com/sagemaker/latest/dg/async-inference-check-predictions.html
"""

from __future__ import annotations

import base64
import contextlib
import json
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import Any

from sm_raw.local.artifacts import DataFailure, read_object, split_uri
from sm_raw.local.engine import Engine
from sm_raw.local.fleet import NoServer
from sm_raw.local.forwarding import forward
from sm_raw.local.model_server import ModelServer
from sm_raw.local.protocol import ServiceError
from sm_raw.local.store import Record

# Invocations under way at one time; every worker is a thread.
MOST_WORKERS = 32
# "If no value is provided, SageMaker chooses an optimal value" (AsyncInferenceClientConfig). A server of this engine
# runs one invocation after the other.
PER_INSTANCE = 1
# Of answers that a topic is told in full (AsyncInferenceNotificationConfig).
TOLD_BYTES = 128 * 1024

# Lends a server that has fewer than so many invocations under way, and waits for it so many seconds.
Lend = Callable[[float, float], contextlib.AbstractContextManager[ModelServer]]


@dataclass(frozen=True)
class AsyncRequest:
    """One request: what is sent to the model, and where the answer or the failure goes.

    ``config`` is the AsyncInferenceConfig that it came under; ``body`` is None where the input lies in S3. Times are
    epoch seconds; ``seconds`` is how long the model may take.
    """

    config: Mapping[str, Any]
    inference_id: str
    input_uri: str | None
    body: bytes | None
    headers: Mapping[str, str]
    output_uri: str
    failure_uri: str | None
    received: float
    expires: float
    seconds: int


@dataclass(frozen=True)
class Outcome:
    """What became of a request: the model's answer, or the ``reason`` why there is none."""

    body: bytes
    content_type: str
    reason: str = ""


class AsyncQueue:
    """The requests to the endpoint ``record`` that wait, oldest first."""

    def __init__(self, engine: Engine, record: Record, lend: Lend) -> None:
        self._engine, self._record, self._lend = engine, record, lend
        self._lock, self._turn = threading.Lock(), threading.Lock()
        self._requests: deque[AsyncRequest] = deque()
        self._workers = self._waiting = 0

    @property
    def backlog(self) -> int:
        """How many requests wait for a server."""
        with self._lock:
            return len(self._requests) + self._waiting

    def put(self, request: AsyncRequest) -> None:
        """Take in a request; it is carried out as soon as a server is free."""
        with self._lock:
            self._requests.append(request)
            if self._workers == MOST_WORKERS:
                return
            self._workers += 1
        self._engine.start(f"asynchronous invocations of {self._record.name}", self._work)

    def _work(self) -> None:
        while True:
            with contextlib.ExitStack() as stack:
                # One worker waits at a time, or the oldest request would not be the next.
                with self._turn:
                    request = self._next()
                    if request is None:
                        return
                    server = self._server(stack, request)
                outcome = self._answer(request, server) if server else self._expired(request)
            if outcome is not None:
                self._tell(request, self._store(request, outcome))

    def _next(self) -> AsyncRequest | None:
        with self._lock:
            if not self._requests:
                self._workers -= 1
                return None
            self._waiting = 1
            return self._requests.popleft()

    def _server(self, stack: contextlib.ExitStack, request: AsyncRequest) -> ModelServer | None:
        """The server for a request, lent as long as the stack is open; None if there is none in time."""
        most = request.config.get("ClientConfig", {}).get("MaxConcurrentInvocationsPerInstance", PER_INSTANCE)
        try:
            return stack.enter_context(self._lend(most, max(0.0, request.expires - time.time())))
        except NoServer:
            return None
        finally:
            with self._lock:
                self._waiting = 0

    @staticmethod
    def _expired(request: AsyncRequest) -> Outcome | None:
        """What becomes of a request for which there was no server; None if the endpoint did not live to see it."""
        if time.time() < request.expires:
            return None
        return Outcome(b"", "", "ClientError: The request expired before an instance could process it.")

    def _answer(self, request: AsyncRequest, server: ModelServer) -> Outcome:
        try:
            body = request.body
            if body is None:
                body = read_object(self._client("s3"), str(request.input_uri))
            response = forward(self._engine, self._record, server, body, request.headers, request.seconds)
        except DataFailure as error:
            return Outcome(b"", "", f"ClientError: {error}")
        except ServiceError as error:
            return Outcome(b"", "", error.message)
        return Outcome(response.data, response.headers.get("Content-Type", "application/octet-stream"))

    def _store(self, request: AsyncRequest, outcome: Outcome) -> Outcome:
        """Put an outcome where it belongs; one that cannot be put there is a failure."""
        from botocore.exceptions import BotoCoreError, ClientError

        target = request.failure_uri if outcome.reason else request.output_uri
        if target is None:
            return outcome
        bucket, key = split_uri(target)
        content = (outcome.reason.encode(), "text/plain") if outcome.reason else (outcome.body, outcome.content_type)
        kms = request.config["OutputConfig"].get("KmsKeyId")
        encryption = {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": kms} if kms else {}
        try:
            self._client("s3").put_object(Bucket=bucket, Key=key, Body=content[0], ContentType=content[1], **encryption)
        except (ClientError, BotoCoreError) as error:
            if outcome.reason:
                print(f"sm_raw local: {target} could not be written: {error}", file=sys.stderr)
                return outcome
            return self._store(request, Outcome(b"", "", f"ClientError: could not write {target}: {error}"))
        return outcome

    def _tell(self, request: AsyncRequest, outcome: Outcome) -> None:
        """Tell the topic of the configuration, if there is one."""
        from botocore.exceptions import BotoCoreError, ClientError

        config = request.config["OutputConfig"].get("NotificationConfig", {})
        topic = config.get("ErrorTopic" if outcome.reason else "SuccessTopic")
        if topic is None:
            return
        kind = "ERROR_NOTIFICATION_TOPIC" if outcome.reason else "SUCCESS_NOTIFICATION_TOPIC"
        message = notification(request, outcome, self._record, self._engine.store.now())
        if kind in config.get("IncludeInferenceResponseIn", []) and len(outcome.body) <= TOLD_BYTES:
            message["responseBody"] = {"content": base64.b64encode(outcome.body).decode(), "encoding": "BASE64"}
        try:
            self._client("sns").publish(TopicArn=topic, Message=json.dumps(message))
        except (ClientError, BotoCoreError) as error:
            print(f"sm_raw local: {topic} could not be told: {error}", file=sys.stderr)

    def _client(self, service: str) -> Any:
        return self._engine.client(service, self._record.region)


def notification(request: AsyncRequest, outcome: Outcome, record: Record, now: float) -> dict[str, Any]:
    """What a topic is told of an outcome."""
    asked = {
        "accept": request.headers.get("Accept"),
        "contentType": request.headers.get("Content-Type"),
        "endpointName": record.name,
        "inputLocation": request.input_uri,
    }
    result: dict[str, Any] = (
        {"failureReason": outcome.reason, "failureLocation": request.failure_uri}
        if outcome.reason
        else {"responseParameters": {"contentType": outcome.content_type, "outputLocation": request.output_uri}}
    )
    return {
        "awsRegion": record.region,
        "eventTime": _iso(now),
        "receivedTime": _iso(request.received),
        "invocationStatus": "Failed" if outcome.reason else "Completed",
        "requestParameters": {name: value for name, value in asked.items() if value is not None},
        **{name: value for name, value in result.items() if value is not None},
        "inferenceId": request.inference_id,
        "eventVersion": "1.0",
        "eventSource": "aws:sagemaker",
        "eventName": "InferenceResult",
    }


def _iso(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, timezone.utc).isoformat(timespec="milliseconds").replace("+00:00", "Z")
