"""The engine as a process: how it starts, how it ends, and that nothing outlives it."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from sm_raw import specs
from sm_raw.aws.clients import local_clients
from sm_raw.errors import EngineFailed
from sm_raw.local.launch import local_engine
from sm_raw.local.server import serving

pytestmark = pytest.mark.local
TIMEOUT_SECONDS = 60
MEMORY_MB = 500
INFERENCE = "def model_fn(folder): return 1"


def command(*words: str) -> list[str]:
    return [sys.executable, "-m", "sm_raw", "local", *words]


@contextlib.contextmanager
def engine_process(folder: Path) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """An engine whose temporary files go below ``folder``, and its URL."""
    environment = {**os.environ, "TMPDIR": str(folder)}
    with subprocess.Popen(
        command(), env=environment, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        try:
            assert process.stdout
            ready, _, url = process.stdout.readline().strip().partition(" ")
            assert ready == "ready"
            yield process, url
        finally:
            process.kill()


def make_busy(lab: Any) -> str:
    """Start a training job, a tuning job and an endpoint; returns the training job's name."""
    uri = lab.put("models/m.tar.gz", lab.archive({"code/inference.py": INFERENCE}))
    environment = specs.serving_script()
    role = "arn:aws:iam::123456789012:role/R"
    lab.sm.create_model(**specs.model("m", image_uri="i", role_arn=role, model_data_uri=uri, environment=environment))
    variants = [specs.production_variant("m", instance_type="ml.m5.large")]
    lab.sm.create_endpoint_config(**specs.endpoint_config("c", variants=variants))
    lab.sm.create_endpoint(**specs.endpoint("e", config_name="c"))
    lab.sm.create_hyper_parameter_tuning_job(
        **specs.tuning_job(
            "t",
            training=specs.training_definition(**lab.common("stoppable.py")),
            ranges=[specs.continuous_range("x", 0, 1)],
            objective_metric="valid:loss",
            objective_type="Minimize",
            max_jobs=9,
            max_parallel_jobs=2,
        )
    )
    name: str = lab.start()
    lab.until(lambda: sum("waiting" in lab.log(child) for child in running_trials(lab)) == 2)
    assert lab.ended("CreateEndpoint", "e")["EndpointStatus"] == "InService"
    return name


def running_trials(lab: Any) -> list[str]:
    found = lab.sm.list_training_jobs_for_hyper_parameter_tuning_job(HyperParameterTuningJobName="t")
    return [item["TrainingJobName"] for item in found["TrainingJobSummaries"]]


def assert_gone(processes: list[psutil.Process]) -> None:
    _, alive = psutil.wait_procs(processes, timeout=TIMEOUT_SECONDS)
    assert alive == []


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL], ids=lambda number: number.name)
def test_an_engine_in_the_middle_of_everything_ends_and_leaves_no_process(
    tmp_path: Path, lab_of: Any, number: signal.Signals
) -> None:
    with engine_process(tmp_path) as (process, url):
        (root,) = tmp_path.glob("sm-raw-*")
        make_busy(lab_of(url, root))
        children = psutil.Process(process.pid).children(recursive=True)
        assert len(children) >= 8  # Four commands, each with its warden.
        process.send_signal(number)
        output, errors = process.communicate(timeout=TIMEOUT_SECONDS)
        assert_gone(children)
        if number != signal.SIGKILL:
            assert (process.returncode, output, errors) == (0, "", "")
            assert not root.exists()


def test_a_fresh_engine_stays_small_and_ends_at_ctrl_c(tmp_path: Path, lab_of: Any) -> None:
    with engine_process(tmp_path) as (process, url):
        assert url.startswith("http://127.0.0.1:")
        assert lab_of(url, tmp_path).train()["TrainingJobStatus"] == "Completed"
        assert psutil.Process(process.pid).memory_info().rss < MEMORY_MB * 1e6
        process.send_signal(signal.SIGINT)
        assert process.communicate(timeout=TIMEOUT_SECONDS) == ("", "")
        assert (process.returncode, list(tmp_path.glob("sm-raw-*"))) == (0, [])


@pytest.fixture
def taken_port() -> Iterator[int]:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        yield listener.getsockname()[1]


def test_what_keeps_an_engine_from_starting_is_one_clear_line(tmp_path: Path, taken_port: int) -> None:
    (tmp_path / "file").touch()
    cases = {
        ("--port", str(taken_port)): f"port {taken_port} of 127.0.0.1 is taken by another program; give another with",
        ("--root", str(tmp_path / "file")): f"--root {tmp_path / 'file'}: File exists; give a folder that can be",
    }
    running = {
        words: subprocess.Popen(command(*words), text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        for words in cases
    }
    for words, process in running.items():
        output, errors = process.communicate(timeout=TIMEOUT_SECONDS)
        assert (process.returncode, output) == (1, "")
        (line,) = errors.splitlines()
        assert line.startswith(f"sm_raw: {cases[words]}")


def test_an_engine_for_the_length_of_a_block_ends_with_it(taken_port: int) -> None:
    with local_engine() as url:
        children = psutil.Process().children(recursive=True)
        assert local_clients(url).sagemaker.list_training_jobs()["TrainingJobSummaries"] == []
    assert_gone([child for child in children if "sm_raw" in str(child)])
    with (
        pytest.raises(EngineFailed, match=f"(?s)did not start.*port {taken_port} of 127.0.0.1 is taken"),
        local_engine(port=taken_port),
    ):
        pass


def test_closing_an_engine_ends_what_runs_in_this_process_too(
    tmp_path: Path, lab_of: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    before = set(psutil.Process().children(recursive=True)), set(threading.enumerate())
    with serving(tmp_path) as url:
        lab = lab_of(url, tmp_path, bucket="closing")
        make_busy(lab)
        lab.sm.create_training_job(**lab.training("stoppable.py"))  # Which may be anywhere by now.
    assert set(psutil.Process().children(recursive=True)) <= before[0]
    lab.until(lambda: not [thread for thread in set(threading.enumerate()) - before[1] if is_ours(thread)])
    assert capsys.readouterr().err == ""


def is_ours(thread: threading.Thread) -> bool:
    return thread.name.startswith(("training job", "tuning job", "endpoint", "stop", "log", "child", "server"))


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ([("Host", "sagemaker.example.com")], 403),
        ([("Host", "127.0.0.1.example.com:80")], 403),
        ([("Host", "localhost@example.com")], 403),
        ([("Origin", "http://127.0.0.1:8000")], 403),
        ([("Origin", "null")], 403),
        ([("Host", "localhost:1")], 200),
        ([("Host", "127.0.0.1")], 200),
        ([("Host", "[::1]:5000")], 200),
    ],
)
def test_whoever_is_not_on_this_machine_is_refused(lab: Any, headers: list[tuple[str, str]], status: int) -> None:
    got, answer = lab.post("SageMaker.ListTrainingJobs", b"{}", headers)
    assert got == status
    if status == 403:
        assert (answer["__type"], answer["message"].startswith("Refused: this endpoint")) == (
            "AccessDeniedException",
            True,
        )
