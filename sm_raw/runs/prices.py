"""A price list: what a unit of each usage type costs in one region, on a day, by somebody's word.

The package ships none and guesses none. One is written by ``plan --write-prices``, or by hand from AWS's pages:

    {"region": "us-east-1", "currency": "USD", "date": "2026-11-01", "source": "https://aws.amazon.com/sagemaker/pricing/",
     "prices": {"Train:ml.m5.xlarge": 0.1, "Host:ml.m5.large": 0.1}}

``prices`` holds numbers by usage type, which is the name on a bill without its region: Train, Processing, Tsform, Host
and AsyncInf with the instance type, BoxUsage for EC2, each for an hour of one instance; Train:VolumeUsage.gp2,
Host:VolumeUsage.gp2 and EBS:VolumeUsage.gp3 for a GB-month; ServerlessInf:Mem-4GB and ProvisionedConcurrency:Mem-4GB
for a second; Lambda-Provisioned-Concurrency for a GB-second.
"""

from __future__ import annotations

import difflib
import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from sm_raw.aws.account.prices import FAMILIES, PricesRead, family_of
from sm_raw.errors import InvalidPrices

FORM = "its form is told by: python -m sm_raw plan --help"
TEXT = {"type": "string", "minLength": 1}
SCHEMA: dict[str, Any] = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "title": "a price list",
    "type": "object",
    "required": ["region", "currency", "date", "source", "prices"],
    "additionalProperties": False,
    "properties": {
        "region": TEXT,
        "currency": {"type": "string", "pattern": "^[A-Z]{3}$"},
        "date": {"type": "string", "pattern": "^[0-9]{4}-[0-9]{2}-[0-9]{2}$"},
        "source": TEXT,
        "prices": {"type": "object", "additionalProperties": {"type": "number", "minimum": 0}},
    },
}


@dataclass(frozen=True)
class PriceList:
    """Prices by usage type; ``date`` is the day on which ``source`` said so."""

    region: str
    currency: str
    date: str
    source: str
    prices: Mapping[str, float] = field(default_factory=dict)

    def __str__(self) -> str:
        return f"{self.currency}, {self.region}, {self.date}, {self.source}"


def load_prices(path: Path, *, region: str) -> PriceList:
    """The price list in a file, for a run in ``region``. Raises InvalidPrices with what is wrong, and where."""
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise InvalidPrices(path, error.strerror or str(error)) from None
    except ValueError as error:
        raise InvalidPrices(path, f"not valid JSON: {error}; {FORM}") from None
    found = PriceList(**_checked(path, content))
    if found.region != region:
        raise InvalidPrices(path, f"it is for {found.region}, and the run is in {region}: give one for that region")
    return found


def save_prices(prices: PriceList, path: Path) -> None:
    """Write a price list as ``load_prices`` reads it."""
    path.write_text(json.dumps(asdict(prices), indent=2) + "\n", encoding="utf-8")


def told_prices(read: PricesRead, *, region: str, today: str) -> PriceList:
    """What the Price List API said, as a price list; ``today`` ("2026-11-28") stands in for a date that it left out."""
    return PriceList(region, read.currency, read.published[:10] or today, "AWS Price List API", read.prices)


def _checked(path: Path, content: Any) -> dict[str, Any]:
    from jsonschema import Draft202012Validator

    for error in sorted(Draft202012Validator(SCHEMA).iter_errors(content), key=lambda error: list(error.path)):
        place = error.json_path.removeprefix("$").removeprefix(".")
        raise InvalidPrices(path, f"{place + ': ' if place else ''}{error.message}; {FORM}")
    _check_usage_types(path, content["prices"])
    return dict(content)


def _check_usage_types(path: Path, usage_types: Iterable[str]) -> None:
    """A name that is misspelt would silently have no effect."""
    begins = [family.begin for family in FAMILIES]
    for usage_type in usage_types:
        if family_of(usage_type) is None:
            near = difflib.get_close_matches(usage_type, begins, n=1, cutoff=0.3)
            hint = f"; did you mean {near[0]}...?" if near else ";"
            raise InvalidPrices(
                path, f"prices: {usage_type!r} is no usage type that is known{hint} known: {', '.join(begins)}"
            )
