"""``try-model``: a model.tar.gz looked at, its handler checked, and both run: real /ping and /invocations."""

from __future__ import annotations

import argparse
import re
import shutil
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sm_raw.aws.failures.causes import cause_of_exit_code, match_causes, merged
from sm_raw.aws.failures.tracebacks import find_traceback
from sm_raw.aws.invoking.model_errors import REMEDIES, remedy
from sm_raw.aws.invoking.predictions import Answer
from sm_raw.aws.transfers.folders import files_of
from sm_raw.aws.transfers.packing import unpack
from sm_raw.cli.explaining import explain
from sm_raw.cli.run import told
from sm_raw.cli.telling import ERRORS, SUCCESS, UNREADABLE
from sm_raw.cli.trial_report import LOG_LINES, Invocation, Served, Trial, as_json, as_text
from sm_raw.cli.try_inputs import PROGRAM, Given, read_given
from sm_raw.errors import InvocationFailed
from sm_raw.runs.story import Story
from sm_raw.validation import Finding, check_code
from sm_raw.validation.artifacts import check_layout
from sm_raw.validation.artifacts.layout import MODEL_DIR

if TYPE_CHECKING:
    from sm_raw.local.trying import Reply, TriedModel

FORMATS: Mapping[str, Callable[[Trial], str]] = {"text": as_text, "json": as_json}
FRAME = re.compile(r"(?m)(?=^  File \")")
NOT_UNPACKED = ("unsafe-member", "empty")
MISSING_PROGRAM = "W701"
"""The rule about what the layout's checks tell in more detail."""

SHOWN_CHARACTERS = 400
NO_INSTALLATION = "requirements.txt is not installed here: what it lists has to be in this Python already"


def try_model(options: argparse.Namespace) -> int:
    """Print the report; the exit code says whether the model works."""
    return told(lambda story: _try(options, story))


def _try(options: argparse.Namespace, story: Story) -> int:
    with tempfile.TemporaryDirectory(prefix="sm_raw-try-") as folder:
        try:
            given = read_given(options, Path(folder), story)
        except Exception as error:
            reason = explain(error)
            if reason is None:
                raise
            story.line(f"error: {reason}")
            return UNREADABLE
        trial = _tried(options, given, Path(folder), story)
    story.settle()
    print(FORMATS[options.format](trial))
    return ERRORS if trial.failures else SUCCESS


def _tried(options: argparse.Namespace, given: Given, folder: Path, story: Story) -> Trial:
    layout = tuple(check_layout(given.artifact, given.serving))
    if any(finding.id in NOT_UNPACKED for finding in layout):
        return Trial(options.model, given.artifact, layout)
    model = folder / "model"
    unpack(given.archive, model)
    code = model / given.serving.code_folder
    if given.code is not None:
        shutil.rmtree(code, ignore_errors=True)
        for name, path in files_of(given.code).items():
            (code / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(path, code / name)
    findings = tuple(_code_findings(given, code))
    notes = [NO_INSTALLATION] if (code / "requirements.txt").is_file() else []
    if not given.serving.is_pytorch:
        notes.append(
            f"functions that the handler leaves out are PyTorch's here, not those of {given.serving.repository}"
        )
    served = None if options.layout_only else _served(options, given, folder, model, code, story)
    return Trial(options.model, given.artifact, layout, findings, served, tuple(notes))


def _code_findings(given: Given, code: Path) -> list[Finding]:
    """What the rules about code say of it, under the name that the container will look for."""
    if not code.is_dir():
        return []
    container: dict[str, Any] = {"Environment": {PROGRAM: given.serving.program}}
    if given.image:
        container["Image"] = given.image
    (found,) = check_code(code, [("CreateModel", {"PrimaryContainer": container})])
    return [finding for finding in found if finding.id != MISSING_PROGRAM]


def _served(options: argparse.Namespace, given: Given, folder: Path, model: Path, code: Path, story: Story) -> Served:
    from sm_raw.local.trying import tried_model

    environment = dict(given.environment)
    if options.endpoint_url is not None:
        environment["AWS_ENDPOINT_URL"] = options.endpoint_url
    with tried_model(folder / "server", model, code, environment) as tried:
        story.progress("waiting for GET /ping")
        seconds = tried.seconds_until_healthy(options.timeout)
        invocations = []
        for name, body, content_type in given.payloads if seconds is not None else ():
            story.progress(f"POST /invocations: {name}")
            reply = tried.invoke(body, content_type, options.accept)
            invocations.append(_invocation(options, name, len(body), content_type, reply))
        return _explained(tried, seconds, invocations, model)


def _invocation(options: argparse.Namespace, name: str, sent_bytes: int, content_type: str, reply: Reply) -> Invocation:
    shown = reply.body[:SHOWN_CHARACTERS].decode("utf-8", "replace")
    facts = (name, content_type, sent_bytes, reply.status, reply.milliseconds)
    if not 200 <= reply.status < 300:
        message = reply.body.decode("utf-8", "replace")
        way_out = remedy(reply.status, message, sent_as=content_type, accept=options.accept)
        # The last of the table only points to the log, and that is told here.
        return Invocation(*facts, message, remedy="" if way_out == REMEDIES[-1].text else way_out)
    labels = options.labels.split(",") if options.labels else ()
    try:
        prediction = Answer("try-model", reply.body, reply.content_type).prediction(labels)
    except InvocationFailed:  # An answer of another form is as good.
        return Invocation(*facts, shown)
    return Invocation(*facts, shown, prediction.label, prediction.score)


def _explained(tried: TriedModel, seconds: float | None, invocations: Sequence[Invocation], model: Path) -> Served:
    """With the traceback and its cause where something failed; paths as they will be in the container."""
    invocations = [replace(each, answer=_as_deployed(each.answer, model)) for each in invocations]
    lines = [_as_deployed(line, model) for line in tried.lines]
    failed = [each for each in invocations if not each.succeeded]
    log = tuple(lines[-LOG_LINES:])
    if seconds is not None and not failed:
        return Served(seconds, None, tuple(invocations), log=log)
    # An error's answer holds its traceback, as that of AWS's containers does; else the log has it.
    answers = [line for each in failed for line in each.answer.splitlines()]
    traceback = find_traceback(answers) or find_traceback(lines)
    # In the words in which the service would tell it, for these the catalogue knows.
    refused = "".join(f"\nReceived client error ({each.status}) from primary" for each in failed if each.status)
    told = "\n".join([traceback or "\n".join(log), *answers]) + refused
    causes = merged(match_causes(told), cause_of_exit_code(tried.exit_code))
    return Served(seconds, tried.exit_code, tuple(invocations), of_the_model(traceback), causes, log)


def _as_deployed(line: str, model: Path) -> str:
    return line.replace(str(model.resolve()), MODEL_DIR).replace(str(model), MODEL_DIR)


def of_the_model(traceback: str) -> str:
    """A traceback without the frames in front of the model's own code, which are the server's.

    Where none is the model's, the default functions have failed: then the error alone.
    """
    parts = [part for part in FRAME.split(traceback) if part]
    own = [number for number, part in enumerate(parts) if part.startswith(f'  File "{MODEL_DIR}')]
    return "".join([parts[0], *parts[own[0] :]]) if own else traceback.rstrip().rpartition("\n")[2]
