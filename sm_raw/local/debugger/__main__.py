"""Evaluate Debugger rules while a training job runs.

    python -m sm_raw.local.debugger --tensors DIR --rules FILE

DIR is where smdebug writes (it may appear later), FILE holds the DebugRuleConfigurations of a request. Prints
one JSON line whenever the status of a rule changes. Reads stdin until it is closed, which says that the
training has ended: what is left is evaluated, the final statuses are printed, and the exit status is 0.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import select
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, TextIO

from sm_raw.local.debugger.evaluation import JobEvaluation
from sm_raw.local.debugger.saved_tensors import import_smdebug, quiet_smdebug

# The training comes first on a machine with few cores.
NICENESS = 10


def main(argv: Sequence[str] | None = None) -> int:
    parser = _parser()
    arguments = parser.parse_args(argv)
    try:
        configurations = read_rules(arguments.rules)
    except (OSError, ValueError) as error:
        parser.error(f"--rules {arguments.rules}: {error}")
    os.nice(NICENESS)
    quiet_smdebug()
    with _statuses_alone_on_stdout() as stdout:
        evaluate(arguments.tensors, configurations, stdout, poll_seconds=arguments.poll_seconds)
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m sm_raw.local.debugger", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("--tensors", type=Path, required=True, metavar="DIR", help="where smdebug writes")
    parser.add_argument(
        "--rules", type=Path, required=True, metavar="FILE", help="a JSON list: DebugRuleConfigurations"
    )
    parser.add_argument(
        "--poll-seconds", type=float, default=1.0, metavar="S", help="how often to look for new steps (1)"
    )
    return parser


def read_rules(path: Path) -> list[Mapping[str, Any]]:
    """DebugRuleConfigurations. Raises OSError, or ValueError when it is no list of named configurations."""
    rules = json.loads(path.read_text())
    if not isinstance(rules, list) or not all(
        isinstance(rule, dict) and "RuleConfigurationName" in rule for rule in rules
    ):
        raise ValueError("expected a list of objects with RuleConfigurationName and RuleParameters")
    return rules


def evaluate(
    tensors: Path, configurations: Sequence[Mapping[str, Any]], stdout: TextIO, *, poll_seconds: float
) -> None:
    """Follow ``tensors`` until stdin is closed."""

    def report(record: Mapping[str, str]) -> None:
        print(json.dumps(record), file=stdout, flush=True)

    evaluation = JobEvaluation(tensors, configurations, report)
    for configuration in configurations:
        if "action_json" in configuration.get("RuleParameters", {}):
            name = configuration["RuleConfigurationName"]
            print(f"{name}: action_json is not carried out by this engine", file=sys.stderr)
    try:
        import_smdebug()
    except ImportError as error:
        evaluation.fail(
            f"InternalServerError: smdebug, which reads the tensors, cannot be imported here ({error}); "
            "install it with: pip install 'sm_raw[local]'"
        )
    while not stdin_closed(within_seconds=poll_seconds if evaluation.is_open else None):
        evaluation.poll()
    evaluation.finish()


def stdin_closed(*, within_seconds: float | None) -> bool:
    """Wait for the end of stdin, for ever if None; anything written to it only ends this wait."""
    readable, _, _ = select.select([0], [], [], within_seconds)
    return bool(readable) and not os.read(0, 65536)


@contextlib.contextmanager
def _statuses_alone_on_stdout() -> Iterator[TextIO]:
    """Whatever smdebug prints goes to stderr; the real stdout is for the statuses."""
    stdout = sys.stdout
    with contextlib.redirect_stdout(sys.stderr):
        yield stdout


if __name__ == "__main__":
    try:
        sys.exit(main())
    except (KeyboardInterrupt, BrokenPipeError):
        # Ctrl-C, or nobody reads the statuses any more: nothing more is written, not even by the interpreter.
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        sys.exit(130)
