"""The server under trial where it does not answer: it takes too long, or ends."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from sm_raw.local.trying import TriedModel, tried_model

pytestmark = pytest.mark.local

HANDLER = """
import os
def model_fn(model_dir):
    return {load}
def transform_fn(model, data, content_type, accept):
    return {answer}
"""
SECONDS = 30


@pytest.fixture
def trying(tmp_path: Path) -> Iterator[Any]:
    """Starts a server with these expressions for loading and answering; ``gate`` in them is a pipe nobody writes to."""
    gate = tmp_path / "gate"
    os.mkfifo(gate)
    entered = []

    def start(*, load: str = "None", answer: str = "b'fine'", **environment: str) -> TriedModel:
        code = tmp_path / "model" / "code"
        code.mkdir(parents=True)
        (code / "inference.py").write_text(f"gate = {str(gate)!r}\n{HANDLER.format(load=load, answer=answer)}")
        entered.append(tried_model(tmp_path / "server", tmp_path / "model", code, environment))
        tried: TriedModel = entered[-1].__enter__()
        return tried

    yield start
    for manager in entered:
        manager.__exit__(None, None, None)


def test_a_model_that_loads_too_long_is_not_healthy(trying: Any) -> None:
    tried = trying(load="open(gate).read()")
    assert tried.seconds_until_healthy(0.5) is None
    assert tried.exit_code is None  # it still loads


def test_an_answer_that_takes_too_long_is_no_answer(trying: Any) -> None:
    tried = trying(answer="open(gate).read()")
    assert tried.seconds_until_healthy(SECONDS) is not None
    reply = tried.invoke(b"x", "image/jpeg", "*/*", timeout_seconds=0.3)
    assert (reply.status, reply.body) == (0, b"invocation timed out: no answer within 0.3 seconds")
    assert reply.milliseconds >= 300


def test_a_server_that_ends_while_it_answers_tells_how(trying: Any) -> None:
    tried = trying(answer="os._exit(3)")
    assert tried.seconds_until_healthy(SECONDS) is not None
    reply = tried.invoke(b"x", "image/jpeg", "*/*")
    assert (reply.status, reply.body) == (0, b"the server ended without an answer (exit code 3)")
    assert tried.exit_code == 3


def test_the_models_code_gets_no_credentials_and_what_the_request_sets(
    trying: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "the user's own")
    monkeypatch.setenv("HTTPS_PROXY", "http://proxy.example")
    tried = trying(answer="dict(os.environ)", COLOUR="red")
    assert tried.seconds_until_healthy(SECONDS) is not None
    answer = tried.invoke(b"x", "image/jpeg", "application/json").body.decode()
    assert '"COLOUR": "red"' in answer
    assert "the user's own" not in answer
    assert "proxy.example" not in answer
