"""Waiting for many jobs, and for jobs started elsewhere, against the engine."""

from __future__ import annotations

from typing import Any

import pytest

from sm_raw import specs
from sm_raw.aws.job_kinds import TRAINING, TUNING
from sm_raw.aws.waiting.attach import attach, find_job
from sm_raw.aws.waiting.line import CallBudget
from sm_raw.aws.waiting.wait import wait_for_all, watch
from sm_raw.errors import NotAllSucceeded

pytestmark = pytest.mark.local

BUDGET: dict[str, Any] = {"timeout_seconds": 120, "calls_per_minute": CallBudget(6000)}


def test_several_training_jobs_are_waited_for_and_the_one_that_fails_is_told(lab: Any) -> None:
    names = [lab.name("many") for _ in range(3)]
    for name in names[:2]:
        lab.sm.create_training_job(**lab.training(name=name))
    lab.sm.create_training_job(**lab.training("no_such_program.py", name=names[2]))
    with pytest.raises(NotAllSucceeded, match="1 of 3 jobs did not succeed") as caught:
        wait_for_all(lab.clients, [(TRAINING, name) for name in names], logs=lab.clients.logs, **BUDGET)
    assert [outcome.status for outcome in caught.value.outcomes] == ["Completed", "Completed", "Failed"]
    ended = wait_for_all(lab.clients, [("CreateTrainingJob", name) for name in reversed(names[:2])], **BUDGET)
    assert [response["TrainingJobName"] for response in ended] == names[1::-1]
    assert all("ModelArtifacts" in response for response in ended)


def test_a_tuning_job_started_elsewhere_is_watched_with_its_training_jobs(lab: Any) -> None:
    name = lab.name("watched")
    request = specs.tuning_job(
        name,
        training=specs.training_definition(**lab.common()),
        objective_metric="valid:loss",
        objective_type="Minimize",
        ranges=[specs.continuous_range("x", 0.0, 1.0)],
        max_jobs=3,
        max_parallel_jobs=2,
    )
    lab.sm.create_hyper_parameter_tuning_job(**request)
    assert find_job(lab.clients, name) == TUNING
    changes = list(watch(lab.clients, [(TUNING, name)], children=True, **BUDGET))
    ended = [(change.kind, change.status) for change in changes if change.ended]
    assert ended == [(TRAINING, "Completed")] * 3 + [(TUNING, "Completed")]
    assert len({change.name for change in changes if change.tuning_job == name}) == 3
    done = attach(lab.clients, name, timeout_seconds=60)
    assert done["TrainingJobStatusCounters"]["Completed"] == 3
