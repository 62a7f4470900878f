"""The verdicts of Debugger and profiler rules on a training job."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class RuleStatus:
    """The verdict on a Debugger or profiler rule ("NoIssuesFound", "IssuesFound" ...) and its details."""

    name: str
    status: str
    details: str


def rule_statuses(training_job: Mapping[str, Any]) -> list[RuleStatus]:
    """The Debugger and profiler rules in a DescribeTrainingJob response, in the order of the request."""
    return [
        RuleStatus(
            name=rule["RuleConfigurationName"],
            status=rule.get("RuleEvaluationStatus", "InProgress"),
            details=rule.get("StatusDetails", ""),
        )
        for member in ("DebugRuleEvaluationStatuses", "ProfilerRuleEvaluationStatuses")
        for rule in training_job.get(member, ())
    ]
