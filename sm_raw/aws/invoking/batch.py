"""Many requests to one endpoint, some at a time, with an outcome for each and a summary of all."""

from __future__ import annotations

import math
import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sm_raw.aws.calls import error_code
from sm_raw.aws.invoking.invoke import InvocationOptions, ask_endpoint
from sm_raw.aws.invoking.payloads import Data
from sm_raw.aws.invoking.predictions import Answer
from sm_raw.errors import InvalidPayload, InvocationFailed, ModelFailed

if TYPE_CHECKING:
    from types_boto3_sagemaker_runtime import SageMakerRuntimeClient
    from typing_extensions import Unpack

PARALLEL = 8

Progress = Callable[[int, int], None]
"""Called with (requests done, requests in all), in the thread of the caller."""


@dataclass(frozen=True)
class InvocationOutcome:
    """What became of one request of a batch: its ``result``, or its ``error``.

    ``answer`` is there also where it could not be read; ``milliseconds`` is what the caller waited for it.
    """

    index: int
    milliseconds: float
    result: Any = None
    answer: Answer | None = None
    error: Exception | None = None


@dataclass(frozen=True)
class Latency:
    """Milliseconds from asking to having the answer, as the caller saw them, of the requests that succeeded."""

    mean_ms: float
    p50_ms: float
    p90_ms: float
    p99_ms: float
    max_ms: float

    def __str__(self) -> str:
        return (
            f"mean {self.mean_ms:.0f} ms, p50 {self.p50_ms:.0f}, p90 {self.p90_ms:.0f}, p99 {self.p99_ms:.0f}, "
            f"max {self.max_ms:.0f}"
        )


@dataclass(frozen=True)
class BatchSummary:
    """How a batch went. ``errors``: how many by code; ``latency``: None if nothing succeeded.

    All times are the caller's: no response of the service tells how long the container took. That is the metric
    ModelLatency of CloudWatch, beside OverheadLatency:
    https://docs.aws.amazon.com/sagemaker/latest/dg/monitoring-cloudwatch.html.
    """

    count: int
    succeeded: int
    errors: Mapping[str, int]
    seconds: float
    parallel: int
    retries: int
    latency: Latency | None

    @property
    def failed(self) -> int:
        return self.count - self.succeeded

    @property
    def per_second(self) -> float:
        """Answers in a second of the whole batch."""
        return self.succeeded / self.seconds if self.seconds else 0.0

    def __str__(self) -> str:
        told = [
            f"{self.succeeded} of {self.count} succeeded in {self.seconds:.1f} s ({self.per_second:.1f} per second)"
        ]
        if self.latency:
            told.append(f"latency {self.latency}")
        if self.retries:
            told.append(f"{self.retries} retries")
        if self.errors:
            told.append("failed: " + ", ".join(f"{count} {code}" for code, count in self.errors.items()))
        return "; ".join(told)


@dataclass(frozen=True)
class BatchResult:
    """The outcomes of a batch, in the order of its requests, and their summary."""

    outcomes: tuple[InvocationOutcome, ...]
    summary: BatchSummary

    @property
    def results(self) -> list[Any]:
        """The result of each request, None where it failed."""
        return [outcome.result for outcome in self.outcomes]

    @property
    def failures(self) -> list[InvocationOutcome]:
        return [outcome for outcome in self.outcomes if outcome.error]


def invoke_batch(
    runtime_client: SageMakerRuntimeClient,
    endpoint_name: str,
    items: Iterable[Data],
    *,
    parallel: int = PARALLEL,
    labels: Sequence[str] = (),
    read: Callable[[Answer], Any] | None = None,
    on_progress: Progress | None = None,
    **options: Unpack[InvocationOptions],
) -> BatchResult:
    """Ask an endpoint about each of ``items``, ``parallel`` at a time; what fails does not stop the others.

    The results are Predictions, or what ``read`` makes of each Answer. Items are read and encoded only when it is
    their turn; more than the client keeps connections are not asked at once. Ctrl-C drops what has not begun, and
    passes on. ``options`` are those of ``ask_endpoint``.
    """
    if isinstance(items, str | bytes | Mapping):
        raise InvalidPayload(f"a batch is a list of items, not one {type(items).__name__}; give [item]")
    wanted = list(items)
    parallel = max(1, min(parallel, _connections(runtime_client), len(wanted)))
    clock = options.get("clock", time.perf_counter)
    take = read or (lambda answer: answer.prediction(labels))

    def one(index: int, item: Data) -> InvocationOutcome:
        begun = clock()
        answer = None
        try:
            answer = ask_endpoint(runtime_client, endpoint_name, item, **options)
            return InvocationOutcome(index, (clock() - begun) * 1000, take(answer), answer)
        except Exception as error:  # Whatever it is, it is the outcome of this item alone.
            return InvocationOutcome(index, (clock() - begun) * 1000, answer=answer, error=error)

    started = clock()
    pool = ThreadPoolExecutor(max_workers=parallel, thread_name_prefix="invoke")
    try:
        outcomes = _collect([pool.submit(one, index, item) for index, item in enumerate(wanted)], on_progress)
    finally:
        pool.shutdown(wait=True, cancel_futures=True)
    return BatchResult(tuple(outcomes), summary(outcomes, seconds=clock() - started, parallel=parallel))


def summary(outcomes: Sequence[InvocationOutcome], *, seconds: float, parallel: int) -> BatchSummary:
    """Counts, errors by code and latencies of the outcomes of a batch that took ``seconds``."""
    good = [outcome for outcome in outcomes if not outcome.error]
    codes = Counter(failure_code(outcome.error) for outcome in outcomes if outcome.error)
    return BatchSummary(
        count=len(outcomes),
        succeeded=len(good),
        errors=dict(codes.most_common()),
        seconds=seconds,
        parallel=parallel,
        retries=sum(outcome.answer.retries for outcome in outcomes if outcome.answer),
        latency=latency([outcome.milliseconds for outcome in good]) if good else None,
    )


def latency(milliseconds: Iterable[float]) -> Latency:
    """Mean, percentiles and maximum; a percentile is the value that so many percent do not exceed."""
    times = sorted(milliseconds)

    def percentile(percent: int) -> float:
        return times[math.ceil(len(times) * percent / 100) - 1]

    return Latency(sum(times) / len(times), percentile(50), percentile(90), percentile(99), times[-1])


def failure_code(error: Exception) -> str:
    """By what failures are counted: the service's code, "ModelError 415", or the name of the exception."""
    if isinstance(error, ModelFailed):
        return f"ModelError {error.status}"
    if isinstance(error, InvocationFailed):
        return "UnreadableAnswer"
    return error_code(error) or type(error).__name__


def _collect(jobs: Sequence[Future[InvocationOutcome]], on_progress: Progress | None) -> list[InvocationOutcome]:
    for done, _ in enumerate(as_completed(jobs), start=1):
        if on_progress:
            on_progress(done, len(jobs))
    return [job.result() for job in jobs]


def _connections(runtime_client: SageMakerRuntimeClient) -> int:
    config: Any = runtime_client.meta.config
    return int(config.max_pool_connections)
