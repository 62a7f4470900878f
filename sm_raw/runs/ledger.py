"""OUT/ledger.jsonl: what a run set out to make, has made and has removed, written before and after each call.

A run can be killed at any moment, so a line is on the disk before the call that it tells of is sent: what it names may
exist from then on. The next run in the same folder reads it, takes what is there as its own, makes nothing twice and
removes everything. One event a line:

- ``run``       a process begins; the ``options`` of its command line, ``plan``: a hash of what it is to do
- ``creating``  ``operation`` and ``name`` of a create call, and the ``resource`` to remove, if it is one
- ``created``   its answer came
- ``refused``   the service made nothing
- ``ended``     a job has ended, in whatever state
- ``leaves``    ``resource`` stays when the run is over, objects or logs, and is removed only where that is asked for
- ``uploading``, ``uploaded``   files go up to ``uri``; they are there
- ``removed``   a resource is gone
- ``done``      every step has been taken; what is left is to take down
- ``finished``  the run succeeded and left nothing behind that it was not asked to keep
"""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

from sm_raw.aws.resources import Resource
from sm_raw.errors import RunInProgress

FILE = "ledger.jsonl"


class Ledger:
    """The events of all runs in one folder, oldest first."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.events: list[dict[str, Any]] = list(_read(path))

    def write(self, event: str, **facts: Any) -> None:
        """Add an event; it is on the disk when this returns."""
        line = {"event": event, **facts}
        with self.path.open("ab") as file:
            file.write(json.dumps(line, sort_keys=True).encode() + b"\n")
            file.flush()
            os.fsync(file.fileno())
        self.events.append(line)

    def creating(self, operation: str, name: str, resource: Resource | None) -> None:
        """A create call is about to be sent."""
        self.write("creating", operation=operation, name=name, resource=_fields(resource))

    def created(self, operation: str, name: str) -> None:
        """Its answer came."""
        self.write("created", operation=operation, name=name)

    def refused(self, operation: str, name: str, resource: Resource | None) -> None:
        """The service made nothing."""
        self.write("refused", operation=operation, name=name, resource=_fields(resource))

    def ended(self, operation: str, name: str) -> None:
        """A job has ended, in whatever state; what is known already, or was begun by others, is not written."""
        if (operation, name) in self.running():
            self.write("ended", operation=operation, name=name)

    def leaves(self, resource: Resource) -> None:
        """Something will be there that stays when the run is over; what is known already is not written."""
        if resource not in self.remains():
            self.write("leaves", resource=asdict(resource))

    def uploading(self, uri: str) -> None:
        """Files are about to go up; where that was begun and not finished, it is known already."""
        if uri not in self.unfinished_uploads():
            self.write("uploading", uri=uri)

    def uploaded(self, uri: str) -> None:
        """They are all there."""
        self.write("uploaded", uri=uri)

    def removed(self, resource: Resource) -> None:
        """A resource is gone."""
        self.write("removed", resource=asdict(resource))

    @property
    def has_finished(self) -> bool:
        """Whether the last run came to a good end; what it left may have been removed since."""
        since = [event["event"] for event in self.events if event["event"] != "removed"]
        return bool(since) and since[-1] == "finished"

    @property
    def has_done_all_steps(self) -> bool:
        """Whether the last run that has not finished took all its steps, and has only to take down."""
        return any(event["event"] == "done" for event in self._unfinished())

    def _unfinished(self) -> list[dict[str, Any]]:
        """The events since the last good end."""
        ends = [index for index, event in enumerate(self.events) if event["event"] == "finished"]
        return self.events[ends[-1] + 1 :] if ends else self.events

    def is_own(self, operation: str, name: str) -> bool:
        """Whether a run that has not finished set out to make what has this name, and was not refused."""
        return self._state(operation, name) in {"creating", "created"}

    def is_made(self, operation: str, name: str) -> bool:
        """Whether a run that has not finished has the service's word that it made what has this name."""
        return self._state(operation, name) == "created"

    def _state(self, operation: str, name: str) -> str:
        states = [
            event["event"]
            for event in self._unfinished()
            if (event.get("operation"), event.get("name")) == (operation, name)
            and event["event"] in {"creating", "created", "refused"}
        ]
        return states[-1] if states else ""

    def resources(self) -> list[Resource]:
        """What may exist and is to be removed, in the order in which it was made."""
        made: dict[Resource, None] = {}
        for event in self.events:
            if event.get("resource"):
                resource = Resource(**event["resource"])
                if event["event"] == "creating":
                    made[resource] = None
                elif event["event"] in {"removed", "refused"}:
                    made.pop(resource, None)
        return list(made)

    def remains(self) -> list[Resource]:
        """What stays when a run is over, and is there as far as is known."""
        there: dict[Resource, None] = {}
        for event in self.events:
            if event["event"] == "leaves":
                there[Resource(**event["resource"])] = None
            elif event["event"] == "removed":
                there.pop(Resource(**event["resource"]), None)
        return list(there)

    def unfinished_uploads(self) -> list[str]:
        """The URIs to which files were going up when a process ended."""
        going: dict[str, None] = {}
        for event in self.events:
            if event["event"] == "uploading":
                going[event["uri"]] = None
            elif event["event"] == "uploaded":
                going.pop(event["uri"], None)
        return list(going)

    def running(self) -> list[tuple[str, str]]:
        """(operation, name) of each job that a run set out to start and of whose end nothing is known."""
        begun: dict[tuple[str, str], None] = {}
        for event in self.events:
            job = event.get("operation", ""), event.get("name", "")
            if event["event"] == "creating" and event["resource"] is None:
                begun[job] = None
            elif event["event"] in {"refused", "ended"}:
                begun.pop(job, None)
        return list(begun)

    def last_run(self) -> Mapping[str, Any] | None:
        """The event of the latest run."""
        return next((event for event in reversed(self.events) if event["event"] == "run"), None)


@contextmanager
def open_ledger(out: Path) -> Iterator[Ledger]:
    """The ledger of a folder, for this process alone. Raises RunInProgress while another one has it."""
    out.mkdir(parents=True, exist_ok=True)
    path = out / FILE
    with path.open("ab") as held:
        try:
            fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise RunInProgress(out) from None
        yield Ledger(path)


def _fields(resource: Resource | None) -> dict[str, Any] | None:
    return None if resource is None else asdict(resource)


def _read(path: Path) -> Iterator[dict[str, Any]]:
    """The events of a file; a last line that was cut off is none, for then its call was not sent."""
    lines: Sequence[bytes] = path.read_bytes().split(b"\n") if path.exists() else []
    for line in lines[:-1]:
        yield json.loads(line)
    if lines and lines[-1]:
        with path.open("r+b") as file:
            file.truncate(path.stat().st_size - len(lines[-1]))
