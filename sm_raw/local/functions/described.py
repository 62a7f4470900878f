"""A function as moto describes it: found by any of its names, in the version that an alias stands for."""

from __future__ import annotations

import contextlib
import hashlib
import json
import random
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sm_raw.local.functions.refusals import invalid, out_of_constraint
from sm_raw.local.protocol import ServiceError, service_model
from sm_raw.local.store import ACCOUNT_ID

if TYPE_CHECKING:
    from types_boto3_lambda import LambdaClient

LATEST = "$LATEST"
# https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html, FunctionName: a name, an ARN or a part of one.
NAME = re.compile(
    r"(?:arn:aws[a-zA-Z-]*:lambda:)?(?:[a-z]{2}(?:-[a-z]+)+-\d:)?(?:\d{12}:)?(?:function:)?"
    r"(?P<name>[a-zA-Z0-9_.-]+)(?::(?P<qualifier>\$LATEST|[a-zA-Z0-9_-]+))?"
)
# What an execution environment is made of: where one of these differs, it is another's.
MADE_OF = ("CodeSha256", "Handler", "Runtime", "Timeout", "MemorySize", "Environment")


@dataclass(frozen=True)
class Function:
    """One version of a function. ``identity`` changes with its code and configuration."""

    region: str
    name: str
    version: str
    handler: str
    runtime: str
    timeout_seconds: int
    memory_mb: int
    variables: Mapping[str, str]
    code_sha256: str
    identity: str

    @property
    def log_group(self) -> str:
        """Where its log goes."""
        return f"/aws/lambda/{self.name}"


def split_name(given: str, qualifier: str | None = None) -> tuple[str, str | None]:
    """Name and qualifier. Refuses what is no name, and two qualifiers that differ."""
    found = NAME.fullmatch(given)
    if found is None:
        pattern = service_model("lambda").shape_for("NamespacedFunctionName").metadata["pattern"]
        raise out_of_constraint(given, "functionName", f"satisfy regular expression pattern: {pattern}")
    if qualifier and found["qualifier"] and qualifier != found["qualifier"]:
        raise invalid("The derived qualifier from the function name does not match the specified qualifier.")
    return found["name"], qualifier or found["qualifier"]


def function_arn(region: str, name: str, qualifier: str | None = None) -> str:
    """The ARN of a function, or of its version or alias."""
    suffix = f":{qualifier}" if qualifier else ""
    return f"arn:aws:lambda:{region}:{ACCOUNT_ID}:function:{name}{suffix}"


def is_alias(qualifier: str | None) -> bool:
    """Whether a qualifier names an alias rather than a version."""
    return qualifier is not None and qualifier != LATEST and not qualifier.isdecimal()


def find_function(
    client: LambdaClient,
    region: str,
    name: str,
    qualifier: str | None,
    draw: Callable[[], float] = random.random,
) -> Function:
    """The version that ``qualifier`` stands for; an alias of two versions draws one by their weights."""
    version = {"Qualifier": qualifier} if qualifier else {}
    with moto_refuses():
        described = client.get_function(FunctionName=name, **version)
        if qualifier and is_alias(qualifier):
            alias = client.get_alias(FunctionName=name, Name=qualifier)
            drawn = drawn_version(alias, draw())
            if drawn != described["Configuration"]["Version"]:
                described = client.get_function(FunctionName=name, Qualifier=drawn)
    return from_configuration(region, described["Configuration"])


def drawn_version(alias: Mapping[str, Any], drawn: float) -> str:
    """The version of an alias for a number drawn from [0, 1).

    https://docs.aws.amazon.com/lambda/latest/dg/configuring-alias-routing.html
    """
    for version, weight in ((alias.get("RoutingConfig") or {}).get("AdditionalVersionWeights") or {}).items():
        if drawn < weight:
            return str(version)
        drawn -= weight
    return str(alias["FunctionVersion"])


def from_configuration(region: str, configuration: Mapping[str, Any]) -> Function:
    """The function in an answer of GetFunction."""
    made_of = {field: configuration.get(field) for field in MADE_OF}
    return Function(
        region=region,
        name=configuration["FunctionName"],
        version=configuration["Version"],
        handler=configuration["Handler"],
        runtime=configuration["Runtime"],
        timeout_seconds=configuration["Timeout"],
        memory_mb=configuration["MemorySize"],
        variables=configuration.get("Environment", {}).get("Variables", {}),
        code_sha256=configuration["CodeSha256"],
        identity=hashlib.sha256(json.dumps(made_of, sort_keys=True).encode()).hexdigest(),
    )


@contextlib.contextmanager
def moto_refuses() -> Iterator[None]:
    """Pass on what moto refuses, in its own words, which are Lambda's."""
    from botocore.exceptions import ClientError

    try:
        yield
    except ClientError as error:
        refusal = error.response["Error"]
        status = error.response["ResponseMetadata"]["HTTPStatusCode"]
        raise ServiceError(refusal["Code"], refusal["Message"], status=status) from None
