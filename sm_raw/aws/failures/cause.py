"""One known cause of failures: the messages that tell of it, what it means, and what to do."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property


@dataclass(frozen=True)
class Cause:
    """One known cause. A ``symptom`` says what went wrong, not why: a log may tell more, and then comes first."""

    id: str
    patterns: tuple[str, ...]
    cause: str
    remedy: str
    source: str
    is_symptom: bool = False

    @cached_property
    def _pattern(self) -> re.Pattern[str]:
        return re.compile("|".join(f"(?:{pattern})" for pattern in self.patterns), re.IGNORECASE)

    def found_in(self, text: str) -> int | None:
        """Where the text tells of it first."""
        found = self._pattern.search(text)
        return found.start() if found else None
