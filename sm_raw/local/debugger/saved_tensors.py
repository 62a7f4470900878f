"""What smdebug wrote, read with smdebug: its index files, modes and reductions, but none of its waiting.

smdebug blocks in loops of ``time.sleep(2)`` until a trial, a step or an event file appears. Here a trial is
opened once its collection files are complete, is refreshed on demand, and shows complete steps only, so
nothing waits.
"""

from __future__ import annotations

import contextlib
import json
import os
import sys
import warnings
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

END_OF_JOB = "training_job_end.ts"

# smdebug logs to stdout, sleeps a second when it sees the end of a job, and tries a hundred times, two
# seconds apart, to find an event file that an index names. All of it is read from the environment when
# smdebug is imported or used.
QUIET = {
    "SMDEBUG_LOG_LEVEL": "error",
    "SMDEBUG_TRAINING_END_DELAY_REFRESH": "0",
    "SMDEBUG_MISSING_EVENT_FILE_RETRY_LIMIT": "0",
}


def quiet_smdebug() -> None:
    """Set the environment of this process for a reader that shares its machine with the training."""
    os.environ.update(QUIET)


def import_smdebug() -> None:
    """Import what reads trials. Raises ImportError when smdebug, or what it needs undeclared, is not installed."""
    with warnings.catch_warnings(), _without_torch():
        # Its generated protobuf modules call what protobuf deprecated.
        warnings.simplefilter("ignore")
        import smdebug.trials  # noqa: F401


@contextlib.contextmanager
def _without_torch() -> Iterator[None]:
    """smdebug tries to import torch and does without; a reader of files then starts in a quarter of the time
    and holds 0.1 instead of 0.7 GB."""
    if "torch" in sys.modules:
        yield
        return
    sys.modules["torch"] = None  # type: ignore[assignment]
    try:
        yield
    finally:
        del sys.modules["torch"]


def mark_end(folder: Path) -> None:
    """Tell smdebug that no more steps come, as the service does.

    Under SageMaker (TRAINING_JOB_NAME is set) the hook writes no such mark itself, and a training that
    crashed never does. Without it the last step of several workers counts as incomplete, which is all that is
    lost when the disk is full.
    """
    if folder.is_dir():
        with contextlib.suppress(OSError):
            (folder / END_OF_JOB).touch()


def collections_are_complete(folder: Path) -> bool:
    """One collection file for each worker is there; smdebug would wait for them."""
    files = sorted((folder / "collections" / "000000000").glob("*_collections.json"))
    return bool(files) and len(files) >= int(json.loads(files[0].read_text())["_meta"]["num_workers"])


class SavedTensors:
    """The tensors below ``folder``: a ``Trial`` for rules. Open it once ``collections_are_complete``."""

    def __init__(self, folder: Path) -> None:
        from smdebug.exceptions import SMDebugError
        from smdebug.trials import create_trial

        self._unavailable = SMDebugError
        self._trial = create_trial(str(folder), name=folder.name)
        self._trial.dynamic_refresh = False
        self._last_step = -1

    def new_steps(self) -> list[int]:
        """The complete global steps that were saved since the last call, in order."""
        # Every question to a trial would list its folder again: refreshed once here, it then stays as it is.
        self._trial.dynamic_refresh = True
        self._trial.maybe_refresh()
        self._trial.dynamic_refresh = False
        steps = [step for step in self._trial.steps() if step > self._last_step]
        self._last_step = steps[-1] if steps else self._last_step
        return steps

    def mode(self, step: int) -> str:
        return str(self._trial.mode(step).name)

    def mode_step(self, step: int) -> int:
        return int(self._trial.mode_step(step))

    def tensor_names(self, step: int, *, collection: str | None = None, regex: Sequence[str] = ()) -> list[str]:
        return list(self._trial.tensor_names(step=step, collection=collection, regex=list(regex) or None))

    def value(self, name: str, step: int) -> Any:
        try:
            return self._trial.tensor(name).value(step)
        except self._unavailable:
            return None

    def reduction(self, name: str, step: int, reduction: str, *, absolute: bool = False) -> float | None:
        try:
            return float(self._trial.tensor(name).reduction_value(step, reduction, abs=absolute).item())
        except self._unavailable:
            return None
