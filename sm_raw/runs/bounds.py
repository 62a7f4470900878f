"""Charges with prices: what each step costs at most, and whether a budget covers the whole."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, NamedTuple

from sm_raw.aws.account.prices import family_of
from sm_raw.errors import BudgetExceeded
from sm_raw.runs.capacity import Requests, hosted, unsettled
from sm_raw.runs.costs import Charge, Quantity, Steps, charges
from sm_raw.runs.prices import PriceList

CENT = 0.01


class Line(NamedTuple):
    """A quantity with its price; ``cost`` is None where there is no price."""

    step: str
    usage_type: str
    reckoning: str
    amount: float
    unit: str
    price: float | None
    cost: float | None


class Hourly(NamedTuple):
    """What goes on costing until somebody removes it: in an hour, between these."""

    name: str
    usage_type: str
    low: int
    high: int
    price: float | None


@dataclass(frozen=True)
class Bound:
    """An upper bound. It is complete only if nothing is ``unpriced``; ``left_out`` are disks without a price."""

    total: float
    currency: str
    hours: float
    lines: Sequence[Line]
    unpriced: Sequence[str]
    left_out: Sequence[str]
    prices: str

    @property
    def complete(self) -> bool:
        return not self.unpriced

    def __str__(self) -> str:
        more = "" if self.complete else " and what has no price"
        return f"may cost {rounded_up(self.total):.2f} {self.currency}{more} at most, by {self.prices or 'no prices'}"

    def as_json(self) -> dict[str, Any]:
        """All of it in JSON's types."""
        lines = [line._asdict() for line in self.lines]
        return {**asdict(self), "complete": self.complete, "lines": lines}


def usage_types(steps: Steps) -> list[str]:
    """Every usage type that the bound of these steps needs a price for."""
    found = {each.usage_type for charge in charges(steps, hours=1) for option in charge.options for each in option}
    return sorted(found)


def upper_bound(steps: Steps, prices: PriceList | None, *, hours: float) -> Bound:
    """What the steps cost at most; endpoints and whatever else has no end count for ``hours``."""
    lines: list[Line] = []
    unpriced: list[str] = []
    left_out: list[str] = []
    for charge in charges(steps, hours=hours):
        if charge.unknown:
            unpriced.append(f"{charge.step}: {charge.unknown}")
            continue
        found = _dearest(charge, prices.prices if prices else {})
        missing = [line.usage_type for line in found if line.cost is None]
        if missing and charge.optional:
            left_out += missing
            continue
        lines += found
        unpriced += [f"{charge.step}: {usage_type}" for usage_type in missing]
    return Bound(
        total=sum(line.cost or 0 for line in lines),
        currency=prices.currency if prices else "",
        hours=hours,
        lines=lines,
        unpriced=list(dict.fromkeys(unpriced)),
        left_out=sorted(set(left_out)),
        prices=str(prices) if prices else "",
    )


def hourly(requests: Requests, prices: PriceList | None) -> list[Hourly]:
    """What the requests leave running, and what it costs by the hour: endpoints on instances."""
    known = prices.prices if prices else {}
    settled = [(operation, request) for operation, request in requests if not unsettled(request)]
    found = []
    for each in hosted(settled):
        if "InstanceType" in each.variant:
            usage_type = f"{'AsyncInf' if each.asynchronous else 'Host'}:{each.variant['InstanceType']}"
            found.append(Hourly(each.endpoint, usage_type, each.low, each.high, known.get(usage_type)))
    return found


def require_within(budget: float, bound: Bound) -> None:
    """Raise BudgetExceeded unless the bound is complete and not above ``budget``."""
    if bound.complete and bound.total <= budget:
        return
    raise BudgetExceeded(
        budget,
        rounded_up(bound.total),
        bound.currency,
        unpriced=bound.unpriced,
        advice=list(_advice(budget, bound)) if bound.complete else [NO_PRICE],
    )


NO_PRICE = "give a price list that has them (--prices FILE), or take those steps out"


def rounded_up(amount: float) -> float:
    """To the next cent: a bound is never rounded down."""
    return math.ceil(amount / CENT - 1e-9) * CENT


def _dearest(charge: Charge, known: Mapping[str, float]) -> list[Line]:
    """The option that costs most; one that has no price counts as dearer than all."""
    options = [[_line(charge.step, each, known) for each in option] for option in charge.options]
    return max(options, key=_cost_of, default=[])


def _cost_of(lines: Iterable[Line]) -> float:
    return sum(math.inf if line.cost is None else line.cost for line in lines)


def _line(step: str, quantity: Quantity, known: Mapping[str, float]) -> Line:
    family, price = family_of(quantity.usage_type), known.get(quantity.usage_type)
    cost = None if price is None else price * quantity.amount
    return Line(
        step, quantity.usage_type, quantity.reckoning, quantity.amount, family.unit if family else "", price, cost
    )


def _advice(budget: float, bound: Bound) -> Iterable[str]:
    """How far the dearest line must come down, the others staying as they are."""
    line = max(bound.lines, key=lambda line: line.cost or 0)
    rest = bound.total - (line.cost or 0)
    left = budget - rest
    if left <= 0 or not line.price:
        share = math.floor(100 * budget / bound.total)
        yield (
            f"even without {line.step} the rest costs up to {rounded_up(rest):.2f} {bound.currency}; the whole fits at "
            f"{share} % of its hours: fewer jobs, a shorter MaxRuntimeInSeconds, fewer --hours or other instances"
        )
        return
    yield (
        f"{line.step} is {rounded_up(line.cost or 0):.2f} of it ({line.reckoning} of {line.usage_type} at "
        f"{line.price:g}): at most {left / line.price:.2f} {line.unit}s, by fewer jobs or a shorter "
        f"MaxRuntimeInSeconds; or what costs at most {left / line.amount:.4f} the {line.unit}"
    )
