"""The kinds of jobs that this engine does not run: there are none, and who wants to start one is told so."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sm_raw.aws.job_kinds import PROCESSING, TRANSFORM, JobKind
from sm_raw.local.engine import Call, Handler
from sm_raw.local.protocol import validation_error
from sm_raw.local.store import arn

NOT_RUN = {PROCESSING: "processing-job", TRANSFORM: "transform-job"}


def _handlers(kind: JobKind, word: str) -> Iterator[tuple[str, Handler]]:
    def refuse(call: Call) -> dict[str, Any]:
        raise validation_error(f"This local engine runs no {kind.label}s.")

    def find(call: Call) -> dict[str, Any]:
        name = call.request[kind.name]
        raise validation_error(f'Could not find {kind.label} "{arn(call.region, word, name)}".')

    yield kind.create, refuse
    yield kind.describe, find
    yield kind.stop, find
    yield kind.list, lambda call: {kind.summaries: []}


HANDLERS: dict[str, Handler] = {
    operation: handler for kind, word in NOT_RUN.items() for operation, handler in _handlers(kind, word)
}
