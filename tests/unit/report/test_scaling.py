from __future__ import annotations

from typing import Any

from sm_raw.report.scaling import Scaling, scaling

Run = dict[str, Any]


def test_target_and_policy_are_told_in_words(run: Run) -> None:
    assert scaling(run) == Scaling(
        sentences=[
            "The endpoint runs between 1 and 3 instances.",
            "Capacity follows the load, to hold SageMakerVariantInvocationsPerInstance "
            "(invocations per instance and minute) at 10.",
            "After adding capacity it waits 30 s before adding more.",
            "After removing capacity it waits 2 min before removing more.",
        ],
        facts=[("Resource", "endpoint/e/variant/AllTraffic"), ("Policy", "p (TargetTrackingScaling)")],
    )


def test_cooldowns_that_are_not_given_are_the_default_of_the_service(run: Run) -> None:
    tracking = run["scaling"]["policy"]["TargetTrackingScalingPolicyConfiguration"]
    del tracking["ScaleOutCooldown"]
    tracking["DisableScaleIn"] = True
    told = scaling(run)
    assert told is not None
    assert told.sentences[2:] == [
        "After adding capacity it waits 5 min (the default) before adding more.",
        "It never removes capacity: scaling in is switched off.",
    ]


def test_a_policy_on_a_metric_of_the_user_names_the_metric() -> None:
    tracking = {"TargetValue": 0.5, "CustomizedMetricSpecification": {"MetricName": "Cpu"}}
    told = scaling({"scaling": {"policy": {"TargetTrackingScalingPolicyConfiguration": tracking}}})
    assert told is not None
    assert told.sentences[0] == "Capacity follows the load, to hold Cpu at 0.5."


def test_a_target_without_a_policy_and_a_run_without_either() -> None:
    told = scaling({"scaling": {"target": {"MinCapacity": 0, "MaxCapacity": 2}, "policy": None}})
    assert told == Scaling(["The endpoint runs between 0 and 2 units of capacity."], [])
    assert scaling({"scaling": None}) is None
