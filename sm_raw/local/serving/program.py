"""Finding and importing the user's module, as the container does."""

from __future__ import annotations

import importlib
import importlib.util
import os
import sys
from pathlib import Path
from types import ModuleType


def import_program(program: str, code_dir: Path) -> ModuleType | None:
    """The module of the script ``program``, found on the path with ``code_dir`` first; None if there is none.

    A missing module is no error in the container: the default functions serve. It is told on stderr, for it
    is seldom meant. Exceptions of the module's own code pass through.
    """
    put_code_first(code_dir)
    name = program.removesuffix(".py")
    if importlib.util.find_spec(name) is None:
        sys.stderr.write(f"{program} is not in {code_dir}: the default functions are used, as AWS's container does\n")
        return None
    return importlib.import_module(name)


def put_code_first(code_dir: Path) -> None:
    """Let imports find the user's code first, in processes that it starts too, and nothing of the start folder.

    ``python -m`` puts the folder it was started in on the path; no container has that.
    """
    start = Path.cwd()
    sys.path[:] = [str(code_dir), *(entry for entry in sys.path if Path(entry).resolve() != start)]
    inherited = os.environ.get("PYTHONPATH")
    os.environ["PYTHONPATH"] = os.pathsep.join([str(code_dir), *([inherited] if inherited else [])])
