import pytest

from sm_raw.local.debugger.rules.overtraining import Overtraining

IMPATIENT = {"patience_train": 2, "patience_validation": 2}


@pytest.mark.parametrize(
    ("parameters", "marks", "step"),
    [
        pytest.param(IMPATIENT, ["T", 1.0, 1.0, "E", 1.0, 1.0], None, id="a first pass is never overtrained"),
        pytest.param(IMPATIENT, ["T", 1.0, 1.0, "E", 1.0, 1.0] * 2, 7, id="both stand for a pass"),
        pytest.param(IMPATIENT, ["T", 1.0, "E", 1.0] * 3, 5, id="both stand for two passes of one step"),
        pytest.param(
            IMPATIENT, ["T", 1.0, "E", 1.0, "T", 0.9, "E", 1.0, "T", 0.8, "E", 1.0], None, id="training improves"
        ),
        pytest.param(
            IMPATIENT, ["T", 1.0, "E", 1.0, "T", 1.0, "E", 0.9, "T", 1.0, "E", 0.8], None, id="validation improves"
        ),
        pytest.param(
            IMPATIENT,
            ["T", 1.0, "E", 1.0, "T", 0.995, "E", 0.995, "T", 0.99, "E", 0.985],
            None,
            id="small steps add up",
        ),
        pytest.param(
            {**IMPATIENT, "delta": 0.5}, ["T", 1.0, "E", 1.0, "T", 0.9, "E", 0.9, "T", 0.8, "E", 0.8], 5, id="delta"
        ),
        pytest.param({}, ["T", *[1.0] * 5, "E", *[1.0] * 10] * 2, 29, id="defaults: five and ten steps"),
        pytest.param({}, ["T", *[1.0] * 5, "E", *[1.0] * 4] * 3, None, id="defaults: less than ten validation steps"),
        pytest.param(IMPATIENT, ["T", *[1.0] * 20], None, id="no validation"),
        pytest.param(IMPATIENT, [1.0] * 20, None, id="no modes"),
    ],
)
def test_fires_when_neither_loss_improves_any_more(first_hit, losses, parameters, marks, step):
    assert first_hit(Overtraining(**parameters), losses(*marks)) == step


def test_nothing_is_judged_before_both_modes_were_seen(plain_trial, losses):
    steps = losses("T", 1.0, "P", 1.0, "E", 1.0)
    rule, trial = Overtraining(), plain_trial(steps)
    assert [rule.invoke_at_step(trial, step) for step in steps] == [None, None, False]
