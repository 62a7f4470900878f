"""Autoscaling, read back from the service: what is registered, what it watches, and what it did."""

from __future__ import annotations

import functools
import time
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from sm_raw.aws.calls import call, error_code, pages, ride_out
from sm_raw.aws.clients import Clients

NAMESPACE = "sagemaker"
VARIANT_INSTANCES = "sagemaker:variant:DesiredInstanceCount"
VARIANT_CONCURRENCY = "sagemaker:variant:DesiredProvisionedConcurrency"

LATEST_ACTIVITIES = 10
ALARMS_AT_ONCE = 100
"""Names in one DescribeAlarms: https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_DescribeAlarms.html"""

NOT_ALLOWED = frozenset(
    {"AccessDenied", "AccessDeniedException", "NotAuthorized", "UnauthorizedOperation", "UnknownOperationException"}
)
"""What services answer to those who may not ask; the last is said by stand-ins for AWS that lack the operation."""

Sleep = Callable[[float], None]


def describe_scaling(
    clients: Clients,
    resource_id: str,
    dimension: str = VARIANT_INSTANCES,
    *,
    details: bool = True,
    sleep: Sleep = time.sleep,
) -> dict[str, Any]:
    """How one resource ("endpoint/NAME/variant/NAME") is scaled, in the service's own words.

    "target", or None if it is not registered; "policies", and "policy", the first of them by name or None. With
    ``details`` also "alarms" of each policy by its name, with state and threshold; "scheduled_actions"; "activities",
    the latest first: these three are None where the caller may not ask for them.
    """
    reader = ScalingReader(clients, sleep)
    targets = [each for each in reader.targets([resource_id]) if each["ScalableDimension"] == dimension]
    policies = reader.policies(resource_id, dimension)
    described = {"target": next(iter(targets), None), "policy": next(iter(policies), None), "policies": policies}
    if not details:
        return described
    return {
        **described,
        "alarms": if_allowed(lambda: reader.alarms(policies)),
        "scheduled_actions": if_allowed(lambda: reader.scheduled_actions(resource_id, dimension)),
        "activities": if_allowed(lambda: reader.activities(resource_id, dimension)),
    }


def if_allowed(read: Callable[[], Any]) -> Any:
    """What ``read()`` returns; None if the caller has no right to it."""
    from botocore.exceptions import ClientError

    try:
        return read()
    except ClientError as error:
        if error_code(error) in NOT_ALLOWED:
            return None
        raise


class ScalingReader:
    """Asks Application Auto Scaling and CloudWatch, page by page, riding out throttling and outages."""

    def __init__(self, clients: Clients, sleep: Sleep = time.sleep) -> None:
        self._clients, self._sleep = clients, sleep

    def targets(self, resource_ids: Iterable[str]) -> list[dict[str, Any]]:
        """What is registered of these resources, in every dimension."""
        return self._all("DescribeScalableTargets", "ScalableTargets", {"ResourceIds": list(resource_ids)})

    def policies(self, resource_id: str, dimension: str) -> list[dict[str, Any]]:
        """By name."""
        found = self._all("DescribeScalingPolicies", "ScalingPolicies", _of(resource_id, dimension))
        return sorted(found, key=lambda policy: policy["PolicyName"])

    def scheduled_actions(self, resource_id: str, dimension: str) -> list[dict[str, Any]]:
        """By name."""
        found = self._all("DescribeScheduledActions", "ScheduledActions", _of(resource_id, dimension))
        return sorted(found, key=lambda action: action["ScheduledActionName"])

    def activities(self, resource_id: str, dimension: str, most: int = LATEST_ACTIVITIES) -> list[dict[str, Any]]:
        """The latest scaling activities, the newest first, as the service lists them."""
        request = {"ServiceNamespace": NAMESPACE, **_of(resource_id, dimension), "MaxResults": most}
        activities: list[dict[str, Any]] = self._ask("application-autoscaling", "DescribeScalingActivities", request)[
            "ScalingActivities"
        ]
        return activities[:most]

    def alarms(self, policies: Iterable[Mapping[str, Any]]) -> dict[str, list[dict[str, Any]]]:
        """CloudWatch's description of each alarm that the policies name, by policy."""
        named = {
            policy["PolicyName"]: [alarm["AlarmName"] for alarm in policy.get("Alarms", ())] for policy in policies
        }
        wanted = sorted({name for names in named.values() for name in names})
        found: dict[str, dict[str, Any]] = {}
        for start in range(0, len(wanted), ALARMS_AT_ONCE):
            request = {"AlarmNames": wanted[start : start + ALARMS_AT_ONCE]}
            page = self._ask("cloudwatch", "DescribeAlarms", {**request, "MaxRecords": ALARMS_AT_ONCE})
            found.update({alarm["AlarmName"]: alarm for alarm in page.get("MetricAlarms", ())})
        return {policy: [found[name] for name in names if name in found] for policy, names in named.items()}

    def tags(self, target: Mapping[str, Any]) -> dict[str, str]:
        """The tags of a scalable target, which are lost when it is deregistered."""
        request = {"ResourceARN": target["ScalableTargetARN"]}
        tags: dict[str, str] = self._ask("application-autoscaling", "ListTagsForResource", request)["Tags"]
        return tags

    def _all(self, operation: str, member: str, request: Mapping[str, Any]) -> list[dict[str, Any]]:
        ask = functools.partial(self._ask, "application-autoscaling", operation)
        return [each for page in pages(ask, {"ServiceNamespace": NAMESPACE, **request}) for each in page[member]]

    def _ask(self, service: str, operation: str, request: Mapping[str, Any]) -> dict[str, Any]:
        return ride_out(lambda: call(self._clients.client(service), operation, request), sleep=self._sleep)


def _of(resource_id: str, dimension: str) -> dict[str, str]:
    return {"ResourceId": resource_id, "ScalableDimension": dimension}
