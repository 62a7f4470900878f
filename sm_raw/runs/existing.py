"""What is there under the name that a request would give, and whether it can serve."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any

from sm_raw.aws.calls import call, error_code, ride_out
from sm_raw.aws.clients import Clients
from sm_raw.aws.makers import MAKERS
from sm_raw.aws.readiness import READINESS
from sm_raw.aws.remove import find
from sm_raw.aws.resources import NOT_THERE
from sm_raw.runs.effects import EFFECTS, resource_of

GOING = frozenset({"Deleting"})  # what is being removed serves no more


def find_existing(
    clients: Clients, operation: str, request: Mapping[str, Any], *, sleep: Callable[[float], None] = time.sleep
) -> dict[str, Any] | None:
    """What the service tells of what ``request`` would make, or of a namesake; None if there is none."""
    from botocore.exceptions import ClientError

    effect, resource = EFFECTS[operation], resource_of(operation, request)
    if effect.kind is None:
        return find(clients, resource, sleep=sleep) if resource else None
    kind, name = effect.kind, request[effect.name]
    try:
        return ride_out(lambda: call(clients.client("sagemaker"), kind.describe, {kind.name: name}), sleep=sleep)
    except ClientError as error:
        if error_code(error) in NOT_THERE:
            return None
        raise


def is_usable(operation: str, existing: Mapping[str, Any]) -> bool:
    """Whether what exists can serve, now or once it is ready."""
    effect = EFFECTS[operation]
    if effect.kind is not None:
        return existing[effect.kind.status] not in effect.kind.failed | effect.kind.stopped | GOING
    readiness = READINESS.get(MAKERS[operation].kind) if operation in MAKERS else None
    return readiness is None or not existing or readiness.state(existing)[0] not in readiness.failed
