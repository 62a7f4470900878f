"""Every exception of the package.

SmRawError
├── InvalidRequest        a request has findings of severity error; nothing was sent
├── UnknownOperation      no service that this package uses has the operation
├── UnreadableDocument    a file holds no request document
├── UnknownImage          no image of AWS is known for a framework, version or region
├── InvalidRecipe         a recipe folder is wrong
│   └── UnresolvedPlaceholder   a ${placeholder} names nothing that is known
├── InvalidData           a data set cannot be used: splits, classes, pictures
├── UnsafeArchive         an archive holds members that must not be unpacked
├── TransferFailed        files could not be brought to S3 or from it
├── NotConfigured         no region, credentials or usable endpoint for a client
├── InvalidPayload        what was given to invoke_endpoint is no picture that can be sent
├── InvocationFailed      the model behind an endpoint answered with an error, or with what cannot be read
│   └── ModelFailed       it answered with an error: what it was sent, and the way out
├── UnknownName           no job, endpoint or function has the name
├── JobFailed             a job or endpoint ended in a state that is not success
├── WaitTimedOut          the wait ended, the job did not
├── NotAllSucceeded       some of several jobs failed, were stopped or still run
├── DeploymentFailed      something could not be deployed; what had been made for it was removed again
├── ChangeFailed          an endpoint was not changed as asked: the state it is in, and what to do next
├── FunctionFailed        a Lambda function ended with an error of its own
├── InvalidPrices         a price list cannot be used
├── BudgetExceeded        a run may cost more than it may, or nobody knows what it costs
├── RunInProgress         another process runs in the same output folder
├── NameClash             the name is taken and the caller asked not to reuse it
└── EngineFailed          the local engine did not start or went away
"""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sm_raw.aws.failures.explaining import Explanation
    from sm_raw.aws.waiting.wait import Outcome
    from sm_raw.validation.findings import Finding


class SmRawError(Exception):
    """The base of the family: catch it to catch everything this package raises on purpose."""


class InvalidRequest(SmRawError):
    """A request has error findings, so it was not sent. ``operation``, ``findings``: all of them, in order."""

    def __init__(self, operation: str, findings: Sequence[Finding]) -> None:
        self.operation = operation
        self.findings = tuple(findings)
        errors = [finding for finding in findings if finding.severity == "error"]
        noun = "error" if len(errors) == 1 else "errors"
        lines = "".join(f"\n  {finding}" for finding in errors)
        super().__init__(f"{operation} was not sent: {len(errors)} {noun}{lines}")


class UnknownOperation(SmRawError, LookupError):
    """No service that this package uses has the operation. ``operation``, ``nearest``, ``services``."""

    def __init__(self, operation: str, nearest: Sequence[str], services: Sequence[str]) -> None:
        self.operation, self.nearest, self.services = operation, tuple(nearest), tuple(services)
        hint = f"the nearest: {', '.join(nearest)}" if nearest else f"the services known: {', '.join(services)}"
        super().__init__(f"no operation {operation!r}; {hint}")


class UnreadableDocument(SmRawError):
    """A file holds no request document; the message says why, and where."""


class UnknownImage(SmRawError, LookupError):
    """No image of AWS is known for what was asked. ``what`` ("region"), ``given``, ``known``: what there is."""

    def __init__(self, what: str, given: str, known: Sequence[str]) -> None:
        self.what, self.given, self.known = what, given, tuple(known)
        near = difflib.get_close_matches(given, known, n=1)
        hint = f"; did you mean {near[0]!r}?" if near else ";"
        super().__init__(
            f"no image is known for {what} {given!r}{hint} known: {', '.join(known)}; "
            "an image that is not listed is given as image_uri"
        )


class InvalidRecipe(SmRawError):
    """A recipe cannot be read or rendered. The message names the file, what was found and what is known."""


class UnresolvedPlaceholder(InvalidRecipe):
    """A placeholder names nothing that is known. ``name``, ``known``, ``where``."""

    def __init__(self, name: str, known: Sequence[str], where: str = "") -> None:
        self.name, self.known, self.where = name, tuple(known), where
        near = difflib.get_close_matches(name, known, n=1)
        hint = f"; did you mean ${{{near[0]}}}?" if near else ";"
        place = f"{where}: " if where else ""
        super().__init__(f"{place}${{{name}}} is not known{hint} known: {', '.join(known)}")


class InvalidData(SmRawError):
    """A data set cannot be used. ``problems``: one line for each, in the order found."""

    def __init__(self, message: str, problems: Sequence[str] = ()) -> None:
        self.problems = tuple(problems)
        super().__init__("\n  ".join([message, *problems]))


class UnsafeArchive(SmRawError):
    """An archive holds a member that would land outside its folder, or is no regular file."""


class TransferFailed(SmRawError):
    """Files could not be brought to S3 or from it. ``uri``: which object or prefix; ``code``: S3's, if it said so."""

    def __init__(self, uri: object, message: str, *, code: str = "") -> None:
        self.uri, self.code = str(uri), code
        super().__init__(message)


class NotConfigured(SmRawError):
    """A client cannot be made: there is no region, no credentials, or an endpoint that must not be used."""


class InvocationFailed(SmRawError):
    """The model behind an endpoint did not predict.

    ``endpoint``, ``status`` (the container's HTTP status; None if its answer was a success that cannot be read),
    ``reason`` and ``log`` (where its log lies) are attributes.
    """

    def __init__(self, endpoint: str, status: int | None, reason: str, log: str = "") -> None:
        self.endpoint, self.status, self.reason, self.log = endpoint, status, reason, log
        what = "answered in an unknown form" if status is None else f"failed with status {status}"
        where = f"; its log: {log}" if log else ""
        super().__init__(f"the model of endpoint {endpoint!r} {what}: {reason}{where}")


class InvalidPayload(SmRawError):
    """What was given cannot be sent to an endpoint as a picture."""


class UnknownName(SmRawError, LookupError):
    """Nothing of the kinds that were asked for has the name, which is ``name``."""

    def __init__(self, name: str, message: str) -> None:
        self.name = name
        super().__init__(message)


class JobFailed(SmRawError):
    """A job or endpoint ended without success.

    ``kind``, ``name``, ``status``, ``reason`` (the service's FailureReason), ``log_tail`` (its last lines, may be
    empty) and ``last_response`` (the whole describe answer) are attributes. So is ``explanation``: None, until
    ``explained`` has looked for it; then it is the text.
    """

    explanation: Explanation | None = None

    def __init__(
        self,
        kind: str,
        name: str,
        status: str,
        reason: str,
        *,
        log_tail: Sequence[str] = (),
        last_response: Mapping[str, Any] | None = None,
    ) -> None:
        self.kind, self.name, self.status, self.reason = kind, name, status, reason
        self.log_tail = tuple(log_tail)
        self.last_response = dict(last_response or {})
        message = f"{kind} {name!r} ended {status}: {reason or 'the service gives no reason'}"
        if log_tail:
            message += "\nthe last lines of its log:" + "".join(f"\n  | {line}" for line in log_tail)
        super().__init__(message)

    def __str__(self) -> str:
        return super().__str__() if self.explanation is None else str(self.explanation)


class WaitTimedOut(SmRawError):
    """The wait ended before the job did: the job still runs. ``kind``, ``name``, ``seconds``, ``last_response``."""

    def __init__(
        self, kind: str, name: str, seconds: float, hint: str, last_response: Mapping[str, Any] | None = None
    ) -> None:
        self.kind, self.name, self.seconds = kind, name, seconds
        self.last_response = dict(last_response or {})
        super().__init__(f"{kind} {name!r} still runs after {seconds:.0f} s of waiting; {hint}")


class NotAllSucceeded(SmRawError):
    """Some of several jobs that were waited for failed, were stopped or still run.

    ``outcomes``: one for each job, in the order asked for, with ``error`` where there is no success.
    """

    TOLD = 20

    def __init__(self, outcomes: Sequence[Outcome]) -> None:
        self.outcomes = tuple(outcomes)
        errors = [outcome.error for outcome in outcomes if outcome.error]
        lines = "".join("\n  " + str(error).replace("\n", "\n  ") for error in errors[: self.TOLD])
        more = f"\n  and {len(errors) - self.TOLD} more" if len(errors) > self.TOLD else ""
        super().__init__(f"{len(errors)} of {len(outcomes)} jobs did not succeed:{lines}{more}")


class InvalidPrices(SmRawError):
    """A price list cannot be used. ``path``, ``reason``."""

    def __init__(self, path: object, reason: str) -> None:
        self.path, self.reason = path, reason
        super().__init__(f"{path}: {reason}")


class BudgetExceeded(SmRawError):
    """A run may cost more than its budget, or what it may cost is not known; nothing was made.

    ``budget``, ``bound`` (the upper bound as far as it is known) and ``currency``; ``unpriced``: what has no price or
    no end, one line each; ``advice``: how it would fit, with numbers.
    """

    def __init__(
        self, budget: float, bound: float, currency: str, *, unpriced: Sequence[str] = (), advice: Sequence[str] = ()
    ) -> None:
        self.budget, self.bound, self.currency = budget, bound, currency
        self.unpriced, self.advice = tuple(unpriced), tuple(advice)
        unit = f" {currency}" if currency else ""
        known = f"it may cost {bound:.2f}{unit}"
        if unpriced:
            more = f" ({bound:.2f}{unit} and what has no price)" if bound else ""
            known = f"what it may cost is not known{more}"
        lines = [f"{known}, and the budget is {budget:.2f}{unit}: nothing was made"]
        lines += [f"no price: {each}" for each in unpriced] + [f"to fit: {each}" for each in advice]
        super().__init__("\n  ".join(lines))


class RunInProgress(SmRawError):
    """Another process runs in the same output folder. ``out`` is the folder."""

    def __init__(self, out: object) -> None:
        self.out = out
        super().__init__(f"another run works in {out}; wait for its end, or give another folder")


class NameClash(SmRawError):
    """A resource of this name exists. ``kind``, ``name``."""

    def __init__(self, kind: str, name: str) -> None:
        self.kind, self.name = kind, name
        super().__init__(f"{kind} {name!r} exists already; allow it with --if-exists reuse or --if-exists increment")


class EngineFailed(SmRawError):
    """The local engine did not start, or went away while it was needed."""


class ModelFailed(InvocationFailed):
    """The model behind an endpoint answered with an error.

    ``sent_as`` and ``sent_bytes`` tell what it had been sent, ``remedy`` what to do.
    """

    def __init__(
        self,
        endpoint: str,
        status: int,
        reason: str,
        log: str = "",
        *,
        sent_as: str = "",
        sent_bytes: int = 0,
        remedy: str = "",
    ) -> None:
        sent = f"; sent were {sent_bytes:,} bytes as {sent_as}" if sent_as else ""
        super().__init__(endpoint, status, f"{reason}{sent}{'; ' if remedy else ''}{remedy}", log)
        self.reason, self.sent_as, self.sent_bytes, self.remedy = reason, sent_as, sent_bytes, remedy


class DeploymentFailed(SmRawError):
    """Something could not be deployed, and what had been made for it was removed again.

    ``what`` ("endpoint 'e'"), ``step`` (the operation that failed, or the one whose result did), ``explanation`` (why,
    with log lines, cause and remedy), ``removed`` and ``left`` (what was made and could not be removed, with the
    reason) are attributes; the error itself is ``__cause__``.
    """

    def __init__(
        self, what: str, step: str, explanation: object, *, removed: Sequence[str] = (), left: Sequence[str] = ()
    ) -> None:
        self.what, self.step, self.explanation = what, step, explanation
        self.removed, self.left = tuple(removed), tuple(left)
        lines = [f"{what} could not be deployed, {step} failed:", str(explanation)]
        lines += [f"removed again: {', '.join(removed)}"] if removed else []
        lines += ["nothing had been made, and nothing was removed"] if not removed and not left else []
        lines += [f"still there, remove it yourself: {each}" for each in left]
        super().__init__("\n".join(lines))


class ChangeFailed(SmRawError):
    """An endpoint was not changed as it was asked for.

    ``endpoint``, ``reason``, ``state`` (sentences about what is the case now), ``next_steps`` (what to do about it) and
    ``explanation`` (of an endpoint that failed; else None) are attributes.
    """

    def __init__(
        self,
        endpoint: str,
        reason: str,
        *,
        state: Sequence[str] = (),
        next_steps: Sequence[str] = (),
        explanation: object = None,
    ) -> None:
        self.endpoint, self.reason, self.explanation = endpoint, reason, explanation
        self.state, self.next_steps = tuple(state), tuple(next_steps)
        lines = [f"endpoint {endpoint!r} was not changed as asked: {reason}"]
        lines += [str(explanation)] if explanation else []
        lines += [f"now: {each}" for each in state] + [f"next: {each}" for each in next_steps]
        super().__init__("\n".join(lines))


class FunctionFailed(SmRawError):
    """A Lambda function ended with an error.

    ``function``, ``error_type``, ``message``, ``stack_trace`` and ``log_tail`` (lines of its log, at most 4 KB) are
    attributes, and ``handled``: whether it was the function's own code that gave the error back.
    """

    def __init__(
        self,
        function: str,
        error_type: str,
        message: str,
        *,
        stack_trace: Sequence[str] = (),
        log_tail: Sequence[str] = (),
        handled: bool = False,
    ) -> None:
        self.function, self.error_type, self.message = function, error_type, message
        self.stack_trace, self.log_tail, self.handled = tuple(stack_trace), tuple(log_tail), handled
        text = f"function {function!r} failed: {error_type}{': ' if message else ''}{message}"
        for title, lines in (("its stack trace:", stack_trace), ("the last lines of its log:", log_tail)):
            text += f"\n{title}" + "".join(f"\n  | {line}" for line in lines) if lines else ""
        super().__init__(text)
