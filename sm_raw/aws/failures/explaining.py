"""Why a job or an endpoint has failed: the reason, the traceback in its log, and the known causes with remedies."""

from __future__ import annotations

import contextlib
import re
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any

from sm_raw.aws.failures.causes import Cause, cause_of_exit_code, match_causes, merged
from sm_raw.aws.failures.layout import quoted, without, wrapped
from sm_raw.aws.failures.tracebacks import HEADER, find_traceback
from sm_raw.aws.job_kinds import JOB_KINDS, TRAINING, TUNING, JobKind, job_kind
from sm_raw.aws.logs.display import short_name
from sm_raw.aws.logs.sources import FUNCTION, FunctionSource, list_children
from sm_raw.aws.logs.streams import Ask, LogEvent, asking, list_streams, stream_tail
from sm_raw.aws.results.rules import rule_statuses
from sm_raw.aws.waiting.wait import failure_reason
from sm_raw.errors import JobFailed

if TYPE_CHECKING:
    from sm_raw.aws.clients import Clients

LINES_READ = 200
STREAMS_READ = 20
"""Of an endpoint or function that has had many instances, the latest are asked."""

CHILDREN_READ = 5
"""The logs of so many failed training jobs of a tuning job are read, one for each reason that tells no cause."""

TRACEBACK_LINES_SHOWN = 20
TRACEBACK_ROWS, LOG_ROWS = 6, 2
"""Rows that a long line of each takes at most: paths and messages of a traceback matter to their ends."""

INTERRUPTED = "Interrupted"
EXIT_CODE = re.compile(r"exit ?(?:code|status)[:\s]+['\"]?(-?\d+)", re.IGNORECASE)


@dataclass(frozen=True)
class FailedChildren:
    """Training jobs of a tuning job that failed for the same cause; ``cause`` is None if that is not known."""

    names: tuple[str, ...]
    reason: str
    cause: Cause | None


@dataclass(frozen=True)
class Explanation:
    """Why something failed; printed, it is a readable block. ``children``: of a tuning job, the most frequent first."""

    kind: str
    name: str
    status: str
    reason: str = ""
    exit_code: int | None = None
    log_tail: tuple[str, ...] = ()
    traceback: str = ""
    causes: tuple[Cause, ...] = ()
    children: tuple[FailedChildren, ...] = ()

    def __str__(self) -> str:
        return "\n".join(self._lines())

    def as_data(self) -> dict[str, Any]:
        """The same as JSON takes it."""
        causes = [{name: getattr(cause, name) for name in ("id", "cause", "remedy", "source")} for cause in self.causes]
        children = [
            {"names": list(group.names), "reason": group.reason, "cause": group.cause.id if group.cause else None}
            for group in self.children
        ]
        own = {field.name: getattr(self, field.name) for field in fields(self)}
        return {**own, "log_tail": list(self.log_tail), "causes": causes, "children": children}

    def _lines(self) -> Iterator[str]:
        """Each fact once: a reason often quotes the log, and the end of the log is often the traceback."""
        code = "" if self.exit_code is None else f", exit code {self.exit_code}"
        traceback = self.traceback.splitlines()
        yield from wrapped(f"{self.kind} {self.name!r}: {self.status}{code}", "")
        yield from wrapped(without(self.reason.splitlines(), [*traceback, *self.log_tail]), "  reason: ")
        for group in self.children:
            told = "" if group.cause else f": {group.reason or 'no reason is given'}"
            yield from wrapped(f"{len(group.names)} failed, as {group.names[0]}{told}", "  jobs:   ")
            yield from advice([group.cause] if group.cause else [])
        told_before = [group.cause for group in self.children]
        yield from advice(cause for cause in self.causes if cause not in told_before)
        if traceback:
            yield "  traceback:"
            yield from quoted(traceback[-TRACEBACK_LINES_SHOWN:], TRACEBACK_ROWS)
        if rest := without(self.log_tail, traceback).splitlines():
            yield "  the last lines of its log:"
            yield from quoted(rest, LOG_ROWS)


def advice(causes: Iterable[Cause]) -> Iterator[str]:
    """What each cause means and what to do about it, in lines."""
    for cause in causes:
        yield from wrapped(cause.cause, "  cause:  ")
        yield from wrapped(cause.remedy, "  remedy: ")


@dataclass(frozen=True)
class LogEnd:
    """What the ends of a log's streams tell. ``lines``: those of the stream that matters, or of all, oldest first."""

    lines: tuple[str, ...] = ()
    traceback: str = ""


@contextlib.contextmanager
def explained(clients: Clients) -> Iterator[None]:
    """Gives a JobFailed that leaves the block its explanation, where the service tells one: it then is the text."""
    try:
        yield
    except JobFailed as error:
        kind = next((kind for kind in JOB_KINDS.values() if kind.label == error.kind), None)
        # The failure is the news; that nothing more can be learned of it must not hide it.
        with contextlib.suppress(Exception):
            error.explanation = explain_failure(clients, kind, error.name) if kind else None
        raise


def explain_failure(
    clients: Clients,
    kind: JobKind | str,
    name: str,
    *,
    lines: int = 20,
    sleep: Callable[[float], None] = time.sleep,
) -> Explanation:
    """What is known of a job, endpoint or Lambda function ("CreateFunction") that failed; it may have succeeded, too.

    Reads the ends of its log's streams, the traceback in them included. For a tuning job, its failed training
    jobs are counted by cause. A log that cannot be read is left out.
    """
    logs = asking(clients.logs, sleep)
    if kind == FUNCTION:
        return _function(asking(clients.client("lambda"), sleep), logs, name, lines)
    return _job(asking(clients.client("sagemaker"), sleep), logs, job_kind(kind), name, lines)


def _job(ask: Ask, logs: Ask, kind: JobKind, name: str, lines: int) -> Explanation:
    response = ask(kind.describe, {kind.name: name})
    status, reason = str(response[kind.status]), "\n".join(_reasons(kind, response))
    if status in kind.succeeded and not reason:
        return Explanation(kind.label, name, status)
    if kind.create == TUNING.create:
        return _tuning(ask, logs, name, status, reason, lines)
    end = _log_end(logs, kind.log_group_of(name), kind.log_stream_prefix_of(name))
    return _explained(kind.label, name, status, reason, end, lines, hints="\n".join(_secondary(response)))


def _function(ask: Ask, logs: Ask, name: str, lines: int) -> Explanation:
    configuration = ask("GetFunctionConfiguration", {"FunctionName": name})
    end = _log_end(logs, FunctionSource(lambda *_: configuration, name).log_group, "")
    reason = str(configuration.get("StateReason") or configuration.get("LastUpdateStatusReason") or "")
    return _explained("function", name, str(configuration.get("State", "Active")), reason, end, lines)


def _reasons(kind: JobKind, response: Mapping[str, Any]) -> Iterator[str]:
    """What the service says: of the job, of the message that its container left, of Debugger rules in error."""
    for text in (failure_reason(kind, response), response.get("ExitMessage", "")):
        if text:
            yield text
    if kind.create == TRAINING.create:
        yield from (f"rule {rule.name}: {rule.details}" for rule in rule_statuses(response) if rule.status == "Error")


def _secondary(response: Mapping[str, Any]) -> Iterator[str]:
    """Its last secondary status; and that a spot job was interrupted, if it then waited too long to go on."""
    last = response.get("SecondaryStatus", "")
    yield f"SecondaryStatus: {last}"
    passed = [transition["Status"] for transition in response.get("SecondaryStatusTransitions", ())]
    if last == "MaxWaitTimeExceeded" and INTERRUPTED in passed:
        yield f"SecondaryStatus: {INTERRUPTED}"


def _explained(
    kind: str, name: str, status: str, reason: str, end: LogEnd, lines: int, *, hints: str = ""
) -> Explanation:
    told = "\n".join(end.lines)
    exit_code = _exit_code(reason) if _exit_code(reason) is not None else _exit_code(told)
    causes = merged(match_causes(end.traceback), match_causes(f"{reason}\n{hints}"))
    if all(cause.is_symptom for cause in causes):
        # A log tells of many things: it is searched only where nothing better is known.
        causes = merged(causes, match_causes(told))
    if not causes:
        causes = tuple(cause_of_exit_code(exit_code))
    return Explanation(kind, name, status, reason, exit_code, end.lines[-lines:], end.traceback, causes)


def _tuning(ask: Ask, logs: Ask, name: str, status: str, reason: str, lines: int) -> Explanation:
    """A tuning job, by way of its failed training jobs; log and traceback are those of one of the largest group."""
    found: dict[Cause | None, tuple[FailedChildren, Explanation]] = {}
    failed = _by_reason(list_children(ask, name, StatusEquals="Failed"))
    for number, (told, names) in enumerate(failed):
        explained = _child(logs, names[0], told, lines, may_read=number < CHILDREN_READ)
        cause = next(iter(explained.causes), None)
        group, example = found.get(cause, (FailedChildren((), told, cause), explained))
        found[cause] = FailedChildren(tuple(sorted((*group.names, *names))), group.reason, cause), example
    ranked = sorted(found.values(), key=lambda pair: -len(pair[0].names))
    children = tuple(group for group, _ in ranked)
    causes = merged([group.cause for group in children if group.cause], match_causes(reason))
    if not ranked:
        return Explanation(TUNING.label, name, status, reason, causes=causes)
    largest, example = ranked[0]
    if not example.log_tail:
        # Its reason told the cause; where in the script that is, the log alone can tell.
        example = _read_child(logs, largest.names[0], largest.reason, lines)
    return Explanation(
        TUNING.label, name, status, reason, example.exit_code, example.log_tail, example.traceback, causes, children
    )


def _by_reason(children: Iterable[Mapping[str, Any]]) -> list[tuple[str, list[str]]]:
    """Reasons with the names of the jobs, the most frequent first. Of numbers in them only the exit code matters."""
    groups: dict[tuple[str, int | None], tuple[str, list[str]]] = {}
    for child in children:
        reason = str(child.get(TRAINING.reason, ""))
        key = re.sub(r"\d+", "0", reason), _exit_code(reason)
        groups.setdefault(key, (reason, []))[1].append(child[TRAINING.name])
    return sorted(groups.values(), key=lambda group: -len(group[1]))


def _child(logs: Ask, name: str, reason: str, lines: int, *, may_read: bool) -> Explanation:
    """One for all with the same reason. Its log is read only where that reason tells no cause."""
    if may_read and all(cause.is_symptom for cause in match_causes(reason)):
        return _read_child(logs, name, reason, lines)
    return _explained(TRAINING.label, name, "Failed", reason, LogEnd(), lines)


def _read_child(logs: Ask, name: str, reason: str, lines: int) -> Explanation:
    end = _log_end(logs, TRAINING.log_group_of(name), TRAINING.log_stream_prefix_of(name))
    return _explained(TRAINING.label, name, "Failed", reason, end, lines)


def _log_end(logs: Ask, log_group: str, stream_prefix: str) -> LogEnd:
    """The ends of the streams. Where a traceback is found, the lines are those of its stream: the first to fail."""
    tails: list[list[LogEvent]] = []
    # The failure is the news; that its log cannot be read must not hide it.
    with contextlib.suppress(Exception):
        times = list_streams(logs, log_group, stream_prefix).last_times
        latest = sorted(times, key=lambda stream: times[stream] or 0)[-STREAMS_READ:]
        tails = [stream_tail(logs, log_group, stream, LINES_READ) for stream in latest]
    blamed = [(_time_of_traceback(tail), tail) for tail in tails if find_traceback(_lines_of(tail))]
    if blamed:
        _, tail = min(blamed, key=lambda pair: pair[0])
        return LogEnd(tuple(_lines_of(tail)), find_traceback(_lines_of(tail)))
    events = sorted((event for tail in tails for event in tail), key=lambda event: event.timestamp)
    names = len(tails) > 1
    return LogEnd(tuple(_lines_of(events, names=names)[-LINES_READ:]))


def _time_of_traceback(tail: Iterable[LogEvent]) -> int:
    return min(event.timestamp for event in tail if HEADER in event.message)


def _lines_of(events: Iterable[LogEvent], *, names: bool = False) -> list[str]:
    """One event may hold several lines."""
    return [
        f"{short_name(event.stream)}: {line}" if names else line
        for event in events
        for line in event.message.splitlines() or [""]
    ]


def _exit_code(text: str) -> int | None:
    found = EXIT_CODE.findall(text)
    return int(found[-1]) if found else None
