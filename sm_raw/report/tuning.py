"""The trials of a tuning job: best first, with the hyperparameters that differ as columns."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sm_raw.report.reading import finite, mapping, records, text

GOALS = {"Minimize": "lower is better", "Maximize": "higher is better"}


@dataclass(frozen=True)
class Trial:
    name: str
    status: str
    objective: Any  # as it came: a diverged trial may carry NaN
    hyperparameters: Mapping[str, Any]
    seconds: float | None
    best: bool


@dataclass(frozen=True)
class Tuning:
    metric: str
    goal: str
    trials: Sequence[Trial]
    tuned: Sequence[str]  # hyperparameters whose values differ between trials
    shared: Mapping[str, Any]  # those with one value in all trials


def tuning(run: Mapping[str, Any]) -> Tuning:
    objective = mapping(run, "objective")
    trials = [_trial(record, text(run, "best_training_job")) for record in records(run, "trials")]
    names = list(dict.fromkeys(name for trial in trials for name in trial.hyperparameters))
    tuned = [name for name in names if len(trials) == 1 or _differs(name, trials)]
    return Tuning(
        metric=text(objective, "metric") or "objective",
        goal=GOALS.get(text(objective, "type"), ""),
        trials=_best_first(trials, text(objective, "type")),
        tuned=tuned,
        shared={name: trials[0].hyperparameters[name] for name in names if name not in tuned},
    )


def _trial(record: Mapping[str, Any], best: str) -> Trial:
    name = text(record, "name")
    return Trial(
        name=name,
        status=text(record, "status"),
        objective=record.get("objective"),
        hyperparameters=mapping(record, "hyperparameters"),
        seconds=finite(record.get("seconds")),
        best=bool(name) and name == best,
    )


def _differs(name: str, trials: Sequence[Trial]) -> bool:
    return len({repr(trial.hyperparameters.get(name)) for trial in trials}) > 1


def _best_first(trials: Sequence[Trial], goal: str) -> list[Trial]:
    """Sorted by the objective, those without one last; without a known goal the given order stays."""
    sign = {"Minimize": 1, "Maximize": -1}.get(goal, 0)

    def rank(trial: Trial) -> tuple[bool, float]:
        value = finite(trial.objective)
        return value is None, sign * (value or 0.0)

    # The service's own choice stays on top: it breaks ties, and it is what was trained in the end.
    return sorted(trials, key=lambda trial: (not trial.best, rank(trial)))
