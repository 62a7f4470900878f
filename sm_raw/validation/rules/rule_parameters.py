"""E22x: the parameters of the built-in rules of Debugger and profiler."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from sm_raw.specs.profiler import PROFILER_RULES
from sm_raw.validation.findings import Finding, Request
from sm_raw.validation.reading import at, names
from sm_raw.validation.rules.debugger import DEBUG_LIST, RULES_PAGE, ConfigurationRule, RuleConfiguration
from sm_raw.validation.wording import did_you_mean, listed, shown

BOOLEANS = ("True", "true", "False", "false")
# Any rule takes these; the service fills base_trial itself.
COMMON_PARAMETERS = {"rule_to_invoke", "action_json", "base_trial", "start_step", "end_step"}
OTHER_TRIAL = "other_trial_"
REPORT = "ProfilerReport"
REPORT_PARAMETERS = tuple(
    f"{rule}_{name}" for rule, known in PROFILER_RULES.items() if rule != REPORT for name in known.parameters
)
LOWER_REPORT_PARAMETERS = {name.lower() for name in REPORT_PARAMETERS}
REPORT_RANGES = {
    f"{rule}_{name}".lower(): limits for rule, known in PROFILER_RULES.items() for name, limits in known.ranges.items()
}


class KnownRuleParameters(ConfigurationRule):
    """A built-in rule is given parameters that it has; ProfilerReport takes those of its rules, as Rule_parameter."""

    id = "W223"
    source = RULES_PAGE

    def check_configuration(self, configuration: RuleConfiguration, request: Request) -> Iterator[Finding]:
        rule = configuration.built_in
        if rule is None:
            return
        known, of_report = rule.parameters, configuration.invoked == REPORT
        for name in names(at(configuration.given, "RuleParameters")):
            if name in known or name in COMMON_PARAMETERS or name.startswith(OTHER_TRIAL):
                continue
            if not (of_report and name.lower() in LOWER_REPORT_PARAMETERS):
                hint = did_you_mean(name, [*known, *(REPORT_PARAMETERS if of_report else ())]) or "remove it"
                message = f"{shown(name)} is no parameter of {configuration.invoked}; {hint}"
                yield self.finding(configuration.place(name), message)


class RuleParameterValues(ConfigurationRule):
    """Parameters of built-in rules that are numbers or booleans are spelt as such."""

    id = "E224"
    source = RULES_PAGE

    def check_configuration(self, configuration: RuleConfiguration, request: Request) -> Iterator[Finding]:
        known = configuration.built_in.parameters if configuration.built_in else {}
        for name, value in configuration.parameters.items():
            fault = _fault(value, known[name], is_number=name in _numbers(configuration)) if name in known else None
            if fault is not None:
                yield self.finding(configuration.place(name), fault)


def _numbers(configuration: RuleConfiguration) -> tuple[str, ...]:
    return configuration.debug_rule.numbers if configuration.debug_rule else ()


def _fault(value: str, default: object, *, is_number: bool) -> str | None:
    """What is wrong with the spelling of a value; None when nothing is."""
    if default is None and value == "None":
        return None
    if isinstance(default, bool):
        return None if value in BOOLEANS else f"{shown(value)} spells no boolean; give True or False"
    if (is_number or isinstance(default, int | float)) and not spells_number(value):
        return f"{shown(value)} spells no number; the default is {default}"
    return None


def spells_number(given: str) -> bool:
    """Whether Python's float() reads it, as the rules' containers do."""
    try:
        float(given)
    except ValueError:
        return False
    return True


class RequiredRuleParameters(ConfigurationRule):
    """A built-in rule that has no tensors or trials of its own to look at is given some."""

    id = "E225"
    source = RULES_PAGE
    fields = (DEBUG_LIST,)

    def check_configuration(self, configuration: RuleConfiguration, request: Request) -> Iterator[Finding]:
        rule, given = configuration.debug_rule, configuration.given.get("RuleParameters")
        if rule is None or not rule.needs or not isinstance(given, Mapping):
            return
        if not any(name in given for name in rule.needs):
            message = f"missing; {configuration.invoked} needs {listed(rule.needs)}"
            yield self.finding(configuration.place(rule.needs[0]), message)


class RuleParametersWithinReach(ConfigurationRule):
    """Percentages, shares and modes that built-in rules are given are such as there are."""

    id = "W259"
    source = RULES_PAGE

    def check_configuration(self, configuration: RuleConfiguration, request: Request) -> Iterator[Finding]:
        if configuration.built_in is None:
            return
        given = configuration.parameters
        if configuration.invoked == REPORT:
            limited = [(name, REPORT_RANGES[name.lower()]) for name in given if name.lower() in REPORT_RANGES]
        else:
            limited = [(name, limits) for name, limits in configuration.built_in.ranges.items() if name in given]
        for name, (low, high) in limited:
            if spells_number(given[name]) and not low <= float(given[name]) <= high:
                message = f"{shown(given[name])} is beyond what {name} can be; give {low} to {high}"
                yield self.finding(configuration.place(name), message)
        for name, accepted in configuration.debug_rule.choices.items() if configuration.debug_rule else ():
            if given.get(name, "None").upper() not in (*accepted, "NONE"):
                message = f"{shown(given[name])} is no {name}; {did_you_mean(given[name], accepted)}"
                yield self.finding(configuration.place(name), message)
