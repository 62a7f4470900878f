"""The command line: parsing and printing only. Data goes to stdout, the story to stderr.

Exit codes of ``check``: 0 no errors, 1 errors found, 2 a document cannot be read. Of the others: 0 or 1.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sm_raw.errors import SmRawError, UnreadableDocument

if TYPE_CHECKING:
    from sm_raw.validation import Finding

NO_ERRORS, ERRORS, UNREADABLE, INTERRUPTED = 0, 1, 2, 130

CHECK_EXAMPLES = """\
examples:
  python -m sm_raw check create_training_job.json
  python -m sm_raw check --operation CreateModel --format json model.json
  python -m sm_raw check create_endpoint_config.json create_endpoint.json register_scalable_target.json
      (several documents are also held against each other)

exit codes: 0 no errors (warnings may be), 1 errors found, 2 a document cannot be read
"""

LOCAL_EXAMPLES = """\
examples:
  python -m sm_raw local --port 5001 --root ./engine
  aws --endpoint-url http://127.0.0.1:5001 sagemaker list-training-jobs
"""


@dataclass(frozen=True)
class Document:
    """A request as it lies in a file."""

    file: str
    operation: str
    request: dict[str, Any]


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; returns the exit code."""
    options = _parser().parse_args(argv)
    try:
        code: int = options.run(options)
    except SmRawError as error:
        _tell(f"sm_raw: {error}")
        return ERRORS
    except KeyboardInterrupt:
        _tell("sm_raw: interrupted")
        return INTERRUPTED
    return code


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="sm_raw", description="Amazon SageMaker from boto3 alone.")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    _add_check(commands)
    _add_local(commands)
    return parser


def _add_check(commands: Any) -> None:
    check = _command(commands, "check", "check request documents, offline", CHECK_EXAMPLES)
    check.add_argument("files", nargs="+", metavar="FILE", help="a request as JSON; - is standard input")
    check.add_argument("--operation", help="such as CreateTrainingJob; else taken from each file's name")
    check.add_argument("--format", choices=("text", "json"), default="text", help="of the findings (text)")
    check.set_defaults(run=run_check)


def _add_local(commands: Any) -> None:
    local = _command(commands, "local", "serve SageMaker on this machine", LOCAL_EXAMPLES)
    local.add_argument("--port", type=int, default=0, metavar="N", help="on 127.0.0.1; 0, the default, is a free one")
    local.add_argument("--root", metavar="DIR", help="where files of jobs go (a temporary folder)")
    local.add_argument(
        "--time-scale", type=float, default=1.0, metavar="X", help="compress waiting periods X times (1)"
    )
    local.add_argument("--faults", metavar="FILE", help="faults to inject, as JSON (none)")
    local.set_defaults(run=run_local)


def _command(commands: Any, name: str, summary: str, examples: str) -> argparse.ArgumentParser:
    parser: argparse.ArgumentParser = commands.add_parser(
        name,
        help=summary,
        description=f"{summary[0].upper()}{summary[1:]}.",
        epilog=examples,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    return parser


def run_check(options: argparse.Namespace) -> int:
    """Check every document that can be read, even when another cannot."""
    from sm_raw.validation import check_together

    documents: list[Document] = []
    for file in options.files:
        try:
            documents.append(_document(file, options.operation))
        except SmRawError as error:
            _tell(f"{file}: {error}")
    found = check_together([(document.operation, document.request) for document in documents])
    PRINTERS[options.format](documents, found)
    _tell(_summary(len(documents), [finding for each in found for finding in each]))
    if len(documents) < len(options.files):
        return UNREADABLE
    return ERRORS if any(finding.severity == "error" for each in found for finding in each) else NO_ERRORS


def _document(file: str, operation: str | None) -> Document:
    from sm_raw.validation import operation_of_file, service_of

    if operation is None and file == "-":
        raise UnreadableDocument("standard input has no name to take the operation from; give --operation")
    if operation is not None:
        service_of(operation)
    known = operation or operation_of_file(file)
    return Document(file, known, _request(file))


def _request(file: str) -> dict[str, Any]:
    try:
        text = sys.stdin.read() if file == "-" else Path(file).read_text(encoding="utf-8-sig")
        request = json.loads(text)
    except OSError as error:
        raise UnreadableDocument(f"cannot be read: {error.strerror}") from None
    except UnicodeDecodeError as error:
        raise UnreadableDocument(f"not UTF-8 text: {error.reason} at byte {error.start}") from None
    except json.JSONDecodeError as error:
        raise UnreadableDocument(f"not JSON: {error.msg} at line {error.lineno}, column {error.colno}") from None
    except RecursionError:
        raise UnreadableDocument("not a request: nested too deeply") from None
    if not isinstance(request, dict):
        raise UnreadableDocument(f"not a request: the document is a {type(request).__name__}, not an object")
    return request


def _print_text(documents: Sequence[Document], found: Sequence[Sequence[Finding]]) -> None:
    for document, findings in zip(documents, found, strict=True):
        if findings:
            print(document.file)
        for finding in findings:
            print(f"  {finding}")


def _print_json(documents: Sequence[Document], found: Sequence[Sequence[Finding]]) -> None:
    rows = [
        {**asdict(finding), "file": document.file}
        for document, findings in zip(documents, found, strict=True)
        for finding in findings
    ]
    print(json.dumps(rows, indent=2))


PRINTERS = {"text": _print_text, "json": _print_json}


def _summary(documents: int, findings: Sequence[Finding]) -> str:
    errors = sum(finding.severity == "error" for finding in findings)
    warnings = len(findings) - errors
    return f"{_count(documents, 'document')} checked: {_count(errors, 'error')}, {_count(warnings, 'warning')}"


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def run_local(options: argparse.Namespace) -> int:
    """Start the engine in this process. It prints its address itself, once it serves."""
    try:
        from sm_raw.local import server

        return server.main(port=options.port, root=options.root, time_scale=options.time_scale, faults=options.faults)
    except ModuleNotFoundError as error:
        if error.name is not None and error.name.split(".")[0] == "sm_raw":
            raise
        _tell(f"sm_raw: the local engine needs {error.name}; install it with: pip install 'sm_raw[local]'")
        return ERRORS


def _tell(line: str) -> None:
    print(line, file=sys.stderr)
