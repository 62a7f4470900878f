import pytest

from sm_raw.local.debugger.rules.vanishing_gradient import VanishingGradient

STRONG, WEAK = [0.5, -0.5], [1e-8, -1e-8]


@pytest.mark.parametrize(
    ("parameters", "gradients_by_step", "step"),
    [
        pytest.param({}, [{"gradient/a": STRONG}, {"gradient/a": STRONG}], None, id="strong"),
        pytest.param({}, [{"gradient/a": STRONG}, {"gradient/a": WEAK}], 1, id="mean of absolute values is weak"),
        pytest.param({}, [{"gradient/a": STRONG, "gradient/b": WEAK}], 0, id="one tensor is enough"),
        pytest.param({"threshold": 1e-9}, [{"gradient/a": WEAK}], None, id="above the given threshold"),
        pytest.param({"threshold": 0.6}, [{"gradient/a": STRONG}], 0, id="below the given threshold"),
        pytest.param({}, [{"gradient/a": [0.0]}], 0, id="zero"),
        pytest.param({}, [{"gradient/a": [float("nan")]}], None, id="no number is not small"),
        pytest.param({}, [{"a.weight": WEAK}], None, id="weights are no gradients"),
    ],
)
def test_fires_at_the_first_step_with_a_vanished_gradient(first_hit, parameters, gradients_by_step, step):
    steps = {number: ("TRAIN", tensors) for number, tensors in enumerate(gradients_by_step)}
    assert first_hit(VanishingGradient(**parameters), steps) == step


def test_a_step_without_gradients_is_not_judged(plain_trial):
    trial = plain_trial({0: ("EVAL", {"loss": 1.0}), 1: ("TRAIN", {"gradient/a": None})})
    assert [VanishingGradient().invoke_at_step(trial, step) for step in (0, 1)] == [None, None]
