"""Wait until a job has ended.

botocore's own waiters poll every 30 to 120 s, take Stopped for success, know no tuning job and cannot tell
a broken connection from a failed job. This one reads the table of job kinds.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from sm_raw.aws.calls import call, ride_out
from sm_raw.aws.job_kinds import JobKind, job_kind
from sm_raw.errors import JobFailed, WaitTimedOut

if TYPE_CHECKING:
    from botocore.client import BaseClient
    from types_boto3_logs import CloudWatchLogsClient

SHORTEST_PAUSE_SECONDS = 0.2
PAUSE_SHARE = 0.05
"""A pause is this part of the time waited so far, so that the end of a job is noticed at most 5 % late."""

LIMITS = {
    "MaxRuntimeExceeded": "it ran longer than StoppingCondition.MaxRuntimeInSeconds",
    "MaxWaitTimeExceeded": "it took longer than StoppingCondition.MaxWaitTimeInSeconds (spot waits included)",
}
"""Secondary statuses of a job that one of its own limits stopped; the service gives no other reason."""


def wait(
    client: BaseClient,
    kind: JobKind | str,
    name: str,
    *,
    timeout_seconds: float,
    poll_seconds: float = 30.0,
    accept_stopped: bool = False,
    on_change: Callable[[dict[str, Any]], None] | None = None,
    logs: CloudWatchLogsClient | None = None,
    sleep: Callable[[float], None] = time.sleep,
    clock: Callable[[], float] = time.monotonic,
) -> dict[str, Any]:
    """The last describe response of a job or endpoint that has succeeded.

    ``kind`` is a row of the table or a create operation ("CreateTrainingJob"). Polls quickly at first, then
    ever more slowly, at most every ``poll_seconds``. ``on_change`` gets the describe response whenever the
    status, or for a tuning job the count of its training jobs, is a new one. With ``logs``, a failure
    carries the log's last lines.

    Raises JobFailed if it failed, or was stopped unless ``accept_stopped``; WaitTimedOut if it still runs
    after ``timeout_seconds``. Throttling, server errors and broken connections are ridden out, within
    bounds.
    """
    kind = job_kind(kind)
    started = clock()
    seen: list[Any] | None = None
    while True:
        response = ride_out(lambda: call(client, kind.describe, {kind.name: name}), sleep=sleep)
        progress = [response.get(field) for field in kind.progress]
        if progress != seen and on_change:
            on_change(response)
        seen = progress
        if response[kind.status] in kind.ended:
            return _outcome(kind, name, response, accept_stopped=accept_stopped, logs=logs)
        waited = clock() - started
        if waited >= timeout_seconds:
            raise WaitTimedOut(kind.label, name, waited, how_to_go_on(kind, name), response)
        sleep(min(next_pause(waited, poll_seconds), timeout_seconds - waited))


def next_pause(waited_seconds: float, longest_seconds: float) -> float:
    """Seconds until the next poll of something that has been waited for so long already."""
    return min(longest_seconds, max(SHORTEST_PAUSE_SECONDS, PAUSE_SHARE * waited_seconds))


def _outcome(
    kind: JobKind,
    name: str,
    response: dict[str, Any],
    *,
    accept_stopped: bool,
    logs: CloudWatchLogsClient | None,
) -> dict[str, Any]:
    status = response[kind.status]
    if status in kind.succeeded or (accept_stopped and status in kind.stopped):
        return response
    raise JobFailed(
        kind.label,
        name,
        status,
        failure_reason(kind, response),
        log_tail=_log_tail(kind, name, logs),
        last_response=response,
    )


def failure_reason(kind: JobKind, response: Mapping[str, Any]) -> str:
    """Why a job did not succeed: the service's reason, or else what its secondary status tells."""
    return str(response.get(kind.reason) or LIMITS.get(response.get("SecondaryStatus", ""), ""))


def _log_tail(kind: JobKind, name: str, logs: CloudWatchLogsClient | None) -> Sequence[str]:
    if logs is None:
        return ()
    from sm_raw.aws.logs import tail

    try:
        return [event.message for event in tail(logs, kind.log_group_of(name), kind.log_stream_prefix_of(name))]
    except Exception:  # The failure of the job is the news; that its log cannot be read must not hide it.
        return ()


def how_to_go_on(kind: JobKind, name: str) -> str:
    """The commands that resume the wait for something that still runs, or end it."""
    from botocore import xform_name

    stop = f"aws sagemaker {xform_name(kind.stop, '-')} --{xform_name(kind.name, '-')} {name}"
    return f"wait on with wait(client, {kind.create!r}, {name!r}, timeout_seconds=...), or stop it with: {stop}"
