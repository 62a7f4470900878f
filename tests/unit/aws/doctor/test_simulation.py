"""What is put in place of patterns, and the contexts that a condition is tried in."""

from __future__ import annotations

from typing import Any

import pytest

from sm_raw.aws.doctor.simulation import contexts, sample


@pytest.mark.parametrize(
    ("pattern", "fitting"),
    [
        ("*", "*"),
        ("arn:aws:s3:::data", "arn:aws:s3:::data"),
        ("arn:aws:s3:::data/*", "arn:aws:s3:::data/sm-raw-doctor"),
        ("arn:aws:logs:r:1:log-group:/a/*:*", "arn:aws:logs:r:1:log-group:/a/sm-raw-doctor:sm-raw-doctor"),
        ("arn:aws:s3:::data/${train.Name}/model", "arn:aws:s3:::data/sm-raw-doctor/model"),
        ("arn:aws:s3:::data/${train.Name}*", "arn:aws:s3:::data/sm-raw-doctorsm-raw-doctor"),
    ],
)
def test_a_sample_fits_the_pattern(pattern: str, fitting: str) -> None:
    assert sample(pattern) == fitting


@pytest.mark.parametrize(
    ("condition", "values"),
    [
        ({}, [[]]),
        (
            {"StringEquals": {"iam:PassedToService": "sagemaker.amazonaws.com"}},
            [[("string", ["sagemaker.amazonaws.com"])]],
        ),
        ({"StringLike": {"s3:prefix": ["a/*", "b"]}}, [[("string", ["a/sm-raw-doctor"])], [("string", ["b"])]]),
        ({"ForAnyValue:StringEquals": {"kms:ResourceAliases": "alias/k"}}, [[("stringList", ["alias/k"])]]),
        (
            {"StringEquals": {"a": "1"}, "StringLike": {"b": ["2", "3"]}},
            [[("string", ["1"]), ("string", ["2"])], [("string", ["1"]), ("string", ["3"])]],
        ),
    ],
)
def test_each_value_of_a_condition_has_its_turn(condition: dict[str, Any], values: list[Any]) -> None:
    found = [[(entry["ContextKeyType"], entry["ContextKeyValues"]) for entry in each] for each in contexts(condition)]
    assert found == values
