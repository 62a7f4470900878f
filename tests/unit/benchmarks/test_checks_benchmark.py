"""The bad requests of benchmarks/checks.py are what they claim to be; the benchmark itself counts who finds them."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from sm_raw import check_together

BENCHMARKS = Path(__file__).resolve().parents[3] / "benchmarks"
SEED, COUNT = 3, 400


@pytest.fixture(scope="module")
def generation() -> Iterator[ModuleType]:
    sys.path.insert(0, str(BENCHMARKS))
    yield importlib.import_module("check_cases.generation")
    sys.path.remove(str(BENCHMARKS))


@pytest.fixture(scope="module")
def good(generation: ModuleType) -> dict[str, Any]:
    found: dict[str, Any] = importlib.import_module("check_cases.good").good_requests()
    return found


@pytest.fixture(scope="module")
def bad(generation: ModuleType, good: dict[str, Any]) -> list[Any]:
    found: list[Any] = generation.bad_requests(good, seed=SEED, count=COUNT)
    return found


def test_good_requests_have_no_findings(good: dict[str, Any]) -> None:
    alarms = {name: found for name, each in good.items() if any(found := check_together(each, region="us-east-1"))}
    assert alarms == {}


def test_there_are_as_many_bad_requests_as_asked_for(bad: list[Any]) -> None:
    assert len(bad) == COUNT >= 300
    assert len({each.kind for each in bad}) > 20


def test_every_bad_request_differs_from_its_good_one(good: dict[str, Any], bad: list[Any]) -> None:
    assert [each for each in bad if each.documents(good[each.request]) == good[each.request]] == []


def test_a_seed_gives_the_same_bad_requests_again(generation: ModuleType, good: dict[str, Any], bad: list[Any]) -> None:
    def told(requests: list[Any]) -> list[str]:
        return [fault.what for each in requests for fault in each.faults]

    assert told(generation.bad_requests(good, seed=SEED, count=COUNT)) == told(bad)
    assert told(generation.bad_requests(good, seed=SEED + 1, count=COUNT)) != told(bad)


def test_every_value_that_breaks_the_model_is_found_where_it_is(good: dict[str, Any], bad: list[Any]) -> None:
    judge = importlib.import_module("check_cases.judges").Ours(good)
    broken = [each for each in bad if all(fault.path is not None for fault in each.faults)]
    assert [each.faults for each in broken if judge.verdict(each) == "missed"] == []
    assert len(broken) > COUNT / 3


def test_edits_reach_into_lists_and_maps(generation: ModuleType) -> None:
    edits = importlib.import_module("check_cases.edits")
    request = {"Channels": [{"Name": "a", "Uri": "b"}], "Parameters": {"train.interval": "1"}}
    changes = {
        "Channels[0].Name": "c",
        "Channels[0].Uri": None,
        "Channels[1]": {"Name": "d"},
        'Parameters["train.interval"]': edits.Null(),
        "Tags.owner": "e",
    }
    assert edits.edited(request, changes) == {
        "Channels": [{"Name": "c"}, {"Name": "d"}],
        "Parameters": {"train.interval": None},
        "Tags": {"owner": "e"},
    }
    assert request["Parameters"] == {"train.interval": "1"}


@pytest.mark.parametrize(
    ("one", "other", "is_related"),
    [
        ("A.B", "A.B", True),
        ("A", "A.B[0]", True),
        ("A.B[1]", "A.B[1].C", True),
        ("A.B[1]", "A.B[10]", False),
        ("A.Bc", "A.B", False),
        ("", "A.B", True),
    ],
)
def test_paths_are_related_when_one_lies_within_the_other(
    generation: ModuleType, one: str, other: str, *, is_related: bool
) -> None:
    assert importlib.import_module("check_cases.edits").related(one, other) is is_related
