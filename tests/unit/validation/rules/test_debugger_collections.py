from __future__ import annotations

from typing import Any

import pytest

from sm_raw.validation.rules import debugger_collections
from sm_raw.validation.rules.base import Rule

HOOK = "DebugHookConfig.HookParameters"
COLLECTIONS = "DebugHookConfig.CollectionConfigurations"
PARAMETERS = f"{COLLECTIONS}[0].CollectionParameters"


def found(rule: type[Rule], request: Any) -> list[tuple[str, str]]:
    return [(each.path, each.message) for each in rule("CreateTrainingJob").check(request)]


def hook(**parameters: str) -> dict[str, Any]:
    return {"DebugHookConfig": {"HookParameters": parameters}}


def saving(*collections: Any) -> dict[str, Any]:
    return {"DebugHookConfig": {"CollectionConfigurations": list(collections)}}


def in_image(name: str) -> dict[str, Any]:
    image = f"763104351884.dkr.ecr.us-east-1.amazonaws.com/{name}"
    return {"AlgorithmSpecification": {"TrainingImage": image}}


def collection(name: str, **parameters: str) -> dict[str, Any]:
    return {"CollectionName": name, "CollectionParameters": parameters}


@pytest.mark.parametrize(
    ("request_", "findings"),
    [
        (saving(collection("gradients"), collection("feature_importance"), {"CollectionName": "losses"}), []),
        (saving(collection("mine", include_regex="relu")), []),
        (saving({"CollectionName": "mine", "CollectionParameters": "${parameters}"}), []),
        (saving(collection("${name}")), []),
        ({**saving(collection("predictions")), **in_image("sagemaker-xgboost:1.7-1")}, []),
        ({**saving(collection("losses")), **in_image("pytorch-training:1.13.1-gpu-py39")}, []),
        (
            # It is one of XGBoost's.
            {**saving(collection("predictions")), **in_image("pytorch-training:1.13.1-gpu-py39")},
            [
                (
                    f"{PARAMETERS}.include_regex",
                    "missing; smdebug knows no collection 'predictions': say which tensors it holds",
                )
            ],
        ),
        (
            saving(collection("mine", save_interval="5")),
            [
                (
                    f"{PARAMETERS}.include_regex",
                    "missing; smdebug knows no collection 'mine': say which tensors it holds",
                )
            ],
        ),
        (
            saving({"CollectionName": "gradient"}),
            [
                (
                    f"{PARAMETERS}.include_regex",
                    "missing; smdebug knows no collection 'gradient': say which tensors it holds, "
                    "or did you mean 'gradients'?",
                )
            ],
        ),
    ],
)
def test_new_collection_has_a_regex(request_: dict[str, Any], findings: list[tuple[str, str]]) -> None:
    assert found(debugger_collections.NewCollectionHasRegex, request_) == findings


@pytest.mark.parametrize(
    ("request_", "findings"),
    [
        (saving(collection("losses"), collection("gradients")), []),
        (saving(collection("${name}"), collection("${name}"), {}, None), []),
        (
            saving(collection("losses"), collection("gradients"), collection("losses")),
            [
                (
                    f"{COLLECTIONS}[2].CollectionName",
                    f"'losses' is already configured by {COLLECTIONS}[0]; put the parameters together",
                )
            ],
        ),
    ],
)
def test_collections_are_distinct(request_: dict[str, Any], findings: list[tuple[str, str]]) -> None:
    assert found(debugger_collections.DistinctCollections, request_) == findings


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("save_interval", "500", None),
        ("save_interval", "${interval}", None),
        ("train.save_steps", "0, 10,20", None),
        ("end_step", "0", None),
        ("save_all", "true", None),
        ("reductions", "mean, abs_l1_norm,", None),
        ("save_raw_tensor", "True", None),
        ("include_regex", "relu.*,^fc", None),
        ("include_workers", "all", None),
        ("train.save_interval", "ten", "'ten' spells no whole number"),
        ("save_interval", "5.0", "'5.0' spells no whole number"),
        ("save_interval", "0", "'0' is no interval; give 1 to save every step"),
        ("start_step", "", "'' spells no whole number"),
        (
            "eval.save_steps",
            "1 2",
            "'1 2' is no list of steps; give whole numbers with commas, as in 0,10,20",
        ),
        ("save_all", "yes", "'yes' spells no boolean; give True or False"),
        ("reductions", "mean,avg", "'avg' is no reduction; give {}, or one with abs_ before it"),
        ("reductions", "l1norm", "'l1norm' is no reduction; did you mean 'l1_norm', 'l2_norm' or 'abs_l1_norm'?"),
        (
            "include_regex",
            "a{1,(b",
            "'(b' is no regular expression: missing ), unterminated subpattern at position 0; "
            "a comma begins another one",
        ),
    ],
)
def test_hook_parameter_values(name: str, value: str, message: str | None) -> None:
    reductions = "min, max, mean, std, variance, sum, prod, l1_norm or l2_norm"
    expected = message.format(reductions) if message else None
    for request, place in (
        ({"DebugHookConfig": {"HookParameters": {name: value}}}, HOOK),
        (saving({"CollectionName": "mine", "CollectionParameters": {name: value}}), PARAMETERS),
    ):
        path = f"{place}.{name}" if "." not in name else f'{place}["{name}"]'
        assert found(debugger_collections.HookParameterValues, request) == ([(path, expected)] if expected else [])


def test_raw_tensors_beside_reductions_stop_the_hook() -> None:
    request = hook(reductions="mean", save_raw_tensor="True")
    message = "'True' fails beside reductions, for smdebug takes no text here; remove one of them"
    assert found(debugger_collections.HookParameterValues, request) == [(f"{HOOK}.save_raw_tensor", message)]


@pytest.mark.parametrize(
    ("request_", "findings"),
    [
        (hook(save_interval="1", save_all="True", include_workers="all"), []),
        (hook(**{"predict.end_step": "1", "${name}": "1"}), []),
        (saving(collection("losses", **{"train.save_interval": "1", "save_histogram": "True"})), []),
        (
            hook(save_intervall="1"),
            [
                (
                    f"{HOOK}.save_intervall",
                    "'save_intervall' is no parameter of the hook; did you mean "
                    "'save_interval', 'eval.save_interval' or 'train.save_interval'?",
                )
            ],
        ),
        (
            saving(collection("losses", save_all="True", colour="blue")),
            [
                (f"{PARAMETERS}.save_all", "'save_all' is no parameter of a collection; move it to HookParameters"),
                (f"{PARAMETERS}.colour", "'colour' is no parameter of a collection; remove it"),
            ],
        ),
    ],
)
def test_known_hook_parameters(request_: dict[str, Any], findings: list[tuple[str, str]]) -> None:
    assert found(debugger_collections.KnownHookParameters, request_) == findings


@pytest.mark.parametrize(
    ("parameters", "findings"),
    [
        ({"start_step": "1", "end_step": "2"}, []),
        ({"end_step": "0"}, []),
        ({"start_step": "0", "end_step": "0"}, []),
        ({"start_step": "${start}", "end_step": "2"}, []),
        ({"start_step": "10", "train.end_step": "${end}"}, []),
        (
            {"start_step": "10", "end_step": "10"},
            [(f"{HOOK}.end_step", "saves nothing: it starts at step 10 and ends before step 10")],
        ),
        (
            {"start_step": "10", "train.end_step": "5"},
            [(f'{HOOK}["train.end_step"]', "saves nothing: it starts at step 10 and ends before step 5")],
        ),
    ],
)
def test_saving_window(parameters: dict[str, str], findings: list[tuple[str, str]]) -> None:
    assert found(debugger_collections.SavingWindow, hook(**parameters)) == findings
