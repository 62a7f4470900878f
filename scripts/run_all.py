"""The whole story in one command: data, tuning, training, model, endpoint, scaling, predictions, and nothing left.

    python scripts/run_all.py                          handwritten digits, on this machine
    python scripts/run_all.py --data ~/photos          a folder with train, valid and test
    python scripts/run_all.py --dry-run                every request, and nothing is sent
    python scripts/run_all.py --target aws --role ARN  the same way on AWS

Writes OUT/run.json and OUT/report.html, and each request as it was sent to OUT/requests/. The exit status is 0 only if
every step succeeded and nothing is left behind; 130 after Ctrl-C.
"""

from __future__ import annotations

import argparse
import contextlib
import errno
import json
import signal
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from sm_raw.aws.clients import Clients, aws_clients, local_clients
from sm_raw.errors import SmRawError
from sm_raw.runs.execution import Choices, Execution
from sm_raw.runs.plan import Plan, Surroundings
from sm_raw.runs.preparation import prepare
from sm_raw.runs.record import Record
from sm_raw.runs.story import Story

LOCAL_ACCOUNT = "123456789012"
LOCAL_REGION = "us-east-1"
INTERRUPTED = 130


def parse(argv: list[str] | None) -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter, allow_abbrev=False
    )
    parser.add_argument("--target", choices=["local", "aws"], default="local", help="where to run (default: local)")
    parser.add_argument("--recipe", default="digits", metavar="NAME|DIR", help="a folder of job_specs/, or any folder")
    parser.add_argument("--data", type=Path, metavar="DIR", help="pictures as DIR/{train,valid,test}/CLASS/PICTURE")
    parser.add_argument(
        "--out", type=Path, default=Path("runs"), metavar="DIR", help="where results go (default: runs)"
    )
    parser.add_argument(
        "--set", action="append", default=[], metavar="NAME=VALUE", help="change a variable of the recipe; repeatable"
    )
    parser.add_argument("--dry-run", action="store_true", help="print every request in order; no client is made")
    parser.add_argument("--keep", action="store_true", help="leave endpoint, scaling and model in place")
    parser.add_argument(
        "--if-exists",
        choices=["reuse", "increment", "fail"],
        default="reuse",
        help="when the very same request was made before: use its result, make another, or stop (default: reuse)",
    )
    local = parser.add_argument_group("local target")
    local.add_argument("--endpoint-url", metavar="URL", help="use the engine that serves there, not one of its own")
    aws = parser.add_argument_group("aws target")
    aws.add_argument("--region", help="default: the usual AWS configuration")
    aws.add_argument("--profile", help="a profile of the usual AWS configuration")
    aws.add_argument("--role", metavar="ARN", help="the role that SageMaker assumes; default: the caller's own role")
    aws.add_argument("--bucket", help="an existing bucket; default: sagemaker-REGION-ACCOUNT")
    arguments = parser.parse_args(argv)
    for setting in arguments.set:
        if "=" not in setting:
            parser.error(f"--set {setting}: give NAME=VALUE")
    if arguments.target == "aws" and arguments.endpoint_url:
        parser.error("--endpoint-url belongs to the local target; for AWS, the usual AWS configuration decides")
    return arguments


def main(argv: list[str] | None = None) -> int:
    """Run the story; returns the exit status."""
    arguments = parse(argv)
    # SIGINT too: a shell that starts a command in the background has it ignored.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, _interrupt)
    story = Story()
    try:
        return dry_run(arguments) if arguments.dry_run else run(arguments, story)
    except KeyboardInterrupt:
        story.line("stopped")
        return INTERRUPTED
    except Exception as error:
        reason = explain(error)
        if reason is None:
            raise
        story.line(f"error: {reason}")
        return 1


def dry_run(arguments: argparse.Namespace) -> int:
    """Print every request as it is known beforehand. What only a run can tell stays a ${placeholder}."""
    with tempfile.TemporaryDirectory(prefix="sm-raw-") as work:
        plan = make_plan(arguments, offline_surroundings(arguments), Path(work))
        if plan.data.folder is None:
            counts = ", ".join(f"{count} {split}" for split, count in plan.data.picture_counts.items())
            print(f"no --data given: shown for {plan.data.class_count} classes and {counts} pictures", file=sys.stderr)
        for number, (step, request) in enumerate(plan.preview(), 1):
            print(f"# {number}. {step.name}: {step.operation}")
            print(json.dumps(request, indent=2))
    return 0


def run(arguments: argparse.Namespace, story: Story) -> int:
    """Run the plan on its target and write the report, however it ends.

    What is wrong with recipe, data or settings is said before anything is started, made or written.
    """
    with contextlib.ExitStack() as stack:
        if arguments.target == "aws":
            clients, surroundings = aws_target(arguments)
            plan = make_plan(arguments, surroundings, arguments.out)
        else:
            plan = make_plan(arguments, offline_surroundings(arguments), arguments.out)
            clients = stack.enter_context(local_target(arguments, plan.bucket, story))
        record = Record(arguments.out, recipe=plan.recipe.name, target=arguments.target)
        execution = Execution(plan, clients, record, story, Choices(arguments.if_exists, arguments.keep))
        try:
            execution.execute()
        except KeyboardInterrupt:
            finish(record, story, "interrupted", "stopped by Ctrl-C; what had been finished is kept")
            raise
        except Exception as error:
            finish(record, story, "failed", explain(error) or repr(error))
            raise
    left = record.content["left_behind"]
    finish(record, story, "failed" if left else "succeeded", f"left behind: {'; '.join(left)}" if left else None)
    return 1 if left else 0


def finish(record: Record, story: Story, status: str, error: str | None) -> None:
    """Close the record and write the report from it."""
    from sm_raw.report import write_report

    story.settle()
    record.finish(status, error)
    report = record.out / "report.html"
    write_report(record.path, report)
    story.line(f"{status}: see {report} and {record.path}")


def make_plan(arguments: argparse.Namespace, surroundings: Surroundings, work: Path) -> Plan:
    """The plan that the command line asks for, one that can be carried out unless it is only to be shown."""
    plan = prepare(
        arguments.recipe,
        surroundings,
        work=work,
        data=arguments.data,
        settings=dict(setting.split("=", 1) for setting in arguments.set),
        suppose_data=arguments.dry_run,
    )
    if not arguments.dry_run:
        plan.require_runnable()
    return plan


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
        clients.s3.create_bucket(**request)


def aws_target(arguments: argparse.Namespace) -> tuple[Clients, Surroundings]:
    """AWS by the usual configuration; role and bucket are looked up where they are not given, and never made."""
    from botocore.exceptions import ClientError

    clients = aws_clients(arguments.region, arguments.profile)
    role, bucket = arguments.role, arguments.bucket
    if role is None or bucket is None:
        identity = clients.sts.get_caller_identity()
        role = role or _role_of(identity["Arn"])
        bucket = bucket or f"sagemaker-{clients.region}-{identity['Account']}"
    try:
        clients.s3.head_bucket(Bucket=bucket)
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


def explain(error: Exception) -> str | None:
    """One clear message for what a user or the world can cause; None for a bug of ours."""
    from botocore.exceptions import BotoCoreError, ClientError

    if isinstance(error, SmRawError):
        return str(error)
    if isinstance(error, OSError) and error.errno == errno.ENOSPC:
        return f"no space is left on the disk: {error.filename or 'free some space and run again'}"
    if isinstance(error, BotoCoreError | ClientError):
        return f"the service could not be used: {error}"
    if isinstance(error, PermissionError | FileNotFoundError | NotADirectoryError):
        return f"{error.filename}: {error.strerror}"
    return None


def _role_of(arn: str) -> str:
    """The role behind an assumed role's ARN. Raises SmRawError for a caller that has none."""
    parts = arn.split(":")
    kind, _, rest = parts[5].partition("/")
    if kind != "assumed-role":
        raise SmRawError(f"the caller {arn} has no role that SageMaker could assume: give --role ARN")
    return f"arn:{parts[1]}:iam::{parts[4]}:role/{rest.partition('/')[0]}"


def _interrupt(*_: object) -> None:
    raise KeyboardInterrupt


if __name__ == "__main__":
    sys.exit(main())
