import pytest

from sm_raw.local.debugger.rules import RULES

# AWS's names and defaults; start_step and end_step are what every rule takes here.
DEFAULTS = {
    "LossNotDecreasing": {
        "collection_names": (),
        "tensor_regex": (),
        "use_losses_collection": True,
        "num_steps": 10,
        "diff_percent": 0.1,
        "increase_threshold_percent": 5.0,
        "mode": None,
    },
    "Overfit": {"tensor_regex": (), "patience": 1, "ratio_threshold": 0.1},
    "Overtraining": {"patience_train": 5, "patience_validation": 10, "delta": 0.01},
    "PoorWeightInitialization": {
        "activation_inputs_regex": (".*relu_input",),
        "threshold": 10.0,
        "distribution_range": 0.001,
        "patience": 5,
        "steps": 10.0,
    },
    "VanishingGradient": {"threshold": 1e-7},
}


def public_values(rule):
    return {name: value for name, value in vars(rule).items() if not name.startswith("_")}


def test_rules_have_the_parameters_and_defaults_of_the_service():
    every = {"start_step": 0, "end_step": None}
    assert {name: public_values(rule()) for name, rule in RULES.items()} == {
        name: every | defaults for name, defaults in DEFAULTS.items()
    }


@pytest.mark.parametrize("rule", RULES.values(), ids=RULES)
def test_every_rule_tells_its_source_its_needs_and_its_choices(rule):
    assert rule.source.startswith("https://docs.aws.amazon.com/")
    assert rule.needs
    assert "Known:" in rule.__doc__
    assert "chosen" in rule.__doc__.lower()
