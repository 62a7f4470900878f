"""E283 to E287, W299: the hyperparameters of AWS's image-classification, judged by the table in ``specs``."""

from __future__ import annotations

from collections.abc import Iterator

from sm_raw.specs.image_classification import DEEP_LAYERS, IMAGE_CLASSIFICATION_HYPERPARAMETERS, SHALLOW_LAYERS
from sm_raw.validation.findings import Finding, Request
from sm_raw.validation.reading import at, names, text, written_integer
from sm_raw.validation.rules.algorithms import SCRIPT_NAMES, Job, algorithm_jobs, value_fault
from sm_raw.validation.rules.base import Rule
from sm_raw.validation.rules.training import TrainingRule
from sm_raw.validation.wording import did_you_mean, listed, shown

# Taken, though not in the table: a tuning job gives the first to its trials; the second does nothing (sdk issue 310).
ALSO_TAKEN = ("_tuning_objective_metric", "use_lr_scheduler")


def image_classification_jobs(operation: str, request: Request) -> Iterator[Job]:
    """The parts of a request that train with AWS's image-classification."""
    yield from algorithm_jobs(operation, request, ("image-classification",), IMAGE_CLASSIFICATION_HYPERPARAMETERS)


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
        if any(side != 224 for side in _sides(shape)):
            message = f"{shown(shape)} does not fit the pretrained networks; give 3,224,224"
            yield self.finding(job.static_path("image_shape"), message)


class HyperparametersAgree(ImageClassificationRule):
    """mini_batch_size is within num_training_samples, checkpoint_frequency within epochs, image_shape within resize."""

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
        sides, resized = _sides(job.value("image_shape")), written_integer(job.value("resize"))
        if resized is not None and sides and resized < max(sides):
            message = f"{resized} is less than the image_shape, whose longest side is {max(sides)}"
            yield self.finding(job.static_path("resize"), f"{message}; give more than {max(sides)}")


class WeightsAreForSeveralLabels(ImageClassificationRule):
    """use_weighted_loss goes with multi_label: without it, it has no effect."""

    id = "W299"

    def check_job(self, job: Job) -> Iterator[Finding]:
        if job.value("use_weighted_loss") == "1" and job.value("multi_label") == "0":
            message = "has no effect on images of one label each; remove it, or set multi_label to 1"
            yield self.finding(job.static_path("use_weighted_loss"), message)


def _sides(shape: str | None) -> list[int]:
    """Height and width of an image_shape; empty where it spells none, which E285 tells."""
    sides = [written_integer(part.strip()) for part in shape.split(",")[1:]] if shape is not None else []
    return [side for side in sides if side is not None] if None not in sides else []
