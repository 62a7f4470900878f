"""``attach`` and ``explain``: jobs and endpoints by their names, whoever started them."""

from __future__ import annotations

import argparse
import functools
import json

from sm_raw.aws.clients import Clients, aws_clients, local_clients
from sm_raw.aws.failures.explaining import Explanation, explain_failure, explained
from sm_raw.aws.waiting.attach import attach as follow
from sm_raw.aws.waiting.attach import find_job
from sm_raw.cli.kinds import kind_of
from sm_raw.cli.run import told
from sm_raw.cli.targets import LOCAL_REGION
from sm_raw.cli.telling import SUCCESS
from sm_raw.errors import JobFailed
from sm_raw.runs import outcomes
from sm_raw.runs.story import Story


def attach(options: argparse.Namespace) -> int:
    """Follow a job to its end, telling what it does; it goes on when this is interrupted."""
    return told(lambda story: _attach(clients_of(options), options, story))


def explain(options: argparse.Namespace) -> int:
    """Print why a job, endpoint or function has failed: reason, cause and remedy, traceback, last lines."""
    return told(lambda story: _explain(clients_of(options), options))


def clients_of(options: argparse.Namespace) -> Clients:
    """Clients of the engine at ``--endpoint-url``, or of AWS."""
    if options.endpoint_url is not None:
        return local_clients(options.endpoint_url, options.region or LOCAL_REGION)
    return aws_clients(options.region, options.profile)


def _attach(clients: Clients, options: argparse.Namespace, story: Story) -> int:
    kind = find_job(clients, options.name)
    story.line(f"{kind.label} {options.name}")
    show = SHOWING[options.format]
    try:
        with explained(clients), outcomes.following_log(kind, options.name, clients, story):
            response = follow(
                clients,
                options.name,
                kind=kind,
                timeout_seconds=options.timeout,
                on_change=lambda seen: story.progress(outcomes.progress(kind, seen)),
                on_notice=story.line,
                refresh=functools.partial(clients_of, options),
            )
    except JobFailed as failure:
        story.settle()
        print(show(failure.explanation or Explanation(kind.label, options.name, failure.status, failure.reason)))
        raise
    story.settle()
    print(show(Explanation(kind.label, options.name, response[kind.status])))
    return SUCCESS


def _explain(clients: Clients, options: argparse.Namespace) -> int:
    found = explain_failure(clients, kind_of(clients, options), options.name, lines=options.lines)
    print(_as_json(found) if options.format == "json" else found)
    return SUCCESS


def _status(found: Explanation) -> str:
    """What goes to stdout; the rest of it is the error, on stderr."""
    return found.status


def _as_json(found: Explanation) -> str:
    return json.dumps(found.as_data(), indent=2)


SHOWING = {"text": _status, "json": _as_json}
