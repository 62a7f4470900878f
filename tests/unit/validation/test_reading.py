from __future__ import annotations

from typing import Any

import pytest

from sm_raw.validation import reading


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("${name}", True),
        ("s3://${bucket}/data", True),
        ("${train.ModelArtifacts.S3ModelArtifacts}", True),
        ("${tune.Best[0].Name}", True),
        ("plain", False),
        ("$name {name}", False),
        ("arn:aws:s3:::${aws:username}/*", False),  # a policy variable of IAM
        ("cost \\${5}", False),
        (64, False),
    ],
)
def test_placeholders_of_recipes_are_told_from_other_text(value: object, expected: bool) -> None:
    assert reading.is_placeholder(value) is expected


def test_chain_of_fields_ends_in_none_where_it_breaks() -> None:
    assert reading.at({"a": {"b": 3}}, "a", "b") == 3
    assert [reading.at(value, "a", "b") for value in ({}, {"a": 1}, {"a": [1]}, None, "a", [])] == [None] * 6


def test_absent_means_missing_and_not_unknown() -> None:
    missing = [{}, {"a": {}}]
    not_known_to_be_missing: list[Any] = [{"a": {"b": None}}, {"a": "${limits}"}, {"a": 3}, None]
    assert [reading.is_absent(value, "a", "b") for value in missing] == [True, True]
    assert [reading.is_absent(value, "a", "b") for value in not_known_to_be_missing] == [False] * 4


@pytest.mark.parametrize(
    ("value", "expected"),
    [("12", 12), ("-3", -3), ("1.0", None), ("1_000", None), (" 5", None), ("", None), (5, None), ("9" * 5000, None)],
)
def test_written_integer_takes_digits_only(value: object, expected: int | None) -> None:
    assert reading.written_integer(value) == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("1e-05", 1e-05),
        ("0.1", 0.1),
        (".5", 0.5),
        ("3.", 3.0),
        ("nan", None),
        ("inf", None),
        ("1e999", None),
        (0.1, None),
    ],
)
def test_written_number_takes_finite_decimals_only(value: object, expected: float | None) -> None:
    assert reading.written_number(value) == expected


@pytest.mark.parametrize(("value", "expected"), [(3, 3), (0.5, 0.5), (True, None), ("3", None), (float("nan"), None)])
def test_number_takes_finite_json_numbers_only(value: object, expected: float | None) -> None:
    assert reading.number(value) == expected


def test_records_are_the_objects_of_a_list_with_their_index() -> None:
    assert list(reading.records([{"a": 1}, None, "x", {"b": 2}])) == [(0, {"a": 1}), (3, {"b": 2})]
    assert [list(reading.records(value)) for value in (None, {}, "abc", 3)] == [[], [], [], []]


def test_names_are_the_texts_among_keys() -> None:
    assert reading.names({"a": 1, 2: 3}) == ["a"]
    assert reading.names("abc") == []
