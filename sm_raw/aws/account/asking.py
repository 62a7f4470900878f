"""Questions whose answer helps and is not needed: pages of a listing, and in one line why one could not be had."""

from __future__ import annotations

import functools
import time
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from sm_raw.aws import calls
from sm_raw.aws.calls import call, error_code, ride_out

if TYPE_CHECKING:
    from botocore.client import BaseClient

ATTEMPTS = 3
"""Fewer than for what a run depends on: a service that is not there should not hold up a plan for minutes."""


def pages(
    client: BaseClient,
    operation: str,
    request: Mapping[str, Any],
    *,
    tokens: tuple[str, str] = ("NextToken", "NextToken"),
    sleep: Callable[[float], None] = time.sleep,
) -> Iterator[dict[str, Any]]:
    """Each page of the answer to ``operation``, short troubles ridden out; see ``calls.pages``."""

    def ask(members: Mapping[str, Any]) -> dict[str, Any]:
        return ride_out(functools.partial(call, client, operation, members), attempts=ATTEMPTS, sleep=sleep)

    return calls.pages(ask, request, tokens=tokens)


def in_one_line(error: Exception) -> str:
    """What a service or botocore said, short enough for a table: "AccessDeniedException: User ... is not ..."."""
    code = error_code(error)
    response = getattr(error, "response", None) or {}
    message = response["Error"].get("Message", "") if code else str(error)
    if "<html" in message.lower():  # A page for people, of something between here and the service.
        message = "an answer that is none"
    return " ".join(f"{code}: {message}".split()).strip(": ")
