from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest
from botocore.exceptions import ClientError
from botocore.stub import Stubber

from sm_raw.aws.clients import Clients
from sm_raw.aws.job_kinds import ENDPOINT, JOB_KINDS, TRAINING, TUNING, JobKind
from sm_raw.aws.waiting.line import CallBudget
from sm_raw.aws.waiting.polling import NEWEST_FIRST, Change, Followed, Poller, listing_request

Stub = Callable[[str], Stubber]
NOW = datetime(2026, 1, 1, tzinfo=timezone.utc)
LISTS = {"list_training_jobs": TRAINING, "list_endpoints": ENDPOINT}
CHILDREN = "list_training_jobs_for_hyper_parameter_tuning_job"


class Service:
    """Jobs that end at set times, older ones of other people, and a tuning job; counts what it is asked.

    ``ends`` is the end of each job by name; ``children`` are start and end of a tuning job's training jobs.
    """

    def __init__(
        self,
        time: Any,
        ends: dict[str, float],
        *,
        children: Iterable[tuple[float, float]] = (),
        failed: Iterable[str] = (),
        history: int = 0,
        refused: str = "",
    ) -> None:
        self.time, self.ends, self.failed, self.refused = time, ends, set(failed), refused
        self.order = {name: number for number, name in enumerate(ends)}
        self.children = [(f"search-{n:03d}", start, end) for n, (start, end) in enumerate(children)]
        self.history = [f"old-{n}" for n in range(history)]
        self.asked: Counter[str] = Counter()
        self.requests: list[dict[str, Any]] = []

    def __getattr__(self, operation: str) -> Callable[..., dict[str, Any]]:
        def answer(**request: Any) -> dict[str, Any]:
            self.asked[operation] += 1
            self.requests.append(request)
            if operation == self.refused:
                raise ClientError({"Error": {"Code": "AccessDeniedException", "Message": "no"}}, operation)
            if operation == "describe_hyper_parameter_tuning_job":
                return self.tuning_job()
            if operation == CHILDREN:
                return page(TRAINING, [self.child(*child) for child in self.created()[::-1]], request)
            if operation in LISTS:
                return page(LISTS[operation], self.found(LISTS[operation], request), request)
            kind = TRAINING if operation == "describe_training_job" else ENDPOINT
            return self.described(kind, request[kind.name])

        return answer

    def found(self, kind: JobKind, request: dict[str, Any]) -> list[dict[str, Any]]:
        """Newest first: the last of ``ends`` was made last, the history long before."""
        summaries = [self.described(kind, name) for name in reversed(self.ends) if name.startswith(kind.label[0])]
        summaries += [{kind.name: name, kind.status: "Completed", "CreationTime": NOW} for name in self.history]
        after = request.get("CreationTimeAfter", NOW - timedelta(days=1))
        part = request.get("NameContains", "")
        return [each for each in summaries if each["CreationTime"] > after and part in each[kind.name]]

    def described(self, kind: JobKind, name: str) -> dict[str, Any]:
        if name not in self.ends:
            raise ClientError({"Error": {"Code": "ValidationException", "Message": f"no {name}"}}, kind.describe)
        (succeeded,) = kind.succeeded
        final = "Failed" if name in self.failed else succeeded
        status = final if self.time.now >= self.ends[name] else "InProgress"
        created = NOW + timedelta(hours=1, seconds=self.order[name])
        return {kind.name: name, kind.status: status, "CreationTime": created}

    def created(self) -> list[tuple[str, float, float]]:
        return [child for child in self.children if child[1] <= self.time.now]

    def child(self, name: str, start: float, end: float) -> dict[str, Any]:
        status = "Completed" if self.time.now >= end else "InProgress"
        return {TRAINING.name: name, TRAINING.status: status, "CreationTime": NOW + timedelta(seconds=start)}

    def tuning_job(self) -> dict[str, Any]:
        ended = sum(1 for _, _, end in self.created() if end <= self.time.now)
        return {
            TUNING.name: "search",
            TUNING.status: "Completed" if ended == len(self.children) else "InProgress",
            "TrainingJobStatusCounters": {"Completed": ended, "InProgress": len(self.created()) - ended},
        }


def page(kind: JobKind, summaries: list[dict[str, Any]], request: dict[str, Any]) -> dict[str, Any]:
    start = int(request.get("NextToken", 0))
    end = start + request["MaxResults"]
    more = {"NextToken": str(end)} if end < len(summaries) else {}
    return {kind.summaries: summaries[start:end], **more}


def follow(service: Service, jobs: Iterable[tuple[Any, str]], **options: Any) -> list[Change]:
    time = service.time
    budget = CallBudget(6000, sleep=time.sleep, clock=time.clock)
    options = {"timeout_seconds": 100_000, "calls_per_minute": budget, "random": lambda: 0.0, **options}
    client: Any = service
    poller = Poller(client, jobs, sleep=time.sleep, clock=time.clock, **options)
    return list(poller.changes())


def training_jobs(count: int) -> dict[str, float]:
    return {f"training-{number:03d}": 600.0 + 10 * number for number in range(count)}


def test_five_hundred_jobs_cost_a_few_pages_a_round_and_one_describe_each(fake_time: Any) -> None:
    ends = training_jobs(500)
    service = Service(fake_time, ends, history=5000)
    changes = follow(service, [(TRAINING, name) for name in ends])
    ended = {change.name: fake_time.now - ends[change.name] for change in changes if change.ended}
    assert ended.keys() == ends.keys()
    assert len(changes) == 1000
    assert service.asked["describe_training_job"] == 500
    rounds = len(fake_time.pauses)
    assert service.asked["list_training_jobs"] < 5 * rounds + 10
    assert fake_time.now - max(ends.values()) < 60


def test_without_details_only_jobs_without_success_are_described(fake_time: Any) -> None:
    ends = training_jobs(50)
    service = Service(fake_time, ends, failed=["training-007"])
    follow(service, [(TRAINING, name) for name in ends], details=False)
    # The last two are: one job is described rather than listed, and it is the failed one that has to be.
    assert service.asked["describe_training_job"] < 15
    assert {"TrainingJobName": "training-007"} in service.requests


def test_a_page_serves_many_jobs_and_the_service_is_asked_for_no_more_than_is_sought(
    clients: Clients, stub: Stub, fake_time: Any
) -> None:
    def summary(name: str, status: str) -> dict[str, Any]:
        arn = f"arn:aws:sagemaker:us-east-1:123456789012:training-job/{name}"
        return {"TrainingJobName": name, "TrainingJobArn": arn, "TrainingJobStatus": status, "CreationTime": NOW}

    first = {"SortBy": "CreationTime", "SortOrder": "Descending", "MaxResults": 100, "NameContains": "mnist-"}
    bounded = {**first, "CreationTimeAfter": NOW - timedelta(seconds=1)}
    both = [summary("mnist-b", "InProgress"), summary("mnist-a", "InProgress")]
    ended = [summary("mnist-b", "Completed"), summary("mnist-a", "Completed")]
    stub("sagemaker").add_response("list_training_jobs", {"TrainingJobSummaries": both, "NextToken": "more"}, first)
    stub("sagemaker").add_response("list_training_jobs", {"TrainingJobSummaries": ended}, bounded)
    jobs = [(TRAINING, "mnist-a"), (TRAINING, "mnist-b")]
    poller = Poller(
        clients.client("sagemaker"),
        jobs,
        timeout_seconds=60,
        details=False,
        sleep=fake_time.sleep,
        clock=fake_time.clock,
    )
    told = [(change.name, change.status) for change in poller.changes()]
    assert told == [
        ("mnist-b", "InProgress"),
        ("mnist-a", "InProgress"),
        ("mnist-b", "Completed"),
        ("mnist-a", "Completed"),
    ]


@pytest.mark.parametrize("kind", JOB_KINDS.values(), ids=lambda kind: kind.label)
def test_every_kind_can_be_listed_with_the_filters_used(clients: Clients, kind: JobKind) -> None:
    operation = clients.client("sagemaker").meta.service_model.operation_model(kind.list)
    request = listing_request(kind, [Followed(kind, "job-a", last={"CreationTime": NOW}), Followed(kind, "job-b")])
    assert request == {**NEWEST_FIRST, "NameContains": "job-"}
    assert {*request, "CreationTimeAfter", "NextToken"} <= set(operation.input_shape.members)
    assert "NextToken" in operation.output_shape.members


def test_a_single_job_is_described_not_listed(fake_time: Any) -> None:
    service = Service(fake_time, {"endpoint-a": 20.0}, history=500)
    changes = follow(service, [(ENDPOINT, "endpoint-a")])
    assert [change.status for change in changes] == ["InProgress", "InService"]
    assert set(service.asked) == {"describe_endpoint"}


def test_jobs_that_lie_deep_in_the_list_are_described_from_then_on(fake_time: Any) -> None:
    ends = training_jobs(2)
    service = Service(fake_time, ends)
    newer = [{TRAINING.name: f"n-{n}", TRAINING.status: "InProgress", "CreationTime": NOW} for n in range(1000)]
    sought = service.found
    service.found = lambda kind, request: newer + sought(kind, request)  # type: ignore[method-assign]
    changes = follow(service, [(TRAINING, name) for name in ends])
    assert sum(change.ended for change in changes) == 2
    assert service.asked["list_training_jobs"] == 2


def test_kinds_are_polled_side_by_side(fake_time: Any) -> None:
    ends = {"training-a": 30.0, "endpoint-a": 40.0, "training-b": 50.0, "endpoint-b": 20.0}
    service = Service(fake_time, ends)
    kinds = {"t": "CreateTrainingJob", "e": ENDPOINT}
    changes = follow(service, [(kinds[name[0]], name) for name in ends])
    assert [change.name for change in changes if change.ended] == [
        "endpoint-b",
        "training-a",
        "endpoint-a",
        "training-b",
    ]


def test_who_may_not_list_may_still_wait(fake_time: Any) -> None:
    ends = training_jobs(3)
    service = Service(fake_time, ends, refused="list_training_jobs")
    changes = follow(service, [(TRAINING, name) for name in ends])
    assert sum(change.ended for change in changes) == 3
    assert service.asked["list_training_jobs"] == 1


def test_a_job_that_is_not_there_does_not_keep_the_others_from_being_followed(fake_time: Any) -> None:
    service = Service(fake_time, {"training-a": 30.0})
    changes = follow(service, [(TRAINING, "training-a"), (TRAINING, "training-typo")])
    missing = [change for change in changes if change.error]
    assert [(change.name, change.status, change.ended) for change in missing] == [("training-typo", "", True)]
    assert str(missing[0].error).endswith("no training-typo")
    assert [change.status for change in changes if not change.error] == ["InProgress", "Completed"]


def searching(count: int, parallel: int = 5, seconds: float = 100.0) -> list[tuple[float, float]]:
    starts = [(number // parallel) * seconds + number % parallel for number in range(count)]
    return [(start, start + seconds - 10) for start in starts]


def test_training_jobs_of_a_tuning_job_come_from_its_list_and_none_is_described(fake_time: Any) -> None:
    children = searching(240)
    service = Service(fake_time, {}, children=children)
    changes = follow(service, [(TUNING, "search")], children=True)
    of_children = [change for change in changes if change.tuning_job]
    assert {change.kind for change in of_children} == {TRAINING}
    ended = Counter(change.name for change in of_children if change.ended)
    assert ended == Counter({f"search-{number:03d}": 1 for number in range(240)})
    assert (changes[-1].name, changes[-1].ended) == ("search", True)
    assert set(service.asked) == {"describe_hyper_parameter_tuning_job", CHILDREN}
    # One page for each round that brought news, and all three once the search was over.
    assert service.asked[CHILDREN] < service.asked["describe_hyper_parameter_tuning_job"] + 3


def test_a_training_job_that_takes_long_is_found_on_a_later_page(fake_time: Any) -> None:
    children = sorted([*searching(240), (0.5, 4000.0)])
    service = Service(fake_time, {}, children=children)
    told = [change for change in follow(service, [(TUNING, "search")], children=True) if change.name == "search-001"]
    assert [change.ended for change in told] == [False, True]
    assert told[1].waited_seconds < 4065


def test_the_end_of_a_tuning_job_is_noticed_soon_although_it_is_rarely_asked_for(fake_time: Any) -> None:
    service = Service(fake_time, {}, children=searching(360))
    tuning_job = service.tuning_job

    def limited() -> dict[str, Any]:
        limits = {"MaxNumberOfTrainingJobs": 360}
        return {**tuning_job(), "HyperParameterTuningJobConfig": {"ResourceLimits": limits}}

    service.tuning_job = limited  # type: ignore[method-assign]
    (*_, last) = follow(service, [(TUNING, "search")])
    end = max(end for _, _, end in service.children)
    assert last.waited_seconds - end < 6
    assert service.asked["describe_hyper_parameter_tuning_job"] < 2.4 * end / 60


def test_half_of_all_calls_throttled_is_no_hindrance(fake_time: Any) -> None:
    ends = training_jobs(20)
    service = Service(fake_time, ends)
    client: Any = EverySecondThrottled(service)
    poller = Poller(
        client,
        [(TRAINING, name) for name in ends],
        timeout_seconds=10_000,
        sleep=fake_time.sleep,
        clock=fake_time.clock,
    )
    assert sum(change.ended for change in poller.changes()) == 20
    assert poller.open() == []


class EverySecondThrottled:
    def __init__(self, service: Service) -> None:
        self.service, self.count = service, 0

    def __getattr__(self, operation: str) -> Any:
        self.count += 1
        if self.count % 2:
            raise ClientError({"Error": {"Code": "ThrottlingException", "Message": "Rate exceeded"}}, operation)
        return getattr(self.service, operation)


def test_no_more_calls_are_made_than_the_budget_allows(fake_time: Any) -> None:
    ends = training_jobs(30)
    service = Service(fake_time, ends)
    follow(service, [(TRAINING, name) for name in ends], calls_per_minute=4)
    assert service.asked.total() <= 4 * (fake_time.now / 60 + 1)


def test_the_last_answers_are_kept_when_the_time_is_over(fake_time: Any) -> None:
    service = Service(fake_time, {"training-a": 30.0, "training-b": 5000.0})
    client: Any = service
    poller = Poller(
        client,
        [(TRAINING, "training-a"), (TRAINING, "training-b")],
        timeout_seconds=100,
        sleep=fake_time.sleep,
        clock=fake_time.clock,
    )
    list(poller.changes())
    assert [(job.name, job.status) for job in poller.open()] == [("training-b", "InProgress")]
    assert poller.lost is None
    assert poller.waited_seconds == pytest.approx(100, abs=2)
