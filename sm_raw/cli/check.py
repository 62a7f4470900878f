"""``check``: request documents, the code that they run and the log that their metrics are taken from; all offline."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sm_raw.cli.finding_formats import FORMATS
from sm_raw.cli.telling import ERRORS, SUCCESS, UNREADABLE, command, count, tell
from sm_raw.errors import SmRawError

if TYPE_CHECKING:
    from sm_raw.validation import Document, Finding

EXAMPLES = """\
examples:
  python -m sm_raw check create_training_job.json
  python -m sm_raw check --operation CreateModel --format json model.json
  python -m sm_raw check create_endpoint.json register_scalable_target.json
      (several documents are also held against each other)
  python -m sm_raw check --code container_code create_training_job.json
      (hyperparameters, imports and handlers of the scripts that are run)
  python -m sm_raw check --log training.log create_training_job.json
      (what each metric's regex catches in a log)

exit codes: 0 no errors (warnings may be), 1 errors found, 2 a document cannot
be read
"""


def add_commands(commands: Any) -> None:
    """Add ``check`` to the command line."""
    check = command(commands, "check", "check request documents, offline", EXAMPLES)
    check.add_argument("files", nargs="+", metavar="FILE", help="a request as JSON; - is standard input")
    check.add_argument("--operation", help="such as CreateTrainingJob; else taken from each file's name")
    check.add_argument("--format", choices=FORMATS, default="text", help="of the findings (text)")
    check.add_argument("--strict", action="store_true", help="refuse what is only a warning, too")
    check.add_argument("--region", help="that the requests are for: images, keys and buckets of others are then found")
    check.add_argument("--code", metavar="DIR", help="also check the scripts in this folder against the requests")
    check.add_argument("--log", metavar="FILE", help="also show what the requests' metric regexes catch in this log")
    check.set_defaults(run=run_check)


def run_check(options: argparse.Namespace) -> int:
    """Check every document that can be read, even when another cannot."""
    documents = _documents(options.files, options.operation)
    checked = list(zip(documents, _findings(documents, options), strict=True))
    if text := FORMATS[options.format](checked):
        print(text)
    found = [finding for _, each in checked for finding in each]
    tell(_summary(len(documents), found))
    if options.log is not None:
        _show_metrics(documents, options)
    if len(documents) < len(options.files):
        return UNREADABLE
    return ERRORS if any(finding.severity == "error" for finding in found) else SUCCESS


def _documents(files: Sequence[str], operation: str | None) -> list[Document]:
    """Those that can be read; of the others, stderr says why not."""
    from sm_raw.validation import read_document

    documents: list[Document] = []
    for file in files:
        try:
            documents.append(read_document(file, operation))
        except SmRawError as error:
            tell(f"{file}: {error}")
    return documents


def _findings(documents: Sequence[Document], options: argparse.Namespace) -> list[list[Finding]]:
    from sm_raw.validation import as_error, check_together

    requests = [(document.operation, document.request) for document in documents]
    found = check_together(requests, region=options.region)
    if options.code is not None:
        from sm_raw.validation import check_code

        in_code = check_code(Path(options.code), requests)
        found = [[*each, *more] for each, more in zip(found, in_code, strict=True)]
    return [[as_error(finding) for finding in each] for each in found] if options.strict else found


def _summary(documents: int, findings: Sequence[Finding]) -> str:
    errors = sum(finding.severity == "error" for finding in findings)
    warnings = len(findings) - errors
    return f"{count(documents, 'document')} checked: {count(errors, 'error')}, {count(warnings, 'warning')}"


def _show_metrics(documents: Sequence[Document], options: argparse.Namespace) -> None:
    """A table for each request that has metrics: data in the text format, beside the data in the others."""
    from sm_raw.validation import bench_request, render_catches

    show = print if options.format == "text" else tell
    lines = _log_lines(options.log)
    for document in documents:
        catches = bench_request(document.operation, document.request, lines)
        if catches:
            show(f"{document.file}: metrics in {options.log} ({count(len(lines), 'line')})")
            show(render_catches(catches))


def _log_lines(file: str) -> list[str]:
    try:
        return Path(file).read_text(encoding="utf-8", errors="replace").splitlines()
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else "no file can have that name"
        raise SmRawError(f"--log {file}: cannot be read: {reason}") from None
