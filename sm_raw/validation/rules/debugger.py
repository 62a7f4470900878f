"""E22x: the rule configurations of Debugger and profiler, and the images in which they run."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import NamedTuple

from sm_raw.errors import SmRawError
from sm_raw.specs.debugger_rules import DEBUG_RULES, BuiltInRule
from sm_raw.specs.images import debugger_rules_image
from sm_raw.specs.profiler import PROFILER_RULES, BuiltInProfilerRule
from sm_raw.specs.registry_paths import RegistryPath, registry_path
from sm_raw.validation.findings import Finding, Request, join_path
from sm_raw.validation.memory import remembered
from sm_raw.validation.reading import at, is_absent, names, number, records, text
from sm_raw.validation.rules.base import Rule
from sm_raw.validation.wording import did_you_mean, listed, shown

RULES_PAGE = "https://docs.aws.amazon.com/sagemaker/latest/dg/debugger-built-in-rules.html"
IMAGES_PAGE = "https://docs.aws.amazon.com/sagemaker/latest/dg/debugger-docker-images-rules.html"
API_PAGE = "https://docs.aws.amazon.com/sagemaker/latest/dg/debugger-built-in-rules-api.CLI.html"

DEBUG_LIST, PROFILER_LIST = "DebugRuleConfigurations", "ProfilerRuleConfigurations"
KNOWN_RULES: Mapping[str, Mapping[str, BuiltInRule | BuiltInProfilerRule]] = {
    DEBUG_LIST: DEBUG_RULES,
    PROFILER_LIST: PROFILER_RULES,
}
BUILT_IN, EVALUATOR = "sagemaker-debugger-rules", "sagemaker-debugger-rule-evaluator"

BOOLEANS = ("True", "true", "False", "false")
# Any rule takes these; the service fills base_trial itself.
COMMON_PARAMETERS = {"rule_to_invoke", "action_json", "base_trial", "start_step", "end_step"}
OTHER_TRIAL = "other_trial_"


class RuleConfiguration(NamedTuple):
    """One configuration: where it stands, and what is known of it; ``repository`` is empty for an unknown image."""

    path: str
    field: str
    given: Request
    repository: str
    invoked: str | None

    @property
    def built_in(self) -> Mapping[str, object] | None:
        """The parameters with their defaults, for a rule that the service has."""
        if self.repository != BUILT_IN or self.invoked is None:
            return None
        known = KNOWN_RULES[self.field].get(self.invoked)
        return None if known is None else known.parameters

    @property
    def debug_rule(self) -> BuiltInRule | None:
        """The rule over saved tensors that this invokes, if it is one of the service's."""
        is_one = self.field == DEBUG_LIST and self.repository == BUILT_IN
        return DEBUG_RULES.get(self.invoked or "") if is_one else None

    def parameter(self, name: str) -> str | None:
        return text(at(self.given, "RuleParameters", name))

    def place(self, name: str) -> str:
        """The path of a parameter."""
        return join_path(f"{self.path}.RuleParameters", name)


@remembered
def configurations(request: Request, field: str) -> list[RuleConfiguration]:
    """The rule configurations in one of the two lists."""
    found = []
    for index, given in records(at(request, field)):
        image = parsed_image(given.get("RuleEvaluatorImage"))
        invoked = text(at(given, "RuleParameters", "rule_to_invoke"))
        found.append(RuleConfiguration(f"{field}[{index}]", field, given, image.repository if image else "", invoked))
    return found


def parsed_image(uri: object) -> RegistryPath | None:
    """The parts of an image in Amazon ECR; None when it is another, or not known."""
    return registry_path(text(uri) or "")


class ConfigurationRule(Rule):
    """A rule about the configurations of rules, in one list or in both."""

    operations = ("CreateTrainingJob", "UpdateTrainingJob")
    fields: tuple[str, ...] = (DEBUG_LIST, PROFILER_LIST)

    def check(self, request: Request) -> Iterator[Finding]:
        for field in self.fields:
            for configuration in configurations(request, field):
                yield from self.check_configuration(configuration, request)

    def check_configuration(self, configuration: RuleConfiguration, request: Request) -> Iterator[Finding]:
        raise NotImplementedError


class RuleIsNamed(ConfigurationRule):
    """RuleParameters says by rule_to_invoke which rule the image runs."""

    id = "E221"
    source = API_PAGE

    def check_configuration(self, configuration: RuleConfiguration, request: Request) -> Iterator[Finding]:
        given = configuration.given
        unnamed = is_absent(given, "RuleParameters") or is_absent(given, "RuleParameters", "rule_to_invoke")
        if configuration.repository in (BUILT_IN, EVALUATOR) and unnamed:
            name = text(given.get("RuleConfigurationName"))
            guess = name if name in DEBUG_RULES or name in PROFILER_RULES else "VanishingGradient"
            message = f"missing; the image runs the rule that it names: give it, as in {guess!r}"
            yield self.finding(configuration.place("rule_to_invoke"), message)


class KnownRule(ConfigurationRule):
    """A built-in rule is one that the service has, and stands in the list of its kind."""

    id = "W222"
    source = RULES_PAGE

    def check_configuration(self, configuration: RuleConfiguration, request: Request) -> Iterator[Finding]:
        rule = configuration.invoked
        if rule is None or configuration.repository != BUILT_IN or configuration.built_in is not None:
            return
        home = next((field for field, known in KNOWN_RULES.items() if rule in known), None)
        if home is not None:
            message = f"{rule!r} is a rule for {home}; move the configuration there"
        else:
            hint = did_you_mean(rule, list(KNOWN_RULES[configuration.field]))
            message = f"{shown(rule)} is no built-in rule; {hint or f'see {self.source}'}"
        yield self.finding(configuration.place("rule_to_invoke"), message)


class KnownRuleParameters(ConfigurationRule):
    """A built-in rule is given parameters that it has; ProfilerReport takes those of its rules, as Rule_parameter."""

    id = "W223"
    source = RULES_PAGE

    def check_configuration(self, configuration: RuleConfiguration, request: Request) -> Iterator[Finding]:
        known = configuration.built_in
        if known is None:
            return
        of_report = configuration.invoked == "ProfilerReport"
        for name in names(at(configuration.given, "RuleParameters")):
            if name in known or name in COMMON_PARAMETERS or name.startswith(OTHER_TRIAL):
                continue
            if not (of_report and name.lower() in LOWER_REPORT_PARAMETERS):
                hint = did_you_mean(name, [*known, *(REPORT_PARAMETERS if of_report else ())]) or "remove it"
                message = f"{shown(name)} is no parameter of {configuration.invoked}; {hint}"
                yield self.finding(configuration.place(name), message)


REPORT_PARAMETERS = tuple(
    f"{rule}_{name}" for rule, known in PROFILER_RULES.items() if rule != "ProfilerReport" for name in known.parameters
)
LOWER_REPORT_PARAMETERS = {name.lower() for name in REPORT_PARAMETERS}


class RuleParameterValues(ConfigurationRule):
    """Parameters of built-in rules that are numbers or booleans are spelt as such."""

    id = "E224"
    source = RULES_PAGE

    def check_configuration(self, configuration: RuleConfiguration, request: Request) -> Iterator[Finding]:
        known = configuration.built_in or {}
        for name in names(at(configuration.given, "RuleParameters")):
            value = configuration.parameter(name) if name in known else None
            fault = _fault(value, known[name], is_number=name in _numbers(configuration)) if value is not None else None
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


class CustomRuleIsComplete(ConfigurationRule):
    """A rule of one's own comes with its source in S3, and with the instance and volume that it runs on."""

    id = "E226"
    source = API_PAGE
    needed = (("InstanceType",), ("VolumeSizeInGB",), ("RuleParameters", "source_s3_uri"))

    def check_configuration(self, configuration: RuleConfiguration, request: Request) -> Iterator[Finding]:
        if configuration.repository != EVALUATOR:
            return
        for steps in self.needed:
            if is_absent(configuration.given, *steps):
                path = ".".join((configuration.path, *steps))
                yield self.finding(path, f"missing; a rule in the image {EVALUATOR} needs it")


class BuiltInRuleBringsInstance(ConfigurationRule):
    """A built-in rule names no instance: the service provides one, free of charge."""

    id = "W227"
    source = RULES_PAGE

    def check_configuration(self, configuration: RuleConfiguration, request: Request) -> Iterator[Finding]:
        if configuration.repository != BUILT_IN:
            return
        for field in ("InstanceType", "VolumeSizeInGB"):
            value = configuration.given.get(field)
            if text(value) or number(value):
                message = f"{value!r} is given for a built-in rule, which brings its own instance; remove it"
                yield self.finding(f"{configuration.path}.{field}", message)


class RuleImageFitsRegion(ConfigurationRule):
    """A rule's image is of the job's region, and the region has built-in rules."""

    id = "W228"
    source = IMAGES_PAGE

    def check_configuration(self, configuration: RuleConfiguration, request: Request) -> Iterator[Finding]:
        image = parsed_image(configuration.given.get("RuleEvaluatorImage"))
        if image is None or image.repository not in (BUILT_IN, EVALUATOR):
            return
        training = parsed_image(at(request, "AlgorithmSpecification", "TrainingImage"))
        region = self.region or (training.region if training else image.region)
        own = _rules_image(region)
        place = f"{configuration.path}.RuleEvaluatorImage"
        if image.repository == BUILT_IN and own is None:
            yield self.finding(place, f"no built-in rules are known for {region}; see {IMAGES_PAGE}")
        elif image.region != region:
            right = own if image.repository == BUILT_IN else f"the image of {region}"
            yield self.finding(place, f"an image of {image.region} for a job in {region}; give {right}")


class RuleImageOfItsAccount(ConfigurationRule):
    """The image of built-in rules is in the account that holds it in its region."""

    id = "W229"
    source = IMAGES_PAGE

    def check_configuration(self, configuration: RuleConfiguration, request: Request) -> Iterator[Finding]:
        image = parsed_image(configuration.given.get("RuleEvaluatorImage"))
        if image is None or image.repository != BUILT_IN:
            return
        own = _rules_image(image.region)
        if own is not None and not own.startswith(image.account):
            message = f"account {image.account} holds no image of built-in rules in {image.region}; give {own}"
            yield self.finding(f"{configuration.path}.RuleEvaluatorImage", message)


@lru_cache(maxsize=64)
def _rules_image(region: str) -> str | None:
    try:
        return debugger_rules_image(region)
    except SmRawError:
        return None
