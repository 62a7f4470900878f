"""What a name on the command line belongs to: a job or endpoint of some kind, or a Lambda function."""

from __future__ import annotations

import argparse
from collections.abc import Mapping

from sm_raw.aws.calls import call, error_code, ride_out
from sm_raw.aws.clients import Clients
from sm_raw.aws.job_kinds import ENDPOINT, PROCESSING, TRAINING, TRANSFORM, TUNING, JobKind
from sm_raw.aws.logs.sources import FUNCTION
from sm_raw.aws.waiting.attach import find_job
from sm_raw.errors import UnknownName

KINDS: Mapping[str, JobKind | str] = {
    "training": TRAINING,
    "tuning": TUNING,
    "processing": PROCESSING,
    "transform": TRANSFORM,
    "endpoint": ENDPOINT,
    "function": FUNCTION,
}
"""What ``--kind`` takes."""


def kind_of(clients: Clients, options: argparse.Namespace) -> JobKind | str:
    """What ``--kind`` says, or else what has the name; a function (FUNCTION) only if no job or endpoint has it."""
    if options.kind is not None:
        return KINDS[options.kind]
    try:
        return find_job(clients, options.name)
    except UnknownName as unknown:
        return _function(clients, options.name, unknown)


def kind_label(kind: JobKind | str) -> str:
    return kind.label if isinstance(kind, JobKind) else "function"


def _function(clients: Clients, name: str, unknown: UnknownName) -> str:
    from botocore.exceptions import ClientError

    request = {"FunctionName": name}
    try:
        ride_out(lambda: call(clients.awslambda, "GetFunctionConfiguration", request))
    except ClientError as error:
        hidden = "" if error_code(error) == "ResourceNotFoundException" else f"\n  not known, {error}"
        raise UnknownName(name, f"{unknown}, and for a function{hidden}") from error
    return FUNCTION
