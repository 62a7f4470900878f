from __future__ import annotations

import threading
from pathlib import Path

import pytest

from sm_raw.local.engine import Engine, region_of


@pytest.fixture
def engine(tmp_path: Path) -> Engine:
    return Engine(tmp_path, "http://127.0.0.1:1")


@pytest.mark.parametrize(
    ("authorization", "region"),
    [
        ("AWS4-HMAC-SHA256 Credential=local/20260101/eu-west-1/sagemaker/aws4_request, Signed...", "eu-west-1"),
        ("", "us-east-1"),
        ("Bearer x", "us-east-1"),
        ("AWS4-HMAC-SHA256 Credential=local/20260101/../sagemaker/aws4_request", "us-east-1"),
        ("AWS4-HMAC-SHA256 Credential=local/20260101/a b/sagemaker/aws4_request", "us-east-1"),
    ],
)
def test_the_region_is_that_of_the_signature(authorization: str, region: str) -> None:
    assert region_of(authorization) == region


def test_clients_are_made_once_for_each_region_and_point_back_here(engine: Engine) -> None:
    first = engine.client("s3", "us-east-1")
    assert engine.client("s3", "us-east-1") is first
    assert engine.client("s3", "eu-west-1") is not first
    assert first.meta.endpoint_url == "http://127.0.0.1:1"


def test_closing_stops_what_is_registered_and_waits_for_its_threads(engine: Engine) -> None:
    ended, stopped = threading.Event(), []
    engine.register("job", lambda: (stopped.append("job"), ended.set()))
    engine.register("over", lambda: stopped.append("over"))
    engine.forget("over")
    engine.forget("never there")
    engine.start("job", lambda: (ended.wait(), stopped.append("thread")))
    engine.close()
    assert stopped == ["job", "thread"]


def test_what_is_registered_with_an_engine_that_closes_is_stopped_at_once(engine: Engine) -> None:
    stopped = threading.Event()
    engine.close()
    engine.register("late", stopped.set)
    assert stopped.is_set()


@pytest.mark.parametrize("closing", [False, True])
def test_a_thread_that_breaks_is_shown_unless_the_engine_closes(
    engine: Engine, capsys: pytest.CaptureFixture[str], closing: bool
) -> None:
    go = threading.Event()

    def work() -> None:
        go.wait()
        raise RuntimeError("a bug of ours")

    engine.start("training job x", work)
    (thread,) = (thread for thread in threading.enumerate() if thread.name == "training job x")
    if closing:
        engine.closing.set()
    go.set()
    thread.join()
    told = capsys.readouterr().err
    assert told.startswith("sm_raw local: training job x broke\nTraceback") is not closing
    assert told.endswith("RuntimeError: a bug of ours\n") is not closing
