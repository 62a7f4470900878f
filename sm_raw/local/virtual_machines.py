"""What this engine says of EC2 instances: it starts none and has none; moto would pretend that one does its work."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

from werkzeug.wrappers import Response

from sm_raw.local.protocol import ServiceError
from sm_raw.local.wire import XML, error_response, target_of

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment

SERVICE_MARK = "/ec2/aws4_request"
NONE = (
    '<DescribeInstancesResponse xmlns="http://ec2.amazonaws.com/doc/2016-11-15/">'
    "<requestId>{request}</requestId><reservationSet/></DescribeInstancesResponse>"
)


def answer(environ: WSGIEnvironment) -> Response | None:
    """The answer to a call about instances; None for every other call."""
    if SERVICE_MARK not in environ.get("HTTP_AUTHORIZATION", ""):
        return None
    operation = target_of(environ).operation
    if operation == "DescribeInstances":
        return Response(NONE.format(request=uuid.uuid4()), content_type=XML)
    if operation == "RunInstances":
        reason = "This local engine runs no EC2 instances: leave that step out."
        return error_response("ec2", ServiceError("UnsupportedOperation", reason))
    return None
