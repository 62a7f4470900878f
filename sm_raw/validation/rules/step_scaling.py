"""E5xx: the steps of a scaling policy, and the alarms that take them."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator

from sm_raw.validation.findings import Finding, Request
from sm_raw.validation.reading import at, is_absent, number, records, text
from sm_raw.validation.rules.base import Rule
from sm_raw.validation.rules.scaling_policies import API, PolicyRule

STEPS = "StepScalingPolicyConfiguration"


class StepsAreComplete(PolicyRule):
    """A step scaling policy has an AdjustmentType and at least one step."""

    id = "E530"
    source = f"{API}/API_StepScalingPolicyConfiguration.html"

    def check(self, request: Request) -> Iterator[Finding]:
        for _, config in records([request.get(STEPS)]):
            if is_absent(config, "AdjustmentType"):
                yield self.finding(f"{STEPS}.AdjustmentType", "missing; give ChangeInCapacity, to count in units")
            if is_absent(config, "StepAdjustments") or not config["StepAdjustments"]:
                message = "missing; give one step, such as a MetricIntervalLowerBound of 0 and a ScalingAdjustment of 1"
                yield self.finding(f"{STEPS}.StepAdjustments", message)


class StepsAdjoin(PolicyRule):
    """Steps have a bound, and cover what is beyond the threshold once: no overlap, no gap, no end."""

    id = "E531"
    source = f"{API}/API_StepAdjustment.html"

    def check(self, request: Request) -> Iterator[Finding]:
        intervals = []
        for index, each in records(at(request, STEPS, "StepAdjustments")):
            lower, upper = _bound(each, "MetricIntervalLowerBound"), _bound(each, "MetricIntervalUpperBound")
            if lower is None or upper is None:
                return
            path = f"{STEPS}.StepAdjustments[{index}]"
            if lower >= upper or (lower, upper) == (-math.inf, math.inf):
                yield self.finding(path, _empty(lower, upper))
                return
            intervals.append((lower, upper, path))
        intervals.sort()
        for (_, end, _), (start, _, path) in itertools.pairwise(intervals):
            if end != start:
                fault = "overlaps with" if end > start else "leaves a gap to"
                yield self.finding(path, f"{fault} the step before it, which ends at {_spelt(end)}; let one end there")
        if intervals and -math.inf < intervals[0][0] < 0:
            yield self.finding(intervals[0][2], "is the lowest step below the threshold; leave out its lower bound")
        if intervals and 0 < intervals[-1][1] < math.inf:
            yield self.finding(intervals[-1][2], "is the highest step above the threshold; leave out its upper bound")


def _bound(given: Request, name: str) -> float | None:
    """The bound of a step, infinite where it is left out; None when it is not known."""
    if is_absent(given, name):
        return -math.inf if "Lower" in name else math.inf
    return number(given.get(name))


def _empty(lower: float, upper: float) -> str:
    if lower < upper:
        return "has neither bound; give MetricIntervalLowerBound 0 for all that is above the threshold"
    return f"its lower bound ({lower}) is not below its upper bound ({upper}); exchange them"


def _spelt(bound: float) -> str:
    return "no bound" if math.isinf(bound) else str(bound)


class ExactCapacityIsNotNegative(PolicyRule):
    """A step of ExactCapacity sets 0 or more."""

    id = "E532"
    source = f"{API}/API_StepAdjustment.html"

    def check(self, request: Request) -> Iterator[Finding]:
        if at(request, STEPS, "AdjustmentType") != "ExactCapacity":
            return
        for index, each in records(at(request, STEPS, "StepAdjustments")):
            amount = number(each.get("ScalingAdjustment"))
            if amount is not None and amount < 0:
                message = f"{amount} is no capacity; give 0 or more, or set AdjustmentType to ChangeInCapacity"
                yield self.finding(f"{STEPS}.StepAdjustments[{index}].ScalingAdjustment", message)


class MagnitudeIsOfAPercentage(PolicyRule):
    """MinAdjustmentMagnitude is given with PercentChangeInCapacity only."""

    id = "W533"
    source = f"{API}/API_StepScalingPolicyConfiguration.html"

    def check(self, request: Request) -> Iterator[Finding]:
        config = at(request, STEPS)
        kind = text(at(config, "AdjustmentType"))
        if kind not in {None, "PercentChangeInCapacity"} and not is_absent(config, "MinAdjustmentMagnitude"):
            where = f"{STEPS}.MinAdjustmentMagnitude"
            yield self.finding(where, f"has no effect with {kind}; remove it, or give PercentChangeInCapacity")


class AlarmPointsWithinPeriods(Rule):
    """An alarm's DatapointsToAlarm does not exceed its EvaluationPeriods."""

    id = "E527"
    operations = ("PutMetricAlarm",)
    source = "https://github.com/hashicorp/terraform/issues/24070"

    def check(self, request: Request) -> Iterator[Finding]:
        points, periods = number(request.get("DatapointsToAlarm")), number(request.get("EvaluationPeriods"))
        if points is not None and periods is not None and points > periods:
            message = f"{points} is more than EvaluationPeriods ({periods}); give {periods} or less"
            yield self.finding("DatapointsToAlarm", message)
