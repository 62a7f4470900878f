"""The line to the service during a long wait: calls within a budget, troubles borne, credentials renewed.

Only for calls that read: they may be sent again whatever became of them. Nothing is ever submitted here.
"""

from __future__ import annotations

import itertools
import math
import random
import threading
import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from sm_raw.aws.calls import backoff_seconds, call, is_expired, is_transient
from sm_raw.errors import NotConfigured, SmRawError

if TYPE_CHECKING:
    from botocore.client import BaseClient

JITTER = 0.1
"""Each pause is shortened by up to this share, so that many pollers started together do not stay in step."""

SHORTEST_OUTAGE_SECONDS = 60.0
LONGEST_OUTAGE_SECONDS = 900.0
OUTAGE_SHARE = 0.25
"""The longer something was waited for, the longer the service may be out of reach before that is given up."""

RENEW = "renew them (`aws sso login`, `aws login`, or whatever made them)"


class CallBudget:
    """At most so many API calls in any minute, saved up for at most a quarter of a minute's worth at once.

    One budget may be shared by several pollers, also from several threads: hand it over instead of a number.
    ``spent`` counts the calls.
    """

    def __init__(
        self,
        calls_per_minute: float,
        *,
        sleep: Callable[[float], None] = time.sleep,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        if not calls_per_minute > 0:
            raise SmRawError(f"a budget of {calls_per_minute} calls per minute allows none; give 1 or more")
        self.spent = 0
        # What is saved up and what comes in within a minute are together what a minute allows.
        self._most_saved = max(1.0, calls_per_minute / 4)
        self._per_second = 0.75 * calls_per_minute / 60
        self._saved, self._at = self._most_saved, clock()
        self._sleep, self._clock = sleep, clock
        self._lock = threading.Lock()

    def take(self) -> None:
        """Count one call, and sleep until it may be sent."""
        with self._lock:
            now = self._clock()
            self._saved = min(self._most_saved, self._saved + (now - self._at) * self._per_second) - 1
            self._at = now
            self.spent += 1
            owed = -self._saved
        if owed > 0:
            self._sleep(owed / self._per_second)


class Line:
    """Asks the service through one client, until ``timeout_seconds`` after the line was made.

    ``refresh`` is called when the credentials have expired; it may return a new client, which is used from
    then on, or None if the present one can be used again. ``on_notice`` is told, in a sentence, when the
    credentials have expired and when they work again.
    """

    def __init__(
        self,
        client: BaseClient,
        budget: CallBudget,
        *,
        timeout_seconds: float,
        credentials_seconds: float = 3600.0,
        refresh: Callable[[], BaseClient | None] | None = None,
        on_notice: Callable[[str], None] | None = None,
        sleep: Callable[[float], None] = time.sleep,
        clock: Callable[[], float] = time.monotonic,
        random: Callable[[], float] = random.random,
    ) -> None:
        self.has_worked = False
        self._client, self._budget = client, budget
        self._timeout_seconds, self._credentials_seconds = timeout_seconds, credentials_seconds
        self._refresh, self._on_notice = refresh, on_notice
        self._sleep, self._clock, self._random = sleep, clock, random
        self._started = clock()
        self._expired = False

    @property
    def waited_seconds(self) -> float:
        return self._clock() - self._started

    @property
    def is_late(self) -> bool:
        """Whether the time is over."""
        return self.waited_seconds >= self._timeout_seconds

    def rest(self, seconds: float, *, at_most: float = math.inf) -> None:
        """Sleep about so long, but not beyond the end of the time."""
        shortened = seconds * (1 - JITTER * self._random())
        self._sleep(max(0.0, min(shortened, at_most, self._timeout_seconds - self.waited_seconds)))

    def ask(self, operation: str, request: Mapping[str, Any]) -> dict[str, Any]:
        """The response to an operation that reads.

        Throttling, server errors and outages are ridden out, the longer the later in the wait they come.
        Expired credentials are refreshed or waited for, if they have worked before. Once that takes too
        long, and for all other errors at once, the error itself is raised.
        """
        trouble_began: float | None = None
        for attempt in itertools.count():
            self._budget.take()
            try:
                answer = call(self._client, operation, request)
            except Exception as error:
                trouble_began = self._clock() if trouble_began is None else trouble_began
                self._bear(error, attempt, self._clock() - trouble_began)
                continue
            break
        self._tell(False, "the credentials work again")
        self.has_worked = True
        return answer

    def _bear(self, error: Exception, attempt: int, lost_seconds: float) -> None:
        """Pause before the next attempt, or raise what cannot be helped."""
        expired = is_expired(error) and (self.has_worked or self._refresh is not None)
        if not expired and not is_transient(error):
            raise error
        limit = self._credentials_seconds if expired else outage_seconds(self.waited_seconds - lost_seconds)
        left = min(limit - lost_seconds, self._timeout_seconds - self.waited_seconds)
        if expired:
            self._tell(True, f"the credentials have expired ({error}): {RENEW}; asking again for {left:.0f} s")
            if self._renew() and attempt == 0:
                return
        if left <= 0:
            raise error
        self.rest(backoff_seconds(attempt), at_most=left)

    def _renew(self) -> bool:
        """Whether ``refresh`` could do something; that there are no good credentials yet is waited for."""
        if self._refresh is None:
            return False
        try:
            client = self._refresh()
        except Exception as error:
            if isinstance(error, NotConfigured) or is_expired(error) or is_transient(error):
                return False
            raise
        self._client = client or self._client
        return True

    def _tell(self, expired: bool, notice: str) -> None:
        """Each of the two notices once for each time that credentials expire."""
        if expired != self._expired and self._on_notice:
            self._on_notice(notice)
        self._expired = expired


def outage_seconds(waited_seconds: float) -> float:
    """How long an outage is ridden out that began after so long a wait."""
    return min(LONGEST_OUTAGE_SECONDS, max(SHORTEST_OUTAGE_SECONDS, OUTAGE_SHARE * waited_seconds))
