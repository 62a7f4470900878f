"""A trial made of plain numbers, so that rules are tested without files and without smdebug."""

import re
import warnings

import numpy as np
import pytest

from sm_raw.local.debugger.saved_tensors import QUIET, import_smdebug

COLLECTIONS = {"losses": "loss", "gradients": "^gradient/"}


class PlainTrial:
    """``steps``: {global step: (mode, {tensor name: numbers})}; a step in a mode has the number it has there."""

    def __init__(self, steps):
        self._steps = steps

    def mode(self, step):
        return self._steps[step][0]

    def mode_step(self, step):
        if self.mode(step) == "GLOBAL":
            return step
        return sum(self.mode(other) == self.mode(step) for other in self._steps if other < step)

    def tensor_names(self, step, *, collection=None, regex=()):
        patterns = [COLLECTIONS.get(collection, "^$")] if collection else regex
        names = self._steps[step][1]
        return sorted(name for name in names if any(re.search(pattern, name) for pattern in patterns))

    def value(self, name, step):
        value = self._steps[step][1][name]
        return None if value is None else np.asarray(value, dtype=float)

    def reduction(self, name, step, reduction, *, absolute=False):
        value = self.value(name, step)
        if value is None:
            return None
        return float({"mean": np.mean, "variance": np.var}[reduction](abs(value) if absolute else value))


@pytest.fixture
def plain_trial():
    return PlainTrial


@pytest.fixture
def first_hit():
    """The first step at which the rule's condition is met; None when it never is."""

    def walk(rule, steps):
        trial = PlainTrial(steps)
        return next((step for step in sorted(steps) if rule.invoke_at_step(trial, step)), None)

    return walk


@pytest.fixture
def losses():
    """Steps from letters and numbers: ``losses("T", 0.5, 0.4, "E", 0.6)`` is two TRAIN steps and an EVAL step."""

    def steps(*marks, interval=1):
        made, mode = {}, "GLOBAL"
        for mark in marks:
            if isinstance(mark, str):
                mode = {"T": "TRAIN", "E": "EVAL", "P": "PREDICT"}[mark]
            else:
                made[len(made) * interval] = (mode, {"loss": mark})
        return made

    return steps


class SavedTrial:
    """A folder as smdebug writes it, made with smdebug's own writers, step by step."""

    def __init__(self, folder):
        from smdebug.core.modes import ModeKeys

        self.folder = folder
        self._modes = ModeKeys

    def save_collections(self, *, workers=1, worker=0):
        from smdebug.core.collection_manager import CollectionManager

        manager = CollectionManager()
        for name, regex in COLLECTIONS.items():
            manager.get(name).include(regex)
        manager.set_num_workers(workers)
        manager.export(str(self.folder), f"worker_{worker}_collections.json")

    def save_step(self, step, tensors, *, mode="TRAIN", mode_step=None, worker=0):
        """``tensors``: names to numbers; a name under ``reduction_name`` is that of a saved reduction."""
        from smdebug.core.writer import FileWriter

        number = step if mode_step is None else mode_step
        with (
            warnings.catch_warnings(),
            FileWriter(trial_dir=str(self.folder), step=step, worker=f"worker_{worker}") as writer,
        ):
            warnings.simplefilter("ignore")  # it calls ndarray.tostring
            for name, value in tensors.items():
                numbers = np.asarray(value, dtype=np.float32)
                writer.write_tensor(tname=name, tdata=numbers, mode=self._modes[mode], mode_step=number)

    def reduction_name(self, tensor, reduction, *, absolute):
        from smdebug.core.reductions import get_reduction_tensor_name

        return get_reduction_tensor_name(tensor, reduction, absolute)


@pytest.fixture
def saved_trial(tmp_path, monkeypatch):
    for name, value in QUIET.items():
        monkeypatch.setenv(name, value)
    import_smdebug()
    return SavedTrial(tmp_path / "tensors")
