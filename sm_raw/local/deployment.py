"""One endpoint: the fleet that answers its invocations, and how it changes while it does."""

from __future__ import annotations

import contextlib
import itertools
import math
import random
import shutil
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

from sm_raw.local import artifacts
from sm_raw.local.async_queue import AsyncQueue
from sm_raw.local.engine import Engine
from sm_raw.local.fleet import Fleet, NoServer, Variant
from sm_raw.local.model_server import ModelServer, Unhealthy, endpoint_folder, ping_failure
from sm_raw.local.rollout import Rollout, bake
from sm_raw.local.scaling.activities import Target
from sm_raw.local.store import Record

REASON_CHARACTERS = 1024
# How often one who waits for a server looks whether the endpoint still lives.
LOOK_SECONDS = 0.5


class Deployment:
    """Runs the endpoint behind ``record``, beginning with ``variants``.

    Invocations may come at any time and from any thread. ``create``, ``change``, ``update`` and ``delete``
    wait for one another; who calls one of them has moved the endpoint's status on before, see ``endpoint_updates``.
    """

    def __init__(self, engine: Engine, record: Record, variants: Sequence[Variant]) -> None:
        self._engine, self._record = engine, record
        self._folder = endpoint_folder(engine, record)
        self._changing = threading.Lock()
        # The lock of the store guards the descriptions, of which the fleet's summaries are a part.
        self._changed = threading.Condition(engine.store.lock)
        self._numbers: defaultdict[str, Iterator[int]] = defaultdict(itertools.count)
        self.queue = AsyncQueue(engine, record, self._lend_for_queue)
        self._fleet = self.new_fleet(variants)
        self._coming: Fleet | None = None
        self._share = 0.0
        self._fleets = [self._fleet]  # during an update, the one that comes up, too
        record.description["ProductionVariants"] = self._fleet.summaries

    def new_fleet(self, variants: Sequence[Variant]) -> Fleet:
        """A fleet for ``update``, none of whose servers has been started."""
        return Fleet(
            self._engine,
            self._record,
            variants,
            number_of=lambda variant: next(self._numbers[variant]),
            changed=self._changed,
        )

    @property
    def variants(self) -> Mapping[str, Variant]:
        """The variants that answer now, as they were configured; their summaries tell how they have changed."""
        return self._fleet.variants

    @contextlib.contextmanager
    def lend(
        self, variant: str | None = None, *, most_per_server: float = math.inf, patience_seconds: float = 0
    ) -> Iterator[ModelServer]:
        """A server for one invocation; it is not ended before the block is left, unless the endpoint is deleted.

        Raises KeyError for an unknown variant, NoServer if for so long there is none that has fewer than
        ``most_per_server`` invocations under way, or the endpoint comes to its end.
        """
        with self._changed:
            server = self._free(variant, most_per_server, patience_seconds)
            server.busy += 1
        try:
            yield server
        finally:
            with self._changed:
                server.busy -= 1
                self._changed.notify_all()

    def _lend_for_queue(
        self, most_per_server: float, patience_seconds: float
    ) -> contextlib.AbstractContextManager[ModelServer]:
        return self.lend(most_per_server=most_per_server, patience_seconds=patience_seconds)

    def _free(self, variant: str | None, most_per_server: float, patience_seconds: float) -> ModelServer:
        deadline = time.monotonic() + patience_seconds
        while True:
            try:
                return self._next_fleet(variant).choose(variant, most_per_server)
            except NoServer:
                over = self._engine.closing.is_set() or self._record.description["EndpointStatus"] == "Deleting"
                if over or time.monotonic() >= deadline:
                    raise
            self._changed.wait(LOOK_SECONDS)

    def _next_fleet(self, variant: str | None) -> Fleet:
        """The one that answers next; of two, one that has the variant that is asked for."""
        if self._coming is None:
            return self._fleet
        fleets = (self._coming, self._fleet) if random.random() < self._share else (self._fleet, self._coming)
        return next((fleet for fleet in fleets if variant is None or variant in fleet.variants), fleets[0])

    def create(self) -> None:
        """Start every server and wait until all are healthy; then the endpoint is InService."""
        self._engine.register(self, self.kill)
        with self._changing, self._explained(self._fail):
            shutil.rmtree(self._folder, ignore_errors=True)
            self._fulfil(self._fleet)
            self._settle("InService")

    def want(self, desired: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
        """Take in a DesiredWeightsAndCapacities, for ``change`` to carry out; returns the one that would undo it."""
        return self._fleet.want(desired)

    def change(self, undo: Iterable[Mapping[str, Any]]) -> str:
        """Carry out what is wanted; then the endpoint is InService. Returns "", or why all is again as it was.

        ``undo`` is what ``want`` returned.
        """
        with self._changing:
            with self._explained(lambda reason: self._undo(undo, reason)):
                self._fulfil(self._fleet)
                self._settle("InService")
            return self._record.description["FailureReason"] or ""

    def _undo(self, desired: Iterable[Mapping[str, Any]], reason: str) -> None:
        # What was started has ended by now, so that there is nothing to wait for in RollingBack.
        self._fleet.want(desired)
        self._settle("InService", reason)

    def update(self, fleet: Fleet, plan: Rollout, **fields: Any) -> None:
        """Bring up ``fleet`` beside the one that answers, let it take over as planned, and end the old one after that.

        Then the endpoint is InService, with ``fields`` in its description. If a server does not get healthy, or an
        alarm of the plan goes off, the old fleet answers again, and FailureReason tells why: "InService" with a
        FailureReason and the old EndpointConfigName is what AWS's own controller for Kubernetes takes for a failed
        update (sagemaker-controller, test/e2e/tests/test_endpoint.py).
        """
        with self._changing:
            old = self._fleet
            self._fleets.append(fleet)
            with self._explained(lambda reason: self._roll_back(fleet, old, reason)):
                self._fulfil(fleet)
                for share in plan.shares:
                    self._answer_with(old, fleet, share)
                    bake(self._engine, self._record.region, plan)
                self._answer_with(fleet)
                self._engine.store.update(self._record, ProductionVariants=fleet.summaries, **fields)
                self._engine.closing.wait(plan.termination_seconds / self._engine.time_scale)
                self._retire(old)
                self._settle("InService")

    def _answer_with(self, fleet: Fleet, coming: Fleet | None = None, share: float = 0) -> None:
        """Let ``fleet`` answer, but for this share of the invocations, which is for the one that is ``coming``."""
        with self._changed:
            self._fleet, self._coming, self._share = fleet, coming, share

    def _roll_back(self, fleet: Fleet, old: Fleet, reason: str) -> None:
        status = "UpdateRollbackFailed"
        try:
            self._answer_with(old)
            self._retire(fleet)
            status = "InService"
        finally:
            self._settle(status, reason)

    def _retire(self, fleet: Fleet) -> None:
        fleet.retire()
        self._fleets.remove(fleet)

    def _settle(self, status: str, reason: str | None = None) -> None:
        self._engine.store.update(
            self._record, EndpointStatus=status, FailureReason=reason, PendingDeploymentSummary=None
        )

    def delete(self) -> None:
        """End every server; then the endpoint is no more."""
        with self._changing:
            try:
                for fleet in self._fleets:
                    fleet.end()
                self._deregister_scaling()
            finally:
                self._engine.forget(self)
                shutil.rmtree(self._folder, ignore_errors=True)
                self._engine.store.remove(self._record)

    def kill(self) -> None:
        """End every server at once; the engine is closing."""
        for fleet in list(self._fleets):
            fleet.end(0)

    def _fulfil(self, fleet: Fleet) -> None:
        """Bring ``fleet`` to what is wanted, or fail where servers are missing and a fault on purpose says so."""
        if self._record.description["EndpointStatus"] == "Deleting":
            raise Unhealthy("The endpoint is being deleted.")
        missing = any(count > 0 for count in fleet.missing().values())
        if missing and (fault := self._engine.faults.of_endpoint(self._record.name)):
            self._engine.closing.wait(fault.seconds)
            raise Unhealthy(fault.reason or ping_failure(next(iter(fleet.variants))))
        fleet.fulfil()

    def _fail(self, reason: str) -> None:
        self._fleet.end()
        self._settle("Failed", reason)

    @contextlib.contextmanager
    def _explained(self, fail: Callable[[str], object]) -> Iterator[None]:
        """Call ``fail`` with a FailureReason if the block fails. Only a bug of ours is raised again."""
        try:
            yield
        except (Unhealthy, artifacts.DataFailure) as error:
            fail(str(error)[:REASON_CHARACTERS])
        except OSError as error:
            fail(artifacts.disk_failure(error, self._engine.root)[:REASON_CHARACTERS])
        except Exception:
            fail("InternalServerError: the local engine met an error of its own")
            raise

    def _deregister_scaling(self) -> None:
        # The service deregisters the scalable targets of an endpoint that is deleted; their policies go with them.
        region = self._record.region
        if region not in self._engine.scaling.regions():
            return
        autoscaling = self._engine.client("application-autoscaling", region)
        resources = [f"endpoint/{self._record.name}/variant/{variant}" for variant in self._fleet.variants]
        found = autoscaling.describe_scalable_targets(ServiceNamespace="sagemaker", ResourceIds=resources)
        for item in found["ScalableTargets"]:
            with contextlib.suppress(autoscaling.exceptions.ObjectNotFoundException):
                autoscaling.deregister_scalable_target(**Target.of(region, item).fields())
