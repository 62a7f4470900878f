"""The autoscaler: every minute it has the alarms judged, asks the policies and the clock, and sets capacities.

A minute lasts 60 / ``time_scale`` seconds, and cooldowns and rates pass as much faster.
"""

from __future__ import annotations

import json
import sys
import time
import traceback
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from sm_raw.local.engine import Engine
from sm_raw.local.scaling import alarm_states, schedules, tracking_alarms
from sm_raw.local.scaling.activities import ALARM_CAUSE, FAILED, SCHEDULE_CAUSE, SUCCESSFUL, Target
from sm_raw.local.scaling.alarm_watch import AlarmWatch, Judged
from sm_raw.local.scaling.capacity import capacity, place_of, set_capacity
from sm_raw.local.scaling.decisions import Decision, Wish, decided, is_suspended, stepped, tracked
from sm_raw.local.scaling.metering import Place
from sm_raw.local.scaling.operations import SERVICE

MINUTE_SECONDS = 60
TRACKING = "TargetTrackingScaling"

Described = Mapping[str, Any]


class Autoscaler:
    """Looks after the scalable targets of an engine, from ``start`` until the engine closes."""

    def __init__(self, engine: Engine, clock: Callable[[], float] = time.time) -> None:
        self._engine, self._clock = engine, clock
        self._minute = MINUTE_SECONDS / engine.time_scale
        self._looked = clock()
        self._watches: dict[str, AlarmWatch] = {}
        self._due: set[tuple[Target, str]] = set()

    def start(self) -> None:
        """Begin, in a thread of its own."""
        self._engine.start("autoscaler", self._run)

    def _run(self) -> None:
        turn = self._clock() // self._minute
        while True:
            # The next full minute, or at once if that has begun already.
            turn = max(turn + 1, self._clock() // self._minute)
            if self._engine.closing.wait(max(0.0, turn * self._minute - self._clock())):
                return
            try:
                self.look()
            except Exception:
                # One that is broken must not end the others: a bug is told, and the next minute looked at.
                if not self._engine.closing.is_set():
                    print("sm_raw local: the autoscaler broke", file=sys.stderr)
                    traceback.print_exc()

    def look(self) -> None:
        """One minute's work."""
        since, self._looked = self._looked, self._clock()
        regions = {region: self._targets(region) for region in self._engine.scaling.regions()}
        places = [place for targets in regions.values() for target in targets if (place := place_of(target))]
        minute = self._engine.meter.close_minute(place for place in places if capacity(self._engine, place))
        for region, targets in regions.items():
            self._run_schedules(region, since)
            watch = self._watches.setdefault(region, AlarmWatch(self._engine, region))
            judged = watch.look(minute, self._looked)
            policies = self._policies(region) if targets else []
            for target, described in targets.items():
                mine = [policy for policy in policies if Target.of(region, policy) == target]
                self._scale(target, described, mine, judged)

    def _pages(self, service: str, region: str, operation: str, found: str, **arguments: str) -> Iterator[Any]:
        pages = self._engine.client(service, region).get_paginator(operation).paginate(**arguments)
        yield from pages.search(f"{found}[]")

    def _targets(self, region: str) -> dict[Target, Described]:
        found = self._pages(
            SERVICE, region, "describe_scalable_targets", "ScalableTargets", ServiceNamespace="sagemaker"
        )
        return {Target.of(region, each): each for each in found}

    def _policies(self, region: str) -> list[Described]:
        found = self._pages(
            SERVICE, region, "describe_scaling_policies", "ScalingPolicies", ServiceNamespace="sagemaker"
        )
        return list(found)

    def _run_schedules(self, region: str, since: float) -> None:
        """Run what is due; while an endpoint changes, its actions wait."""
        found = self._pages(
            SERVICE, region, "describe_scheduled_actions", "ScheduledActions", ServiceNamespace="sagemaker"
        )
        actions = {(Target.of(region, action), action["ScheduledActionName"]): action for action in found}
        self._due |= {
            key
            for key, action in actions.items()
            if schedules.is_due(action, since, self._looked, self._engine.time_scale)
        }
        for key in [key for key in self._due if key[0].region == region]:
            place = place_of(key[0])
            now = capacity(self._engine, place) if place else None
            if key not in actions or (now and now.is_settled):
                self._due.discard(key)
            if key in actions and now and now.is_settled:
                self._run_action(*key, actions[key]["ScalableTargetAction"])

    def _run_action(self, target: Target, name: str, bounds: Mapping[str, int]) -> None:
        from botocore.exceptions import ClientError

        words = " and ".join(
            f"{side} capacity to {bounds[field]}"
            for side, field in (("min", "MinCapacity"), ("max", "MaxCapacity"))
            if field in bounds
        )
        activities = self._engine.scaling.activities
        activity = activities.begin(target, f"Setting {words}", SCHEDULE_CAUSE.format(name=name))
        try:
            self._engine.client(SERVICE, target.region).register_scalable_target(**target.fields(), **bounds)
        except ClientError as error:
            activities.end(activity, FAILED, f"Failed to set {words}. Reason: {error.response['Error']['Message']}")
        else:
            activities.end(activity, SUCCESSFUL, f"Successfully set {words}")

    def _scale(
        self, target: Target, described: Described, policies: Iterable[Described], judged: Iterable[Judged]
    ) -> None:
        place = place_of(target)
        found = capacity(self._engine, place) if place else None
        if place is None or found is None or not found.is_settled or self._engine.scaling.activities.is_busy(target):
            return
        wishes: list[Wish] = []
        trackers: list[str] = []
        for policy in policies:
            tracking = policy.get("TargetTrackingScalingPolicyConfiguration")
            if tracking and not tracking.get("DisableScaleIn"):
                trackers.append(policy["PolicyName"])
            for each in judged:
                if each.state == alarm_states.ALARM and tracking_alarms.of_policy(policy["PolicyARN"], [each.alarm]):
                    wishes += self._wishes(target, policy, each, found.desired)
        allowed = [wish for wish in wishes if not is_suspended(described, wish, found.desired)]
        decision = decided(allowed, trackers, found.desired, described["MinCapacity"], described["MaxCapacity"])
        if decision is not None:
            self._carry_out(target, place, decision, described, found.desired)

    def _wishes(self, target: Target, policy: Described, judged: Judged, now_there: int) -> Iterator[Wish]:
        """What a policy asks for while an alarm of its rings: nothing, or one capacity."""
        alarm, points = judged.alarm, judged.known
        if not points or not alarm.get("ActionsEnabled", True):
            return
        past, now = self._engine.scaling.past(target), self._scaled_now()
        tracking = policy["PolicyType"] == TRACKING
        if tracking:
            way = tracking_alarms.direction(alarm)
            config = policy["TargetTrackingScalingPolicyConfiguration"]
            wanted = tracked(config, way, points, now_there, past, now)
        else:
            config = policy["StepScalingPolicyConfiguration"]
            wanted = stepped(config, points[-1] - alarm["Threshold"], now_there, past, now)
        if wanted is not None:
            cause = ALARM_CAUSE.format(alarm=alarm["AlarmName"], policy=policy["PolicyName"])
            metric = max(points) if tracking and wanted < now_there else points[-1]
            yield Wish(policy["PolicyName"], wanted, tracking, cause, metric)

    def _carry_out(self, target: Target, place: Place, decision: Decision, described: Described, before: int) -> None:
        wish = decision.wish
        if decision.kept:
            bound = "MaxCapacity" if decision.kept == "AlreadyAtMaxCapacity" else "MinCapacity"
            why = {"Code": decision.kept, bound: described[bound], "CurrentCapacity": before}
            self._engine.scaling.activities.not_scaled(target, wish.cause, **why)
            return

        def done() -> None:
            past, now = self._engine.scaling.past(target), self._scaled_now()
            out = decision.capacity > before
            # "In this case, the scale-in cooldown period stops and doesn't complete."
            next_past = replace(past, out_ended=now, out_from=before, in_ended=None) if out else None
            self._engine.scaling.remember(target, next_past or replace(past, in_ended=now))

        details = json.dumps({"metric": wish.metric, "capacity": before, "wanted": wish.capacity})
        set_capacity(self._engine, target, place, decision.capacity, wish.cause, done, Details=details)

    def _scaled_now(self) -> float:
        """Now, in seconds of which cooldowns are made."""
        return self._clock() * self._engine.time_scale
