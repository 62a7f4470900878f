"""Everything that ``plan`` tells, gathered before a word of it is printed."""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sm_raw.aws.account.quotas import Quota, QuotasRead, read_quotas
from sm_raw.aws.clients import Clients
from sm_raw.cli.costing import bound_of, prices_for
from sm_raw.runs.bounds import Bound, Hourly, hourly, usage_types
from sm_raw.runs.capacity import Need, instances_at_most, parallel_jobs_that_fit, unsettled
from sm_raw.runs.plan import Plan
from sm_raw.runs.prices import PriceList
from sm_raw.runs.standing import Standing, standings
from sm_raw.specs import caller_policy

FITS, TOO_MANY, NOT_KNOWN, NOT_COUNTED = "fits", "too many", "not known", "counts vCPUs"


@dataclass(frozen=True)
class PlanFacts:
    """A plan, and what its target and the account behind it have to say to it."""

    plan: Plan
    asked: bool
    standings: Sequence[Standing]
    needs: Sequence[Need]
    quotas: QuotasRead
    parallel: Mapping[str, tuple[int, int | None]]
    """{tuning step: (training jobs at a time that it asks for, those that fit)}"""
    permissions: Mapping[str, Sequence[str]]
    prices: PriceList | None
    bound: Bound
    hourly: Sequence[Hourly]
    notes: Sequence[str]
    """Why something is not known."""

    def quota_of(self, need: Need) -> Quota | None:
        return self.quotas.quotas.get(need.quota_name)

    def verdict(self, need: Need) -> str:
        """Whether the quota covers the need; what runs already is not counted."""
        quota = self.quota_of(need)
        if quota is None:
            return NOT_KNOWN if need.service else NOT_COUNTED
        return FITS if need.instances <= quota.value else TOO_MANY

    def as_json(self) -> dict[str, Any]:
        """All facts in JSON's types."""
        values = self.plan.values
        return {
            "recipe": self.plan.recipe.name,
            "region": values["region"],
            "bucket": self.plan.bucket,
            "asked": self.asked,
            "steps": [_step(standing) for standing in self.standings],
            "permissions": dict(self.permissions),
            "needs": [self._need(need) for need in self.needs],
            "parallel_jobs": {step: {"asked": asked, "fit": fit} for step, (asked, fit) in self.parallel.items()},
            "cost": self.bound.as_json(),
            "hourly": [each._asdict() for each in self.hourly],
            "notes": list(self.notes),
        }

    def _need(self, need: Need) -> dict[str, Any]:
        quota = self.quota_of(need)
        return {
            "quota_name": need.quota_name,
            "needed": need.instances,
            "quota": quota and quota.value,
            "quota_code": quota and quota.code,
            "applied": quota and quota.applied,
            "verdict": self.verdict(need),
        }


def gather(plan: Plan, clients: Clients | None, options: argparse.Namespace) -> PlanFacts:
    """Ask the target, Service Quotas and the Price List API, those that are there, and reckon."""
    found = standings(plan, clients)
    requests = [(each.step.operation, each.request) for each in found]
    steps = [(each.step.name, each.step.operation, each.request) for each in found]
    needs = instances_at_most(requests)
    wanted = [(need.service, need.quota_name) for need in needs if need.service]
    quotas = read_quotas(clients.service_quotas, wanted) if clients else QuotasRead()
    region = plan.values["region"]
    prices, problems = prices_for(options, clients, region, usage_types(steps))
    return PlanFacts(
        plan=plan,
        asked=clients is not None,
        standings=found,
        needs=needs,
        quotas=quotas,
        parallel=dict(_parallel(found, quotas)),
        permissions=_permissions(requests, region, plan.values["account"]),
        prices=prices,
        bound=bound_of(steps, prices, options),
        hourly=hourly(requests, prices),
        notes=[*quotas.problems, *problems],
    )


def _parallel(found: Sequence[Standing], quotas: QuotasRead) -> list[tuple[str, tuple[int, int | None]]]:
    return [
        (each.step.name, (_asked_for(each.request), parallel_jobs_that_fit(each.request, quotas.values)))
        for each in found
        if each.step.operation == "CreateHyperParameterTuningJob" and not unsettled(each.request)
    ]


def _asked_for(request: Mapping[str, Any]) -> int:
    limits = request["HyperParameterTuningJobConfig"].get("ResourceLimits", {})
    return int(limits.get("MaxParallelTrainingJobs", 1))


def _permissions(requests: Sequence[tuple[str, Mapping[str, Any]]], region: str, account: str) -> dict[str, list[str]]:
    """{service: the actions that the caller of the run needs}"""
    actions: dict[str, set[str]] = {}
    for statement in caller_policy(requests, region=region, account=account)["Statement"]:
        for action in statement["Action"]:
            service, _, name = action.partition(":")
            actions.setdefault(service, set()).add(name)
    return {service: sorted(names) for service, names in sorted(actions.items())}


def _step(standing: Standing) -> dict[str, Any]:
    return {
        "name": standing.step.name,
        "operation": standing.step.operation,
        "does": standing.effect,
        "what": standing.noun,
        "resource": standing.name,
        "taken_names": list(standing.passed),
        "changes": {member: {"from": old, "to": new} for member, (old, new) in standing.changes.items()},
        "why": standing.why,
        "request": dict(standing.request),
    }
