"""A model, its configuration and an endpoint, all of them or none."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from sm_raw.aws.clients import Clients
from sm_raw.aws.failures.explaining import Explanation, explain_failure
from sm_raw.aws.hosting.making import Making, Request, check_all, explain_refusal
from sm_raw.aws.job_kinds import ENDPOINT
from sm_raw.aws.makers import made_by
from sm_raw.aws.resources import Resource
from sm_raw.aws.waiting.wait import wait
from sm_raw.errors import DeploymentFailed, JobFailed, WaitTimedOut


@dataclass(frozen=True)
class Deployment:
    """An endpoint in service. ``response`` describes it, ``made`` is what has to be removed in the end."""

    endpoint: str
    response: Mapping[str, Any]
    made: tuple[Resource, ...]


def deploy(
    clients: Clients,
    *,
    endpoint: Request,
    config: Request | None = None,
    model: Request | Sequence[Request] = (),
    timeout_seconds: float = 1800.0,
    removal_seconds: float = 900.0,
    on_made: Callable[[Resource], None] | None = None,
    on_change: Callable[[dict[str, Any]], None] | None = None,
    sleep: Callable[[float], None] = time.sleep,
    clock: Callable[[], float] = time.monotonic,
) -> Deployment:
    """Send the CreateModel, CreateEndpointConfig and CreateEndpoint requests, and wait until the endpoint serves.

    Real-time, serverless and asynchronous endpoints alike. ``model`` is one request, or several where the
    configuration has several variants; what exists already is used by leaving its request out. All requests are
    checked before the first is sent. ``on_made`` is told of each resource before it is made, for a ledger: what a
    killed process leaves is then known.

    Raises InvalidRequest, with nothing sent; DeploymentFailed if a name is taken, a call is refused, or the endpoint
    fails or is not in service after ``timeout_seconds``. What this call made has then been removed again, within
    ``removal_seconds``, and nothing else was touched. After Ctrl-C what was made stays: remove(clients, made).
    """
    models = [model] if isinstance(model, Mapping) else list(model)
    requests = [("CreateModel", each) for each in models]
    requests += [("CreateEndpointConfig", config)] if config is not None else []
    requests.append(("CreateEndpoint", endpoint))
    check_all(requests, clients.region)
    name = str(endpoint["EndpointName"])
    making = Making(clients, on_made=on_made, sleep=sleep, clock=clock)
    making.refuse_taken(f"endpoint {name!r}", requests)
    operation, request = requests[0]
    try:
        for operation, request in requests:
            making.make(operation, request)
        response = wait(
            clients.sagemaker,
            ENDPOINT,
            name,
            timeout_seconds=timeout_seconds,
            on_change=on_change,
            sleep=sleep,
            clock=clock,
        )
    except Exception as error:
        why = _why(clients, made_by(operation, request), error, sleep)
        removed, left = making.take_back(timeout_seconds=removal_seconds)
        raise DeploymentFailed(f"endpoint {name!r}", operation, why, removed=removed, left=left) from error
    return Deployment(name, response, tuple(making.made))


def _why(
    clients: Clients, resource: Resource, error: Exception, sleep: Callable[[float], None]
) -> Explanation | Exception:
    """The endpoint's own story, read before it is removed, where it came so far that it has one."""
    if not isinstance(error, (JobFailed, WaitTimedOut)):
        return explain_refusal(resource.kind, resource.name, error)
    late = f"not in service after {error.seconds:.0f} s" if isinstance(error, WaitTimedOut) else ""
    try:
        explanation = explain_failure(clients, ENDPOINT, resource.name, sleep=sleep)
        return replace(explanation, reason=explanation.reason or late)
    except Exception:  # Why it failed is known in part: that the rest cannot be read must not hide it.
        return error
