"""VanishingGradient: gradients become so small that nothing is learned any more."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from sm_raw.local.debugger.parameters import parameter
from sm_raw.local.debugger.rules.rule import GUIDE, Rule, Trial, verdict


@dataclass(kw_only=True)
class VanishingGradient(Rule):
    """The mean of the absolute values of a gradient tensor is below ``threshold``.

    Known: the formula and its default. Chosen: one tensor of the ``gradients`` collection is enough.
    """

    source: ClassVar[str] = f"{GUIDE}#vanishing-gradient"
    needs: ClassVar[str] = "the collection gradients"

    threshold: float = parameter(1e-7, minimum=0)

    def invoke_at_step(self, trial: Trial, step: int) -> bool | None:
        names = trial.tensor_names(step, collection="gradients")
        means = (trial.reduction(name, step, "mean", absolute=True) for name in names)
        return verdict(None if mean is None else mean < self.threshold for mean in means)
