"""Whose log is read: where its streams are, which of them are its own, and whether more is to come."""

from __future__ import annotations

import functools
import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Protocol

from sm_raw.aws.calls import error_code, pages
from sm_raw.aws.job_kinds import ENDPOINT, TRAINING, TUNING, JobKind
from sm_raw.aws.logs.streams import Ask, asking
from sm_raw.aws.waiting.pauses import next_pause

if TYPE_CHECKING:
    from sm_raw.aws.clients import Clients

FUNCTION = "CreateFunction"
"""Stands for a Lambda function where a job kind or create operation is asked for."""

LONGEST_STATUS_PAUSE_SECONDS = 20.0


class LogSource(Protocol):
    """Something that writes a log."""

    log_group: str
    stream_prefix: str

    def selects(self, stream: str) -> bool:
        """Whether a stream with the prefix is its own."""

    def has_ended(self, stream: str) -> bool:
        """Whether who wrote this stream has ended, though others of the source go on."""

    def is_over(self) -> bool:
        """Whether nothing more will be written, as far as the service tells. Asks it now and then only."""

    def state(self) -> str:
        """What it is and how it stands: "training job 'digits' is InProgress, Training"."""


class JobSource:
    """A job or an endpoint. The logs of a tuning job are those of its training jobs, which are listed as it goes."""

    def __init__(self, ask: Ask, kind: JobKind, name: str, clock: Callable[[], float] = time.monotonic) -> None:
        self.log_group, self.stream_prefix = kind.log_group_of(name), kind.log_stream_prefix_of(name)
        self._ask, self._kind, self._name, self._clock = ask, kind, name, clock
        self._began = self._next_look = clock()
        self._response: Mapping[str, Any] = {}
        self._gone = False
        self._children: dict[str, bool] = {}  # Whether each has ended.
        self._look()

    def selects(self, stream: str) -> bool:
        return self._kind.create != TUNING.create or stream.partition("/")[0] in self._children

    def has_ended(self, stream: str) -> bool:
        return self._children.get(stream.partition("/")[0], False)

    def is_over(self) -> bool:
        if not self._has_ended() and self._clock() >= self._next_look:
            self._look()
        return self._has_ended()

    def state(self) -> str:
        if self._gone:
            return f"{self._kind.label} {self._name!r} has been deleted"
        status, secondary = str(self._response[self._kind.status]), self._response.get("SecondaryStatus", "")
        told = ", ".join(dict.fromkeys(word for word in (status, secondary) if word))
        return f"{self._kind.label} {self._name!r} is {told}"

    def _has_ended(self) -> bool:
        # An endpoint in service goes on to write, though that is a status in which a wait for it ends.
        ends = self._kind.failed if self._kind.create == ENDPOINT.create else self._kind.ended
        return self._gone or self._response[self._kind.status] in ends

    def _look(self) -> None:
        from botocore.exceptions import ClientError

        try:
            self._response = self._ask(self._kind.describe, {self._kind.name: self._name})
        except ClientError as error:
            # Deleted while it was followed, as an endpoint is. What never was there is the caller's mistake.
            if not self._response or error_code(error) not in {"ValidationException", "ResourceNotFound"}:
                raise
            self._gone = True
        # The end is asked for before the children: those of the last moment are then listed, too.
        if self._kind.create == TUNING.create and not self._gone:
            for child in list_children(self._ask, self._name):
                self._children[child[TRAINING.name]] = child[TRAINING.status] in TRAINING.ended
        now = self._clock()
        self._next_look = now + next_pause(now - self._began, LONGEST_STATUS_PAUSE_SECONDS)


class FunctionSource:
    """A Lambda function. It has no end of its own; its configuration may name another log group.

    https://docs.aws.amazon.com/lambda/latest/dg/monitoring-cloudwatchlogs-loggroups.html
    """

    stream_prefix = ""

    def __init__(self, ask: Ask, name: str) -> None:
        configuration = ask("GetFunctionConfiguration", {"FunctionName": name})
        own = f"/aws/lambda/{configuration.get('FunctionName', name)}"
        self.log_group = str(configuration.get("LoggingConfig", {}).get("LogGroup") or own)
        self._name, self._state = name, configuration.get("State", "Active")

    def selects(self, stream: str) -> bool:
        return True

    def has_ended(self, stream: str) -> bool:
        return False

    def is_over(self) -> bool:
        return False

    def state(self) -> str:
        return f"function {self._name!r} is {self._state}"


def log_place(clients: Clients, kind: JobKind | str, name: str) -> tuple[str, str]:
    """The log group of a job, endpoint or function, and what the names of its streams begin with."""
    if isinstance(kind, JobKind):
        return kind.log_group_of(name), kind.log_stream_prefix_of(name)
    source = FunctionSource(asking(clients.client("lambda")), name)
    return source.log_group, source.stream_prefix


def list_children(ask: Ask, tuning_job: str, **request: Any) -> list[dict[str, Any]]:
    """The summaries of a tuning job's training jobs. ``request``: further members, StatusEquals for one."""
    members: dict[str, Any] = {TUNING.name: tuning_job, "MaxResults": 100, **request}
    listing = functools.partial(ask, "ListTrainingJobsForHyperParameterTuningJob")
    return [each for page in pages(listing, members) for each in page[TRAINING.summaries]]
