from dataclasses import dataclass, field

import pytest

from sm_raw.local.debugger.parameters import ParameterError, parameter, parse_parameters


@dataclass(kw_only=True)
class Example:
    number: float = parameter(0.1, above=0, below=100)
    count: int = parameter(3, minimum=1)
    flag: bool = True
    names: tuple[str, ...] = ()
    patterns: tuple[str, ...] = parameter((), regex=True)
    mode: str | None = parameter(None, choices=("TRAIN", "EVAL"))
    end: int | None = None
    memory: dict[str, int] = field(init=False, default_factory=dict)


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("number", "1e-7", 1e-7),
        ("number", "5", 5.0),
        ("count", "12", 12),
        ("flag", "True", True),
        ("flag", "False", False),
        ("flag", "true", True),
        ("names", "losses, gradients", ("losses", "gradients")),
        ("names", "", ()),
        ("patterns", ".*tanh_input,.*sigmoid_input", (".*tanh_input", ".*sigmoid_input")),
        ("mode", "EVAL", "EVAL"),
        ("mode", "None", None),
        ("end", "None", None),
        ("end", "500", 500),
    ],
)
def test_a_string_becomes_the_value_that_its_field_declares(name, text, value):
    assert parse_parameters(Example, {name: text}) == {name: value}


@pytest.mark.parametrize(
    ("name", "text", "problem"),
    [
        ("number", "small", "number: 'small' is not accepted (give a number above 0 and below 100)"),
        ("number", "100", "number: '100' is not accepted (give a number above 0 and below 100)"),
        ("number", "nan", "number: 'nan' is not accepted (give a number above 0 and below 100)"),
        ("number", "None", "number: 'None' is not accepted (give a number above 0 and below 100)"),
        ("count", "2.5", "count: '2.5' is not accepted (give a whole number at least 1)"),
        ("count", "0", "count: '0' is not accepted (give a whole number at least 1)"),
        ("flag", "yes", "flag: 'yes' is not accepted (give True or False)"),
        ("patterns", "(", "patterns: '(' is not accepted (give regular expressions with commas between them)"),
        ("mode", "train", "mode: 'train' is not accepted (give TRAIN or EVAL, or None)"),
        ("end", "late", "end: 'late' is not accepted (give a whole number, or None)"),
        (
            "memory",
            "1",
            "memory: unknown parameter (Example takes count, end, flag, mode, names, number, patterns)",
        ),
    ],
)
def test_what_is_not_accepted_is_named_with_what_is(name, text, problem):
    with pytest.raises(ParameterError) as caught:
        parse_parameters(Example, {name: text})
    assert caught.value.problems == (problem,)


def test_all_problems_are_told_at_once():
    with pytest.raises(ParameterError) as caught:
        parse_parameters(Example, {"number": "x", "count": "x", "flag": "True"})
    assert len(caught.value.problems) == 2
