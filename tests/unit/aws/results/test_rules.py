from __future__ import annotations

from sm_raw.aws.results.rules import RuleStatus, rule_statuses


def test_debugger_and_profiler_rules_are_read_from_the_described_job() -> None:
    job = {
        "DebugRuleEvaluationStatuses": [
            {
                "RuleConfigurationName": "Overfit",
                "RuleEvaluationStatus": "IssuesFound",
                "StatusDetails": "RuleEvaluationConditionMet at step 40",
            }
        ],
        "ProfilerRuleEvaluationStatuses": [{"RuleConfigurationName": "ProfilerReport"}],
    }
    assert rule_statuses(job) == [
        RuleStatus("Overfit", "IssuesFound", "RuleEvaluationConditionMet at step 40"),
        RuleStatus("ProfilerReport", "InProgress", ""),
    ]
    assert rule_statuses({}) == []
