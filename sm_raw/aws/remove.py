"""Take things down again: in the right order, as often as it takes, and with proof.

What exists is asked of the service, never concluded from an error's wording: after a refused delete the
describe call says whether the thing is gone already.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from sm_raw.aws.calls import call, error_code, ride_out
from sm_raw.aws.clients import Clients
from sm_raw.aws.hosting.scaling import NAMESPACE, VARIANT_INSTANCES
from sm_raw.aws.job_kinds import JobKind, job_kind
from sm_raw.aws.waiting.wait import next_pause
from sm_raw.errors import SmRawError

if TYPE_CHECKING:
    from botocore.client import BaseClient

Sleep = Callable[[float], None]
Clock = Callable[[], float]

POLL_SECONDS = 5.0
NOT_THERE = frozenset({"ValidationException", "ResourceNotFound"})
"""What SageMaker's describe operations answer for a name that is not there."""


@dataclass(frozen=True)
class Resource:
    """Something that was made. ``kind`` is a key of REMOVALS; the last two fields are for scaling alone.

    A scalable target is named by its resource id, "endpoint/NAME/variant/NAME"; a policy needs it besides
    its name.
    """

    kind: str
    name: str
    resource_id: str = ""
    dimension: str = VARIANT_INSTANCES

    def __str__(self) -> str:
        return f"{self.kind} {self.name!r}"


@dataclass(frozen=True)
class Removal:
    """How one kind of resource is found and removed.

    ``key`` builds the members that name it, for both operations. With ``found`` the describe operation
    lists (none is an empty list under that name); without, it refuses a name that is not there.
    """

    service: str
    delete: str
    describe: str
    key: Callable[[Resource], dict[str, Any]]
    listing: Callable[[Resource], dict[str, Any]] | None = None
    found: str = ""
    slow: bool = False
    """It goes on existing for a while after the delete call, and can refuse that while it changes."""


def _scaling(resource: Resource) -> dict[str, Any]:
    return {
        "ServiceNamespace": NAMESPACE,
        "ResourceId": resource.resource_id or resource.name,
        "ScalableDimension": resource.dimension,
    }


def _scalable_target_listing(resource: Resource) -> dict[str, Any]:
    members = _scaling(resource)
    return {"ResourceIds": [members.pop("ResourceId")], **members}


# In the order of removal: what refers to something goes before it.
REMOVALS: Mapping[str, Removal] = MappingProxyType(
    {
        "scaling policy": Removal(
            service="application-autoscaling",
            delete="DeleteScalingPolicy",
            describe="DescribeScalingPolicies",
            key=lambda resource: {"PolicyName": resource.name, **_scaling(resource)},
            listing=lambda resource: {"PolicyNames": [resource.name], **_scaling(resource)},
            found="ScalingPolicies",
        ),
        "scalable target": Removal(
            service="application-autoscaling",
            delete="DeregisterScalableTarget",
            describe="DescribeScalableTargets",
            key=_scaling,
            listing=_scalable_target_listing,
            found="ScalableTargets",
        ),
        "endpoint": Removal(
            service="sagemaker",
            delete="DeleteEndpoint",
            describe="DescribeEndpoint",
            key=lambda resource: {"EndpointName": resource.name},
            slow=True,
        ),
        "endpoint config": Removal(
            service="sagemaker",
            delete="DeleteEndpointConfig",
            describe="DescribeEndpointConfig",
            key=lambda resource: {"EndpointConfigName": resource.name},
        ),
        "model": Removal(
            service="sagemaker",
            delete="DeleteModel",
            describe="DescribeModel",
            key=lambda resource: {"ModelName": resource.name},
        ),
    }
)


def remove(
    clients: Clients,
    resources: Sequence[Resource],
    on_progress: Callable[[Resource, str], None] | None = None,
    *,
    timeout_seconds: float = 900.0,
    sleep: Sleep = time.sleep,
    clock: Clock = time.monotonic,
) -> list[str]:
    """Remove everything; what could not be removed, one line each with the reason: empty if all is gone.

    What is gone already is fine, and one failure does not keep the rest from being removed. An endpoint is
    waited for, up to ``timeout_seconds``. ``on_progress`` gets each resource with "removed", "gone already"
    or the reason.
    """
    leftovers: list[str] = []
    for resource in in_removal_order(resources):
        try:
            outcome = _remove_one(clients, resource, timeout_seconds, sleep, clock)
        except Exception as error:  # Whatever it was, the others must still be tried.
            outcome = str(error)
            leftovers.append(f"{resource}: {error}")
        if on_progress:
            on_progress(resource, outcome)
    return leftovers


def left_behind(clients: Clients, resources: Sequence[Resource], *, sleep: Sleep = time.sleep) -> list[str]:
    """Which of the resources still exist, asked one by one; empty is the proof that nothing is left."""
    return [str(resource) for resource in in_removal_order(resources) if _exists(clients, resource, sleep)]


def in_removal_order(resources: Sequence[Resource]) -> list[Resource]:
    """Without doubles, and so that nothing is removed before what refers to it."""
    unknown = [resource.kind for resource in resources if resource.kind not in REMOVALS]
    if unknown:
        raise SmRawError(f"no way to remove a {unknown[0]!r} is known; known kinds: {', '.join(REMOVALS)}")
    order = list(REMOVALS)
    return sorted(dict.fromkeys(resources), key=lambda resource: order.index(resource.kind))


def stop_job(client: BaseClient, kind: JobKind | str, name: str, *, sleep: Sleep = time.sleep) -> bool:
    """Ask a job to stop; whether it still ran. It goes on for a while: wait with ``accept_stopped``."""
    from botocore.exceptions import ClientError

    kind = job_kind(kind)

    def has_ended() -> bool:
        response = ride_out(lambda: call(client, kind.describe, {kind.name: name}), sleep=sleep)
        return response[kind.status] in kind.ended

    if has_ended():
        return False
    try:
        ride_out(lambda: call(client, kind.stop, {kind.name: name}), sleep=sleep)
    except ClientError:
        # Between the two calls it may have ended by itself, and the service refuses to stop what has ended.
        if not has_ended():
            raise
        return False
    return True


def _remove_one(clients: Clients, resource: Resource, timeout_seconds: float, sleep: Sleep, clock: Clock) -> str:
    from botocore.exceptions import ClientError

    removal = REMOVALS[resource.kind]
    client = clients.client(removal.service)
    started, outcome = clock(), "gone already"
    while _exists(clients, resource, sleep):
        try:
            ride_out(lambda: call(client, removal.delete, removal.key(resource)), sleep=sleep)
            outcome = "removed"
        except ClientError as error:
            # An endpoint that is being made, changed or deleted refuses for now; all else means what it says.
            for_now = removal.slow and error_code(error) == "ValidationException"
            if not for_now and _exists(clients, resource, sleep):
                raise
        if not removal.slow:
            break
        waited = clock() - started
        if waited >= timeout_seconds:
            raise SmRawError(f"it is still there after {waited:.0f} s; remove it again in a few minutes")
        sleep(next_pause(waited, POLL_SECONDS))
    return outcome


def _exists(clients: Clients, resource: Resource, sleep: Sleep) -> bool:
    from botocore.exceptions import ClientError

    removal = REMOVALS[resource.kind]
    request = (removal.listing or removal.key)(resource)
    try:
        response = ride_out(lambda: call(clients.client(removal.service), removal.describe, request), sleep=sleep)
    except ClientError as error:
        if not removal.found and error_code(error) in NOT_THERE:
            return False
        raise
    return bool(response[removal.found]) if removal.found else True
