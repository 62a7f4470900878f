"""The Debugger's built-in rules over saved tensors: parameters, defaults, and the collections each brings.

Parameters and defaults are from https://docs.aws.amazon.com/sagemaker/latest/dg/debugger-built-in-rules.html,
the collections from AWS's package smdebug-rulesconfig 1.0.1.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple

from sm_raw.specs.assembly import EMPTY

# What a parameter that is a percentage, or a share of 1, can be.
PERCENT, SHARE = (0, 100), (0, 1)
# What a rule looks at, where that is not the tensors of every framework.
DEEP_LEARNING, XGBOOST = "deep learning", "XGBoost"


class BuiltInRule(NamedTuple):
    """A rule of the service.

    ``collections``: what it has saved, by name, with the parameters. ``needs``: of these parameters at least one
    has to be given. ``numbers``: parameters that are numbers although their default is None. ``ranges`` and
    ``choices``: what some parameters can be at all. ``scope``: what it is for, where not for everything.
    """

    parameters: Mapping[str, object]
    collections: Mapping[str, Mapping[str, str]] = EMPTY
    needs: tuple[str, ...] = ()
    numbers: tuple[str, ...] = ()
    ranges: Mapping[str, tuple[float, float]] = EMPTY
    choices: Mapping[str, tuple[str, ...]] = EMPTY
    scope: str = ""


# A rule looks at the union of both; without either, at all tensors where it does not need one of them.
TENSORS: Mapping[str, object] = {"collection_names": None, "tensor_regex": None}
EVERY_500_STEPS = {"save_interval": "500"}
EVERY_5_STEPS = {"save_interval": "5"}
MODES = ("TRAIN", "EVAL", "PREDICT", "GLOBAL")
ACTIVATIONS = {"threshold_inactivity": PERCENT, "threshold_layer": PERCENT}

DEBUG_RULES: Mapping[str, BuiltInRule] = MappingProxyType(
    {
        # Deep learning
        "VanishingGradient": BuiltInRule(
            {"threshold": 1e-7}, collections={"gradients": EVERY_500_STEPS}, scope=DEEP_LEARNING
        ),
        "ExplodingTensor": BuiltInRule({**TENSORS, "only_nan": False}, scope=DEEP_LEARNING),
        # It also looks at gradients and losses, which it does not bring: name `gradients` beside it. The
        # regexes of this rule and the next ones are names of MXNet: with PyTorch give your own.
        "PoorWeightInitialization": BuiltInRule(
            {
                "activation_inputs_regex": ".*relu_input",
                "threshold": 10.0,
                "distribution_range": 0.001,
                "patience": 5,
                "steps": 10,
            },
            collections={"relu_input": {"include_regex": ".*relu_input", **EVERY_500_STEPS}},
            scope=DEEP_LEARNING,
        ),
        "SaturatedActivation": BuiltInRule(
            {
                "collection_names": None,
                "tensor_regex": ".*tanh_input|.*sigmoid_input",
                "threshold_tanh_min": -9.4999,
                "threshold_tanh_max": 9.4999,
                "threshold_sigmoid_min": -23,
                "threshold_sigmoid_max": 16.99999,
                "threshold_inactivity": 1.0,
                "threshold_layer": 50.0,
            },
            ranges=ACTIVATIONS,
            scope=DEEP_LEARNING,
        ),
        "DeadRelu": BuiltInRule(
            {"tensor_regex": ".*relu_output", "threshold_inactivity": 1.0, "threshold_layer": 50.0},
            collections={"relu_output": {"include_regex": ".*relu_output", **EVERY_500_STEPS}},
            ranges=ACTIVATIONS,
            scope=DEEP_LEARNING,
        ),
        "WeightUpdateRatio": BuiltInRule(
            {"num_steps": None, "large_threshold": 10.0, "small_threshold": 1e-8, "epsilon": 1e-9},
            collections={"weights": EVERY_500_STEPS},
            numbers=("num_steps",),
            scope=DEEP_LEARNING,
        ),
        "CheckInputImages": BuiltInRule(
            {
                "threshold_mean": 0.2,
                "threshold_samples": 500,
                "regex": ".*hybridsequential0_input_0",
                "channel": 1,
            },
            collections={"input_image": {"include_regex": ".*hybridsequential0_input_0", **EVERY_500_STEPS}},
            scope=DEEP_LEARNING,
        ),
        "NLPSequenceRatio": BuiltInRule(
            {"tensor_regex": ".*embedding0_input_0", "token_values": "0", "token_thresholds_percent": "50"},
            collections={"input_sequence": {"include_regex": ".*embedding0_input_0", **EVERY_500_STEPS}},
            scope=DEEP_LEARNING,
        ),
        # Deep learning and XGBoost
        "AllZero": BuiltInRule({**TENSORS, "threshold": 100}, needs=tuple(TENSORS), ranges={"threshold": PERCENT}),
        "ClassImbalance": BuiltInRule(
            {
                "threshold_imbalance": 10,
                "threshold_misprediction": 0.7,
                "samples": 500,
                "argmax": False,
                "labels_regex": ".*labels",
                "predictions_regex": ".*predictions",
            },
            ranges={"threshold_misprediction": SHARE},
        ),
        "LossNotDecreasing": BuiltInRule(
            {
                **TENSORS,
                "use_losses_collection": True,
                "num_steps": 10,
                "diff_percent": 0.1,
                "increase_threshold_percent": 5.0,
                "mode": "GLOBAL",
            },
            collections={"losses": EVERY_500_STEPS},
            ranges={"diff_percent": PERCENT, "increase_threshold_percent": PERCENT},
            choices={"mode": MODES},
        ),
        "Overfit": BuiltInRule({"tensor_regex": None, "start_step": 0, "patience": 1, "ratio_threshold": 0.1}),
        "Overtraining": BuiltInRule({"patience_train": 5, "patience_validation": 10, "delta": 0.01}),
        # AWS's SDK sends the S3 paths of the other trials as other_trial_0, other_trial_1, ...; the guide's own
        # name for the parameter is other_trials.
        "SimilarAcrossRuns": BuiltInRule({"other_trials": None, **TENSORS}, needs=("other_trials", "other_trial_0")),
        "StalledTrainingRule": BuiltInRule(
            {"threshold": 1800, "stop_training_on_fire": False, "training_job_name_prefix": None}
        ),
        "TensorVariance": BuiltInRule(
            {**TENSORS, "max_threshold": None, "min_threshold": None},
            needs=tuple(TENSORS),
            numbers=("max_threshold", "min_threshold"),
        ),
        "UnchangedTensor": BuiltInRule(
            {**TENSORS, "num_steps": 3, "rtol": 1e-5, "atol": 1e-8, "equal_nan": False}, needs=tuple(TENSORS)
        ),
        "Confusion": BuiltInRule(
            {
                "category_no": None,
                "labels": "labels",
                "predictions": "predictions",
                "labels_collection": "labels",
                "predictions_collection": "predictions",
                "min_diag": 0.9,
                "max_off_diag": 0.1,
            },
            numbers=("category_no",),
            ranges={"min_diag": SHARE, "max_off_diag": SHARE},
        ),
        # XGBoost
        "TreeDepth": BuiltInRule({"depth": 4}, scope=XGBOOST),
        "FeatureImportanceOverweight": BuiltInRule(
            {"threshold": 0.8, "nfeatures": 3, "tensor_regex": ".*feature_importance/weight"},
            collections={"feature_importance": EVERY_500_STEPS},
            ranges={"threshold": SHARE},
            scope=XGBOOST,
        ),
        "CreateXgboostReport": BuiltInRule(
            {},
            collections={
                "metrics": EVERY_5_STEPS,
                "feature_importance": EVERY_5_STEPS,
                "hyperparameters": {"save_steps": "0"},
                "predictions": EVERY_5_STEPS,
                "labels": EVERY_5_STEPS,
            },
            scope=XGBOOST,
        ),
    }
)
