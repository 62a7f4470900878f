"""An endpoint takes another configuration, and its scaling and its capacity are afterwards what they were.

https://docs.aws.amazon.com/sagemaker/latest/dg/endpoint-scaling-update.html: an update that removes a scaled variant
or changes its instance type is refused while the variant is registered; all others keep the registration. The
instance counts start again from the configuration unless they are retained.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from sm_raw.aws.calls import call, error_code, ride_out
from sm_raw.aws.clients import Clients
from sm_raw.aws.failures.explaining import Explanation, explain_failure
from sm_raw.aws.hosting.making import Request, check_all, explain_refusal, first_line, may_have_been_done
from sm_raw.aws.hosting.scaling_snapshots import (
    ScaledTarget,
    ScalingSnapshot,
    capacity_of,
    differences,
    fits,
    keep_snapshot,
    restore_scaling,
    take_snapshot,
)
from sm_raw.aws.job_kinds import ENDPOINT
from sm_raw.aws.submit import submit
from sm_raw.aws.waiting.wait import how_to_go_on, wait
from sm_raw.errors import ChangeFailed, JobFailed, WaitTimedOut
from sm_raw.specs.scaling import deregister_scalable_target

Sleep = Callable[[float], None]
Variants = Mapping[str, Mapping[str, Any]]

RESTORE = "restore_scaling(clients, read_snapshot(FILE)), or with ScalingSnapshot.of_document(DOCUMENT)"


@dataclass(frozen=True)
class EndpointChange:
    """An endpoint with its new configuration; read back, its scaling and capacity are those of ``snapshot``.

    ``reregistered`` are the scalable targets that had to go for the time of the update, ``dropped`` those whose
    variant is gone, or is no longer one that can be scaled so. ``response`` describes the endpoint.
    """

    endpoint: str
    config: str
    response: Mapping[str, Any]
    snapshot: ScalingSnapshot
    reregistered: tuple[str, ...] = ()
    dropped: tuple[str, ...] = ()


def change_endpoint(
    clients: Clients,
    *,
    update: Request,
    keep: Callable[[dict[str, Any]], None] | Path | str | None = None,
    timeout_seconds: float = 3600.0,
    on_change: Callable[[dict[str, Any]], None] | None = None,
    sleep: Sleep = time.sleep,
    clock: Callable[[], float] = time.monotonic,
) -> EndpointChange:
    """Send an UpdateEndpoint request, wait until the endpoint serves with it, and leave the scaling as it was.

    If a variant that scales stays, RetainAllVariantProperties is set unless the request says otherwise: weights and
    instance counts then stay, too. Scalable targets are deregistered only where the service refuses the update
    otherwise. ``keep`` gets a snapshot of all scaling before anything is changed: a file, or a callable that takes
    the document. After a kill, restore_scaling(clients, read_snapshot(FILE)) puts it back.

    Raises InvalidRequest, with nothing sent; ChangeFailed if the endpoint is not in service to begin with, the update
    is refused, fails, is rolled back to the old configuration or takes longer than ``timeout_seconds``, or if the
    scaling read back is another. The scaling has then been put back as far as the state of the endpoint allows.
    """
    check_all([("UpdateEndpoint", update)], clients.region)
    change = _Change(clients, update, sleep, clock)
    keep_snapshot(change.snapshot, keep)
    try:
        return change.result(change.carry_out(timeout_seconds, on_change))
    except ChangeFailed:
        raise
    except Exception as error:
        raise change.failure(error, keep) from error
    except BaseException:  # Ctrl-C: nobody waits for an explanation, but the scaling is not left behind.
        restore_scaling(clients, change.lost, sleep=sleep)
        raise


class _Change:
    """One update: what was before, what had to go, and how it ended."""

    def __init__(self, clients: Clients, update: Request, sleep: Sleep, clock: Callable[[], float]) -> None:
        self._clients, self._sleep, self._clock = clients, sleep, clock
        self.name, self.config = str(update["EndpointName"]), str(update["EndpointConfigName"])
        before = self._described()
        if before["EndpointStatus"] != "InService":
            raise ChangeFailed(
                self.name,
                f"it is {before['EndpointStatus']}, and only an endpoint InService can be changed",
                state=["nothing was changed"],
                next_steps=[how_to_go_on(ENDPOINT, self.name)],
            )
        self.snapshot = take_snapshot(clients, self.name, response=before, sleep=sleep)
        old, self._new = self._variants(self.snapshot.config, required=False), self._variants(self.config)
        self._in_the_way = [each for each in self.snapshot.targets if _must_go(each, old, self._new)]
        self._stay = [each for each in self.snapshot.targets if fits(each, self._new.get(each.variant))]
        self._refuse_losses()
        self.lost = self.snapshot.only()
        self._update = dict(update)
        if self._stay and "RetainAllVariantProperties" not in update:
            self._update["RetainAllVariantProperties"] = True

    def carry_out(self, timeout_seconds: float, on_change: Callable[[dict[str, Any]], None] | None) -> dict[str, Any]:
        """Deregister what is in the way, update, wait; the last description, of an endpoint that took the change."""
        for target in self._in_the_way:
            # Before the call: a lost answer may stand for a target that is gone.
            self.lost = self.snapshot.only(*self.lost.targets, target)
            self._deregister(target)
        self._send()
        response = wait(
            self._clients.sagemaker,
            ENDPOINT,
            self.name,
            timeout_seconds=timeout_seconds,
            on_change=on_change,
            sleep=self._sleep,
            clock=self._clock,
        )
        reason = str(response.get("FailureReason", ""))
        # Where it had this configuration before, only the reason tells.
        if response["EndpointConfigName"] != self.config or (self.config == self.snapshot.config and reason):
            raise JobFailed("endpoint", self.name, "rolled back", reason, last_response=response)
        self.lost = self.snapshot.only(*(each for each in self.lost.targets if each in self._stay))
        return response

    def result(self, response: dict[str, Any]) -> EndpointChange:
        """Put back what stays, and read it all back."""
        problems = restore_scaling(self._clients, self.lost, sleep=self._sleep)
        after = take_snapshot(self._clients, self.name, response=response, sleep=self._sleep)
        problems += differences(self.snapshot.only(*self._stay), after)
        problems += self._lost_capacity(response)
        if problems:
            raise ChangeFailed(
                self.name,
                "it has the new configuration, but not all of its scaling is what it was",
                state=problems,
                next_steps=[f"compare with the snapshot that was kept, and put it back: {RESTORE}"],
            )
        return EndpointChange(
            self.name,
            self.config,
            response,
            self.snapshot,
            reregistered=tuple(map(str, self.lost.targets)),
            dropped=tuple(str(each) for each in self.snapshot.targets if each not in self._stay),
        )

    def failure(self, error: Exception, keep: object) -> ChangeFailed:
        """The scaling put back, as far as it goes, and the error that tells of it."""
        why = self._why(error)
        problems = restore_scaling(self._clients, self.lost, sleep=self._sleep)
        state, next_steps = [], []
        try:
            now = self._described()
            state.append(f"it is {now['EndpointStatus']} with configuration {now['EndpointConfigName']!r}")
            if now["EndpointStatus"] not in ENDPOINT.ended:
                next_steps.append(how_to_go_on(ENDPOINT, self.name))
            after = take_snapshot(self._clients, self.name, response=now, sleep=self._sleep)
            problems += differences(self.snapshot, after) if not problems else []
        except Exception as unread:
            problems.append(f"its state cannot be read: {unread}")
        state += [f"scaling not as it was: {each}" for each in problems] or ["its scaling is as it was"]
        if problems:
            where = "the snapshot that was kept" if callable(keep) or keep is None else str(keep)
            next_steps.append(f"once it is InService, put the scaling back from {where}: {RESTORE}")
        reason = first_line(error)
        return ChangeFailed(self.name, reason, state=state, next_steps=next_steps, explanation=why)

    def _why(self, error: Exception) -> Explanation | None:
        if isinstance(error, WaitTimedOut):
            return None
        if not isinstance(error, JobFailed):
            return explain_refusal("endpoint", self.name, error, status="not changed")
        try:
            told = explain_failure(self._clients, ENDPOINT, self.name, sleep=self._sleep)
            return replace(told, status=error.status)
        except Exception:  # The reason is known without it.
            return None

    def _send(self) -> None:
        try:
            ride_out(
                lambda: submit(self._clients.sagemaker, "UpdateEndpoint", self._update),
                repeatable=False,
                sleep=self._sleep,
            )
        except Exception as error:
            # After an answer that was lost, the endpoint itself tells whether the update has begun.
            if not may_have_been_done(error) or self._described()["EndpointStatus"] != "Updating":
                raise

    def _refuse_losses(self) -> None:
        """Raises ChangeFailed where something has to go for a while that could not be put back."""
        for target in self._in_the_way:
            if target in self._stay and target.beyond_recall:
                what = " and ".join(target.beyond_recall)
                raise ChangeFailed(
                    self.name,
                    f"{target} has to be deregistered, and its {what} cannot be read: they would be lost",
                    state=["nothing was changed"],
                    next_steps=["allow application-autoscaling:DescribeScheduledActions and cloudwatch:DescribeAlarms"],
                )

    def _deregister(self, target: ScaledTarget) -> None:
        request = deregister_scalable_target(target.resource_id, dimension=target.dimension)  # type: ignore[arg-type]
        ride_out(lambda: call(self._clients.autoscaling, "DeregisterScalableTarget", request), sleep=self._sleep)

    def _lost_capacity(self, response: Mapping[str, Any]) -> list[str]:
        """Variants that stay and shall have another capacity than before, though it was to be retained."""
        excluded = {each["VariantPropertyType"] for each in self._update.get("ExcludeRetainedVariantProperties", ())}
        if not self._update.get("RetainAllVariantProperties") or "DesiredInstanceCount" in excluded:
            return []
        now = {each["VariantName"]: capacity_of(each) for each in response.get("ProductionVariants", ())}
        before = self.snapshot.capacities
        return [
            f"the capacity of variant {target.variant!r} was {before[target.variant]}, is {now.get(target.variant)}"
            for target in self._stay
            if before[target.variant] != now.get(target.variant)
        ]

    def _variants(self, config: str, *, required: bool = True) -> Variants:
        from botocore.exceptions import ClientError

        try:
            described = self._ask("DescribeEndpointConfig", {"EndpointConfigName": config})
        except ClientError as error:
            # A configuration in use can be deleted. What it said is then not known: all that scales has to go.
            if required or error_code(error) != "ValidationException":
                raise
            return {}
        return {variant["VariantName"]: variant for variant in described["ProductionVariants"]}

    def _described(self) -> dict[str, Any]:
        return self._ask("DescribeEndpoint", {"EndpointName": self.name})

    def _ask(self, operation: str, request: Request) -> dict[str, Any]:
        return ride_out(lambda: call(self._clients.sagemaker, operation, request), sleep=self._sleep)


def _must_go(target: ScaledTarget, old: Variants, new: Variants) -> bool:
    """Whether the service refuses the update while this target is registered."""
    variant = new.get(target.variant)
    return variant is None or variant.get("InstanceType") != old.get(target.variant, {}).get("InstanceType")
