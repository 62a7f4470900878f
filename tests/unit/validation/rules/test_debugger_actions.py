from __future__ import annotations

from typing import Any

import pytest

from sm_raw.specs.rule_actions import action_json, email, sms, stop_training
from sm_raw.validation.rules import debugger_actions
from sm_raw.validation.rules.base import Rule

PATH = "DebugRuleConfigurations[0].RuleParameters.action_json"
PAGE = "https://docs.aws.amazon.com/sagemaker/latest/dg/debugger-built-in-actions.html"
ALL = action_json([stop_training(job_name="dogs-1"), email("me@example.com"), sms("+12065550100")])


def found(rule: type[Rule], request: Any) -> list[tuple[str, str]]:
    return [(each.path, each.message) for each in rule("CreateTrainingJob").check(request)]


def acting(text: object, **fields: object) -> dict[str, Any]:
    return {"DebugRuleConfigurations": [{"RuleParameters": {"action_json": text}}], **fields}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (ALL, None),
        ("", None),
        ("${actions}", None),
        (None, None),
        (
            '{"name": "stoptraining"}',
            "its quotes end the string into which the rule's container pastes it; put a backslash before each",
        ),
        ("stop", f"'stop' is no JSON object or list of objects; see {PAGE}"),
        ("[" * 300, f"'{'[' * 76}... is no JSON object or list of objects; see {PAGE}"),
        ("['stop']", f"\"['stop']\" is no JSON object or list of objects; see {PAGE}"),
        ("[5]", f"'[5]' is no JSON object or list of objects; see {PAGE}"),
    ],
)
def test_actions_are_readable(text: object, message: str | None) -> None:
    expected = [(PATH, message)] if message else []
    assert found(debugger_actions.ActionsAreReadable, acting(text)) == expected


@pytest.mark.parametrize(
    ("actions", "message"),
    [
        ([stop_training(prefix="dogs-"), email("me.too@mail.example.org"), sms("+4930901820")], None),
        ({"name": "StopTraining", "training_job_prefix": "dogs"}, None),
        ({"name": "email", "endpoint": None}, None),
        ({"name": "stop"}, "'stop' is no action; give stoptraining, email or sms"),
        ({}, "None is no action; give stoptraining, email or sms"),
        (
            stop_training(),
            "action stoptraining has no training_job_prefix; "
            "give a job name in lower case, as the rule's container reads it",
        ),
        (
            stop_training(job_name="Dogs"),
            "training_job_prefix 'Dogs' of action stoptraining does not work; "
            "give a job name in lower case, as the rule's container reads it",
        ),
        (email("me"), "endpoint 'me' of action email does not work; give a mail address"),
        (
            sms("206 555 0100"),
            "endpoint '206 555 0100' of action sms does not work; give +, country code and number, as in +12065550100",
        ),
    ],
)
def test_actions_are_complete(actions: Any, message: str | None) -> None:
    expected = [(PATH, message)] if message else []
    assert found(debugger_actions.ActionsAreComplete, acting(action_json(actions))) == expected


@pytest.mark.parametrize(
    ("request_", "findings"),
    [
        (acting(ALL), []),
        (acting(ALL, EnableManagedSpotTraining=False, EnableNetworkIsolation="${isolated}"), []),
        ({"DebugRuleConfigurations": [{}], "EnableManagedSpotTraining": True}, []),
        (
            acting(ALL, EnableManagedSpotTraining=True),
            [(PATH, "actions do not work for a job on spot capacity; remove it")],
        ),
        (
            acting(ALL, EnableNetworkIsolation=True),
            [(PATH, "actions do not work for a job in network isolation; remove it")],
        ),
        (
            {"ProfilerRuleConfigurations": [{"RuleParameters": {"action_json": ALL}}]},
            [
                (
                    "ProfilerRuleConfigurations[0].RuleParameters.action_json",
                    "profiler rules have no actions; remove it, or give it to a rule in DebugRuleConfigurations",
                )
            ],
        ),
    ],
)
def test_actions_can_run(request_: dict[str, Any], findings: list[tuple[str, str]]) -> None:
    assert found(debugger_actions.ActionsCanRun, request_) == findings
