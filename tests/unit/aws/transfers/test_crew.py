from __future__ import annotations

import threading
from concurrent.futures import CancelledError

import pytest

from sm_raw.aws.transfers.crew import Crew, News


@pytest.fixture
def crew() -> Crew:
    return Crew(2, "test")


def test_jobs_may_add_jobs_and_all_their_news_arrive(crew: Crew) -> None:
    def file(size: int) -> None:
        for part in range(3):
            crew.add(lambda part=part: News(size + part))

    crew.tell(News(1))
    crew.add(lambda: file(10))
    crew.add(lambda: file(20))
    assert sorted(news.bytes for news in crew.news()) == [1, 10, 11, 12, 20, 21, 22]
    crew.close()


def test_a_job_may_have_several_news_or_none(crew: Crew) -> None:
    crew.add(lambda: [News(1), News(2)])
    crew.add(lambda: [])
    crew.add(lambda: None)
    assert sorted(news.bytes for news in crew.news()) == [1, 2]
    crew.close()


def test_the_first_failure_is_raised_and_what_has_not_begun_is_dropped(crew: Crew) -> None:
    begun, go_on = [], threading.Event()

    def wait() -> None:
        begun.append(1)
        go_on.wait(timeout=30)

    def fail() -> None:
        raise OSError("broken")

    crew.add(wait)
    crew.add(fail)
    crew.add(wait)
    crew.add(wait)
    with pytest.raises(OSError, match="broken"):
        list(crew.news())
    threading.Timer(0.05, go_on.set).start()
    crew.close()
    assert len(begun) <= 2


def test_a_pause_ends_when_the_crew_is_closed(crew: Crew) -> None:
    ended = []

    def job() -> None:
        try:
            crew.pause(60)
        except CancelledError:
            ended.append(1)

    crew.add(job)
    crew.close()
    assert ended in ([], [1])  # Dropped, or broken off: in no case a minute.
    crew = Crew(1, "test")
    begun = threading.Event()

    def told() -> None:
        begun.set()
        job()

    crew.add(told)
    assert begun.wait(timeout=30)
    crew.close()
    assert ended[-1:] == [1]
