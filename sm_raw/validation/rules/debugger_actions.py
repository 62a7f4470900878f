"""E24x, W25x: the actions of Debugger rules, in the parameter action_json."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

from sm_raw.validation.findings import Finding, Request
from sm_raw.validation.reading import at, records, text
from sm_raw.validation.rules.debugger import DEBUG_LIST, PROFILER_LIST, ConfigurationRule, RuleConfiguration
from sm_raw.validation.wording import did_you_mean, shown

ACTIONS_PAGE = "https://docs.aws.amazon.com/sagemaker/latest/dg/debugger-built-in-actions.html"
SMDEBUG_ACTIONS = "https://github.com/awslabs/sagemaker-debugger/blob/master/smdebug/rules/action/action.py"
ACTIONS_PACKAGE = (
    "https://github.com/awslabs/sagemaker-debugger-rulesconfig/blob/master/smdebug_rulesconfig/actions/utils.py"
)

ACTION = "action_json"
BARE_QUOTE = re.compile(r'(?<!\\)(?:\\\\)*"')
# {action: (the field that it needs, the form of that field, the form in words)}
ACTIONS = {
    "stoptraining": (
        "training_job_prefix",
        re.compile(r"[a-z0-9-]+"),
        "a job name in lower case, as the rule's container reads it",
    ),
    "email": ("endpoint", re.compile(r"[^@\s]+@[^@\s]+"), "a mail address"),
    "sms": ("endpoint", re.compile(r"\+\d{1,15}"), "+, country code and number, as in +12065550100"),
}


class ActionsAreReadable(ConfigurationRule):
    """action_json is a JSON object, or a list of them, with a backslash before each quote: a Python string takes it."""

    id = "E248"
    source = ACTIONS_PACKAGE
    fields = (DEBUG_LIST,)

    def check_configuration(self, configuration: RuleConfiguration, request: Request) -> Iterator[Finding]:
        given = configuration.parameters.get(ACTION, "")
        if not given.strip():
            return
        if _actions(given) is None:
            message = f"{shown(given)} is no JSON object or list of objects; see {ACTIONS_PAGE}"
            yield self.finding(configuration.place(ACTION), message)
        elif BARE_QUOTE.search(given):
            message = "its quotes end the string into which the rule's container pastes it; put a backslash before each"
            yield self.finding(configuration.place(ACTION), message)


class ActionsAreComplete(ConfigurationRule):
    """An action has a known name and what it needs: the rule's container skips others, and reads all in lower case."""

    id = "W249"
    source = SMDEBUG_ACTIONS
    fields = (DEBUG_LIST,)

    def check_configuration(self, configuration: RuleConfiguration, request: Request) -> Iterator[Finding]:
        for _, action in records(_actions(configuration.parameters.get(ACTION, "")) or []):
            fault = _fault(action)
            if fault is not None:
                yield self.finding(configuration.place(ACTION), fault)


def _fault(action: Request) -> str | None:
    """What keeps one action from working; None when nothing does."""
    name = str(action.get("name", "")).lower()
    if name not in ACTIONS:
        return f"{shown(action.get('name'))} is no action; {did_you_mean(name, list(ACTIONS))}"
    field, form, words = ACTIONS[name]
    value = text(action.get(field))
    if value is None:
        return None if field in action else f"action {name} has no {field}; give {words}"
    return None if form.fullmatch(value) else f"{field} {shown(value)} of action {name} does not work; give {words}"


class ActionsCanRun(ConfigurationRule):
    """Actions belong to Debugger rules, not to the profiler's, of jobs without spot capacity and network isolation."""

    id = "W250"
    source = ACTIONS_PAGE
    hindrances = (
        ("EnableManagedSpotTraining", "on spot capacity"),
        ("EnableNetworkIsolation", "in network isolation"),
    )

    def check_configuration(self, configuration: RuleConfiguration, request: Request) -> Iterator[Finding]:
        if not configuration.parameters.get(ACTION):
            return
        hindered = [words for field, words in self.hindrances if at(request, field) is True]
        if configuration.field == PROFILER_LIST:
            message = "profiler rules have no actions; remove it, or give it to a rule in DebugRuleConfigurations"
            yield self.finding(configuration.place(ACTION), message)
        elif hindered:
            message = f"actions do not work for a job {hindered[0]}; remove it"
            yield self.finding(configuration.place(ACTION), message)


def _actions(given: str) -> list[Any] | None:
    """The actions that the text holds, however its quotes are written; None when it holds none."""
    try:
        document = json.loads(given.replace('\\"', '"'))
    except (ValueError, RecursionError):
        return None
    found = document if isinstance(document, list) else [document]
    return found if all(isinstance(each, dict) for each in found) else None
