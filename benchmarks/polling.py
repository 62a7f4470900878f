"""Waiting for a tuning job of 500 training jobs: API calls per minute, ours beside the SDK's way.

    python benchmarks/polling.py [--searches 3]

The tuning job is made up, 20 training jobs at a time over about two hours, and so is the time: whoever sleeps moves the
clock. The calls are real ones of boto3 clients, signed and parsed; they are counted, and answered, where botocore
would open a connection.

The SDK's way is restated from sagemaker 2.257.7, session.py: wait_for_tuning_job and wait_for_job sleep 5 s and
describe, until the job has ended (3.x describes and sleeps 5 s). Where that package is installed, its own functions
run as well. Two tasks:

- the end: one wait for the tuning job, nothing else is to be known;
- each training job: the state of all of them is to be known as it changes. The SDK has one wait for each, from the
  moment the job starts; how a caller would learn of its start is not counted.

Late is how long after an end the waiting side knew of it.
"""

from __future__ import annotations

import argparse
import bisect
import contextlib
import heapq
import io
import json
import math
import random
import statistics
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from typing import Any
from unittest import mock

import boto3
from botocore import xform_name
from botocore.awsrequest import AWSPreparedRequest, AWSResponse
from botocore.config import Config

from sm_raw.aws.clients import Clients
from sm_raw.aws.waiting.wait import wait_for_all, watch

CHILDREN, PARALLEL = 500, 20
CHILD_SECONDS = (150.0, 426.0)
SDK_POLL_SECONDS = 5.0
SEARCH = "search"
ARN = "arn:aws:sagemaker:us-east-1:123456789012:"
TOP = 1_800_000_000


class FakeTime:
    """A clock that only moves when somebody sleeps."""

    def __init__(self) -> None:
        self.now = 0.0

    def sleep(self, seconds: float) -> None:
        self.now += seconds

    def clock(self) -> float:
        return self.now


@dataclass
class Child:
    """One training job of the tuning job: when it is created and when it ends."""

    name: str
    start: float
    end: float

    def status(self, now: float) -> str:
        return "Completed" if now >= self.end else "InProgress"


class Service:
    """A tuning job as the service would tell of it at any moment, and the times at which it was asked."""

    def __init__(self, seed: int, time: FakeTime) -> None:
        self.time, self.asked = time, []  # type: FakeTime, list[tuple[float, str]]
        self.children = list(children(random.Random(seed)))
        self.by_name = {child.name: child for child in self.children}
        self.starts = [child.start for child in self.children]
        self.end = max(child.end for child in self.children)

    def clients(self) -> Clients:
        keys = {"aws_access_key_id": "none", "aws_secret_access_key": "none"}
        session = boto3.Session(region_name="us-east-1", **keys)

        def make(service: str) -> Any:
            config = Config(proxies={}, parameter_validation=True)
            client = session.client(service, endpoint_url="http://127.0.0.1:9", config=config)
            client.meta.events.register("before-send", self.answer)
            return client

        return Clients(make, region="us-east-1")

    def answer(self, request: AWSPreparedRequest, **_: Any) -> AWSResponse:
        operation = request.headers["X-Amz-Target"].decode().rpartition(".")[2]
        self.asked.append((self.time.now, operation))
        body = json.dumps(getattr(self, xform_name(operation))(json.loads(request.body))).encode()
        headers = {"Content-Type": "application/x-amz-json-1.1"}
        return AWSResponse(request.url, 200, headers, Raw(body))

    def describe_hyper_parameter_tuning_job(self, _: dict[str, Any]) -> dict[str, Any]:
        now = self.time.now
        states = Counter(child.status(now) for child in self.created())
        return {
            "HyperParameterTuningJobName": SEARCH,
            "HyperParameterTuningJobArn": f"{ARN}hyper-parameter-tuning-job/{SEARCH}",
            "HyperParameterTuningJobConfig": {
                "Strategy": "Random",
                "ResourceLimits": {"MaxNumberOfTrainingJobs": CHILDREN, "MaxParallelTrainingJobs": PARALLEL},
            },
            "HyperParameterTuningJobStatus": "Completed" if now >= self.end else "InProgress",
            "TrainingJobStatusCounters": {"Completed": states["Completed"], "InProgress": states["InProgress"]},
            "ObjectiveStatusCounters": {},
            "CreationTime": TOP,
        }

    def list_training_jobs_for_hyper_parameter_tuning_job(self, request: dict[str, Any]) -> dict[str, Any]:
        assert (request["SortBy"], request["SortOrder"]) == ("CreationTime", "Descending")
        newest = self.created()[::-1]
        start = int(request.get("NextToken", 0))
        end = start + request["MaxResults"]
        page: dict[str, Any] = {"TrainingJobSummaries": [self.summary(child) for child in newest[start:end]]}
        return {**page, "NextToken": str(end)} if end < len(newest) else page

    def describe_training_job(self, request: dict[str, Any]) -> dict[str, Any]:
        summary = self.summary(self.by_name[request["TrainingJobName"]])
        return {**summary, "SecondaryStatus": "Training", "StoppingCondition": {"MaxRuntimeInSeconds": 3600}}

    def created(self) -> list[Child]:
        return self.children[: bisect.bisect_right(self.starts, self.time.now)]

    def summary(self, child: Child) -> dict[str, Any]:
        return {
            "TrainingJobName": child.name,
            "TrainingJobArn": f"{ARN}training-job/{child.name}",
            "CreationTime": TOP + child.start,
            "TrainingJobStatus": child.status(self.time.now),
            "TunedHyperParameters": {"lr": "0.01"},
        }


class Raw(io.BytesIO):
    """A body as botocore reads it."""

    def stream(self, **_: Any) -> Iterator[bytes]:
        yield self.read()


def children(chance: random.Random) -> Iterator[Child]:
    """In the order of their starts: each takes the place of one that has ended."""
    places = [chance.uniform(0, 30) for _ in range(PARALLEL)]
    heapq.heapify(places)
    for number in range(CHILDREN):
        start = heapq.heappop(places)
        child = Child(
            f"{SEARCH}-{number:03d}-{chance.getrandbits(32):08x}", start, start + chance.uniform(*CHILD_SECONDS)
        )
        heapq.heappush(places, child.end)
        yield child


def ours_end(service: Service) -> list[float]:
    wait_for_all(service.clients(), [("CreateHyperParameterTuningJob", SEARCH)], **patience(service))
    return [service.time.now - service.end]


def ours_each(service: Service, **options: Any) -> list[float]:
    ends = {SEARCH: service.end} | {child.name: child.end for child in service.children}
    options = patience(service) | options
    changes = watch(service.clients(), [("CreateHyperParameterTuningJob", SEARCH)], children=True, **options)
    late = {change.name: service.time.now - ends[change.name] for change in changes if change.ended}
    assert late.keys() == ends.keys()
    return list(late.values())


def patience(service: Service) -> dict[str, Any]:
    """Nothing but the time is set: the rest are the defaults."""
    time = service.time
    return {"timeout_seconds": math.inf, "sleep": time.sleep, "clock": time.clock, "random": random.Random(0).random}


Way = Callable[[Service], list[float]]


class Restated:
    """The SDK's two waits, as its session.py has them."""

    def __init__(self, service: Service) -> None:
        self.client, self.time = service.clients().sagemaker, service.time

    def wait_for_tuning_job(self, name: str) -> None:
        status = "InProgress"
        while status in ("InProgress", "Stopping"):
            self.time.sleep(SDK_POLL_SECONDS)
            answer = self.client.describe_hyper_parameter_tuning_job(HyperParameterTuningJobName=name)
            status = answer["HyperParameterTuningJobStatus"]

    def wait_for_job(self, name: str) -> None:
        status = "InProgress"
        while status in ("InProgress", "Created"):
            self.time.sleep(SDK_POLL_SECONDS)
            status = self.client.describe_training_job(TrainingJobName=name)["TrainingJobStatus"]


def real_sdk() -> Callable[[Service], Any] | None:
    """The SDK's own session over a service, or None if it is not installed."""
    try:
        from sagemaker import session as module
    except ImportError:
        return None
    if not hasattr(module, "Session"):
        return None

    def session(service: Service) -> Any:
        # Its loops call time.sleep of its own module.
        module.time = mock.Mock(sleep=service.time.sleep, time=service.time.clock)
        clients = service.clients()
        return module.Session(boto3.Session(region_name="us-east-1"), sagemaker_client=clients.sagemaker)

    return session


def sdk_end(service: Service, session: Callable[[Service], Any]) -> list[float]:
    with contextlib.redirect_stdout(io.StringIO()):  # it prints a dot for each poll
        session(service).wait_for_tuning_job(SEARCH)
    return [service.time.now - service.end]


def sdk_each(service: Service, session: Callable[[Service], Any]) -> list[float]:
    """Each wait at its own time, one after the other: what the service tells depends on nothing but the time."""
    late = sdk_end(service, session)
    waits = session(service)
    for child in service.children:
        service.time.now = child.start
        with contextlib.redirect_stdout(io.StringIO()):
            waits.wait_for_job(child.name)
        late.append(service.time.now - child.end)
    return late


@dataclass
class Measured:
    """The calls of one way to wait, and how late each end was known."""

    minutes: float = 0.0
    busiest: int = 0
    operations: Counter[str] = field(default_factory=Counter)
    late: list[float] = field(default_factory=list)

    @property
    def per_minute(self) -> float:
        return self.operations.total() / self.minutes

    def __str__(self) -> str:
        operations = ", ".join(f"{count} {name}" for name, count in self.operations.items())
        return (
            f"{self.per_minute:7.2f} calls per minute (at most {self.busiest}), {self.operations.total()} in all, "
            f"late {statistics.mean(self.late):.1f} s on average, {max(self.late):.1f} s at worst ({operations})"
        )


def measured(way: Way, searches: int) -> Measured:
    """One way to wait, for as many tuning jobs, each with a clock of its own."""
    result = Measured()
    for seed in range(searches):
        service = Service(seed, FakeTime())
        result.late += way(service)
        result.minutes += service.end / 60
        result.operations.update(operation for _, operation in service.asked)
        busiest = max(Counter(int(when // 60) for when, _ in service.asked).values())
        result.busiest = max(result.busiest, busiest)
    return result


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--searches", type=int, default=3, help="tuning jobs to wait for, one after the other")
    searches = parser.parse_args().searches
    sessions = {"SDK, restated": Restated, "SDK itself": real_sdk()}
    often = partial(ours_each, poll_seconds=SDK_POLL_SECONDS)
    tasks: list[tuple[str, dict[str, Way], Callable[..., list[float]]]] = [
        ("the end", {"ours": ours_end}, sdk_end),
        ("each training job", {"ours": ours_each, "ours, every 5 s": often}, sdk_each),
    ]
    for task, ours, theirs in tasks:
        mine = {label: measured(way, searches) for label, way in ours.items()}
        peers = {
            label: measured(partial(theirs, session=session), searches)
            for label, session in sessions.items()
            if session is not None
        }
        print(f"{task}: {searches} tuning jobs of {CHILDREN}, {mine['ours'].minutes:.0f} minutes")
        for label, result in {**mine, **peers}.items():
            print(f"  {label:16} {result}")
        for label, result in mine.items():
            for peer, other in peers.items():
                print(f"  calls, {label} / {peer}: {result.per_minute / other.per_minute:.3f}")


if __name__ == "__main__":
    main()
