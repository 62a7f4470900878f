from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from botocore.stub import Stubber

from sm_raw.aws.clients import Clients
from sm_raw.aws.readiness import READINESS, wait_until_ready
from sm_raw.aws.removals import KINDS
from sm_raw.aws.resources import Resource
from sm_raw.errors import JobFailed, WaitTimedOut

Stub = Callable[[str], Stubber]
CONCURRENCY = Resource("provisioned concurrency", "live", "f")


def instance(state: str, code: str = "") -> dict[str, Any]:
    return {"State": {"Name": state}, "StateReason": {"Code": code, "Message": f"{code}: told"}}


STATES: list[tuple[str, dict[str, Any], str]] = [
    ("function", {"State": "Pending"}, "under way"),
    ("function", {"State": "Active"}, "ready"),
    ("function", {"State": "Failed", "StateReason": "no"}, "failed"),
    ("function", {}, "ready"),
    ("provisioned concurrency", {"Status": "IN_PROGRESS"}, "under way"),
    ("provisioned concurrency", {"Status": "READY"}, "ready"),
    ("provisioned concurrency", {"Status": "FAILED", "StatusReason": "no"}, "failed"),
    ("export task", {"status": {"code": "PENDING_CANCEL"}}, "under way"),
    ("export task", {"status": {"code": "COMPLETED"}}, "ready"),
    ("export task", {"status": {"code": "CANCELLED"}}, "failed"),
    ("instances", {"Instances": [instance("terminated"), instance("running")]}, "under way"),
    ("instances", {"Instances": [instance("terminated", "Client.InstanceInitiatedShutdown")]}, "ready"),
    ("instances", {"Instances": [instance("terminated", "Server.InsufficientInstanceCapacity")]}, "failed"),
]


@pytest.mark.parametrize(("kind", "found", "expected"), STATES)
def test_states(kind: str, found: dict[str, Any], expected: str) -> None:
    readiness = READINESS[kind]
    status, _ = readiness.state(found)
    told = {True: "ready"} if status in readiness.ready else {True: "failed"} if status in readiness.failed else {}
    assert told.get(True, "under way") == expected


def test_every_row_is_a_kind_of_resource() -> None:
    assert set(READINESS) <= set(KINDS)


def answers(stub: Stub, *statuses: str) -> None:
    for status in statuses:
        stub("lambda").add_response(
            "get_provisioned_concurrency_config",
            {"Status": status, "StatusReason": "the reason"},
            {"FunctionName": "f", "Qualifier": "live"},
        )


def test_it_is_waited_for_and_each_status_is_told_once(clients: Clients, stub: Stub, fake_time: Any) -> None:
    answers(stub, "IN_PROGRESS", "IN_PROGRESS", "READY")
    told: list[str] = []
    found = wait_until_ready(
        clients,
        CONCURRENCY,
        timeout_seconds=60,
        on_change=told.append,
        sleep=fake_time.sleep,
        clock=fake_time.clock,
    )
    assert (found["Status"], told) == ("READY", ["IN_PROGRESS", "READY"])
    assert len(fake_time.pauses) == 2


def test_a_failure_is_told_with_its_reason(clients: Clients, stub: Stub, fake_time: Any) -> None:
    answers(stub, "FAILED")
    with pytest.raises(JobFailed, match="provisioned concurrency 'live' ended FAILED: the reason"):
        wait_until_ready(clients, CONCURRENCY, timeout_seconds=60, sleep=fake_time.sleep, clock=fake_time.clock)


def test_what_takes_too_long_is_not_taken_for_ready(clients: Clients, stub: Stub, fake_time: Any) -> None:
    answers(stub, "IN_PROGRESS", "IN_PROGRESS")
    with pytest.raises(WaitTimedOut, match="it is IN_PROGRESS"):
        wait_until_ready(clients, CONCURRENCY, timeout_seconds=0.1, sleep=fake_time.sleep, clock=fake_time.clock)


def test_of_a_kind_without_states_what_there_is_now_is_told(clients: Clients, stub: Stub) -> None:
    stub("lambda").add_response("get_alias", {"Name": "live"}, {"FunctionName": "f", "Name": "live"})
    assert wait_until_ready(clients, Resource("alias", "live", "f"), timeout_seconds=0)["Name"] == "live"
