"""One poller for many jobs, within a budget of API calls.

A round asks for the jobs that have not ended, kind by kind: one describe for a single job, list operations,
newest first, as soon as their pages are fewer than the describes they replace. What a list tells is enough as
long as a job runs; one that has ended is described. The training jobs of a tuning job are listed only after a
change in the counters of the tuning job itself.

LastModifiedTimeAfter is left alone: the service then walks through the whole history of the account in empty
pages, until it throttles (https://github.com/aws/aws-cli/issues/7596). CreationTimeAfter together with the order
bounds the pages.
"""

from __future__ import annotations

import itertools
import math
import random
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, TypedDict

from sm_raw.aws.calls import is_expired, is_transient
from sm_raw.aws.job_kinds import TRAINING, TUNING, JobKind, job_kind
from sm_raw.aws.waiting.line import CallBudget, Line
from sm_raw.aws.waiting.pauses import next_pause, seconds_left

if TYPE_CHECKING:
    from botocore.client import BaseClient

CALLS_PER_MINUTE = 60.0
"""Half of what an account is allowed of ListTrainingJobs, 2 in a second, which no request raises.

https://github.com/aws-solutions/deepracer-on-aws/issues/87
"""

PAGE = 100
NEWEST_FIRST = {"SortBy": "CreationTime", "SortOrder": "Descending", "MaxResults": PAGE}
LONGEST_NAME_FILTER = 63


class PollingOptions(TypedDict, total=False):
    """How a wait goes about it.

    ``poll_seconds`` is the longest pause; ``calls_per_minute`` a number, or a CallBudget to share;
    ``credentials_seconds`` how long expired credentials are waited for, of which ``on_notice`` is told.
    ``random`` gives numbers from 0 to 1 for the jitter.
    """

    poll_seconds: float
    calls_per_minute: float | CallBudget
    credentials_seconds: float
    on_notice: Callable[[str], None] | None
    sleep: Callable[[float], None]
    clock: Callable[[], float]
    random: Callable[[], float]


@dataclass(frozen=True)
class Change:
    """A job's new state. ``description`` is the describe response, or the summary in which a list told of it.

    ``tuning_job`` names the tuning job of a training job that was not asked for itself. ``error`` is why a job
    cannot be followed at all, because there is none of that name for instance.
    """

    kind: JobKind
    name: str
    status: str
    ended: bool
    waited_seconds: float
    description: Mapping[str, Any]
    tuning_job: str = ""
    error: Exception | None = None


@dataclass
class Followed:
    """What is known of one job. ``first`` and ``last`` are answers about it."""

    kind: JobKind
    name: str
    tuning_job: str = ""
    first: dict[str, Any] = field(default_factory=dict)
    last: dict[str, Any] = field(default_factory=dict)
    progress: dict[str, Any] = field(default_factory=dict)
    error: Exception | None = None

    @property
    def status(self) -> str:
        return str(self.last.get(self.kind.status, ""))

    @property
    def ended(self) -> bool:
        return self.error is not None or self.status in self.kind.ended

    @property
    def created(self) -> datetime | None:
        return self.last.get("CreationTime")

    def note(self, answer: dict[str, Any]) -> bool:
        """Take in an answer; whether it tells anything new. A summary may lack fields that a description has."""
        told = {name: answer[name] for name in self.kind.progress if name in answer}
        is_new = not self.last or any(self.progress.get(name) != value for name, value in told.items())
        self.progress.update(told)
        self.first, self.last = self.first or answer, answer
        return is_new


class Poller:
    """Follows jobs to their ends. ``jobs`` has what is known of each, ``lost`` the error that cut a wait short.

    With ``children``, the training jobs of tuning jobs are followed as well. Without ``details``, a job that
    succeeded is not described if a list has told of it.
    """

    def __init__(
        self,
        client: BaseClient,
        jobs: Iterable[tuple[JobKind | str, str]],
        *,
        timeout_seconds: float,
        poll_seconds: float = 60.0,
        calls_per_minute: float | CallBudget = CALLS_PER_MINUTE,
        credentials_seconds: float = 3600.0,
        children: bool = False,
        details: bool = True,
        refresh: Callable[[], BaseClient | None] | None = None,
        on_notice: Callable[[str], None] | None = None,
        sleep: Callable[[float], None] = time.sleep,
        clock: Callable[[], float] = time.monotonic,
        random: Callable[[], float] = random.random,
    ) -> None:
        wanted = [(job_kind(kind), name) for kind, name in jobs]
        self.jobs = {(kind.create, name): Followed(kind, name) for kind, name in wanted}
        self.lost: Exception | None = None
        if not isinstance(calls_per_minute, CallBudget):
            calls_per_minute = CallBudget(calls_per_minute, sleep=sleep, clock=clock)
        self._line = Line(
            client,
            calls_per_minute,
            timeout_seconds=timeout_seconds,
            credentials_seconds=credentials_seconds,
            refresh=refresh,
            on_notice=on_notice,
            sleep=sleep,
            clock=clock,
            random=random,
        )
        self._poll_seconds, self._with_children, self._details = poll_seconds, children, details
        self._children: dict[str, dict[str, Followed]] = {}
        self._listing_cost: dict[str, float] = {}

    @property
    def waited_seconds(self) -> float:
        return self._line.waited_seconds

    def open(self) -> list[Followed]:
        """The jobs that have not ended, as far as is known."""
        return [job for job in self.jobs.values() if not job.ended]

    def changes(self) -> Iterator[Change]:
        """Every change of state, until all jobs have ended or the time is over.

        Ends early, with ``lost`` set, if the credentials were not renewed in time. An outage that lasts too
        long is raised.
        """
        while True:
            try:
                yield from self._round()
            except Exception as error:
                if not self._cuts_short(error):
                    raise
                self.lost = error
                return
            if not self.open() or self._line.is_late:
                return
            self._line.rest(min(self._pause(job) for job in self.open()))

    def _cuts_short(self, error: Exception) -> bool:
        return (is_expired(error) and self._line.has_worked) or (is_transient(error) and self._line.is_late)

    def _pause(self, job: Followed) -> float:
        left = seconds_left(job.first, job.last, self.waited_seconds) if job.kind.create == TUNING.create else None
        return next_pause(self.waited_seconds, self._poll_seconds, seconds_left=left)

    def _round(self) -> Iterator[Change]:
        kinds = {job.kind.create: job.kind for job in self.open()}
        for kind in kinds.values():
            unseen = {job.name: job for job in self.open() if job.kind == kind}
            if len(unseen) > self._listing_cost.get(kind.create, math.ceil(len(unseen) / PAGE)):
                yield from self._list(kind, unseen)
            for job in unseen.values():
                yield from self._describe(job)

    def _describe(self, job: Followed) -> Iterator[Change]:
        from botocore.exceptions import ClientError

        try:
            answer = self._line.ask(job.kind.describe, {job.kind.name: job.name})
        except ClientError as error:
            if is_transient(error) or is_expired(error):
                raise
            job.error = error
            yield self._change(job)
            return
        if job.note(answer):
            yield from self._told(job)

    def _list(self, kind: JobKind, unseen: dict[str, Followed]) -> Iterator[Change]:
        """News from the list operation; jobs that were found in it are taken out of ``unseen``.

        Listing ends where it would cost more than to describe the rest. Its cost decides about the next round.
        """
        from botocore.exceptions import ClientError

        pages = 0
        request = listing_request(kind, list(unseen.values()))
        while unseen and pages < len(unseen):
            try:
                page = self._line.ask(kind.list, request)
            except ClientError as error:
                if is_transient(error) or is_expired(error):
                    raise
                pages = len(unseen)  # Not allowed, most likely: the jobs are described from now on.
                break
            pages += 1
            for summary in page[kind.summaries]:
                job = unseen.pop(summary[kind.name], None)
                if job is not None:
                    yield from self._listed(job, summary)
            if not page.get("NextToken"):
                break
            request["NextToken"] = page["NextToken"]
        self._listing_cost[kind.create] = pages + len(unseen)

    def _listed(self, job: Followed, summary: dict[str, Any]) -> Iterator[Change]:
        if not job.note(summary):
            return
        # Why a training job failed is in no list.
        if job.ended and (self._details or job.status not in job.kind.succeeded):
            job.note(self._line.ask(job.kind.describe, {job.kind.name: job.name}))
        yield from self._told(job)

    def _told(self, job: Followed) -> Iterator[Change]:
        """The change of a job; before it, so that the end of a tuning job comes last, those of its children."""
        if self._with_children and job.kind.create == TUNING.create:
            yield from self._list_children(job)
        yield self._change(job)

    def _list_children(self, parent: Followed) -> Iterator[Change]:
        """Newest first, up to where nothing can have changed; after the end of the tuning job, all."""
        known = self._children.setdefault(parent.name, {})
        running = {name for name, child in known.items() if not child.ended}
        request: dict[str, Any] = {TUNING.name: parent.name, **NEWEST_FIRST}
        while True:
            page = self._line.ask("ListTrainingJobsForHyperParameterTuningJob", request)
            reached_known = False
            for summary in page[TRAINING.summaries]:
                name = summary[TRAINING.name]
                running.discard(name)
                reached_known = reached_known or name in known
                child = known.setdefault(name, Followed(TRAINING, name, tuning_job=parent.name))
                if child.note(summary):
                    yield self._change(child)
            if not page.get("NextToken") or (reached_known and not running and not parent.ended):
                return
            request["NextToken"] = page["NextToken"]

    def _change(self, job: Followed) -> Change:
        return Change(
            job.kind, job.name, job.status, job.ended, self.waited_seconds, job.last, job.tuning_job, job.error
        )


def listing_request(kind: JobKind, jobs: Sequence[Followed]) -> dict[str, Any]:
    """What narrows the list operation of a kind down to these jobs; every kind's has these filters."""
    request: dict[str, Any] = dict(NEWEST_FIRST)
    if part := _common_prefix([job.name for job in jobs])[:LONGEST_NAME_FILTER]:
        request["NameContains"] = part
    created = [job.created for job in jobs if job.created]
    if len(created) == len(jobs):
        request["CreationTimeAfter"] = min(created) - timedelta(seconds=1)
    return request


def _common_prefix(names: Sequence[str]) -> str:
    # What the first and the last in order have in common, all between them have.
    pairs = zip(min(names), max(names), strict=False)
    return "".join(one for one, _ in itertools.takewhile(lambda pair: pair[0] == pair[1], pairs))
