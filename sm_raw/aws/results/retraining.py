"""Requests made of what a job has found out: the best training once more, and the model that serves it.

Pure functions on describe responses. Nothing is sent, and what comes out can be checked, changed and kept in a file.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, cast

from sm_raw.aws.results.training import TUNING_OBJECTIVE
from sm_raw.errors import SmRawError
from sm_raw.specs.assembly import EMPTY, assembled, optional
from sm_raw.specs.hosting import model, serving_script
from sm_raw.specs.hyperparameters import decode_hyperparameter, hyperparameter_text
from sm_raw.specs.images import Image, image_uri, images_in
from sm_raw.specs.names import canonical_hash, job_name
from sm_raw.specs.registry_paths import registry_path

if TYPE_CHECKING:
    from types_boto3_sagemaker.type_defs import CreateModelInputTypeDef, CreateTrainingJobRequestTypeDef

OF_TUNING_ONLY = frozenset(
    {
        "DefinitionName",
        "TuningObjective",
        "HyperParameterRanges",
        "StaticHyperParameters",
        "HyperParameterTuningResourceConfig",
    }
)
"""Members of a training job definition that a training job does not have.

https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_HyperParameterTrainingJobDefinition.html
"""

NUMBER_RANGES = ("ContinuousParameterRanges", "IntegerParameterRanges", "AutoParameters")
ALLOCATION_ONLY = frozenset({"AllocationStrategy", "InstanceConfigs"})


def best_training_request(
    tuning_job: Mapping[str, Any], *, name: str = "", extra: Mapping[str, Any] = EMPTY
) -> CreateTrainingJobRequestTypeDef:
    """The CreateTrainingJob request that trains the best job of a tuning job again.

    ``tuning_job`` is a DescribeHyperParameterTuningJob response. Its definition becomes the request, with the static
    hyperparameters and the tuned ones, these as plain numbers where they are of a range of numbers. What only tuning
    knows is left out. ``extra`` adds what tuning does not take, such as Debugger rules, and wins.
    Raises SmRawError if no job has completed with a value of the objective.
    """
    best = tuning_job.get("BestTrainingJob")
    if not best or not best.get("FinalHyperParameterTuningJobObjectiveMetric"):
        raise SmRawError(
            f"tuning job {tuning_job.get('HyperParameterTuningJobName')!r} has no best training job: none has "
            "completed with a value of the objective metric"
        )
    definition = _definition(tuning_job, best.get("TrainingJobDefinitionName", ""))
    static = {key: text for key, text in definition.get("StaticHyperParameters", {}).items() if key != TUNING_OBJECTIVE}
    numbers = _numbers(tuning_job, definition)
    tuned = {
        key: hyperparameter_text(decode_hyperparameter(text)) if key in numbers else text
        for key, text in best["TunedHyperParameters"].items()
    }
    request = {
        **{member: value for member, value in definition.items() if member not in OF_TUNING_ONLY},
        "HyperParameters": optional({**static, **tuned}),
        "ResourceConfig": _resources(definition),
    }
    return _named(request, name, str(best["TrainingJobName"]), extra)


def repeated_training_request(
    training_job: Mapping[str, Any], *, name: str = "", extra: Mapping[str, Any] = EMPTY
) -> CreateTrainingJobRequestTypeDef:
    """The CreateTrainingJob request that runs a described training job again, a child of a tuning job included."""
    from sm_raw.validation.operations import service_model

    members = service_model("sagemaker")["shapes"]["CreateTrainingJobRequest"]["members"]
    request = {member: value for member, value in training_job.items() if member in members}
    texts = request.get("HyperParameters", {})
    request["HyperParameters"] = optional({key: text for key, text in texts.items() if key != TUNING_OBJECTIVE})
    return _named(request, name, str(training_job["TrainingJobName"]), extra)


def best_model_request(
    training_job: Mapping[str, Any],
    *,
    name: str = "",
    inference_image: str = "",
    instance_type: str | None = None,
    program: str = "inference.py",
    extra: Mapping[str, Any] = EMPTY,
) -> CreateModelInputTypeDef:
    """The CreateModel request for the model of a training job, which is a DescribeTrainingJob response.

    The role and network are the job's, and its name the model's, unless ``name`` is given. The image is the framework's
    for inference on ``instance_type`` (on CPUs, if that is not given), or the training image itself where that serves,
    too, as those of AWS's algorithms and most own ones do. A model that a script has trained is served by ``program``
    in code/ of model.tar.gz; ``repack_model`` puts it there.
    Raises UnknownImage where AWS has no such image for inference, and SmRawError for a job that left no model.
    """
    artefacts = training_job.get("ModelArtifacts", {}).get("S3ModelArtifacts")
    if not artefacts or training_job["TrainingJobStatus"] == "Failed":
        raise SmRawError(f"training job {training_job['TrainingJobName']!r} has left no model to serve")
    image = inference_image or serving_image(
        str(training_job["AlgorithmSpecification"].get("TrainingImage", "")), instance_type=instance_type
    )
    place = registry_path(image)
    runs_script = "sagemaker_program" in training_job.get("HyperParameters", {})
    return model(
        name or str(training_job["TrainingJobName"]),
        image_uri=image,
        role_arn=training_job["RoleArn"],
        model_data_uri=artefacts,
        environment=serving_script(program, region=place.region if place else None) if runs_script else EMPTY,
        vpc=training_job.get("VpcConfig"),
        network_isolation=training_job.get("EnableNetworkIsolation", False),
        extra=extra,
    )


def serving_image(training_image: str, *, instance_type: str | None = None) -> str:
    """The image that serves what ``training_image`` has trained: AWS's for inference, or the same."""
    place = registry_path(training_image)
    known = [image for image in images_in(place.repository) if "training" in image.purposes] if place else []
    if place is None or not known or any("inference" in image.purposes for image in known):
        if not training_image:
            raise SmRawError("the training job has no image of its own, so name the one that serves its model")
        return training_image
    version, base = _version(known, place.tag)
    return image_uri(
        known[0].framework,
        region=place.region,
        version=version or place.version,
        python=place.python or None,
        base=base or None,
        instance_type=instance_type,
        purpose="inference",
    )


def _version(images: Sequence[Image], tag: str) -> tuple[str, str]:
    """The framework's version in a tag, and what an image of Hugging Face is built on; empty if no image has it."""
    for image in images:
        for version, base in itertools.product(image.versions, image.bases or [""]):
            if tag.startswith(image.name(version, base) + "-"):
                return version, base
    return "", ""


def _definition(tuning_job: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    definitions = tuning_job.get("TrainingJobDefinitions") or [tuning_job["TrainingJobDefinition"]]
    named = [definition for definition in definitions if definition.get("DefinitionName", "") == name]
    return cast("Mapping[str, Any]", (named or definitions)[0])


def _numbers(tuning_job: Mapping[str, Any], definition: Mapping[str, Any]) -> set[str]:
    """The tuned hyperparameters whose values are numbers."""
    config = tuning_job["HyperParameterTuningJobConfig"]
    return {
        str(one["Name"])
        for ranges in (config.get("ParameterRanges", {}), definition.get("HyperParameterRanges", {}))
        for kind in NUMBER_RANGES
        for one in ranges.get(kind, ())
    }


def _resources(definition: Mapping[str, Any]) -> Mapping[str, Any]:
    """Of several instance types that tuning may take, the first: the one that it prefers."""
    found = definition.get("HyperParameterTuningResourceConfig") or definition["ResourceConfig"]
    first: Mapping[str, Any] = next(iter(found.get("InstanceConfigs", ())), {})
    return {**{member: value for member, value in found.items() if member not in ALLOCATION_ONLY}, **first}


def _named(
    request: Mapping[str, Any], name: str, before: str, extra: Mapping[str, Any]
) -> CreateTrainingJobRequestTypeDef:
    """The request under its own name, or one of the job before and of what it asks for."""
    asked = assembled({"TrainingJobName": before, **dict(_without_defaults(request))}, extra)
    if before == asked["TrainingJobName"]:
        asked["TrainingJobName"] = name or job_name(before, canonical_hash(asked))
    return cast("CreateTrainingJobRequestTypeDef", asked)


def _without_defaults(request: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """Without what the service adds to what it describes, and refuses, or has no use for, in a request."""
    from sm_raw.validation.rules.algorithms import aws_algorithm

    for member, value in request.items():
        if member == "AlgorithmSpecification" and aws_algorithm(dict(request)):
            # "You can't override the metric definitions for Amazon SageMaker algorithms."
            yield member, {key: one for key, one in value.items() if key != "MetricDefinitions"}
        elif member == "OutputDataConfig":
            yield member, {key: one for key, one in value.items() if one != ""}  # KmsKeyId
        else:
            yield member, value
