"""The folder of the user's code: its files as syntax trees, and which imports they answer."""

from __future__ import annotations

import ast
import sys
import warnings
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path, PurePosixPath
from typing import Literal

from sm_raw.errors import UnreadableDocument
from sm_raw.validation.code.requirement_lines import Requirements, read_requirements
from sm_raw.validation.wording import cut

LARGEST_BYTES = 2_000_000
OLDEST_GRAMMAR = (3, 7)  # the oldest that ast.parse can tell from today's

Python = tuple[int, int]


@dataclass(frozen=True)
class Fault:
    """Why a file has no syntax tree: its code is wrong, or it could not be looked at."""

    kind: Literal["syntax", "unread"]
    line: int
    text: str


@dataclass(frozen=True, eq=False)
class Source:
    """One file of Python code. ``name`` is its path inside the folder; without ``tree`` and ``fault`` it is unknown."""

    name: str
    path: Path
    tree: ast.Module | None
    fault: Fault | None = None

    def place(self, node: ast.expr | ast.stmt) -> str:
        """``train.py:41``, as findings show it."""
        return f"{self.name}:{node.lineno}"


class CodeFolder:
    """A folder whose files are read once. Raises UnreadableDocument where there is no such folder."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._sources: dict[tuple[Path, Python | None], Source] = {}
        try:
            self.files = sorted(file.name for file in path.iterdir())
        except (OSError, ValueError) as error:
            reason = error.strerror if isinstance(error, OSError) else error
            raise UnreadableDocument(f"{path}: no folder of code can be read here: {reason}") from None

    def file(self, name: str) -> Path | None:
        """The file of this path inside the folder; None where there is none, or the path leads out of it."""
        inside = PurePosixPath(name)
        if inside.is_absolute() or ".." in inside.parts:
            return None
        return path if _is_file(path := self.path / name) else None

    def source(self, path: Path, python: Python | None = None) -> Source:
        """The file as code of this Python; of the one that runs here where the version is not known."""
        if (path, python) not in self._sources:
            self._sources[path, python] = self._read(path, python)
        return self._sources[path, python]

    def module(self, dotted: str, beside: Path) -> Path | None:
        """What ``import dotted`` finds in ``beside`` or on top of the folder: a file, or a package without code."""
        for base in dict.fromkeys((beside, self.path)):
            place = base.joinpath(*dotted.split("."))
            for file in (place / "__init__.py", place.with_name(f"{place.name}.py")):
                if _is_file(file):
                    return file
            if _is_directory(place):
                return place
        return None

    def holds_extension(self, name: str) -> bool:
        """Whether a compiled module of this name lies on top of the folder."""
        return any(file.split(".")[0] == name and file.endswith((".so", ".pyd", ".pyc")) for file in self.files)

    @cached_property
    def requirements(self) -> Requirements:
        """What requirements.txt on top of the folder lists."""
        return read_requirements(self.path)

    def _read(self, path: Path, python: Python | None) -> Source:
        name = path.relative_to(self.path).as_posix()
        try:
            with path.open("rb") as file:
                data = file.read(LARGEST_BYTES + 1)
        except OSError as error:
            return Source(name, path, None, Fault("unread", 1, error.strerror or "it cannot be opened"))
        if len(data) > LARGEST_BYTES:
            return Source(name, path, None, Fault("unread", 1, f"it is larger than {LARGEST_BYTES:,} bytes"))
        try:
            return Source(name, path, _parsed(data, python))
        except SyntaxError as error:
            # What this Python cannot read, a newer one in the image may.
            known = python is None or python <= sys.version_info[:2]
            fault = Fault("syntax", error.lineno or 1, cut(error.msg)) if known else None
            return Source(name, path, None, fault)
        except ValueError as error:
            return Source(name, path, None, Fault("syntax", 1, cut(str(error))))
        except (RecursionError, MemoryError):
            return Source(name, path, None, Fault("unread", 1, "it is nested too deeply"))


def _parsed(data: bytes, python: Python | None) -> ast.Module:
    here = sys.version_info[:2]
    grammar = max(OLDEST_GRAMMAR, min(python or here, here))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the user's odd escapes are not this program's warnings
        return ast.parse(data, feature_version=grammar)


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except (OSError, ValueError):
        return False


def _is_directory(path: Path) -> bool:
    try:
        return path.is_dir()
    except (OSError, ValueError):
        return False
