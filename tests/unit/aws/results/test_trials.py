from __future__ import annotations

import pytest

from sm_raw.aws.results.trials import Trial, best_trial, trial_records
from sm_raw.errors import SmRawError


def trial(name: str, status: str, objective: float | None) -> Trial:
    return Trial(name, status, objective, {}, None)


def test_the_best_trial_is_the_first_that_completed_with_a_value() -> None:
    ranked = [trial("a", "Stopped", 0.1), trial("b", "Completed", 0.2), trial("c", "Completed", 0.3)]
    assert best_trial(ranked) is ranked[1]


@pytest.mark.parametrize(
    ("ranked", "message"),
    [
        ([trial("a", "Failed", None), trial("b", "Completed", None)], "a: Failed, b: Completed.*regex"),
        ([], "there are no trials"),
    ],
)
def test_without_a_best_trial_it_is_told_what_became_of_them(ranked: list[Trial], message: str) -> None:
    with pytest.raises(SmRawError, match=message):
        best_trial(ranked)


def test_records_are_flat_and_all_have_the_same_keys() -> None:
    found = [Trial("a", "Completed", 0.25, {"lr": 0.01, "batch-size": 64}, 9.0), Trial("b", "Failed", None, {}, None)]
    assert trial_records(found) == [
        {"training_job": "a", "status": "Completed", "objective": 0.25, "batch-size": 64, "lr": 0.01, "seconds": 9.0},
        {"training_job": "b", "status": "Failed", "objective": None, "batch-size": None, "lr": None, "seconds": None},
    ]


def test_the_definition_is_told_where_there_are_several() -> None:
    found = [Trial("a", "Completed", 0.25, {}, 9.0, "one"), Trial("b", "Completed", 0.5, {}, 9.0, "two")]
    assert [record["definition"] for record in trial_records(found)] == ["one", "two"]


def test_a_hyperparameter_takes_no_other_ones_place() -> None:
    (record,) = trial_records([Trial("a", "Completed", 0.25, {"status": "frozen", "seconds": 3}, 9.0)])
    assert (record["status"], record["seconds"]) == ("Completed", 9.0)
    assert (record["hyperparameter status"], record["hyperparameter seconds"]) == ("frozen", 3)
