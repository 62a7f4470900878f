"""The model servers of one endpoint configuration: how many there are, which is next, and how they are described."""

from __future__ import annotations

import math
import random
import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sm_raw.local.engine import Engine
from sm_raw.local.model_server import ModelServer
from sm_raw.local.serving_process import STARTUP_SECONDS, STOP_GRACE_SECONDS
from sm_raw.local.store import Record

# How often a server that leaves the rotation is looked at, when no invocation ends meanwhile.
DRAIN_POLL_SECONDS = 0.5


class NoServer(Exception):
    """No server takes this invocation: ``variant`` has none, or as many invocations as it may."""

    def __init__(self, variant: str, *, throttled: bool) -> None:
        self.variant, self.throttled = variant, throttled
        super().__init__(variant)


@dataclass(frozen=True)
class Variant:
    """A variant as it is asked for: ``settings`` is its part of the configuration, ``container`` that of its model.

    The model and the configuration may be deleted later: an endpoint goes on without them.
    """

    settings: Mapping[str, Any]
    container: Mapping[str, Any]
    weight: float
    count: int  # 1 for a serverless variant, which has one server

    @property
    def name(self) -> str:
        return str(self.settings["VariantName"])

    @property
    def is_serverless(self) -> bool:
        return "ServerlessConfig" in self.settings

    @property
    def startup_seconds(self) -> float:
        """How long a server may take to get healthy."""
        return float(self.settings.get("ContainerStartupHealthCheckTimeoutInSeconds", STARTUP_SECONDS))


def variant_of(settings: Mapping[str, Any], container: Mapping[str, Any]) -> Variant:
    """The variant that ``settings`` of a configuration describe."""
    return Variant(
        settings, container, settings.get("InitialVariantWeight", 1.0), settings.get("InitialInstanceCount", 1)
    )


class Fleet:
    """The servers of ``variants``. ``changed`` guards them and their ``summaries``, and tells of what became free.

    ``number_of`` gives the next number of a variant's server. A summary is what DescribeEndpoint says of a variant, and
    is true at any time: CurrentInstanceCount are those that take invocations.
    """

    def __init__(
        self,
        engine: Engine,
        record: Record,
        variants: Sequence[Variant],
        *,
        number_of: Callable[[str], int],
        changed: threading.Condition,
    ) -> None:
        self._engine, self._record, self._number_of, self._changed = engine, record, number_of, changed
        self.variants = {variant.name: variant for variant in variants}
        self.summaries = [_summary(variant, engine.store.now()) for variant in variants]
        self._by_name = {str(summary["VariantName"]): summary for summary in self.summaries}
        self._rotation: dict[str, list[ModelServer]] = {variant.name: [] for variant in variants}
        self._turns = dict.fromkeys(self._rotation, 0)
        self._all: set[ModelServer] = set()  # those in no rotation yet, or no more, too

    def choose(self, variant: str | None, most_per_server: float = math.inf) -> ModelServer:
        """The server of the next invocation: by weight, then in turn. The caller holds the lock.

        One that is busy with ``most_per_server`` invocations is passed over. A serverless variant has one server, which
        takes as many as its MaxConcurrency. Raises KeyError for an unknown variant, NoServer if there is none to take
        it.
        """
        name = self._by_weight() if variant is None else variant
        servers = self._rotation[name]
        most = self._by_name[name].get("CurrentServerlessConfig", {}).get("MaxConcurrency", most_per_server)
        free = [server for server in servers if server.busy < most]
        if not free:
            raise NoServer(name, throttled=bool(servers))
        self._turns[name] += 1
        return free[self._turns[name] % len(free)]

    def _by_weight(self) -> str:
        weights = [item["CurrentWeight"] for item in self.summaries]
        return str(random.choices(self.summaries, weights if any(weights) else None)[0]["VariantName"])

    def want(self, desired: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
        """Take in a DesiredWeightsAndCapacities; returns the one that would undo it.

        Weights and the limits of serverless variants hold from the next invocation on, counts once they are fulfilled.
        """
        with self._changed:
            undo = [self._want(self._by_name[item["VariantName"]], item) for item in desired]
            return undo[::-1]

    @staticmethod
    def _want(summary: dict[str, Any], item: Mapping[str, Any]) -> dict[str, Any]:
        before = {"VariantName": summary["VariantName"]}
        if "DesiredWeight" in item:
            before["DesiredWeight"] = summary["DesiredWeight"]
            summary.update(CurrentWeight=item["DesiredWeight"], DesiredWeight=item["DesiredWeight"])
        if "DesiredInstanceCount" in item:
            before["DesiredInstanceCount"] = summary["DesiredInstanceCount"]
            summary["DesiredInstanceCount"] = item["DesiredInstanceCount"]
        if "ServerlessUpdateConfig" in item:
            before["ServerlessUpdateConfig"] = summary["CurrentServerlessConfig"]
            config = {**summary["CurrentServerlessConfig"], **item["ServerlessUpdateConfig"]}
            summary.update(CurrentServerlessConfig=config, DesiredServerlessConfig=config)
        return before

    def missing(self) -> dict[str, int]:
        """By variant, how many servers there are too few, or, below zero, too many."""
        with self._changed:
            return {
                name: self._by_name[name].get("DesiredInstanceCount", 1) - len(servers)
                for name, servers in self._rotation.items()
            }

    def fulfil(self) -> None:
        """Bring every variant to what is wanted; returns when all servers are healthy, and those too many have ended.

        Servers that end, the last ones, leave the rotation first and finish what they work on. Raises Unhealthy,
        DataFailure or OSError when not all can be started: then the same servers as before are there.
        """
        missing = self.missing()
        self._grow({name: count for name, count in missing.items() if count > 0})
        with self._changed:
            last = [server for name, count in missing.items() if count < 0 for server in self._rotation[name][count:]]
        self._retire(last)

    def retire(self) -> None:
        """End every server, once it has finished what it works on."""
        self._retire(list(self._all))

    def end(self, grace_seconds: float = STOP_GRACE_SECONDS) -> None:
        """End every server, whatever it works on."""
        with self._changed:
            servers = list(self._all)
        self._remove(servers)
        for server in servers:
            server.end(grace_seconds)

    def _grow(self, counts: Mapping[str, int]) -> None:
        started: list[ModelServer] = []
        try:
            for name, count in counts.items():
                for _ in range(count):
                    started.append(self._new(name))
                    started[-1].start(self.variants[name].container)
            for server in started:
                server.wait_until_healthy(self.variants[server.variant].startup_seconds)
                self._admit(server)
        except BaseException:
            self._retire(started)
            raise

    def _new(self, variant: str) -> ModelServer:
        server = ModelServer(self._engine, self._record, variant, self._number_of(variant))
        with self._changed:
            self._all.add(server)
        return server

    def _admit(self, server: ModelServer) -> None:
        with self._changed:
            self._rotation[server.variant].append(server)
            self._count(server.variant)
            self._changed.notify_all()

    def _retire(self, servers: Sequence[ModelServer]) -> None:
        self._remove(servers)
        with self._changed:
            # Every invocation has a time limit of its own.
            while any(server.busy for server in servers) and not self._engine.closing.is_set():
                self._changed.wait(DRAIN_POLL_SECONDS)
        for server in servers:
            server.end()
            server.clear()
        with self._changed:
            self._all.difference_update(servers)

    def _remove(self, servers: Iterable[ModelServer]) -> None:
        """Take servers out of the rotation: they are given no more work."""
        with self._changed:
            for server in servers:
                if server in self._rotation[server.variant]:
                    self._rotation[server.variant].remove(server)
                    self._count(server.variant)

    def _count(self, variant: str) -> None:
        if "CurrentInstanceCount" in self._by_name[variant]:
            self._by_name[variant]["CurrentInstanceCount"] = len(self._rotation[variant])


def _summary(variant: Variant, now: float) -> dict[str, Any]:
    image = variant.container.get("Image")
    images = [{"SpecifiedImage": image, "ResolvedImage": image, "ResolutionTime": now}] if image else None
    size: dict[str, Any] = (
        {"CurrentServerlessConfig": variant.settings["ServerlessConfig"]}
        if variant.is_serverless
        else {"CurrentInstanceCount": 0, "DesiredInstanceCount": variant.count}
    )
    weights = {"CurrentWeight": variant.weight, "DesiredWeight": variant.weight}
    # The instance type is told of a fleet that comes up only: elsewhere the API has no member for it.
    instance_type = variant.settings.get("InstanceType")
    return {
        "VariantName": variant.name,
        "DeployedImages": images,
        "InstanceType": instance_type,
        **weights,
        **size,
    }
