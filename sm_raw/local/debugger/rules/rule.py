"""What every rule is: parameters, and a judgement of one saved step."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Protocol

from sm_raw.local.debugger.parameters import parameter

GUIDE = "https://docs.aws.amazon.com/sagemaker/latest/dg/debugger-built-in-rules.html"


class Trial(Protocol):
    """The saved tensors of one training job, by global step (it counts across the modes)."""

    def mode(self, step: int) -> str:
        """TRAIN, EVAL or PREDICT; GLOBAL when the training script never set a mode."""

    def mode_step(self, step: int) -> int:
        """The number of the step within its mode."""

    def tensor_names(self, step: int, *, collection: str | None = None, regex: Sequence[str] = ()) -> list[str]:
        """The tensors saved at ``step``: of a collection, or with one of the patterns anywhere in the name."""

    def value(self, name: str, step: int) -> Any:
        """The tensor as a numpy array; None when it was not saved as such at this step."""

    def reduction(self, name: str, step: int, reduction: str, *, absolute: bool = False) -> float | None:
        """``mean``, ``variance`` and so on: the saved reduction, or the same of the saved tensor; None without."""


@dataclass(kw_only=True)
class Rule(ABC):
    """A rule sees every saved step once, in order, and remembers between them what it needs.

    Its fields are its parameters; those that are not arguments (``init=False``) are its memory. Every rule takes
    ``start_step`` and ``end_step``: it sees start <= step < end. Where the service's formula is not public, the
    docstring of a rule says what is known and what was chosen here.
    """

    source: ClassVar[str] = GUIDE
    needs: ClassVar[str]  # the tensors, in words, for the case that no step held them

    start_step: int = parameter(0, minimum=0)
    end_step: int | None = parameter(None, minimum=1)

    @abstractmethod
    def invoke_at_step(self, trial: Trial, step: int) -> bool | None:
        """True: the condition is met, which ends the evaluation. None: nothing to judge at this step."""


def verdict(judgements: Iterable[bool | None]) -> bool | None:
    """One judgement from those of several tensors: met if any is, None if there was nothing to judge."""
    result = None
    for judgement in judgements:
        if judgement:
            return True
        if judgement is not None:
            result = False
    return result
