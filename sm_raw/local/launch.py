"""Starts an engine as a process of its own, for the length of a block."""

from __future__ import annotations

import contextlib
import os
import queue
import sys
import tempfile
from collections import deque
from collections.abc import Iterator
from pathlib import Path

from sm_raw.errors import EngineFailed
from sm_raw.local.process import ChildProcess, clean_environment

START_SECONDS = 60
STOP_SECONDS = 20
READY = "ready "


@contextlib.contextmanager
def local_engine(*, port: int = 0, root: Path | None = None) -> Iterator[str]:
    """An engine of its own at the URL that the block gets; it ends with the block, and with this process.

    Raises EngineFailed when it does not start, with its last words.
    """
    lines: queue.Queue[str] = queue.Queue()
    last_words: deque[str] = deque(maxlen=20)
    command = [sys.executable, "-m", "sm_raw", "local", "--port", str(port)]
    if root is not None:
        command += ["--root", str(root)]
    temporary = tempfile.gettempdir()
    engine = ChildProcess(
        command,
        env=clean_environment({"HOME": temporary, "TMPDIR": temporary}),
        cwd=Path.cwd(),
        on_line=lines.put,
        on_error_line=last_words.append,
    )
    engine.start()
    try:
        yield _ready_url(engine, lines, last_words)
    finally:
        engine.stop(STOP_SECONDS)


def _ready_url(engine: ChildProcess, lines: queue.Queue[str], last_words: deque[str]) -> str:
    waited = 0.0
    while waited < START_SECONDS and engine.returncode is None:
        with contextlib.suppress(queue.Empty):
            line = lines.get(timeout=0.1)
            if line.startswith(READY):
                return line.removeprefix(READY)
        waited += 0.1
    raise EngineFailed(os.linesep.join(["the local engine did not start:", *last_words]))
