"""No test reaches beyond this machine: what would connect to anything but loopback is stopped, and fails its test."""

from __future__ import annotations

import signal
import sys
from collections.abc import Iterator
from ipaddress import ip_address
from typing import Any

import pytest

LOCAL_NAMES = {None, "", b"", "localhost", b"localhost"}
_strays: list[str] = []


def _is_local(host: Any) -> bool:
    if host in LOCAL_NAMES:
        return True
    text = host.decode() if isinstance(host, bytes) else str(host)
    try:
        address = ip_address(text.partition("%")[0])
    except ValueError:
        return text.endswith(".localhost")
    return address.is_loopback or address.is_unspecified


def _guard(event: str, arguments: tuple[Any, ...]) -> None:
    if event == "socket.connect":
        address = arguments[1]
        host = address[0] if isinstance(address, tuple) else None  # A Unix socket's address is a path.
    elif event == "socket.getaddrinfo":
        host = arguments[0]
    else:
        return
    if not _is_local(host):
        _strays.append(f"{event}: {host}")
        raise OSError(f"a test would have reached {host}")


sys.addaudithook(_guard)


@pytest.fixture(autouse=True)
def on_this_machine() -> Iterator[None]:
    """Fails a test that has tried to reach beyond it, even where the code has taken that for an outage."""
    _strays.clear()
    yield
    assert _strays == []


@pytest.fixture(autouse=True)
def handlers_of_this_process() -> Iterator[None]:
    """The commands take over Ctrl-C and SIGTERM; the tests keep theirs."""
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)
