"""Wait until jobs have ended, one or many.

botocore's own waiters poll every 30 to 120 s, take Stopped for success, know no tuning job and cannot tell
a broken connection from a failed job. These read the table of job kinds, and share one poller.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sm_raw.aws.calls import is_expired
from sm_raw.aws.job_kinds import JobKind, job_kind
from sm_raw.aws.waiting.line import RENEW, CallBudget
from sm_raw.aws.waiting.pauses import next_pause as next_pause
from sm_raw.aws.waiting.polling import Change, Followed, Poller, PollingOptions
from sm_raw.errors import JobFailed, NotAllSucceeded, WaitTimedOut

if TYPE_CHECKING:
    from botocore.client import BaseClient
    from types_boto3_logs import CloudWatchLogsClient
    from typing_extensions import Unpack

    from sm_raw.aws.clients import Clients

ALONE_CALLS_PER_MINUTE = 300.0
"""The budget of a wait for one job: it polls less often than that by itself after the first seconds."""

LIMITS = {
    "MaxRuntimeExceeded": "it ran longer than StoppingCondition.MaxRuntimeInSeconds",
    "MaxWaitTimeExceeded": "it took longer than StoppingCondition.MaxWaitTimeInSeconds (spot waits included)",
}
"""Secondary statuses of a job that one of its own limits stopped; the service gives no other reason."""


@dataclass(frozen=True)
class Outcome:
    """How one of several jobs ended. ``response`` is the last answer about it; ``error`` is None after success."""

    kind: JobKind
    name: str
    status: str
    response: Mapping[str, Any]
    error: Exception | None = None


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
    calls_per_minute: float | CallBudget = ALONE_CALLS_PER_MINUTE,
    credentials_seconds: float = 3600.0,
    refresh: Callable[[], BaseClient | None] | None = None,
    on_notice: Callable[[str], None] | None = None,
    sleep: Callable[[float], None] = time.sleep,
    clock: Callable[[], float] = time.monotonic,
    random: Callable[[], float] = random.random,
) -> dict[str, Any]:
    """The last describe response of a job or endpoint that has succeeded.

    ``kind`` is a row of the table or a create operation ("CreateTrainingJob"). Polls quickly at first, then
    ever more slowly, at most every ``poll_seconds``. ``on_change`` gets the describe response whenever the
    status, or for a tuning job the count of its training jobs, is a new one. With ``logs``, a failure
    carries the log's last lines.

    Raises JobFailed if it failed, or was stopped unless ``accept_stopped``; WaitTimedOut if it still runs
    after ``timeout_seconds``. Throttling, server errors and broken connections are ridden out, within
    bounds. Credentials that expire are renewed by ``refresh`` (which may return a new client) or waited for,
    up to ``credentials_seconds``; ``on_notice`` is told.
    """
    poller = Poller(
        client,
        [(kind, name)],
        timeout_seconds=timeout_seconds,
        poll_seconds=poll_seconds,
        calls_per_minute=calls_per_minute,
        credentials_seconds=credentials_seconds,
        refresh=refresh,
        on_notice=on_notice,
        sleep=sleep,
        clock=clock,
        random=random,
    )
    for change in poller.changes():
        if on_change and not change.error:
            on_change(dict(change.description))
    (job,) = poller.jobs.values()
    if error := _error(poller, job, accept_stopped=accept_stopped, logs=logs):
        raise error from poller.lost
    return job.last


def wait_for_all(
    clients: Clients,
    jobs: Iterable[tuple[JobKind | str, str]],
    *,
    timeout_seconds: float,
    on_change: Callable[[Change], None] | None = None,
    accept_stopped: bool = False,
    children: bool = False,
    details: bool = True,
    refresh: Callable[[], Clients | None] | None = None,
    logs: CloudWatchLogsClient | None = None,
    **options: Unpack[PollingOptions],
) -> list[dict[str, Any]]:
    """The last describe responses of jobs that have all succeeded, in the order of ``jobs``: (kind, name) pairs.

    One poller asks for all of them; see PollingOptions for its budget. ``on_change`` is told of every change, with
    ``children`` also of those of the tuning jobs' training jobs. Without ``details``, the summary of a list operation
    may stand for the response of a job that succeeded, which saves one call for each job.

    Raises NotAllSucceeded, once all have ended or the time is over, with the outcome of each job.
    """
    wanted = [(job_kind(kind), name) for kind, name in jobs]
    poller = _poller(clients, wanted, timeout_seconds, refresh, children=children, details=details, **options)
    for change in poller.changes():
        if on_change:
            on_change(change)
    followed = [poller.jobs[kind.create, name] for kind, name in wanted]
    errors = {
        (job.kind.create, job.name): _error(poller, job, accept_stopped=accept_stopped, logs=logs)
        for job in poller.jobs.values()
    }
    if any(errors.values()):
        raise NotAllSucceeded(
            [Outcome(job.kind, job.name, job.status, job.last, errors[job.kind.create, job.name]) for job in followed]
        ) from poller.lost
    return [job.last for job in followed]


def watch(
    clients: Clients,
    jobs: Iterable[tuple[JobKind | str, str]],
    *,
    timeout_seconds: float,
    children: bool = False,
    details: bool = True,
    refresh: Callable[[], Clients | None] | None = None,
    **options: Unpack[PollingOptions],
) -> Iterator[Change]:
    """Every change of state of the jobs until all have ended, for displays of progress.

    A job that fails is a change like any other. Raises WaitTimedOut if some still run after ``timeout_seconds``.
    """
    poller = _poller(clients, jobs, timeout_seconds, refresh, children=children, details=details, **options)
    yield from poller.changes()
    if running := poller.open():
        raise _timed_out(poller, running[0], others=len(running) - 1) from poller.lost


def _poller(
    clients: Clients,
    jobs: Iterable[tuple[JobKind | str, str]],
    timeout_seconds: float,
    refresh: Callable[[], Clients | None] | None,
    *,
    children: bool,
    details: bool,
    **options: Unpack[PollingOptions],
) -> Poller:
    return Poller(
        clients.client("sagemaker"),
        jobs,
        timeout_seconds=timeout_seconds,
        refresh=client_refresh(refresh),
        children=children,
        details=details,
        **options,
    )


def client_refresh(refresh: Callable[[], Clients | None] | None) -> Callable[[], BaseClient | None] | None:
    """What a poller of one client takes, from what makes new Clients."""
    if refresh is None:
        return None

    def client() -> BaseClient | None:
        clients = refresh()
        return clients.client("sagemaker") if clients else None

    return client


def _error(
    poller: Poller, job: Followed, *, accept_stopped: bool, logs: CloudWatchLogsClient | None
) -> Exception | None:
    """Why a job did not succeed, after its poller has come to an end."""
    if job.error:
        return job.error
    if not job.ended:
        return _timed_out(poller, job)
    if job.status in job.kind.succeeded or (accept_stopped and job.status in job.kind.stopped):
        return None
    return JobFailed(
        job.kind.label,
        job.name,
        job.status,
        failure_reason(job.kind, job.last),
        log_tail=_log_tail(job.kind, job.name, logs),
        last_response=job.last,
    )


def _timed_out(poller: Poller, job: Followed, others: int = 0) -> WaitTimedOut:
    hint = how_to_go_on(job.kind, job.name)
    if poller.lost and is_expired(poller.lost):
        hint = f"the credentials have expired and were not renewed in time: {RENEW}, then {hint}"
    if others:
        hint = f"so do {others} of the other jobs; {hint}"
    return WaitTimedOut(job.kind.label, job.name, poller.waited_seconds, hint, job.last)


def failure_reason(kind: JobKind, response: Mapping[str, Any]) -> str:
    """Why a job did not succeed: the service's reason, or else what its secondary status tells."""
    return str(response.get(kind.reason) or LIMITS.get(response.get("SecondaryStatus", ""), ""))


def _log_tail(kind: JobKind, name: str, logs: CloudWatchLogsClient | None) -> Sequence[str]:
    if logs is None:
        return ()
    from sm_raw.aws.logs.reading import tail

    try:
        return [event.message for event in tail(logs, kind.log_group_of(name), kind.log_stream_prefix_of(name))]
    except Exception:  # The failure of the job is the news; that its log cannot be read must not hide it.
        return ()


def how_to_go_on(kind: JobKind, name: str) -> str:
    """The commands that resume the wait for something that still runs, or end it."""
    from botocore import xform_name

    stop = f"aws sagemaker {xform_name(kind.stop, '-')} --{xform_name(kind.name, '-')} {name}"
    return f"wait on with wait(client, {kind.create!r}, {name!r}, timeout_seconds=...), or stop it with: {stop}"
