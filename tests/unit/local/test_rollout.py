"""The steps in which an update shifts the traffic."""

from __future__ import annotations

from typing import Any

import pytest

from sm_raw import specs
from sm_raw.local.rollout import Rollout, rollout


@pytest.mark.parametrize(
    ("deployment", "shares"),
    [
        ({}, (1.0,)),
        (specs.all_at_once_deployment(), (1.0,)),
        (specs.canary_deployment(specs.capacity_percent(10), wait_seconds=0), (0.1, 1.0)),
        (specs.canary_deployment(specs.capacity_instances(1), wait_seconds=0), (0.25, 1.0)),
        (specs.linear_deployment(specs.capacity_percent(40), wait_seconds=0), (0.4, 0.8, 1.0)),
        (specs.linear_deployment(specs.capacity_percent(50), wait_seconds=0), (0.5, 1.0)),
        (specs.rolling_deployment(specs.capacity_instances(2), wait_seconds=0), (0.5, 1.0)),
        (specs.rolling_deployment(specs.capacity_instances(9), wait_seconds=0), (1.0,)),
    ],
)
def test_the_new_fleet_takes_over_step_by_step(deployment: Any, shares: tuple[float, ...]) -> None:
    assert rollout(deployment, instances=4).shares == pytest.approx(shares)


def test_tenths_add_up_to_ten_steps() -> None:
    deployment: Any = specs.linear_deployment(specs.capacity_percent(10), wait_seconds=0)
    assert len(rollout(deployment, instances=1).shares) == 10


def test_waits_and_alarms_are_those_of_the_deployment() -> None:
    deployment: Any = specs.all_at_once_deployment(
        wait_seconds=60, termination_wait_seconds=30, alarms=["slow", "sick"]
    )
    assert rollout(deployment, instances=1) == Rollout((1.0,), 60, 30, ("slow", "sick"))
    rolling: Any = specs.rolling_deployment(specs.capacity_percent(50), wait_seconds=20)
    assert rollout(rolling, instances=1) == Rollout((0.5, 1.0), 20, 0, ())
