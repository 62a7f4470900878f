import re

import pytest

from sm_raw.local.debugger.evaluation import NO_DATA, JobEvaluation, RuleEvaluation, rule_from
from sm_raw.local.debugger.parameters import ParameterError
from sm_raw.local.debugger.rules.loss_not_decreasing import LossNotDecreasing

KNOWN = "LossNotDecreasing, Overfit, Overtraining, PoorWeightInitialization, VanishingGradient"


def configuration(rule, name="my-rule", **parameters):
    return {"RuleConfigurationName": name, "RuleParameters": {"rule_to_invoke": rule, **parameters}}


@pytest.fixture
def reported():
    """What was reported, as (name, status, details)."""

    class Reported(list):
        def __call__(self, record):
            self.append(tuple(record.values()))

    return Reported()


def test_a_rule_is_made_from_its_parameters():
    texts = {"rule_to_invoke": "LossNotDecreasing", "num_steps": "3", "end_step": "9", "action_json": "[]"}
    assert rule_from(texts) == LossNotDecreasing(num_steps=3, end_step=9)


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({}, f"rule_to_invoke is missing; it evaluates {KNOWN}"),
        ({"rule_to_invoke": "DeadRelu"}, f"this engine does not evaluate the rule 'DeadRelu'; it evaluates {KNOWN}"),
        (
            {"rule_to_invoke": "VanishingGradient", "threshold": "tiny"},
            "threshold: 'tiny' is not accepted (give a number at least 0)",
        ),
    ],
)
def test_what_cannot_be_evaluated_is_an_error_of_the_configuration(reported, parameters, message):
    with pytest.raises(ParameterError, match=re.escape(message)):
        rule_from(parameters)
    RuleEvaluation({"RuleConfigurationName": "r", "RuleParameters": parameters}, reported)
    assert reported == [("r", "InProgress"), ("r", "Error", f"ClientError: {message}")]


@pytest.mark.parametrize(
    ("parameters", "marks", "final"),
    [
        pytest.param({}, [3.0, 2.0, 1.0], ("NoIssuesFound",), id="no hit"),
        pytest.param(
            {},
            [3.0, 3.0, 3.0],
            (
                "IssuesFound",
                "RuleEvaluationConditionMet: Evaluation of the rule LossNotDecreasing at step 1 resulted in the "
                "condition being met\n",
            ),
            id="ends at the first hit",
        ),
        pytest.param({"start_step": "2"}, [3.0, 3.0, 3.0, 1.0], ("NoIssuesFound",), id="hit before start_step"),
        pytest.param({"end_step": "2"}, [3.0, 2.0, 2.0], ("NoIssuesFound",), id="hit at end_step"),
        pytest.param(
            {"mode": "EVAL"},
            [3.0, 3.0],
            (
                "NoIssuesFound",
                "Nothing was evaluated: no saved step holds what the rule needs (scalar losses at least num_steps "
                "apart)",
            ),
            id="nothing to judge",
        ),
    ],
)
def test_a_rule_ends_at_its_first_hit_or_with_the_steps(plain_trial, losses, reported, parameters, marks, final):
    steps = losses(*marks)
    evaluation = RuleEvaluation(configuration("LossNotDecreasing", num_steps="1", **parameters), reported)
    for step in steps:
        evaluation.visit(plain_trial(steps), step)
    evaluation.conclude()
    assert reported == [("my-rule", "InProgress"), ("my-rule", *final)]


def test_a_rule_that_breaks_ends_with_an_error_of_its_own(reported):
    evaluation = RuleEvaluation(configuration("VanishingGradient"), reported)
    evaluation.visit(object(), 4)
    details = "InternalServerError: AttributeError at step 4: 'object' object has no attribute 'tensor_names'"
    assert reported[1:] == [("my-rule", "Error", details)]


def test_details_are_cut_to_what_the_service_takes(reported):
    RuleEvaluation(configuration("VanishingGradient", **{"x" * 2000: "1"}), reported)
    assert len(reported[1][2]) == 1024


def test_rules_follow_a_growing_trial_to_its_end(saved_trial, reported):
    rules = [
        configuration("LossNotDecreasing", "loss", num_steps="1"),
        configuration("VanishingGradient", "gradient"),
        configuration("Overfit", "overfit"),
    ]
    evaluation = JobEvaluation(saved_trial.folder, rules, reported)
    del reported[:]
    evaluation.poll()
    saved_trial.save_collections()
    saved_trial.save_step(0, {"loss": 2, "gradient/a": [1, 1]})
    evaluation.poll()
    assert (reported, evaluation.is_open) == ([], True)
    saved_trial.save_step(1, {"loss": 2, "gradient/a": [1, 1]})
    evaluation.poll()
    assert [entry[:2] for entry in reported] == [("loss", "IssuesFound")]
    saved_trial.save_step(2, {"loss": 3}, mode="EVAL", mode_step=0)
    evaluation.finish()
    assert [entry[:2] for entry in reported[1:]] == [("overfit", "IssuesFound"), ("gradient", "NoIssuesFound")]
    assert not evaluation.is_open


def test_without_saved_steps_every_open_rule_ends_with_an_error(saved_trial, reported):
    saved_trial.save_collections()
    evaluation = JobEvaluation(saved_trial.folder, [configuration("VanishingGradient")], reported)
    evaluation.finish()
    assert reported == [("my-rule", "InProgress"), ("my-rule", "Error", NO_DATA)]


def test_tensors_that_cannot_be_read_are_an_error_and_no_crash(saved_trial, reported):
    saved_trial.save_collections()
    saved_trial.save_step(0, {"loss": 1})
    next(saved_trial.folder.glob("index/*/*.json")).write_text("{")
    evaluation = JobEvaluation(saved_trial.folder, [configuration("Overfit")], reported)
    evaluation.poll()
    details = "InternalServerError: the saved tensors cannot be read: IndexReaderException: Empty/Corrupt Index File"
    assert reported[1:] == [("my-rule", "Error", details)]
