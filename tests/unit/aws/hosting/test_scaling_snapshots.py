from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from sm_raw.aws.hosting.scaling_snapshots import (
    ScaledTarget,
    ScalingSnapshot,
    capacity_of,
    differences,
    fits,
    keep_snapshot,
    read_snapshot,
)
from sm_raw.errors import SmRawError

INSTANCES = "sagemaker:variant:DesiredInstanceCount"
CONCURRENCY = "sagemaker:variant:DesiredProvisionedConcurrency"
RESOURCE_ID = "endpoint/e/variant/blue"
REGISTERED = {"ResourceId": RESOURCE_ID, "MinCapacity": 1, "MaxCapacity": 3}
POLICY = {"PolicyName": "p", "PolicyType": "StepScaling", "ResourceId": RESOURCE_ID}
ACTION = {"ScheduledActionName": "a", "Schedule": "rate(1 day)", "ResourceId": RESOURCE_ID}
ALARM = {"AlarmName": "high", "Threshold": 10.0, "AlarmActions": ["arn:p"]}
TARGET = ScaledTarget(
    RESOURCE_ID,
    INSTANCES,
    (("RegisterScalableTarget", REGISTERED), ("PutScalingPolicy", POLICY), ("PutScheduledAction", ACTION)),
    {"p": "arn:p"},
    {"p": [ALARM]},
)
SNAPSHOT = ScalingSnapshot("e", "c", {"blue": 2}, (TARGET,))
NAMED = f"{RESOURCE_ID} ({INSTANCES})"


def with_target(**changes: Any) -> ScalingSnapshot:
    return replace(SNAPSHOT, targets=(replace(TARGET, **changes),))


def test_a_snapshot_goes_through_json_and_a_file_unchanged(tmp_path: Path) -> None:
    assert ScalingSnapshot.of_document(json.loads(json.dumps(SNAPSHOT.document()))) == SNAPSHOT
    keep_snapshot(SNAPSHOT, tmp_path / "scaling.json")
    assert read_snapshot(tmp_path / "scaling.json") == SNAPSHOT
    assert [path.name for path in tmp_path.iterdir()] == ["scaling.json"]


def test_a_callable_gets_the_document_and_none_gets_nothing() -> None:
    kept: list[Any] = []
    keep_snapshot(SNAPSHOT, kept.append)
    keep_snapshot(SNAPSHOT, None)
    assert kept == [SNAPSHOT.document()]


def test_a_place_that_cannot_be_written_stops_the_change(tmp_path: Path) -> None:
    with pytest.raises(SmRawError, match="so nothing was changed"):
        keep_snapshot(SNAPSHOT, tmp_path / "missing" / "scaling.json")


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (None, "cannot be read"),
        ("{", "cannot be read"),
        ("[]", "no scaling snapshot"),
        ("{}", "no scaling snapshot"),
        ('{"targets": []}', "no scaling snapshot"),
        ('{"targets": [{"requests": [["only"]], "unread": []}]}', "no scaling snapshot"),
    ],
)
def test_what_is_no_snapshot_is_refused(tmp_path: Path, text: str | None, told: str) -> None:
    path = tmp_path / "scaling.json"
    if text is not None:
        path.write_text(text)
    with pytest.raises(SmRawError, match=told):
        read_snapshot(path)


@pytest.mark.parametrize(
    ("after", "told"),
    [
        (SNAPSHOT, []),
        (replace(SNAPSHOT, targets=()), [f"{NAMED} is not registered"]),
        (
            with_target(requests=(("RegisterScalableTarget", {**REGISTERED, "MaxCapacity": 2}), *TARGET.requests[1:])),
            [f"{NAMED}: RegisterScalableTarget MaxCapacity was 3, is 2"],
        ),
        (with_target(requests=TARGET.requests[:2]), [f"{NAMED}: PutScheduledAction 'a' is missing"]),
        (with_target(requests=(TARGET.requests[0], TARGET.requests[2])), [f"{NAMED}: PutScalingPolicy 'p' is missing"]),
        (with_target(alarms={"p": []}), [f"{NAMED}: the alarms of policy 'p' are not what they were"]),
        (
            with_target(alarms={"p": [{**ALARM, "Threshold": 20.0}]}),
            [f"{NAMED}: the alarms of policy 'p' are not what they were"],
        ),
        # A policy that is made again has another ARN, and alarms of other names.
        (with_target(policy_arns={"p": "arn:q"}, alarms={"p": [{**ALARM, "AlarmName": "other"}]}), []),
        (with_target(alarms={}, unread=("alarms",)), []),
        (
            with_target(requests=(*TARGET.requests, ("PutScheduledAction", {**ACTION, "ScheduledActionName": "b"}))),
            [],
        ),
        (with_target(requests=(("RegisterScalableTarget", {**REGISTERED, "Tags": {}}), *TARGET.requests[1:])), []),
    ],
)
def test_what_is_not_as_before_is_told_in_a_sentence_each(after: ScalingSnapshot, told: list[str]) -> None:
    assert differences(SNAPSHOT, after) == told


def test_only_what_cannot_come_back_by_itself_is_beyond_recall() -> None:
    tracking = (TARGET.requests[0], ("PutScalingPolicy", {**POLICY, "PolicyType": "TargetTrackingScaling"}))
    assert replace(TARGET, unread=("alarms",)).beyond_recall == ("alarms",)
    assert replace(TARGET, unread=("alarms",), requests=tracking).beyond_recall == ()
    assert replace(TARGET, unread=("scheduled actions",), requests=tracking).beyond_recall == ("scheduled actions",)


@pytest.mark.parametrize(
    ("variant", "capacity"),
    [
        ({"CurrentInstanceCount": 1, "DesiredInstanceCount": 3}, 3),
        ({"CurrentServerlessConfig": {"MaxConcurrency": 5, "ProvisionedConcurrency": 2}}, 2),
        (
            {
                "CurrentServerlessConfig": {"ProvisionedConcurrency": 2},
                "DesiredServerlessConfig": {"ProvisionedConcurrency": 4},
            },
            4,
        ),
        ({"CurrentServerlessConfig": {"MaxConcurrency": 5}}, 0),
    ],
)
def test_the_capacity_is_what_a_variant_shall_have(variant: dict[str, Any], capacity: int) -> None:
    assert capacity_of(variant) == capacity


@pytest.mark.parametrize(
    ("dimension", "variant", "expected"),
    [
        (INSTANCES, {"InstanceType": "ml.m5.large"}, True),
        (INSTANCES, {"ServerlessConfig": {}}, False),
        (CONCURRENCY, {"ServerlessConfig": {}}, True),
        (CONCURRENCY, {"InstanceType": "ml.m5.large"}, False),
        (INSTANCES, None, False),
    ],
)
def test_a_target_fits_a_variant_of_its_kind(dimension: str, variant: dict[str, Any] | None, expected: bool) -> None:
    assert fits(replace(TARGET, dimension=dimension), variant) is expected
