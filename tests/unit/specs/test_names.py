from __future__ import annotations

import re

import pytest

from sm_raw.specs import canonical_hash, job_name


def test_hash_is_the_beginning_of_the_sha256_of_canonical_json():
    # printf '{"a":[1,"x"],"b":null}' | sha256sum
    assert canonical_hash({"b": None, "a": [1, "x"]}) == "854ef06d"


def test_hash_ignores_the_order_of_keys_and_sees_every_value():
    request = {"a": {"x": 1, "y": [1, 2]}, "b": "c"}
    assert canonical_hash({"b": "c", "a": {"y": [1, 2], "x": 1}}) == canonical_hash(request)
    assert canonical_hash({"a": {"x": 1, "y": [2, 1]}, "b": "c"}) != canonical_hash(request)


def test_hash_refuses_what_has_no_json_rather_than_change_from_run_to_run():
    with pytest.raises(TypeError):
        canonical_hash({"a": object()})


@pytest.mark.parametrize(
    ("prefix", "limit", "expected"),
    [
        ("digits", 63, "digits-0a1b2c3d"),
        ("dog_breeds tune", 63, "dog-breeds-tune-0a1b2c3d"),
        ("-odd--", 63, "odd-0a1b2c3d"),
        ("a" * 63, 63, "a" * 54 + "-0a1b2c3d"),
        ("digits-hyperparameter-tuning", 32, "digits-hyperparameter-t-0a1b2c3d"),
        ("digits-hyperparameters-tuning-job", 32, "digits-hyperparameters-0a1b2c3d"),
        ("", 63, "0a1b2c3d"),
        ("___", 63, "0a1b2c3d"),
    ],
)
def test_name_is_the_readable_prefix_and_the_whole_digest(prefix, limit, expected):
    name = job_name(prefix, "0a1b2c3d", limit)
    assert name == expected
    assert len(name) <= limit
    assert re.fullmatch(r"[a-zA-Z0-9](-*[a-zA-Z0-9])*", name)
