"""``logs``: every line of every stream of a job, endpoint or function, once; followed, filtered, or exported to S3."""

from __future__ import annotations

import argparse
import functools
import json
import os
import sys
from collections.abc import Callable
from datetime import datetime, timezone

from sm_raw.aws.calls import call, error_code, ride_out
from sm_raw.aws.clients import Clients
from sm_raw.aws.job_kinds import TUNING, JobKind
from sm_raw.aws.logs.display import LogPrinter, wants_colour
from sm_raw.aws.logs.export import export_logs
from sm_raw.aws.logs.filters import LogFilter
from sm_raw.aws.logs.reading import job_logs
from sm_raw.aws.logs.sources import log_place
from sm_raw.aws.logs.streams import LogEvent
from sm_raw.aws.waiting.attach import NOT_FOUND
from sm_raw.cli.jobs import clients_of
from sm_raw.cli.kinds import kind_label, kind_of
from sm_raw.cli.run import told
from sm_raw.cli.telling import SUCCESS
from sm_raw.errors import SmRawError
from sm_raw.runs.story import Story

START = datetime.fromtimestamp(0, timezone.utc)
NOT_EXPORTED = ("follow", "filter", "pattern", "stream", "tail")
"""An export copies whole streams: CloudWatch Logs does it by itself."""


def logs(options: argparse.Namespace) -> int:
    """Print a log, or have it exported."""
    return told(lambda story: (_export if options.export else _print)(clients_of(options), options, story))


def _print(clients: Clients, options: argparse.Namespace, story: Story) -> int:
    kind = kind_of(clients, options)
    only = LogFilter(
        contains=options.filter,
        matches=options.pattern,
        stream=options.stream,
        since=options.since,
        until=options.until,
    )
    events = job_logs(
        clients,
        kind,
        options.name,
        follow=options.follow,
        only=only,
        last_lines=options.tail,
        poll_seconds=options.poll,
        linger_seconds=options.linger,
        silence_seconds=options.notice_after,
        on_notice=story.line,
        refresh=functools.partial(clients_of, options),
    )
    show = SHOWING[options.format](options, kind)
    shown = 0
    for event in events:
        show(event)
        shown += 1
    if options.follow and isinstance(kind, JobKind):
        story.line(_end(clients, kind, options.name))
    if not shown:
        story.line(f"{kind_label(kind)} {options.name}: no lines" + (" that were asked for" if _asks(options) else ""))
    return SUCCESS


def _end(clients: Clients, kind: JobKind, name: str) -> str:
    """How it stands now that its log is at its end, and who knows why."""
    from botocore.exceptions import ClientError

    try:
        status = ride_out(lambda: call(clients.sagemaker, kind.describe, {kind.name: name}))[kind.status]
    except ClientError as error:
        if error_code(error) not in NOT_FOUND:
            raise
        return f"{kind.label} {name!r} has been deleted"
    why = f"; why: python -m sm_raw explain {name}" if status in kind.failed else ""
    return f"{kind.label} {name!r} is {status}{why}"


def _export(clients: Clients, options: argparse.Namespace, story: Story) -> int:
    if given := [f"--{name}" for name in NOT_EXPORTED if getattr(options, name)]:
        raise SmRawError(f"--export copies whole streams: leave out {', '.join(given)}; --since and --until bound it")
    log_group, prefix = log_place(clients, kind_of(clients, options), options.name)
    story.line(f"CloudWatch Logs copies {prefix or 'all streams'} of {log_group} to {options.export}")
    exported = export_logs(
        clients,
        log_group,
        options.export,
        start=options.since or START,
        end=options.until or datetime.now(timezone.utc),
        stream_prefix=prefix or None,
    )
    data = {"s3_uri": exported.s3_uri, "task_id": exported.task_id}
    print(json.dumps(data) if options.format == "json" else exported.s3_uri)
    return SUCCESS


def _as_text(options: argparse.Namespace, kind: JobKind | str) -> Callable[[LogEvent], None]:
    colour = options.color == "always" or (options.color == "auto" and wants_colour(sys.stdout, os.environ))
    printer = LogPrinter(
        sys.stdout,
        colour=colour,
        # Of a tuning job's many streams the first is soon not the only one.
        names=True if kind is TUNING else None,
        times=options.timestamps,
        prefix=kind.log_stream_prefix_of(options.name) if isinstance(kind, JobKind) else "",
    )
    return printer.show


def _as_json(options: argparse.Namespace, kind: JobKind | str) -> Callable[[LogEvent], None]:
    """One document in a line for each event, written when it comes."""

    def show(event: LogEvent) -> None:
        time = event.time.isoformat(timespec="milliseconds").replace("+00:00", "Z")
        print(json.dumps({"time": time, "stream": event.stream, "message": event.message}), flush=True)

    return show


SHOWING = {"text": _as_text, "json": _as_json}


def _asks(options: argparse.Namespace) -> bool:
    return any((options.filter, options.pattern, options.stream, options.since, options.until))
