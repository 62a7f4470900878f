"""What this engine says of EC2 instances: it starts none, so it must not let moto pretend that one does its work."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sm_raw.local.protocol import ServiceError
from sm_raw.local.wire import error_response, target_of

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment
    from werkzeug.wrappers import Response

SERVICE_MARK = "/ec2/aws4_request"
RUNNING = frozenset({"RunInstances", "DescribeInstances", "StartInstances", "TerminateInstances"})


def answer(environ: WSGIEnvironment) -> Response | None:
    """The refusal of a call about instances; None for every other call."""
    if SERVICE_MARK not in environ.get("HTTP_AUTHORIZATION", ""):
        return None
    operation = target_of(environ).operation
    if operation not in RUNNING:
        return None
    reason = f"This local engine runs no EC2 instances, so it does not answer {operation}: leave that step out."
    return error_response("ec2", ServiceError("UnsupportedOperation", reason))
