"""E/W730-739: what the code imports, against the image and requirements.txt."""

from __future__ import annotations

import ast
import sys
from abc import abstractmethod
from collections.abc import Iterator, Sequence
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

from sm_raw.validation.code.base import CodeRule
from sm_raw.validation.code.folder import CodeFolder, Python, Source
from sm_raw.validation.code.image_contents import distribution_of, image_contents
from sm_raw.validation.code.programs import Program
from sm_raw.validation.code.requirement_lines import Requirements
from sm_raw.validation.findings import Finding

# Left the standard library by the Python that may run here; an older image still has them.
FORMER_STANDARD = {"asynchat", "asyncore", "cgi", "cgitb", "distutils", "imghdr", "imp", "pipes", "smtpd", "telnetlib"}
STANDARD = sys.stdlib_module_names | FORMER_STANDARD | {"__main__", "_typeshed", "pkg_resources", "setuptools", "pip"}
CATCHES_IMPORTS = {"ImportError", "ModuleNotFoundError", "Exception", "BaseException"}


class Import(NamedTuple):
    """One import that runs as soon as the file does. ``module`` is dotted, ``names`` what is taken from it."""

    module: str
    names: tuple[str, ...]
    level: int
    node: ast.stmt


class ImportRule(CodeRule):
    """A rule about modules from elsewhere that the program cannot start without."""

    def check(self, program: Program, code: CodeFolder) -> Iterator[Finding]:
        contents = image_contents(program.image)
        file = code.file(program.file) if program.file.endswith(".py") else None
        if contents is None or file is None or {"setup.py", "pyproject.toml"} & set(code.files):
            return
        seen = set[str]()
        for source in imported_sources(code, file, program.python):
            for found in immediate_imports(source.tree.body if source.tree else [], is_main=source.path == file):
                name = found.module.partition(".")[0]
                if found.level or name in STANDARD or name in seen or _is_local(code, name, file.parent):
                    continue
                seen.add(name)
                distribution = distribution_of(name)
                if distribution not in contents.packages and not code.requirements.installs(distribution):
                    message = self.fault(name, distribution, contents.absent, code.requirements)
                    if message is not None:
                        where = f"{source.place(found.node)} imports {name}"
                        yield self.finding(program, program.path, f"{where}, which {contents.name} {message}")

    @abstractmethod
    def fault(self, name: str, distribution: str, absent: frozenset[str], requirements: Requirements) -> str | None:
        """What is wrong with the import of a module that is not known to be there; None when nothing is."""


class ImportsAreInTheImage(ImportRule):
    """No import needs a package that the image is known to lack; smdebug while serving is the classic."""

    id = "E730"
    source = "https://github.com/aws/deep-learning-containers/tree/master/pytorch"

    def fault(self, name: str, distribution: str, absent: frozenset[str], requirements: Requirements) -> str | None:
        if distribution not in absent:
            return None
        hint = f"import it inside try/except ImportError, or add {distribution} to requirements.txt"
        return f"does not hold; {hint}"


class ImportsAreKnown(ImportRule):
    """An import that the image is not known to hold is in requirements.txt."""

    id = "W731"
    source = "https://github.com/aws/deep-learning-containers/tree/master/pytorch"

    def fault(self, name: str, distribution: str, absent: frozenset[str], requirements: Requirements) -> str | None:
        # What is installed may bring any other package with it.
        if distribution in absent or requirements.lines:
            return None
        return f"is not known to hold; add {distribution} to requirements.txt"


@lru_cache(maxsize=16)
def _walked(code: CodeFolder, file: Path, python: Python | None) -> tuple[Source, ...]:
    found, waiting = dict[Path, Source](), [file]
    while waiting:
        path = waiting.pop(0)
        if path in found or path.suffix != ".py":
            continue
        source = found[path] = code.source(path, python)
        for each in immediate_imports(source.tree.body if source.tree else [], is_main=path == file):
            waiting += _local_files(code, source, each, file.parent)
    return tuple(found.values())


def imported_sources(code: CodeFolder, file: Path, python: Python | None) -> list[Source]:
    """The file and the folder's modules that it imports as it starts, the nearest first."""
    return list(_walked(code, file, python))


def immediate_imports(statements: Sequence[ast.stmt], *, is_main: bool) -> Iterator[Import]:
    """Imports that run for certain and that nothing catches."""
    for node in statements:
        if isinstance(node, ast.Import):
            yield from (Import(alias.name, (), 0, node) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield Import(node.module or "", tuple(alias.name for alias in node.names), node.level, node)
        elif isinstance(node, ast.Try) and not _catches_imports(node):
            yield from immediate_imports([*node.body, *node.orelse, *node.finalbody], is_main=is_main)
        elif isinstance(node, ast.ClassDef) or (isinstance(node, ast.If) and is_main and _is_main_guard(node)):
            yield from immediate_imports(node.body, is_main=is_main)


def _catches_imports(node: ast.Try) -> bool:
    named = (each for handler in node.handlers if handler.type for each in ast.walk(handler.type))
    bare = any(handler.type is None for handler in node.handlers)
    return bare or any(isinstance(each, ast.Name) and each.id in CATCHES_IMPORTS for each in named)


def _is_main_guard(node: ast.If) -> bool:
    test = node.test
    return isinstance(test, ast.Compare) and isinstance(test.left, ast.Name) and test.left.id == "__name__"


def _is_local(code: CodeFolder, name: str, beside: Path) -> bool:
    return code.module(name, beside) is not None or code.holds_extension(name)


def _local_files(code: CodeFolder, source: Source, found: Import, beside: Path) -> Iterator[Path]:
    if found.level > len(source.path.parents):
        return
    base = source.path.parents[found.level - 1] if found.level else beside
    if not base.is_relative_to(code.path):
        return
    parts = found.module.split(".") if found.module else []
    dotted = [".".join(parts[: index + 1]) for index in range(len(parts))]
    dotted += [".".join([*parts, name]) for name in found.names if name != "*"]
    for each in dotted:
        path = code.module(each, base)
        if path is not None and path.is_relative_to(code.path):
            yield path
