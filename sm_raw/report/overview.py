"""What a reader wants first: the verdict, the key figures, the steps and their times, what is left behind."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

from sm_raw.report import formats
from sm_raw.report.reading import below, finite, items, mapping, records, text

VERDICTS = {"succeeded": "succeeded", "failed": "failed", "interrupted": "was interrupted"}


@dataclass(frozen=True)
class Headline:
    title: str
    status: str
    target: str
    started: str
    duration: str
    error: str  # the first line of the error, a sentence
    error_lines: str  # its other lines, as they came


@dataclass(frozen=True)
class Figure:
    """One key figure; ``tone`` is good, warn, bad or empty and chooses the colour."""

    name: str
    value: str
    note: str = ""
    tone: str = ""


@dataclass(frozen=True)
class Step:
    name: str
    operation: str
    resource: str
    status: str
    seconds: float | None
    detail: str
    request: str
    href: str  # relative link to the request document; empty if there is none beside the run
    start: float  # where the step begins in the time of all steps, 0 to 1
    share: float  # how much of that time it took, 0 to 1


def headline(run: Mapping[str, Any]) -> Headline:
    status = text(run, "status") or "unknown"
    recipe = text(run, "recipe") or "unnamed"
    verdict = VERDICTS.get(status, f"ended with status {status}")
    failed = [text(step, "name") for step in records(run, "steps") if step.get("status") == "failed"]
    if status == "failed" and failed:
        verdict = f"failed at step {failed[-1]!r}"
    error, _, error_lines = text(run, "error").strip().partition("\n")
    return Headline(
        title=f"The {recipe} run {verdict}",
        status=status,
        target=text(run, "target"),
        started=text(run, "started"),
        duration=formats.seconds(_duration(run)),
        error=error,
        error_lines=error_lines,
    )


def _duration(run: Mapping[str, Any]) -> float | None:
    started, finished = formats.instant(run.get("started")), formats.instant(run.get("finished"))
    if started and finished:
        return (finished - started).total_seconds()
    spent = [amount for step in records(run, "steps") if (amount := finite(step.get("seconds"))) is not None]
    return sum(spent) if spent else None


def key_figures(run: Mapping[str, Any]) -> list[Figure]:
    figures = [
        _accuracy(run),
        _endpoint(records(run, "predictions")),
        _tuning(run),
        _debugger(records(run, "rules")),
        _left_behind(run),
    ]
    return [figure for figure in figures if figure]


def _accuracy(run: Mapping[str, Any]) -> Figure:
    return Figure("Test accuracy", formats.percent(run.get("test_accuracy")), "of the final training job")


def _endpoint(predictions: Sequence[Mapping[str, Any]]) -> Figure:
    judged = [each for each in predictions if each.get("expected") is not None]
    if not judged:
        answers = f"{len(predictions):,} answered" if predictions else formats.MISSING
        return Figure("Endpoint predictions", answers, "none has a known label" if predictions else "")
    right = sum(str(each.get("label")) == str(each["expected"]) for each in judged)
    by_function = sum(each.get("through") == "function" for each in judged)
    ways = f"{by_function} of them by way of the function" if by_function else "through InvokeEndpoint"
    return Figure("Endpoint predictions", f"{right} of {len(judged)} right", ways)


def _tuning(run: Mapping[str, Any]) -> Figure | None:
    trials = records(run, "trials")
    if not trials:
        return None
    best = [trial for trial in trials if trial.get("name") == run.get("best_training_job")]
    metric = text(mapping(run, "objective"), "metric") or "objective"
    value = formats.number(best[0].get("objective")) if best else formats.MISSING
    return Figure("Best trial", value, f"{metric}, of {formats.count(len(trials), 'trial')}")


def _debugger(rules: Sequence[Mapping[str, Any]]) -> Figure | None:
    if not rules:
        return None
    found = sum(rule.get("status") == "IssuesFound" for rule in rules)
    if found:
        return Figure("Debugger rules", f"{found} of {len(rules)}", "found issues", "warn")
    quiet = sum(rule.get("status") == "NoIssuesFound" for rule in rules)
    return Figure("Debugger rules", f"{quiet} of {len(rules)}", "found no issues")


def _left_behind(run: Mapping[str, Any]) -> Figure:
    left = left_behind(run)
    if left is None:
        return Figure("Left behind", formats.MISSING, "not recorded", "warn")
    if left:
        return Figure("Left behind", formats.count(len(left), "resource"), "listed below", "warn")
    return Figure("Left behind", "nothing", "proved by listing", "good")


def left_behind(run: Mapping[str, Any]) -> list[str] | None:
    """What the run made and did not remove, one line each; None if the run does not say."""
    if not isinstance(run.get("left_behind"), (list, tuple)):
        return None
    return [
        " ".join(str(part) for part in item.values() if part is not None) if isinstance(item, Mapping) else str(item)
        for item in items(run, "left_behind")
    ]


def steps(run: Mapping[str, Any], folder: Path, page_folder: Path) -> list[Step]:
    """The steps in order. ``folder`` holds run.json, ``page_folder`` the page: links go from there."""
    given = records(run, "steps")
    spent = [max(finite(step.get("seconds")) or 0.0, 0.0) for step in given]
    total = sum(spent) or 1.0
    return [
        Step(
            name=text(step, "name"),
            operation=text(step, "operation"),
            resource=text(step, "resource"),
            status=text(step, "status"),
            seconds=finite(step.get("seconds")),
            detail=text(step, "detail"),
            request=text(step, "request"),
            href=_href(text(step, "request"), folder, page_folder),
            start=sum(spent[:place]) / total,
            share=spent[place] / total,
        )
        for place, step in enumerate(given)
    ]


def _href(document: str, folder: Path, page_folder: Path) -> str:
    """A link to a file below ``folder``. Anything else (another host, scheme or folder) gets none."""
    path = below(folder, document)
    return quote(Path(os.path.relpath(path, page_folder.resolve())).as_posix()) if path else ""
