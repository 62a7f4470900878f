"""On-demand prices by usage type, from the Price List API.

A usage type is what a bill and Cost Explorer call a thing that is paid for: "Train:ml.m5.xlarge" is an hour of such an
instance in training. Elsewhere than in us-east-1's oldest services it has the region before it ("USE1-Train:..."),
which is left out here. Sources:
https://docs.aws.amazon.com/awsaccountbilling/latest/aboutv2/using-price-list-query-api.html and
https://docs.aws.amazon.com/aws-cost-management/latest/APIReference/API_pricing_Filter.html
"""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

from sm_raw.aws.account.asking import in_one_line, pages

if TYPE_CHECKING:
    from botocore.client import BaseClient

SHARED_LINUX = {"operatingSystem": "Linux", "tenancy": "Shared", "preInstalledSw": "NA", "capacitystatus": "Used"}


class Family(NamedTuple):
    """Usage types that begin alike: the ``service`` that has them, and the ``unit`` that a price is for."""

    begin: str
    service: str
    unit: str
    only: Mapping[str, str] = {}


# The first that fits counts.
FAMILIES = (
    Family("Train:VolumeUsage.", "AmazonSageMaker", "GB-month"),
    Family("Host:VolumeUsage.", "AmazonSageMaker", "GB-month"),
    Family("Train:", "AmazonSageMaker", "hour"),
    Family("Processing:", "AmazonSageMaker", "hour"),
    Family("Tsform:", "AmazonSageMaker", "hour"),
    Family("Host:", "AmazonSageMaker", "hour"),
    Family("AsyncInf:", "AmazonSageMaker", "hour"),
    Family("ServerlessInf:Mem-", "AmazonSageMaker", "second"),
    Family("ProvisionedConcurrency:Mem-", "AmazonSageMaker", "second"),
    Family("BoxUsage:", "AmazonEC2", "hour", SHARED_LINUX),
    Family("EBS:VolumeUsage.", "AmazonEC2", "GB-month"),
    Family("Lambda-Provisioned-Concurrency", "AWSLambda", "GB-second"),
)


@dataclass
class PricesRead:
    """Prices by usage type in one ``currency``, the latest ``published`` date, and what could not be asked, and why."""

    currency: str
    prices: dict[str, float] = field(default_factory=dict)
    published: str = ""
    problems: list[str] = field(default_factory=list)


def family_of(usage_type: str) -> Family | None:
    """The family of a usage type (without its region); None for one that is not known here."""
    return next((family for family in FAMILIES if usage_type.startswith(family.begin)), None)


def read_prices(
    client: BaseClient,
    region: str,
    usage_types: Iterable[str],
    *,
    currency: str = "USD",
    sleep: Callable[[float], None] = time.sleep,
) -> PricesRead:
    """The on-demand price of each usage type in ``region``; what is not found has none, and nothing is raised for it.

    Of several prices, as for the steps of a volume discount, it is the dearest.
    """
    from botocore.exceptions import BotoCoreError, ClientError

    read = PricesRead(currency)
    for usage_type in sorted(set(usage_types)):
        family = family_of(usage_type)
        if family is None:
            continue
        try:
            offers = _offers(client, family, region, usage_type, sleep)
            found = [(price, offer) for offer in offers for price in _on_demand(offer, currency)]
        except (BotoCoreError, ClientError) as error:
            read.problems.append(f"GetProducts of {family.service}: {in_one_line(error)}")
            return read
        if found:
            read.prices[usage_type] = max(price for price, _ in found)
            read.published = max(read.published, *(offer.get("publicationDate", "") for _, offer in found))
    return read


def _offers(
    client: BaseClient, family: Family, region: str, usage_type: str, sleep: Callable[[float], None]
) -> Iterator[dict[str, Any]]:
    terms = {"regionCode": region, **family.only}
    filters = [{"Type": "TERM_MATCH", "Field": name, "Value": value} for name, value in terms.items()]
    filters.append({"Type": "CONTAINS", "Field": "usagetype", "Value": usage_type})
    request = {"ServiceCode": family.service, "Filters": filters, "FormatVersion": "aws_v1"}
    exact = re.compile(rf"(?:[A-Z]+[0-9]*-)?{re.escape(usage_type)}")
    for page in pages(client, "GetProducts", request, sleep=sleep):
        for text in page["PriceList"]:
            offer = json.loads(text)
            if exact.fullmatch(offer["product"]["attributes"].get("usagetype", "")):
                yield offer


def _on_demand(offer: Mapping[str, Any], currency: str) -> Iterator[float]:
    for term in offer.get("terms", {}).get("OnDemand", {}).values():
        for dimension in term["priceDimensions"].values():
            if currency in dimension["pricePerUnit"]:
                yield float(dimension["pricePerUnit"][currency])
