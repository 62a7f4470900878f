"""Why jobs and endpoints fail, by their messages: what was found in public threads, its cause and what to do.

The catalogue has two halves, ``causes_around`` and ``causes_inside``. Patterns are searched for in any case; a cause's
``source`` is where such a message was seen.
"""

from __future__ import annotations

from collections.abc import Iterable

from sm_raw.aws.failures.cause import Cause as Cause
from sm_raw.aws.failures.causes_around import AROUND
from sm_raw.aws.failures.causes_inside import INSIDE

CAUSES = (*AROUND, *INSIDE)

BY_EXIT_CODE = {2: "hyperparameters-refused", 137: "host-memory", -9: "host-memory", 139: "crash", 132: "crash"}
"""What an exit code alone suggests, where nothing tells more."""


def match_causes(text: str) -> list[Cause]:
    """The known causes that a text tells of, in the order in which it does, but symptoms last."""
    found = [(cause, where) for cause in CAUSES if (where := cause.found_in(text)) is not None]
    return [cause for cause, _ in sorted(found, key=lambda pair: (pair[0].is_symptom, pair[1]))]


def cause_of_exit_code(exit_code: int | None) -> list[Cause]:
    return [cause for cause in CAUSES if exit_code is not None and cause.id == BY_EXIT_CODE.get(exit_code)]


def merged(*causes: Iterable[Cause]) -> tuple[Cause, ...]:
    """Each cause once, the first lists first, symptoms last."""
    every = dict.fromkeys(cause for some in causes for cause in some)
    return tuple(sorted(every, key=lambda cause: cause.is_symptom))
