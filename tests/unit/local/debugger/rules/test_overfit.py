import pytest

from sm_raw.local.debugger.rules.overfit import Overfit


@pytest.mark.parametrize(
    ("parameters", "marks", "step"),
    [
        pytest.param({}, ["T", 1.0, 1.0, "E", 1.05, 1.05], None, id="validation close to training"),
        pytest.param({}, ["T", 1.0, 1.0, "E", 1.05, 1.25], 3, id="mean of the validation pass"),
        pytest.param({}, ["T", 2.0, 0.5, "E", 1.2], None, id="mean of the training pass"),
        pytest.param({}, ["T", 2.0, "E", 2.0, "T", 1.0, "E", 2.0], 3, id="of the last training pass alone"),
        pytest.param({}, ["T", 2.0, "E", 2.0, "T", 2.0, "E", 2.15], None, id="of the last validation pass alone"),
        pytest.param({"ratio_threshold": 0.5}, ["T", 1.0, "E", 1.4], None, id="below the given ratio"),
        pytest.param({"patience": 3}, ["T", 1.0, "E", 2.0, 2.0, 2.0], 3, id="third step above"),
        pytest.param({"patience": 2}, ["T", 1.0, "E", 2.0, "T", 1.0, "E", 2.0], 3, id="patience spans passes"),
        pytest.param({"patience": 2}, ["T", 1.0, "E", 2.0, "T", 1.0, "E", 1.0, 2.0], None, id="patience starts anew"),
        pytest.param({}, ["T", 0.0, "E", 0.1], 1, id="training loss zero"),
        pytest.param({}, ["E", 5.0, "T", 1.0], None, id="validation before any training"),
        pytest.param({}, [1.0, 9.0], None, id="no modes"),
        pytest.param({}, ["T", 1.0, "P", 9.0], None, id="prediction is no validation"),
    ],
)
def test_fires_when_validation_stands_above_training_for_patience_steps(first_hit, losses, parameters, marks, step):
    assert first_hit(Overfit(**parameters), losses(*marks)) == step


def test_only_validation_steps_after_training_are_judged(plain_trial, losses):
    steps = losses("E", 1.0, "T", 1.0, "E", 1.0, "P", 1.0)
    rule, trial = Overfit(), plain_trial(steps)
    assert [rule.invoke_at_step(trial, step) for step in steps] == [None, None, False, None]


def test_looks_at_the_tensors_that_a_regex_finds_instead_of_the_losses(first_hit):
    steps = {0: ("TRAIN", {"loss": 1.0, "error": 1.0}), 1: ("EVAL", {"loss": 9.0, "error": 1.0})}
    assert first_hit(Overfit(tensor_regex=("^error$",)), steps) is None
    assert first_hit(Overfit(), steps) == 1
