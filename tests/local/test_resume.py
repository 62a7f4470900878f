"""A run that is killed at any moment goes on: nothing is made twice, nothing is forgotten, nothing is left."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from sm_raw import cli
from sm_raw.aws.clients import local_clients
from sm_raw.local.server import serving
from sm_raw.runs.ledger import Ledger

ROOT = Path(__file__).resolve().parents[2]
SMALL = ["epochs=1", "max_jobs=2", "image_size=32", "save_interval=2"]
MOST_SECONDS = 120
pytestmark = pytest.mark.local


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[str]:
    with serving(tmp_path / "engine") as url:
        yield url


def first_command(engine: str, data: Path, out: Path) -> list[str]:
    settings = [part for setting in SMALL for part in ("--set", setting)]
    place = ["--endpoint-url", engine, "--data", str(data), "--out", str(out)]
    return [sys.executable, "-m", "sm_raw", "run", *place, *settings]


def killed_at(command: list[str], ledger: Path, lines: int) -> bool:
    """Start a command and kill it once the ledger has so many lines; False if it ends well before that."""
    with subprocess.Popen(command, cwd=ROOT, stderr=subprocess.PIPE, text=True) as process:
        deadline = time.monotonic() + MOST_SECONDS
        while not ledger.exists() or ledger.read_bytes().count(b"\n") < lines:
            if process.poll() is not None:
                assert process.returncode == 0, process.communicate()[1]
                return False
            assert time.monotonic() < deadline
            threading.Event().wait(0.005)
        process.send_signal(signal.SIGKILL)
    return True


def test_a_run_that_is_killed_again_and_again_completes(engine: str, two_shades: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    ledger = out / "ledger.jsonl"
    command, kills = first_command(engine, two_shades, out), 0
    # Each process first says that it runs; it is killed after the next two events.
    while killed_at(command, ledger, ledger.read_bytes().count(b"\n") + 3 if ledger.exists() else 1):
        command, kills = [sys.executable, "-m", "sm_raw", "resume", str(out)], kills + 1
    record: dict[str, Any] = json.loads((out / "run.json").read_text())
    assert (record["status"], record["left_behind"]) == ("succeeded", [])
    assert kills > 5

    events = Ledger(ledger).events
    created = [(event["operation"], event["name"]) for event in events if event["event"] == "created"]
    assert sorted(set(created)) == sorted(created), "something was made twice"
    sagemaker = local_clients(engine).sagemaker
    assert len(sagemaker.list_hyper_parameter_tuning_jobs()["HyperParameterTuningJobSummaries"]) == 1
    assert len(sagemaker.list_training_jobs()["TrainingJobSummaries"]) == 3
    assert sagemaker.list_endpoints()["Endpoints"] == sagemaker.list_models()["Models"] == []
    assert sagemaker.list_endpoint_configs()["EndpointConfigs"] == []
    assert Ledger(ledger).resources() == []


def test_down_removes_what_a_killed_run_has_left(
    engine: str, two_shades: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    assert killed_at(first_command(engine, two_shades, out), out / "ledger.jsonl", 2)
    assert cli.main(["down", str(out)]) == 0
    sagemaker = local_clients(engine).sagemaker
    (tuning,) = sagemaker.list_hyper_parameter_tuning_jobs()["HyperParameterTuningJobSummaries"] or [None]
    assert tuning is None or tuning["HyperParameterTuningJobStatus"] == "Stopped"
    assert cli.main(["down", str(out)]) == 0
    assert "nothing is left" in capsys.readouterr().err


def test_there_is_nothing_to_resume_without_a_run(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["resume", str(tmp_path)]) == 1
    assert f"{tmp_path} holds no run" in capsys.readouterr().err
