"""The tags of scalable targets, which moto takes no note of."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Mapping

from sm_raw.local.protocol import ServiceError
from sm_raw.local.scaling.activities import Target

# https://docs.aws.amazon.com/autoscaling/application/APIReference/API_TagResource.html
MOST_TAGS = 50


class TargetTags:
    """Tags by the ARN of a scalable target, from its registration to its end."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._arns: dict[Target, str] = {}
        self._tags: dict[str, dict[str, str]] = {}

    def registered(self, target: Target, arn: str, tags: Mapping[str, str]) -> None:
        """A target is there; ``tags`` count when it is new."""
        with self._lock:
            self._arns[target] = arn
            self._tags.setdefault(arn, dict(tags))

    def deregistered(self, target: Target) -> None:
        """A target is there no more."""
        with self._lock:
            self._tags.pop(self._arns.pop(target, ""), None)

    def of(self, arn: str) -> dict[str, str]:
        """The tags of a target. Raises ServiceError for one that is not there."""
        with self._lock:
            return dict(self._known(arn))

    def add(self, arn: str, tags: Mapping[str, str]) -> None:
        """Set tags. Raises ServiceError for a target that is not there, and for too many."""
        with self._lock:
            known = self._known(arn)
            if len({**known, **tags}) > MOST_TAGS:
                message = f"A resource can have no more than {MOST_TAGS} tags."
                raise ServiceError("TooManyTagsException", message, fields={"ResourceName": arn})
            known.update(tags)

    def remove(self, arn: str, keys: Iterable[str]) -> None:
        """Take tags away; those that are not there are no error. Raises ServiceError as ``of`` does."""
        with self._lock:
            known = self._known(arn)
            for key in keys:
                known.pop(key, None)

    def _known(self, arn: str) -> dict[str, str]:
        if arn not in self._tags:
            message = f"No scalable target has the ARN {arn}."
            raise ServiceError("ResourceNotFoundException", message, fields={"ResourceName": arn})
        return self._tags[arn]
