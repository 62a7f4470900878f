"""Stops and removes what the ledger of a run holds, at the run's end or whenever ``down`` is asked for."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Sequence

from sm_raw.aws.calls import error_code
from sm_raw.aws.clients import Clients
from sm_raw.aws.job_kinds import JobKind
from sm_raw.aws.remove import left_behind, remove, stop_job
from sm_raw.aws.resources import NOT_THERE, Resource
from sm_raw.aws.transfers.multipart import abort_uploads
from sm_raw.aws.waiting.wait import wait
from sm_raw.errors import JobFailed
from sm_raw.runs.effects import EFFECTS
from sm_raw.runs.ledger import Ledger
from sm_raw.runs.story import Story

GONE = frozenset({"removed", "gone already"})
STOPPED_TIMEOUT_SECONDS = 300

Stopping = Callable[[JobKind, str], contextlib.AbstractContextManager[None]]


def is_there_anything(ledger: Ledger, also: frozenset[str] = frozenset()) -> bool:
    """Whether the ledger holds anything to take down; ``also`` as in ``take_down``."""
    held = ledger.resources() or ledger.running() or ledger.unfinished_uploads()
    return bool(held) or any(resource.kind in also for resource in ledger.remains())


def take_down(clients: Clients, ledger: Ledger, story: Story, also: frozenset[str] = frozenset()) -> list[str]:
    """Stop and remove all that the ledger holds; what is left after all, one line each.

    Of what stays otherwise, the kinds in ``also`` are removed, too: see ``leavings``.
    """

    @contextlib.contextmanager
    def stopping(kind: JobKind, name: str) -> Iterator[None]:
        story.progress(f"stopping {kind.label} {name}")
        yield

    left = [*stop_running(clients, ledger, stopping), *abort_unfinished(clients, ledger)]
    remains = [resource for resource in ledger.remains() if resource.kind in also]
    return [*left, *remove_made(clients, ledger, story.line, remains)]


def abort_unfinished(clients: Clients, ledger: Ledger) -> list[str]:
    """Take back the parts of large files that a killed upload has left, which cost and are in no listing."""
    left = []
    for uri in ledger.unfinished_uploads():
        try:
            abort_uploads(clients.s3, uri)
            ledger.uploaded(uri)
        except Exception as error:  # The rest must still be removed.
            left.append(f"unfinished uploads to {uri}: {error}")
    return left


def stop_running(clients: Clients, ledger: Ledger, stopping: Stopping) -> list[str]:
    """Stop the jobs that the ledger knows to have begun, each within a ``stopping`` block; those that refuse."""
    left = []
    for operation, name in ledger.running():
        kind = EFFECTS[operation].kind
        if kind is None:
            continue
        try:
            with stopping(kind, name):
                _stop(clients, kind, name)
            ledger.ended(operation, name)
        except Exception as error:  # What ended the run is the news, and the rest must still be removed.
            left.append(f"{kind.label} {name!r}: {error}")
    return left


def _stop(clients: Clients, kind: JobKind, name: str) -> None:
    from botocore.exceptions import ClientError

    try:
        still_ran = stop_job(clients.sagemaker, kind, name)
    except ClientError as error:
        if error_code(error) in NOT_THERE:  # it was written down, and never begun
            return
        raise
    if still_ran:
        with contextlib.suppress(JobFailed):
            wait(
                clients.sagemaker,
                kind,
                name,
                timeout_seconds=STOPPED_TIMEOUT_SECONDS,
                poll_seconds=5,
                accept_stopped=True,
            )


def remove_made(
    clients: Clients, ledger: Ledger, on_news: Callable[[str], None], remains: Sequence[Resource] = ()
) -> list[str]:
    """Remove the ledger's resources and those named besides; what could not be, or is still there, one line each."""
    made = [*ledger.resources(), *remains]

    def tell(resource: Resource, outcome: str) -> None:
        on_news(f"{resource}: {outcome}")
        if outcome in GONE:
            ledger.removed(resource)

    return remove(clients, made, tell) or left_behind(clients, made)
