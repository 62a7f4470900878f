"""What a rule about the user's code is."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from typing import ClassVar

from sm_raw.validation.code.folder import CodeFolder
from sm_raw.validation.code.programs import Program
from sm_raw.validation.findings import Finding, severity_of

TRAINING = ("CreateTrainingJob", "CreateHyperParameterTuningJob")
SERVING = ("CreateModel",)


class CodeRule(ABC):
    """A check of one program that a request starts, against the folder that holds its code.

    It has the attributes of a rule about requests, so that one table lists both. What cannot be read for certain,
    in the code or in the request, is no finding.
    """

    id: ClassVar[str] = ""
    operations: ClassVar[tuple[str, ...]] = (*TRAINING, *SERVING)
    source: ClassVar[str] = ""

    @abstractmethod
    def check(self, program: Program, code: CodeFolder) -> Iterator[Finding]:
        """The findings."""

    def finding(self, program: Program, path: str, message: str) -> Finding:
        return Finding(self.id, severity_of(self.id), program.operation, path, message)
