from __future__ import annotations

import copy

import pytest

from sm_raw.specs.assembly import assembled, merge_patch, optional


@pytest.mark.parametrize(
    ("document", "patch", "expected"),
    [
        ({"a": 1}, {}, {"a": 1}),
        ({"a": 1}, {"b": 2}, {"a": 1, "b": 2}),
        ({"a": {"b": 1, "c": 2}}, {"a": {"c": 3}}, {"a": {"b": 1, "c": 3}}),
        ({"a": {"b": 1, "c": 2}}, {"a": {"c": None}}, {"a": {"b": 1}}),
        ({"a": 1}, {"a": None}, {}),
        ({}, {"a": None}, {}),
        ({"a": [1, 2]}, {"a": [3]}, {"a": [3]}),
        ({"a": [1]}, {"a": {"b": 1}}, {"a": {"b": 1}}),
        ({"a": {"b": 1}}, {"a": "text"}, {"a": "text"}),
        ({}, {"a": {"b": {"c": None}}}, {"a": {"b": {}}}),
    ],
)
def test_merge_patch_follows_rfc_7396(document, patch, expected):
    assert merge_patch(document, patch) == expected


def test_fields_that_were_not_given_are_left_out_but_false_zero_and_empty_text_are_not():
    absent = {"none": optional(None), "list": optional([]), "map": optional({}), "tuple": optional(())}
    present = {"false": optional(False), "zero": optional(0), "text": optional("")}
    assert assembled({**absent, **present}) == {"false": False, "zero": 0, "text": ""}


def test_a_list_given_as_empty_in_extra_is_sent():
    assert assembled({"Tags": optional([])}, {"Tags": []}) == {"Tags": []}


def test_the_result_shares_nothing_with_what_went_in():
    fields, extra = {"a": {"b": [{"c": 1}]}}, {"d": [{"e": 1}]}
    before = copy.deepcopy((fields, extra))
    result = assembled(fields, extra)
    result["a"]["b"][0]["c"] = result["d"][0]["e"] = 2
    assert (fields, extra) == before


def test_tuples_become_lists_as_in_json():
    assert assembled({"a": ({"b": (1, 2)},)}) == {"a": [{"b": [1, 2]}]}
