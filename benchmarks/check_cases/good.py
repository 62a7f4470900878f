"""All good requests by name; a story is several documents that are sent together."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeAlias

from check_cases.good_around import AROUND, AROUND_STORIES
from check_cases.good_hosting import HOSTING, HOSTING_STORIES
from check_cases.good_training import TRAINING
from check_cases.good_tuning import TUNING

Documents: TypeAlias = list[tuple[str, Mapping[str, Any]]]


def good_requests() -> dict[str, Documents]:
    """{name: its documents}, each an operation with its request."""
    single = {
        build.__name__: [(operation, build())]
        for operation, builders in {**TRAINING, **TUNING, **HOSTING, **AROUND}.items()
        for build in builders
    }
    return {**single, **{story.__name__: story() for story in (*HOSTING_STORIES, *AROUND_STORIES)}}
