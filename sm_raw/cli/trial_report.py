"""What a trial of a model found, and how it is told: the verdict, as text and as JSON."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from sm_raw.aws.failures.causes import Cause
from sm_raw.cli.telling import count, table
from sm_raw.validation import Finding
from sm_raw.validation.artifacts import Artifact, LayoutFinding, tree

LOG_LINES = 15


@dataclass(frozen=True)
class Invocation:
    """One request and its answer. ``answer`` is the beginning of the body; ``remedy`` only where it failed."""

    file: str
    content_type: str
    sent_bytes: int
    status: int
    milliseconds: float
    answer: str
    label: str | None = None
    score: float | None = None
    remedy: str = ""

    @property
    def succeeded(self) -> bool:
        return 200 <= self.status < 300


@dataclass(frozen=True)
class Served:
    """How the server did. ``healthy_seconds`` is None where /ping never answered 200."""

    healthy_seconds: float | None
    exit_code: int | None = None
    invocations: tuple[Invocation, ...] = ()
    traceback: str = ""
    causes: tuple[Cause, ...] = ()
    log: tuple[str, ...] = ()


@dataclass(frozen=True)
class Trial:
    """Everything that was found; ``served`` is None where nothing was run."""

    model: str
    artifact: Artifact
    layout: tuple[LayoutFinding, ...]
    code: tuple[Finding, ...] = ()
    served: Served | None = None
    notes: tuple[str, ...] = ()

    @property
    def failures(self) -> list[str]:
        """Why it does not work, causes before what comes of them; nothing where it does."""
        layout = [f"{each.member or 'the archive'}: {each.message}" for each in self.layout if each.severity == "error"]
        code = [each.message for each in self.code if each.severity == "error"]
        return [*layout, *code, *(_served_failures(self.served) if self.served else ())]

    @property
    def verdict(self) -> str:
        if failures := self.failures:
            more = f" (and {len(failures) - 1} more)" if len(failures) > 1 else ""
            return f"does not work: {failures[0]}{more}"
        if self.served is None:
            return "not run: layout and code have no errors"
        warnings = len(self.layout) + len(self.code)
        told = f", {count(warnings, 'warning')}" if warnings else ""
        answered = count(len(self.served.invocations), "request")
        return f"works: healthy after {self.served.healthy_seconds:.1f} s, {answered} answered{told}"


def _served_failures(served: Served) -> Iterator[str]:
    error = served.traceback.rstrip().rpartition("\n")[2]
    if served.healthy_seconds is None:
        how = "it did not become healthy in time" if served.exit_code is None else "the server ended as it loaded"
        yield f"{how}{f': {error}' if error else ''}"
    for each in served.invocations:
        if not each.succeeded:
            what = f"status {each.status}" if each.status else "no answer"
            yield f"{each.file}: {what} to {each.content_type}: {each.answer.partition(chr(10))[0]}"


def as_text(trial: Trial) -> str:
    """The report that a person reads; the verdict is its last line."""
    return "\n".join([*_archive_lines(trial), *_finding_lines(trial), *_served_lines(trial.served), trial.verdict])


def _archive_lines(trial: Trial) -> Iterator[str]:
    size = f"{trial.artifact.bytes:,} bytes unpacked"
    yield f"{trial.model}: {count(len(trial.artifact.members), 'file')}, {size}"
    yield from (f"  {line}" for line in tree(trial.artifact))


def _finding_lines(trial: Trial) -> Iterator[str]:
    for each in trial.layout:
        yield f"{each.severity}: {f'{each.member}: ' if each.member else ''}{each.message} [{each.id}]"
        yield f"  -> {each.remedy}"
    for finding in trial.code:
        yield f"{finding.severity}: {finding.message} [{finding.id}]"
    yield from (f"note: {note}" for note in trial.notes)


def _served_lines(served: Served | None) -> Iterator[str]:
    if served is None:
        return
    if served.healthy_seconds is not None:
        yield f"GET /ping: 200 after {served.healthy_seconds:.1f} s"
    if served.invocations:
        head = ("POST /invocations", "as", "status", "ms", "label", "score")
        yield table([head, *(_row(each) for each in served.invocations)])
    yield from (f"{each.file}: {_shown(each)}" for each in served.invocations if each.label is None)
    if served.traceback:
        yield from (f"  | {line}" for line in served.traceback.splitlines())
    elif any(not each.succeeded for each in served.invocations) or served.healthy_seconds is None:
        yield from (f"  | {line}" for line in served.log)
    for cause in served.causes:
        yield f"cause: {cause.cause} [{cause.id}]"
        yield f"  -> {cause.remedy}"


def _row(each: Invocation) -> tuple[str, ...]:
    score = "" if each.score is None else f"{each.score:.3f}"
    return each.file, each.content_type, str(each.status), f"{each.milliseconds:.0f}", each.label or "", score


def _shown(each: Invocation) -> str:
    remedy = f"\n  -> {each.remedy}" if each.remedy else ""
    return f"{each.answer.partition(chr(10))[0]}{remedy}"


def as_json(trial: Trial) -> str:
    """The same for programs."""
    document: dict[str, Any] = {
        "model": trial.model,
        "works": trial.served is not None and not trial.failures,
        "verdict": trial.verdict,
        "failures": trial.failures,
        "files": [{"name": each.name, "bytes": each.size} for each in trial.artifact.members],
        "layout": [asdict(each) for each in trial.layout],
        "code": [asdict(each) for each in trial.code],
        "notes": list(trial.notes),
        "served": _facts(trial.served),
    }
    return json.dumps(document, indent=2)


def _facts(served: Served | None) -> Mapping[str, Any] | None:
    if served is None:
        return None
    causes: Sequence[Mapping[str, str]] = [
        {"id": each.id, "cause": each.cause, "remedy": each.remedy} for each in served.causes
    ]
    return {**asdict(served), "causes": causes}
