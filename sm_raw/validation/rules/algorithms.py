"""E280 to W282: AWS's own algorithms, told by their image, and how hyperparameters are held against a table.

image-classification and XGBoost, which have such tables, have modules of their own.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass

from sm_raw.specs.image_classification import Hyperparameter
from sm_raw.specs.registry_paths import registry_path
from sm_raw.validation.findings import Finding, Request, join_path
from sm_raw.validation.reading import at, is_placeholder, names, text, written_integer, written_number
from sm_raw.validation.rules.base import Rule
from sm_raw.validation.rules.training import TrainingRule, training_definitions
from sm_raw.validation.rules.tuning import RANGE_KINDS, SHARED_RANGES, ranges_in
from sm_raw.validation.wording import did_you_mean, listed, shown

ALGORITHMS_PAGE = "https://docs.aws.amazon.com/sagemaker/latest/dg/common-info-all-im-models.html"

# Repositories of AWS's own algorithms: they define their metrics themselves.
AWS_ALGORITHMS = {
    "blazingtext",
    "factorization-machines",
    "forecasting-deepar",
    "image-classification",
    "ipinsights",
    "kmeans",
    "knn",
    "lda",
    "linear-learner",
    "ntm",
    "object-detection",
    "object2vec",
    "pca",
    "randomcutforest",
    "sagemaker-xgboost",
    "semantic-segmentation",
    "seq2seq",
    "xgboost",
}
TAKES_SCRIPTS = {"sagemaker-xgboost"}  # the one whose image also runs scripts
SCRIPT_NAMES = ("sagemaker_program", "sagemaker_submit_directory")


def aws_algorithm(training: Request) -> str | None:
    """The repository of AWS's algorithm that trains; None for other images, known or not.

    An image in the account of the job's role is the user's own, whatever its name.
    """
    image = text(at(training, "AlgorithmSpecification", "TrainingImage"))
    path = registry_path(image) if image is not None else None
    if path is None or path.repository not in AWS_ALGORITHMS:
        return None
    role = text(training.get("RoleArn"))
    return None if role is not None and f":{path.account}:" in role else path.repository


def hyperparameter_field(operation: str) -> str:
    """The field of a description of training that holds its hyperparameters."""
    return "HyperParameters" if operation == "CreateTrainingJob" else "StaticHyperParameters"


@dataclass(frozen=True)
class Job:
    """One description of training with an algorithm whose hyperparameters are in a table.

    ``groups``: the groups of ranges that tune it, by their paths.
    """

    training: Request
    place: str
    field: str
    groups: Mapping[str, object]
    table: Mapping[str, Hyperparameter]

    @property
    def given(self) -> object:
        return self.training.get(self.field)

    def path(self, *steps: str) -> str:
        """The path of a field of the training."""
        return ".".join((self.place, *steps) if self.place else steps)

    def static_path(self, name: str) -> str:
        """The path of a static hyperparameter."""
        return join_path(self.path(self.field), name)

    def ranges(self) -> Iterator[tuple[str, str, Request]]:
        """(path, kind, range) of all that is tuned."""
        for path, group in self.groups.items():
            yield from ranges_in(path, group)

    def may_have(self, name: str) -> bool:
        """Whether a hyperparameter is set or tuned, as far as can be seen through a recipe's placeholders."""
        known = [each.get("Name") for _, _, each in self.ranges()] + names(self.given)
        lists = [at(group, kind) for group in self.groups.values() for kind in RANGE_KINDS]
        return name in known or any(map(is_placeholder, (self.given, *known, *self.groups.values(), *lists)))

    def value(self, name: str) -> str | None:
        """A static hyperparameter, or its default; None when it is tuned or not known."""
        if name in names(self.given):
            return text(at(self.given, name))
        return None if self.may_have(name) else self.table[name].default


def algorithm_jobs(
    operation: str, request: Request, algorithms: Collection[str], table: Mapping[str, Hyperparameter]
) -> Iterator[Job]:
    """The parts of a request that train with one of the algorithms."""
    for where, training in training_definitions(operation, request):
        if aws_algorithm(training) in algorithms:
            groups = {
                SHARED_RANGES: at(request, *SHARED_RANGES.split(".")),
                f"{where}.HyperParameterRanges": training.get("HyperParameterRanges"),
            }
            yield Job(training, where, hyperparameter_field(operation), groups, table)


def value_fault(about: Hyperparameter, value: str) -> str | None:
    """What keeps the algorithm from taking a value; None when it takes it."""
    value = value.strip()
    if about.kind == "text":
        return None
    if about.kind == "integers":
        numbers = [written_integer(part.strip()) for part in value.split(",")]
        if any(number is None or number < 1 for number in numbers) or (about.length or len(numbers)) != len(numbers):
            example = about.default or "10,20"
            return f"{shown(value)} is no list of {about.length or 'whole'} numbers; give one such as {example}"
        return None
    if about.choices:
        # How flags are read is not told: nothing is said against 'true'.
        if value in about.choices or (about.kind == "flag" and value.capitalize() in about.choices):
            return None
        hint = did_you_mean(value, about.choices) or f"give {listed(about.choices)}"
        return f"{shown(value)} is not among the values it takes; {hint}"
    number = written_integer(value) if about.kind == "integer" else written_number(value)
    if number is None:
        noun = "whole number" if about.kind == "integer" else "number"
        return f"{shown(value)} spells no {noun}; give one such as {about.default or 100}"
    return range_fault(about, number)


def range_fault(about: Hyperparameter, number: float) -> str | None:
    """What is wrong with the size of a number."""
    if about.minimum is not None and number < about.minimum:
        return f"{number:g} is too small; give {about.minimum:g} or more"
    if about.maximum is not None and number > about.maximum:
        return f"{number:g} is too large; give {about.maximum:g} or less"
    return None


def range_faults(algorithm: str, about: Hyperparameter | None, kind: str, given: Request) -> Iterator[tuple[str, str]]:
    """(field, message) of what the algorithm does not take of a range; none where its table lacks the name."""
    if about is None:
        return
    if (about.kind, kind) == ("integer", "ContinuousParameterRanges"):
        yield "Name", f"{algorithm} takes whole numbers here; move it to IntegerParameterRanges"
        return
    values = given.get("Values")
    for index, each in enumerate(values if isinstance(values, list) else ()):
        value = text(each)
        message = value_fault(about, value) if value is not None else None
        if message is not None:
            yield f"Values[{index}]", message
    for bound in ("MinValue", "MaxValue"):
        size = written_number(given.get(bound))
        message = range_fault(about, size) if size is not None else None
        if message is not None:
            yield bound, message


class AlgorithmRule(Rule):
    """A rule about the hyperparameters that a job gives to one of AWS's algorithms."""

    operations = TrainingRule.operations

    def check(self, request: Request) -> Iterator[Finding]:
        for where, training in training_definitions(self.operation, request):
            algorithm = aws_algorithm(training)
            if algorithm is not None:
                field = hyperparameter_field(self.operation)
                path = f"{where}.{field}" if where else field
                yield from self.check_given(algorithm, path, training.get(field))

    def check_given(self, algorithm: str, path: str, given: object) -> Iterator[Finding]:
        raise NotImplementedError


class AlgorithmsDefineTheirMetrics(TrainingRule):
    """AWS's own algorithms define their metrics: a request that does so, too, is refused."""

    id = "E280"
    source = "https://github.com/awslabs/mlspace/pull/68"

    def check_training(self, training: Request) -> Iterator[Finding]:
        if at(training, "AlgorithmSpecification", "MetricDefinitions") and (algorithm := aws_algorithm(training)):
            message = f"{algorithm} defines its metrics itself, and the service takes no others; remove this"
            yield self.finding("AlgorithmSpecification.MetricDefinitions", message)


class AlgorithmsRunNoScripts(AlgorithmRule):
    """Of AWS's own algorithms, only sagemaker-xgboost runs a script."""

    id = "E281"
    source = ALGORITHMS_PAGE

    def check_given(self, algorithm: str, path: str, given: object) -> Iterator[Finding]:
        if algorithm not in TAKES_SCRIPTS:
            for name in SCRIPT_NAMES:
                if name in names(given):
                    message = f"{algorithm} runs no script; remove it, or give the image of a framework"
                    yield self.finding(f"{path}.{name}", message)


class AlgorithmValuesArePlain(AlgorithmRule):
    """AWS's own algorithms get values as they are: quotes, as scripts in framework images take them, stay on."""

    id = "W282"
    source = "https://github.com/aws/sagemaker-python-sdk/issues/5317"

    def check_given(self, algorithm: str, path: str, given: object) -> Iterator[Finding]:
        if algorithm in TAKES_SCRIPTS and "sagemaker_program" in names(given):
            return
        for name in names(given):
            value = text(at(given, name))
            if value is not None and len(value) > 1 and value[0] == value[-1] == '"':
                message = f"{shown(value)} reaches {algorithm} with its quotes; give {value[1:-1]} without them"
                yield self.finding(join_path(path, name), message)
