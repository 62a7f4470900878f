"""The losses that a step holds, as plain numbers, and their mean over a pass."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sm_raw.local.debugger.rules.rule import Trial


def scalar_losses(
    trial: Trial, step: int, *, collections: Sequence[str] = ("losses",), regex: Sequence[str] = ()
) -> dict[str, float]:
    """Every tensor of one element among ``collections`` and the names that ``regex`` finds, by name."""
    names = {name for collection in collections for name in trial.tensor_names(step, collection=collection)}
    if regex:
        names.update(trial.tensor_names(step, regex=regex))
    values = {name: trial.value(name, step) for name in sorted(names)}
    return {name: float(value.item()) for name, value in values.items() if value is not None and value.size == 1}


@dataclass
class RunningMean:
    """The mean of the losses of a pass so far."""

    total: float = 0.0
    count: int = 0

    def add(self, loss: float) -> None:
        self.total += loss
        self.count += 1

    @property
    def value(self) -> float:
        return self.total / self.count
