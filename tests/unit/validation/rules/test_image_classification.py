from __future__ import annotations

import pytest

from sm_raw.validation.rules import image_classification as rules
from sm_raw.validation.rules.base import Rule

IMAGE = "811284229777.dkr.ecr.us-east-1.amazonaws.com/image-classification:1"
RANGES = "HyperParameterTuningJobConfig.ParameterRanges"


def found(rule: type[Rule], hyperparameters: object) -> list[tuple[str, str]]:
    request = {"AlgorithmSpecification": {"TrainingImage": IMAGE}, "HyperParameters": hyperparameters}
    return [(each.path, each.message) for each in rule("CreateTrainingJob").check(request)]


def found_in_tuning(rule: type[Rule], static: object, ranges: object) -> list[tuple[str, str]]:
    request = {
        "HyperParameterTuningJobConfig": {"ParameterRanges": ranges},
        "TrainingJobDefinition": {
            "AlgorithmSpecification": {"TrainingImage": IMAGE},
            "StaticHyperParameters": static,
        },
    }
    return [(each.path, each.message) for each in rule("CreateHyperParameterTuningJob").check(request)]


@pytest.mark.parametrize(
    ("given", "findings"),
    [
        ({"num_layers": "18", "_tuning_objective_metric": "validation:accuracy", "${name}": "1"}, []),
        ({"sagemaker_program": "train.py"}, []),  # E281 says more
        (
            {"learning-rate": "0.1"},
            [
                (
                    "HyperParameters.learning-rate",
                    "'learning-rate' is unknown to image-classification, which refuses it;"
                    " did you mean 'learning_rate'?",
                )
            ],
        ),
        (
            {"zzz": "1"},
            [("HyperParameters.zzz", "'zzz' is unknown to image-classification, which refuses it; remove it")],
        ),
    ],
)
def test_hyperparameters_are_known(given: object, findings: list[tuple[str, str]]) -> None:
    assert found(rules.HyperparametersAreKnown, given) == findings


def test_tuned_hyperparameters_are_known() -> None:
    ranges = {"IntegerParameterRanges": [{"Name": "batch_size"}, {"Name": "mini_batch_size"}]}
    assert found_in_tuning(rules.HyperparametersAreKnown, {}, ranges) == [
        (
            f"{RANGES}.IntegerParameterRanges[0].Name",
            "'batch_size' is unknown to image-classification, which refuses it; did you mean 'mini_batch_size'?",
        )
    ]


NEEDED = "missing; image-classification needs it"


@pytest.mark.parametrize(
    ("given", "findings"),
    [
        ({"num_classes": "10", "num_training_samples": "${samples}"}, []),
        ({"${name}": "10"}, []),
        ("${hyperparameters}", []),
        ({"num_classes": "10"}, [("HyperParameters.num_training_samples", NEEDED)]),
        (None, [("HyperParameters.num_classes", NEEDED), ("HyperParameters.num_training_samples", NEEDED)]),
    ],
)
def test_hyperparameters_are_complete(given: object, findings: list[tuple[str, str]]) -> None:
    assert found(rules.HyperparametersAreComplete, given) == findings


@pytest.mark.parametrize(
    ("ranges", "is_complete"),
    [
        ({"IntegerParameterRanges": [{"Name": "num_classes"}]}, True),
        ({"IntegerParameterRanges": [{"Name": "${name}"}]}, True),
        ({"IntegerParameterRanges": "${ranges}"}, True),
        ("${ranges}", True),
        ({"IntegerParameterRanges": []}, False),
    ],
)
def test_tuned_hyperparameters_are_given(ranges: object, is_complete: bool) -> None:
    expected = [] if is_complete else [("TrainingJobDefinition.StaticHyperParameters.num_classes", NEEDED)]
    assert found_in_tuning(rules.HyperparametersAreComplete, {"num_training_samples": "9"}, ranges) == expected


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("num_classes", "133", None),
        ("num_classes", "${classes}", None),
        ("num_classes", 133, None),  # a matter of the schema
        ("other", "x", None),  # E283 has told
        ("learning_rate", "1e-3", None),
        ("momentum", "1", None),
        ("optimizer", "nag", None),
        ("num_layers", "110", None),
        ("image_shape", "3, 224, 224", None),
        ("image_shape", "1,28,28", None),
        ("lr_scheduler_step", "10,20,30", None),
        ("early_stopping", "true", None),
        ("early_stopping", "False", None),
        ("num_classes", "0", "0 is too small; give 1 or more"),
        ("num_classes", "1.5", "'1.5' spells no whole number; give one such as 100"),
        ("top_k", "1", "1 is too small; give 2 or more"),
        ("learning_rate", "1.5", "1.5 is too large; give 1 or less"),
        ("learning_rate", "small", "'small' spells no number; give one such as 0.1"),
        ("optimizer", "SGD", "'SGD' is not among the values it takes; did you mean 'sgd'?"),
        ("optimizer", '"sgd"', "'\"sgd\"' is not among the values it takes; did you mean 'sgd'?"),
        (
            "num_layers",
            "99",
            "'99' is not among the values it takes; give 18, 34, 50, 101, 152, 200, 20, 32, 44, 56 or 110",
        ),
        ("use_pretrained_model", "True", "'True' is not among the values it takes; give 0 or 1"),
        ("image_shape", "224,224", "'224,224' is no list of 3 numbers; give one such as 3,224,224"),
        ("lr_scheduler_step", "10;20", "'10;20' is no list of whole numbers; give one such as 10,20"),
    ],
)
def test_values_are_accepted(name: str, value: object, message: str | None) -> None:
    expected = [(f"HyperParameters.{name}", message)] if message else []
    assert found(rules.HyperparameterValuesAreAccepted, {name: value}) == expected


@pytest.mark.parametrize(
    ("given", "findings"),
    [
        ({"use_pretrained_model": "1"}, []),
        ({"use_pretrained_model": "1", "num_layers": "18", "image_shape": "3, 224, 224"}, []),
        ({"use_pretrained_model": "1", "image_shape": "${shape}"}, []),
        ({"use_pretrained_model": "1", "image_shape": "x"}, []),  # E285 has told
        ({"use_pretrained_model": "0", "num_layers": "20", "image_shape": "3,28,28"}, []),
        (
            {"use_pretrained_model": "1", "num_layers": "20", "image_shape": "3,28,28"},
            [
                (
                    "HyperParameters.num_layers",
                    "no pretrained network has 20 layers; give 18, 34, 50, 101, 152 or 200",
                ),
                ("HyperParameters.image_shape", "'3,28,28' does not fit the pretrained networks; give 3,224,224"),
            ],
        ),
    ],
)
def test_pretrained_network_fits(given: object, findings: list[tuple[str, str]]) -> None:
    assert found(rules.PretrainedNetworkFits, given) == findings


@pytest.mark.parametrize(
    ("given", "findings"),
    [
        ({"mini_batch_size": "32", "num_training_samples": "32"}, []),
        ({"mini_batch_size": "32", "num_training_samples": "${samples}"}, []),
        ({"mini_batch_size": "${size}", "num_training_samples": "10"}, []),
        ({"num_training_samples": "10", "${name}": "4"}, []),
        ({"checkpoint_frequency": "30"}, []),
        (
            {"mini_batch_size": "64", "num_training_samples": "20"},
            [("HyperParameters.mini_batch_size", "64 is more than num_training_samples (20); give 20 or less")],
        ),
        (
            {"num_training_samples": "20"},
            [
                (
                    "HyperParameters.mini_batch_size",
                    "32, the default, is more than num_training_samples (20); give 20 or less",
                )
            ],
        ),
        (
            {"checkpoint_frequency": "40"},
            [("HyperParameters.checkpoint_frequency", "40 is more than epochs (30); give 30 or less")],
        ),
        ({"resize": "256", "image_shape": "3,224,224"}, []),
        ({"resize": "224"}, []),
        ({"resize": "${resize}", "image_shape": "3,224,224"}, []),
        ({"resize": "128", "image_shape": "${shape}"}, []),
        ({"resize": "128", "image_shape": "224"}, []),  # E285 has told
        (
            {"resize": "128", "image_shape": "3, 96, 160"},
            [
                (
                    "HyperParameters.resize",
                    "128 is less than the image_shape, whose longest side is 160; give more than 160",
                )
            ],
        ),
    ],
)
def test_hyperparameters_agree(given: object, findings: list[tuple[str, str]]) -> None:
    assert found(rules.HyperparametersAgree, given) == findings


def test_default_of_a_tuned_hyperparameter_does_not_count() -> None:
    ranges = {"IntegerParameterRanges": [{"Name": "mini_batch_size", "MinValue": "4", "MaxValue": "8"}]}
    assert found_in_tuning(rules.HyperparametersAgree, {"num_training_samples": "20"}, ranges) == []


@pytest.mark.parametrize(
    ("given", "is_good"),
    [
        ({"use_weighted_loss": "1", "multi_label": "1"}, True),
        ({"use_weighted_loss": "1", "multi_label": "${several}"}, True),
        ({"use_weighted_loss": "0"}, True),
        ({}, True),
        ({"use_weighted_loss": "1"}, False),
        ({"use_weighted_loss": "1", "multi_label": "0"}, False),
    ],
)
def test_weights_are_for_several_labels(given: object, is_good: bool) -> None:
    message = "has no effect on images of one label each; remove it, or set multi_label to 1"
    expected = [] if is_good else [("HyperParameters.use_weighted_loss", message)]
    assert found(rules.WeightsAreForSeveralLabels, given) == expected
