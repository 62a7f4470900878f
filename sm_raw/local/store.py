"""What the engine remembers: one record for each resource, by region, kind and name, in memory.

moto keeps S3, IAM and logs in memory, too, so all state ends with the process and never disagrees.
"""

from __future__ import annotations

import copy
import threading
import time
from collections import Counter
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Any

ACCOUNT_ID = "123456789012"  # the account that moto plays


@dataclass
class Record:
    """One resource. ``description`` is what its describe operation answers, in AWS's spelling."""

    region: str
    kind: str
    name: str
    arn: str
    description: dict[str, Any]
    live: Any = None  # the thread, processes or search behind it, if there is one


class Store:
    """The records, and a lock that guards their descriptions: writers hold it, readers get copies."""

    def __init__(self) -> None:
        self._records: dict[tuple[str, str], dict[str, Record]] = {}
        self._tags: dict[str, dict[str, str]] = {}
        self.created: Counter[tuple[str, str, str]] = Counter()  # by region, kind and name, those gone by now too
        self.lock = threading.RLock()
        # Two records made within one tick must still sort by age.
        self._last_time = 0.0

    def now(self) -> float:
        """Epoch seconds, rounded to milliseconds as the service does, never the same twice."""
        with self.lock:
            self._last_time = max(round(time.time(), 3), round(self._last_time + 0.001, 3))
            return self._last_time

    def add(self, record: Record) -> Record:
        """Keep ``record``. Raises KeyError when its name is taken."""
        with self.lock:
            group = self._records.setdefault((record.region, record.kind), {})
            if record.name in group:
                raise KeyError(record.name)
            group[record.name] = record
            self.created[record.region, record.kind, record.name] += 1
        return record

    def get(self, region: str, kind: str, name: str) -> Record | None:
        """The record of this name, or None."""
        with self.lock:
            return self._records.get((region, kind), {}).get(name)

    def remove(self, record: Record) -> None:
        """Forget ``record`` and its tags; one that is gone already, or has a namesake by now, is no error."""
        with self.lock:
            group = self._records.get((record.region, record.kind), {})
            if group.get(record.name) is record:
                del group[record.name]
                self._tags.pop(record.arn, None)

    def all(self, region: str, kind: str) -> list[Record]:
        """The records of a kind, oldest first."""
        with self.lock:
            return list(self._records.get((region, kind), {}).values())

    def everything(self) -> Iterator[Record]:
        """Every record of every region."""
        with self.lock:
            groups = [list(group.values()) for group in self._records.values()]
        for group in groups:
            yield from group

    def by_arn(self, arn: str) -> Record | None:
        """The record of this ARN, or None."""
        return next((record for record in self.everything() if record.arn == arn), None)

    def update(self, record: Record, **fields: Any) -> None:
        """Set fields of a record's description, and its LastModifiedTime."""
        with self.lock:
            record.description.update(fields, LastModifiedTime=self.now())

    def advance(self, record: Record, field: str, before: Collection[str], after: str, **fields: Any) -> str:
        """Move a status on if it is one of ``before``; returns what it was. Two callers never both succeed."""
        with self.lock:
            status: str = record.description[field]
            if status in before:
                self.update(record, **{field: after}, **fields)
            return status

    def describe(self, record: Record) -> dict[str, Any]:
        """A copy of the description, safe to hand out."""
        with self.lock:
            return copy.deepcopy(record.description)

    def tags(self, arn: str) -> dict[str, str]:
        """The tags of a resource; the dict itself, to be changed under the lock."""
        with self.lock:
            return self._tags.setdefault(arn, {})


def arn(region: str, kind: str, name: str) -> str:
    """The ARN of a SageMaker resource; ``kind`` in AWS's spelling ("training-job"). Names are lower-cased there."""
    return f"arn:aws:sagemaker:{region}:{ACCOUNT_ID}:{kind}/{name.lower()}"
