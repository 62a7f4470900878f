"""SageMaker's search strategies and scaling types, on Optuna.

Random is random; Bayesian is Optuna's tree-structured Parzen estimator (Bergstra et al., "Algorithms for
Hyper-Parameter Optimization", NIPS 2011), for the service does not publish its own model; Grid takes every combination
in order.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    import optuna

# Optuna's default of 10 random trials is all that a small tuning job has; the model takes over after these.
STARTUP_TRIALS = 3


@dataclass(frozen=True)
class Proposal:
    """One trial: its number within the search, and a value for each tuned hyperparameter, as text."""

    number: int
    values: dict[str, str]


class Search(Protocol):
    """Proposes trials and learns from their objectives."""

    def ask(self) -> Proposal | None:
        """The next trial, or None when there is none left."""

    def tell(self, number: int, objective: float | None) -> None:
        """The objective of a trial that ended; None if it has none."""


def make_search(strategy: str, ranges: Mapping[str, Any], *, maximize: bool, seed: int | None) -> Search:
    """The search for a tuning job's Strategy, ParameterRanges and RandomSeed."""
    if strategy == "Grid":
        return GridSearch(ranges)
    return OptunaSearch(strategy, ranges, maximize=maximize, seed=seed)


class GridSearch:
    """Every combination of the categorical values."""

    def __init__(self, ranges: Mapping[str, Any]) -> None:
        lists = ranges.get("CategoricalParameterRanges", [])
        names = [item["Name"] for item in lists]
        combinations = itertools.product(*(item["Values"] for item in lists))
        self._proposals: Iterator[Proposal] = (
            Proposal(number, dict(zip(names, values, strict=True))) for number, values in enumerate(combinations)
        )

    def ask(self) -> Proposal | None:
        return next(self._proposals, None)

    def tell(self, number: int, objective: float | None) -> None:
        """A grid does not learn."""


class OptunaSearch:
    """Random and Bayesian searches."""

    def __init__(self, strategy: str, ranges: Mapping[str, Any], *, maximize: bool, seed: int | None) -> None:
        import optuna

        optuna.logging.set_verbosity(optuna.logging.WARNING)
        sampler: optuna.samplers.BaseSampler = (
            optuna.samplers.RandomSampler(seed=seed)
            if strategy == "Random"
            else optuna.samplers.TPESampler(n_startup_trials=STARTUP_TRIALS, seed=seed)
        )
        self._study = optuna.create_study(sampler=sampler, direction="maximize" if maximize else "minimize")
        self._parameters = dict(_parameters(ranges))
        self._trials: dict[int, optuna.Trial] = {}

    def ask(self) -> Proposal | None:
        space = {name: parameter.distribution for name, parameter in self._parameters.items()}
        trial = self._study.ask(space)
        self._trials[trial.number] = trial
        values = {name: parameter.spell(trial.params[name]) for name, parameter in self._parameters.items()}
        return Proposal(trial.number, values)

    def tell(self, number: int, objective: float | None) -> None:
        import optuna

        trial = self._trials.pop(number)
        if objective is None:
            self._study.tell(trial, state=optuna.trial.TrialState.FAIL)
        else:
            self._study.tell(trial, objective)


@dataclass(frozen=True)
class Parameter:
    """One tuned hyperparameter: what Optuna draws, and how a drawn value is spelled."""

    distribution: optuna.distributions.BaseDistribution
    spell: Callable[[Any], str]


def _parameters(ranges: Mapping[str, Any]) -> Iterator[tuple[str, Parameter]]:
    from optuna.distributions import CategoricalDistribution, IntDistribution

    for item in ranges.get("ContinuousParameterRanges", []):
        yield item["Name"], _continuous(item)
    for item in ranges.get("IntegerParameterRanges", []):
        low, high = int(item["MinValue"]), int(item["MaxValue"])
        logarithmic = item.get("ScalingType") == "Logarithmic"
        yield item["Name"], Parameter(IntDistribution(low, high, log=logarithmic), str)
    for item in ranges.get("CategoricalParameterRanges", []):
        yield item["Name"], Parameter(CategoricalDistribution(item["Values"]), str)


def _continuous(item: Mapping[str, str]) -> Parameter:
    from optuna.distributions import FloatDistribution

    low, high = float(item["MinValue"]), float(item["MaxValue"])
    if item.get("ScalingType") == "ReverseLogarithmic":
        # Fine steps near one: 1 - x is drawn on a log scale. The range lies within [0, 1), and rounding stays in it.
        return Parameter(
            FloatDistribution(1 - high, 1 - low, log=True), lambda drawn: repr(min(high, max(low, 1 - drawn)))
        )
    # Auto starts from the linear scale in the service, too.
    return Parameter(FloatDistribution(low, high, log=item.get("ScalingType") == "Logarithmic"), repr)
