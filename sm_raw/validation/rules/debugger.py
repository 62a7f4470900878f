"""E22x, E24x: Debugger and profiler."""

from __future__ import annotations

from collections.abc import Iterator

from sm_raw.validation.findings import Finding, Request
from sm_raw.validation.reading import at, is_absent, records
from sm_raw.validation.rules.training import TrainingRule


class DebuggerRulesNeedHook(TrainingRule):
    """Debugger rules come with a DebugHookConfig: without one no tensors are saved and each rule ends in Error."""

    id = "W220"
    operations = ("CreateTrainingJob",)
    source = "https://github.com/aws/amazon-sagemaker-examples/issues/2746"

    def check_training(self, training: Request) -> Iterator[Finding]:
        rules = list(records(at(training, "DebugRuleConfigurations")))
        if rules and is_absent(training, "DebugHookConfig"):
            count = "1 rule waits" if len(rules) == 1 else f"{len(rules)} rules wait"
            yield self.finding(
                "DebugHookConfig", f"missing; {count} for tensors that only a hook saves: add S3OutputPath"
            )
