"""Overfit: the validation loss stands well above the training loss."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar

from sm_raw.local.debugger.parameters import parameter
from sm_raw.local.debugger.rules.losses import RunningMean, scalar_losses
from sm_raw.local.debugger.rules.rule import GUIDE, Rule, Trial, verdict


@dataclass(kw_only=True)
class Overfit(Rule):
    """(mean EVAL loss - mean TRAIN loss) / mean TRAIN loss is above ``ratio_threshold`` for ``patience`` steps.

    Known: the ratio and its parameters. Not public is over which steps the means run. Chosen: both run over
    one pass. The EVAL mean is that of the validation pass so far, the TRAIN mean that of the training pass
    before it, and each saved EVAL step is one of the ``patience`` steps, which must follow each other.
    Without ``tensor_regex`` the tensors are those of the ``losses`` collection.
    """

    source: ClassVar[str] = f"{GUIDE}#overfit"
    needs: ClassVar[str] = "losses in the modes TRAIN and EVAL"

    tensor_regex: tuple[str, ...] = parameter((), regex=True)
    patience: int = parameter(1, minimum=1)
    ratio_threshold: float = parameter(0.1, minimum=0)
    _passes: dict[str, _Passes] = field(init=False, repr=False, default_factory=dict)

    def invoke_at_step(self, trial: Trial, step: int) -> bool | None:
        mode = trial.mode(step)
        collections = () if self.tensor_regex else ("losses",)
        losses = scalar_losses(trial, step, collections=collections, regex=self.tensor_regex)
        return verdict([self._judge(name, mode, loss) for name, loss in losses.items()])

    def _judge(self, name: str, mode: str, loss: float) -> bool | None:
        passes = self._passes.setdefault(name, _Passes())
        if mode == "TRAIN":
            passes.add_training(loss)
        if mode != "EVAL" or not passes.training.count:
            return None
        passes.validation.add(loss)
        train = passes.training.value
        over = passes.validation.value - train > self.ratio_threshold * abs(train)
        passes.steps_over = passes.steps_over + 1 if over else 0
        return passes.steps_over >= self.patience


@dataclass
class _Passes:
    """The losses of the last training pass, and of the validation pass after it."""

    training: RunningMean = field(default_factory=RunningMean)
    validation: RunningMean = field(default_factory=RunningMean)
    steps_over: int = 0

    def add_training(self, loss: float) -> None:
        if self.validation.count:
            self.training, self.validation = RunningMean(), RunningMean()
        self.training.add(loss)
