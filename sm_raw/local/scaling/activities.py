"""Scaling activities: what was decided, why, and what became of it, in the words of the service.

Source: https://docs.aws.amazon.com/autoscaling/application/userguide/application-auto-scaling-scaling-activities.html
"""

from __future__ import annotations

import threading
import uuid
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from sm_raw.local import listing
from sm_raw.local.protocol import Request, ServiceError

# Activities are kept for six weeks; here, this many of the youngest.
MOST_KEPT = 10_000
LISTING = listing.Listing("ScalingActivities", "ActivityId", sort_by="StartTime", descending=True, page=50)
FILTERS = ("ServiceNamespace", "ResourceId", "ScalableDimension")
IN_PROGRESS, SUCCESSFUL, FAILED = "InProgress", "Successful", "Failed"
ALARM_CAUSE = "monitor alarm {alarm} in state ALARM triggered policy {policy}"
SCHEDULE_CAUSE = "scheduled action name {name} was triggered"
NOT_SCALED = "Attempting to scale due to alarm triggered"

Activity = dict[str, Any]


@dataclass(frozen=True)
class Target:
    """A scalable target: its region, and what names it there."""

    region: str
    namespace: str
    resource: str
    dimension: str

    @classmethod
    def of(cls, region: str, request: Mapping[str, Any]) -> Target:
        """The target that a request or a description names."""
        return cls(region, *(request[field] for field in FILTERS))

    def fields(self) -> dict[str, str]:
        """As requests of the service name it."""
        return dict(zip(FILTERS, (self.namespace, self.resource, self.dimension), strict=True))

    def words(self) -> str:
        """As the service's messages name it."""
        return (
            f"service namespace: {self.namespace}, resource ID: {self.resource}, scalable dimension: {self.dimension}"
        )


class Activities:
    """The activities of all targets. ``now`` gives epoch seconds, never the same twice."""

    def __init__(self, now: Callable[[], float]) -> None:
        self._now, self._lock = now, threading.Lock()
        self._kept: deque[tuple[Target, Activity]] = deque(maxlen=MOST_KEPT)
        self._open: dict[str, Target] = {}

    def begin(self, target: Target, description: str, cause: str, **fields: Any) -> Activity:
        """Note that something is being done; ``end`` tells the end."""
        activity = {
            "ActivityId": str(uuid.uuid4()),
            **target.fields(),
            "Description": description,
            "Cause": cause,
            "StartTime": self._now(),
            "StatusCode": IN_PROGRESS,
            **fields,
        }
        with self._lock:
            self._kept.append((target, activity))
            self._open[activity["ActivityId"]] = target
        return activity

    def end(self, activity: Activity, status: str, message: str) -> None:
        """Note how something has ended."""
        with self._lock:
            activity.update(StatusCode=status, StatusMessage=message, EndTime=self._now())
            del self._open[activity["ActivityId"]]

    def is_busy(self, target: Target) -> bool:
        """Whether something is being done about a target."""
        with self._lock:
            return target in self._open.values()

    def not_scaled(self, target: Target, cause: str, **why: Any) -> None:
        """Note that nothing was done and ``why``, unless that is what the target's youngest activity says already."""
        with self._lock:
            youngest = next((activity for place, activity in reversed(self._kept) if place == target), {})
        if (youngest.get("Cause"), youngest.get("NotScaledReasons")) != (cause, [why]):
            activity = self.begin(target, NOT_SCALED, cause, NotScaledReasons=[why])
            self.end(activity, FAILED, f"Scaling was not performed. Reason: {why['Code']}.")

    def describe(self, region: str, request: Request) -> dict[str, Any]:
        """DescribeScalingActivities: newest first, those that did nothing only where asked for."""
        with self._lock:
            found = [dict(activity) for target, activity in self._kept if target.region == region]
        wanted = {field: request[field] for field in FILTERS if field in request}
        asked = [
            activity
            for activity in found
            if wanted.items() <= activity.items()
            and (request.get("IncludeNotScaledActivities") or "NotScaledReasons" not in activity)
        ]
        try:
            return listing.answer(LISTING, asked, request)
        except ServiceError as error:
            raise ServiceError("InvalidNextTokenException", error.message) from None
