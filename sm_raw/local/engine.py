"""What the parts of the engine share: the store, clients that point back here, and everything that runs."""

from __future__ import annotations

import os
import re
import secrets
import sys
import threading
import time
import traceback
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sm_raw.aws.clients import Clients, local_clients
from sm_raw.local.artifacts import ObjectCache
from sm_raw.local.control import Census
from sm_raw.local.faults import Faults
from sm_raw.local.protocol import Request
from sm_raw.local.scaling.metering import Meter
from sm_raw.local.scaling.state import Scaling
from sm_raw.local.store import Store

# How long ``close`` waits for threads whose processes are killed already.
CLOSE_SECONDS = 10.0
# Marks the calls of the engine itself: they meet no faults, and nobody counts them.
OWN_CALL, OWN_CALL_IN_WSGI = "X-Sm-Raw-Engine", "HTTP_X_SM_RAW_ENGINE"


@dataclass(frozen=True)
class Call:
    """One request to the API: the engine, the region of its signature, and what was asked."""

    engine: Engine
    region: str
    request: Request


Handler = Callable[[Call], dict[str, Any]]


class Engine:
    """The state behind the endpoint at ``url``. Files of running jobs live below ``root``.

    A minute of alarms, cooldowns and metrics lasts 60 / ``time_scale`` seconds.
    """

    def __init__(self, root: Path, url: str, time_scale: float = 1.0) -> None:
        self.root, self.url, self.time_scale = root, url, time_scale
        self.store = Store()
        self.faults: Faults = Faults()
        self.census: Census = Census()
        self.scaling: Scaling = Scaling(self.store.now)
        self.meter: Meter = Meter(lambda region: self.client("cloudwatch", region))
        self._token = secrets.token_hex(16)
        self.cache = ObjectCache(root / "objects")
        self.cpus = os.cpu_count() or 1
        # One is left to the engine, its clients and the evaluation of rules: an OpenMP thread that must wait for its
        # processor holds up all the others.
        self.job_cpus = max(1, self.cpus - 1)
        self.closing = threading.Event()
        self._lock = threading.Lock()
        self._clients: dict[str, Clients] = {}
        self._threads: list[threading.Thread] = []
        self._stoppers: dict[object, Callable[[], None]] = {}

    def client(self, service: str, region: str) -> Any:
        """A boto3 client of this very endpoint: jobs use S3 and logs through the front door, as anyone does."""
        with self._lock:
            if region not in self._clients:
                self._clients[region] = local_clients(self.url, region)
            clients = self._clients[region]
        client = clients.client(service)
        client.meta.events.register("before-call", self._mark, unique_id=OWN_CALL)
        return client

    def is_own(self, environ: Mapping[str, Any]) -> bool:
        """Whether a call is one of the engine itself."""
        return environ.get(OWN_CALL_IN_WSGI) == self._token

    def _mark(self, params: Any, **_: object) -> None:
        params["headers"][OWN_CALL] = self._token

    def start(self, name: str, work: Callable[[], None]) -> None:
        """Run ``work`` in a thread of its own. What it lets through is a bug of ours and is shown as one.

        When the engine closes, jobs lose their processes and then the engine itself: what they say then is no news.
        """

        def guarded() -> None:
            try:
                work()
            except Exception:
                if not self.closing.is_set():
                    print(f"sm_raw local: {name} broke", file=sys.stderr)
                    traceback.print_exc()

        thread = threading.Thread(target=guarded, name=name, daemon=True)
        with self._lock:
            thread.start()
            self._threads = [*(other for other in self._threads if other.is_alive()), thread]

    def register(self, key: object, stop: Callable[[], None]) -> None:
        """``stop`` ends something that runs; it is called when the engine closes, until ``forget``.

        It may be called twice. An engine that is closing calls it here and now.
        """
        with self._lock:
            self._stoppers[key] = stop
        if self.closing.is_set():
            stop()

    def forget(self, key: object) -> None:
        """What ``key`` stands for has ended."""
        with self._lock:
            self._stoppers.pop(key, None)

    def close(self) -> None:
        """End everything that runs, at once, and wait until its threads are through."""
        self.closing.set()
        with self._lock:
            stoppers, threads = list(self._stoppers.values()), self._threads
        for stop in stoppers:
            stop()
        deadline = time.monotonic() + CLOSE_SECONDS
        for thread in threads:
            thread.join(max(0.0, deadline - time.monotonic()))


def region_of(authorization: str) -> str:
    """The region in the credential scope of an AWS signature, or us-east-1 for an unsigned request."""
    scope = re.search(r"Credential=[^/]+/\d{8}/([a-z0-9-]+)/", authorization)
    return scope[1] if scope else "us-east-1"
