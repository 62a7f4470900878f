"""What can be made and removed: one row for each kind, in the order in which they are removed.

A row knows how a resource is found and how it is deleted. What exists is asked of the service, never concluded from an
error's wording.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Protocol

from sm_raw.aws.bucket_policies import find_statements, remove_statements
from sm_raw.aws.calls import call, error_code, ride_out
from sm_raw.aws.clients import Clients
from sm_raw.aws.hosting.scaling import NAMESPACE, VARIANT_INSTANCES
from sm_raw.aws.transfers.s3_uris import parse_s3_uri

Sleep = Callable[[float], None]
Found = Mapping[str, Any]

NOT_THERE = frozenset(
    {
        "NoSuchEntity",
        "ProvisionedConcurrencyConfigNotFoundException",
        "ResourceNotFound",
        "ResourceNotFoundException",
        "ValidationException",
    }
)
"""What describe operations answer for a name that is not there: IAM's, Lambda's two, and SageMaker's two."""

GONE = frozenset({"shutting-down", "terminated"})
"""States of an EC2 instance that costs nothing any more and is forgotten within the hour."""

EXPORT_ENDED = frozenset({"COMPLETED", "FAILED", "CANCELLED"})
"""https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_ExportTaskStatus.html"""

DELETED_AT_ONCE = 1000
"""Keys in one DeleteObjects: https://docs.aws.amazon.com/AmazonS3/latest/API/API_DeleteObjects.html"""


@dataclass(frozen=True)
class Resource:
    """Something that was made. ``kind`` is a key of KINDS.

    ``owner`` is what it belongs to: a scaling policy to a resource id ("endpoint/NAME/variant/NAME", which is also a
    scalable target's name), an alias to a function, a policy to a role, log streams to a group; of statements in a
    bucket's policy it is what their Sids begin with. ``dimension`` is for scaling alone.
    """

    kind: str
    name: str
    owner: str = ""
    dimension: str = VARIANT_INSTANCES

    def __str__(self) -> str:
        return f"{self.kind} {self.name!r}"


@dataclass(frozen=True)
class Asker:
    """Calls by service and operation, with throttling and outages ridden out."""

    clients: Clients
    sleep: Sleep

    def __call__(self, service: str, operation: str, request: Mapping[str, Any]) -> dict[str, Any]:
        return ride_out(lambda: call(self.clients.client(service), operation, request), sleep=self.sleep)


class Kind(Protocol):
    """How resources of one kind are found and deleted."""

    @property
    def slow(self) -> bool:
        """Whether it goes on existing for a while after it was deleted."""

    @property
    def for_now(self) -> frozenset[str]:
        """Codes by which the service refuses to delete it for the moment, as while it changes."""

    def find(self, ask: Asker, resource: Resource) -> dict[str, Any] | None:
        """What the service tells of it; None if it is not there."""

    def is_left(self, found: Found) -> bool:
        """Whether what was found is still to be deleted: an instance that is terminated is told of for an hour."""

    def delete(self, ask: Asker, resource: Resource, found: Found) -> None:
        """Delete what was found."""


@dataclass(frozen=True)
class ApiKind:
    """A kind with a describe and a delete operation. ``key`` builds the members that name it, for both.

    With ``listing``, the describe operation lists under ``found`` and takes those members instead; without, it refuses
    a name that is not there. ``matches`` tells whether an answer is about this resource, ``alive`` whether it is still
    to be deleted. ``deletion`` builds the members of a delete operation that takes others.
    """

    service: str
    describe: str
    delete_operation: str
    key: Callable[[Resource], dict[str, Any]]
    listing: Callable[[Resource], dict[str, Any]] | None = None
    found: str = ""
    matches: Callable[[Resource, Found], bool] = lambda resource, found: True
    alive: Callable[[Found], bool] = lambda found: True
    deletion: Callable[[Resource, Found], dict[str, Any]] | None = None
    slow: bool = False
    for_now: frozenset[str] = frozenset()

    def find(self, ask: Asker, resource: Resource) -> dict[str, Any] | None:
        from botocore.exceptions import ClientError

        try:
            response = ask(self.service, self.describe, (self.listing or self.key)(resource))
        except ClientError as error:
            if self.listing is None and error_code(error) in NOT_THERE:
                return None
            raise
        answers = [response] if self.listing is None else response[self.found]
        return next((dict(each) for each in answers if self.matches(resource, each)), None)

    def is_left(self, found: Found) -> bool:
        return self.alive(found)

    def delete(self, ask: Asker, resource: Resource, found: Found) -> None:
        members = self.deletion(resource, found) if self.deletion else self.key(resource)
        ask(self.service, self.delete_operation, members)


class AtOnce:
    """A kind whose resources are gone as soon as they are deleted."""

    slow = False
    for_now: frozenset[str] = frozenset()

    def is_left(self, found: Found) -> bool:
        return True


class PolicyStatements(AtOnce):
    """Statements in a bucket's policy, known by what their Sids begin with; the rest of it is left alone."""

    def find(self, ask: Asker, resource: Resource) -> dict[str, Any] | None:
        found = find_statements(ask.clients.s3, resource.name, resource.owner, sleep=ask.sleep)
        return {"Bucket": resource.name, "Statement": found} if found else None

    def delete(self, ask: Asker, resource: Resource, found: Found) -> None:
        remove_statements(ask.clients.s3, resource.name, resource.owner, sleep=ask.sleep)


class Objects(AtOnce):
    """All objects whose URIs begin with the resource's name; in a versioned bucket older versions of them stay."""

    def find(self, ask: Asker, resource: Resource) -> dict[str, Any] | None:
        page = next(self._pages(ask, resource, MaxKeys=1))
        return page if page.get("Contents") else None

    def delete(self, ask: Asker, resource: Resource, found: Found) -> None:
        from sm_raw.errors import TransferFailed

        for page in self._pages(ask, resource, MaxKeys=DELETED_AT_ONCE):
            keys = [{"Key": each["Key"]} for each in page.get("Contents", ())]
            request = {"Bucket": parse_s3_uri(resource.name).bucket, "Delete": {"Objects": keys, "Quiet": True}}
            for error in ask("s3", "DeleteObjects", request).get("Errors", ()) if keys else ():
                code = str(error.get("Code", ""))
                raise TransferFailed(
                    resource.name,
                    f"{error.get('Key')} cannot be removed: {code}: {error.get('Message', '')}",
                    code=code,
                )

    def _pages(self, ask: Asker, resource: Resource, **options: Any) -> Iterator[dict[str, Any]]:
        uri = parse_s3_uri(resource.name)
        request = {"Bucket": uri.bucket, "Prefix": uri.key, **options}
        return _pages(ask, "s3", "ListObjectsV2", request, ("NextContinuationToken", "ContinuationToken"))


class LogStreams(AtOnce):
    """The streams of a log group whose names begin with the resource's; the group holds those of other jobs, too."""

    def find(self, ask: Asker, resource: Resource) -> dict[str, Any] | None:
        from botocore.exceptions import ClientError

        request = {"logGroupName": resource.owner, "logStreamNamePrefix": resource.name}
        try:
            pages = list(_pages(ask, "logs", "DescribeLogStreams", request, ("nextToken", "nextToken")))
        except ClientError as error:
            if error_code(error) in NOT_THERE:
                return None
            raise
        names = [stream["logStreamName"] for page in pages for stream in page["logStreams"]]
        return {"logStreamNames": names} if names else None

    def delete(self, ask: Asker, resource: Resource, found: Found) -> None:
        for name in found["logStreamNames"]:
            ask("logs", "DeleteLogStream", {"logGroupName": resource.owner, "logStreamName": name})


def _pages(
    ask: Asker, service: str, operation: str, request: Mapping[str, Any], tokens: tuple[str, str]
) -> Iterator[dict[str, Any]]:
    """The pages of a listing; ``tokens`` names the member that tells of a next page, and the one that asks for it."""
    told, asked = tokens
    page = ask(service, operation, request)
    yield page
    while page.get(told):
        page = ask(service, operation, {**request, asked: page[told]})
        yield page


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
