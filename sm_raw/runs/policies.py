"""The policies of a run: the caller's, those of the roles that it uses, and of those that it makes itself."""

from __future__ import annotations

import json
from typing import Any

from sm_raw.runs.plan import Plan
from sm_raw.specs.command_permissions import (
    cleaning_policy,
    doctor_policy,
    lifetime_policy,
    listing_policy,
    plan_policy,
)
from sm_raw.specs.identity import trust_policy
from sm_raw.specs.permissions import caller_policy
from sm_raw.specs.policy_documents import PolicyDocument
from sm_raw.specs.role_permissions import execution_role_policy
from sm_raw.specs.run_resources import Requests, operation_of


def policies(plan: Plan) -> dict[str, Any]:
    """Every policy of the plan, by whom it is for.

    ``caller`` sends the run, follows it and takes it down; ``caller_also`` holds what other commands take besides, by
    command. The execution role's trust policy stands beside its rights; ``roles_made`` are those of the recipe's own
    documents, with what those say.
    """
    requests = [(step.operation, request) for step, request in plan.preview()]
    place = {"region": str(plan.values["region"]), "account": str(plan.values["account"])}
    role_arn = str(plan.values["role_arn"])
    return {
        "caller": caller_policy(requests, **place),
        "caller_also": _beside(requests, place, bucket=plan.bucket, role_arn=role_arn),
        "execution_role": execution_role_policy(requests, **place, role_arn=role_arn),
        "execution_role_trust": trust_policy("sagemaker", region=place["region"]),
        "roles_made": roles_made(requests),
    }


def _beside(requests: Requests, place: dict[str, str], *, bucket: str, role_arn: str) -> dict[str, PolicyDocument]:
    return {
        "plan and run --budget, of AWS": plan_policy(),
        "doctor": doctor_policy(requests, **place, bucket=bucket, role_arn=role_arn),
        "run --lifetime and down --expired": lifetime_policy(requests, **place),
        "down --objects --logs": cleaning_policy(requests, **place),
        "ls": listing_policy(**place),
    }


def roles_made(requests: Requests) -> dict[str, dict[str, Any]]:
    """{name of a role that the requests make: its ``trust``, its ``policies`` by name, ARNs that are ``attached``}."""
    made: dict[str, dict[str, Any]] = {}
    for operation, request in requests:
        role = made.setdefault(str(request.get("RoleName")), {"trust": None, "policies": {}, "attached": []})
        sent = operation_of(operation)
        if sent == "CreateRole":
            role["trust"] = json.loads(request["AssumeRolePolicyDocument"])
        elif sent == "PutRolePolicy":
            role["policies"][request["PolicyName"]] = json.loads(request["PolicyDocument"])
        elif sent == "AttachRolePolicy":
            role["attached"].append(request["PolicyArn"])
    return {name: role for name, role in made.items() if role["trust"] is not None}
