from __future__ import annotations

from typing import Any

import pytest

from sm_raw.report.rules import NOTES, Rule, rules


def test_a_rule_that_fired_comes_first_with_its_meaning_and_a_remedy(run: dict[str, Any]) -> None:
    assert rules(run) == [
        Rule(
            name="Overfit",
            status="IssuesFound",
            tone="warn",
            meaning="Found a validation loss well above the training loss: the model learns the training "
            "pictures by heart. What to do: add data or augmentation, regularise more (weight decay, dropout), "
            "or stop earlier.",
            details="RuleEvaluationConditionMet at step 340",
        ),
        Rule(
            name="VanishingGradient",
            status="NoIssuesFound",
            tone="good",
            meaning="Watches for gradients so small that the early layers stop learning.",
            details="",
        ),
    ]


@pytest.mark.parametrize(
    ("name", "known_as"),
    [
        ("ProfilerReport-1700000000", "ProfilerReport"),
        ("vanishing_gradient", "VanishingGradient"),
        ("OverallSystemUsage", "OverallSystemUsage"),
        ("Overtraining", "Overtraining"),
    ],
)
def test_a_rule_is_known_by_every_way_to_write_it(name: str, known_as: str) -> None:
    (rule,) = rules({"rules": [{"name": name, "status": "InProgress"}]})
    assert rule.meaning == f"Watches for {NOTES[known_as].sign}."


def test_a_rule_of_the_user_is_listed_without_a_meaning() -> None:
    (rule,) = rules({"rules": [{"name": "MyRule", "status": "IssuesFound", "details": "  x\n"}]})
    assert (rule.tone, rule.meaning, rule.details) == ("warn", "", "x")


def test_a_rule_in_error_says_that_nothing_is_known() -> None:
    (rule,) = rules({"rules": [{"name": "Overfit", "status": "Error"}]})
    assert (rule.tone, "nothing is known" in rule.meaning) == ("bad", True)
