"""A Lambda function in front of an endpoint: role, code, version, alias, warm environments; all of it or nothing.

The steps and their order: https://docs.aws.amazon.com/lambda/latest/dg/provisioned-concurrency.html
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from sm_raw.aws.calls import call, ride_out
from sm_raw.aws.clients import Clients
from sm_raw.aws.failures.explaining import Explanation
from sm_raw.aws.hosting.making import Making, Request, Requests, check_all, explain_refusal
from sm_raw.aws.makers import made_by
from sm_raw.aws.propagation import until_known
from sm_raw.aws.readiness import READINESS, wait_until_ready
from sm_raw.aws.resources import Resource
from sm_raw.aws.submit import submit
from sm_raw.errors import DeploymentFailed, JobFailed, WaitTimedOut
from sm_raw.specs.assembly import EMPTY
from sm_raw.specs.functions import (
    code_in_s3,
    function_alias,
    lambda_function,
    provisioned_concurrency,
    published_version,
)
from sm_raw.specs.identity import role_policy, service_role
from sm_raw.specs.policy_documents import place_of
from sm_raw.specs.role_permissions import lambda_role_policy

Sleep = Callable[[float], None]
Clock = Callable[[], float]

POLICY_NAME = "invoke-endpoint"
FIRST_VERSION = "1"
OWNERS = ("CreateRole", "CreateFunction")
"""What policies, versions and aliases belong to: where these are new, so are those."""


@dataclass(frozen=True)
class FunctionInFront:
    """A function that is ready. Callers name ``alias``; ``made`` is what has to be removed in the end."""

    name: str
    arn: str
    version: str
    alias: str
    role_arn: str
    made: tuple[Resource, ...]


def function_in_front(
    clients: Clients,
    *,
    name: str,
    endpoint: str,
    bucket: str,
    key: str,
    alias: str = "live",
    warm_executions: int = 0,
    role_name: str | None = None,
    extra: Mapping[str, Any] = EMPTY,
    timeout_seconds: float = 600.0,
    on_made: Callable[[Resource], None] | None = None,
    sleep: Sleep = time.sleep,
    clock: Clock = time.monotonic,
) -> FunctionInFront:
    """Make a function that asks ``endpoint``, from the .zip at ``bucket`` and ``key``, and wait until it is ready.

    Its role (``role_name``, or the name with "-role") may invoke this endpoint, write the function's own log, and
    nothing else. The first version is published and gets ``alias``; ``warm_executions`` of it are kept warm, and paid
    for all the time. ``extra`` patches the CreateFunction request: runtime, handler, memory, environment. ``on_made``
    is told of each resource before it is made.

    Raises InvalidRequest, with nothing sent but the question for the account; DeploymentFailed if a name is taken, a
    call is refused or the function is not ready after ``timeout_seconds``: what was made is then removed again.
    """
    requests = function_requests(
        name=name,
        endpoint=endpoint,
        bucket=bucket,
        key=key,
        alias=alias,
        warm_executions=warm_executions,
        role_name=role_name,
        region=clients.region,
        account=_account(clients, sleep),
        extra=extra,
    )
    check_all(requests, clients.region)
    making = Making(clients, on_made=on_made, sleep=sleep, clock=clock)
    making.refuse_taken(f"function {name!r}", [each for each in requests if each[0] in OWNERS])
    building = _Building(clients, making, timeout_seconds, sleep, clock)
    operation, request = requests[0]
    try:
        for operation, request in requests:
            building.take(operation, request)
    except Exception as error:
        removed, left = making.take_back()
        raise DeploymentFailed(
            f"function {name!r}", operation, _why(operation, request, error), removed=removed, left=left
        ) from error
    role_arn = str(dict(requests)["CreateFunction"]["Role"])
    return FunctionInFront(name, building.arn, building.version, alias, role_arn, tuple(making.made))


def function_requests(
    *,
    name: str,
    endpoint: str,
    bucket: str,
    key: str,
    region: str,
    account: str,
    alias: str = "live",
    warm_executions: int = 0,
    role_name: str | None = None,
    extra: Mapping[str, Any] = EMPTY,
) -> Requests:
    """The (operation, request) pairs that ``function_in_front`` sends, in their order; pure."""
    place = place_of(region, account)
    role = role_name or f"{name}-role"
    function = lambda_function(
        name,
        role_arn=place.arn("iam", f"role/{role}"),
        code=code_in_s3(bucket, key),
        endpoint_name=endpoint,
        extra=extra,
    )
    document = lambda_role_policy(function, region=region, account=account, endpoint_name=endpoint)
    requests: list[tuple[str, Request]] = [
        ("CreateRole", service_role(role, services=["lambda"], region=region)),
        ("PutRolePolicy", role_policy(role, POLICY_NAME, document=document)),
        ("CreateFunction", function),
        ("PublishVersion", published_version(name)),
        ("CreateAlias", function_alias(name, alias, version=FIRST_VERSION)),
    ]
    if warm_executions:
        warm = provisioned_concurrency(name, qualifier=alias, executions=warm_executions)
        requests.append(("PutProvisionedConcurrencyConfig", warm))
    return requests


class _Building:
    """Takes one step after the other, and waits for each until the next can be taken."""

    def __init__(self, clients: Clients, making: Making, timeout_seconds: float, sleep: Sleep, clock: Clock) -> None:
        self.version, self.arn = FIRST_VERSION, ""
        self._clients, self._making = clients, making
        self._deadline, self._sleep, self._clock = clock() + timeout_seconds, sleep, clock

    def take(self, operation: str, request: Request) -> None:
        """Send one request, and wait until what comes of it can be used."""
        if operation == "PublishVersion":
            self._publish(request)
            return
        if operation == "CreateAlias":
            request = {**request, "FunctionVersion": self.version}
        # A role made a moment ago is not known to Lambda yet.
        until_known(operation, lambda: self._making.make(operation, request), sleep=self._sleep, clock=self._clock)
        resource = made_by(operation, request)
        if resource.kind in READINESS:
            found = self._ready(resource)
            self.arn = self.arn or str(found["FunctionArn"])

    def _publish(self, request: Request) -> None:
        # The same code published again is the same version.
        response = ride_out(lambda: submit(self._clients.awslambda, "PublishVersion", request), sleep=self._sleep)
        self.version = str(response["Version"])
        self._ready(Resource("function", f"{request['FunctionName']}:{self.version}"))

    def _ready(self, resource: Resource) -> dict[str, Any]:
        left = self._deadline - self._clock()
        return wait_until_ready(self._clients, resource, timeout_seconds=left, sleep=self._sleep, clock=self._clock)


def _account(clients: Clients, sleep: Sleep) -> str:
    return str(ride_out(lambda: call(clients.sts, "GetCallerIdentity", {}), sleep=sleep)["Account"])


def _why(operation: str, request: Request, error: Exception) -> Explanation:
    if operation == "PublishVersion":
        return explain_refusal("version of function", str(request["FunctionName"]), error)
    resource = made_by(operation, request)
    status = "not made" if not isinstance(error, (JobFailed, WaitTimedOut)) else "not ready"
    return explain_refusal(resource.kind, resource.name, error, status=status)
