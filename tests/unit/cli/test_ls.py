from __future__ import annotations

import argparse
import json
from collections.abc import Callable
from datetime import datetime, timezone
from pathlib import Path

import pytest

from sm_raw.cli import ls
from sm_raw.runs.running import Running, Use

NOW = datetime(2026, 1, 1, 12, tzinfo=timezone.utc)
ENDPOINT = Running(
    *("endpoint", "an-endpoint", "InService", NOW),
    (Use("Host:ml.m5.large", 2, "2 x ml.m5.large (1 to 3)"),),
    until=datetime(2026, 1, 2, tzinfo=timezone.utc),
)
JOB = Running("training job", "a-job", "InProgress", NOW, (Use("Train:ml.m5.xlarge", 1, "1 x ml.m5.xlarge"),))
SEARCH = Running("tuning job", "a-search", "InProgress", NOW)
# Invented round numbers.
PRICES = {"region": "us-east-1", "currency": "USD", "date": "2026-01-01", "source": "invented"}


@pytest.fixture
def show(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Callable[..., str]:
    """``show(found, prices=...)``: what ``ls`` prints of that, without asking anyone."""

    def run(found: list[Running], prices: Path | None = None, form: str = "text") -> str:
        monkeypatch.setattr(ls, "running", lambda clients, tell: found)
        asked = {"endpoint_url": "http://127.0.0.1:9", "region": None, "profile": None, "costs": False}
        assert ls.ls(argparse.Namespace(**asked, prices=prices, format=form)) == 0
        return capsys.readouterr().out

    return run


def price_list(folder: Path, **prices: dict[str, float]) -> Path:
    known = {f"{family}:{kind}": price for family, each in prices.items() for kind, price in each.items()}
    path = folder / "prices.json"
    path.write_text(json.dumps({**PRICES, "prices": known}))
    return path


def test_what_runs_is_told_with_what_it_runs_on_and_until_when(show: Callable[..., str]) -> None:
    assert show([JOB, ENDPOINT, SEARCH]).splitlines() == [
        "  what          status      since (UTC)  on",
        "    name",
        "  training job  InProgress  01-01 12:00  1 x ml.m5.xlarge",
        "    a-job",
        "  endpoint      InService   01-01 12:00  2 x ml.m5.large (1 to 3)",
        "    an-endpoint, until 01-02 00:00",
        "  tuning job    InProgress  01-01 12:00",
        "    a-search",
    ]


def test_costs_by_the_hour_are_told_and_added_up(show: Callable[..., str], tmp_path: Path) -> None:
    prices = price_list(tmp_path, Host={"ml.m5.large": 0.5}, Train={"ml.m5.xlarge": 0.25})
    assert show([JOB, ENDPOINT, SEARCH], prices).splitlines() == [
        "  what          status      since (UTC)  USD/h  on",
        "    name",
        "  training job  InProgress  01-01 12:00  0.25   1 x ml.m5.xlarge",
        "    a-job",
        "  endpoint      InService   01-01 12:00  1.00   2 x ml.m5.large (1 to 3)",
        "    an-endpoint, until 01-02 00:00",
        "  tuning job    InProgress  01-01 12:00",
        "    a-search",
        "  in all                                 1.25",
    ]


def test_a_sum_that_is_not_whole_says_so(show: Callable[..., str], tmp_path: Path) -> None:
    rows = [row.split() for row in show([JOB, ENDPOINT], price_list(tmp_path, Host={"ml.m5.large": 0.5})).splitlines()]
    assert rows[2][5] == "?"
    assert rows[-1] == ["in", "all", "1.00", "and", "what", "is", "not", "known"]


def test_nothing_is_a_story_and_no_table(show: Callable[..., str]) -> None:
    assert show([]) == ""
    assert show([], form="json") == "[]\n"


def test_a_program_gets_every_fact(show: Callable[..., str], tmp_path: Path) -> None:
    prices = price_list(tmp_path, Host={"ml.m5.large": 0.5})
    endpoint, search = json.loads(show([ENDPOINT, SEARCH], prices, "json"))
    assert endpoint == {
        "what": "endpoint",
        "name": "an-endpoint",
        "status": "InService",
        "since": "2026-01-01T12:00:00+00:00",
        "until": "2026-01-02T00:00:00+00:00",
        "uses": [{"usage_type": "Host:ml.m5.large", "an_hour": 2, "shown": "2 x ml.m5.large (1 to 3)"}],
        "cost_an_hour": 1.0,
        "currency": "USD",
    }
    assert (search["uses"], search["cost_an_hour"]) == ([], None)
