from __future__ import annotations

from typing import Any

import pytest

from sm_raw.validation.rules import step_scaling
from sm_raw.validation.rules.base import Rule

STEPS = "StepScalingPolicyConfiguration"
NEITHER = "has neither bound; give MetricIntervalLowerBound 0 for all that is above the threshold"
ONE_STEP = "missing; give one step, such as a MetricIntervalLowerBound of 0 and a ScalingAdjustment of 1"


def found(rule: type[Rule], configuration: Any) -> list[tuple[str, str]]:
    request = {STEPS: configuration}
    return [(each.path.removeprefix(f"{STEPS}."), each.message) for each in rule("PutScalingPolicy").check(request)]


@pytest.mark.parametrize(
    ("rule", "configuration", "findings"),
    [
        (step_scaling.StepsAreComplete, {"AdjustmentType": "${type}", "StepAdjustments": "${steps}"}, []),
        (step_scaling.StepsAreComplete, "${configuration}", []),
        (
            step_scaling.StepsAreComplete,
            {},
            [
                ("AdjustmentType", "missing; give ChangeInCapacity, to count in units"),
                ("StepAdjustments", ONE_STEP),
            ],
        ),
        (
            step_scaling.StepsAreComplete,
            {"AdjustmentType": "ExactCapacity", "StepAdjustments": []},
            [("StepAdjustments", ONE_STEP)],
        ),
        (
            step_scaling.ExactCapacityIsNotNegative,
            {"AdjustmentType": "ChangeInCapacity", "StepAdjustments": [{"ScalingAdjustment": -1}]},
            [],
        ),
        (
            step_scaling.ExactCapacityIsNotNegative,
            {"AdjustmentType": "ExactCapacity", "StepAdjustments": [{"ScalingAdjustment": 0}]},
            [],
        ),
        (
            step_scaling.ExactCapacityIsNotNegative,
            {"AdjustmentType": "ExactCapacity", "StepAdjustments": [{"ScalingAdjustment": -1}]},
            [
                (
                    "StepAdjustments[0].ScalingAdjustment",
                    "-1 is no capacity; give 0 or more, or set AdjustmentType to ChangeInCapacity",
                )
            ],
        ),
        (
            step_scaling.MagnitudeIsOfAPercentage,
            {"AdjustmentType": "PercentChangeInCapacity", "MinAdjustmentMagnitude": 1},
            [],
        ),
        (step_scaling.MagnitudeIsOfAPercentage, {"AdjustmentType": "${type}", "MinAdjustmentMagnitude": 1}, []),
        (step_scaling.MagnitudeIsOfAPercentage, {"AdjustmentType": "ChangeInCapacity"}, []),
        (
            step_scaling.MagnitudeIsOfAPercentage,
            {"AdjustmentType": "ChangeInCapacity", "MinAdjustmentMagnitude": 1},
            [
                (
                    "MinAdjustmentMagnitude",
                    "has no effect with ChangeInCapacity; remove it, or give PercentChangeInCapacity",
                )
            ],
        ),
    ],
)
def test_configuration(rule: type[Rule], configuration: Any, findings: list[tuple[str, str]]) -> None:
    assert found(rule, configuration) == findings


@pytest.mark.parametrize(
    ("bounds", "findings"),
    [
        ([(0, None)], []),
        ([(None, 0)], []),
        ([(20, None), (0, 20)], []),
        ([(None, -10), (-10, 0), (0, 10), (10, None)], []),
        ([(0, "${bound}"), (20, None)], []),
        ([], []),
        ([(None, None)], [(0, NEITHER)]),
        ([(10, 10)], [(0, "its lower bound (10) is not below its upper bound (10); exchange them")]),
        (
            [(0, 20), (10, None)],
            [(1, "overlaps with the step before it, which ends at 20; let one end there")],
        ),
        (
            [(0, None), (10, None)],
            [(1, "overlaps with the step before it, which ends at no bound; let one end there")],
        ),
        (
            [(0, 10), (20, None)],
            [(1, "leaves a gap to the step before it, which ends at 10; let one end there")],
        ),
        ([(0, 10)], [(0, "is the highest step above the threshold; leave out its upper bound")]),
        ([(-10, 0)], [(0, "is the lowest step below the threshold; leave out its lower bound")]),
    ],
)
def test_steps_adjoin(bounds: list[tuple[Any, Any]], findings: list[tuple[int, str]]) -> None:
    names = ("MetricIntervalLowerBound", "MetricIntervalUpperBound")
    steps = [{name: bound for name, bound in zip(names, pair, strict=True) if bound is not None} for pair in bounds]
    expected = [(f"StepAdjustments[{index}]", message) for index, message in findings]
    assert found(step_scaling.StepsAdjoin, {"StepAdjustments": steps}) == expected


@pytest.mark.parametrize(
    ("points", "periods", "is_bad"), [(2, 2, False), (2, 3, False), (3, "${periods}", False), (3, 2, True)]
)
def test_alarm_points_are_within_its_periods(points: object, periods: object, is_bad: bool) -> None:
    request: Any = {"DatapointsToAlarm": points, "EvaluationPeriods": periods}
    findings = [
        (each.path, each.message) for each in step_scaling.AlarmPointsWithinPeriods("PutMetricAlarm").check(request)
    ]
    message = "3 is more than EvaluationPeriods (2); give 2 or less"
    assert findings == ([("DatapointsToAlarm", message)] if is_bad else [])
