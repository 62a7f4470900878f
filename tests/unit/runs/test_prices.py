from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from sm_raw.aws.account.prices import PricesRead
from sm_raw.errors import InvalidPrices
from sm_raw.runs.prices import PriceList, load_prices, save_prices, told_prices

# Invented round numbers.
GIVEN: dict[str, Any] = {
    "region": "us-east-1",
    "currency": "USD",
    "date": "2026-01-01",
    "source": "invented for this test",
    "prices": {"Train:ml.m5.xlarge": 2, "Lambda-Provisioned-Concurrency": 0.000001},
}


def written(folder: Path, content: object) -> Path:
    path = folder / "prices.json"
    path.write_text(content if isinstance(content, str) else json.dumps(content))
    return path


def test_a_price_list_is_read_as_it_was_written(tmp_path: Path) -> None:
    prices = load_prices(written(tmp_path, GIVEN), region="us-east-1")
    assert prices == PriceList(**GIVEN)
    save_prices(prices, tmp_path / "again.json")
    assert load_prices(tmp_path / "again.json", region="us-east-1") == prices


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("{", "not valid JSON"),
        ([], r"\[\] is not of type 'object'"),
        ({**GIVEN, "date": "yesterday"}, "date: 'yesterday' does not match"),
        ({**GIVEN, "currency": "dollars"}, "currency: 'dollars' does not match"),
        ({**GIVEN, "source": ""}, "source: '' "),
        ({name: value for name, value in GIVEN.items() if name != "date"}, "'date' is a required property"),
        ({**GIVEN, "prices": {"Train:ml.m5.xlarge": "0.23"}}, "'0.23' is not of type 'number'"),
        ({**GIVEN, "prices": {"Train:ml.m5.xlarge": -1}}, "-1 is less than the minimum of 0"),
        ({**GIVEN, "prices": {"Trian:ml.m5.xlarge": 1}}, "'Trian:ml.m5.xlarge' is no usage type that is known"),
        ({**GIVEN, "prices": {"train:ml.m5.xlarge": 1}}, "did you mean Train:...?"),
        ({**GIVEN, "region": "eu-west-1"}, "it is for eu-west-1, and the run is in us-east-1"),
    ],
)
def test_what_is_wrong_with_a_price_list_is_told(tmp_path: Path, content: object, reason: str) -> None:
    with pytest.raises(InvalidPrices, match=reason) as refused:
        load_prices(written(tmp_path, content), region="us-east-1")
    assert refused.value.path == tmp_path / "prices.json"


def test_a_price_list_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(InvalidPrices, match=r"none\.json: No such file"):
        load_prices(tmp_path / "none.json", region="us-east-1")


@pytest.mark.parametrize(("published", "date"), [("2026-02-03T04:05:06Z", "2026-02-03"), ("", "2026-11-28")])
def test_what_the_price_list_api_says_is_dated_and_attributed(published: str, date: str) -> None:
    read = PricesRead("USD", {"Train:ml.m5.xlarge": 2.0}, published)
    found = told_prices(read, region="eu-west-1", today="2026-11-28")
    assert found == PriceList("eu-west-1", "USD", date, "AWS Price List API", {"Train:ml.m5.xlarge": 2.0})
