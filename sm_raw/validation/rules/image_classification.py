"""E283 to E287: the hyperparameters of AWS's image-classification, judged by the table in ``specs``."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from sm_raw.specs.image_classification import (
    DEEP_LAYERS,
    IMAGE_CLASSIFICATION_HYPERPARAMETERS,
    SHALLOW_LAYERS,
    Hyperparameter,
)
from sm_raw.validation.findings import Finding, Request, join_path
from sm_raw.validation.reading import at, is_placeholder, names, text, written_integer, written_number
from sm_raw.validation.rules.algorithms import SCRIPT_NAMES, aws_algorithm, hyperparameter_field
from sm_raw.validation.rules.base import Rule
from sm_raw.validation.rules.training import TrainingRule, training_definitions
from sm_raw.validation.rules.tuning import RANGE_KINDS, SHARED_RANGES, ranges_in
from sm_raw.validation.wording import did_you_mean, listed, shown

# Taken, though not in the table: a tuning job gives the first to its trials; the second does nothing (sdk issue 310).
ALSO_TAKEN = ("_tuning_objective_metric", "use_lr_scheduler")


@dataclass(frozen=True)
class Job:
    """One description of training with image-classification, and the groups of ranges that tune it by their paths."""

    training: Request
    place: str
    field: str
    groups: Mapping[str, object]

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
        return None if self.may_have(name) else IMAGE_CLASSIFICATION_HYPERPARAMETERS[name].default


def image_classification_jobs(operation: str, request: Request) -> Iterator[Job]:
    """The parts of a request that train with AWS's image-classification."""
    for where, training in training_definitions(operation, request):
        if aws_algorithm(training) == "image-classification":
            groups = {
                SHARED_RANGES: at(request, *SHARED_RANGES.split(".")),
                f"{where}.HyperParameterRanges": training.get("HyperParameterRanges"),
            }
            yield Job(training, where, hyperparameter_field(operation), groups)


def value_fault(about: Hyperparameter, value: str) -> str | None:
    """What keeps the algorithm from taking a value; None when it takes it."""
    value = value.strip()
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


class ImageClassificationRule(Rule):
    """A rule about training with image-classification."""

    operations = TrainingRule.operations
    source = "https://docs.aws.amazon.com/sagemaker/latest/dg/IC-Hyperparameter.html"

    def check(self, request: Request) -> Iterator[Finding]:
        for job in image_classification_jobs(self.operation, request):
            yield from self.check_job(job)

    def check_job(self, job: Job) -> Iterator[Finding]:
        raise NotImplementedError


class HyperparametersAreKnown(ImageClassificationRule):
    """image-classification takes the hyperparameters of its own and no others."""

    id = "E283"

    def check_job(self, job: Job) -> Iterator[Finding]:
        static = ((job.static_path(name), name) for name in names(job.given) if name not in SCRIPT_NAMES)
        tuned = ((f"{path}.Name", each.get("Name")) for path, _, each in job.ranges())
        for path, given in (*static, *tuned):
            name = text(given)
            if name is not None and name not in IMAGE_CLASSIFICATION_HYPERPARAMETERS and name not in ALSO_TAKEN:
                hint = did_you_mean(name, [*IMAGE_CLASSIFICATION_HYPERPARAMETERS]) or "remove it"
                yield self.finding(path, f"{name!r} is unknown to image-classification, which refuses it; {hint}")


class HyperparametersAreComplete(ImageClassificationRule):
    """image-classification gets num_classes and num_training_samples."""

    id = "E284"

    def check_job(self, job: Job) -> Iterator[Finding]:
        for name, about in IMAGE_CLASSIFICATION_HYPERPARAMETERS.items():
            if about.required and not job.may_have(name):
                yield self.finding(job.static_path(name), "missing; image-classification needs it")


class HyperparameterValuesAreAccepted(ImageClassificationRule):
    """image-classification takes each value: its type, its range, its choices."""

    id = "E285"

    def check_job(self, job: Job) -> Iterator[Finding]:
        for name in names(job.given):
            value, about = text(at(job.given, name)), IMAGE_CLASSIFICATION_HYPERPARAMETERS.get(name)
            message = value_fault(about, value) if about is not None and value is not None else None
            if message is not None:
                yield self.finding(job.static_path(name), message)


class PretrainedNetworkFits(ImageClassificationRule):
    """A pretrained network has 18, 34, 50, 101, 152 or 200 layers and takes images of 224 x 224."""

    id = "E286"

    def check_job(self, job: Job) -> Iterator[Finding]:
        if job.value("use_pretrained_model") != "1":
            return
        layers, shape = job.value("num_layers"), job.value("image_shape")
        if layers in SHALLOW_LAYERS:
            message = f"no pretrained network has {layers} layers; give {listed(DEEP_LAYERS)}"
            yield self.finding(job.static_path("num_layers"), message)
        sides = [written_integer(part.strip()) for part in shape.split(",")[1:]] if shape is not None else []
        if None not in sides and any(side != 224 for side in sides):
            message = f"{shown(shape)} does not fit the pretrained networks; give 3,224,224"
            yield self.finding(job.static_path("image_shape"), message)


class HyperparametersAgree(ImageClassificationRule):
    """mini_batch_size is not above num_training_samples, nor checkpoint_frequency above epochs."""

    id = "E287"
    source = "https://github.com/aws/amazon-sagemaker-examples/issues/1492"
    pairs = (("mini_batch_size", "num_training_samples"), ("checkpoint_frequency", "epochs"))

    def check_job(self, job: Job) -> Iterator[Finding]:
        for lesser, greater in self.pairs:
            low, high = written_integer(job.value(lesser)), written_integer(job.value(greater))
            if low is not None and high is not None and low > high:
                default = "" if lesser in names(job.given) else ", the default,"
                message = f"{low}{default} is more than {greater} ({high}); give {high} or less"
                yield self.finding(job.static_path(lesser), message)
