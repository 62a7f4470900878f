"""What several rules ask of one request is worked out once in a check.

A request is a plain dict and may change between two checks, so nothing is remembered longer than one takes.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, TypeVar

Answer = TypeVar("Answer")

_answers: ContextVar[dict[Any, Any] | None] = ContextVar("answers", default=None)


@contextmanager
def one_check() -> Iterator[None]:
    """Remember within this block what ``remembered`` functions answer."""
    token = _answers.set({})
    try:
        yield
    finally:
        _answers.reset(token)


def remembered(function: Callable[..., Answer]) -> Callable[..., Answer]:
    """A function of a part of the request, and of further hashable arguments, that is called once in a check."""

    @functools.wraps(function)
    def asked(part: Any, *arguments: Any) -> Answer:
        answers = _answers.get()
        if answers is None:
            return function(part, *arguments)
        key = function, id(part), arguments
        if key not in answers:
            # The part is held as well: while it lives, no other object has its id.
            answers[key] = part, function(part, *arguments)
        answer: Answer = answers[key][1]
        return answer

    return asked
