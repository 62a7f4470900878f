from __future__ import annotations

import threading
from typing import Any

import pytest

from sm_raw.local.functions import invoking
from sm_raw.local.functions.environment import Invocation, Outcome
from sm_raw.local.functions.refusals import throttled
from sm_raw.local.protocol import ServiceError


class NotFound(Exception):
    """ResourceNotFoundException of the client below."""


class Lambda:
    """Stands for the client: how often an event is tried again."""

    class exceptions:  # noqa: N801
        ResourceNotFoundException = NotFound

    def __init__(self, retries: int | None) -> None:
        self._retries = retries

    def get_function_event_invoke_config(self, **_: Any) -> dict[str, Any]:
        if self._retries is None:
            raise NotFound
        return {"MaximumRetryAttempts": self._retries}

    def get_function_concurrency(self, **_: Any) -> dict[str, Any]:
        return {}


class Engine:
    """Stands for the engine: keeps how long was waited; closes at the wait with this number."""

    def __init__(self, retries: int | None, closes_at: int | None = None) -> None:
        self._lambda, self._closes_at = Lambda(retries), closes_at
        self.waited: list[float] = []
        self.closing = self
        self._closed = threading.Event()

    def client(self, service: str, region: str) -> Lambda:
        return self._lambda

    def is_set(self) -> bool:
        return self._closed.is_set()

    def wait(self, seconds: float) -> bool:
        self.waited.append(seconds)
        if len(self.waited) == self._closes_at:
            self._closed.set()
        return self._closed.is_set()


class Pool:
    """Stands for the pool and its environment: one outcome after the other."""

    def __init__(self, *outcomes: bool | Exception) -> None:
        self._outcomes = list(outcomes)
        self.ids: list[str] = []

    def acquire(self, function: object, reserved: int | None) -> Pool:
        if isinstance(self._outcomes[0], Exception):
            raise self._outcomes.pop(0)  # type: ignore[misc]
        return self

    def release(self, environment: object) -> None:
        assert environment is self

    def invoke(self, invocation: Invocation) -> Outcome:
        self.ids.append(invocation.request_id)
        return Outcome(b"", bool(self._outcomes.pop(0)), b"")


class Function:
    region, name = "us-east-1", "dogs"


def delivered(pool: Pool, engine: Engine) -> list[float]:
    invoking.Delivery(engine, pool, Function(), Invocation("{}", "arn")).deliver()  # type: ignore[arg-type]
    return engine.waited


@pytest.mark.parametrize(
    ("retries", "outcomes", "waited"),
    [
        (None, [False], []),
        (None, [True, False], [60]),
        (None, [True, True, True], [60, 120]),
        (1, [True, True], [60]),
        (0, [True], []),
    ],
)
def test_an_event_that_fails_is_tried_again(retries: int | None, outcomes: list[bool], waited: list[float]) -> None:
    pool = Pool(*outcomes)
    assert delivered(pool, Engine(retries)) == waited
    assert len(pool.ids) == len(outcomes)
    assert len(set(pool.ids)) == 1


def test_an_event_that_is_throttled_waits_longer_each_time_and_that_is_no_try() -> None:
    pool = Pool(*[throttled("x")] * 3, True, False)
    assert delivered(pool, Engine(None)) == [1, 2, 4, 60]


def test_an_event_for_a_function_that_is_gone_is_dropped() -> None:
    assert delivered(Pool(ServiceError("ResourceNotFoundException", "", status=404)), Engine(None)) == []


def test_no_event_is_waited_for_when_the_engine_closes() -> None:
    pool = Pool(True)
    assert delivered(pool, Engine(None, closes_at=1)) == [60]
    assert delivered(Pool(throttled("x")), Engine(None, closes_at=1)) == [1]
