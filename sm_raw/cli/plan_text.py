"""What ``plan`` tells, in lines for a terminal of 80 columns."""

from __future__ import annotations

import json
import textwrap
from collections.abc import Iterator, Sequence

from sm_raw.cli.plan_facts import PlanFacts
from sm_raw.cli.telling import count
from sm_raw.runs.bounds import Bound, Hourly, rounded_up
from sm_raw.runs.standing import REUSE, Standing

WIDTH = 80
NOBODY = "nobody was asked what is there: give --target aws, or --endpoint-url URL"


def plan_lines(facts: PlanFacts, *, requests: bool = False) -> Iterator[str]:
    """The whole plan; with ``requests``, each of them as JSON at the end."""
    values = facts.plan.values
    yield from _wrapped(f"recipe {facts.plan.recipe.name} in {values['region']}, bucket {facts.plan.bucket}", indent="")
    yield ""
    yield from _steps(facts)
    yield ""
    yield "the caller's permissions (whole policies: python -m sm_raw policy)"
    yield from _permissions(facts)
    yield ""
    yield "at most at one time"
    yield from _needs(facts)
    yield ""
    yield from _costs(facts.bound, facts.hourly)
    if any(standing.effect == REUSE for standing in facts.standings):
        yield "  what is reused counts here as if it were made again"
    yield from (line for note in facts.notes for line in _wrapped(f"not known: {note}"))
    for standing in facts.standings if requests else ():
        yield f"\n# {standing.step.name}: {standing.step.operation}"
        yield json.dumps(standing.request, indent=2)


def fitted(rows: Sequence[Sequence[str]], width: int = WIDTH) -> Iterator[str]:
    """A table's lines; the last cell of a row that would be too long stands on a line of its own."""
    return (line for lines in fitted_rows(rows, width) for line in lines)


def fitted_rows(rows: Sequence[Sequence[str]], width: int = WIDTH) -> Iterator[list[str]]:
    """The one or two lines of each row."""
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]) - 1)]
    for row in rows:
        start = "  " + "".join(f"{cell:<{size}}  " for cell, size in zip(row, widths, strict=False))
        fits = len(start) + len(row[-1]) <= width
        yield [(start + row[-1]).rstrip()] if fits else [start.rstrip(), f"      {row[-1]}"]


def _steps(facts: PlanFacts) -> Iterator[str]:
    rows = [("step", "does", "operation", "name")]
    rows += [(each.step.name, each.effect, each.step.operation, each.name) for each in facts.standings]
    yield from fitted(rows)
    for each in facts.standings:
        yield from (line for remark in _remarks(each) for line in _wrapped(f"{each.step.name}: {remark}"))
    if not facts.asked:
        yield f"  {NOBODY}"


def _remarks(standing: Standing) -> Iterator[str]:
    if standing.passed:
        yield f"{', '.join(standing.passed)} failed or was stopped, so another name is taken"
    for member, (old, new) in standing.changes.items():
        before, after = json.dumps(old, default=str), json.dumps(new, default=str)
        short = len(before) + len(after) <= WIDTH
        yield f"{member} is {before} and becomes {after}" if short else f"{member} changes (whole: --format json)"
    if standing.why:
        yield f"what is there is not known: {standing.why}"


def _permissions(facts: PlanFacts) -> Iterator[str]:
    for service, actions in facts.permissions.items():
        yield from textwrap.wrap(
            " ".join(actions),
            WIDTH,
            initial_indent=f"  {service:<23}  ",
            subsequent_indent=" " * 27,
            break_on_hyphens=False,
        )


def _needs(facts: PlanFacts) -> Iterator[str]:
    if not facts.asked:
        counted = [(str(need.instances), need.quota_name) for need in facts.needs]
        yield from fitted([("instances", "quota that counts them"), *counted])
        return
    rows = [("needed", "quota", "verdict", "of")]
    for need in facts.needs:
        quota = facts.quota_of(need)
        value = "" if quota is None else f"{quota.value:g}{'' if quota.applied else ' (default)'}"
        rows.append((str(need.instances), value, facts.verdict(need), need.quota_name))
    yield from fitted(rows)
    for step, (asked, fit) in facts.parallel.items():
        if fit is not None:
            yield f"  {step}: there is room for {count(fit, 'training job')} at a time, and it asks for {asked}"
    if facts.quotas.quotas:
        yield "  what runs in the account already counts towards its quotas, too"


def _costs(bound: Bound, left_running: Sequence[Hourly]) -> Iterator[str]:
    if not bound.prices:
        yield "what is paid for, at most; no prices are known"
    else:
        yield from _wrapped(f"cost at most, in {bound.prices}", indent="")
    rows = [("step", "reckoning", "price", "at most", "usage type")]
    for line in bound.lines:
        price = "" if line.price is None else f"{line.price:.10f}".rstrip("0").rstrip(".")
        cost = "" if line.cost is None else f"{rounded_up(line.cost):.2f}"
        rows.append((line.step, line.reckoning, price, cost, line.usage_type))
    if bound.prices:
        rows.append(
            ("total", "", "", f"{rounded_up(bound.total):.2f}", "" if bound.complete else "and what has no price")
        )
    yield from fitted(rows)
    yield from _about(bound, left_running)


def _about(bound: Bound, left_running: Sequence[Hourly]) -> Iterator[str]:
    """What has to be known to read the table."""
    if bound.prices:
        yield from (line for each in bound.unpriced for line in _wrapped(f"no price known: {each}"))
    for each in left_running:
        yield from _wrapped(f"{each.name}: {_an_hour(each, bound.currency)}, until it is removed")
    if left_running:
        hours = f"{bound.hours:g} {'hour' if bound.hours == 1 else 'hours'}"
        yield from _wrapped(f"counted for {hours} here (--hours): a run removes it after its predictions")
    left_out = f", {', '.join(bound.left_out)}" if bound.left_out else ""
    yield from _wrapped(f"not counted: S3, logs, traffic, requests, taxes{left_out}")


def _an_hour(each: Hourly, currency: str) -> str:
    count = f"{each.low}" if each.low == each.high else f"{each.low} to {each.high}"
    instances = f"{count} x {each.usage_type}"
    if each.price is None:
        return f"{instances} an hour"
    low, high = rounded_up(each.low * each.price), rounded_up(each.high * each.price)
    amount = f"{high:.2f}" if low == high else f"{low:.2f} to {high:.2f}"
    return f"{instances}, {amount} {currency} an hour"


def _wrapped(text: str, indent: str = "  ") -> list[str]:
    return textwrap.wrap(
        text,
        WIDTH,
        initial_indent=indent,
        subsequent_indent=indent + "  ",
        break_on_hyphens=False,
        break_long_words=False,
    )
