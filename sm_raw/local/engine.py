"""What the parts of the engine share: the store, clients that point back here, and everything that runs."""

from __future__ import annotations

import functools
import os
import re
import shutil
import sys
import threading
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sm_raw.local.artifacts import ObjectCache
from sm_raw.local.protocol import Request
from sm_raw.local.store import Store


@dataclass(frozen=True)
class Call:
    """One request to the API: the engine, the region of its signature, and what was asked."""

    engine: Engine
    region: str
    request: Request


Handler = Callable[[Call], dict[str, Any]]


class Engine:
    """The state behind the endpoint at ``url``. Files of running jobs live below ``root``."""

    def __init__(self, root: Path, url: str) -> None:
        self.root, self.url = root, url
        self.store = Store()
        self.cache = ObjectCache(root / "objects")
        self.cpus = os.cpu_count() or 1
        self.closing = threading.Event()
        self._client_lock = threading.Lock()
        self._threads: list[threading.Thread] = []
        self._stoppers: dict[object, Callable[[], None]] = {}

    def client(self, service: str, region: str) -> Any:
        """A boto3 client of this very endpoint: jobs use S3 and logs through the front door, as anyone does."""
        # Making a client is not thread-safe in boto3; using one is.
        with self._client_lock:
            return self._client(service, region)

    @functools.cache  # noqa: B019  (an engine lives as long as its process)
    def _client(self, service: str, region: str) -> Any:
        from sm_raw.aws.clients import local_clients

        return local_clients(self.url, region).client(service)

    def folder(self, *parts: str) -> Path:
        """A new, empty folder below the root."""
        path = self.root.joinpath(*parts)
        shutil.rmtree(path, ignore_errors=True)
        path.mkdir(parents=True)
        return path

    def start(self, name: str, work: Callable[[], None]) -> None:
        """Run ``work`` in a thread of its own. What it lets through is a bug of ours and is shown as one."""

        def guarded() -> None:
            try:
                work()
            except Exception:
                if not self.closing.is_set():
                    print(f"sm_raw local: {name} broke", file=sys.stderr)
                    traceback.print_exc()

        thread = threading.Thread(target=guarded, name=name, daemon=True)
        self._threads = [*(thread for thread in self._threads if thread.is_alive()), thread]
        thread.start()

    def register(self, key: object, stop: Callable[[], None]) -> None:
        """``stop`` ends something that runs; it is called when the engine closes, until ``forget``."""
        self._stoppers[key] = stop

    def forget(self, key: object) -> None:
        """What ``key`` stands for has ended."""
        self._stoppers.pop(key, None)

    def close(self) -> None:
        """End everything that runs, at once."""
        self.closing.set()
        for stop in list(self._stoppers.values()):
            stop()


def region_of(authorization: str) -> str:
    """The region in the credential scope of an AWS signature, or us-east-1 for an unsigned request."""
    scope = re.search(r"Credential=[^/]+/\d{8}/([^/]+)/", authorization)
    return scope[1] if scope else "us-east-1"
