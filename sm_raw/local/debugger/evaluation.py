"""From DebugRuleConfigurations to statuses: when a rule is called, and how its evaluation ends.

InProgress -> IssuesFound at the first step that meets the condition; NoIssuesFound when the tensors, or the
steps below ``end_step``, end without one; Error when there is nothing to evaluate: no such rule, wrong
parameters, no data.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from sm_raw.local.debugger.parameters import ParameterError, parse_parameters
from sm_raw.local.debugger.rules import RULES
from sm_raw.local.debugger.rules.rule import Rule, Trial
from sm_raw.local.debugger.saved_tensors import SavedTensors, collections_are_complete, mark_end

# Not for the rule itself: its name, and what the service does when it fires (not done here).
NOT_PARAMETERS = {"rule_to_invoke", "action_json"}
DETAILS_LIMIT = 1024
CONDITION_MET = (
    "RuleEvaluationConditionMet: Evaluation of the rule {rule} at step {step} resulted in the condition being met\n"
)
NO_DATA = (
    "ClientError: No debugging data was saved by the training job. Check that the debugger hook was configured "
    "correctly before starting the training job. Exception: Training job has ended. All the collection files could "
    "not be loaded"
)

Report = Callable[[dict[str, str]], None]


def rule_from(parameters: Mapping[str, str]) -> Rule:
    """The rule that RuleParameters ask for. Raises ParameterError."""
    name = parameters.get("rule_to_invoke")
    if name not in RULES:
        asked = "rule_to_invoke is missing" if name is None else f"this engine does not evaluate the rule {name!r}"
        raise ParameterError([f"{asked}; it evaluates {', '.join(RULES)}"])
    rule = RULES[name]
    own = {key: value for key, value in parameters.items() if key not in NOT_PARAMETERS}
    return rule(**parse_parameters(rule, own))


class RuleEvaluation:
    """One of DebugRuleConfigurations. Every change of its status is reported."""

    def __init__(self, configuration: Mapping[str, Any], report: Report) -> None:
        self.name = str(configuration["RuleConfigurationName"])
        self.status = ""
        self._report = report
        self._judged_a_step = False
        self._change("InProgress")
        try:
            self._rule = rule_from(configuration.get("RuleParameters", {}))
        except ParameterError as error:
            self.fail(f"ClientError: {error}")

    @property
    def is_open(self) -> bool:
        return self.status == "InProgress"

    def visit(self, trial: Trial, step: int) -> None:
        """Let the rule judge one saved step."""
        if not self.is_open or step < self._rule.start_step:
            return
        if self._rule.end_step is not None and step >= self._rule.end_step:
            self.conclude()
            return
        try:
            met = self._rule.invoke_at_step(trial, step)
        except Exception as error:
            # Whatever a tensor holds, the other rules go on.
            self.fail(f"InternalServerError: {type(error).__name__} at step {step}: {error}")
            return
        self._judged_a_step = self._judged_a_step or met is not None
        if met:
            self._change("IssuesFound", CONDITION_MET.format(rule=type(self._rule).__name__, step=step))

    def conclude(self) -> None:
        """No more steps come."""
        if self.is_open:
            # The service says nothing here, but "no issues" of a rule that saw nothing would mislead.
            unfed = f"Nothing was evaluated: no saved step holds what the rule needs ({self._rule.needs})"
            self._change("NoIssuesFound", "" if self._judged_a_step else unfed)

    def fail(self, details: str) -> None:
        if self.is_open:
            self._change("Error", details)

    def _change(self, status: str, details: str = "") -> None:
        self.status = status
        record = {"RuleConfigurationName": self.name, "RuleEvaluationStatus": status}
        self._report({**record, "StatusDetails": details[:DETAILS_LIMIT]} if details else record)


class JobEvaluation:
    """All rules of a training job over the tensors in ``folder``, which may not be there yet."""

    def __init__(self, folder: Path, configurations: Sequence[Mapping[str, Any]], report: Report) -> None:
        self._folder = folder
        self._tensors: SavedTensors | None = None
        self._saw_a_step = False
        self._rules = [RuleEvaluation(configuration, report) for configuration in configurations]

    @property
    def is_open(self) -> bool:
        return any(rule.is_open for rule in self._rules)

    def poll(self) -> None:
        """Evaluate what was saved since the last call."""
        if not self.is_open:
            return
        try:
            if self._tensors is None and collections_are_complete(self._folder):
                self._tensors = SavedTensors(self._folder)
            if self._tensors is not None:
                self._visit_new_steps(self._tensors)
        except Exception as error:
            self.fail(f"InternalServerError: the saved tensors cannot be read: {type(error).__name__}: {error}")

    def finish(self) -> None:
        """The training has ended: evaluate what is left, and settle every status."""
        mark_end(self._folder)
        self.poll()
        if not self._saw_a_step:
            self.fail(NO_DATA)
        for rule in self._rules:
            rule.conclude()

    def fail(self, details: str) -> None:
        for rule in self._rules:
            rule.fail(details)

    def _visit_new_steps(self, tensors: SavedTensors) -> None:
        for step in tensors.new_steps():
            self._saw_a_step = True
            for rule in self._rules:
                rule.visit(tensors, step)
