"""What moto's IAM lacks: SimulatePrincipalPolicy and SimulateCustomPolicy, and a look at trust policies.

The users, groups, roles and policies are moto's; requests and answers go through moto's query protocol, which
botocore's model drives. Shape of the answers:
https://docs.aws.amazon.com/IAM/latest/APIReference/API_EvaluationResult.html
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple, cast
from urllib.parse import parse_qsl

from werkzeug.wrappers import Response

from sm_raw.local.policy_conditions import Context
from sm_raw.local.policy_evaluation import Decision, Place, Policy, Statement, decide
from sm_raw.local.protocol import ServiceError
from sm_raw.local.store import ACCOUNT_ID
from sm_raw.local.wire import XML, body_of, error_response, request_id, target_of
from sm_raw.specs.policy_documents import partition_of

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment

SIGNED_FOR_IAM = "/iam/aws4_request"
TRUST_OPERATIONS = {"CreateRole": "AssumeRolePolicyDocument", "UpdateAssumeRolePolicy": "PolicyDocument"}
MOST_RESULTS = 1000
# Policies of an organization and of resources are evaluated by rules of their own, which are not here.
NOT_SIMULATED = (
    "OrderedOrganizationPolicyInputList",
    "PolicyExclusionList",
    "ResourcePolicy",
    "ResourceHandlingOption",
)
# What IAM itself answers, whatever the document says is the source.
SOURCE_TYPE = "IAM Policy"


class Simulation(NamedTuple):
    """Whose policies are simulated, and the boundary around them, if there is one."""

    policies: Sequence[Policy]
    boundary: Sequence[Policy] | None


def answer(environ: WSGIEnvironment) -> Response | None:
    """The answer to a simulation, or the refusal of a trust policy; None for all that moto answers."""
    if SIGNED_FOR_IAM not in environ.get("HTTP_AUTHORIZATION", ""):
        return None
    target = target_of(environ)
    try:
        if target.operation in TRUST_OPERATIONS:
            _refuse_trust(_form(environ).get(TRUST_OPERATIONS[target.operation], ""))
            return None
        maker = SIMULATIONS.get(target.operation)
        if maker is None:
            return None
        return _simulated(target.operation, environ, lambda request: maker(request, target.region))
    except ServiceError as error:
        return error_response("query", error)


def _form(environ: WSGIEnvironment) -> dict[str, str]:
    return dict(parse_qsl(body_of(environ).decode(errors="replace"), keep_blank_values=True))


def _refuse_trust(document: str) -> None:
    """Refuse a trust policy in IAM's words, where moto keeps anything."""
    try:
        policy = json.loads(document)
    except ValueError:
        raise _malformed("This policy contains invalid Json") from None
    statements = policy.get("Statement") if isinstance(policy, dict) else None
    bodies: list[Any] = statements if isinstance(statements, list) else [statements]
    if not all(isinstance(body, dict) and body.get("Effect") in {"Allow", "Deny"} for body in bodies):
        raise _malformed("Syntax errors in policy.")
    for body in bodies:
        if "Resource" in body or "NotResource" in body:
            raise _malformed("Has prohibited field Resource")
        if "Principal" not in body and "NotPrincipal" not in body:
            raise _malformed("Missing required field Principal")


def _malformed(message: str) -> ServiceError:
    return ServiceError("MalformedPolicyDocument", message)


def _invalid(message: str) -> ServiceError:
    return ServiceError("InvalidInput", message)


def _simulated(operation: str, environ: WSGIEnvironment, make: Callable[[Mapping[str, Any]], Simulation]) -> Response:
    from moto.core.parse import QueryParser
    from moto.core.serialize import QuerySerializer, SerializationContext
    from moto.core.utils import get_service_model

    model = get_service_model("iam").operation_model(operation)
    request = cast(Any, QueryParser(model)).parse({"values": _form(environ)})
    for name in model.input_shape.required_members if model.input_shape else ():
        if not request.get(name):
            field = name[:1].lower() + name[1:]
            raise ServiceError(
                "ValidationError",
                f"1 validation error detected: Value null at '{field}' failed to satisfy constraint: "
                "Member must not be null",
            )
    for name in NOT_SIMULATED:
        if request.get(name):
            raise _invalid(f"The local engine does not simulate {name}.")
    page = _page(request, _evaluated(request, make(request)))
    headers = request_id()
    context = SerializationContext(headers["x-amzn-RequestId"])
    return Response(QuerySerializer(model, context).serialize(page)["body"], content_type=XML, headers=headers)


def _evaluated(request: Mapping[str, Any], simulation: Simulation) -> list[dict[str, Any]]:
    """One result for each action: of all resources together, and of each by itself where some are given."""
    context: Context = {
        entry["ContextKeyName"].lower(): entry.get("ContextKeyValues", [])
        for entry in request.get("ContextEntries", [])
        if "ContextKeyName" in entry
    }
    resources = request.get("ResourceArns") or ["*"]
    results = []
    for action in request["ActionNames"]:
        decisions = {
            resource: decide(simulation.policies, action, resource, context, boundary=simulation.boundary)
            for resource in resources
        }
        results.append(_result(action, decisions, is_specific=bool(request.get("ResourceArns"))))
    return results


def _result(action: str, decisions: Mapping[str, Decision], *, is_specific: bool) -> dict[str, Any]:
    order = ("explicitDeny", "implicitDeny", "allowed")
    first = min(decisions.values(), key=lambda decision: order.index(decision.verdict))
    told = {**_told(first), "EvalDecision": first.verdict}
    result = {
        "EvalActionName": action,
        "EvalResourceName": "*" if len(decisions) > 1 else next(iter(decisions)),
        **told,
    }
    if is_specific:
        result["ResourceSpecificResults"] = [
            {"EvalResourceName": resource, "EvalResourceDecision": decision.verdict, **_told(decision)}
            for resource, decision in decisions.items()
        ]
    return result


def _told(decision: Decision) -> dict[str, Any]:
    told: dict[str, Any] = {
        "MatchedStatements": [_source(statement) for statement in decision.matched],
        "MissingContextValues": list(decision.missing),
    }
    if decision.within_boundary is not None:
        told["PermissionsBoundaryDecisionDetail"] = {"AllowedByPermissionsBoundary": decision.within_boundary}
    return told


def _source(statement: Statement) -> dict[str, Any]:
    def place(at: Place) -> dict[str, int]:
        return {"Line": at.line, "Column": at.column}

    return {
        "SourcePolicyId": statement.policy,
        "SourcePolicyType": SOURCE_TYPE,
        "StartPosition": place(statement.start),
        "EndPosition": place(statement.end),
    }


def _page(request: Mapping[str, Any], results: list[dict[str, Any]]) -> dict[str, Any]:
    most = request.get("MaxItems", MOST_RESULTS)
    if not 1 <= most <= MOST_RESULTS:
        raise _invalid(f"MaxItems is a number from 1 to {MOST_RESULTS}.")
    try:
        begin = int(base64.b64decode(request.get("Marker", ""), validate=True) or b"0")
    except (binascii.Error, ValueError):
        raise _invalid("Invalid Marker.") from None
    page: dict[str, Any] = {"EvaluationResults": results[begin : begin + most], "IsTruncated": False}
    if begin + most < len(results):
        page |= {"IsTruncated": True, "Marker": base64.b64encode(str(begin + most).encode()).decode()}
    return page


def _custom(request: Mapping[str, Any], region: str) -> Simulation:
    return Simulation(_given(request, "PolicyInputList"), _given_boundary(request))


def _principal(request: Mapping[str, Any], region: str) -> Simulation:
    from moto.iam.models import iam_backends

    own, boundary = _policies_of(iam_backends[ACCOUNT_ID][partition_of(region)], request["PolicySourceArn"])
    return Simulation([*own, *_given(request, "PolicyInputList")], _given_boundary(request) or boundary)


def _given(request: Mapping[str, Any], field: str) -> list[Policy]:
    return [_policy(f"{field}.{number}", text) for number, text in enumerate(request.get(field, []), 1)]


def _given_boundary(request: Mapping[str, Any]) -> list[Policy] | None:
    return _given(request, "PermissionsBoundaryPolicyInputList") or None


def _policy(name: str, text: str) -> Policy:
    policy = Policy(name, text)
    try:
        policy.statements  # noqa: B018  (it is read here, where a document that is none can still be refused)
    except ValueError:
        raise _invalid(f"{name} contains invalid Json") from None
    return policy


def _policies_of(iam: Any, arn: str) -> tuple[list[Policy], list[Policy] | None]:
    """The policies of a user with its groups, of a group or of a role, and the boundary of a role."""
    kind, _, path = arn.rpartition(":")[2].partition("/")
    name = path.rpartition("/")[2]
    finders: dict[str, Callable[[], Any]] = {
        "user": lambda: iam.users.get(name),
        "group": lambda: iam.groups.get(name),
        "role": lambda: next((role for role in iam.get_roles() if role.name == name), None),
    }
    if kind not in finders or not name or ":iam:" not in arn:
        raise _invalid(f"Invalid Entity Arn: {arn} does not clearly define entity type and name.")
    entity = finders[kind]()
    if entity is None or entity.arn != arn:
        raise ServiceError("NoSuchEntity", f"The {kind} with name {name} cannot be found.", status=404)
    policies = list(_attached(kind, entity))
    if kind == "user":
        policies += [policy for group in iam.get_groups_for_user(name) for policy in _attached("group", group)]
    boundary = iam.managed_policies.get(getattr(entity, "permissions_boundary_arn", None))
    return policies, None if boundary is None else [_managed(boundary)]


def _attached(kind: str, entity: Any) -> Iterator[Policy]:
    for name, text in entity.policies.items():
        yield _policy(f"{kind}_{entity.name}_{name}", text)
    for policy in entity.managed_policies.values():
        yield _managed(policy)


def _managed(policy: Any) -> Policy:
    version = next(each for each in policy.versions if each.version_id == policy.default_version_id)
    return _policy(policy.name, version.document)


SIMULATIONS: dict[str, Callable[[Mapping[str, Any], str], Simulation]] = {
    "SimulateCustomPolicy": _custom,
    "SimulatePrincipalPolicy": _principal,
}
