"""One line about what a step has made, from its request and the service's description of it."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

Fields = Mapping[str, Any]


def detail_of(operation: str, request: Fields, response: Fields) -> str:
    """The line; empty where the name says it all."""
    detail = DETAILS.get(operation)
    return detail(request, response) if detail else ""


def _model(request: Fields, response: Fields) -> str:
    container = request.get("PrimaryContainer") or request["Containers"][0]
    return f"image {container['Image'].rpartition('/')[2]}"


def _endpoint_config(request: Fields, response: Fields) -> str:
    return ", ".join(f"{item['VariantName']} on {_capacity(item)}" for item in request["ProductionVariants"])


def _capacity(variant: Fields) -> str:
    if "InstanceType" not in variant:
        return "serverless capacity"
    return f"{variant.get('InitialInstanceCount', 1)} x {variant['InstanceType']}"


def _endpoint(request: Fields, response: Fields) -> str:
    return str(response["EndpointStatus"])


def _role(request: Fields, response: Fields) -> str:
    trust = json.loads(request["AssumeRolePolicyDocument"])
    services = [name for statement in trust["Statement"] for name in _each(statement["Principal"].get("Service", ()))]
    return f"for {', '.join(services)}"


def _rights(request: Fields, response: Fields) -> str:
    statements = json.loads(request["PolicyDocument"])["Statement"]
    actions = [action for statement in statements for action in _each(statement["Action"])]
    services = sorted({action.partition(":")[0] for action in actions})
    return f"{len(actions)} actions of {', '.join(services)}"


def _each(value: str | Sequence[str]) -> Sequence[str]:
    """IAM lets one stand without a list."""
    return [value] if isinstance(value, str) else value


def _function(request: Fields, response: Fields) -> str:
    return f"{response.get('Runtime', 'an image')}, asks {_variables(request).get('ENDPOINT_NAME', 'no endpoint')}"


def _variables(request: Fields) -> Fields:
    variables: Fields = request.get("Environment", {}).get("Variables", {})
    return variables


def _alias(request: Fields, response: Fields) -> str:
    return f"{request['Name']} is version {response['FunctionVersion']}"


def _concurrency(request: Fields, response: Fields) -> str:
    return f"{request['ProvisionedConcurrentExecutions']} of {request['Qualifier']} kept warm"


DETAILS: Mapping[str, Callable[[Fields, Fields], str]] = {
    "CreateModel": _model,
    "CreateEndpointConfig": _endpoint_config,
    "CreateEndpoint": _endpoint,
    "CreateRole": _role,
    "PutRolePolicy": _rights,
    "CreateFunction": _function,
    "CreateAlias": _alias,
    "PutProvisionedConcurrencyConfig": _concurrency,
}
