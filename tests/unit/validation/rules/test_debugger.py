from __future__ import annotations

from typing import Any

import pytest

from sm_raw.validation.rules import debugger
from sm_raw.validation.rules.base import Rule


def found(rule: type[Rule], request: Any, operation: str = "CreateTrainingJob") -> list[tuple[str, str]]:
    return [(each.path, each.message) for each in rule(operation).check(request)]


@pytest.mark.parametrize(
    ("request_", "findings"),
    [
        ({"DebugRuleConfigurations": [{}], "DebugHookConfig": {}}, []),
        ({"DebugRuleConfigurations": [{}], "DebugHookConfig": "${hook}"}, []),
        ({"DebugRuleConfigurations": []}, []),
        ({"DebugRuleConfigurations": "${rules}"}, []),
        ({}, []),
        (
            {"DebugRuleConfigurations": [{}]},
            [("DebugHookConfig", "missing; 1 rule waits for tensors that only a hook saves: add S3OutputPath")],
        ),
        (
            {"DebugRuleConfigurations": [{}, {}]},
            [("DebugHookConfig", "missing; 2 rules wait for tensors that only a hook saves: add S3OutputPath")],
        ),
    ],
)
def test_debugger_rules_need_a_hook(request_: dict[str, Any], findings: list[tuple[str, str]]) -> None:
    assert found(debugger.DebuggerRulesNeedHook, request_) == findings
