from __future__ import annotations

import math
import statistics
from typing import Any

import pytest

from sm_raw.local.search import make_search

CONTINUOUS = {"Name": "x", "MinValue": "0.0001", "MaxValue": "0.1"}


def ranges(*, continuous: Any = (), integer: Any = (), categorical: Any = ()) -> dict[str, Any]:
    return {
        "ContinuousParameterRanges": list(continuous),
        "IntegerParameterRanges": list(integer),
        "CategoricalParameterRanges": list(categorical),
    }


def drawn(strategy: str, space: dict[str, Any], count: int = 200, seed: int = 1) -> list[dict[str, str]]:
    search = make_search(strategy, space, maximize=False, seed=seed)
    proposals = [search.ask() for _ in range(count)]
    return [proposal.values for proposal in proposals if proposal is not None]


@pytest.mark.parametrize(
    ("scaling", "low", "high", "below_middle"),
    # Half of the values lie below the arithmetic middle, below the geometric one, or that of the distances from one.
    [
        ("Linear", 0.0, 1.0, 0.5),
        ("Auto", 0.0, 1.0, 0.5),
        ("Logarithmic", 0.0001, 1.0, 0.01),
        ("ReverseLogarithmic", 0.0, 0.9999, 0.99),
    ],
)
def test_continuous_values_lie_within_bounds_and_follow_the_scaling(
    scaling: str, low: float, high: float, below_middle: float
) -> None:
    item = {"Name": "x", "MinValue": str(low), "MaxValue": str(high), "ScalingType": scaling}
    values = [float(each["x"]) for each in drawn("Random", ranges(continuous=[item]), 400)]
    assert all(low <= value <= high for value in values)
    assert 0.4 < sum(value < below_middle for value in values) / len(values) < 0.6


@pytest.mark.parametrize("scaling", [None, "Linear", "Logarithmic"])
def test_integers_are_whole_and_reach_both_bounds(scaling: str | None) -> None:
    item = {"Name": "n", "MinValue": "1", "MaxValue": "4", **({"ScalingType": scaling} if scaling else {})}
    assert {each["n"] for each in drawn("Random", ranges(integer=[item]))} == {"1", "2", "3", "4"}


def test_categories_are_given_as_they_are_spelt() -> None:
    item = {"Name": "c", "Values": ["sgd", '"adam"', "1.10"]}
    assert {each["c"] for each in drawn("Random", ranges(categorical=[item]))} == {"sgd", '"adam"', "1.10"}


def test_a_seed_repeats_a_random_search_whatever_its_trials_find() -> None:
    space = ranges(continuous=[CONTINUOUS], integer=[{"Name": "n", "MinValue": "1", "MaxValue": "99"}])
    told = make_search("Random", space, maximize=True, seed=1)
    values = []
    for number in range(5):
        proposal = told.ask()
        assert proposal is not None
        values.append(proposal.values)
        told.tell(number, None if number % 2 else float(number))
    assert values == drawn("Random", space, 5, seed=1)
    assert values != drawn("Random", space, 5, seed=2)


@pytest.mark.parametrize("maximize", [False, True])
def test_a_bayesian_search_comes_nearer_than_a_random_one(maximize: bool) -> None:
    def mean_distance(strategy: str, seed: int) -> float:
        space = ranges(continuous=[{"Name": "x", "MinValue": "0", "MaxValue": "1"}])
        search = make_search(strategy, space, maximize=maximize, seed=seed)
        distances = []
        for number in range(20):
            proposal = search.ask()
            assert proposal is not None
            distances.append(abs(float(proposal.values["x"]) - 0.3))
            search.tell(number, -distances[-1] if maximize else distances[-1])
        return statistics.mean(distances[10:])

    seeds = range(3)
    bayesian = statistics.mean(mean_distance("Bayesian", seed) for seed in seeds)
    assert bayesian < 0.8 * statistics.mean(mean_distance("Random", seed) for seed in seeds)


def test_a_bayesian_search_takes_trials_that_run_side_by_side_and_fail() -> None:
    search = make_search("Bayesian", ranges(continuous=[CONTINUOUS]), maximize=False, seed=0)
    for start in range(0, 12, 3):
        proposals = [search.ask() for _ in range(3)]
        assert [proposal.number for proposal in proposals if proposal] == [start, start + 1, start + 2]
        for proposal in reversed(proposals):
            assert proposal is not None
            search.tell(proposal.number, None if proposal.number % 2 else math.log(float(proposal.values["x"])))


def test_a_grid_gives_every_combination_once_and_then_nothing() -> None:
    space = ranges(categorical=[{"Name": "a", "Values": ["1", "2"]}, {"Name": "b", "Values": ["x", "y"]}])
    search = make_search("Grid", space, maximize=True, seed=None)
    proposals = [search.ask() for _ in range(5)]
    search.tell(0, 1.0)
    assert [proposal and (proposal.number, *proposal.values.values()) for proposal in proposals] == [
        (0, "1", "x"),
        (1, "1", "y"),
        (2, "2", "x"),
        (3, "2", "y"),
        None,
    ]
