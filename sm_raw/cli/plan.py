"""``plan`` and ``policy``: what a run would do, need and be allowed, before anything is made or anyone is asked."""

from __future__ import annotations

import argparse
import json
import tempfile
from pathlib import Path

from sm_raw.cli.run import make_plan, told
from sm_raw.cli.targets import offline_surroundings
from sm_raw.cli.telling import SUCCESS, table
from sm_raw.runs.capacity import instances_at_most
from sm_raw.runs.effects import EFFECTS
from sm_raw.runs.plan import Plan
from sm_raw.specs import caller_policy, execution_role_policy


def plan(options: argparse.Namespace) -> int:
    """Print the steps with the names of what they make, and the instances that they need at most."""
    return told(lambda story: _show_plan(_offline(options)))


def policy(options: argparse.Namespace) -> int:
    """Print the IAM policies of the run: the caller's, and that of the role that SageMaker takes."""
    return told(lambda story: _show_policies(_offline(options)))


def _offline(options: argparse.Namespace) -> Plan:
    with tempfile.TemporaryDirectory(prefix="sm-raw-") as work:
        return make_plan(options, offline_surroundings(options), Path(work))


def _show_plan(planned: Plan) -> int:
    requests = planned.preview()
    print(f"recipe {planned.recipe.name} in {planned.values['region']}, bucket {planned.bucket}\n")
    rows = [("step", "operation", "name")]
    rows += [(step.name, step.operation, request[EFFECTS[step.operation].name]) for step, request in requests]
    print(table(rows))
    print("\ninstances at most at one time")
    needs = instances_at_most([(step.operation, request) for step, request in requests])
    print(table([("instances", "quota"), *((str(need.instances), need.quota_name) for need in needs)]))
    return SUCCESS


def _show_policies(planned: Plan) -> int:
    requests = [(step.operation, request) for step, request in planned.preview()]
    place = {"region": planned.values["region"], "account": planned.values["account"]}
    policies = {
        "caller": caller_policy(requests, **place),
        "execution_role": execution_role_policy(requests, **place, role_arn=planned.values["role_arn"]),
    }
    print(json.dumps(policies, indent=2))
    return SUCCESS
