"""Checking the code: each rule, for each program that the requests start."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from sm_raw.validation.code.arguments import (
    ArgumentsAreGiven,
    FalseMeansFalse,
    FlagsGetNoValue,
    HyperparameterIsTaken,
    NothingIsOverlooked,
    OneOfAGroup,
    ValueHasItsType,
    ValueIsAChoice,
)
from sm_raw.validation.code.base import CodeRule
from sm_raw.validation.code.entry_points import (
    CodeCanBeRead,
    CodeParses,
    ProgramCanRun,
    ServingProgramIsThere,
    TrainingProgramIsThere,
)
from sm_raw.validation.code.folder import CodeFolder
from sm_raw.validation.code.handlers import (
    HandlersAreCallable,
    HandlersDoNotExclude,
    HandlersHaveTheirParameters,
    ModelIsLoaded,
)
from sm_raw.validation.code.imports import ImportsAreInTheImage, ImportsAreKnown
from sm_raw.validation.code.programs import programs
from sm_raw.validation.code.requirements import (
    RequirementsAreInTheImage,
    RequirementsAreRead,
    RequirementsCanBeFetched,
    RequirementsKeepTheFramework,
)
from sm_raw.validation.findings import Finding, Request, in_document_order

CODE_RULES: tuple[type[CodeRule], ...] = (
    TrainingProgramIsThere,
    ServingProgramIsThere,
    ProgramCanRun,
    CodeParses,
    CodeCanBeRead,
    HyperparameterIsTaken,
    ArgumentsAreGiven,
    ValueHasItsType,
    ValueIsAChoice,
    FlagsGetNoValue,
    FalseMeansFalse,
    OneOfAGroup,
    NothingIsOverlooked,
    HandlersDoNotExclude,
    HandlersAreCallable,
    HandlersHaveTheirParameters,
    ModelIsLoaded,
    ImportsAreInTheImage,
    ImportsAreKnown,
    RequirementsAreRead,
    RequirementsKeepTheFramework,
    RequirementsCanBeFetched,
    RequirementsAreInTheImage,
)
"""Every rule about code, ordered by number; each has what a row of the table of rules needs."""


def check_code(folder: Path, requests: Sequence[tuple[str, Request]]) -> list[list[Finding]]:
    """The findings about the code that each (operation, request) runs; the code is read, and never run.

    Paths are places of the request, messages name file and line of the code.

    Raises:
        UnreadableDocument: there is no such folder, or it cannot be listed.
    """
    code = CodeFolder(folder)
    return [in_document_order(request, _found(operation, request, code)) for operation, request in requests]


def _found(operation: str, request: Request, code: CodeFolder) -> list[Finding]:
    return [
        finding
        for program in programs(operation, request)
        for rule in CODE_RULES
        for finding in rule().check(program, code)
    ]
