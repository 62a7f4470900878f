"""The statistics of a metric over a span of time, as CloudWatch keeps them; spans can be joined. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple


class Statistics(NamedTuple):
    """What CloudWatch calls a statistic set. A tuple, as six are made for each invocation."""

    samples: float
    total: float
    least: float
    most: float

    @classmethod
    def of(cls, value: float) -> Statistics:
        """Of one sample."""
        return cls(1, value, value, value)

    def and_(self, other: Statistics) -> Statistics:
        """Of both spans together."""
        least, most = min(self.least, other.least), max(self.most, other.most)
        return Statistics(self.samples + other.samples, self.total + other.total, least, most)

    def value(self, statistic: str) -> float:
        """One statistic, by CloudWatch's name. Raises KeyError for another, such as a percentile."""
        values = {
            "SampleCount": self.samples,
            "Sum": self.total,
            "Average": self.total / self.samples if self.samples else 0.0,
            "Minimum": self.least,
            "Maximum": self.most,
        }
        return values[statistic]

    def datum(self) -> dict[str, float]:
        """As PutMetricData takes it."""
        return {"SampleCount": self.samples, "Sum": self.total, "Minimum": self.least, "Maximum": self.most}


def joined(spans: Iterable[Statistics | None]) -> Statistics | None:
    """Of all spans together; None if nothing was measured in any."""
    result: Statistics | None = None
    for span in spans:
        if span is not None:
            result = span if result is None else result.and_(span)
    return result


def read(datapoints: Iterable[Mapping[str, Any]]) -> Statistics | None:
    """From datapoints of GetMetricStatistics that have all four of ``datum``; None if there is none."""
    return joined(
        Statistics(point["SampleCount"], point["Sum"], point["Minimum"], point["Maximum"]) for point in datapoints
    )
