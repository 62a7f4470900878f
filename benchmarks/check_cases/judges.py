"""Who judges a request: sm_raw, botocore's parameter check, and sagemaker-core in a Python of its own."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal, NamedTuple, TypeAlias

from botocore.validate import ParamValidator

from check_cases.edits import related
from check_cases.faults import BadRequest, Fault
from check_cases.good import Documents
from check_cases.good_training import REGION
from check_cases.mutations import input_shape
from sm_raw import Finding, check_together

PEER = Path(__file__).with_name("sagemaker_core_peer.py")
Told: TypeAlias = set[tuple[int, Finding]]
Verdict: TypeAlias = Literal["refused", "told", "missed"]


def findings(documents: Documents) -> Told:
    """What sm_raw finds, each with the number of its document."""
    found = check_together(documents, region=REGION)
    return {(index, finding) for index, each in enumerate(found) for finding in each}


class Ours:
    """sm_raw's verdicts, held against what it says of the good requests."""

    def __init__(self, good: Mapping[str, Documents]) -> None:
        self.good = good
        self.alarms = {name: findings(documents) for name, documents in good.items()}

    def verdict(self, bad: BadRequest) -> Verdict:
        """``refused`` with an error, ``told`` with a warning only; a pair is missed unless both faults are found."""
        found = self._new(bad)
        if not all(self._is_found(fault, found, bad) for fault in bad.faults):
            return "missed"
        return "refused" if any(finding.severity == "error" for _, finding in found) else "told"

    def _new(self, bad: BadRequest) -> Told:
        places = {(index, finding.id, finding.path) for index, finding in self.alarms[bad.request]}
        found = findings(bad.documents(self.good[bad.request]))
        return {each for each in found if (each[0], each[1].id, each[1].path) not in places}

    def _is_found(self, fault: Fault, found: Told, bad: BadRequest) -> bool:
        if fault.path is not None:
            return any(index == fault.document and related(finding.path, fault.path) for index, finding in found)
        if len(bad.faults) == 1:
            return bool(found)
        alone = {(finding.id, finding.path) for _, finding in self._new(BadRequest((fault,)))}
        return any((finding.id, finding.path) in alone for _, finding in found)


def botocore_refuses(documents: Documents) -> bool:
    """Whether botocore's own check stops one of the documents."""
    validator = ParamValidator()
    return any(validator.validate(request, input_shape(operation)).has_errors() for operation, request in documents)


class Peer(NamedTuple):
    """What sagemaker-core said of one request after the other; None where it has no class for it."""

    answers: Sequence[bool | None]

    @classmethod
    def asked(cls, python: str, requests: Sequence[Documents]) -> Peer:
        """Asks about the document of each request that the peer has a class for."""
        lines = [json.dumps({"operation": name, "request": request}) for each in requests for name, request in each]
        run = subprocess.run([python, str(PEER)], input="\n".join(lines), stdout=subprocess.PIPE, text=True, check=True)
        answers = iter([json.loads(line) for line in run.stdout.splitlines()])
        return cls([_together([next(answers) for _ in each]) for each in requests])


def _together(answers: Sequence[Any]) -> bool | None:
    given = [answer for answer in answers if answer is not None]
    return any(given) if given else None
