from __future__ import annotations

from typing import Any

import pytest

from sm_raw.local.functions.described import (
    drawn_version,
    from_configuration,
    function_arn,
    is_alias,
    split_name,
)
from sm_raw.local.protocol import ServiceError

ARN = "arn:aws:lambda:us-east-1:123456789012:function:dogs"


@pytest.mark.parametrize(
    ("given", "qualifier", "expected"),
    [
        ("dogs", None, ("dogs", None)),
        ("dogs", "live", ("dogs", "live")),
        ("dogs:live", None, ("dogs", "live")),
        ("dogs:live", "live", ("dogs", "live")),
        ("dogs:$LATEST", None, ("dogs", "$LATEST")),
        ("function:dogs", None, ("dogs", None)),
        ("123456789012:function:dogs", None, ("dogs", None)),
        (ARN, None, ("dogs", None)),
        (f"{ARN}:7", None, ("dogs", "7")),
    ],
)
def test_a_function_goes_by_name_and_by_arn(
    given: str, qualifier: str | None, expected: tuple[str, str | None]
) -> None:
    assert split_name(given, qualifier) == expected


@pytest.mark.parametrize(
    ("given", "qualifier", "code"),
    [("two words", None, "ValidationException"), ("dogs:1", "2", "InvalidParameterValueException")],
)
def test_what_is_no_name_is_refused(given: str, qualifier: str | None, code: str) -> None:
    with pytest.raises(ServiceError) as refused:
        split_name(given, qualifier)
    assert refused.value.code == code


def test_an_arn_ends_in_the_qualifier() -> None:
    assert function_arn("us-east-1", "dogs") == ARN
    assert function_arn("us-east-1", "dogs", "live") == f"{ARN}:live"


@pytest.mark.parametrize(("qualifier", "expected"), [("live", True), ("7", False), ("$LATEST", False), (None, False)])
def test_an_alias_is_neither_a_number_nor_latest(qualifier: str | None, expected: bool) -> None:
    assert is_alias(qualifier) is expected


@pytest.mark.parametrize(("drawn", "version"), [(0.0, "2"), (0.24, "2"), (0.25, "1"), (0.99, "1")])
def test_an_alias_of_two_versions_draws_by_weight(drawn: float, version: str) -> None:
    alias = {"FunctionVersion": "1", "RoutingConfig": {"AdditionalVersionWeights": {"2": 0.25}}}
    assert drawn_version(alias, drawn) == version


def test_an_alias_of_one_version_draws_that() -> None:
    assert drawn_version({"FunctionVersion": "1", "RoutingConfig": None}, 0.0) == "1"


CONFIGURATION = {
    "FunctionName": "dogs",
    "Version": "1",
    "Handler": "a.b",
    "Runtime": "python3.13",
    "Timeout": 3,
    "MemorySize": 128,
    "CodeSha256": "c2hh",
    "Description": "",
}


@pytest.mark.parametrize(
    ("change", "same"),
    [
        ({"Description": "another"}, True),
        ({"Version": "2"}, True),
        ({"CodeSha256": "b3RoZXI="}, False),
        ({"Handler": "a.c"}, False),
        ({"Timeout": 4}, False),
        ({"MemorySize": 256}, False),
        ({"Environment": {"Variables": {"A": "1"}}}, False),
    ],
)
def test_the_identity_is_of_what_an_environment_is_made_of(change: dict[str, Any], same: bool) -> None:
    one = from_configuration("us-east-1", CONFIGURATION)
    other = from_configuration("us-east-1", {**CONFIGURATION, **change})
    assert (one.identity == other.identity) is same
