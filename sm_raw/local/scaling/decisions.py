"""What a scaling policy makes of a metric: the capacity that a scalable target should have. Pure.

Sources: https://docs.aws.amazon.com/autoscaling/application/userguide/target-tracking-scaling-policy-overview.html
("adding capacity proportional to the metric value", rounding so that never too little is added or too much removed,
several policies, cooldowns) and
https://docs.aws.amazon.com/autoscaling/application/userguide/step-scaling-policy-overview.html (bounds and rounding
of steps). AWS does not publish the arithmetic of target tracking; this is the one that these pages imply.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

DEFAULT_COOLDOWN_SECONDS = 300  # of endpoint variants
# A quotient such as 3 * 0.7 / 0.7 is 3 and not a hair more, which would be rounded up to 4.
EXACT_DIGITS = 9

Direction = Literal["out", "in"]


@dataclass(frozen=True)
class Past:
    """The last scaling by a policy in either direction: when it was complete, and the capacity before it."""

    out_ended: float | None = None
    out_from: int = 0
    in_ended: float | None = None


@dataclass(frozen=True)
class Wish:
    """The capacity that one policy asks for; ``tracking`` tells target tracking from steps."""

    policy: str
    capacity: int
    tracking: bool
    cause: str = ""
    metric: float = 0.0


@dataclass(frozen=True)
class Decision:
    """The capacity that is set; ``kept`` is AWS's code for the reason where that is the present one."""

    capacity: int
    wish: Wish
    kept: str = ""


def proportional(capacity: int, metric: float, target: float) -> int:
    """The least capacity at which a metric that falls as capacity grows is not above its target."""
    return math.ceil(round(capacity * metric / target, EXACT_DIGITS))


def tracked(
    config: Mapping[str, Any], direction: Direction, datapoints: Sequence[float], capacity: int, past: Past, now: float
) -> int | None:
    """What target tracking asks for while its alarm of ``direction`` rings; None to leave the capacity as it is.

    ``datapoints`` are those of the alarm, newest last, ``now`` and ``past`` in seconds of the policy's own time.
    Out follows the newest; in, which is to be gradual, keeps what the busiest of the fifteen minutes needed. "While
    the cooldown period is in effect, the capacity added by the initiating scale-out activity is calculated as part of
    the desired capacity for the next scale-out activity": until then the metric is taken as that of the capacity
    before it, so that only a larger breach adds more.
    """
    target = float(config["TargetValue"])
    if direction == "out":
        base = _base(capacity, past, config.get("ScaleOutCooldown"), now)
        wanted = proportional(base, datapoints[-1], target)
        return wanted if wanted > capacity else None
    if config.get("DisableScaleIn") or _cools(past.in_ended, config.get("ScaleInCooldown"), now):
        return None
    wanted = proportional(capacity, max(datapoints), target)
    return wanted if wanted < capacity else None


def stepped(config: Mapping[str, Any], breach: float, capacity: int, past: Past, now: float) -> int | None:
    """What step scaling asks for when the metric is ``breach`` above the alarm's threshold (below it, if negative)."""
    step = next((step for step in config.get("StepAdjustments", ()) if _covers(step, breach)), None)
    if step is None:
        return None
    cooldown = config.get("Cooldown")
    change = config["AdjustmentType"], step["ScalingAdjustment"], config.get("MinAdjustmentMagnitude")
    out, less = adjusted(_base(capacity, past, cooldown, now), *change), adjusted(capacity, *change)
    if less < capacity:
        return None if _cools(past.in_ended, cooldown, now) else less
    return out if out > capacity else None


def adjusted(capacity: int, kind: str, adjustment: int, least: int | None = None) -> int:
    """A capacity after one adjustment; a percentage is rounded towards zero, but to no less than one.

    ``least`` is the smallest change by a percentage.
    """
    if kind == "ExactCapacity":
        return adjustment
    if kind == "ChangeInCapacity":
        return max(0, capacity + adjustment)
    change = max(abs(int(capacity * adjustment / 100)), least or 1)
    return max(0, capacity + (change if adjustment > 0 else -change))


def decided(wishes: Iterable[Wish], trackers: Iterable[str], capacity: int, low: int, high: int) -> Decision | None:
    """The capacity that several policies agree on, within the bounds of the target; None if nobody asks.

    The largest wins in both directions. In goes target tracking only when all its policies that may scale in,
    ``trackers``, ask for it: availability comes first. Steps do not wait for it.
    """
    asked = list(wishes)
    if outs := [wish for wish in asked if wish.capacity > capacity]:
        wish = max(outs, key=lambda each: each.capacity)
        reached = min(wish.capacity, high)
        return Decision(reached, wish) if reached > capacity else Decision(capacity, wish, "AlreadyAtMaxCapacity")
    agreed = set(trackers) <= {wish.policy for wish in asked}
    ins = [wish for wish in asked if agreed or not wish.tracking]
    if not ins:
        return None
    wish = max(ins, key=lambda each: each.capacity)
    reached = max(wish.capacity, low)
    return Decision(reached, wish) if reached < capacity else Decision(capacity, wish, "AlreadyAtMinCapacity")


def is_suspended(target: Mapping[str, Any], wish: Wish, capacity: int) -> bool:
    """Whether a scalable target, as it is described, does not scale that way for the time being."""
    way = "Out" if wish.capacity > capacity else "In"
    return bool((target.get("SuspendedState") or {}).get(f"DynamicScaling{way}Suspended"))


def _base(capacity: int, past: Past, cooldown: int | None, now: float) -> int:
    return past.out_from if _cools(past.out_ended, cooldown, now) else capacity


def _cools(ended: float | None, cooldown: int | None, now: float) -> bool:
    seconds = DEFAULT_COOLDOWN_SECONDS if cooldown is None else cooldown
    return ended is not None and now < ended + seconds


def _covers(step: Mapping[str, Any], breach: float) -> bool:
    """Above the threshold the lower bound belongs to a step, below it the upper one."""
    lower = step.get("MetricIntervalLowerBound", -math.inf)
    upper = step.get("MetricIntervalUpperBound", math.inf)
    return bool(lower <= breach < upper) if breach >= 0 else bool(lower < breach <= upper)
