"""The command line: parsing and printing only. Data goes to stdout, the story to stderr.

One module for each group of commands. Exit codes: 0 success, 1 what was asked for is not so or failed, 2 the command or
a document cannot be read, 130 after Ctrl-C.
"""

from __future__ import annotations

import argparse
import io
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from sm_raw.cli import check, completion, doctor, job_options, local, log_options, reference, run_options, try_options
from sm_raw.cli.telling import ERRORS, INTERRUPTED, SUCCESS, tell
from sm_raw.errors import SmRawError

SCRIPT = "sm-raw"
EXAMPLES = """\
examples:
  python -m sm_raw run                  (the whole story, on this machine)
  python -m sm_raw check create_training_job.json
  python -m sm_raw run --help           (each command has examples)

exit codes: 0 success, 1 what was asked for is not so or failed, 2 the command
or a document cannot be read, 130 after Ctrl-C
"""


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; returns the exit code."""
    _print_anything()
    options = make_parser().parse_args(argv)
    try:
        code: int = options.run(options)
        sys.stdout.flush()
    except SmRawError as error:
        tell(f"sm_raw: {error}")
        return ERRORS
    except KeyboardInterrupt:
        tell("sm_raw: interrupted")
        return INTERRUPTED
    except BrokenPipeError:
        # The reader of the pipe, such as head, has seen enough; what is still buffered would fail again at the end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return SUCCESS
    return code


def make_parser() -> argparse.ArgumentParser:
    """The parser of the whole command line."""
    parser = argparse.ArgumentParser(
        prog=_called(),
        description="Amazon SageMaker from boto3 alone.",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action=ShowVersion, help="show the version, and that of botocore, and exit")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    for group in (run_options, job_options, log_options, try_options, check, reference, local, doctor, completion):
        group.add_commands(commands)
    return parser


def _called() -> str:
    """How it was started, so that a line of the help can be typed again."""
    return SCRIPT if Path(sys.argv[0]).name == SCRIPT else "python -m sm_raw"


class ShowVersion(argparse.Action):
    """Prints the versions, which are looked up only then: what is checked depends on botocore's, too."""

    def __init__(self, option_strings: Sequence[str], dest: str, **settings: Any) -> None:
        super().__init__(option_strings, argparse.SUPPRESS, nargs=0, **settings)

    def __call__(self, parser: argparse.ArgumentParser, *_: object) -> None:
        from importlib import metadata

        try:
            own = metadata.version("sm_raw")
        except metadata.PackageNotFoundError:
            own = "(not installed)"
        print(f"sm_raw {own}, botocore {metadata.version('botocore')}")
        parser.exit()


def _print_anything() -> None:
    """What a document holds must not end the report about it: characters that cannot be printed are escaped."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
