"""From the options of a command to prices, a bound and a verdict."""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterable

from sm_raw.aws.account.prices import read_prices
from sm_raw.aws.clients import Clients
from sm_raw.errors import SmRawError
from sm_raw.runs.bounds import Bound, hourly, require_within, upper_bound, usage_types
from sm_raw.runs.costs import Steps
from sm_raw.runs.plan import Plan
from sm_raw.runs.prices import PriceList, load_prices, told_prices

DEFAULT_HOURS = 1.0
NOBODY_ASKED = "prices: nobody was asked, and no price list is given (--prices FILE)"


def prices_for(
    options: argparse.Namespace, clients: Clients | None, region: str, wanted: Iterable[str]
) -> tuple[PriceList | None, list[str]]:
    """The price list of the options, or what the Price List API says; and why there is none, in a line each."""
    if options.prices is not None:
        return load_prices(options.prices, region=region), []
    if clients is None:
        return None, [NOBODY_ASKED]
    read = read_prices(clients.pricing, region, wanted)
    if not read.prices:
        return None, read.problems or ["prices: the Price List API has none of these"]
    return told_prices(read, region=region, today=time.strftime("%Y-%m-%d")), read.problems


def steps_of(plan: Plan) -> Steps:
    """Every step of a plan that sends a request, as what costs is reckoned from."""
    return [(step.name, step.operation, request) for step, request in plan.preview()]


def bound_of(steps: Steps, prices: PriceList | None, options: argparse.Namespace) -> Bound:
    """What the steps cost at most, for as long as the options say."""
    return upper_bound(steps, prices, hours=options.hours or DEFAULT_HOURS)


def require_budget(options: argparse.Namespace, plan: Plan, clients: Clients | None) -> Bound | None:
    """The bound of a run, which its budget covers if it has one. Raises BudgetExceeded.

    None where nobody asks for it: there is neither a budget nor a price list.
    """
    if options.budget is None and options.prices is None:
        return None
    steps = steps_of(plan)
    if (
        options.budget is not None
        and options.keep
        and options.hours is None
        and hourly([request[1:] for request in steps], None)
    ):
        raise SmRawError("an endpoint that is kept (--keep) has no end: say for how many hours to count it (--hours N)")
    prices, _ = prices_for(options, clients, plan.values["region"], usage_types(steps))
    bound = bound_of(steps, prices, options)
    if options.budget is not None:
        require_within(options.budget, bound)
    return bound
