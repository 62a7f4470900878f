"""What the engine remembers of scaling beyond moto's targets, policies and scheduled actions."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from typing import Any

from sm_raw.local.scaling.activities import Activities, Target
from sm_raw.local.scaling.decisions import Past
from sm_raw.local.scaling.target_tags import TargetTags

PolicyKey = tuple[Target, str]


class Scaling:
    """Shared by the operations, which any client calls, and the autoscaler. ``now`` gives epoch seconds."""

    def __init__(self, now: Callable[[], float]) -> None:
        self.activities = Activities(now)
        self.tags = TargetTags()
        self._lock = threading.Lock()
        self._regions: set[str] = set()
        self._pasts: dict[Target, Past] = {}
        # moto gives a policy that is put again another ARN, but alarms that users made name the first one.
        self._policy_arns: dict[PolicyKey, str] = {}

    def regions(self) -> list[str]:
        """The regions in which something was registered, or CloudWatch was asked for anything."""
        with self._lock:
            return sorted(self._regions)

    def wake(self, region: str) -> None:
        """From now on, look at a region."""
        with self._lock:
            self._regions.add(region)

    def policy_arn(self, region: str, policy: Mapping[str, Any], given: str) -> str:
        """The ARN under which a policy was first known; ``given`` is moto's present one."""
        with self._lock:
            return self._policy_arns.setdefault((Target.of(region, policy), policy["PolicyName"]), given)

    def forget_policy(self, region: str, policy: Mapping[str, Any]) -> None:
        """The policy is deleted; the next of its name is another."""
        with self._lock:
            self._policy_arns.pop((Target.of(region, policy), policy["PolicyName"]), None)

    def past(self, target: Target) -> Past:
        """When policies last scaled a target."""
        with self._lock:
            return self._pasts.get(target, Past())

    def remember(self, target: Target, past: Past) -> None:
        """Keep when policies last scaled a target."""
        with self._lock:
            self._pasts[target] = past

    def forget_target(self, target: Target) -> None:
        """The target is deregistered."""
        self.tags.deregistered(target)
        with self._lock:
            self._pasts.pop(target, None)
