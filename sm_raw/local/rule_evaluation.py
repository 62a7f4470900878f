"""Debugger rules beside a training job: a process of their own reads the tensors, the statuses land in the job."""

from __future__ import annotations

import json
import sys
import uuid
from pathlib import Path
from typing import Any

from sm_raw.local.engine import Engine
from sm_raw.local.process import ChildProcess, clean_environment
from sm_raw.local.store import ACCOUNT_ID, Record

# Tensors that are on disk when the training ends are read in seconds; the bound is for a reader that hangs.
FINISH_SECONDS = 600
FINAL = {"NoIssuesFound", "IssuesFound", "Error", "Stopped"}
STATUSES = "DebugRuleEvaluationStatuses"
PROFILER_STATUSES = "ProfilerRuleEvaluationStatuses"


class RuleEvaluation:
    """The rules of one training job. Without rules every method does nothing."""

    def __init__(self, engine: Engine, record: Record, tensors: Path) -> None:
        self._engine, self._record, self._tensors = engine, record, tensors
        self._rules: list[dict[str, Any]] = record.description.get("DebugRuleConfigurations", [])
        self._profiler_rules: list[dict[str, Any]] = record.description.get("ProfilerRuleConfigurations", [])
        self._child: ChildProcess | None = None
        self._complaints: list[str] = []
        self._announce(STATUSES, self._rules)
        self._announce(PROFILER_STATUSES, self._profiler_rules)

    def start(self) -> None:
        """Begin to follow the tensors."""
        for rule in self._profiler_rules:
            self._tell(
                PROFILER_STATUSES,
                rule["RuleConfigurationName"],
                "Error",
                "ClientError: this engine samples system metrics but evaluates no profiler rules",
            )
        if not self._rules:
            return
        folder = self._tensors.parent
        rules = folder / "rules.json"
        rules.write_text(json.dumps(self._rules))
        self._child = ChildProcess(
            [
                sys.executable,
                "-m",
                "sm_raw.local.debugger",
                "--tensors",
                str(self._tensors),
                "--rules",
                str(rules),
            ],
            env=clean_environment({"HOME": str(folder), "TMPDIR": str(folder), "OMP_NUM_THREADS": "1"}),
            cwd=folder,
            on_line=self._on_status,
            on_error_line=self._complaints.append,
            stdin_pipe=True,
        )
        self._child.start()

    def finish(self) -> None:
        """The training is over: let the rules read to the end, and settle every status."""
        if self._child is None:
            self._settle("Stopped", "The training job ended before it could be observed.")
            return
        self._child.close_stdin()
        if self._engine.closing.is_set() or self._child.wait(FINISH_SECONDS) is None:
            self._child.kill()
        self._settle("Error", " ".join(["InternalServerError: the evaluation ended early.", *self._complaints[-3:]]))

    def kill(self) -> None:
        """End the evaluation at once; the engine is closing."""
        if self._child is not None:
            self._child.kill()

    def _settle(self, status: str, details: str) -> None:
        for field in (STATUSES, PROFILER_STATUSES):
            for entry in self._record.description.get(field, []):
                if entry["RuleEvaluationStatus"] not in FINAL:
                    self._tell(field, entry["RuleConfigurationName"], status, details)

    def _announce(self, field: str, rules: list[dict[str, Any]]) -> None:
        if rules:
            entries = [self._entry(rule["RuleConfigurationName"]) for rule in rules]
            self._engine.store.update(self._record, **{field: entries})

    def _entry(self, rule: str) -> dict[str, Any]:
        # The service names a rule's processing job after both, cut to 26 characters each.
        job = f"{self._record.name[:26]}-{rule[:26]}-{uuid.uuid4().hex[:8]}".lower()
        return {
            "RuleConfigurationName": rule,
            "RuleEvaluationJobArn": f"arn:aws:sagemaker:{self._record.region}:{ACCOUNT_ID}:processing-job/{job}",
            "RuleEvaluationStatus": "InProgress",
            "LastModifiedTime": self._engine.store.now(),
        }

    def _on_status(self, line: str) -> None:
        message = json.loads(line)
        self._tell(
            STATUSES,
            message["RuleConfigurationName"],
            message["RuleEvaluationStatus"],
            message.get("StatusDetails"),
        )

    def _tell(self, field: str, rule: str, status: str, details: str | None) -> None:
        with self._engine.store.lock:
            for entry in self._record.description[field]:
                if entry["RuleConfigurationName"] == rule:
                    entry.update(RuleEvaluationStatus=status, LastModifiedTime=self._engine.store.now())
                    if details:
                        entry["StatusDetails"] = details[:1024]
