"""Take things down again: in the right order, as often as it takes, and with proof.

What exists is asked of the service, never concluded from an error's wording: after a refused delete the
describe call says whether the thing is gone already.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from sm_raw.aws.calls import call, error_code, ride_out
from sm_raw.aws.clients import Clients
from sm_raw.aws.job_kinds import JobKind, job_kind
from sm_raw.aws.removals import KINDS
from sm_raw.aws.resources import NOT_THERE as NOT_THERE
from sm_raw.aws.resources import Asker
from sm_raw.aws.resources import Resource as Resource
from sm_raw.aws.waiting.pauses import next_pause
from sm_raw.errors import SmRawError

if TYPE_CHECKING:
    from botocore.client import BaseClient

Sleep = Callable[[float], None]
Clock = Callable[[], float]

POLL_SECONDS = 5.0


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

    What is gone already is fine, and one failure does not keep the rest from being removed. An endpoint, which is
    slow to go, is waited for, up to ``timeout_seconds``. ``on_progress`` gets each resource with "removed",
    "gone already" or the reason.
    """
    leftovers: list[str] = []
    for resource in in_removal_order(resources):
        try:
            outcome = _remove_one(Asker(clients, sleep), resource, timeout_seconds, clock)
        except Exception as error:  # Whatever it was, the others must still be tried.
            outcome = str(error)
            leftovers.append(f"{resource}: {error}")
        if on_progress:
            on_progress(resource, outcome)
    return leftovers


def left_behind(clients: Clients, resources: Sequence[Resource], *, sleep: Sleep = time.sleep) -> list[str]:
    """Which of the resources still exist, asked one by one; empty is the proof that nothing is left."""
    return [str(resource) for resource in in_removal_order(resources) if _left(Asker(clients, sleep), resource)]


def find(clients: Clients, resource: Resource, *, sleep: Sleep = time.sleep) -> dict[str, Any] | None:
    """What the service tells of a resource; None if it is not there."""
    _require_known([resource])
    return KINDS[resource.kind].find(Asker(clients, sleep), resource)


def in_removal_order(resources: Sequence[Resource]) -> list[Resource]:
    """Without doubles, and so that nothing is removed before what refers to it."""
    _require_known(resources)
    order = list(KINDS)
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


def _require_known(resources: Sequence[Resource]) -> None:
    unknown = [resource.kind for resource in resources if resource.kind not in KINDS]
    if unknown:
        raise SmRawError(f"no way to remove a {unknown[0]!r} is known; known kinds: {', '.join(KINDS)}")


def _remove_one(ask: Asker, resource: Resource, timeout_seconds: float, clock: Clock) -> str:
    from botocore.exceptions import ClientError

    kind = KINDS[resource.kind]
    started, outcome = clock(), "gone already"
    while (found := _left(ask, resource)) is not None:
        again = kind.slow
        try:
            kind.delete(ask, resource, found)
            outcome = "removed"
        except ClientError as error:
            # What is being made, changed or deleted refuses for now; all else means what it says.
            again = error_code(error) in kind.for_now
            if not again and _left(ask, resource) is not None:
                raise
        if not again:
            break
        waited = clock() - started
        if waited >= timeout_seconds:
            raise SmRawError(f"it is still there after {waited:.0f} s; remove it again in a few minutes")
        ask.sleep(next_pause(waited, POLL_SECONDS))
    return outcome


def _left(ask: Asker, resource: Resource) -> dict[str, Any] | None:
    """What there is of it to delete."""
    kind = KINDS[resource.kind]
    found = kind.find(ask, resource)
    return found if found is not None and kind.is_left(found) else None
