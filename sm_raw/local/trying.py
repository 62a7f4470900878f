"""A model tried in a process of this machine: its health check, and real invocations. No engine is needed."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import urllib3

from sm_raw.local.serving_process import INVOCATION_SECONDS, STARTUP_SECONDS, ServingProcess

# Where calls of the model's own code to AWS go: nowhere, for it has no credentials here.
NO_ENDPOINT = "http://127.0.0.1:9"
END_SECONDS = 2.0
"""How long the end of a server that broke a connection is waited for."""


@dataclass(frozen=True)
class Reply:
    """What the server answered; status 0 and the reason as the body where it did not answer at all."""

    status: int
    body: bytes
    content_type: str
    milliseconds: float


class TriedModel:
    """A model server under trial. ``lines`` is its log so far."""

    def __init__(self, server: ServingProcess, lines: list[str]) -> None:
        self._server, self.lines = server, lines

    @property
    def exit_code(self) -> int | None:
        return self._server.exit_code()

    def seconds_until_healthy(self, timeout_seconds: float = STARTUP_SECONDS) -> float | None:
        """How long it took from here until GET /ping answered 200; None if it did not, or the process ended."""
        started = time.monotonic()
        healthy = self._server.is_healthy(timeout_seconds)
        return time.monotonic() - started if healthy else None

    def invoke(self, body: bytes, content_type: str, accept: str, timeout_seconds: float = INVOCATION_SECONDS) -> Reply:
        """One POST /invocations."""
        started = time.perf_counter()
        try:
            answer = self._server.invoke(body, {"Content-Type": content_type, "Accept": accept}, timeout_seconds)
            status, content, kind = answer.status, answer.data, answer.headers.get("Content-Type", "")
        except urllib3.exceptions.HTTPError as error:
            status, content, kind = 0, self._silence(error, timeout_seconds).encode(), "text/plain"
        return Reply(status, content, kind, (time.perf_counter() - started) * 1000)

    def _silence(self, error: Exception, timeout_seconds: float) -> str:
        if isinstance(error, urllib3.exceptions.ReadTimeoutError):
            return f"invocation timed out: no answer within {timeout_seconds:g} seconds"
        exit_code = self._server.exit_code(END_SECONDS)
        if exit_code is not None:
            return f"the server ended without an answer (exit code {exit_code})"
        return f"the server closed the connection without an answer: {error}"


@contextlib.contextmanager
def tried_model(folder: Path, model: Path, code: Path, environment: Mapping[str, str]) -> Iterator[TriedModel]:
    """A server of the unpacked ``model`` with this code, as an endpoint would start it; it ends with the block.

    Its own files go to ``folder``. It gets ``environment`` and nothing of the user's: no credentials, no proxies.
    """
    lines: list[str] = []
    server = ServingProcess(folder, lines.append)
    try:
        server.start(model, code, {"AWS_ENDPOINT_URL": NO_ENDPOINT, "AWS_DEFAULT_REGION": "us-east-1", **environment})
        yield TriedModel(server, lines)
    finally:
        server.end(0)
