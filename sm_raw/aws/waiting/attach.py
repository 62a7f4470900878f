"""Follow what was started elsewhere, knowing only its name."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from sm_raw.aws.calls import error_code, is_expired, is_transient
from sm_raw.aws.job_kinds import JOB_KINDS, JobKind
from sm_raw.aws.waiting.line import CallBudget, Line
from sm_raw.aws.waiting.polling import CALLS_PER_MINUTE, PollingOptions
from sm_raw.aws.waiting.wait import client_refresh, wait
from sm_raw.errors import SmRawError, UnknownName

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from sm_raw.aws.clients import Clients

FIND_SECONDS = 60.0
"""How long throttling and outages are ridden out while a name is looked for."""

NOT_FOUND = frozenset({"ResourceNotFound", "ValidationException"})
"""What SageMaker answers to a describe of a name that is not there."""


def attach(
    clients: Clients,
    name: str,
    *,
    kind: JobKind | str | None = None,
    timeout_seconds: float,
    accept_stopped: bool = False,
    on_change: Callable[[dict[str, Any]], None] | None = None,
    refresh: Callable[[], Clients | None] | None = None,
    **options: Unpack[PollingOptions],
) -> dict[str, Any]:
    """Follow a job or endpoint that was started elsewhere to its end; like ``wait``, with its logs.

    Its kind is found by its name, unless ``kind`` says it.
    """
    if kind is None:
        kind = find_job(
            clients, name, sleep=options.get("sleep", time.sleep), clock=options.get("clock", time.monotonic)
        )
    return wait(
        clients.sagemaker,
        kind,
        name,
        timeout_seconds=timeout_seconds,
        accept_stopped=accept_stopped,
        on_change=on_change,
        logs=clients.logs,
        refresh=client_refresh(refresh),
        **options,
    )


def find_job(
    clients: Clients,
    name: str,
    *,
    sleep: Callable[[float], None] = time.sleep,
    clock: Callable[[], float] = time.monotonic,
) -> JobKind:
    """The kind of the job or endpoint of this name; of several, the only one that has not ended.

    Raises UnknownName if there is none, and SmRawError if there is more than one.
    """
    budget = CallBudget(CALLS_PER_MINUTE, sleep=sleep, clock=clock)
    line = Line(clients.sagemaker, budget, timeout_seconds=FIND_SECONDS, sleep=sleep, clock=clock)
    found, unknown = [], []
    for kind in JOB_KINDS.values():
        response, reason = _described(line, kind, name)
        if response:
            found.append((kind, response[kind.status] in kind.ended))
        elif reason:
            unknown.append(f"{kind.describe}: {reason}")
    running = [kind for kind, ended in found if not ended]
    if len(found) == 1 or len(running) == 1:
        return (running or [kind for kind, _ in found])[0]
    if found:
        labels = ", ".join(kind.label for kind, _ in found)
        kinds = " or ".join(repr(kind.create) for kind, _ in found)
        raise SmRawError(f"{name!r} is the name of more than one thing ({labels}); say which with kind={kinds}")
    asked = ", ".join(kind.label for kind in JOB_KINDS.values())
    hidden = "".join(f"\n  not known, {line}" for line in unknown)
    raise UnknownName(name, f"nothing in {clients.region} is named {name!r}; looked for: {asked}{hidden}")


def _described(line: Line, kind: JobKind, name: str) -> tuple[dict[str, Any], str]:
    """The describe response, empty if there is none of that name; and why that is not known."""
    from botocore.exceptions import ClientError

    try:
        return line.ask(kind.describe, {kind.name: name}), ""
    except ClientError as error:
        if is_expired(error) or is_transient(error):
            raise
        return {}, "" if error_code(error) in NOT_FOUND else str(error)
