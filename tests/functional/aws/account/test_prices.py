from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from botocore.stub import Stubber

from sm_raw.aws.account.prices import family_of, read_prices
from sm_raw.aws.clients import Clients

Stub = Callable[[str], Stubber]


def asked(usage_type: str, service: str = "AmazonSageMaker", **terms: str) -> dict[str, Any]:
    filters = [{"Type": "TERM_MATCH", "Field": name, "Value": value} for name, value in terms.items()]
    filters.append({"Type": "CONTAINS", "Field": "usagetype", "Value": usage_type})
    return {"ServiceCode": service, "Filters": filters, "FormatVersion": "aws_v1"}


def offer(usage_type: str, *prices: str, currency: str = "USD", published: str = "2026-01-01T00:00:00Z") -> str:
    """One entry of the list, cut down to what is read; the numbers are invented."""
    dimensions = {
        str(number): {"unit": "Hrs", "pricePerUnit": {currency: price}} for number, price in enumerate(prices)
    }
    return json.dumps(
        {
            "product": {"productFamily": "ML Instance", "attributes": {"usagetype": usage_type}},
            "terms": {"OnDemand": {"a term": {"priceDimensions": dimensions}}},
            "publicationDate": published,
        }
    )


def test_a_price_is_that_of_the_very_usage_type_in_its_region(clients: Clients, stub: Stub) -> None:
    listed = [
        offer("EU-Train:ml.m5.xlarge", "3.0", published="2026-02-01T00:00:00Z"),
        offer("EU-Train:ml.m5.xlarge-of-another-kind", "9.0"),
        offer("EU-SpotTrain:ml.m5.xlarge", "9.0"),
    ]
    stub("pricing").add_response(
        "get_products", {"PriceList": listed}, asked("Train:ml.m5.xlarge", regionCode="eu-west-1")
    )
    read = read_prices(clients.pricing, "eu-west-1", ["Train:ml.m5.xlarge"])
    assert read.prices == {"Train:ml.m5.xlarge": 3.0}
    assert (read.currency, read.published, read.problems) == ("USD", "2026-02-01T00:00:00Z", [])


def test_of_several_prices_on_several_pages_the_dearest_counts(clients: Clients, stub: Stub) -> None:
    request = asked("Train:ml.m5.xlarge", regionCode="us-east-1")
    pricing = stub("pricing")
    pricing.add_response(
        "get_products", {"PriceList": [offer("Train:ml.m5.xlarge", "0.0", "2.0")], "NextToken": "2"}, request
    )
    pricing.add_response(
        "get_products", {"PriceList": [offer("USE1-Train:ml.m5.xlarge", "1.0")]}, {**request, "NextToken": "2"}
    )
    assert read_prices(clients.pricing, "us-east-1", ["Train:ml.m5.xlarge"]).prices == {"Train:ml.m5.xlarge": 2.0}


def test_an_instance_of_ec2_is_a_shared_one_with_linux(clients: Clients, stub: Stub) -> None:
    request = asked(
        "BoxUsage:g4dn.xlarge",
        "AmazonEC2",
        regionCode="us-east-1",
        operatingSystem="Linux",
        tenancy="Shared",
        preInstalledSw="NA",
        capacitystatus="Used",
    )
    stub("pricing").add_response("get_products", {"PriceList": [offer("BoxUsage:g4dn.xlarge", "1.0")]}, request)
    read = read_prices(clients.pricing, "us-east-1", ["BoxUsage:g4dn.xlarge"])
    assert read.prices == {"BoxUsage:g4dn.xlarge": 1.0}


def test_what_is_not_listed_in_the_currency_has_no_price(clients: Clients, stub: Stub) -> None:
    stub("pricing").add_response("get_products", {"PriceList": [offer("Host:ml.m5.large", "7.0", currency="CNY")]})
    assert read_prices(clients.pricing, "us-east-1", ["Host:ml.m5.large"]).prices == {}


def test_the_first_refusal_ends_the_asking_and_is_told(clients: Clients, stub: Stub) -> None:
    stub("pricing").add_response("get_products", {"PriceList": [offer("Host:ml.m5.large", "1.0")]})
    stub("pricing").add_client_error("get_products", "AccessDeniedException", "not you", 400)
    read = read_prices(clients.pricing, "us-east-1", ["Train:ml.m5.xlarge", "Host:ml.m5.large", "Tsform:ml.m5.large"])
    assert read.prices == {"Host:ml.m5.large": 1.0}
    assert read.problems == ["GetProducts of AmazonSageMaker: AccessDeniedException: not you"]


@pytest.mark.parametrize(
    ("usage_type", "service", "unit"),
    [
        ("Train:ml.m5.xlarge", "AmazonSageMaker", "hour"),
        ("Train:VolumeUsage.gp2", "AmazonSageMaker", "GB-month"),
        ("AsyncInf:ml.m5.large", "AmazonSageMaker", "hour"),
        ("ServerlessInf:Mem-4GB", "AmazonSageMaker", "second"),
        ("EBS:VolumeUsage.gp3", "AmazonEC2", "GB-month"),
        ("Lambda-Provisioned-Concurrency-ARM", "AWSLambda", "GB-second"),
    ],
)
def test_a_usage_type_belongs_to_a_service_and_has_a_unit(usage_type: str, service: str, unit: str) -> None:
    family = family_of(usage_type)
    assert family is not None
    assert (family.service, family.unit) == (service, unit)


def test_a_usage_type_of_nothing_has_no_family() -> None:
    assert family_of("Rain:ml.m5.xlarge") is None
