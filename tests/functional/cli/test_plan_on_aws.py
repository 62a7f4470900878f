"""``plan --target aws``, with the answers of AWS scripted."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from botocore.stub import Stubber

from sm_raw import cli
from sm_raw.aws.clients import Clients, local_clients
from sm_raw.cli import plan
from sm_raw.runs.plan import Surroundings

ROLE = "arn:aws:iam::123456789012:role/SageMaker"
QUOTAS = {"ml.g4dn.xlarge for training job usage": 1.0, "ml.m5.large for endpoint usage": 8.0}
DEFAULTS = {"Number of instances across all processing jobs": 4.0}
# Invented round numbers.
PRICES = {"Host:ml.m5.large": "0.5", "Train:ml.g4dn.xlarge": "1.0"}


def listed(values: dict[str, float]) -> dict[str, Any]:
    quotas = [{"QuotaName": name, "Value": value, "QuotaCode": "L-1"} for name, value in values.items()]
    return {"Quotas": quotas}


def offers(usage_type: str) -> dict[str, Any]:
    if usage_type not in PRICES:
        return {"PriceList": []}
    offer = {
        "product": {"attributes": {"usagetype": f"USE1-{usage_type}"}},
        "terms": {"OnDemand": {"a": {"priceDimensions": {"b": {"pricePerUnit": {"USD": PRICES[usage_type]}}}}}},
        "publicationDate": "2026-01-01T00:00:00Z",
    }
    return {"PriceList": [json.dumps(offer)]}


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[Clients]:
    """An account in which nothing of the plan is there, with some quotas and prices."""
    clients = local_clients("http://127.0.0.1:9")
    services = ("sagemaker", "application-autoscaling", "service-quotas", "pricing")
    stubs = {service: Stubber(clients.client(service)) for service in services}
    for kind in ("hyper_parameter_tuning_job", "training_job", "model", "endpoint_config", "endpoint"):
        stubs["sagemaker"].add_client_error(f"describe_{kind}", "ValidationException", "not there")
    stubs["application-autoscaling"].add_response("describe_scalable_targets", {"ScalableTargets": []})
    stubs["application-autoscaling"].add_response("describe_scaling_policies", {"ScalingPolicies": []})
    stubs["service-quotas"].add_response("list_service_quotas", listed(QUOTAS))
    stubs["service-quotas"].add_response("list_aws_default_service_quotas", listed(DEFAULTS))
    for usage_type in ("Host:ml.m5.large", "Train:VolumeUsage.gp2", "Train:ml.g4dn.xlarge"):
        stubs["pricing"].add_response("get_products", offers(usage_type))
    for stub in stubs.values():
        stub.activate()
    monkeypatch.setattr(plan, "aws_target", lambda options: (clients, Surroundings("us-east-1", "my-bucket", ROLE)))
    yield clients
    for stub in stubs.values():
        stub.assert_no_pending_responses()


def test_quotas_and_prices_are_those_of_the_account(
    aws: Clients, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    kept = tmp_path / "prices.json"
    asked = ["plan", "--target", "aws", "--recipe", "dog_breeds", "--write-prices", str(kept), "--budget", "20"]
    assert cli.main(asked) == 1
    told = capsys.readouterr()
    rows = [line.split() for line in told.out.splitlines()]
    assert ["2", "1", "too", "many", "ml.g4dn.xlarge", "for", "training", "job", "usage"] in rows
    assert ["3", "8", "fits", "ml.m5.large", "for", "endpoint", "usage"] in rows
    # A default tells nothing of an increase that was granted.
    (default,) = DEFAULTS
    assert ["7", "4", "(default)", "too", "many", *default.split()] in rows
    assert "tune: there is room for 1 training job at a time, and it asks for 2" in told.out
    assert "cost at most, in USD, us-east-1, 2026-01-01, AWS Price List API" in told.out
    assert "error: it may cost 21.67 USD, and the budget is 20.00 USD" in told.err
    assert json.loads(kept.read_text()) == {
        "region": "us-east-1",
        "currency": "USD",
        "date": "2026-01-01",
        "source": "AWS Price List API",
        "prices": {usage_type: float(price) for usage_type, price in PRICES.items()},
    }


def test_offline_nobody_is_asked(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(plan, "aws_target", lambda options: pytest.fail("AWS was asked"))
    place = ["--region", "us-east-1", "--bucket", "my-bucket", "--role", ROLE]
    assert cli.main(["plan", "--target", "aws", "--offline", "--recipe", "dog_breeds", *place]) == 0
    assert "nobody was asked what is there" in capsys.readouterr().out
