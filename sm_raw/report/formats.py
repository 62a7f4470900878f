"""Values as a reader wants them: three significant digits, units, and an en dash for what is missing."""

from __future__ import annotations

import json
import math
from datetime import datetime, timezone

from sm_raw.report.reading import finite

MISSING = "\N{EN DASH}"


def value(given: object) -> str:
    """Any value of a table cell: a number, a switch, a name, or JSON for anything deeper."""
    if given is None or given == "":
        return MISSING
    if isinstance(given, bool):
        return "true" if given else "false"
    if isinstance(given, (int, float)):
        return number(given)
    return given if isinstance(given, str) else json.dumps(given, sort_keys=True, default=str)


def number(given: object) -> str:
    """``0.0123``, ``97.2``, ``1,797``, ``3.75e-5``."""
    amount = finite(given)
    if amount is None:
        return str(given) if isinstance(given, float) and not math.isfinite(given) else MISSING
    if amount == int(amount) and abs(amount) < 1e15:
        return f"{int(amount):,}"
    if 1000 <= abs(amount) < 1e15:
        return f"{amount:,.0f}"
    mantissa, e, exponent = f"{amount:.3g}".partition("e")
    return f"{mantissa}e{int(exponent)}" if e else mantissa


def percent(given: object) -> str:
    """A share between 0 and 1. What is not quite all or nothing is never rounded to it."""
    share = finite(given)
    if share is None:
        return MISSING
    if 0 < share < 0.001:
        return "<0.1%"
    if 0.9995 <= share < 1:
        return ">99.9%"
    return f"{number(round(share * 100, 1))}%"


def seconds(given: object) -> str:
    """``4.2 s``, ``42 s``, ``2 min 14 s``, ``1 h 5 min``; below a tenth of a second in ms."""
    amount = finite(given)
    if amount is None or amount < 0:
        return MISSING
    if amount < 0.0995:
        return f"{amount * 1000:.0f} ms" if amount else "0 s"
    if amount < 9.95:
        return f"{amount:.1f} s"
    whole = round(amount)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s" if whole % 60 else f"{whole // 60} min"
    minutes = round(amount / 60)
    return f"{minutes // 60:,} h {minutes % 60} min" if minutes % 60 else f"{minutes // 60:,} h"


def milliseconds(given: object) -> str:
    amount = finite(given)
    return MISSING if amount is None else seconds(amount / 1000)


def instant(iso: object) -> datetime | None:
    """The moment that an ISO 8601 text names; without an offset it is taken as UTC."""
    try:
        moment = datetime.fromisoformat(str(iso).replace("Z", "+00:00"))
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=timezone.utc)


def clock(iso: object) -> str:
    """``2026-11-21 14:03 UTC``"""
    moment = instant(iso)
    return f"{moment.astimezone(timezone.utc):%Y-%m-%d %H:%M} UTC" if moment else MISSING


def count(amount: int, noun: str) -> str:
    """``1 instance``, ``3 instances``"""
    return f"{amount:,} {noun}" if amount == 1 else f"{amount:,} {noun}s"
