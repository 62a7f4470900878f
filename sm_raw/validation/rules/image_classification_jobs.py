"""E288 to W294, W298: channels, instances and tuning of AWS's built-in image-classification."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from sm_raw.specs.image_classification import (
    IMAGE_CLASSIFICATION_HYPERPARAMETERS,
    IMAGE_CLASSIFICATION_OBJECTIVE,
    RECORD_CONTENT_TYPE,
)
from sm_raw.specs.instance_types import has_gpu
from sm_raw.validation.findings import Finding, Request
from sm_raw.validation.reading import at, is_absent, number, records, text
from sm_raw.validation.rules.algorithms import Job, range_faults
from sm_raw.validation.rules.image_classification import ImageClassificationRule, image_classification_jobs
from sm_raw.validation.rules.tuning import CONFIG, TuningRule
from sm_raw.validation.wording import listed, shown

ALGORITHM_PAGE = "https://docs.aws.amazon.com/sagemaker/latest/dg/image-classification.html"
TUNING_PAGE = "https://docs.aws.amazon.com/sagemaker/latest/dg/IC-tuning.html"

IMAGE_CONTENT_TYPES = ("application/x-image", "image/jpeg", "image/png")
CONTENT_TYPES = (RECORD_CONTENT_TYPE, *IMAGE_CONTENT_TYPES)
DATA_CHANNELS = ("train", "validation")
LIST_CHANNELS = ("train_lst", "validation_lst")
RESOURCE_FIELDS = ("ResourceConfig", "HyperParameterTuningResourceConfig")


def has_image_files(channel: Request) -> bool:
    """Whether a channel brings image files, which need lists of their classes beside them."""
    return media_type(channel) in IMAGE_CONTENT_TYPES and not is_augmented(channel)


def media_type(channel: Request) -> str | None:
    """A channel's content type without its parameters, such as ``; label-format=class-id``."""
    content_type = text(channel.get("ContentType"))
    return content_type.partition(";")[0].strip() if content_type is not None else None


def is_augmented(channel: Request) -> bool:
    """Whether a channel is an augmented manifest, which holds the labels itself."""
    return bool(at(channel, "DataSource", "S3DataSource", "S3DataType") == "AugmentedManifestFile")


def input_mode(job: Job, channel: Request) -> Any:
    """How a channel's data reaches the container: its own input mode, or the job's."""
    return channel.get("InputMode", at(job.training, "AlgorithmSpecification", "TrainingInputMode"))


def instances(job: Job) -> Iterator[tuple[str, Request]]:
    """(path, object with InstanceType and InstanceCount) of all instances that the job may run on."""
    for field in RESOURCE_FIELDS:
        config = at(job.training, field)
        if isinstance(config, Mapping):
            yield job.path(field), config
        for several in ("InstanceGroups", "InstanceConfigs"):
            for index, each in records(at(config, several)):
                yield job.path(field, f"{several}[{index}]"), each


class ChannelsAreComplete(ImageClassificationRule):
    """image-classification gets channels train and validation, and for image files train_lst and validation_lst."""

    id = "E288"
    source = ALGORITHM_PAGE

    def check_job(self, job: Job) -> Iterator[Finding]:
        given = job.training.get("InputDataConfig")
        channels = {text(each.get("ChannelName")): each for _, each in records(given)}
        readable = is_absent(job.training, "InputDataConfig") or isinstance(given, list)
        if not readable or None in channels or len(channels) != len(given or ()):
            return
        has_images = any(has_image_files(each) for name, each in channels.items() if name in DATA_CHANNELS)
        needed = DATA_CHANNELS + LIST_CHANNELS if has_images else DATA_CHANNELS
        missing = [name for name in needed if name not in channels]
        if missing:
            purpose = " for image files" if has_images else ""
            message = f"no channel {listed(missing)}; image-classification needs {listed(needed, 'and')}{purpose}"
            yield self.finding(job.path("InputDataConfig"), message)


class ChannelFormatsFit(ImageClassificationRule):
    """Data is RecordIO or image files; Pipe mode takes RecordIO, or augmented manifests wrapped as RecordIO."""

    id = "E289"
    source = ALGORITHM_PAGE

    def check_job(self, job: Job) -> Iterator[Finding]:
        for index, each in records(job.training.get("InputDataConfig")):
            path = job.path(f"InputDataConfig[{index}]")
            if is_augmented(each) and each.get("RecordWrapperType", "None") == "None":
                message = "image-classification takes an augmented manifest wrapped as RecordIO only; give RecordIO"
                yield self.finding(f"{path}.RecordWrapperType", message)
            elif input_mode(job, each) == "Pipe" and has_image_files(each):
                message = "image files cannot be piped; give File mode, RecordIO files or an augmented manifest"
                yield self.finding(f"{path}.ContentType", message)
            elif each.get("ChannelName") in DATA_CHANNELS and media_type(each) not in {None, *CONTENT_TYPES}:
                message = f"{shown(each['ContentType'])} is none that image-classification reads"
                yield self.finding(f"{path}.ContentType", f"{message}; give {listed(CONTENT_TYPES)}")


class ChannelsHaveContentTypes(ImageClassificationRule):
    """The channels train and validation say what they bring: RecordIO or image files."""

    id = "W298"
    source = ALGORITHM_PAGE

    def check_job(self, job: Job) -> Iterator[Finding]:
        for index, each in records(job.training.get("InputDataConfig")):
            if each.get("ChannelName") in DATA_CHANNELS and is_absent(each, "ContentType"):
                message = f"missing; give {RECORD_CONTENT_TYPE}, or {IMAGE_CONTENT_TYPES[0]} for image files"
                yield self.finding(job.path(f"InputDataConfig[{index}].ContentType"), message)


class PipeModeIsForOneInstance(ImageClassificationRule):
    """image-classification pipes its data to one instance; several need File mode."""

    id = "E290"
    source = ALGORITHM_PAGE

    def check_job(self, job: Job) -> Iterator[Finding]:
        channels = [each for _, each in records(job.training.get("InputDataConfig"))]
        if not any(input_mode(job, each) == "Pipe" for each in channels):
            return
        for path, config in instances(job):
            count = number(config.get("InstanceCount"))
            if count is not None and count > 1:
                message = f"{count} instances cannot train from a pipe; give 1, or File mode"
                yield self.finding(f"{path}.InstanceCount", message)


class TrainsOnGpus(ImageClassificationRule):
    """image-classification trains on instances with GPUs only."""

    id = "E291"
    source = ALGORITHM_PAGE

    def check_job(self, job: Job) -> Iterator[Finding]:
        for path, config in instances(job):
            name = text(config.get("InstanceType"))
            if name is not None and not has_gpu(name):
                message = f"{name!r} has no GPU, and image-classification trains on GPUs only; give ml.g4dn.xlarge"
                yield self.finding(f"{path}.InstanceType", f"{message}, ml.g5.xlarge or ml.p3.2xlarge")


class ObjectiveIsItsOwn(TuningRule):
    """Tuning of image-classification follows validation:accuracy, the one metric that it has for this."""

    id = "E292"
    source = TUNING_PAGE

    def check(self, request: Request) -> Iterator[Finding]:
        objectives: dict[str, object] = {}
        for job in image_classification_jobs(self.operation, request):
            if job.place == "TrainingJobDefinition":
                path = f"{CONFIG}.HyperParameterTuningJobObjective"
                objectives[path] = at(request, *path.split("."))
            objectives[job.path("TuningObjective")] = job.training.get("TuningObjective")
        for path, objective in objectives.items():
            metric = text(at(objective, "MetricName"))
            if metric is not None and metric != IMAGE_CLASSIFICATION_OBJECTIVE:
                message = f"{metric!r} is no objective of image-classification; give {IMAGE_CLASSIFICATION_OBJECTIVE}"
                yield self.finding(f"{path}.MetricName", message)


class RangesAreAccepted(ImageClassificationRule):
    """The ranges searched hold only values that image-classification takes."""

    id = "E293"

    def check_job(self, job: Job) -> Iterator[Finding]:
        for path, kind, each in job.ranges():
            about = IMAGE_CLASSIFICATION_HYPERPARAMETERS.get(str(each.get("Name")))
            for step, message in range_faults("image-classification", about, kind, each):
                yield self.finding(f"{path}.{step}", message)


class TunableIsTuned(ImageClassificationRule):
    """What is tuned of image-classification is among the hyperparameters that AWS tunes."""

    id = "W294"
    source = TUNING_PAGE

    def check_job(self, job: Job) -> Iterator[Finding]:
        tunable = [name for name, about in IMAGE_CLASSIFICATION_HYPERPARAMETERS.items() if about.tunable]
        for path, _, each in job.ranges():
            name = text(each.get("Name"))
            if name in IMAGE_CLASSIFICATION_HYPERPARAMETERS and name not in tunable:
                message = f"{name!r} is not among those that AWS tunes; tune {listed(tunable)}"
                yield self.finding(f"{path}.Name", message)
