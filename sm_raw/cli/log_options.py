"""The options of ``logs``."""

from __future__ import annotations

import argparse
import re
from datetime import datetime, timezone
from typing import Any

from sm_raw.aws.logs.filters import moment
from sm_raw.cli.job_options import add_clients, add_name
from sm_raw.cli.telling import command, later
from sm_raw.errors import SmRawError

LOGS_EXAMPLES = """\
examples:
  python -m sm_raw logs my-training-job
  python -m sm_raw logs my-tuning-job --follow      (all its jobs, to the end)
  python -m sm_raw logs my-endpoint --since 1h --filter error --timestamps
  python -m sm_raw logs my-function --kind function --tail 20 --follow
  python -m sm_raw logs my-training-job --format json | jq -r .message
  python -m sm_raw logs my-training-job --export s3://my-bucket/logs

--export has CloudWatch Logs copy whole streams, those whose names begin as the
job's do, and prints where they lie. The bucket's policy allows that meanwhile,
and is then what it was. An account has one export at a time; another one's end
is waited for. What was written in the last hours may not be exported yet.

exit codes: 0 the log was read, however the job ended; 1 nothing has the name,
or its log cannot be read; 2 the command cannot be read; 130 after Ctrl-C
"""


def add_commands(commands: Any) -> None:
    """Add ``logs`` to the command line."""
    logs = command(commands, "logs", "print the log of a job, endpoint or Lambda function", LOGS_EXAMPLES)
    add_name(logs, "of a training, tuning, processing or transform job, endpoint or function")
    logs.add_argument("-f", "--follow", action="store_true", help="go on until it has ended (a function: until Ctrl-C)")
    logs.add_argument("--since", type=_time, metavar="TIME", help="30s, 15m, 2h, 3d (ago), or 2026-11-21T04:00:00Z")
    logs.add_argument("--until", type=_time, metavar="TIME", help="likewise, not included")
    logs.add_argument("--filter", default="", metavar="TEXT", help="only lines with this text, whatever its case")
    logs.add_argument("--pattern", type=_pattern, default="", metavar="REGEX", help="only lines in which this is found")
    logs.add_argument(
        "--stream", default="", metavar="NAME", help="only streams with this in their names, or '*algo-2*'"
    )
    logs.add_argument("--tail", type=_count, metavar="N", help="of what is there, the last N lines of those asked for")
    logs.add_argument("-t", "--timestamps", action="store_true", help="put its time before each line")
    colours = ("auto", "always", "never")
    logs.add_argument("--color", choices=colours, default="auto", help="a colour for each stream (auto: on a terminal)")
    logs.add_argument("--format", choices=("text", "json"), default="text", help="json: one document a line (text)")
    logs.add_argument("--notice-after", type=_seconds, default=300.0, metavar="SECONDS", help="of silence (300)")
    logs.add_argument("--poll", type=_seconds, default=2.0, metavar="SECONDS", help="between two looks (2)")
    logs.add_argument("--linger", type=float, default=5.0, metavar="SECONDS", help="wait for late lines at the end (5)")
    logs.add_argument("--export", metavar="S3_URI", help="copy the log to s3://BUCKET/PREFIX instead")
    add_clients(logs)
    logs.set_defaults(run=later("logs.logs"))


def _time(text: str) -> datetime:
    try:
        return moment(text, datetime.now(timezone.utc))
    except SmRawError as error:
        raise argparse.ArgumentTypeError(str(error)) from error


def _pattern(text: str) -> str:
    try:
        re.compile(text)
    except re.error as error:
        raise argparse.ArgumentTypeError(f"{text!r} is no regular expression: {error}") from error
    return text


def _count(text: str) -> int:
    if not text.isdecimal():
        raise argparse.ArgumentTypeError(f"{text!r} is no number of lines")
    return int(text)


def _seconds(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = 0.0
    if not seconds > 0:
        raise argparse.ArgumentTypeError(f"{text!r} is no number of seconds above 0")
    return seconds
