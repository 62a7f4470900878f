import pytest

from sm_raw.local.debugger.rules.poor_weight_initialization import PoorWeightInitialization

WIDE, NARROW = [-1.0, 0.0, 1.0], [-1e-5, 0.0, 1e-5]
SMALL, LARGE = [-0.1, 0.1], [-1.0, 1.0]  # variances 0.01 and 1


@pytest.mark.parametrize(
    ("parameters", "tensors", "met"),
    [
        pytest.param({}, {"a.relu_input_0": SMALL, "b.relu_input_0": LARGE}, True, id="variances differ by 100"),
        pytest.param({}, {"a.relu_input_0": LARGE, "b.relu_input_0": LARGE}, False, id="variances are equal"),
        pytest.param({"threshold": 200.0}, {"a.relu_input_0": SMALL, "b.relu_input_0": LARGE}, False, id="threshold"),
        pytest.param({}, {"a.relu_input_0": LARGE}, None, id="one layer has nothing to compare with"),
        pytest.param({}, {"a.tanh_input_0": SMALL, "b.tanh_input_0": LARGE}, None, id="other activations"),
        pytest.param(
            {"activation_inputs_regex": ("tanh_input",)},
            {"a.tanh_input_0": SMALL, "b.tanh_input_0": LARGE},
            True,
            id="regex",
        ),
        pytest.param({}, {"gradient/a": WIDE}, False, id="wide gradients"),
        pytest.param({}, {"gradient/a": WIDE, "gradient/b": NARROW}, True, id="the narrowest gradient counts"),
        pytest.param({"distribution_range": 1e-6}, {"gradient/a": NARROW}, False, id="distribution range"),
        pytest.param({}, {"gradient/a": None}, None, id="only reductions of gradients were saved"),
        pytest.param({}, {"loss": 1.0}, False, id="a first loss"),
        pytest.param({}, {"loss": 1.0, "gradient/a": NARROW}, True, id="any one is enough"),
        pytest.param({}, {"a.weight": WIDE}, None, id="nothing that the rule needs"),
    ],
)
def test_judges_activation_inputs_gradients_and_losses(plain_trial, parameters, tensors, met):
    trial = plain_trial({0: ("TRAIN", tensors)})
    assert PoorWeightInitialization(**parameters).invoke_at_step(trial, 0) is met


@pytest.mark.parametrize(
    ("parameters", "marks", "step"),
    [
        pytest.param({}, ["T", *[1.0] * 6], 5, id="five steps without a lower loss"),
        pytest.param({"patience": 2}, ["T", 1.0, 0.9, 0.95, 0.9], 3, id="patience"),
        pytest.param({}, ["T", 6.0, 5.0, 4.0, 3.0, 2.0, 1.0, 0.9], None, id="falls"),
        pytest.param({"patience": 2}, ["T", 3.0, "E", 9.0, "T", 2.0, "E", 9.0, "T", 1.0], None, id="not in validation"),
        pytest.param({}, ["T", *range(20, 10, -1), *[11.0] * 9], None, id="after the first ten steps"),
        pytest.param({"steps": 3.0}, ["T", *[1.0] * 9], None, id="after as many as asked"),
        pytest.param({}, [1.0] * 6, 5, id="without modes"),
    ],
)
def test_fires_when_the_loss_stands_in_the_first_steps(first_hit, losses, parameters, marks, step):
    assert first_hit(PoorWeightInitialization(**parameters), losses(*marks)) == step
