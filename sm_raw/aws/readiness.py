"""When what was made can be used, and when what was started has ended: all but SageMaker's own jobs and endpoints.

Those are ``job_kinds`` and ``waiting``; a new row here is a kind of ``removals`` whose create call answers too early.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from sm_raw.aws.clients import Clients
from sm_raw.aws.remove import find
from sm_raw.aws.resources import Resource
from sm_raw.aws.waiting.pauses import next_pause
from sm_raw.errors import JobFailed, WaitTimedOut

POLL_SECONDS = 10.0
Found = Mapping[str, Any]


@dataclass(frozen=True)
class Readiness:
    """``state`` reads (status, reason) from what the service tells; every other status means "still under way"."""

    state: Callable[[Found], tuple[str, str]]
    ready: frozenset[str]
    failed: frozenset[str]


def _function(found: Found) -> tuple[str, str]:
    return str(found.get("State", "Active")), str(found.get("StateReason", ""))


def _concurrency(found: Found) -> tuple[str, str]:
    return str(found["Status"]), str(found.get("StatusReason", ""))


def _export(found: Found) -> tuple[str, str]:
    return str(found["status"]["code"]), str(found["status"].get("message", ""))


def _instances(found: Found) -> tuple[str, str]:
    """Of several, the first that still runs. One that AWS ended, or could not start, says so in its reason's code."""
    last = max(found["Instances"], key=lambda each: each["State"]["Name"] not in {"terminated", "stopped"})
    reason = last.get("StateReason", {})
    status = str(last["State"]["Name"])
    lost = status in {"terminated", "stopped"} and str(reason.get("Code", "")).startswith("Server.")
    return "lost" if lost else status, str(reason.get("Message", ""))


READINESS: Mapping[str, Readiness] = MappingProxyType(
    {
        # https://docs.aws.amazon.com/lambda/latest/dg/functions-states.html
        "function": Readiness(_function, frozenset({"Active", "Inactive"}), frozenset({"Failed"})),
        # https://docs.aws.amazon.com/lambda/latest/api/API_GetProvisionedConcurrencyConfig.html
        "provisioned concurrency": Readiness(_concurrency, frozenset({"READY"}), frozenset({"FAILED"})),
        # https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_ExportTaskStatus.html
        "export task": Readiness(_export, frozenset({"COMPLETED"}), frozenset({"CANCELLED", "FAILED"})),
        # Such instances end themselves when their work is done.
        # https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_StateReason.html
        "instances": Readiness(_instances, frozenset({"stopped", "terminated"}), frozenset({"lost"})),
    }
)


def wait_until_ready(
    clients: Clients,
    resource: Resource,
    *,
    timeout_seconds: float,
    on_change: Callable[[str], None] | None = None,
    sleep: Callable[[float], None] = time.sleep,
    clock: Callable[[], float] = time.monotonic,
) -> dict[str, Any]:
    """What the service tells of a function that is active, of concurrency that is ready, of a task that has ended well.

    Of a kind without a row, what it tells now. ``on_change`` gets each new status. Raises JobFailed, or WaitTimedOut
    after ``timeout_seconds``.
    """
    readiness = READINESS.get(resource.kind)
    started, told = clock(), ""
    while True:
        found = find(clients, resource, sleep=sleep) or {}
        if readiness is None:
            return found
        status, reason = readiness.state(found) if found else ("not to be seen yet", "")
        if on_change and status != told:
            on_change(status)
        told = status
        if status in readiness.ready:
            return found
        if status in readiness.failed:
            raise JobFailed(resource.kind, resource.name, status, reason, last_response=found)
        waited = clock() - started
        if waited >= timeout_seconds:
            hint = f"it is {status}; look again later, or remove it"
            raise WaitTimedOut(resource.kind, resource.name, waited, hint, found)
        sleep(next_pause(waited, POLL_SECONDS))
