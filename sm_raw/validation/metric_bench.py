"""The metric bench: what the regular expressions of a request's metrics catch in a log, before a job is paid for.

The service searches each line and takes what the first group captured; the last value of a metric is its final one.
https://docs.aws.amazon.com/sagemaker/latest/dg/define-train-metrics.html
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from sm_raw.validation.findings import Request
from sm_raw.validation.operations import operation_name
from sm_raw.validation.patterns import compiled, translate
from sm_raw.validation.reading import at, is_placeholder, records, text
from sm_raw.validation.rules.training import training_definitions

WIDEST = 100
LONGEST_NAME = 32
LONGEST_CAPTURE = 16


@dataclass(frozen=True)
class Capture:
    """What a regex captured in one line, counted from 1; ``value`` is None where the text is no finite number."""

    line: int
    text: str
    value: float | None = None


@dataclass(frozen=True)
class MetricCatch:
    """What one metric's regex caught.

    ``count`` is all of its matches, ``first`` and ``last`` those that are numbers. ``empty`` counts captures of
    nothing, ``unparsable`` those of other text, of which ``odd`` is the first. ``problem`` says why the regex could
    not be tried at all.
    """

    name: str
    regex: str
    count: int = 0
    first: Capture | None = None
    last: Capture | None = None
    empty: int = 0
    unparsable: int = 0
    odd: Capture | None = None
    problem: str = ""
    is_objective: bool = False


def bench(metric_definitions: Sequence[Mapping[str, Any]], lines: Iterable[str]) -> list[MetricCatch]:
    """Run each definition's ``Regex`` over the lines of a log."""
    log = list(lines)
    return [_caught(definition, log) for _, definition in records(metric_definitions)]


def bench_request(operation: str, request: Request, lines: Iterable[str]) -> list[MetricCatch]:
    """The catches of all metrics that a training or tuning request defines, its objective marked; none of any other."""
    log = list(lines)
    if operation_name(operation) not in ("CreateTrainingJob", "CreateHyperParameterTuningJob"):
        return []
    shared = text(at(request, "HyperParameterTuningJobConfig", "HyperParameterTuningJobObjective", "MetricName"))
    found: list[MetricCatch] = []
    for _, training in training_definitions(operation, request):
        objectives = {shared, text(at(training, "TuningObjective", "MetricName"))} - {None}
        metrics = at(training, "AlgorithmSpecification", "MetricDefinitions")
        caught = bench(metrics, log) if isinstance(metrics, list | tuple) else []
        found += [replace(catch, is_objective=catch.name in objectives) for catch in caught]
    return list(dict.fromkeys(found))


def render_catches(catches: Sequence[MetricCatch]) -> str:
    """A table for people, at most 100 columns wide; * marks the objective."""
    rows = [("metric", "matches", "values (line: value)", "")] + [_row(catch) for catch in catches]
    widths = [max(len(row[column]) for row in rows) for column in range(3)]
    lines = [line for row in rows for line in _lines(row, widths)]
    if any(catch.is_objective for catch in catches):
        lines.append("* the objective")
    return "\n".join(lines)


def _caught(definition: Mapping[str, Any], log: Sequence[str]) -> MetricCatch:
    name, regex = definition.get("Name"), definition.get("Regex")
    catch = MetricCatch(str(name), str(regex))
    if is_placeholder(regex):
        return replace(catch, problem="the regex is known when the recipe is rendered")
    pattern = compiled(translate(regex)) if isinstance(regex, str) else None
    if pattern is None:
        return replace(catch, problem="no regular expression")
    if not pattern.groups:
        return replace(catch, problem="no group to capture the value")
    captures = list(_captures(pattern, log))
    values = [capture for capture in captures if capture.value is not None]
    odd = [capture for capture in captures if capture.value is None and capture.text]
    return replace(
        catch,
        count=len(captures),
        first=values[0] if values else None,
        last=values[-1] if values else None,
        empty=sum(not capture.text for capture in captures),
        unparsable=len(odd),
        odd=odd[0] if odd else None,
    )


def _captures(pattern: re.Pattern[str], log: Sequence[str]) -> Iterator[Capture]:
    for number, line in enumerate(log, start=1):
        for match in pattern.finditer(line):
            caught = match[1] or ""  # a group that took no part in the match captures nothing
            yield Capture(number, caught, _number(caught))


def _number(caught: str) -> float | None:
    try:
        value = float(caught)
    except ValueError:
        return None
    return value if math.isfinite(value) else None


def _row(catch: MetricCatch) -> tuple[str, str, str, str]:
    name = _cut(catch.name, LONGEST_NAME) + (" *" if catch.is_objective else "")
    if catch.problem:
        return name, "-", "", catch.problem
    ends = [catch.first] if catch.first == catch.last else [catch.first, catch.last]
    values = " ... ".join(f"{end.line}: {_cut(end.text.strip(), LONGEST_CAPTURE)}" for end in ends if end is not None)
    return name, str(catch.count), values, "; ".join(_warnings(catch))


def _warnings(catch: MetricCatch) -> Iterator[str]:
    if not catch.count:
        yield "matches nothing"
    if catch.empty:
        yield f"{catch.empty} {'capture is' if catch.empty == 1 else 'captures are'} empty"
    if catch.odd is not None:
        more = f" and {catch.unparsable - 1} more" if catch.unparsable > 1 else ""
        yield f"not a number: {_cut(catch.odd.text, LONGEST_CAPTURE)!r} (line {catch.odd.line}){more}"


def _lines(row: tuple[str, str, str, str], widths: Sequence[int]) -> Iterator[str]:
    """The row, its warning on a line of its own where it would be too long."""
    name, matches, values, warning = row
    table = f"{name:<{widths[0]}}  {matches:>{widths[1]}}  {values:<{widths[2]}}"
    if not warning or len(table) + 2 + len(warning) <= WIDEST:
        yield f"{table}  {warning}".rstrip()
    else:
        yield table.rstrip()
        yield _cut(f"    {warning}", WIDEST)


def _cut(given: str, longest: int) -> str:
    shown = "".join(character if character.isprintable() else "?" for character in given)
    return shown if len(shown) <= longest else f"{shown[: longest - 3]}..."
