"""Which environment answers which invocation: warm ones first, new ones up to a bound, and 429 beyond it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable

from sm_raw.local.engine import Engine
from sm_raw.local.functions.code import CodeStore
from sm_raw.local.functions.described import Function
from sm_raw.local.functions.environment import Environment
from sm_raw.local.functions.refusals import throttled

MAX_ENVIRONMENTS = 32
"""Processes of all functions together: what the account's concurrency is in AWS."""


class Pool:
    """The environments of all functions, at most ``limit``. ``on_loss`` is told of each provisioned one that died."""

    def __init__(
        self,
        engine: Engine,
        code: CodeStore,
        *,
        limit: int = MAX_ENVIRONMENTS,
        make: Callable[..., Environment] = Environment,
    ) -> None:
        self._engine, self._code, self.limit, self._make = engine, code, limit, make
        self._lock = threading.Lock()
        self._environments: list[Environment] = []
        self.on_loss: Callable[[Environment], object] = lambda _: None

    def acquire(self, function: Function, reserved: int | None = None) -> Environment:
        """An environment for one invocation, started if need be; the caller gives it back with ``release``.

        ``reserved`` is the function's reserved concurrency. Refuses what would be one too many at a time, as Lambda
        does: https://docs.aws.amazon.com/lambda/latest/dg/lambda-concurrency.html
        """
        with self._lock:
            running = [one for one in self._environments if one.busy and _of(one, function.region, function.name)]
            if reserved is not None and len(running) >= reserved:
                raise throttled("ReservedFunctionConcurrentInvocationLimitExceeded")
            idle = [one for one in self._environments if not one.busy and one.alive and one.function == function]
            if idle:
                # A provisioned one first, then the one used last: the others are those to end for want of room.
                chosen = max(idle, key=lambda one: (bool(one.owner), self._environments.index(one)))
                self._environments.remove(chosen)
                self._environments.append(chosen)
                chosen.busy = True
                return chosen
        return self.add(function)

    def add(self, function: Function, owner: str = "") -> Environment:
        """A new environment, busy and started. Where there is no room, the one idle for longest makes some."""
        folder = self._code.folder(function.code_sha256)
        with self._lock:
            gone = self._make_room()
            environment = self._make(self._engine, function, folder, owner)
            environment.on_exit = self._exited
            self._environments.append(environment)
        _end(gone)
        try:
            environment.start()
        except Exception:
            self.discard(environment)
            raise
        return environment

    def release(self, environment: Environment) -> None:
        """The invocation is over. An environment that died, or is wanted no more, is ended."""
        with self._lock:
            environment.busy = False
            if environment.alive and not environment.retired:
                return
        self._lose(environment)

    def discard(self, environment: Environment) -> None:
        """End an environment that the caller holds."""
        with self._lock:
            if environment in self._environments:
                self._environments.remove(environment)
        environment.end()

    def owned(self, owner: str) -> list[Environment]:
        """The living environments of one provisioned concurrency."""
        with self._lock:
            return [one for one in self._environments if one.owner == owner and one.alive and not one.retired]

    def retire(self, region: str, name: str, version: str | None = None) -> None:
        """End the environments of a function, or of one version: idle ones now, the others after their invocation."""
        self.retire_all(lambda one: _of(one, region, name) and version in (None, one.function.version))

    def retire_all(self, wanted: Callable[[Environment], bool]) -> None:
        """The same for those that are wanted."""
        with self._lock:
            chosen = [one for one in self._environments if wanted(one)]
            for one in chosen:
                one.retired = True
            idle = [one for one in chosen if not one.busy]
            self._environments = [one for one in self._environments if one not in idle]
        _end(idle)

    def _exited(self, environment: Environment) -> None:
        """A process has ended. Who runs an invocation in it gives it back; nobody does so for an idle one."""
        with self._lock:
            if environment.busy or environment not in self._environments:
                return
        self._lose(environment)

    def _lose(self, environment: Environment) -> None:
        self.discard(environment)
        if environment.owner and not environment.retired:
            self.on_loss(environment)

    def _make_room(self) -> list[Environment]:
        """Take the dead out, and one that is idle if there is no room; returns whom to end."""
        gone = [one for one in self._environments if not one.busy and not one.alive]
        idle = [one for one in self._environments if not one.busy and one not in gone and not one.owner]
        if len(self._environments) - len(gone) >= self.limit:
            if not idle:
                raise throttled("ConcurrentInvocationLimitExceeded")
            gone.append(idle[0])
        self._environments = [one for one in self._environments if one not in gone]
        return gone


def _of(environment: Environment, region: str, name: str) -> bool:
    return (environment.function.region, environment.function.name) == (region, name)


def _end(environments: Iterable[Environment]) -> None:
    for environment in environments:
        environment.end()
