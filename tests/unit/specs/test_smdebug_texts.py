from __future__ import annotations

import ast

import pytest

from sm_raw.specs.smdebug_texts import literal_text, parameter_text, parameter_texts


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("relu.*", "relu.*"),
        (10, "10"),
        (1e-7, "1e-07"),
        (True, "True"),
        (None, "None"),
        ([1, 2], "1,2"),
        (("a", "b"), "a,b"),
    ],
)
def test_parameters_are_spelt_as_python_does_and_lists_with_commas(value, text):
    assert parameter_text(value) == text
    assert parameter_texts({"name": value}) == {"name": text}


@pytest.mark.parametrize(
    ("fields", "text"),
    [
        ({}, "{}"),
        ({"StartStep": 5, "NumSteps": 10}, '{"StartStep": 5, "NumSteps": 10, }'),
        ({"MetricsRegex": r"a\d\"b"}, r'{"MetricsRegex": "a\\d\\\"b", }'),
        ({"DurationInSeconds": 0.5}, '{"DurationInSeconds": 0.5, }'),
    ],
)
def test_ranges_are_a_python_literal_with_a_comma_after_each_field(fields, text):
    assert literal_text(fields) == text
    assert ast.literal_eval(text) == fields
