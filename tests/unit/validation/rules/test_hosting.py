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


MANAGED = {"Status": "ENABLED", "MinInstanceCount": 1, "MaxInstanceCount": 2}


@pytest.mark.parametrize(
    ("rule", "variant", "field", "message"),
    [
        (hosting.InstancesAreCounted, {"InstanceType": "ml.m5.large", "InitialInstanceCount": 1}, "", None),
        (hosting.InstancesAreCounted, {"ServerlessConfig": {}}, "", None),
        (hosting.InstancesAreCounted, {"InstancePools": [{}]}, "", None),
        (hosting.InstancesAreCounted, {"InstanceType": "ml.m5.large", "ManagedInstanceScaling": {}}, "", None),
        (
            hosting.InstancesAreCounted,
            {"InstanceType": "${type}"},
            "InitialInstanceCount",
            "missing; a variant on instances needs it: give 1 or more",
        ),
        (hosting.ManagedInstancesAreARange, {"ManagedInstanceScaling": MANAGED}, "", None),
        (
            hosting.ManagedInstancesAreARange,
            {"ManagedInstanceScaling": {**MANAGED, "MinInstanceCount": "${n}"}},
            "",
            None,
        ),
        (
            hosting.ManagedInstancesAreARange,
            {"ManagedInstanceScaling": {**MANAGED, "MinInstanceCount": 3}},
            "ManagedInstanceScaling.MinInstanceCount",
            "3 is above MaxInstanceCount (2); exchange them",
        ),
        (hosting.ManagedInstancesHostComponents, {"ManagedInstanceScaling": MANAGED}, "", None),
        (
            hosting.ManagedInstancesHostComponents,
            {"ManagedInstanceScaling": {"Status": "DISABLED"}, "ModelName": "m"},
            "",
            None,
        ),
        (
            hosting.ManagedInstancesHostComponents,
            {"ManagedInstanceScaling": MANAGED, "ModelName": "m"},
            "ManagedInstanceScaling",
            "is for inference components, this variant has a ModelName; register a scalable target instead",
        ),
        (hosting.PrefixRoutingIsAsked, {"RoutingConfig": {"RoutingStrategy": "RANDOM"}}, "", None),
        (
            hosting.PrefixRoutingIsAsked,
            {"RoutingConfig": {"RoutingStrategy": "PREFIX_AWARE", "PrefixAwareRoutingConfig": {}}},
            "",
            None,
        ),
        (
            hosting.PrefixRoutingIsAsked,
            {"RoutingConfig": {"RoutingStrategy": "RANDOM", "PrefixAwareRoutingConfig": {}}},
            "RoutingConfig.PrefixAwareRoutingConfig",
            "given with the strategy RANDOM; remove it, or set RoutingStrategy to PREFIX_AWARE",
        ),
        (hosting.NoElasticInference, {"AcceleratorType": "${type}"}, "", None),
        (
            hosting.NoElasticInference,
            {"AcceleratorType": "ml.eia2.medium"},
            "AcceleratorType",
            "'ml.eia2.medium' is no longer available; remove it and choose an instance type with a GPU",
        ),
        (hosting.VariantHasAModel, {"ModelName": "${model}"}, "", None),
        (hosting.VariantHasAModel, {"InstancePools": [{"ModelNameOverride": "m"}]}, "", None),
        (
            hosting.VariantHasAModel,
            {},
            "ModelName",
            "missing; name the model, or give ExecutionRoleArn for inference components",
        ),
    ],
)
def test_variant(rule: type[Rule], variant: dict[str, Any], field: str, message: str | None) -> None:
    expected = [(f"ProductionVariants[1].{field}", message)] if message else []
    good = {"ModelName": "m"}
    assert found(rule, {"ProductionVariants": [good, variant]}) == expected
    expected = [(f"ShadowProductionVariants[0].{field}", message)] if message else []
    assert found(rule, {"ProductionVariants": "${variants}", "ShadowProductionVariants": [variant]}) == expected


def test_variants_of_inference_components_have_no_model() -> None:
    request = {"ProductionVariants": [{"VariantName": "a"}], "ExecutionRoleArn": "${role_arn}"}
    assert found(hosting.VariantHasAModel, request) == []


@pytest.mark.parametrize(
    ("weights", "message"),
    [
        ([0, 1], None),
        ([None], None),
        ([0.0, "${weight}"], None),
        ([], None),
        ([0, 0.0], "every variant has weight 0 and gets no traffic; give one of them 1"),
    ],
)
def test_some_variant_has_weight(weights: list[object], message: str | None) -> None:
    request = {"ProductionVariants": [{} if weight is None else {"InitialVariantWeight": weight} for weight in weights]}
    expected = [("ProductionVariants[0].InitialVariantWeight", message)] if message else []
    assert found(hosting.SomeVariantHasWeight, request) == expected
