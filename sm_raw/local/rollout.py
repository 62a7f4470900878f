"""How an update shifts traffic to the new fleet: in which steps, how long each is watched, which alarms take it back.

Sources: https://docs.aws.amazon.com/sagemaker/latest/dg/deployment-guardrails-blue-green.html and, for rolling
deployments, whose "traffic shifting behavior is similar to the linear traffic shifting mode",
https://docs.aws.amazon.com/sagemaker/latest/dg/deployment-guardrails-rolling.html
"""

from __future__ import annotations

import itertools
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sm_raw.local.engine import Engine
from sm_raw.local.model_server import Unhealthy

# How often the alarms are looked at while a step is watched.
LOOK_SECONDS = 0.5


@dataclass(frozen=True)
class Rollout:
    """``shares`` of the traffic (0 to 1) that the new fleet takes step by step; each is watched ``bake_seconds``.

    The old fleet lives on for another ``termination_seconds``.
    """

    shares: tuple[float, ...] = (1.0,)
    bake_seconds: float = 0
    termination_seconds: float = 0
    alarms: tuple[str, ...] = ()


def rollout(deployment: Mapping[str, Any], instances: int) -> Rollout:
    """The rollout that a DeploymentConfig asks for, to a fleet of so many ``instances``; all at once if it is empty."""
    policy = deployment.get("BlueGreenUpdatePolicy", {})
    rolling = deployment.get("RollingUpdatePolicy", {})
    routing = policy.get("TrafficRoutingConfiguration", rolling)
    canary, step = routing.get("CanarySize"), routing.get("LinearStepSize", routing.get("MaximumBatchSize"))
    shares = (*_canary(canary, instances), *_linear(step, instances), 1.0)
    alarms = deployment.get("AutoRollbackConfiguration", {}).get("Alarms", [])
    return Rollout(
        shares=shares,
        bake_seconds=routing.get("WaitIntervalInSeconds", 0),
        termination_seconds=policy.get("TerminationWaitInSeconds", 0),
        alarms=tuple(alarm["AlarmName"] for alarm in alarms),
    )


def _share(size: Mapping[str, Any], instances: int) -> float:
    whole = 100 if size["Type"] == "CAPACITY_PERCENT" else max(1, instances)
    return float(min(1.0, size["Value"] / whole))


def _canary(size: Mapping[str, Any] | None, instances: int) -> tuple[float, ...]:
    return (_share(size, instances),) if size else ()


def _linear(size: Mapping[str, Any] | None, instances: int) -> tuple[float, ...]:
    """The steps before the last."""
    if not size:
        return ()
    share = _share(size, instances)
    return tuple(itertools.takewhile(lambda reached: reached < 1 - share / 1000, itertools.count(share, share)))


def bake(engine: Engine, region: str, plan: Rollout) -> None:
    """Wait as long as a step is watched, in the engine's time. Raises Unhealthy as soon as one of the alarms is on."""
    deadline = time.monotonic() + plan.bake_seconds / engine.time_scale
    while True:
        _refuse_alarms(engine, region, plan)
        left = deadline - time.monotonic()
        if left <= 0 or engine.closing.wait(min(left, LOOK_SECONDS)):
            return


def _refuse_alarms(engine: Engine, region: str, plan: Rollout) -> None:
    if not plan.alarms:
        return
    found = engine.client("cloudwatch", region).describe_alarms(AlarmNames=list(plan.alarms))
    alarms = [*found["MetricAlarms"], *found.get("CompositeAlarms", [])]
    if on := ", ".join(sorted(alarm["AlarmName"] for alarm in alarms if alarm["StateValue"] == "ALARM")):
        raise Unhealthy(f"The deployment was rolled back: these CloudWatch alarms went off: {on}.")
