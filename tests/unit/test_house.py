"""The direction of imports, read from the sources: specs <- validation <- aws <- runs <- cli, scripts."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
MAY_IMPORT = {
    "specs": {"errors"},
    "validation": {"errors", "specs"},
    "aws": {"errors", "specs", "validation"},
    "runs": {"errors", "specs", "validation", "aws"},
    "report": {"errors"},
    "local": {"errors", "specs", "validation", "aws"},
}


def imported_rooms(path: Path) -> set[str]:
    """The rooms of sm_raw that a file imports anywhere, inside functions too."""
    names: list[str] = []
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module:
            names += [node.module] if node.module != "sm_raw" else [f"sm_raw.{alias.name}" for alias in node.names]
    return {name.split(".")[1] for name in names if name.startswith("sm_raw.")}


@pytest.mark.parametrize("room", MAY_IMPORT)
def test_a_room_imports_only_what_lies_below_it(room: str) -> None:
    strays = {
        str(path.relative_to(ROOT)): sorted(found)
        for path in (ROOT / "sm_raw" / room).rglob("*.py")
        if (found := imported_rooms(path) - MAY_IMPORT[room] - {room})
    }
    assert strays == {}


def test_local_takes_from_aws_the_clients_and_the_job_kinds_alone() -> None:
    taken = set()
    for path in (ROOT / "sm_raw" / "local").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("sm_raw.aws"):
                taken.add(node.module)
    assert taken <= {"sm_raw.aws.clients", "sm_raw.aws.job_kinds"}


def test_container_code_imports_nothing_from_the_package() -> None:
    assert all(not imported_rooms(path) for path in (ROOT / "container_code").rglob("*.py"))


def test_only_the_command_line_and_scripts_start_the_engine() -> None:
    starters = [
        path
        for path in (ROOT / "sm_raw").rglob("*.py")
        if "local" in imported_rooms(path) and "local" not in path.relative_to(ROOT / "sm_raw").parts
    ]
    assert sorted(path.relative_to(ROOT / "sm_raw").as_posix() for path in starters) == [
        "cli/local.py",
        "cli/targets.py",
        "cli/try_model.py",
    ]
