from __future__ import annotations

import itertools
from typing import Any

import pytest

from sm_raw.local.protocol import ServiceError
from sm_raw.local.scaling.activities import FAILED, SUCCESSFUL, Activities, Target

FIRST = Target("eu-west-1", "sagemaker", "endpoint/a/variant/v", "sagemaker:variant:DesiredInstanceCount")
SECOND = Target("eu-west-1", "sagemaker", "endpoint/b/variant/v", "sagemaker:variant:DesiredInstanceCount")
ALL = {"ServiceNamespace": "sagemaker"}
WHY = {"Code": "AlreadyAtMaxCapacity", "MaxCapacity": 2, "CurrentCapacity": 2}


@pytest.fixture
def activities() -> Activities:
    times = itertools.count(1000)
    return Activities(lambda: float(next(times)))


def listed(activities: Activities, region: str = "eu-west-1", **request: Any) -> list[str]:
    answer = activities.describe(region, {**ALL, **request})
    return [activity["Cause"] for activity in answer["ScalingActivities"]]


def test_an_activity_is_in_progress_until_it_has_ended(activities: Activities) -> None:
    activity = activities.begin(FIRST, "Setting desired instance count to 2.", "because", Details="{}")
    assert activities.is_busy(FIRST)
    assert not activities.is_busy(SECOND)
    activities.end(activity, SUCCESSFUL, "done")
    assert not activities.is_busy(FIRST)
    (told,) = activities.describe("eu-west-1", ALL)["ScalingActivities"]
    assert {**told, "ActivityId": ""} == {
        "ActivityId": "",
        "ServiceNamespace": "sagemaker",
        "ResourceId": "endpoint/a/variant/v",
        "ScalableDimension": "sagemaker:variant:DesiredInstanceCount",
        "Description": "Setting desired instance count to 2.",
        "Cause": "because",
        "StartTime": 1000.0,
        "EndTime": 1001.0,
        "StatusCode": "Successful",
        "StatusMessage": "done",
        "Details": "{}",
    }


def test_activities_are_listed_newest_first_by_target_and_page(activities: Activities) -> None:
    for cause, target in (("one", FIRST), ("two", SECOND), ("three", FIRST)):
        activities.begin(target, "Setting", cause)
    assert listed(activities) == ["three", "two", "one"]
    assert listed(activities, ResourceId=FIRST.resource) == ["three", "one"]
    assert listed(activities, region="us-east-1") == []
    page = activities.describe("eu-west-1", {**ALL, "MaxResults": 2})
    assert listed(activities, MaxResults=2, NextToken=page["NextToken"]) == ["one"]
    with pytest.raises(ServiceError, match=r"^InvalidNextTokenException: "):
        listed(activities, NextToken="?")


def test_what_did_nothing_is_told_where_asked_for_and_once(activities: Activities) -> None:
    activities.not_scaled(FIRST, "alarm", **WHY)
    activities.not_scaled(FIRST, "alarm", **WHY)
    assert listed(activities) == []
    (told,) = activities.describe("eu-west-1", {**ALL, "IncludeNotScaledActivities": True})["ScalingActivities"]
    assert (told["NotScaledReasons"], told["StatusCode"]) == ([WHY], FAILED)
    activities.begin(FIRST, "Setting", "another")
    activities.not_scaled(FIRST, "alarm", **WHY)
    assert listed(activities, IncludeNotScaledActivities=True) == ["alarm", "another", "alarm"]
