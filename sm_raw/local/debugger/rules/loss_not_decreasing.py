"""LossNotDecreasing: the loss stands still or rises."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import ClassVar

from sm_raw.local.debugger.parameters import parameter
from sm_raw.local.debugger.rules.losses import scalar_losses
from sm_raw.local.debugger.rules.rule import GUIDE, Rule, Trial, verdict


@dataclass(kw_only=True)
class LossNotDecreasing(Rule):
    """Every ``num_steps`` or more, a loss is compared with the newest saved one at least ``num_steps`` older.

    Known: the comparison, its rhythm and the parameters. Not public is how the two percentages combine.
    Chosen, so that both have an effect: a loss that fell must have fallen by ``diff_percent``; a loss that
    rose is tolerated until it stands more than ``increase_threshold_percent`` above the loss from which the
    rise began; a loss that did neither, or is no number, meets the condition.

    The guide gives GLOBAL as the default of ``mode`` and also says that without it EVAL, TRAIN and GLOBAL are
    looked at in this order. Chosen: without it each mode is a series of its own, counted in the mode's own
    steps, because a validation loss says nothing about the fall of a training loss. With "GLOBAL" all modes
    are one series.
    """

    source: ClassVar[str] = f"{GUIDE}#loss-not-decreasing"
    needs: ClassVar[str] = "scalar losses at least num_steps apart"

    collection_names: tuple[str, ...] = ()
    tensor_regex: tuple[str, ...] = parameter((), regex=True)
    use_losses_collection: bool = True
    num_steps: int = parameter(10, minimum=1)
    diff_percent: float = parameter(0.1, above=0, below=100)
    increase_threshold_percent: float = parameter(5.0, above=0, below=100)
    mode: str | None = parameter(None, choices=("EVAL", "TRAIN", "GLOBAL"))
    _series: dict[tuple[str, str], _Series] = field(init=False, repr=False, default_factory=dict)

    def invoke_at_step(self, trial: Trial, step: int) -> bool | None:
        mode, number = trial.mode(step), trial.mode_step(step)
        if self.mode == "GLOBAL":
            mode, number = "GLOBAL", step
        if self.mode not in (None, mode):
            return None
        collections = ("losses",) * self.use_losses_collection + self.collection_names
        losses = scalar_losses(trial, step, collections=collections, regex=self.tensor_regex)
        return verdict([self._check(name, mode, number, loss) for name, loss in losses.items()])

    def _check(self, name: str, mode: str, number: int, loss: float) -> bool | None:
        series = self._series.setdefault((name, mode), _Series())
        reference = series.reference(number, self.num_steps)
        series.saved.append((number, loss))
        if reference is None:
            return None
        # The next reference is no older than this check.
        series.saved = [(number, loss)]
        return self._stands_or_rises(series, reference, loss)

    def _stands_or_rises(self, series: _Series, reference: float, loss: float) -> bool:
        if loss < reference:
            series.rising_from = None
            return _percent(reference - loss, of=reference) < self.diff_percent
        if not loss > reference:
            return True
        if series.rising_from is None:
            series.rising_from = reference
        rise = _percent(loss - series.rising_from, of=series.rising_from)
        return not rise <= self.increase_threshold_percent


@dataclass
class _Series:
    """One loss in one mode: (step, loss) since the last check, and where a tolerated rise began."""

    saved: list[tuple[int, float]] = field(default_factory=list)
    rising_from: float | None = None

    def reference(self, number: int, num_steps: int) -> float | None:
        old_enough = [loss for saved, loss in self.saved if saved <= number - num_steps]
        return old_enough[-1] if old_enough else None


def _percent(difference: float, *, of: float) -> float:
    return 100 * difference / abs(of) if of else math.inf
