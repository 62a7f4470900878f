"""Endpoints with an end: a tag says when, and a schedule of AWS deletes them though no machine of ours runs.

The tag is read by whoever lists endpoints, and takes nothing down by itself. The schedule calls DeleteEndpoint and
nothing else: configuration, model and a function in front stay, and cost nothing; scalable targets go with the
endpoint, where the schedule's role may deregister them.
https://docs.aws.amazon.com/scheduler/latest/UserGuide/managing-targets-universal.html
https://docs.aws.amazon.com/sagemaker/latest/dg/endpoint-delete-with-scaling.html
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import Any

from sm_raw.aws.calls import call, error_code, pages, ride_out
from sm_raw.aws.clients import Clients
from sm_raw.aws.resources import NOT_THERE
from sm_raw.errors import SmRawError
from sm_raw.specs.names import canonical_hash, job_name
from sm_raw.specs.policy_documents import Grant, PolicyDocument, partition_of, place_of, policy

Sleep = Callable[[float], None]

TAG = "sm_raw:delete-after"
TIME_FORM = "%Y-%m-%dT%H:%M:%SZ"
SCHEDULE_NAME_LIMIT = 64


@dataclass(frozen=True)
class Lifetime:
    """An endpoint and the time (UTC) after which it is to go. ``schedule`` names what deletes it; empty if none."""

    endpoint: str
    until: datetime
    schedule: str = ""


def set_lifetime(
    clients: Clients,
    endpoint: str,
    *,
    until: datetime,
    scheduler_role_arn: str | None = None,
    now: datetime | None = None,
    sleep: Sleep = time.sleep,
) -> Lifetime:
    """Give an endpoint a lifetime, or another one than it has.

    With ``scheduler_role_arn`` (what ``scheduler_policy`` allows, and scheduler.amazonaws.com in its trust) a one-time
    schedule of EventBridge Scheduler deletes the endpoint at that time, and itself thereafter; the caller needs
    scheduler:CreateSchedule, scheduler:UpdateSchedule and iam:PassRole. Without, it is for ``expired_endpoints``.

    Raises SmRawError for a time without its zone, or one that is past.
    """
    until = _utc(until)
    if until <= (now or datetime.now(timezone.utc)):
        raise SmRawError(f"{until:{TIME_FORM}} is past; give a later time, or delete the endpoint now")
    arn = _ask(clients, "DescribeEndpoint", {"EndpointName": endpoint}, sleep)["EndpointArn"]
    schedule = ""
    if scheduler_role_arn is not None:
        # Before the tag: what says that it will be deleted must not stand where nothing deletes it.
        request = deletion_schedule(endpoint, until=until, role_arn=scheduler_role_arn, region=clients.region)
        _put_schedule(clients, request, sleep)
        schedule = request["Name"]
    tags = [{"Key": TAG, "Value": until.strftime(TIME_FORM)}]
    _ask(clients, "AddTags", {"ResourceArn": arn, "Tags": tags}, sleep)
    return Lifetime(endpoint, until, schedule)


def lifetime_of(clients: Clients, endpoint: str, *, sleep: Sleep = time.sleep) -> datetime | None:
    """The time in an endpoint's tag; None if it has none. Raises SmRawError if the tag holds no time."""
    arn = _ask(clients, "DescribeEndpoint", {"EndpointName": endpoint}, sleep)["EndpointArn"]
    return _tagged(clients, endpoint, arn, sleep)


def expired_endpoints(
    clients: Clients,
    *,
    now: datetime | None = None,
    on_notice: Callable[[str], None] | None = None,
    sleep: Sleep = time.sleep,
) -> list[Lifetime]:
    """The endpoints of the region whose time is over, the longest overdue first.

    One call for each endpoint, besides the listing. A tag that holds no time is passed over; ``on_notice`` is told.
    """
    now = _utc(now) if now else datetime.now(timezone.utc)
    expired = []
    for summary in _endpoints(clients, sleep):
        try:
            until = _tagged(clients, summary["EndpointName"], summary["EndpointArn"], sleep)
        except SmRawError as error:
            if on_notice:
                on_notice(str(error))
            continue
        if until is not None and until <= now:
            expired.append(Lifetime(summary["EndpointName"], until))
    return sorted(expired, key=lambda lifetime: lifetime.until)


def forget_lifetime(clients: Clients, endpoint: str, *, sleep: Sleep = time.sleep) -> bool:
    """Take schedule and tag away; whether there was a schedule. Also for an endpoint that is gone already.

    To be called when an endpoint is removed before its time: the schedule would delete a later one of the same name.
    """
    scheduled = delete_schedule(clients, endpoint, sleep=sleep)
    described = _unless_gone(lambda: _ask(clients, "DescribeEndpoint", {"EndpointName": endpoint}, sleep))
    if described:
        _ask(clients, "DeleteTags", {"ResourceArn": described["EndpointArn"], "TagKeys": [TAG]}, sleep)
    return scheduled


def delete_schedule(clients: Clients, endpoint: str, *, sleep: Sleep = time.sleep) -> bool:
    """Delete the schedule that would delete the endpoint; whether there was one."""
    name = schedule_name(endpoint)
    done = _unless_gone(
        lambda: ride_out(lambda: call(clients.client("scheduler"), "DeleteSchedule", {"Name": name}), sleep=sleep)
    )
    return done is not None


def schedule_name(endpoint: str) -> str:
    """The name of an endpoint's schedule: always the same, so that it can be found again."""
    return job_name(f"delete-{endpoint}", canonical_hash(endpoint), SCHEDULE_NAME_LIMIT)


def deletion_schedule(endpoint: str, *, until: datetime, role_arn: str, region: str) -> dict[str, Any]:
    """The CreateSchedule request: DeleteEndpoint, once, at that time; then the schedule deletes itself. Pure.

    https://docs.aws.amazon.com/scheduler/latest/UserGuide/managing-schedule-delete.html
    """
    return {
        "Name": schedule_name(endpoint),
        "Description": f"the lifetime of endpoint {endpoint}",
        "ScheduleExpression": f"at({_utc(until):%Y-%m-%dT%H:%M:%S})",
        "ScheduleExpressionTimezone": "UTC",
        "FlexibleTimeWindow": {"Mode": "OFF"},
        "Target": {
            "Arn": f"arn:{partition_of(region)}:scheduler:::aws-sdk:sagemaker:deleteEndpoint",
            "RoleArn": role_arn,
            "Input": json.dumps({"EndpointName": endpoint}),
        },
        "ActionAfterCompletion": "DELETE",
    }


def scheduler_policy(endpoint: str, *, region: str, account: str) -> PolicyDocument:
    """What the role of the schedule has to be allowed: to delete this endpoint, with its scaling. Pure."""
    place = place_of(region, account)
    condition = {"StringEquals": {"application-autoscaling:service-namespace": "sagemaker"}}
    scaling = Grant(
        ("application-autoscaling:DeregisterScalableTarget",),
        (place.arn("application-autoscaling", "scalable-target/*"),),
        condition,
    )
    return policy([Grant(("sagemaker:DeleteEndpoint",), place.sagemaker_arns("endpoint", endpoint)), scaling])


def _put_schedule(clients: Clients, request: dict[str, Any], sleep: Sleep) -> None:
    """Create the schedule, or give the one that is there its new time. The checks know no scheduler: botocore's do."""
    from botocore.exceptions import ClientError

    scheduler = clients.client("scheduler")
    try:
        ride_out(lambda: call(scheduler, "CreateSchedule", request), sleep=sleep)
    except ClientError as error:
        if error_code(error) != "ConflictException":
            raise
        ride_out(lambda: call(scheduler, "UpdateSchedule", request), sleep=sleep)


def _endpoints(clients: Clients, sleep: Sleep) -> Iterator[dict[str, Any]]:
    for page in pages(lambda request: _ask(clients, "ListEndpoints", request, sleep), {"MaxResults": 100}):
        yield from page["Endpoints"]


def _tagged(clients: Clients, endpoint: str, arn: str, sleep: Sleep) -> datetime | None:
    # An endpoint has at most 50 tags, and a page holds as many.
    tags = _unless_gone(lambda: _ask(clients, "ListTags", {"ResourceArn": arn, "MaxResults": 50}, sleep))
    value = next((tag["Value"] for tag in (tags or {}).get("Tags", ()) if tag["Key"] == TAG), None)
    if value is None:
        return None
    try:
        # Python before 3.11 knows no Z.
        return _utc(datetime.fromisoformat(value.replace("Z", "+00:00")))
    except ValueError:
        raise SmRawError(
            f"endpoint {endpoint!r}: the tag {TAG} holds {value!r}, which is no time; give one such as "
            "2030-01-31T18:00:00Z, by set_lifetime"
        ) from None


def _utc(moment: datetime) -> datetime:
    if moment.tzinfo is None:
        raise SmRawError(f"{moment} has no time zone; give datetime(..., tzinfo=timezone.utc)")
    return moment.astimezone(timezone.utc)


def _ask(clients: Clients, operation: str, request: Mapping[str, Any], sleep: Sleep) -> dict[str, Any]:
    return ride_out(lambda: call(clients.sagemaker, operation, request), sleep=sleep)


def _unless_gone(ask: Callable[[], dict[str, Any]]) -> dict[str, Any] | None:
    """The answer; None if what was asked about is not there."""
    from botocore.exceptions import ClientError

    try:
        return ask()
    except ClientError as error:
        if error_code(error) in NOT_THERE:
            return None
        raise
