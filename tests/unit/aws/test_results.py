from __future__ import annotations

import pytest

from sm_raw.aws.logs.reading import LogEvent
from sm_raw.aws.results import RuleStatus, Trial, best_trial, metric_series, rule_statuses
from sm_raw.errors import SmRawError

LINES = [
    "downloading",
    "epoch 1/2; train:loss=0.9; train:accuracy=0.5; valid:loss=1.1e0;",
    "epoch 2/2; train:loss=5e-1; train:accuracy=0.75; valid:loss=nan;",
    "test:loss=0.4; test:accuracy=1;",
]
DEFINITIONS = [
    {"Name": "train:loss", "Regex": "train:loss=([0-9.eE+-]+);"},
    {"Name": "valid:loss", "Regex": "valid:loss=([0-9.eE+-]+|nan|inf);"},
    {"Name": "any accuracy", "Regex": "accuracy=(.*?);"},
    {"Name": "epoch", "Regex": "epoch (.*?);"},
    {"Name": "absent", "Regex": "f1=([0-9.]+);"},
]


def test_metrics_are_read_by_the_requests_own_regexes() -> None:
    series = {
        "train:loss": [0.9, 0.5],
        "valid:loss": [1.1],
        "any accuracy": [0.5, 0.75, 1.0],
        "epoch": [],
        "absent": [],
    }
    assert metric_series(LINES, DEFINITIONS) == series
    assert metric_series((LogEvent(0, "stream", line) for line in LINES), DEFINITIONS) == series


def trial(name: str, status: str, objective: float | None) -> Trial:
    return Trial(name, status, objective, {}, None)


def test_the_best_trial_is_the_first_that_completed_with_a_value() -> None:
    ranked = [trial("a", "Stopped", 0.1), trial("b", "Completed", 0.2), trial("c", "Completed", 0.3)]
    assert best_trial(ranked) is ranked[1]


@pytest.mark.parametrize(
    ("ranked", "message"),
    [
        ([trial("a", "Failed", None), trial("b", "Completed", None)], "a: Failed, b: Completed.*regex"),
        ([], "there are no trials"),
    ],
)
def test_without_a_best_trial_it_is_told_what_became_of_them(ranked: list[Trial], message: str) -> None:
    with pytest.raises(SmRawError, match=message):
        best_trial(ranked)


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
