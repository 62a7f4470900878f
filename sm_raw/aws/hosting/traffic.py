"""Traffic moved from one variant of an endpoint to another, in steps, and back when a step does no good."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from typing import Any

from sm_raw.aws.calls import call, ride_out
from sm_raw.aws.clients import Clients
from sm_raw.aws.hosting.making import first_line, may_have_been_done
from sm_raw.aws.job_kinds import ENDPOINT
from sm_raw.aws.submit import submit
from sm_raw.aws.waiting.wait import wait
from sm_raw.errors import ChangeFailed
from sm_raw.specs.endpoint_updates import desired_variant, update_weights_and_capacities

Sleep = Callable[[float], None]
Now = Callable[[], datetime]
Weights = Mapping[str, float]

CHECK_SECONDS = 30.0
"""How often ``healthy`` is asked while a step bakes."""

ERRORS_METRIC = "Invocation5XXErrors"
"""Of each variant, in AWS/SageMaker: https://docs.aws.amazon.com/sagemaker/latest/dg/monitoring-cloudwatch.html"""


@dataclass(frozen=True)
class TrafficStep:
    """The weights of all variants in one step, which ones had to grow for it, and when it began (UTC)."""

    endpoint: str
    weights: Weights
    growing: tuple[str, ...]
    since: datetime


@dataclass(frozen=True)
class TrafficShift:
    """The weights of all variants before and after, read back from the service, and the steps in between."""

    endpoint: str
    before: Weights
    after: Weights
    steps: tuple[TrafficStep, ...]


def utc_now() -> datetime:
    return datetime.now(timezone.utc)


def shift_traffic(
    clients: Clients,
    endpoint: str,
    weights: Weights,
    *,
    steps: Sequence[float] = (1.0,),
    bake_seconds: float = 0.0,
    healthy: Callable[[TrafficStep], bool | str] | None = None,
    timeout_seconds: float = 900.0,
    sleep: Sleep = time.sleep,
    clock: Callable[[], float] = time.monotonic,
    now: Now = utc_now,
) -> TrafficShift:
    """Give variants of an endpoint other weights ({"blue": 0, "green": 1}); those not named keep theirs.

    ``steps`` are shares of the way, the last one 1: (0.1, 0.5, 1) sends a tenth of the change first. Each step is
    waited for, then bakes for ``bake_seconds`` while ``healthy`` is asked every 30 s and at the end; what is not True
    is the reason to go back. Unless given, it is ``no_server_errors``: CloudWatch learns of errors after a minute or
    so, so let a step bake for at least two; without a bake time it is not asked.

    Raises ChangeFailed if a step fails, is not in service after ``timeout_seconds``, or is not healthy: the old
    weights are then back, unless the error says otherwise. After Ctrl-C the weights are those of the step.
    """
    before = read_weights(clients, endpoint, sleep=sleep)
    _refuse_unusable(endpoint, weights, steps, before)
    check = healthy or (no_server_errors(clients, now=now, sleep=sleep) if bake_seconds > 0 else lambda step: True)
    done: list[TrafficStep] = []
    try:
        for share in steps:
            wanted = {name: _between(before[name], weights.get(name, before[name]), share) for name in before}
            growing = tuple(name for name in wanted if wanted[name] > before[name])
            done.append(TrafficStep(endpoint, wanted, growing, now()))
            set_weights(clients, endpoint, wanted, timeout_seconds=timeout_seconds, sleep=sleep, clock=clock)
            _bake(done[-1], check, bake_seconds, sleep, clock)
    except Exception as error:
        state = _put_back(clients, endpoint, before, timeout_seconds, sleep, clock)
        reason = f"step {len(done)} of {len(steps)}: {first_line(error)}"
        raise ChangeFailed(endpoint, reason, state=state) from error
    return TrafficShift(endpoint, before, done[-1].weights, tuple(done))


def no_server_errors(
    clients: Clients, *, now: Now = utc_now, sleep: Sleep = time.sleep
) -> Callable[[TrafficStep], bool | str]:
    """A check for ``shift_traffic``: no variant that has got more traffic has answered with 5xx since the step.

    CloudWatch counts by the minute, so errors up to a minute before the step count, too: rather back once too often.
    """

    def check(step: TrafficStep) -> bool | str:
        for variant in step.growing:
            errors = _sum_since(clients, step, variant, now(), sleep)
            if errors:
                return f"variant {variant!r} has answered {errors:g} times with 5xx since {step.since:%H:%M:%S} UTC"
        return True

    return check


def read_weights(clients: Clients, endpoint: str, *, sleep: Sleep = time.sleep) -> dict[str, float]:
    """The weight of each variant as the service describes it."""
    described = ride_out(lambda: call(clients.sagemaker, "DescribeEndpoint", {"EndpointName": endpoint}), sleep=sleep)
    return _weights(described)


def set_weights(
    clients: Clients,
    endpoint: str,
    weights: Weights,
    *,
    timeout_seconds: float = 900.0,
    sleep: Sleep = time.sleep,
    clock: Callable[[], float] = time.monotonic,
) -> dict[str, Any]:
    """UpdateEndpointWeightsAndCapacities, waited for and read back; the last description.

    Raises ChangeFailed if the endpoint is InService with other weights; what ``wait`` raises otherwise.
    """
    variants = [desired_variant(name, weight=weight) for name, weight in weights.items()]
    request = update_weights_and_capacities(endpoint, variants=variants)
    operation = "UpdateEndpointWeightsAndCapacities"
    try:
        ride_out(lambda: submit(clients.sagemaker, operation, request), repeatable=False, sleep=sleep)
    except Exception as error:
        # After an answer that was lost, the weights themselves tell what became of it.
        if not may_have_been_done(error):
            raise
    described = wait(clients.sagemaker, ENDPOINT, endpoint, timeout_seconds=timeout_seconds, sleep=sleep, clock=clock)
    found = _weights(described)
    wrong = [f"{name} {found.get(name)}" for name, weight in weights.items() if not _same(found.get(name), weight)]
    if wrong:
        reason = described.get("FailureReason") or f"it is InService with other weights ({', '.join(wrong)})"
        raise ChangeFailed(endpoint, reason)
    return described


class _NotHealthy(Exception):
    """A check said so; the text is its reason."""


def _bake(
    step: TrafficStep,
    healthy: Callable[[TrafficStep], bool | str],
    seconds: float,
    sleep: Sleep,
    clock: Callable[[], float],
) -> None:
    """Let time pass; raises _NotHealthy as soon as a check says so."""
    end = clock() + seconds
    while True:
        left = end - clock()
        if left > 0:
            sleep(min(left, CHECK_SECONDS))
        verdict = healthy(step)
        if verdict is not True:
            raise _NotHealthy(verdict or "the check of its health says no")
        if clock() >= end:
            return


def _put_back(
    clients: Clients,
    endpoint: str,
    before: Weights,
    timeout_seconds: float,
    sleep: Sleep,
    clock: Callable[[], float],
) -> list[str]:
    """Sentences about what became of it."""
    told = ", ".join(f"{name} {weight:g}" for name, weight in before.items())
    try:
        # While it still changes it takes no other change.
        wait(clients.sagemaker, ENDPOINT, endpoint, timeout_seconds=timeout_seconds, sleep=sleep, clock=clock)
        set_weights(clients, endpoint, before, timeout_seconds=timeout_seconds, sleep=sleep, clock=clock)
    except Exception as error:
        reason = first_line(error)
        return [f"the old weights ({told}) could not be put back: {reason}; set_weights(clients, {endpoint!r}, ...)"]
    return [f"it has the old weights again: {told}"]


def _refuse_unusable(endpoint: str, weights: Weights, steps: Sequence[float], before: Weights) -> None:
    unknown = [name for name in weights if name not in before]
    rising = list(steps) == sorted(steps) and bool(steps) and steps[-1] == 1 and steps[0] > 0
    after = {**before, **weights}
    reason = ""
    if unknown:
        reason = f"it has no variant {unknown[0]!r}; its variants: {', '.join(before)}"
    elif not any(after.values()):
        reason = "no variant would get any traffic; give one a weight above 0"
    elif not rising:
        reason = f"steps {tuple(steps)} do not rise to 1; give shares of the way, such as (0.1, 0.5, 1)"
    if reason:
        raise ChangeFailed(endpoint, reason, state=["nothing was changed"])


def _sum_since(clients: Clients, step: TrafficStep, variant: str, until: datetime, sleep: Sleep) -> float:
    request = {
        "Namespace": "AWS/SageMaker",
        "MetricName": ERRORS_METRIC,
        "Dimensions": [{"Name": "EndpointName", "Value": step.endpoint}, {"Name": "VariantName", "Value": variant}],
        "StartTime": step.since.replace(second=0, microsecond=0),
        # It is excluded: the minute that is under way counts, and the first one is never empty.
        "EndTime": until + timedelta(minutes=1),
        "Period": 60,
        "Statistics": ["Sum"],
    }
    response = ride_out(lambda: call(clients.cloudwatch, "GetMetricStatistics", request), sleep=sleep)
    return sum(float(point["Sum"]) for point in response["Datapoints"])


def _weights(described: Mapping[str, Any]) -> dict[str, float]:
    return {each["VariantName"]: float(each.get("CurrentWeight", 0)) for each in described["ProductionVariants"]}


def _between(old: float, new: float, share: float) -> float:
    return new if share == 1 else round(old + (new - old) * share, 6)


def _same(found: float | None, wanted: float) -> bool:
    # The service keeps weights as 32-bit numbers.
    return found is not None and abs(found - wanted) <= 1e-6 * max(1.0, abs(wanted))
