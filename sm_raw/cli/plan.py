"""``plan`` and ``policy``: what a run would do, need, cost and be allowed, before anything is made.

Without a target that can be asked nobody is asked, and no client is made.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from pathlib import Path

from sm_raw.aws.clients import Clients, local_clients
from sm_raw.cli.plan_facts import PlanFacts, gather
from sm_raw.cli.plan_text import plan_lines
from sm_raw.cli.run import make_plan, told
from sm_raw.cli.targets import LOCAL_REGION, aws_target, offline_surroundings
from sm_raw.cli.telling import SUCCESS, tell
from sm_raw.errors import SmRawError
from sm_raw.runs.bounds import require_within
from sm_raw.runs.plan import Plan, Surroundings
from sm_raw.runs.policies import policies
from sm_raw.runs.prices import save_prices
from sm_raw.specs.policy_documents import MANAGED_POLICY_CHARACTERS, policy_text, split_policy


def plan(options: argparse.Namespace) -> int:
    """Print the steps, what becomes of each, and what the run needs, may do and costs; refuse one above its budget."""
    return told(lambda story: _plan(options))


def policy(options: argparse.Namespace) -> int:
    """Print the IAM policies of the run: the caller's, and those of every role in it."""
    return told(lambda story: _show_policies(_planned(options, offline_surroundings(options))))


def _plan(options: argparse.Namespace) -> int:
    clients, surroundings = _asked(options)
    facts = gather(_planned(options, surroundings), clients, options)
    if options.format == "json":
        print(json.dumps(facts.as_json(), indent=2, default=str))
    else:
        print("\n".join(plan_lines(facts, requests=options.requests)))
    if options.write_prices is not None:
        _save(facts, options.write_prices)
    if options.budget is not None:
        require_within(options.budget, facts.bound)
    return SUCCESS


def _asked(options: argparse.Namespace) -> tuple[Clients | None, Surroundings]:
    """Clients of the target that the options name, if it can be asked, and where the run would be."""
    if options.endpoint_url is not None:
        if options.target == "aws":
            raise SmRawError("--endpoint-url belongs to the local target; for AWS, the usual AWS configuration decides")
        return local_clients(options.endpoint_url, options.region or LOCAL_REGION), offline_surroundings(options)
    if options.target == "aws" and not options.offline:
        return aws_target(options)
    return None, offline_surroundings(options)


def _planned(options: argparse.Namespace, surroundings: Surroundings) -> Plan:
    with tempfile.TemporaryDirectory(prefix="sm-raw-") as work:
        return make_plan(options, surroundings, Path(work))


def _save(facts: PlanFacts, path: Path) -> None:
    if facts.prices is None:
        raise SmRawError(f"no price is known that could be written to {path}")
    save_prices(facts.prices, path)
    tell(f"wrote {len(facts.prices.prices)} prices to {path}")


def _show_policies(planned: Plan) -> int:
    found = policies(planned)
    print(json.dumps(found, indent=2))
    for name in ("caller", "execution_role"):
        characters, parts = len(policy_text(found[name])), len(split_policy(found[name]))
        if parts > 1:
            tell(
                f"{name}: {characters:,} characters without blanks, and a managed policy holds "
                f"{MANAGED_POLICY_CHARACTERS:,}: make {parts} of it, by statements"
            )
    return SUCCESS
