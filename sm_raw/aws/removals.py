"""What can be made and removed: one row for each kind, in the order in which they are removed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

from sm_raw.aws.hosting.scaling import NAMESPACE
from sm_raw.aws.resources import ApiKind, Found, Kind, LogStreams, Objects, PolicyStatements, Resource

GONE = frozenset({"shutting-down", "terminated"})
"""States of an EC2 instance that costs nothing any more and is forgotten within the hour."""

EXPORT_ENDED = frozenset({"COMPLETED", "FAILED", "CANCELLED"})
"""https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_ExportTaskStatus.html"""


def _named(member: str) -> Callable[[Resource], dict[str, Any]]:
    return lambda resource: {member: resource.name}


def _owned(member: str, owner: str) -> Callable[[Resource], dict[str, Any]]:
    return lambda resource: {member: resource.name, owner: resource.owner}


def _scaled(resource: Resource) -> dict[str, Any]:
    return {
        "ServiceNamespace": resource.dimension.partition(":")[0] or NAMESPACE,
        "ResourceId": resource.owner or resource.name,
        "ScalableDimension": resource.dimension,
    }


def _scaled_by(member: str) -> Callable[[Resource], dict[str, Any]]:
    return lambda resource: {member: resource.name, **_scaled(resource)}


def _listed_by(member: str) -> Callable[[Resource], dict[str, Any]]:
    return lambda resource: {member: [resource.name], **_scaled(resource)}


def _targets(resource: Resource) -> dict[str, Any]:
    members = _scaled(resource)
    return {"ResourceIds": [members.pop("ResourceId")], **members}


def _has_role(resource: Resource, found: Found) -> bool:
    return resource.name in [role["RoleName"] for role in found["InstanceProfile"]["Roles"]]


def _running(reservation: Found) -> list[str]:
    return [each["InstanceId"] for each in reservation["Instances"] if each["State"]["Name"] not in GONE]


# What refers to something goes before it.
KINDS: Mapping[str, Kind] = MappingProxyType(
    {
        "scheduled action": ApiKind(
            *("application-autoscaling", "DescribeScheduledActions", "DeleteScheduledAction"),
            key=_scaled_by("ScheduledActionName"),
            listing=_listed_by("ScheduledActionNames"),
            found="ScheduledActions",
        ),
        "scaling policy": ApiKind(
            *("application-autoscaling", "DescribeScalingPolicies", "DeleteScalingPolicy"),
            key=_scaled_by("PolicyName"),
            listing=_listed_by("PolicyNames"),
            found="ScalingPolicies",
        ),
        "scalable target": ApiKind(
            *("application-autoscaling", "DescribeScalableTargets", "DeregisterScalableTarget"),
            key=_scaled,
            listing=_targets,
            found="ScalableTargets",
        ),
        "alarm": ApiKind(
            *("cloudwatch", "DescribeAlarms", "DeleteAlarms"),
            key=lambda resource: {"AlarmNames": [resource.name]},
            listing=lambda resource: {"AlarmNames": [resource.name]},
            found="MetricAlarms",
        ),
        "provisioned concurrency": ApiKind(
            *("lambda", "GetProvisionedConcurrencyConfig", "DeleteProvisionedConcurrencyConfig"),
            key=_owned("Qualifier", "FunctionName"),
        ),
        "alias": ApiKind(*("lambda", "GetAlias", "DeleteAlias"), key=_owned("Name", "FunctionName")),
        "function": ApiKind(
            *("lambda", "GetFunctionConfiguration", "DeleteFunction"),
            key=_named("FunctionName"),
            for_now=frozenset({"ResourceConflictException"}),
        ),
        # Before its endpoint: it would delete a later one of the same name.
        "schedule": ApiKind(*("scheduler", "GetSchedule", "DeleteSchedule"), key=_named("Name")),
        "endpoint": ApiKind(
            *("sagemaker", "DescribeEndpoint", "DeleteEndpoint"),
            key=_named("EndpointName"),
            slow=True,
            for_now=frozenset({"ValidationException"}),
        ),
        "endpoint config": ApiKind(
            *("sagemaker", "DescribeEndpointConfig", "DeleteEndpointConfig"), key=_named("EndpointConfigName")
        ),
        "model": ApiKind(*("sagemaker", "DescribeModel", "DeleteModel"), key=_named("ModelName")),
        # Instances have no names of their own: they are found by the token of the request that started them.
        "instances": ApiKind(
            *("ec2", "DescribeInstances", "TerminateInstances"),
            key=_named("ClientToken"),
            listing=lambda resource: {"Filters": [{"Name": "client-token", "Values": [resource.name]}]},
            found="Reservations",
            alive=lambda found: bool(_running(found)),
            deletion=lambda resource, found: {"InstanceIds": _running(found)},
            slow=True,
        ),
        "role of an instance profile": ApiKind(
            *("iam", "GetInstanceProfile", "RemoveRoleFromInstanceProfile"),
            key=lambda resource: {"InstanceProfileName": resource.owner},
            matches=_has_role,
            deletion=lambda resource, found: {"InstanceProfileName": resource.owner, "RoleName": resource.name},
        ),
        "instance profile": ApiKind(
            *("iam", "GetInstanceProfile", "DeleteInstanceProfile"),
            key=_named("InstanceProfileName"),
            for_now=frozenset({"DeleteConflict"}),
        ),
        "role policy": ApiKind(*("iam", "GetRolePolicy", "DeleteRolePolicy"), key=_owned("PolicyName", "RoleName")),
        "role": ApiKind(
            *("iam", "GetRole", "DeleteRole"), key=_named("RoleName"), for_now=frozenset({"DeleteConflict"})
        ),
        "export task": ApiKind(
            *("logs", "DescribeExportTasks", "CancelExportTask"),
            key=_named("taskName"),
            listing=lambda resource: {"limit": 50},
            found="exportTasks",
            matches=lambda resource, found: found.get("taskName") == resource.name,
            alive=lambda found: found["status"]["code"] not in EXPORT_ENDED,
            deletion=lambda resource, found: {"taskId": found["taskId"]},
        ),
        "bucket policy": PolicyStatements(),
        # Only if asked: what was made is to be seen, and what was learned to be kept.
        "log streams": LogStreams(),
        "log group": ApiKind(
            *("logs", "DescribeLogGroups", "DeleteLogGroup"),
            key=_named("logGroupName"),
            listing=lambda resource: {"logGroupNamePrefix": resource.name},
            found="logGroups",
            matches=lambda resource, found: found["logGroupName"] == resource.name,
        ),
        "objects": Objects(),
    }
)
