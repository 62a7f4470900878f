from __future__ import annotations

import textwrap
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from sm_raw.validation.code import CODE_RULES
from sm_raw.validation.code.folder import CodeFolder
from sm_raw.validation.code.programs import programs

ACCOUNT = "763104351884.dkr.ecr.us-east-1.amazonaws.com"

Found = list[tuple[str, str, str]]


@pytest.fixture
def write(tmp_path: Path) -> Callable[[Mapping[str, str | bytes]], Path]:
    """Write files of a code folder, dedented, and give the folder."""

    def write_files(files: Mapping[str, str | bytes]) -> Path:
        for name, content in files.items():
            path = tmp_path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content if isinstance(content, bytes) else textwrap.dedent(content).encode())
        return tmp_path

    return write_files


@pytest.fixture
def found() -> Callable[..., Found]:
    """(id, path, message) of all findings in a folder, or of those with one id alone."""

    def findings(folder: Path, operation: str, request: Mapping[str, Any], rule: str = "") -> Found:
        code = CodeFolder(folder)
        return [
            (finding.id, finding.path, finding.message)
            for program in programs(operation, request)
            for each in CODE_RULES
            if rule in ("", each.id)
            for finding in each().check(program, code)
        ]

    return findings


@pytest.fixture
def training() -> Callable[..., dict[str, Any]]:
    """A CreateTrainingJob request with these hyperparameters."""

    def request(
        hyperparameters: Mapping[str, object] | None = None, *, image: str = "", program: str = "train.py", **more: Any
    ) -> dict[str, Any]:
        return {
            "AlgorithmSpecification": {"TrainingImage": f"{ACCOUNT}/{image}"} if image else {},
            "HyperParameters": {**(hyperparameters or {}), "sagemaker_program": program},
            **more,
        }

    return request


@pytest.fixture
def model() -> Callable[..., dict[str, Any]]:
    """A CreateModel request."""

    def request(image: str = "", program: str = "inference.py", **more: Any) -> dict[str, Any]:
        environment = {"SAGEMAKER_PROGRAM": program} if program else {}
        container = {"Environment": environment, **({"Image": f"{ACCOUNT}/{image}"} if image else {})}
        return {"PrimaryContainer": container, **more}

    return request
