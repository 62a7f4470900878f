from __future__ import annotations

from typing import Any

import pytest

from sm_raw.validation.findings import Finding
from sm_raw.validation.rules import function_versions
from sm_raw.validation.rules.base import Rule, TogetherRule


def found(rule: type[Rule], request: Any, operation: str) -> list[tuple[str, str]]:
    return [(each.path, each.message) for each in rule(operation).check(request)]


def together(rule: type[TogetherRule], *requests: tuple[str, Any]) -> list[tuple[int, Finding]]:
    return list(rule("").check_together(requests))


@pytest.mark.parametrize(
    ("qualifier", "findings"),
    [
        ("live", []),
        ("7", []),
        ("${alias}", []),
        (
            "$LATEST",
            [
                (
                    "Qualifier",
                    "'$LATEST' cannot be provisioned; publish a version and give its number or an alias of it",
                )
            ],
        ),
    ],
)
def test_provisioned_concurrency_is_for_a_version(qualifier: str, findings: list[tuple[str, str]]) -> None:
    rule, operation = function_versions.ProvisionedForAVersion, "PutProvisionedConcurrencyConfig"
    assert found(rule, {"Qualifier": qualifier}, operation) == findings


def test_a_provisioned_alias_points_to_a_version() -> None:
    latest = ("CreateAlias", {"FunctionName": "f", "Name": "live", "FunctionVersion": "$LATEST"})
    version = ("CreateAlias", {"FunctionName": "f", "Name": "live", "FunctionVersion": "1"})
    warm = ("lambda:PutProvisionedConcurrencyConfig", {"FunctionName": "f", "Qualifier": "live"})
    cold = ("PutProvisionedConcurrencyConfig", {"FunctionName": "f", "Qualifier": "other"})
    rule = function_versions.ProvisionedAliasHasAVersion
    assert together(rule, version, warm) == together(rule, latest, cold) == together(rule, latest, ("X", [])) == []
    message = "'$LATEST' cannot be provisioned, as this alias is; give the number of a version"
    assert together(rule, warm, latest) == [(1, Finding("E610", "error", "CreateAlias", "FunctionVersion", message))]


def test_provisioned_concurrency_is_within_what_is_reserved() -> None:
    def reserved(count: object) -> tuple[str, Any]:
        return "PutFunctionConcurrency", {"FunctionName": "f", "ReservedConcurrentExecutions": count}

    warm = ("PutProvisionedConcurrencyConfig", {"FunctionName": "f", "ProvisionedConcurrentExecutions": 2})
    rule, path = function_versions.ProvisionedWithinReserved, "ProvisionedConcurrentExecutions"
    assert together(rule, reserved(2), warm) == together(rule, reserved("${n}"), warm) == together(rule, warm) == []
    message = "2 is more than the 1 that PutFunctionConcurrency reserves; give 1 or less"
    assert together(rule, reserved(1), warm) == [(1, Finding("E611", "error", warm[0], path, message))]


def made(name: str = "front", **fields: object) -> tuple[str, Any]:
    return "CreateFunction", {"FunctionName": name, **fields}


def alias(name: str = "live", version: str = "1", function: str = "front") -> tuple[str, Any]:
    return "CreateAlias", {"FunctionName": function, "Name": name, "FunctionVersion": version}


def warmed(qualifier: str = "live", function: str = "front") -> tuple[str, Any]:
    return "PutProvisionedConcurrencyConfig", {"FunctionName": function, "Qualifier": qualifier}


@pytest.mark.parametrize(
    ("given", "name"),
    [
        ("front", "front"),
        ("front:live", "front"),
        ("my-function:live", "my-function"),
        ("function", "function"),
        ("123456789012:function:front", "front"),
        ("arn:aws:lambda:us-east-1:123456789012:function:front:live", "front"),
        ("${front.FunctionArn}", "${front.FunctionArn}"),
        (None, ""),
        (7, ""),
    ],
)
def test_function_is_named_in_several_ways(given: object, name: str) -> None:
    assert function_versions.function_name({"FunctionName": given}) == name


@pytest.mark.parametrize(
    "requests",
    [
        [made(), alias(), warmed()],
        [made(), alias(function="arn:aws:lambda:us-east-1:123456789012:function:front")],
        [alias(function="other")],
        [made("${name}"), alias(function="other")],
        [made(), alias(function="${name}")],
        [made(), ("CreateAlias", {}), ("CreateAlias", None)],
    ],
)
def test_an_alias_of_a_function_that_is_made_is_good(requests: list[tuple[str, Any]]) -> None:
    assert together(function_versions.FunctionIsDefined, *requests) == []


def test_an_alias_of_a_function_that_no_document_makes_is_told_of() -> None:
    message = "no CreateFunction document here makes 'fronts'; did you mean 'front'?"
    assert together(function_versions.FunctionIsDefined, made(), alias(function="fronts")) == [
        (1, Finding("W612", "warning", "CreateAlias", "FunctionName", message))
    ]


@pytest.mark.parametrize(
    "requests",
    [
        [alias(), warmed()],
        [alias(), warmed("1")],
        [alias(), warmed("$LATEST")],  # E609 has told
        [alias(), warmed("${alias}")],
        [alias("${alias}"), warmed("other")],
        [alias(function="back"), warmed("other")],
        [made(), warmed("other"), ("PutProvisionedConcurrencyConfig", None)],
    ],
)
def test_provisioned_concurrency_for_an_alias_that_is_made_is_good(requests: list[tuple[str, Any]]) -> None:
    assert together(function_versions.AliasIsDefined, *requests) == []


def test_provisioned_concurrency_for_an_alias_that_no_document_makes_is_told_of() -> None:
    message = "no CreateAlias document here makes 'lives'; did you mean 'live'?"
    assert together(function_versions.AliasIsDefined, warmed("lives"), alias()) == [
        (0, Finding("W613", "warning", "PutProvisionedConcurrencyConfig", "Qualifier", message))
    ]


@pytest.mark.parametrize(
    "requests",
    [
        [made(Publish=True), alias(), warmed("1")],
        [made(Publish="${publish}"), alias()],
        [made(), ("PublishVersion", {"FunctionName": "front"}), alias()],
        [made(), ("UpdateFunctionCode", {"FunctionName": "front", "Publish": True}), alias()],
        [made(), alias(version="$LATEST"), warmed("live")],
        [made(), alias(version="${publish.Version}")],
        [made("back"), alias()],
        [alias()],
    ],
)
def test_a_version_that_may_be_published_is_good(requests: list[tuple[str, Any]]) -> None:
    assert together(function_versions.VersionIsPublished, *requests) == []


def test_a_version_that_is_never_published_is_told_of() -> None:
    message = "'1' of 'front' is never published; set Publish to true in its CreateFunction"
    found = together(function_versions.VersionIsPublished, made(Publish=False), alias(), made("back"), warmed("1"))
    assert found == [
        (1, Finding("W614", "warning", "CreateAlias", "FunctionVersion", message)),
        (3, Finding("W614", "warning", "PutProvisionedConcurrencyConfig", "Qualifier", message)),
    ]
