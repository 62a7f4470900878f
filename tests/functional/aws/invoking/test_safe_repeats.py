"""What is sent again, and what is not: by us against stubs, and by botocore against sockets."""

from __future__ import annotations

import io
import json
import socket
import threading
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import boto3
import pytest
from botocore import exceptions
from botocore.config import Config
from botocore.response import StreamingBody

from sm_raw.aws.clients import Clients, local_clients
from sm_raw.aws.invoking.invoke import ask_endpoint
from sm_raw.errors import ModelFailed

PNG = b"\x89PNG\r\n\x1a\n..."
URL = "http://127.0.0.1:9"

Refusal = tuple[str, int]
THROTTLED: Refusal = ("ThrottlingException", 400)
NOT_READY: Refusal = ("ModelNotReadyException", 429)
BROKEN: Refusal = ("InternalFailure", 500)


@pytest.mark.parametrize(
    ("code", "status", "safe", "idempotent"),
    [
        # Nothing was done: these are always repeated.
        ("ThrottlingException", 400, True, True),
        ("Throttling", 400, True, True),
        ("ModelNotReadyException", 429, True, True),
        ("TooManyRequests", 429, True, True),
        # The model may have worked.
        ("InternalFailure", 500, False, True),
        ("ServiceUnavailable", 503, False, True),
        ("InternalDependencyException", 530, False, True),
        # The same again would be refused again.
        ("ValidationError", 400, False, False),
        ("ModelError", 424, False, False),
        ("AccessDeniedException", 403, False, False),
        ("ExpiredTokenException", 403, False, False),
    ],
)
def test_which_refusals_are_repeated(
    clients: Clients, stub: Any, fake_time: Any, code: str, status: int, safe: bool, idempotent: bool
) -> None:
    for told, repeated in ((False, safe), (True, idempotent)):
        stub("sagemaker-runtime").add_client_error("invoke_endpoint", code, "told", status)
        if repeated:
            add_answer(stub)
            assert ask(clients, fake_time, idempotent=told).retries == 1
        else:
            with pytest.raises((exceptions.ClientError, ModelFailed)):
                ask(clients, fake_time, idempotent=told)
    assert fake_time.pauses == [0.5] * (safe + idempotent)


@pytest.mark.parametrize(
    ("error", "safe", "idempotent"),
    [
        # The connection was never made.
        (exceptions.EndpointConnectionError(endpoint_url=URL, error="refused"), True, True),
        (exceptions.ConnectTimeoutError(endpoint_url=URL), True, True),
        (exceptions.ProxyConnectionError(proxy_url=URL), True, True),
        # The request was on its way.
        (exceptions.ReadTimeoutError(endpoint_url=URL), False, True),
        (exceptions.ConnectionClosedError(endpoint_url=URL), False, True),
        (exceptions.HTTPClientError(error="reset"), False, True),
        (exceptions.ResponseStreamingError(error="reset"), False, True),
        (exceptions.IncompleteReadError(actual_bytes=1, expected_bytes=2), False, True),
        # Repeating does not help.
        (exceptions.SSLError(endpoint_url=URL, error=ValueError("certificate")), False, False),
        (exceptions.NoCredentialsError(), False, False),
        (ZeroDivisionError(), False, False),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Exception) else "",
)
def test_which_broken_calls_are_repeated(
    fake_time: Any, monkeypatch: pytest.MonkeyPatch, error: Exception, safe: bool, idempotent: bool
) -> None:
    clients, sent = local_clients(URL), []

    def send(**request: Any) -> dict[str, Any]:
        sent.append(request)
        if len(sent) == 1:
            raise error
        return {"Body": io.BytesIO(b"{}")}

    monkeypatch.setattr(clients.runtime, "invoke_endpoint", send)
    for told, repeated in ((False, safe), (True, idempotent)):
        sent.clear()
        if repeated:
            ask(clients, fake_time, idempotent=told)
            assert len(sent) == 2
        else:
            with pytest.raises(type(error)):
                ask(clients, fake_time, idempotent=told)
            assert len(sent) == 1


def test_pauses_grow_with_jitter_and_come_to_an_end(clients: Clients, stub: Any, fake_time: Any) -> None:
    for _ in range(5):
        stub("sagemaker-runtime").add_client_error("invoke_endpoint", *THROTTLED[:1], "slow down", THROTTLED[1])
    with pytest.raises(exceptions.ClientError, match="slow down"):
        ask(clients, fake_time, random=lambda: 0.5)
    assert fake_time.pauses == [0.375, 0.75, 1.5, 3.0]


def test_a_model_that_breaks_in_its_answer_is_asked_again_only_if_it_may(
    clients: Clients, stub: Any, fake_time: Any
) -> None:
    cut = {"Body": StreamingBody(io.BytesIO(b"{"), 2), "ContentType": "application/json"}
    stub("sagemaker-runtime").add_response("invoke_endpoint", cut)
    add_answer(stub)
    assert ask(clients, fake_time, idempotent=True).value == {}
    cut = {"Body": StreamingBody(io.BytesIO(b"{"), 2), "ContentType": "application/json"}
    stub("sagemaker-runtime").add_response("invoke_endpoint", cut)
    with pytest.raises(exceptions.IncompleteReadError):
        ask(clients, fake_time)


class Server:
    """Counts the requests that it reads, and answers with ``responses`` in turn; None is silence."""

    def __init__(self, *responses: bytes | None) -> None:
        self.requests, self._responses = 0, iter(responses)
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._socket.getsockname()[1]}"
        self._open: list[socket.socket] = []
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._socket.accept()
            except OSError:
                return
            self._open.append(connection)
            data = b""
            while not data.endswith(PNG) and (more := connection.recv(65536)):
                data += more
            self.requests += 1
            if response := next(self._responses, None):
                connection.sendall(response)
                connection.close()

    def close(self) -> None:
        self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()
        self._thread.join()
        for connection in self._open:
            connection.close()


@pytest.fixture
def server() -> Iterator[Callable[..., Server]]:
    made: list[Server] = []

    def make(*responses: bytes | None) -> Server:
        made.append(Server(*responses))
        return made[-1]

    yield make
    for each in made:
        each.close()


def http(status: int, document: Any = None, code: str = "") -> bytes:
    body = json.dumps(document or {}).encode()
    head = f"HTTP/1.1 {status} -\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n"
    return (
        head.encode() + (f"x-amzn-ErrorType: {code}\r\n" if code else "").encode() + b"Connection: close\r\n\r\n" + body
    )


def runtime(url: str, mode: str) -> Any:
    """A client as somebody makes it who has not heard of us."""
    settings: Any = {"retries": {"mode": mode, "total_max_attempts": 2}, "read_timeout": 0.2, "proxies": {}}
    make: Any = boto3.client  # Its stubs know too many services.
    return make(
        "sagemaker-runtime",
        endpoint_url=url,
        region_name="us-east-1",
        aws_access_key_id="x",
        aws_secret_access_key="x",
        config=Config(**settings),
    )


@pytest.fixture(autouse=True)
def no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    """botocore's own, which cannot be injected."""
    monkeypatch.setattr("botocore.endpoint.time.sleep", lambda seconds: None)


@pytest.mark.parametrize("mode", ["legacy", "standard"])
@pytest.mark.parametrize(
    ("response", "by_botocore", "by_us", "by_us_if_idempotent"),
    [
        (None, 2, 1, 4),  # Silence: a timeout after the request was sent.
        (http(500, code="InternalFailure"), 2, 1, 4),
        (http(503, code="ServiceUnavailable"), 2, 1, 4),
        (http(400, code="ThrottlingException"), 2, 4, 4),
        (http(400, code="ValidationError"), 1, 1, 1),
        (http(424, code="ModelError"), 1, 1, 1),
    ],
    ids=["silence", "500", "503", "throttled", "invalid", "model"],
)
def test_botocore_repeats_nothing_unsafe_for_us_and_the_same_as_ever_for_others(
    server: Callable[..., Server],
    fake_time: Any,
    mode: str,
    response: bytes | None,
    by_botocore: int,
    by_us: int,
    by_us_if_idempotent: int,
) -> None:
    def requests(call: Callable[[Any], object]) -> int:
        listening = server(*[response] * 9)
        client = runtime(listening.url, mode)
        with pytest.raises(Exception):  # noqa: B017, PT011 - which one is for other tests
            ask_through(client, attempts=1)
        before = listening.requests  # The client has served us once: that must not change it for others.
        with pytest.raises(Exception):  # noqa: B017, PT011
            call(client)
        return listening.requests - before

    def ask_through(client: Any, **options: Any) -> object:
        return ask(Clients(lambda _: client, region="us-east-1"), fake_time, **options)

    plain = {"EndpointName": "digits", "Body": PNG, "ContentType": "image/png"}
    assert requests(lambda client: client.invoke_endpoint(**plain)) == by_botocore
    assert requests(partial(ask_through, attempts=2)) == by_us
    assert requests(partial(ask_through, attempts=2, idempotent=True)) == by_us_if_idempotent


def test_a_connection_refused_is_tried_again_until_somebody_listens(
    server: Callable[..., Server], fake_time: Any
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        url = f"http://127.0.0.1:{free.getsockname()[1]}"
    clients = Clients(lambda _: runtime(url, "standard"), region="us-east-1")
    with pytest.raises(exceptions.EndpointConnectionError):
        ask(clients, fake_time, attempts=3)
    assert len(fake_time.pauses) == 2


def add_answer(stub: Any) -> None:
    stub("sagemaker-runtime").add_response(
        "invoke_endpoint", {"Body": StreamingBody(io.BytesIO(b"{}"), 2), "ContentType": "application/json"}
    )


def ask(clients: Clients, fake_time: Any, **options: Any) -> Any:
    options = {"sleep": fake_time.sleep, "random": lambda: 1.0, **options}
    return ask_endpoint(clients.runtime, "digits", PNG, **options)
