"""E22x: the rule configurations of Debugger and profiler, and the images in which they run."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import NamedTuple

from sm_raw.errors import SmRawError
from sm_raw.specs.debugger_rules import DEBUG_RULES, DEEP_LEARNING, XGBOOST, BuiltInRule
from sm_raw.specs.images import debugger_rules_image, images_in
from sm_raw.specs.instance_types import has_gpu
from sm_raw.specs.profiler import PROFILER_RULES, BuiltInProfilerRule
from sm_raw.specs.registry_paths import RegistryPath, registry_path
from sm_raw.validation.findings import Finding, Request, join_path
from sm_raw.validation.memory import remembered
from sm_raw.validation.reading import at, is_absent, names, number, records, text
from sm_raw.validation.rules.base import Rule
from sm_raw.validation.rules.images import aws_image, instance_types
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

# Frameworks whose tensors are those of networks.
NETWORKS = {"pytorch", "tensorflow", "huggingface"}


class RuleConfiguration(NamedTuple):
    """One configuration: where it stands, and what is known of it; ``repository`` is empty for an unknown image.

    ``built_in`` is the rule that it invokes, if that is one that the service has; ``parameters`` are the known texts
    among its parameters.
    """

    path: str
    field: str
    given: Request
    repository: str
    invoked: str | None
    built_in: BuiltInRule | BuiltInProfilerRule | None
    parameters: Mapping[str, str]

    @property
    def debug_rule(self) -> BuiltInRule | None:
        """The rule over saved tensors that this invokes, if it is one of the service's."""
        return self.built_in if isinstance(self.built_in, BuiltInRule) else None

    def place(self, name: str) -> str:
        """The path of a parameter."""
        return join_path(f"{self.path}.RuleParameters", name)


@remembered
def configurations(request: Request, field: str) -> list[RuleConfiguration]:
    """The rule configurations in one of the two lists."""
    found = []
    for index, given in records(at(request, field)):
        image = parsed_image(given.get("RuleEvaluatorImage"))
        repository = image.repository if image else ""
        texts = [(name, text(at(given, "RuleParameters", name))) for name in names(given.get("RuleParameters"))]
        parameters = {name: value for name, value in texts if value is not None}
        invoked = parameters.get("rule_to_invoke")
        built_in = KNOWN_RULES[field].get(invoked or "") if repository == BUILT_IN else None
        found.append(RuleConfiguration(f"{field}[{index}]", field, given, repository, invoked, built_in, parameters))
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


class RuleHasSomethingToLookAt(ConfigurationRule):
    """A built-in rule looks at something that the job has: GPUs, the trees of XGBoost, the tensors of a network."""

    id = "W258"
    source = RULES_PAGE

    def check_configuration(self, configuration: RuleConfiguration, request: Request) -> Iterator[Finding]:
        rule, place = configuration.built_in, configuration.place("rule_to_invoke")
        if isinstance(rule, BuiltInProfilerRule) and rule.reads_gpus:
            types = instance_types(request)
            if types and not any(map(has_gpu, types)):
                message = f"{configuration.invoked} looks at GPUs, there is none on {listed(types)}; remove it"
                yield self.finding(place, message)
        elif isinstance(rule, BuiltInRule) and rule.scope:
            scope = _scope(request)
            if scope not in ("", rule.scope):
                message = f"{configuration.invoked} is a rule for {rule.scope}, the image for {scope}; remove it"
                yield self.finding(place, message)


@remembered
def _scope(request: Request) -> str:
    """What the training image is for; empty for what AWS's rules know nothing of, and for any other's image."""
    image = aws_image(at(request, "AlgorithmSpecification", "TrainingImage"))
    frameworks = {each.framework for each in images_in(image.repository)} if image is not None else set()
    return DEEP_LEARNING if frameworks & NETWORKS else XGBOOST if "xgboost" in frameworks else ""


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


class RuleImageRunsRules(ConfigurationRule):
    """A rule's image is one for rules, not one of AWS's that trains or serves."""

    id = "W279"
    source = IMAGES_PAGE

    def check_configuration(self, configuration: RuleConfiguration, request: Request) -> Iterator[Finding]:
        image = aws_image(configuration.given.get("RuleEvaluatorImage"))
        if image is None or image.repository in (BUILT_IN, EVALUATOR) or not images_in(image.repository):
            return
        right = f"{BUILT_IN} for a built-in rule, {EVALUATOR} for one of your own"
        message = f"{image.repository} is no image for rules; give that of {right}"
        yield self.finding(f"{configuration.path}.RuleEvaluatorImage", message)


@lru_cache(maxsize=64)
def _rules_image(region: str) -> str | None:
    try:
        return debugger_rules_image(region)
    except SmRawError:
        return None
