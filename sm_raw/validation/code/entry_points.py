"""E/W700-709: the file that a request starts, and whether the image's Python reads it and what it imports."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import PurePosixPath

from sm_raw.validation.code.base import SERVING, TRAINING, CodeRule
from sm_raw.validation.code.folder import CodeFolder, Source
from sm_raw.validation.code.imports import imported_sources
from sm_raw.validation.code.programs import Program
from sm_raw.validation.findings import Finding
from sm_raw.validation.wording import did_you_mean, shown

# What the toolkit starts as a shell command; no suffix may be a program of any kind.
COMMAND_SUFFIXES = {"", ".bash", ".sh"}
NO_PROGRAM_SUFFIXES = re.compile(r"\.(ipynb|txt|json|ya?ml|toml|cfg|md|pyc?x?d?|zip|gz|tar|whl)", re.IGNORECASE)


class TrainingProgramIsThere(CodeRule):
    """The entry point of a training job is a file of the code folder."""

    id = "E700"
    operations = TRAINING
    source = "https://docs.aws.amazon.com/sagemaker/latest/dg/docker-containers-adapt-your-own-private-registry-estimator.html"

    def check(self, program: Program, code: CodeFolder) -> Iterator[Finding]:
        if program.kind == "training" and code.file(program.file) is None:
            yield self.finding(program, program.path, missing(program, code))


class ServingProgramIsThere(CodeRule):
    """The entry point of a model is a file of the code folder; without it the image serves by its own functions."""

    id = "W701"
    operations = SERVING
    source = "https://github.com/aws/sagemaker-inference-toolkit/blob/master/src/sagemaker_inference/transformer.py"

    def check(self, program: Program, code: CodeFolder) -> Iterator[Finding]:
        if program.kind == "serving" and program.is_named and code.file(program.file) is None:
            effect = "unless model.tar.gz brings it in code/, the image serves by its own functions alone"
            yield self.finding(program, program.path, missing(program, code, f": {effect}"))


class ProgramCanRun(CodeRule):
    """The entry point is a Python file, or a program for the shell."""

    id = "W702"
    operations = TRAINING
    source = "https://github.com/aws/sagemaker-training-toolkit/blob/master/src/sagemaker_training/entry_point.py"

    def check(self, program: Program, code: CodeFolder) -> Iterator[Finding]:
        suffix = PurePosixPath(program.file).suffix
        if program.kind != "training" or suffix == ".py" or "setup.py" in code.files or not code.file(program.file):
            return
        if suffix not in COMMAND_SUFFIXES and NO_PROGRAM_SUFFIXES.fullmatch(suffix):
            message = (
                f"{shown(program.file)} is no Python file, so it is run as a shell command; give a .py or .sh file"
            )
            yield self.finding(program, program.path, message)


class CodeParses(CodeRule):
    """The entry point and the modules it imports are code of the image's Python."""

    id = "E703"
    source = "https://docs.python.org/3/library/ast.html#ast.parse"

    def check(self, program: Program, code: CodeFolder) -> Iterator[Finding]:
        for source in _sources(program, code):
            if source.fault is not None and source.fault.kind == "syntax":
                version = f" of Python {program.python[0]}.{program.python[1]}" if program.python else ""
                message = f"{source.name}:{source.fault.line} is no code{version}: {source.fault.text}; correct it"
                yield self.finding(program, program.path, message)


class CodeCanBeRead(CodeRule):
    """The entry point and the modules it imports can be read; else they are not checked."""

    id = "W704"
    source = "https://docs.python.org/3/library/ast.html#ast.parse"

    def check(self, program: Program, code: CodeFolder) -> Iterator[Finding]:
        for source in _sources(program, code):
            if source.fault is not None and source.fault.kind == "unread":
                message = f"{source.name} is not checked: {source.fault.text}; make it a file that can be read"
                yield self.finding(program, program.path, message)


def missing(program: Program, code: CodeFolder, effect: str = "") -> str:
    """What to say of an entry point that the folder does not hold, and what comes of it."""
    runnable = [file for file in code.files if file.endswith((".py", ".sh"))]
    hint = did_you_mean(program.file, runnable) or "give a file of that folder, by its path inside"
    return f"{shown(program.file)} is no file of {code.path.name or 'the code folder'}{effect}; {hint}"


def _sources(program: Program, code: CodeFolder) -> list[Source]:
    file = code.file(program.file) if program.file.endswith(".py") else None
    return imported_sources(code, file, program.python) if file else []
