from __future__ import annotations

import itertools
import threading
from typing import Any

import pytest
from botocore.exceptions import ClientError, CredentialRetrievalError

from sm_raw.aws.waiting.line import CallBudget, Line, outage_seconds
from sm_raw.errors import NotConfigured, SmRawError


class FakeTime:
    def __init__(self) -> None:
        self.now = 0.0

    def sleep(self, seconds: float) -> None:
        self.now += seconds

    def clock(self) -> float:
        return self.now


class Answers:
    """A client of one operation: exceptions are raised, the last answer is repeated."""

    def __init__(self, *answers: Any) -> None:
        self.answers = list(answers)

    def describe_endpoint(self, **_: str) -> Any:
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, Exception):
            raise answer
        return answer


def error(code: str) -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": "m"}}, "DescribeEndpoint")


def line(client: Any, time: FakeTime, **options: Any) -> Line:
    budget = CallBudget(6000, sleep=time.sleep, clock=time.clock)
    options = {"timeout_seconds": 10_000, "random": lambda: 0.0, **options}
    return Line(client, budget, sleep=time.sleep, clock=time.clock, **options)


@pytest.mark.parametrize("calls_per_minute", [1, 2, 3, 10, 60, 120.5])
def test_no_minute_has_more_calls_than_the_budget_allows(calls_per_minute: float) -> None:
    time = FakeTime()
    budget = CallBudget(calls_per_minute, sleep=time.sleep, clock=time.clock)
    sent = []
    for number in range(400):
        if number == 200:
            time.now += 3600  # What is not spent for a long time is saved up within bounds only.
        budget.take()
        sent.append(time.now)
    busiest = max(sum(1 for other in sent if start <= other < start + 59.999) for start in sent)
    assert busiest <= calls_per_minute
    assert budget.spent == 400
    assert sent[199] < 200 / (0.7 * calls_per_minute) * 60


def test_a_budget_is_shared_by_threads() -> None:
    time = FakeTime()
    budget = CallBudget(60, sleep=lambda _: None, clock=time.clock)
    threads = [threading.Thread(target=lambda: [budget.take() for _ in range(50)]) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert budget.spent == 200


@pytest.mark.parametrize("calls", [0, -1, float("nan")])
def test_a_budget_of_nothing_is_refused(calls: float) -> None:
    with pytest.raises(SmRawError, match="allows none; give 1 or more"):
        CallBudget(calls)


def test_every_attempt_counts_against_the_budget() -> None:
    time = FakeTime()
    budget = CallBudget(60, sleep=time.sleep, clock=time.clock)
    client: Any = Answers(error("Throttling"), error("SlowDown"), {"answer": 1})
    asking = Line(client, budget, timeout_seconds=60, sleep=time.sleep, clock=time.clock)
    assert asking.ask("DescribeEndpoint", {}) == {"answer": 1}
    assert budget.spent == 3


def test_pauses_are_shortened_by_chance_so_that_pollers_do_not_stay_in_step() -> None:
    time, chances = FakeTime(), itertools.cycle([0.0, 0.5, 1.0])
    resting = line(Answers({}), time, random=lambda: next(chances))
    ends = []
    for _ in range(3):
        resting.rest(10)
        ends.append(time.now)
    assert ends == pytest.approx([10, 19.5, 28.5])


def test_nothing_is_rested_beyond_the_end() -> None:
    time = FakeTime()
    resting = line(Answers({}), time, timeout_seconds=15)
    resting.rest(10)
    resting.rest(10)
    resting.rest(10)
    assert time.now == 15
    assert resting.is_late


@pytest.mark.parametrize(("waited", "borne"), [(0, 60), (240, 60), (1200, 300), (100_000, 900)])
def test_the_longer_the_wait_the_longer_an_outage_is_borne(waited: float, borne: float) -> None:
    assert outage_seconds(waited) == borne
    time = FakeTime()
    asking = line(Answers({}, error("InternalFailure")), time, timeout_seconds=1_000_000)
    asking.ask("DescribeEndpoint", {})
    time.now = waited
    with pytest.raises(ClientError, match="InternalFailure"):
        asking.ask("DescribeEndpoint", {})
    assert time.now - waited == pytest.approx(borne)


def test_a_refresh_is_tried_again_until_there_are_good_credentials() -> None:
    time, notices = FakeTime(), list[str]()
    renewals: list[Any] = [
        NotConfigured("no credentials yet"),
        CredentialRetrievalError(provider="sso", error_msg="log in"),
        error("InternalFailure"),
        None,
        Answers({"answer": 2}),
    ]

    def refresh() -> Any:
        renewal = renewals.pop(0)
        if isinstance(renewal, Exception):
            raise renewal
        return renewal

    asking = line(Answers(error("ExpiredToken")), time, refresh=refresh, on_notice=notices.append)
    assert asking.ask("DescribeEndpoint", {}) == {"answer": 2}
    assert renewals == []
    assert len(notices) == 2


def test_a_refresh_that_breaks_for_another_reason_is_not_hidden() -> None:
    def refresh() -> Any:
        raise KeyError("profile")

    with pytest.raises(KeyError, match="profile"):
        line(Answers(error("ExpiredToken")), FakeTime(), refresh=refresh).ask("DescribeEndpoint", {})


def test_credentials_that_expire_twice_are_told_of_twice() -> None:
    time, notices = FakeTime(), list[str]()
    client = Answers({}, error("ExpiredToken"), {}, error("RequestExpired"), error("ExpiredToken"), {})
    asking = line(client, time, on_notice=notices.append)
    for _ in range(3):
        asking.ask("DescribeEndpoint", {})
    assert [notice.split(" (")[0] for notice in notices] == [
        "the credentials have expired",
        "the credentials work again",
    ] * 2


def test_keys_that_never_worked_are_wrong_not_expired() -> None:
    with pytest.raises(ClientError, match="InvalidClientTokenId"):
        line(Answers(error("InvalidClientTokenId")), FakeTime()).ask("DescribeEndpoint", {})
