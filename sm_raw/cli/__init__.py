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

from sm_raw.cli import check, doctor, job_options, local, reference, run_options, try_options
from sm_raw.cli.telling import ERRORS, INTERRUPTED, SUCCESS, tell
from sm_raw.errors import SmRawError


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; returns the exit code."""
    _print_anything()
    options = _parser().parse_args(argv)
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


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="sm_raw", description="Amazon SageMaker from boto3 alone.")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    for group in (run_options, job_options, try_options, check, reference, local, doctor):
        group.add_commands(commands)
    return parser


def _print_anything() -> None:
    """What a document holds must not end the report about it: characters that cannot be printed are escaped."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
