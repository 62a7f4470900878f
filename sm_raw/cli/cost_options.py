"""The options of the commands that tell what something costs: ``plan``, ``run`` and ``ls``."""

from __future__ import annotations

import argparse
import math
from pathlib import Path

PRICES_FORM = """\
a price list is JSON, and none comes with this package:
  {"region": "us-east-1", "currency": "USD", "date": "2026-11-01", "source": "URL or name",
   "prices": {"Train:ml.m5.xlarge": NUMBER, "Host:ml.m5.large": NUMBER, ...}}
  by usage type, as on a bill but without the region: Train, Processing, Tsform, Host and AsyncInf (an hour of an
  instance), BoxUsage (the same on EC2), Train:VolumeUsage.gp2, Host:VolumeUsage.gp2 and EBS:VolumeUsage.gp3
  (a GB-month), ServerlessInf:Mem-4GB and ProvisionedConcurrency:Mem-4GB (a second),
  Lambda-Provisioned-Concurrency (a GB-second)
"""


def add_cost_options(parser: argparse.ArgumentParser) -> None:
    """Add --prices, --hours and --budget."""
    costs = parser.add_argument_group("costs")
    add_prices(costs)
    costs.add_argument(
        "--hours",
        type=_positive,
        metavar="N",
        help="count an endpoint, and what else has no end, for so many hours (1: a run removes it after predicting)",
    )
    costs.add_argument(
        "--budget",
        type=_positive,
        metavar="AMOUNT",
        help="refuse, before anything is made, if it may cost more, or if a price is not known",
    )


def add_prices(parser: argparse._ActionsContainer) -> None:
    """Add --prices."""
    parser.add_argument(
        "--prices", type=Path, metavar="FILE", help="a price list; without one the Price List API is asked, if any is"
    )


def _positive(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not 0 < value < math.inf:
        raise argparse.ArgumentTypeError(f"{text}: give a number above 0")
    return value
