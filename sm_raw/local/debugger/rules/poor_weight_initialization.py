"""PoorWeightInitialization: the first steps show a network that starts badly."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np

from sm_raw.local.debugger.parameters import parameter
from sm_raw.local.debugger.rules.losses import scalar_losses
from sm_raw.local.debugger.rules.rule import GUIDE, Rule, Trial, verdict


@dataclass(kw_only=True)
class PoorWeightInitialization(Rule):
    """Within the first ``steps`` steps the activation inputs, the gradients or the loss look wrong.

    Known: three things are looked at: the ratio of the variances of activation inputs across layers
    (``threshold``), the smallest distance from the 5th to the 95th percentile of a gradient
    (``distribution_range``), and whether the loss falls (``patience``). Chosen: the ratio is that of the
    largest variance to the smallest; any one of the three is enough; ``steps`` and ``patience`` count saved
    steps; steps in the modes EVAL and PREDICT are not looked at, since they come after the weights have
    changed and hold no gradients.

    The configuration that AWS's own tools send saves none of ``gradients`` and ``losses`` for this rule, and
    its ``relu_input`` finds only modules that are named so: what is not saved is not judged.
    """

    source: ClassVar[str] = f"{GUIDE}#poor-weight-initialization"
    needs: ClassVar[str] = "activation inputs of two layers or more, the collection gradients, or losses"

    activation_inputs_regex: tuple[str, ...] = parameter((".*relu_input",), regex=True)
    threshold: float = parameter(10.0, above=0)
    distribution_range: float = parameter(0.001, minimum=0)
    patience: int = parameter(5, minimum=1)
    steps: float = parameter(10.0, above=0)
    _steps_seen: int = field(init=False, repr=False, default_factory=int)
    _lowest_loss: dict[str, float] = field(init=False, repr=False, default_factory=dict)
    _idle_steps: dict[str, int] = field(init=False, repr=False, default_factory=dict)

    def invoke_at_step(self, trial: Trial, step: int) -> bool | None:
        if trial.mode(step) in ("EVAL", "PREDICT") or self._steps_seen >= self.steps:
            return None
        parts = (self._variances_differ, self._gradients_are_narrow, self._loss_stands)
        result = verdict([part(trial, step) for part in parts])
        self._steps_seen += result is not None
        return result

    def _variances_differ(self, trial: Trial, step: int) -> bool | None:
        names = trial.tensor_names(step, regex=self.activation_inputs_regex)
        found = (trial.reduction(name, step, "variance") for name in names)
        variances = [variance for variance in found if variance is not None]
        if len(variances) < 2:
            return None
        return max(variances) > self.threshold * min(variances)

    def _gradients_are_narrow(self, trial: Trial, step: int) -> bool | None:
        names = trial.tensor_names(step, collection="gradients")
        gradients = (trial.value(name, step) for name in names)
        return verdict(
            bool(np.subtract(*np.percentile(gradient, [95, 5])) < self.distribution_range)
            for gradient in gradients
            if gradient is not None and gradient.size
        )

    def _loss_stands(self, trial: Trial, step: int) -> bool | None:
        return verdict([self._stands(name, loss) for name, loss in scalar_losses(trial, step).items()])

    def _stands(self, name: str, loss: float) -> bool:
        fell = loss < self._lowest_loss.get(name, math.inf)
        if fell:
            self._lowest_loss[name] = loss
        self._idle_steps[name] = 0 if fell else self._idle_steps.get(name, 0) + 1
        return self._idle_steps[name] >= self.patience
