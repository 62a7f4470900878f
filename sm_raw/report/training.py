"""The metrics of the final training job as charts: one for each quantity, in it one series for each split."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sm_raw.report import formats
from sm_raw.report.reading import drawable, items, mapping

FIRST_CHARTS = ("loss", "accuracy")
FIRST_SERIES = ("train", "valid", "test")

Point = tuple[float, float]


@dataclass(frozen=True)
class Series:
    name: str
    points: Sequence[Point]  # (epoch, value), by epoch
    level: bool  # a single figure for the whole job (a test result), not a course


@dataclass(frozen=True)
class Chart:
    quantity: str
    series: Sequence[Series]

    @property
    def courses(self) -> list[Series]:
        return [series for series in self.series if not series.level]

    @property
    def levels(self) -> list[Series]:
        return [series for series in self.series if series.level]

    @property
    def rows(self) -> list[tuple[float, list[float | None]]]:
        """The numbers behind the curves: each epoch with the value of each course, None where it has none."""
        columns = [dict(series.points) for series in self.courses]
        epochs = sorted({epoch for column in columns for epoch in column})
        return [(epoch, [column.get(epoch) for column in columns]) for epoch in epochs]

    @property
    def summary(self) -> str:
        """The chart in words, for those who do not see it."""
        parts = []
        for series in self.series:
            first, last = (formats.number(series.points[end][1]) for end in (0, -1))
            parts.append(f"{series.name} {first}" if series.level else f"{series.name} from {first} to {last}")
        return f"{self.quantity} by epoch: {', '.join(parts)}"


def charts(run: Mapping[str, Any]) -> list[Chart]:
    """``train:loss`` and ``valid:loss`` share the chart of the loss; a metric without a colon has its own."""
    metrics = mapping(run, "metrics")
    groups: dict[str, dict[str, list[Point]]] = {}
    for metric in metrics:
        split, colon, quantity = str(metric).partition(":")
        points = _points(items(metrics, metric))
        if points:
            groups.setdefault(quantity if colon else split, {})[split] = points
    return [Chart(quantity, _series(groups[quantity])) for quantity in _in_order(groups, FIRST_CHARTS)]


def _points(given: Sequence[Any]) -> list[Point]:
    """The pairs of numbers that can be drawn, by epoch: a diverged loss ends where it became NaN."""
    pairs = [pair for pair in given if isinstance(pair, (list, tuple)) and len(pair) == 2]
    numbers = [(drawable(epoch), drawable(value)) for epoch, value in pairs]
    return sorted((epoch, value) for epoch, value in numbers if epoch is not None and value is not None)


def _series(group: Mapping[str, list[Point]]) -> list[Series]:
    longest = max(map(len, group.values()))

    def level(split: str) -> bool:
        return len(group[split]) == 1 and (longest > 1 or (split == "test" and len(group) > 1))

    return [Series(split, group[split], level(split)) for split in _in_order(group, FIRST_SERIES)]


def _in_order(names: Mapping[str, Any], first: Sequence[str]) -> list[str]:
    return [name for name in first if name in names] + sorted(name for name in names if name not in first)
