"""``invoke``: pictures and other files to an endpoint, some at a time, with a summary of how it went."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

from sm_raw.aws.clients import Clients
from sm_raw.aws.invoking.batch import BatchResult, InvocationOutcome, invoke_batch
from sm_raw.cli.jobs import clients_of
from sm_raw.cli.run import told
from sm_raw.cli.telling import ERRORS, SUCCESS, table
from sm_raw.runs.story import Story

TOP = 3


def invoke(options: argparse.Namespace) -> int:
    """Print what the endpoint answers to each file; 1 if any request failed."""
    return told(lambda story: _invoke(clients_of(options), options, story))


def _invoke(clients: Clients, options: argparse.Namespace, story: Story) -> int:
    result = invoke_batch(
        clients.runtime,
        options.endpoint,
        [Path(file) for file in options.files],
        parallel=options.parallel,
        labels=options.labels.split(",") if options.labels else (),
        on_progress=lambda done, total: story.progress(f"{done} of {total}") if story.live else None,
        accept=options.accept,
    )
    story.settle()
    print(FORMATS[options.format](options.files, result))
    story.line(str(result.summary))
    return ERRORS if result.failures else SUCCESS


def _as_text(files: list[str], result: BatchResult) -> str:
    rows = [(file, *_told(outcome)) for file, outcome in zip(files, result.outcomes, strict=True)]
    return table([("file", "label", "score", "ms"), *rows])


def _told(outcome: InvocationOutcome) -> tuple[str, str, str]:
    milliseconds = f"{outcome.milliseconds:.0f}"
    if outcome.error is not None:
        return f"failed: {outcome.error}", "", milliseconds
    return outcome.result.label, f"{outcome.result.score:.3f}", milliseconds


def _as_json(files: list[str], result: BatchResult) -> str:
    return json.dumps([_facts(file, outcome) for file, outcome in zip(files, result.outcomes, strict=True)], indent=2)


def _facts(file: str, outcome: InvocationOutcome) -> dict[str, Any]:
    facts: dict[str, Any] = {"file": file, "milliseconds": round(outcome.milliseconds, 1)}
    if outcome.error is not None:
        return {**facts, "error": str(outcome.error)}
    top = zip(outcome.result.labels[:TOP], outcome.result.scores[:TOP], strict=False)
    return {**facts, "label": outcome.result.label, "score": outcome.result.score, "top": list(top)}


FORMATS = {"text": _as_text, "json": _as_json}
