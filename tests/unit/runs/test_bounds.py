from __future__ import annotations

from typing import Any

import pytest

from sm_raw import specs
from sm_raw.errors import BudgetExceeded
from sm_raw.runs.bounds import Hourly, hourly, require_within, rounded_up, upper_bound, usage_types
from sm_raw.runs.prices import PriceList

COMMON: dict[str, Any] = {
    "image_uri": "123456789012.dkr.ecr.us-east-1.amazonaws.com/own:1",
    "role_arn": "arn:aws:iam::123456789012:role/SageMaker",
    "output_uri": "s3://bucket/output",
}


def job(name: str, instance_type: str, hours: float) -> Any:
    resources = specs.resources(instance_type, volume_gb=73)
    seconds = int(hours * 3600) - 120
    request = specs.training_job(name, **COMMON, resources=resources, max_runtime_seconds=seconds)
    return (name, "CreateTrainingJob", request)


ENDPOINT = [
    (
        "config",
        "CreateEndpointConfig",
        specs.endpoint_config("c", variants=[specs.production_variant("m", instance_type="ml.m5.large")]),
    ),
    ("endpoint", "CreateEndpoint", specs.endpoint("e", config_name="c")),
    (
        "target",
        "RegisterScalableTarget",
        specs.scalable_target("endpoint/e/variant/AllTraffic", min_capacity=1, max_capacity=3),
    ),
]
STEPS = [job("long", "ml.m5.xlarge", 4), job("short", "ml.g5.xlarge", 1), *ENDPOINT]


def price_list(**families: dict[str, float]) -> PriceList:
    """Invented round numbers: {family: {instance type: price}}."""
    known = {f"{family}:{kind}": price for family, prices in families.items() for kind, price in prices.items()}
    return PriceList("us-east-1", "USD", "2026-01-01", "invented for this test", known)


PRICES = price_list(Train={"ml.m5.xlarge": 2.0, "ml.g5.xlarge": 3.0}, Host={"ml.m5.large": 1.0})


def test_a_bound_is_the_sum_of_its_lines() -> None:
    bound = upper_bound(STEPS, PRICES, hours=2)
    assert [(line.step, line.cost) for line in bound.lines] == [
        ("long", pytest.approx(8.0)),
        ("short", pytest.approx(3.0)),
        ("endpoint", pytest.approx(6.0)),
    ]
    assert (bound.total, bound.complete, bound.currency) == (pytest.approx(17.0), True, "USD")


def test_disks_count_only_where_their_price_is_known() -> None:
    assert upper_bound(STEPS[:1], PRICES, hours=1).left_out == ["Train:VolumeUsage.gp2"]
    known = PriceList("us-east-1", "USD", "2026-01-01", "invented", {**PRICES.prices, "Train:VolumeUsage.gp2": 10.0})
    bound = upper_bound(STEPS[:1], known, hours=1)
    assert bound.left_out == []
    assert bound.total == pytest.approx(8.0 + 10 * 73 * 4 / 730)


def test_a_bound_is_told_in_a_line() -> None:
    assert str(upper_bound(STEPS, PRICES, hours=2)) == (
        "may cost 17.00 USD at most, by USD, us-east-1, 2026-01-01, invented for this test"
    )
    partly = str(upper_bound(STEPS, price_list(Train={"ml.m5.xlarge": 2.0}), hours=1))
    assert partly.startswith("may cost 8.00 USD and what has no price at most, by ")


def test_what_has_no_price_makes_a_bound_incomplete_and_costs_nothing_in_it() -> None:
    bound = upper_bound(STEPS, price_list(Train={"ml.m5.xlarge": 2.0}), hours=1)
    assert bound.unpriced == ["short: Train:ml.g5.xlarge", "endpoint: Host:ml.m5.large"]
    assert (bound.total, bound.complete) == (pytest.approx(8.0), False)
    assert [line.cost for line in bound.lines[1:]] == [None, None]


def test_without_prices_the_reckoning_is_there_all_the_same() -> None:
    bound = upper_bound(STEPS, None, hours=1)
    assert [line.reckoning for line in bound.lines] == ["1 x 4.00 h", "1 x 1.00 h", "3 x 1.00 h"]
    assert (bound.total, bound.complete, bound.prices) == (0, False, "")


@pytest.mark.parametrize(
    ("prices", "cost"),
    [
        ({"ml.g5.xlarge": 1.0, "ml.g6.xlarge": 5.0}, 5.0),
        # Who knows what the other one costs.
        ({"ml.g6.xlarge": 5.0}, None),
    ],
)
def test_of_several_options_the_dearest_counts(prices: dict[str, float], cost: float | None) -> None:
    preferences = [{"InstanceType": each, "InstanceCount": 1} for each in ("ml.g5.xlarge", "ml.g6.xlarge")]
    name, operation, request = job("either", "ml.g5.xlarge", 1)
    request["ResourceConfig"] = {"InstancePreferences": preferences}
    bound = upper_bound([(name, operation, request)], price_list(Train=prices), hours=1)
    assert [line.cost for line in bound.lines] == [cost]


def test_what_an_endpoint_costs_by_the_hour_lies_between_its_capacities() -> None:
    requests = [step[1:] for step in ENDPOINT]
    assert hourly(requests, PRICES) == [Hourly("e", "Host:ml.m5.large", 1, 3, 1.0)]
    assert hourly(requests, None) == [Hourly("e", "Host:ml.m5.large", 1, 3, None)]


def test_every_usage_type_is_asked_for_once() -> None:
    assert usage_types([*STEPS, *STEPS]) == [
        "Host:ml.m5.large",
        "Train:VolumeUsage.gp2",
        "Train:ml.g5.xlarge",
        "Train:ml.m5.xlarge",
    ]


@pytest.mark.parametrize("budget", [17.0, 17.01, 1000])
def test_a_budget_that_covers_the_bound_refuses_nothing(budget: float) -> None:
    require_within(budget, upper_bound(STEPS, PRICES, hours=2))


def test_a_budget_refuses_and_says_how_it_would_fit() -> None:
    with pytest.raises(BudgetExceeded) as refused:
        require_within(15, upper_bound(STEPS, PRICES, hours=2))
    error = refused.value
    assert (error.budget, error.bound, error.currency) == (15, pytest.approx(17.0), "USD")
    assert "it may cost 17.00 USD, and the budget is 15.00 USD: nothing was made" in str(error)
    # The others cost 9, so that 6 are left: 3 hours at 2, or 4 hours at 1.50.
    (advice,) = error.advice
    assert "long is 8.00 of it (1 x 4.00 h of Train:ml.m5.xlarge at 2): at most 3.00 hours" in advice
    assert "at most 1.5000 the hour" in advice


def test_where_no_single_step_is_to_blame_the_share_that_fits_is_told() -> None:
    with pytest.raises(BudgetExceeded) as refused:
        require_within(5, upper_bound(STEPS, PRICES, hours=2))
    assert "even without long the rest costs up to 9.00 USD; the whole fits at 29 % of its hours" in str(refused.value)


def test_a_budget_refuses_what_nobody_has_a_price_for() -> None:
    bound = upper_bound(STEPS, price_list(Train={"ml.m5.xlarge": 2.0, "ml.g5.xlarge": 3.0}), hours=1)
    with pytest.raises(BudgetExceeded, match=r"not known \(11.00 USD and what has no price\)") as refused:
        require_within(1000, bound)
    assert refused.value.unpriced == ("endpoint: Host:ml.m5.large",)


@pytest.mark.parametrize(("amount", "shown"), [(0, 0), (1.0, 1.0), (1.001, 1.01), (0.1 + 0.2, 0.3), (2.675, 2.68)])
def test_a_bound_is_never_rounded_down(amount: float, shown: float) -> None:
    assert rounded_up(amount) == pytest.approx(shown)
