"""The options of the commands that tell what something costs: ``plan``, ``run`` and ``ls``."""

from __future__ import annotations

import argparse
import math
from pathlib import Path

PRICES_FORM = """\
a price list is JSON; none comes with this package, and no price is guessed:
  {"region": "us-east-1", "currency": "USD", "date": "2026-11-01",
   "source": "URL", "prices": {"Train:ml.m5.xlarge": NUMBER, ...}}

prices are by usage type, as on a bill but without its region:
  Train: Processing: Tsform: Host: AsyncInf: and an instance type    an hour
  BoxUsage: and an instance type of EC2                              an hour
  Train:VolumeUsage.gp2 Host:VolumeUsage.gp2 EBS:VolumeUsage.gp3     a GB-month
  ServerlessInf:Mem-4GB ProvisionedConcurrency:Mem-4GB               a second
  Lambda-Provisioned-Concurrency                                     a GB-second
"""


def add_cost_options(parser: argparse.ArgumentParser) -> None:
    """Add --prices, --hours and --budget."""
    costs = parser.add_argument_group("costs")
    add_prices(costs, "without one AWS's Price List API is asked, if AWS is")
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
        help="refuse, before anything is made, if it may cost more (in the currency of the prices), or if a price is "
        "not known",
    )


def add_prices(parser: argparse._ActionsContainer, otherwise: str) -> None:
    """Add --prices; ``otherwise`` says what is done without it."""
    parser.add_argument("--prices", type=Path, metavar="FILE", help=f"a price list (see plan --help); {otherwise}")


def _positive(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not 0 < value < math.inf:
        raise argparse.ArgumentTypeError(f"{text}: give a number above 0")
    return value
