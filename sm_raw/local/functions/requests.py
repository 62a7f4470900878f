"""What Lambda refuses of a function's code and configuration, and moto lets pass."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from sm_raw.local.functions.described import split_name
from sm_raw.local.functions.refusals import invalid, out_of_constraint
from sm_raw.local.protocol import ServiceError
from sm_raw.validation.rules.functions import RESERVED_VARIABLES, VARIABLES_BYTES

if TYPE_CHECKING:
    from types_boto3_iam import IAMClient

PYTHON = re.compile(r"python3\.\d+")
LAMBDA = "lambda.amazonaws.com"
# https://docs.aws.amazon.com/lambda/latest/api/API_CreateFunction.html: {field: (lowest, highest)}
RANGES = {"Timeout": (1, 900), "MemorySize": (128, 10_240)}
# Documented parts of a function that this engine does not run.
NOT_RUN_HERE = ("Layers", "FileSystemConfigs", "ImageConfig", "DeadLetterConfig")
NO_ROLE = "The role defined for the function cannot be assumed by Lambda."


def decoded(body: bytes) -> dict[str, Any]:
    """The JSON object of a request."""
    try:
        document = json.loads(body or b"{}")
    except (ValueError, RecursionError):
        document = None
    if not isinstance(document, dict):
        raise ServiceError("SerializationException", "The request is not a JSON object.")
    return document


def refuse_function(request: Mapping[str, Any], iam: IAMClient) -> None:
    """Refuse a CreateFunction that Lambda would, or that this engine cannot run."""
    code = request.get("Code") or {}
    if request.get("PackageType") == "Image" or "ImageUri" in code:
        raise invalid("This local engine runs no container images: give the code as a .zip archive.")
    if not request.get("Runtime") or not request.get("Handler"):
        raise invalid("Runtime and Handler are mandatory parameters for functions created with deployment packages.")
    split_name(str(request.get("FunctionName")))
    refuse_configuration(request)
    refuse_role(str(request.get("Role")), iam)


def refuse_configuration(request: Mapping[str, Any]) -> None:
    """Refuse what is wrong in the configuration of a new function, or in a change of it."""
    runtime = str(request.get("Runtime") or "python3.13")
    if not PYTHON.fullmatch(runtime):
        raise invalid(f"This local engine has one Python and runs no {runtime}: give a Runtime such as python3.13.")
    for field in NOT_RUN_HERE:
        if request.get(field):
            raise invalid(f"This local engine does not run {field}: leave it out.")
    for field, (low, high) in RANGES.items():
        value = request.get(field)
        if isinstance(value, int) and not low <= value <= high:
            limit, bound = ("greater", low) if value < low else ("less", high)
            member = f"{field[0].lower()}{field[1:]}"
            raise out_of_constraint(value, member, f"have value {limit} than or equal to {bound}")
    refuse_variables((request.get("Environment") or {}).get("Variables") or {})


def refuse_variables(variables: Mapping[str, str]) -> None:
    """Refuse names that Lambda sets itself, and more than fits."""
    reserved = sorted(RESERVED_VARIABLES & variables.keys())
    if reserved:
        raise invalid(
            "Lambda was unable to configure your environment variables because the environment variables you have "
            "provided contains reserved keys that are currently not supported for modification. "
            f"Reserved keys used in this request: {', '.join(reserved)}"
        )
    size = sum(len(name.encode()) + len(str(value).encode()) for name, value in variables.items())
    if size > VARIABLES_BYTES:
        raise invalid(
            "Lambda was unable to configure your environment variables because the environment variables you have "
            f"provided exceeded the {VARIABLES_BYTES // 1024}KB limit. String measured: {json.dumps(dict(variables))}"
        )


def refuse_role(arn: str, iam: IAMClient) -> None:
    """Refuse a role that is not there, or whose trust policy does not name Lambda; moto refuses what is no ARN."""
    from botocore.exceptions import ClientError, ParamValidationError

    if ":role/" not in arn:
        return
    try:
        trust: Any = iam.get_role(RoleName=arn.rpartition("/")[2])["Role"]["AssumeRolePolicyDocument"]
    except (ClientError, ParamValidationError):
        raise invalid(NO_ROLE) from None
    if not trusts_lambda(trust):
        raise invalid(NO_ROLE)


def trusts_lambda(trust: Mapping[str, Any]) -> bool:
    """Whether Lambda may take a role with this trust policy."""
    return any(
        statement.get("Effect") == "Allow" and LAMBDA in _listed((statement.get("Principal") or {}), "Service")
        for statement in _statements(trust)
    )


def _statements(trust: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    found = trust.get("Statement") or []
    return found if isinstance(found, list) else [found]


def _listed(principal: Mapping[str, Any] | str, kind: str) -> list[str]:
    if isinstance(principal, str):
        return []
    found = principal.get(kind) or []
    return found if isinstance(found, list) else [found]
