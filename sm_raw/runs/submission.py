"""How the request of a step is sent: as it stands, but for what would overwrite what is not the run's."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from sm_raw.aws.bucket_policies import add_statements
from sm_raw.aws.clients import Clients
from sm_raw.aws.submit import require_right, submit
from sm_raw.runs.effects import resource_of
from sm_raw.validation.operations import service_of

Request = Mapping[str, Any]


def submit_step(clients: Clients, operation: str, request: Request) -> dict[str, Any]:
    """Check and send a request; raises InvalidRequest or botocore's ClientError, as ``submit`` does."""
    send = OTHERWISE.get(operation)
    if send is None:
        return submit(clients.client(service_of(operation)), operation, request)
    require_right(operation, request, region=clients.region)
    return send(clients, request)


def _add_to_bucket_policy(clients: Clients, request: Request) -> dict[str, Any]:
    """The statements join those that the bucket has: they are its owner's, and PutBucketPolicy replaces them all."""
    resource = resource_of("PutBucketPolicy", request)
    if resource is not None:
        add_statements(clients.s3, resource.name, json.loads(request["Policy"]), resource.owner)
    return {}


OTHERWISE: Mapping[str, Callable[[Clients, Request], dict[str, Any]]] = {"PutBucketPolicy": _add_to_bucket_policy}
