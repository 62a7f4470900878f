"""``ls``: what runs in the account, whoever started it, and what it costs in an hour."""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator, Sequence
from datetime import datetime, timezone
from typing import Any

from sm_raw.cli.costing import prices_for
from sm_raw.cli.jobs import clients_of
from sm_raw.cli.plan_text import fitted_rows
from sm_raw.cli.run import told
from sm_raw.cli.telling import SUCCESS
from sm_raw.runs.bounds import rounded_up
from sm_raw.runs.prices import PriceList
from sm_raw.runs.running import Running, running
from sm_raw.runs.story import Story


def ls(options: argparse.Namespace) -> int:
    """List jobs under way, endpoints, warm pools and functions kept ready: what goes on costing."""
    return told(lambda story: _ls(options, story))


def _ls(options: argparse.Namespace, story: Story) -> int:
    clients = clients_of(options)
    found = running(clients, story.line)
    prices: PriceList | None = None
    if options.prices is not None or options.costs:
        wanted = {use.usage_type for each in found for use in each.uses}
        prices, problems = prices_for(options, clients, clients.region, wanted)
        for problem in problems:
            story.line(f"not known: {problem}")
    if options.format == "json":
        print(json.dumps([_as_json(each, prices) for each in found], indent=2))
    elif found:
        print("\n".join(_lines(found, prices)))
    else:
        story.line("nothing runs")
    return SUCCESS


def _lines(found: Sequence[Running], prices: PriceList | None) -> Iterator[str]:
    """A table in which each name, which may be long, has a line of its own."""
    rows: list[tuple[str, ...]] = [("what", "status", "since (UTC)", f"{prices.currency}/h" if prices else "", "on")]
    rows += [_row(each, prices) for each in found]
    if prices:
        costs = [each.cost_an_hour(prices.prices) for each in found]
        more = "and what is not known" if None in costs else ""
        rows.append(("in all", "", "", f"{rounded_up(sum(cost or 0 for cost in costs)):.2f}", more))
    else:
        rows = [(*row[:3], row[4]) for row in rows]
    names = ["name", *(f"{each.name}{_end(each)}" for each in found), ""]
    for lines, name in zip(fitted_rows(rows), names, strict=False):
        yield from lines
        if name:
            yield f"    {name}"


def _row(each: Running, prices: PriceList | None) -> tuple[str, ...]:
    cost = each.cost_an_hour(prices.prices) if prices and each.uses else None
    return (
        each.what,
        each.status,
        _moment(each.since),
        f"{rounded_up(cost):.2f}" if cost is not None else "?" if prices and each.uses else "",
        ", ".join(use.shown for use in each.uses),
    )


def _end(each: Running) -> str:
    return f", until {_moment(each.until)}" if each.until else ""


def _moment(moment: datetime) -> str:
    return f"{moment.astimezone(timezone.utc):%m-%d %H:%M}"


def _as_json(each: Running, prices: PriceList | None) -> dict[str, Any]:
    return {
        "what": each.what,
        "name": each.name,
        "status": each.status,
        "since": each.since.isoformat(),
        "until": each.until.isoformat() if each.until else None,
        "uses": [{"usage_type": use.usage_type, "an_hour": use.an_hour, "shown": use.shown} for use in each.uses],
        "cost_an_hour": each.cost_an_hour(prices.prices) if prices and each.uses else None,
        "currency": prices.currency if prices else None,
    }
