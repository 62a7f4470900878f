from __future__ import annotations

from typing import Any

from sm_raw.report.tuning import tuning

Run = dict[str, Any]


def test_trials_are_sorted_best_first_and_those_without_an_objective_last(run: Run) -> None:
    told = tuning(run)
    assert [(trial.name, trial.best) for trial in told.trials] == [
        ("t-2", True),
        ("t-1", False),
        ("t-3", False),
        ("t-4", False),
    ]
    assert (told.metric, told.goal) == ("valid:loss", "lower is better")


def test_a_metric_to_maximize_is_sorted_the_other_way(run: Run) -> None:
    run |= {"objective": {"metric": "valid:accuracy", "type": "Maximize"}, "best_training_job": None}
    assert [trial.name for trial in tuning(run).trials] == ["t-1", "t-2", "t-3", "t-4"]


def test_only_hyperparameters_that_differ_are_columns(run: Run) -> None:
    told = tuning(run)
    assert (list(told.tuned), dict(told.shared)) == (["lr", "batch_size"], {"epochs": 2})


def test_a_hyperparameter_that_one_trial_lacks_is_a_column(run: Run) -> None:
    del run["trials"][0]["hyperparameters"]["epochs"]
    assert "epochs" in tuning(run).tuned


def test_a_single_trial_shows_all_its_hyperparameters(run: Run) -> None:
    told = tuning(run | {"trials": run["trials"][:1]})
    assert (list(told.tuned), dict(told.shared)) == (["lr", "batch_size", "epochs"], {})


def test_a_run_without_tuning_has_no_trials() -> None:
    told = tuning({"trials": None, "objective": None})
    assert (list(told.trials), list(told.tuned), told.metric) == ([], [], "objective")
