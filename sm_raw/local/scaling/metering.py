"""What invocations of endpoints leave in CloudWatch.

Source: https://docs.aws.amazon.com/sagemaker/latest/dg/monitoring-cloudwatch.html, "endpoint invocation metrics".
They are put together as they come and published once a minute, or when somebody reads: invoking stays quick.
"""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from sm_raw.local.scaling.statistics import Statistics

NAMESPACE = "AWS/SageMaker"
MICROSECONDS = 1_000_000
UNITS = {"ModelLatency": "Microseconds", "OverheadLatency": "Microseconds"}
# What is zero while nobody invokes: "If a variant's traffic becomes zero, SageMaker automatically scales in to the
# minimum number of instances specified. In this case, SageMaker emits metrics with a value of zero."
# (https://docs.aws.amazon.com/sagemaker/latest/dg/endpoint-auto-scaling-edit.html)
AT_REST = ("Invocations", "InvocationsPerInstance")
# Of one PutMetricData request.
MOST_DATA = 1000

Samples = Mapping[str, float]


@dataclass(frozen=True)
class Place:
    """A variant of an endpoint, or, without one, the endpoint: what a metric is about."""

    region: str
    endpoint: str
    variant: str = ""

    def dimensions(self) -> list[dict[str, str]]:
        """As CloudWatch spells them."""
        named = (("EndpointName", self.endpoint), ("VariantName", self.variant))
        return [{"Name": name, "Value": value} for name, value in named if value]


@dataclass
class Batch:
    """The statistics of each metric of each place, and when the first came, in epoch seconds."""

    since: float
    statistics: dict[tuple[Place, str], Statistics] = field(default_factory=dict)

    def add(self, place: Place, name: str, more: Statistics) -> None:
        """Take more into account."""
        known = self.statistics.get((place, name))
        self.statistics[place, name] = more if known is None else known.and_(more)


class Meter:
    """Counts invocations. ``client`` gives the CloudWatch client of a region."""

    def __init__(self, client: Callable[[str], Any], clock: Callable[[], float] = time.time) -> None:
        self._client, self._clock = client, clock
        self._lock, self._publishing = threading.Lock(), threading.Lock()
        self._pending: Batch | None = None
        self._minute = Batch(clock())

    @contextlib.contextmanager
    def invocation(self, place: Place, instances: Callable[[], int]) -> Iterator[Invocation]:
        """Counts the invocation that the block makes, whatever becomes of it.

        ``instances`` tells how many share the load: "1/numberOfInstances is sent as the value on each request".
        """
        made = Invocation()
        try:
            yield made
        finally:
            self.count(place, made.samples(max(1, instances())))

    def count(self, place: Place, samples: Samples) -> None:
        """Take one sample of each metric."""
        with self._lock:
            if self._pending is None:
                self._pending = Batch(self._clock())
            for name, value in samples.items():
                self._pending.add(place, name, Statistics.of(value))

    def publish(self) -> None:
        """Put into CloudWatch what is not there yet."""
        with self._publishing:
            with self._lock:
                batch, self._pending = self._pending, None
                for (place, name), statistics in batch.statistics.items() if batch else ():
                    self._minute.add(place, name, statistics)
            if batch:
                self._put(batch)

    def close_minute(self, at_rest: Iterable[Place] = ()) -> dict[tuple[Place, str], Statistics]:
        """Publish, and return the statistics of what was published since this was called last.

        Those ``at_rest`` that nobody invoked since get metrics with a value of zero.
        """
        self.publish()
        with self._lock:
            minute, self._minute = self._minute, Batch(self._clock())
        idle = Batch(self._minute.since)
        for place in at_rest:
            for name in AT_REST:
                if (place, name) not in minute.statistics:
                    idle.add(place, name, Statistics.of(0))
        self._put(idle)
        return {**minute.statistics, **idle.statistics}

    def _put(self, batch: Batch) -> None:
        regions: dict[str, list[dict[str, Any]]] = {}
        for (place, name), statistics in batch.statistics.items():
            datum = {
                "MetricName": name,
                "Dimensions": place.dimensions(),
                "Timestamp": batch.since,
                "StatisticValues": statistics.datum(),
                "Unit": UNITS.get(name, "None"),
            }
            regions.setdefault(place.region, []).append(datum)
        for region, data in regions.items():
            for start in range(0, len(data), MOST_DATA):
                self._client(region).put_metric_data(Namespace=NAMESPACE, MetricData=data[start : start + MOST_DATA])


class Invocation:
    """One invocation while it is made."""

    def __init__(self, clock: Callable[[], float] = time.perf_counter) -> None:
        self._clock, self._began = clock, clock()
        self._model_seconds: float | None = None
        self._status = 500

    def at_model(self, send: Callable[[], Any]) -> Any:
        """What ``send`` returns, an answer of the model with a ``status``; the time it takes is the model's."""
        began = self._clock()
        try:
            response = send()
            self._status = response.status
            return response
        finally:
            self._model_seconds = self._clock() - began

    def samples(self, instances: int) -> Samples:
        """What it adds to each metric, now that it is over."""
        seconds = self._clock() - self._began
        taken = {
            "Invocations": 1.0,
            "InvocationsPerInstance": 1.0 / instances,
            "Invocation4XXErrors": float(400 <= self._status < 500),
            "Invocation5XXErrors": float(self._status >= 500),
        }
        if self._model_seconds is not None:
            taken["ModelLatency"] = self._model_seconds * MICROSECONDS
            taken["OverheadLatency"] = max(0.0, seconds - self._model_seconds) * MICROSECONDS
        return taken
