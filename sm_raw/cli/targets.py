"""Where a run goes: clients of a local engine or of AWS, and the region, bucket and role that belong to them."""

from __future__ import annotations

import argparse
import contextlib
from collections.abc import Iterator
from typing import Any

from sm_raw.aws.calls import ride_out
from sm_raw.aws.clients import Clients, aws_clients, local_clients
from sm_raw.errors import SmRawError
from sm_raw.runs.plan import Surroundings
from sm_raw.runs.story import Story

LOCAL_ACCOUNT = "123456789012"
LOCAL_REGION = "us-east-1"


@contextlib.contextmanager
def local_target(arguments: argparse.Namespace, bucket: str, story: Story) -> Iterator[Clients]:
    """Clients of the engine at ``--endpoint-url``, or of one that lives as long as the block."""
    with contextlib.ExitStack() as stack:
        url = arguments.endpoint_url
        if url is None:
            from sm_raw.local.launch import local_engine

            url = stack.enter_context(local_engine())
        clients = local_clients(url, arguments.region or LOCAL_REGION)
        _provide_bucket(clients, bucket)
        story.line(f"local engine at {url}")
        yield clients


def _provide_bucket(clients: Clients, bucket: str) -> None:
    """The engine begins empty: on AWS the bucket is the user's, here it is made."""
    request: dict[str, Any] = {"Bucket": bucket}
    if clients.region != LOCAL_REGION:
        request["CreateBucketConfiguration"] = {"LocationConstraint": clients.region}
    with contextlib.suppress(clients.s3.exceptions.BucketAlreadyOwnedByYou):
        ride_out(lambda: clients.s3.create_bucket(**request))


def aws_target(arguments: argparse.Namespace) -> tuple[Clients, Surroundings]:
    """AWS by the usual configuration; role and bucket are looked up where they are not given, and never made."""
    from botocore.exceptions import ClientError

    clients = aws_clients(arguments.region, arguments.profile)
    role, bucket = arguments.role, arguments.bucket
    if role is None or bucket is None:
        identity = ride_out(clients.sts.get_caller_identity)
        role = role or _role_of(identity["Arn"])
        bucket = bucket or f"sagemaker-{clients.region}-{identity['Account']}"
    try:
        ride_out(lambda: clients.s3.head_bucket(Bucket=bucket))
    except ClientError as error:
        raise SmRawError(
            f"the bucket {bucket!r} cannot be used ({error.response['Error']['Code']}); give one that exists: --bucket"
        ) from error
    return clients, Surroundings(clients.region, bucket, role)


def offline_surroundings(arguments: argparse.Namespace) -> Surroundings:
    """Region, bucket and role without asking anyone: for the local target, and for a dry run of either."""
    region = arguments.region or LOCAL_REGION
    if arguments.target == "aws" and not (arguments.region and arguments.role and arguments.bucket):
        raise SmRawError(
            "a dry run for AWS makes no client that could look them up: give --region, --role and --bucket"
        )
    return Surroundings(
        region,
        arguments.bucket or f"sagemaker-{region}-{LOCAL_ACCOUNT}",
        arguments.role or f"arn:aws:iam::{LOCAL_ACCOUNT}:role/SageMakerLocal",
    )


def _role_of(arn: str) -> str:
    """The role behind an assumed role's ARN. Raises SmRawError for a caller that has none."""
    parts = arn.split(":")
    kind, _, rest = parts[5].partition("/")
    if kind != "assumed-role":
        raise SmRawError(f"the caller {arn} has no role that SageMaker could assume: give --role ARN")
    return f"arn:{parts[1]}:iam::{parts[4]}:role/{rest.partition('/')[0]}"
