"""Several things made one after the other, all of them or none: what was made is taken back when a later step fails.

Names are looked up before anything is made. A name that is taken stops it all; and since the others were free, what
bears one of them after an answer that was lost on the way is known to be this call's own.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeAlias

from sm_raw.aws.calls import is_transient, ride_out
from sm_raw.aws.clients import Clients
from sm_raw.aws.failures.causes import match_causes
from sm_raw.aws.failures.explaining import Explanation
from sm_raw.aws.makers import made_by
from sm_raw.aws.remove import left_behind, remove
from sm_raw.aws.resources import Resource
from sm_raw.aws.submit import submit
from sm_raw.errors import DeploymentFailed, InvalidRequest

Request: TypeAlias = Mapping[str, Any]
Requests: TypeAlias = Sequence[tuple[str, Request]]


def check_all(requests: Requests, region: str) -> None:
    """Raises InvalidRequest for the first of the requests that is wrong, alone or beside the others."""
    from sm_raw.validation import check_together

    for (operation, _), findings in zip(requests, check_together(requests, region=region), strict=True):
        if any(finding.severity == "error" for finding in findings):
            raise InvalidRequest(operation, findings)


class Making:
    """Makes things and remembers which. ``on_made`` is told of each before it is asked for, to be kept in a ledger."""

    def __init__(
        self,
        clients: Clients,
        *,
        on_made: Callable[[Resource], None] | None = None,
        sleep: Callable[[float], None] = time.sleep,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.made: list[Resource] = []
        self._told: set[Resource] = set()
        self._clients, self._on_made, self._sleep, self._clock = clients, on_made, sleep, clock

    def refuse_taken(self, what: str, requests: Requests) -> None:
        """Raises DeploymentFailed for names that exist already; what bears them is left alone.

        To be asked before ``make``: of what is there afterwards under these names, it is then known whose it is.
        """
        for operation, request in requests:
            resource = made_by(operation, request)
            if self._exists(resource):
                hint = "leave its request out to use it as it is, choose another name, or remove it first"
                raise DeploymentFailed(what, operation, f"{resource} exists already: {hint}")

    def make(self, operation: str, request: Request) -> dict[str, Any]:
        """The response; empty if it was lost and yet the thing was made."""
        from sm_raw.validation.operations import service_of

        resource = made_by(operation, request)
        client = self._clients.client(service_of(operation))
        if self._on_made and resource not in self._told:
            self._told.add(resource)
            self._on_made(resource)
        try:
            response = ride_out(lambda: submit(client, operation, request), repeatable=False, sleep=self._sleep)
        except Exception as error:
            if not may_have_been_done(error):
                raise
            self.made.append(resource)
            if not self._exists(resource):
                raise
            return {}
        self.made.append(resource)
        return response

    def take_back(self, *, timeout_seconds: float = 900.0) -> tuple[list[str], list[str]]:
        """Remove what was made, in the right order: what is gone, and what is still there, with the reason."""
        removed: list[str] = []

        def told(resource: Resource, outcome: str) -> None:
            if outcome == "removed":
                removed.append(str(resource))

        left = remove(
            self._clients, self.made, told, timeout_seconds=timeout_seconds, sleep=self._sleep, clock=self._clock
        )
        return removed, left

    def _exists(self, resource: Resource) -> bool:
        return bool(left_behind(self._clients, [resource], sleep=self._sleep))


def explain_refusal(kind: str, name: str, error: Exception, *, status: str = "not made") -> Explanation:
    """Why a call was refused, with the known causes of such a refusal."""
    return Explanation(kind, name, status, str(error), causes=tuple(match_causes(str(error))))


def first_line(error: Exception) -> str:
    """What an error says, without what it quotes; its name if it says nothing."""
    return next(iter(str(error).splitlines()), type(error).__name__)


def may_have_been_done(error: Exception) -> bool:
    """Whether the service may have done what it did not confirm: the answer was lost, or a repetition was refused."""
    from botocore.exceptions import ClientError

    if isinstance(error, ClientError):
        told = error.response.get("ResponseMetadata", {})
        return bool(told.get("RetryAttempts")) or int(told.get("HTTPStatusCode", 0)) >= 500
    return is_transient(error) and not is_transient(error, repeatable=False)
