"""Faults on purpose, from a seed: calls that are throttled, jobs that find no capacity, endpoints that never answer.

A document, for ``python -m sm_raw local --faults FILE`` or for PUT at a running engine's ``/_sm_raw/faults``::

    {
      "seed": 7,
      "calls": [
        {"error": "throttling", "rate": 0.5},
        {"service": "sagemaker", "operation": "Create*", "error": "reset", "when": "after", "times": 1},
        {"service": "sagemaker-runtime", "error": "slow", "seconds": 1.5}
      ],
      "jobs": [{"name": "dogs-*", "error": "capacity", "times": 1}],
      "endpoints": [{"error": "ping"}]
    }

Every rule strikes with probability ``rate`` (1), not before it was met ``skip`` times (0), and at most ``times`` times
(without end). The first rule that strikes wins. Each rule has a sequence of its own from the seed: of the calls that it
meets the first, fourth and ninth are struck, say, in every run, however many clients there are.

``calls``: ``service`` is boto3's name ("s3") and ``operation`` the API's ("PutObject"), both as shell patterns (*); an
``error`` that a service does not know passes it by. ``when`` is "before" the call takes effect, which is the default,
or "after": then it did, and only the answer is lost. ``message`` replaces the usual text. The errors:

- ``throttling``, ``internal``, ``unavailable``, ``expired_token``, ``access_denied``, ``resource_limit``, and for ec2
  ``capacity``: with the service's own codes, see ``ERRORS``
- ``reset``: the connection is closed without an answer
- ``slow``: the call takes ``seconds`` longer, and is answered

``jobs``: training jobs by ``name`` (*), trials of tuning jobs included; for ``seconds`` (0) they are well:

- ``capacity``: no instance is found; ``internal``: the service breaks
- ``script``: the script fails without being run, with ``exit_code`` (1) and ``reason`` as its last words

``endpoints``: by ``name`` (*); they are Creating for ``seconds`` (0), then Failed. One that is updated or grows is
Updating for so long, then as it was:

- ``capacity``: no instance is found; ``ping``: the container never gets healthy

``reason`` is the FailureReason, in place of the usual one. A spot interruption is not among these: the engine keeps no
checkpoints, from which an interrupted job would go on. What the engine itself asks of S3 and logs for its jobs is never
struck; what a job's script asks is.
"""

from __future__ import annotations

import random
import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any

from werkzeug.test import run_wsgi_app

from sm_raw.local.fault_rules import ERRORS, Document, complaints, refusal
from sm_raw.local.protocol import ServiceError
from sm_raw.local.wire import Target, error_response

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

GROUPS = ("calls", "jobs", "endpoints")
# FailureReasons of the service; https://github.com/DIAGNijmegen/rse-grand-challenge/issues/2631 and
# https://github.com/aws/deep-learning-containers/pull/6673 show those for want of capacity.
JOB_REASONS = {
    "capacity": "CapacityError: Unable to provision requested ML compute capacity. "
    "Please retry using a different ML instance type.",
    "internal": "InternalServerError: We encountered an internal error. Please try again.",
    "script": "RuntimeError: a fault on purpose",
}
ENDPOINT_REASONS = {
    "capacity": "Unable to provision requested ML compute capacity due to InsufficientInstanceCapacity error. "
    "Please retry using a different ML instance type.",
    "ping": "",  # The deployment words it: it names the variant.
}


class FaultsRefused(Exception):
    """A document of faults cannot be used; ``complaints`` say why, one for each."""

    def __init__(self, complaints: list[str]) -> None:
        self.complaints = complaints
        super().__init__("; ".join(complaints))


@dataclass(frozen=True)
class CallFault:
    """What happens to one call; ``answer`` is None where the service has no say in it."""

    error: str
    after: bool
    seconds: float
    answer: ServiceError | None


@dataclass(frozen=True)
class Failing:
    """How one training job or endpoint fails, ``seconds`` after it began."""

    error: str
    seconds: float
    reason: str
    exit_code: int


class Rule:
    """One rule of the document: what it says, how often it was met, how often it struck."""

    def __init__(self, said: Document, seed: str) -> None:
        self.said = said
        self.met = self.struck = 0
        self._random = random.Random(seed)

    def strikes(self) -> bool:
        """Whether it strikes what it meets now."""
        self.met += 1
        if self.met <= self.said.get("skip", 0) or self.struck == self.said.get("times"):
            return False
        strikes: bool = self._random.random() < self.said.get("rate", 1)
        self.struck += strikes
        return strikes


class Faults:
    """The rules that hold now; none at first. Safe to share among threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._seed = 0
        self._rules: dict[str, list[Rule]] = {group: [] for group in GROUPS}

    def switch(self, document: object) -> None:
        """Let the rules of ``document`` hold, from their beginning, in place of all others. Raises FaultsRefused."""
        if wrong := complaints(document):
            raise FaultsRefused(wrong)
        assert isinstance(document, Mapping)
        seed = document.get("seed", 0)
        rules = {
            group: [Rule(said, f"{seed} {group} {index}") for index, said in enumerate(document.get(group, []))]
            for group in GROUPS
        }
        with self._lock:
            self._seed, self._rules = seed, rules

    def report(self) -> dict[str, Any]:
        """The document, with how often each rule was ``met`` and how often it ``struck``."""
        with self._lock:
            groups = {
                group: [{**rule.said, "met": rule.met, "struck": rule.struck} for rule in rules]
                for group, rules in self._rules.items()
            }
            return {"seed": self._seed, **groups}

    def of_call(self, target: Target) -> CallFault | None:
        """The fault of a call that comes in now."""

        def meets(said: Document) -> bool:
            return (
                fnmatchcase(target.service, said.get("service", "*"))
                and fnmatchcase(target.operation, said.get("operation", "*"))
                and (said["error"] not in ERRORS or _answer(said, target) is not None)
            )

        said = self._strike("calls", meets)
        if said is None:
            return None
        after = said.get("when") == "after"
        return CallFault(said["error"], after, said.get("seconds", 0), _answer(said, target))

    def of_job(self, name: str) -> Failing | None:
        """How a training job that starts now will fail."""
        return self._failing("jobs", name, JOB_REASONS)

    def of_endpoint(self, name: str) -> Failing | None:
        """How an endpoint that starts servers now, to be created, updated or enlarged, will fail."""
        return self._failing("endpoints", name, ENDPOINT_REASONS)

    def _failing(self, group: str, name: str, reasons: Mapping[str, str]) -> Failing | None:
        said = self._strike(group, lambda said: fnmatchcase(name, said.get("name", "*")))
        if said is None:
            return None
        reason = said.get("reason", reasons[said["error"]])
        return Failing(said["error"], said.get("seconds", 0), reason, said.get("exit_code", 1))

    def _strike(self, group: str, meets: Callable[[Document], bool]) -> Document | None:
        with self._lock:
            struck = (rule.said for rule in self._rules[group] if meets(rule.said) and rule.strikes())
            return next(struck, None)


def _answer(said: Document, target: Target) -> ServiceError | None:
    if said["error"] not in ERRORS:
        return None
    found = refusal(said["error"], target.service, target.protocol, target.operation)
    return found and ServiceError(found.code, said.get("message", found.message), status=found.status)


def struck(fault: CallFault, target: Target, app: WSGIApplication, wait: Callable[[float], object]) -> WSGIApplication:
    """``app`` for a call that is struck by ``fault``."""

    def answer(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        done = run_wsgi_app(app, environ, buffered=True) if fault.after else None
        if fault.answer is not None:
            return error_response(target.protocol, fault.answer)(environ, start_response)
        if fault.error == "reset":
            # The server takes it for a client that went away, and closes the connection without a word.
            raise ConnectionAbortedError("a fault on purpose")
        wait(fault.seconds)
        if done is None:
            return app(environ, start_response)
        body, status, headers = done
        start_response(status, headers.to_wsgi_list())
        return body

    return answer
