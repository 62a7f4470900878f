from __future__ import annotations

from typing import Any

import pytest

from sm_raw.validation.rules import hosting
from sm_raw.validation.rules.base import Rule


def found(rule: type[Rule], request: Any) -> list[tuple[str, str]]:
    return [(each.path, each.message) for each in rule(rule.operations[0]).check(request)]


@pytest.mark.parametrize(
    ("request_", "findings"),
    [
        ({"ProductionVariants": [{"VariantName": "a"}, {"VariantName": "b"}]}, []),
        ({"ProductionVariants": [{"VariantName": "${v}"}, {"VariantName": "${v}"}]}, []),
        (
            {"ProductionVariants": [{"VariantName": "a"}], "ShadowProductionVariants": [{"VariantName": "a"}]},
            [
                (
                    "ShadowProductionVariants[0].VariantName",
                    "'a' is already the name of ProductionVariants[0]; rename one",
                )
            ],
        ),
    ],
)
def test_variant_names_are_distinct(request_: dict[str, Any], findings: list[tuple[str, str]]) -> None:
    assert found(hosting.DistinctVariantNames, request_) == findings


@pytest.mark.parametrize(
    ("variant", "message"),
    [
        ({"InstanceType": "ml.m5.large"}, None),
        ({"InstancePools": [{}]}, None),
        ({"InstanceType": "${type}"}, None),
        ({"ServerlessConfig": {}}, None),
        ({}, "missing; give an instance type (and InitialInstanceCount), or ServerlessConfig"),
        (
            {"InstanceType": "ml.m5.large", "ServerlessConfig": {}},
            "given beside ServerlessConfig; a variant has instances or is serverless: keep one",
        ),
    ],
)
def test_variant_has_one_kind_of_capacity(variant: dict[str, Any], message: str | None) -> None:
    expected = [("ProductionVariants[0].InstanceType", message)] if message else []
    assert found(hosting.VariantHasOneKindOfCapacity, {"ProductionVariants": [variant]}) == expected


@pytest.mark.parametrize(
    ("request_", "findings"),
    [
        ({"PrimaryContainer": {}}, []),
        ({"Containers": []}, []),
        ({"PrimaryContainer": "${container}"}, []),
        ({}, [("PrimaryContainer", "missing; give the container's Image and ModelDataUrl")]),
        (
            {"PrimaryContainer": {}, "Containers": []},
            [("Containers", "given beside PrimaryContainer; keep PrimaryContainer for a single container")],
        ),
    ],
)
def test_model_has_one_or_several_containers(request_: dict[str, Any], findings: list[tuple[str, str]]) -> None:
    assert found(hosting.OneOrSeveralContainers, request_) == findings
