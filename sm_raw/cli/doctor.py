"""``doctor``: what could keep a run from working, one line for each thing with its remedy."""

from __future__ import annotations

import argparse
import itertools
import json
import shutil
import sys
import tempfile
import textwrap
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sm_raw.cli.run_options import add_recipe_options
from sm_raw.cli.telling import ERRORS, SUCCESS, UNREADABLE, command, count, later, tell
from sm_raw.errors import InvalidData, InvalidRecipe, NotConfigured, SmRawError

if TYPE_CHECKING:
    from sm_raw.aws.doctor import Line, Subject

EXAMPLES = """\
examples:
  python -m sm_raw doctor --region us-east-1
      (identity, region, default bucket and role)
  python -m sm_raw doctor --recipe dog_breeds --role ARN --bucket my-bucket
      (and whether they suffice for this very run)
  python -m sm_raw doctor --recipe digits \\
      --endpoint-url http://127.0.0.1:5001                  (a local engine)

each line is ok, a warning, FAILED, or not known: then the caller may not ask,
and the right to add is told

exit codes: 0 nothing failed, 1 something did, 2 options or recipe cannot be
read
"""
INDENT = " " * 11


def add_commands(commands: Any) -> None:
    """Add ``doctor`` to the command line."""
    doctor = command(commands, "doctor", "look at what could keep a run from working", EXAMPLES)
    add_recipe_options(doctor, target="aws", recipe=None)
    doctor.add_argument("--endpoint-url", metavar="URL", help="a local engine; without it, AWS is asked")
    doctor.add_argument("--format", choices=("text", "json"), default="text", help="of the lines (text)")
    doctor.set_defaults(run=later("doctor.doctor"), dry_run=True)


def doctor(options: argparse.Namespace) -> int:
    """Look at everything, and tell each thing as it is known."""
    from sm_raw.cli.run import told

    if options.target == "local" and options.endpoint_url is None:
        tell("sm_raw: --target local needs the --endpoint-url that `python -m sm_raw local` prints")
        return UNREADABLE
    return told(lambda story: _examine(options))


def _examine(options: argparse.Namespace) -> int:
    from sm_raw.aws.doctor import examine

    try:
        subject, run = _subject(options)
    except (InvalidRecipe, InvalidData) as error:
        tell(f"sm_raw: {error}")
        return UNREADABLE
    except NotConfigured as error:
        return print_lines([_line("configuration", str(error), "nothing else can be looked at before")], options.format)
    lines = itertools.chain(examine(subject), run)
    return print_lines((adapted(line, options) for line in lines), options.format)


def adapted(line: Line, options: argparse.Namespace) -> Line:
    """A command of the AWS CLI with the options that make it mean the same account and place."""
    given = [("--endpoint-url", options.endpoint_url), ("--profile", options.profile)]
    added = "".join(f" {name} {value}" for name, value in given if value)
    return line._replace(command=f"aws{added} {line.command[4:]}") if line.command.startswith("aws ") else line


def _line(check: str, found: str, remedy: str) -> Line:
    from sm_raw.aws.doctor import Line

    return Line(check, "FAILED", " ".join(found.split()), remedy)


def _subject(options: argparse.Namespace) -> tuple[Subject, list[Line]]:
    """Clients, and bucket and role as ``run`` would take them; with a recipe, the requests that it would send."""
    from sm_raw.aws.doctor import Subject
    from sm_raw.cli.jobs import clients_of
    from sm_raw.cli.targets import offline_surroundings

    clients = clients_of(options)
    if options.endpoint_url is not None:
        options.target = "local"
        place = offline_surroundings(options)
        subject = Subject(clients, place.bucket, place.role_arn)
    else:
        subject = Subject(clients, options.bucket, options.role).with_defaults()
    return (subject, []) if options.recipe is None else _with_run(subject, options)


def _with_run(subject: Subject, options: argparse.Namespace) -> tuple[Subject, list[Line]]:
    """The subject with the requests of the recipe, or a line about why there are none."""
    from sm_raw.aws.doctor.role_checks import ROLE_ARN

    if subject.bucket is None or ROLE_ARN.fullmatch(subject.role_arn or "") is None:
        return subject, [_line("run", "it is not known what it would send", "give --bucket and --role ARN")]
    try:
        return _planned(subject, options), []
    except (InvalidRecipe, InvalidData):
        raise
    except SmRawError as error:
        return subject, [_line("run", f"it cannot be planned: {error}", "put that right with --region or --set")]


def _planned(subject: Subject, options: argparse.Namespace) -> Subject:
    from sm_raw.aws.doctor.subject import QuotaNeed
    from sm_raw.cli.run import make_plan
    from sm_raw.runs.capacity import instances_at_most
    from sm_raw.runs.plan import Surroundings

    surroundings = Surroundings(subject.region, str(subject.bucket), str(subject.role_arn))
    with tempfile.TemporaryDirectory(prefix="sm-raw-") as work:
        plan = make_plan(options, surroundings, Path(work))
        requests = [(step.operation, request) for step, request in plan.preview()]
    needs = [need for need in instances_at_most(requests) if need.service]
    counted = [QuotaNeed(need.service, need.quota_name, need.instances) for need in needs]
    return replace(subject, requests=requests, needs=counted)


def print_lines(lines: Iterable[Line], form: str) -> int:
    """Print the lines as they come, as JSON at the end; the exit code by the worst of them."""
    told = []
    for line in lines:
        told.append(line)
        if form == "text":
            print("\n".join(shown(line, _width())), flush=True)
    if form == "json":
        print(json.dumps([line._asdict() for line in told], indent=2))
    number = {verdict: sum(line.verdict == verdict for line in told) for verdict in ("FAILED", "warning", "not known")}
    tell(f"{number['FAILED']} failed, {count(number['warning'], 'warning')}, {number['not known']} not known")
    return ERRORS if number["FAILED"] else SUCCESS


def _width() -> int | None:
    """The columns of a terminal; None where one line stays one line, for programs that read it."""
    return shutil.get_terminal_size().columns if sys.stdout.isatty() else None


def shown(line: Line, width: int | None) -> Iterator[str]:
    """A line with its remedy; what is to be copied is never broken."""
    first = f"{line.verdict:<{len(INDENT)}}{line.check}: {line.found}"
    if width is None:
        yield "; ".join(filter(None, [first, ": ".join(filter(None, [line.remedy, line.command]))]))
        return
    wrapped = textwrap.TextWrapper(
        width, subsequent_indent=INDENT, break_long_words=False, break_on_hyphens=False, drop_whitespace=True
    )
    yield from wrapped.wrap(first)
    if line.remedy:
        wrapped.initial_indent, wrapped.subsequent_indent = f"{INDENT}=> ", f"{INDENT}   "
        yield from wrapped.wrap(f"{line.remedy}:" if line.command else line.remedy)
    if line.command:
        yield line.command
