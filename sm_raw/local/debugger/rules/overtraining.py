"""Overtraining: neither the training loss nor the validation loss improves any more."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import ClassVar

from sm_raw.local.debugger.parameters import parameter
from sm_raw.local.debugger.rules.losses import RunningMean, scalar_losses
from sm_raw.local.debugger.rules.rule import GUIDE, Rule, Trial, verdict


@dataclass(kw_only=True)
class Overtraining(Rule):
    """No improvement by ``delta`` for ``patience_train`` TRAIN steps and ``patience_validation`` EVAL steps.

    Known: the parameters (``delta`` was 0.1 in the guide of 2020). Not public is what a step's loss is
    compared with. Chosen: the mean over the pass so far is compared with the best earlier pass of the same
    mode, so that the noise between batches is no improvement and the first pass is never overtrained; steps
    are saved steps; and both conditions must hold.
    """

    source: ClassVar[str] = f"{GUIDE}#overtraining"
    needs: ClassVar[str] = "losses in the modes TRAIN and EVAL"

    patience_train: int = parameter(5, minimum=1)
    patience_validation: int = parameter(10, minimum=1)
    delta: float = parameter(0.01, minimum=0)
    _progress: dict[str, dict[str, _Progress]] = field(init=False, repr=False, default_factory=dict)

    def invoke_at_step(self, trial: Trial, step: int) -> bool | None:
        mode, losses = trial.mode(step), scalar_losses(trial, step)
        if mode not in ("TRAIN", "EVAL"):
            return None
        return verdict([self._judge(name, mode, loss) for name, loss in losses.items()])

    def _judge(self, name: str, mode: str, loss: float) -> bool | None:
        progress = self._progress.setdefault(name, {})
        for other, idle in progress.items():
            if other != mode:
                idle.end_pass(self.delta)
        progress.setdefault(mode, _Progress()).add(loss, self.delta)
        if len(progress) < 2:
            return None
        return (
            progress["TRAIN"].idle_steps >= self.patience_train
            and progress["EVAL"].idle_steps >= self.patience_validation
        )


@dataclass
class _Progress:
    """One loss in one mode: the best pass, the losses of the running pass, and the steps without improvement."""

    best: float = math.inf
    running: RunningMean = field(default_factory=RunningMean)
    idle_steps: int = 0

    def add(self, loss: float, delta: float) -> None:
        self.running.add(loss)
        self.idle_steps = 0 if self._improves(delta) else self.idle_steps + 1

    def end_pass(self, delta: float) -> None:
        if self.running.count and self._improves(delta):
            self.best = self.running.value
        self.running = RunningMean()

    def _improves(self, delta: float) -> bool:
        return self.running.value < self.best - delta
