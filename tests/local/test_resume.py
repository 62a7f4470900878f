"""A run that is killed at any moment goes on: nothing is made twice, nothing is forgotten, nothing is left."""

from __future__ import annotations

import itertools
import json
import multiprocessing
import os
import signal
from collections.abc import Iterator
from multiprocessing.context import ForkServerContext
from pathlib import Path
from typing import Any

import pytest

from sm_raw import cli
from sm_raw.aws.clients import local_clients
from sm_raw.local.server import serving
from sm_raw.runs.ledger import Ledger

MOST_SECONDS = 120
pytestmark = pytest.mark.local
# Moments at which a process is killed, by the events that are new to the ledger: right after the first is on the disk,
# which is before its call; or when the second is about to be written, which is after the call of the first.
MOMENTS = {"before each call": 1, "after each call": 2}


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[str]:
    with serving(tmp_path / "engine") as url:
        yield url


@pytest.fixture(scope="module")
def processes() -> ForkServerContext:
    """Processes that begin with everything imported: a real one each time, which can be killed."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["boto3", "sm_raw.cli.run", "sm_raw.cli.down", "sm_raw.report", "sm_raw.validation"])
    return context


def first_command(engine: str, recipe: Path, data: Path, out: Path) -> list[str]:
    return ["run", "--endpoint-url", engine, "--recipe", str(recipe), "--data", str(data), "--out", str(out)]


def run_until(arguments: list[str], new_events: int) -> None:
    """In a process of its own: a command that is killed at so many events that no process before it has written."""
    write = Ledger.write
    numbers = itertools.count(1)

    def write_or_die(self: Ledger, event: str, **facts: Any) -> None:
        line = json.loads(json.dumps({"event": event, **facts}))
        number = next(numbers) if event != "run" and line not in self.events else 0
        if number == new_events == MOMENTS["after each call"]:
            os.kill(os.getpid(), signal.SIGKILL)
        write(self, event, **facts)
        if number == new_events:
            os.kill(os.getpid(), signal.SIGKILL)

    Ledger.write = write_or_die  # type: ignore[method-assign]
    os._exit(cli.main(arguments))


def killed(processes: ForkServerContext, arguments: list[str], new_events: int) -> bool:
    """Whether a command was killed at that moment; it has ended well before, if not."""
    process = processes.Process(target=run_until, args=(arguments, new_events))
    process.start()
    process.join(MOST_SECONDS)
    assert process.exitcode in {0, -signal.SIGKILL}, "it failed"
    return process.exitcode != 0


@pytest.mark.parametrize("case", MOMENTS)
def test_a_run_that_is_killed_again_and_again_completes(
    case: str, engine: str, processes: ForkServerContext, light_recipe: Path, two_shades: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    command, kills = first_command(engine, light_recipe, two_shades, out), 0
    while killed(processes, command, MOMENTS[case]):
        command, kills = ["resume", str(out)], kills + 1
    record: dict[str, Any] = json.loads((out / "run.json").read_text())
    assert (record["status"], record["left_behind"]) == ("succeeded", [])
    ledger = Ledger(out / "ledger.jsonl")
    made = [(event["operation"], event["name"]) for event in ledger.events if event["event"] == "creating"]
    # Each is a call of its own, and so at least one moment.
    assert kills >= len(set(made))
    assert ledger.resources() == []

    clients = local_clients(engine)
    sagemaker = clients.sagemaker
    assert len(sagemaker.list_hyper_parameter_tuning_jobs()["HyperParameterTuningJobSummaries"]) == 1
    assert len(sagemaker.list_training_jobs()["TrainingJobSummaries"]) == 3
    assert sagemaker.list_endpoints()["Endpoints"] == sagemaker.list_models()["Models"] == []
    assert sagemaker.list_endpoint_configs()["EndpointConfigs"] == []
    # moto keeps those of other tests, too.
    names = [each["FunctionName"] for each in clients.awslambda.list_functions()["Functions"]]
    names += [each["RoleName"] for each in clients.iam.list_roles()["Roles"]]
    assert [name for name in names if name.startswith("light")] == []


def test_down_removes_what_a_killed_run_has_left(
    engine: str,
    processes: ForkServerContext,
    light_recipe: Path,
    two_shades: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    out = tmp_path / "out"
    assert killed(processes, first_command(engine, light_recipe, two_shades, out), 9)
    assert cli.main(["down", str(out)]) == 0
    sagemaker = local_clients(engine).sagemaker
    (tuning,) = sagemaker.list_hyper_parameter_tuning_jobs()["HyperParameterTuningJobSummaries"] or [None]
    assert tuning is None or tuning["HyperParameterTuningJobStatus"] == "Stopped"
    assert cli.main(["down", str(out)]) == 0
    assert "nothing is left" in capsys.readouterr().err


def test_there_is_nothing_to_resume_without_a_run(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["resume", str(tmp_path)]) == 1
    assert f"{tmp_path} holds no run" in capsys.readouterr().err
