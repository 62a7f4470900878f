from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from sm_raw.local.functions.described import Function
from sm_raw.local.functions.pool import Pool
from sm_raw.local.protocol import ServiceError


class Process:
    """Stands for an environment."""

    def __init__(self, engine: object, function: Function, code: object, owner: str = "") -> None:
        self.function, self.owner = function, owner
        self.busy, self.retired, self.alive = True, False, False
        self.on_exit: Callable[[Process], object]

    def start(self) -> None:
        self.alive = True

    def end(self) -> None:
        self.alive = False

    def die(self) -> None:
        self.alive = False
        self.on_exit(self)


class Code:
    def folder(self, sha256: str) -> str:
        return sha256


def function(name: str = "dogs", version: str = "1", identity: str = "i") -> Function:
    return Function("us-east-1", name, version, "a.b", "python3.13", 3, 128, {}, "sha", identity)


@pytest.fixture
def pool() -> Pool:
    return Pool(None, Code(), limit=2, make=Process)  # type: ignore[arg-type]


def reason(call: Callable[[], object]) -> Any:
    with pytest.raises(ServiceError) as refused:
        call()
    assert (refused.value.code, refused.value.status) == ("TooManyRequestsException", 429)
    return refused.value.fields["Reason"]


def test_one_that_is_idle_answers_again_and_one_that_is_busy_does_not(pool: Pool) -> None:
    first, second = pool.acquire(function()), pool.acquire(function())
    assert first is not second
    pool.release(first)
    assert pool.acquire(function()) is first


def test_another_version_or_configuration_has_processes_of_its_own(pool: Pool) -> None:
    first = pool.acquire(function())
    pool.release(first)
    assert pool.acquire(function(version="2")) is not first
    pool = Pool(None, Code(), limit=2, make=Process)  # type: ignore[arg-type]
    first = pool.acquire(function())
    pool.release(first)
    assert pool.acquire(function(identity="j")) is not first


def test_provisioned_ones_answer_before_others(pool: Pool) -> None:
    plain = pool.acquire(function())
    provisioned = pool.add(function(), "owner")
    for environment in (provisioned, plain):
        pool.release(environment)
    assert pool.acquire(function()) is provisioned


def test_one_too_many_is_throttled_and_the_one_idle_for_longest_makes_room(pool: Pool) -> None:
    first, second = pool.acquire(function()), pool.acquire(function())
    assert reason(lambda: pool.acquire(function())) == "ConcurrentInvocationLimitExceeded"
    pool.release(second)
    pool.release(first)
    other = pool.acquire(function("cats"))
    assert (first.alive, second.alive, other.alive) == (False, True, True)


def test_a_provisioned_one_makes_no_room(pool: Pool) -> None:
    for owner in ("a", "b"):
        pool.release(pool.add(function(), owner))
    assert reason(lambda: pool.acquire(function("cats"))) == "ConcurrentInvocationLimitExceeded"


def test_reserved_concurrency_is_the_function_s_limit(pool: Pool) -> None:
    pool.acquire(function(), reserved=1)
    expected = "ReservedFunctionConcurrentInvocationLimitExceeded"
    assert reason(lambda: pool.acquire(function(version="2"), reserved=1)) == expected
    pool.acquire(function("cats"), reserved=1)


def test_retired_ones_end_now_or_after_their_invocation(pool: Pool) -> None:
    idle, busy = pool.acquire(function()), pool.acquire(function())
    pool.release(idle)
    pool.retire("us-east-1", "dogs", "2")
    assert idle.alive
    pool.retire("us-east-1", "dogs")
    assert (idle.alive, busy.alive) == (False, True)
    pool.release(busy)
    assert not busy.alive


def test_a_provisioned_one_that_died_is_told_and_one_that_was_retired_is_not(pool: Pool) -> None:
    lost: list[Any] = []
    pool.on_loss = lost.append
    dead, retired = pool.add(function(), "owner"), pool.add(function(), "owner")
    assert pool.owned("owner") == [dead, retired]
    dead.die()  # type: ignore[attr-defined]
    retired.retired = True
    for environment in (dead, retired):
        pool.release(environment)
    assert lost == [dead]
    assert pool.owned("owner") == []


def test_a_provisioned_one_that_dies_while_it_is_idle_is_told_once(pool: Pool) -> None:
    lost: list[Any] = []
    pool.on_loss = lost.append
    idle = pool.add(function(), "owner")
    pool.release(idle)
    for _ in range(2):
        idle.die()  # type: ignore[attr-defined]
    assert lost == [idle]


def test_one_that_died_while_it_was_idle_takes_no_room(pool: Pool) -> None:
    dead = pool.acquire(function())
    pool.release(dead)
    dead.die()  # type: ignore[attr-defined]
    assert pool.acquire(function()) is not dead
    assert pool.acquire(function()).alive
