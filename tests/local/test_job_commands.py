"""attach, results and ls, against a real engine."""

from __future__ import annotations

import json
import signal
from collections.abc import Iterator
from typing import Any

import pytest

from sm_raw import cli, specs

pytestmark = pytest.mark.local


@pytest.fixture(autouse=True)
def _handlers() -> Iterator[None]:
    """The commands take over Ctrl-C; the tests should keep theirs."""
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


def command(lab: Any, *arguments: str) -> int:
    return cli.main([*arguments, "--endpoint-url", lab.url])


def test_a_tuning_job_is_followed_and_its_trials_are_told(lab: Any, capsys: pytest.CaptureFixture[str]) -> None:
    name = lab.name("tune")
    lab.sm.create_hyper_parameter_tuning_job(
        **specs.tuning_job(
            name,
            training=specs.training_definition(**lab.common()),
            ranges=[specs.continuous_range("x", 0.0, 1.0)],
            objective_metric="valid:loss",
            objective_type="Minimize",
            max_jobs=2,
            max_parallel_jobs=2,
        )
    )
    assert command(lab, "attach", name) == 0
    told = capsys.readouterr()
    assert told.out == "Completed\n"
    assert told.err.startswith(f"tuning job {name}\n")
    assert command(lab, "results", name, "--format", "json") == 0
    found = json.loads(capsys.readouterr().out)
    assert [trial["objective"] for trial in found] == sorted(trial["objective"] for trial in found)
    assert all(isinstance(trial["hyperparameters"]["x"], float) for trial in found)
    assert command(lab, "results", name) == 0
    assert capsys.readouterr().out.split()[:5] == ["training", "job", "status", "objective", "x"]


def test_what_runs_is_listed_until_it_ends(lab: Any, capsys: pytest.CaptureFixture[str]) -> None:
    name = lab.start()
    assert command(lab, "ls") == 0
    rows = [line.split()[:4] for line in capsys.readouterr().out.splitlines()]
    assert ["training", "job", name, "InProgress"] in rows
    lab.sm.stop_training_job(TrainingJobName=name)
    assert command(lab, "attach", name) == 1
    assert f"training job {name!r} ended Stopped" in capsys.readouterr().err
    assert command(lab, "ls") == 0
    assert name not in capsys.readouterr().out


@pytest.mark.parametrize("arguments", [["attach", "nobody"], ["results", "nobody"]])
def test_a_name_of_nothing_is_told_in_words(lab: Any, arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert command(lab, *arguments) == 1
    told = capsys.readouterr().err
    assert "nobody" in told
    assert "Traceback" not in told
