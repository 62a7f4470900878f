"""What a plan would find at its target: what each step would make, reuse or change there.

Names carry a hash of their request, so what has the name is the same thing; only what overwrites has to be compared.
Nothing is changed by asking.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from sm_raw.aws.account.asking import in_one_line
from sm_raw.aws.clients import Clients
from sm_raw.runs.effects import EFFECTS, noun_of
from sm_raw.runs.existing import find_existing, is_usable
from sm_raw.runs.placeholders import placeholders
from sm_raw.runs.plan import Plan, StepResult
from sm_raw.runs.recipe import RecipeStep

CREATE, REUSE, CHANGE, SAME, OVERWRITE = "create", "reuse", "change", "unchanged", "overwrite"
UNKNOWN = "not known"
ATTEMPTS = 100

Words = Callable[[Mapping[str, Any], Mapping[str, Any]], Mapping[str, Any]]


def _own_words(request: Mapping[str, Any], existing: Mapping[str, Any]) -> Mapping[str, Any]:
    return existing


def _policy_words(request: Mapping[str, Any], existing: Mapping[str, Any]) -> Mapping[str, Any]:
    """IAM tells a policy as a document, and takes it as text."""
    same = json.loads(request["PolicyDocument"]) == existing["PolicyDocument"]
    return {**existing, "PolicyDocument": request["PolicyDocument"] if same else existing["PolicyDocument"]}


def _concurrency_words(request: Mapping[str, Any], existing: Mapping[str, Any]) -> Mapping[str, Any]:
    return {**request, "ProvisionedConcurrentExecutions": existing["RequestedProvisionedConcurrentExecutions"]}


COMPARED: Mapping[str, Words] = {
    "RegisterScalableTarget": _own_words,
    "PutScalingPolicy": _own_words,
    "PutRolePolicy": _policy_words,
    "PutProvisionedConcurrencyConfig": _concurrency_words,
}
"""{operation that overwrites: what exists, in the words of its request}; of the others it is not known."""


@dataclass(frozen=True)
class Standing:
    """What becomes of a step. ``effect``: create, reuse, change, unchanged, overwrite or not known (``why``).

    ``request`` carries the name that a run would use; ``passed`` are names before it that are taken by what failed or
    was stopped; ``changes``: {member: (what it is, what it would be)}.
    """

    step: RecipeStep
    request: Mapping[str, Any]
    effect: str = CREATE
    passed: tuple[str, ...] = ()
    changes: Mapping[str, tuple[Any, Any]] = field(default_factory=dict)
    why: str = ""

    @property
    def name(self) -> str:
        """The name of what the step makes."""
        return str(self.request[EFFECTS[self.step.operation].name])

    @property
    def noun(self) -> str:
        """What kind of thing that is: "training job"."""
        return noun_of(self.step.operation)


def standings(plan: Plan, clients: Clients | None) -> list[Standing]:
    """What becomes of each step that sends a request; without clients nobody is asked, and all is to be created.

    As a run with ``--if-exists reuse`` would do it, whose names follow from what it finds.
    """
    results: dict[str, StepResult] = {}
    found = []
    for step in plan.recipe.steps:
        if step.operation:
            standing = _standing(plan, step, results, clients)
            results[step.name] = StepResult(standing.name, standing.request)
            found.append(standing)
    return found


def _standing(plan: Plan, step: RecipeStep, results: Mapping[str, StepResult], clients: Clients | None) -> Standing:
    from botocore.exceptions import ClientError

    request = plan.request(step, results)
    if clients is None:
        return Standing(step, request)
    try:
        return _asked(plan, step, results, clients)
    except ClientError as error:
        return Standing(step, request, UNKNOWN, why=in_one_line(error))


def _asked(plan: Plan, step: RecipeStep, results: Mapping[str, StepResult], clients: Clients) -> Standing:
    passed: tuple[str, ...] = ()
    for attempt in range(1, ATTEMPTS):
        request = plan.request(step, results, attempt)
        existing = _find(clients, step.operation, request)
        if existing is None:
            break
        if EFFECTS[step.operation].overwrites:
            return _overwritten(step, request, existing)
        if is_usable(step.operation, existing):
            return Standing(step, request, REUSE, passed)
        passed += (str(request[EFFECTS[step.operation].name]),)
    return Standing(step, request, CREATE, passed)


def _find(clients: Clients, operation: str, request: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """What the target has under the request's name; a name that only a run can tell is not there yet."""
    if next(placeholders(request[EFFECTS[operation].name]), None):
        return None
    return find_existing(clients, operation, request)


def _overwritten(step: RecipeStep, request: Mapping[str, Any], existing: Mapping[str, Any]) -> Standing:
    words = COMPARED.get(step.operation)
    if words is None:
        return Standing(step, request, OVERWRITE)
    changes = dict(differences(request, words(request, existing)))
    return Standing(step, request, CHANGE if changes else SAME, changes=changes)


def differences(
    request: Mapping[str, Any], existing: Mapping[str, Any], before: str = ""
) -> Iterator[tuple[str, tuple[Any, Any]]]:
    """(member, (what it is, what the request would make of it)); what the request leaves out stays as it is."""
    for member, value in request.items():
        there = existing.get(member)
        if isinstance(value, Mapping) and isinstance(there, Mapping):
            yield from differences(value, there, f"{before}{member}.")
        elif there != value:
            yield f"{before}{member}", (there, value)
