from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from botocore.stub import Stubber

from sm_raw.aws.clients import Clients, local_clients


class FakeTime:
    """A clock that only moves when somebody sleeps."""

    def __init__(self) -> None:
        self.now = 0.0
        self.pauses: list[float] = []

    def sleep(self, seconds: float) -> None:
        self.pauses.append(seconds)
        self.now += seconds

    def clock(self) -> float:
        return self.now


@pytest.fixture
def fake_time() -> FakeTime:
    return FakeTime()


@pytest.fixture(scope="session")
def clients() -> Clients:
    """Clients of a port where nobody listens: what is not stubbed fails at once."""
    return local_clients("http://127.0.0.1:9")


@pytest.fixture
def stub(clients: Clients) -> Iterator[Callable[[str], Stubber]]:
    """``stub(service)``: the one stubber of a service's client; each must have been used up at the end."""
    stubbers: dict[str, Stubber] = {}

    def get(service: str) -> Stubber:
        if service not in stubbers:
            stubbers[service] = Stubber(clients.client(service))
            stubbers[service].activate()
        return stubbers[service]

    yield get
    for stubber in stubbers.values():
        stubber.deactivate()
        stubber.assert_no_pending_responses()
