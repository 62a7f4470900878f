from __future__ import annotations

from typing import Any

import pytest

from sm_raw.validation.rules import image_classification_jobs as rules
from sm_raw.validation.rules.base import Rule

IMAGE = "811284229777.dkr.ecr.us-east-1.amazonaws.com/image-classification:1"
RANGES = "HyperParameterTuningJobConfig.ParameterRanges"


def found(rule: type[Rule], fields: Any, input_mode: str = "File") -> list[tuple[str, str]]:
    algorithm = {"TrainingImage": IMAGE, "TrainingInputMode": input_mode}
    request = {"AlgorithmSpecification": algorithm, **fields}
    return [(each.path, each.message) for each in rule("CreateTrainingJob").check(request)]


def found_in_tuning(rule: type[Rule], config: Any, **fields: object) -> list[tuple[str, str]]:
    definition = {"AlgorithmSpecification": {"TrainingImage": IMAGE}, **fields}
    request = {"HyperParameterTuningJobConfig": config, "TrainingJobDefinition": definition}
    return [(each.path, each.message) for each in rule("CreateHyperParameterTuningJob").check(request)]


def channel(name: str, content_type: str = "application/x-recordio", **fields: object) -> dict[str, Any]:
    return {"ChannelName": name, "ContentType": content_type, **fields}


def manifest(name: str, **fields: object) -> dict[str, Any]:
    source = {"S3DataSource": {"S3DataType": "AugmentedManifestFile"}}
    return channel(name, "application/x-image", DataSource=source, **fields)


@pytest.mark.parametrize(
    ("channels", "findings"),
    [
        ([channel("train"), channel("validation"), channel("model", "application/x-sagemaker-model")], []),
        ([channel(name, "image/png") for name in ("train", "validation", "train_lst", "validation_lst")], []),
        ([manifest("train"), manifest("validation")], []),
        ([channel("train"), channel("${validation}")], []),
        ("${channels}", []),
        ([channel("train"), "${more}"], []),
        (
            [channel("training"), channel("validation")],
            [("InputDataConfig", "no channel train; image-classification needs train and validation")],
        ),
        (
            [channel("train", "application/x-image"), channel("validation", "application/x-image")],
            [
                (
                    "InputDataConfig",
                    "no channel train_lst or validation_lst; image-classification needs"
                    " train, validation, train_lst and validation_lst for image files",
                )
            ],
        ),
    ],
)
def test_channels_are_complete(channels: object, findings: list[tuple[str, str]]) -> None:
    assert found(rules.ChannelsAreComplete, {"InputDataConfig": channels}) == findings


def test_channels_are_needed() -> None:
    message = "no channel train or validation; image-classification needs train and validation"
    assert found(rules.ChannelsAreComplete, {}) == [("InputDataConfig", message)]


@pytest.mark.parametrize(
    ("channels", "input_mode", "findings"),
    [
        ([channel("train", "application/x-image")], "File", []),
        ([channel("train", "application/x-image", InputMode="File")], "Pipe", []),
        ([channel("train", "application/x-recordio; label-format=class-id")], "Pipe", []),
        ([manifest("train", RecordWrapperType="RecordIO")], "Pipe", []),
        ([manifest("train", RecordWrapperType="${wrapper}")], "Pipe", []),
        (
            [manifest("train")],
            "Pipe",
            [
                (
                    "InputDataConfig[0].RecordWrapperType",
                    "image-classification takes an augmented manifest wrapped as RecordIO only; give RecordIO",
                )
            ],
        ),
        (
            [channel("train"), channel("validation", "image/jpeg")],
            "Pipe",
            [
                (
                    "InputDataConfig[1].ContentType",
                    "image files cannot be piped; give File mode, RecordIO files or an augmented manifest",
                )
            ],
        ),
        ([channel("model", "application/x-sagemaker-model"), channel("train_lst", "text/plain")], "File", []),
        ([channel("train", "${content_type}")], "File", []),
        (
            [channel("train"), channel("validation", "text/csv")],
            "File",
            [
                (
                    "InputDataConfig[1].ContentType",
                    "'text/csv' is none that image-classification reads; give application/x-recordio,"
                    " application/x-image, image/jpeg or image/png",
                )
            ],
        ),
    ],
)
def test_channel_formats_fit(channels: object, input_mode: str, findings: list[tuple[str, str]]) -> None:
    assert found(rules.ChannelFormatsFit, {"InputDataConfig": channels}, input_mode) == findings


@pytest.mark.parametrize(
    ("channels", "missing"),
    [
        ([channel("train"), channel("validation", "${content_type}"), {"ChannelName": "train_lst"}], []),
        (["${train}", {"ChannelName": "${name}"}], []),
        ("${channels}", []),
        ([channel("train"), {"ChannelName": "validation"}], [1]),
    ],
)
def test_channels_have_content_types(channels: object, missing: list[int]) -> None:
    message = "missing; give application/x-recordio, or application/x-image for image files"
    expected = [(f"InputDataConfig[{index}].ContentType", message) for index in missing]
    assert found(rules.ChannelsHaveContentTypes, {"InputDataConfig": channels}) == expected


@pytest.mark.parametrize(
    ("count", "input_mode", "findings"),
    [
        (1, "Pipe", []),
        (2, "File", []),
        ("${count}", "Pipe", []),
        (
            2,
            "Pipe",
            [("ResourceConfig.InstanceCount", "2 instances cannot train from a pipe; give 1, or File mode")],
        ),
    ],
)
def test_pipe_mode_is_for_one_instance(count: object, input_mode: str, findings: list[tuple[str, str]]) -> None:
    fields = {"InputDataConfig": [channel("train")], "ResourceConfig": {"InstanceCount": count}}
    assert found(rules.PipeModeIsForOneInstance, fields, input_mode) == findings


NO_GPU = "has no GPU, and image-classification trains on GPUs only; give ml.g4dn.xlarge, ml.g5.xlarge or ml.p3.2xlarge"


@pytest.mark.parametrize(
    ("fields", "findings"),
    [
        ({"ResourceConfig": {"InstanceType": "ml.p3.2xlarge"}}, []),
        ({"ResourceConfig": {"InstanceType": "${instance_type}"}}, []),
        ({"ResourceConfig": "${resources}"}, []),
        (
            {"ResourceConfig": {"InstanceType": "ml.m5.large"}},
            [("ResourceConfig.InstanceType", f"'ml.m5.large' {NO_GPU}")],
        ),
        (
            {
                "HyperParameterTuningResourceConfig": {
                    "InstanceConfigs": [{"InstanceType": "ml.g5.xlarge"}, {"InstanceType": "ml.c5.xlarge"}]
                }
            },
            [
                (
                    "HyperParameterTuningResourceConfig.InstanceConfigs[1].InstanceType",
                    f"'ml.c5.xlarge' {NO_GPU}",
                )
            ],
        ),
    ],
)
def test_trains_on_gpus(fields: dict[str, Any], findings: list[tuple[str, str]]) -> None:
    assert found(rules.TrainsOnGpus, fields) == findings


@pytest.mark.parametrize(
    ("metric", "message"),
    [
        ("validation:accuracy", None),
        ("${metric}", None),
        ("train:accuracy", "'train:accuracy' is no objective of image-classification; give validation:accuracy"),
    ],
)
def test_objective_is_its_own(metric: str, message: str | None) -> None:
    objective = {"Type": "Maximize", "MetricName": metric}
    config = {"HyperParameterTuningJobObjective": objective}
    paths = (
        "HyperParameterTuningJobConfig.HyperParameterTuningJobObjective.MetricName",
        "TrainingJobDefinition.TuningObjective.MetricName",
    )
    expected = [(path, message) for path in paths] if message else []
    assert found_in_tuning(rules.ObjectiveIsItsOwn, config, TuningObjective=objective) == expected


@pytest.mark.parametrize(
    ("ranges", "findings"),
    [
        ({"ContinuousParameterRanges": [{"Name": "learning_rate", "MinValue": "0.0", "MaxValue": "1"}]}, []),
        ({"IntegerParameterRanges": [{"Name": "mini_batch_size", "MinValue": "8", "MaxValue": "512"}]}, []),
        ({"CategoricalParameterRanges": [{"Name": "mini_batch_size", "Values": ["8", "${size}"]}]}, []),
        ({"ContinuousParameterRanges": [{"Name": "other", "MinValue": "9", "MaxValue": "99"}]}, []),
        (
            {"ContinuousParameterRanges": [{"Name": "learning_rate", "MinValue": "-1", "MaxValue": "10"}]},
            [
                (f"{RANGES}.ContinuousParameterRanges[0].MinValue", "-1 is too small; give 0 or more"),
                (f"{RANGES}.ContinuousParameterRanges[0].MaxValue", "10 is too large; give 1 or less"),
            ],
        ),
        (
            {"ContinuousParameterRanges": [{"Name": "epochs", "MinValue": "1", "MaxValue": "10"}]},
            [
                (
                    f"{RANGES}.ContinuousParameterRanges[0].Name",
                    "image-classification takes whole numbers here; move it to IntegerParameterRanges",
                )
            ],
        ),
        (
            {"CategoricalParameterRanges": [{"Name": "optimizer", "Values": ["sgd", "adamw"]}]},
            [
                (
                    f"{RANGES}.CategoricalParameterRanges[0].Values[1]",
                    "'adamw' is not among the values it takes; did you mean 'adam'?",
                )
            ],
        ),
    ],
)
def test_ranges_are_accepted(ranges: object, findings: list[tuple[str, str]]) -> None:
    assert found_in_tuning(rules.RangesAreAccepted, {"ParameterRanges": ranges}) == findings


@pytest.mark.parametrize(
    ("name", "is_tunable"), [("learning_rate", True), ("optimizer", True), ("other", True), ("num_layers", False)]
)
def test_what_is_tuned_can_be_tuned(name: str, is_tunable: bool) -> None:
    message = (
        f"{name!r} is not among those that AWS tunes; tune beta_1, beta_2, eps, gamma, learning_rate, mini_batch_size,"
        " momentum, optimizer or weight_decay"
    )
    expected = [] if is_tunable else [(f"{RANGES}.CategoricalParameterRanges[0].Name", message)]
    ranges = {"CategoricalParameterRanges": [{"Name": name, "Values": ["1"]}]}
    assert found_in_tuning(rules.TunableIsTuned, {"ParameterRanges": ranges}) == expected
