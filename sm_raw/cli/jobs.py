"""``attach``, ``results`` and ``ls``: jobs and endpoints by their names, whoever started them."""

from __future__ import annotations

import argparse
import functools
import json
from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

from sm_raw.aws.calls import call, ride_out
from sm_raw.aws.clients import Clients, aws_clients, local_clients
from sm_raw.aws.job_kinds import JOB_KINDS, JobKind
from sm_raw.aws.results.trials import Trial, trials
from sm_raw.aws.waiting.attach import attach as follow
from sm_raw.aws.waiting.attach import find_job
from sm_raw.cli.run import told
from sm_raw.cli.targets import LOCAL_REGION
from sm_raw.cli.telling import SUCCESS, table
from sm_raw.runs import outcomes
from sm_raw.runs.story import Story

PAGE = 100


def attach(options: argparse.Namespace) -> int:
    """Follow a job to its end, telling what it does; it goes on when this is interrupted."""
    return told(lambda story: _attach(clients_of(options), options, story))


def results(options: argparse.Namespace) -> int:
    """Print the trials of a tuning job, best first."""
    return told(lambda story: _results(clients_of(options), options))


def ls(options: argparse.Namespace) -> int:
    """List jobs under way and endpoints: what goes on costing."""
    return told(lambda story: _ls(clients_of(options), story))


def clients_of(options: argparse.Namespace) -> Clients:
    """Clients of the engine at ``--endpoint-url``, or of AWS."""
    if options.endpoint_url is not None:
        return local_clients(options.endpoint_url, options.region or LOCAL_REGION)
    return aws_clients(options.region, options.profile)


def _attach(clients: Clients, options: argparse.Namespace, story: Story) -> int:
    kind = find_job(clients, options.name)
    story.line(f"{kind.label} {options.name}")
    with outcomes.following_log(kind, options.name, clients, story):
        response = follow(
            clients,
            options.name,
            kind=kind,
            timeout_seconds=options.timeout,
            on_change=lambda seen: story.progress(outcomes.progress(kind, seen)),
            on_notice=story.line,
        )
    story.settle()
    print(response[kind.status])
    return SUCCESS


def _results(clients: Clients, options: argparse.Namespace) -> int:
    found = trials(clients.sagemaker, options.name)
    if options.format == "json":
        print(json.dumps([asdict(trial) for trial in found], indent=2, default=str))
    else:
        print(table(_rows(found)))
    return SUCCESS


def _rows(found: list[Trial]) -> list[tuple[str, ...]]:
    tuned = sorted({name for trial in found for name in trial.hyperparameters})
    head = ("training job", "status", "objective", *tuned)
    return [head, *(_row(trial, tuned) for trial in found)]


def _row(trial: Trial, tuned: list[str]) -> tuple[str, ...]:
    objective = "" if trial.objective is None else f"{trial.objective:.6g}"
    return trial.name, trial.status, objective, *(str(trial.hyperparameters.get(name, "")) for name in tuned)


def _ls(clients: Clients, story: Story) -> int:
    rows = [row for kind in JOB_KINDS.values() for row in _running(clients, kind, story)]
    if rows:
        print(table([("what", "name", "status", "since"), *rows]))
    else:
        story.line("nothing runs")
    return SUCCESS


def _running(clients: Clients, kind: JobKind, story: Story) -> Iterator[tuple[str, ...]]:
    """What of a kind has not ended; of endpoints all, for they cost until they are deleted."""
    from botocore.exceptions import ClientError

    try:
        for summary in _summaries(clients, kind):
            if kind.stop.startswith("Delete") or summary[kind.status] not in kind.ended:
                since = f"{summary['CreationTime']:%Y-%m-%d %H:%M}"
                yield kind.label, summary[kind.name], summary[kind.status], since
    except ClientError as error:
        story.line(f"{kind.label}s cannot be listed: {error}")


def _summaries(clients: Clients, kind: JobKind) -> Iterator[dict[str, Any]]:
    more: dict[str, str] = {}
    while True:
        request = {"MaxResults": PAGE, **more}
        page = ride_out(functools.partial(call, clients.sagemaker, kind.list, request))
        yield from page[kind.summaries]
        if not page.get("NextToken"):
            return
        more = {"NextToken": page["NextToken"]}
