from __future__ import annotations

import json
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from sm_raw.runs.recipe import RECIPES
from sm_raw.validation.editor_schemas import editor_schema
from sm_raw.validation.operations import operation_of_file

DOCUMENTS = sorted(path for path in RECIPES.glob("*/*.json") if path.name != "recipe.json" and path.name.islower())


def complaints(operation: str, document: Any) -> list[str]:
    return [error.json_path for error in Draft202012Validator(editor_schema(operation)).iter_errors(document)]


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_an_editor_underlines_nothing_in_a_recipes_document(path: Any) -> None:
    assert complaints(operation_of_file(path.name), json.loads(path.read_text())) == []


@pytest.mark.parametrize(
    ("document", "underlined"),
    [
        ({"EndpointName": "e", "EndpointConfigName": "c"}, []),
        ({"$schema": "x.json", "EndpointName": "${name}", "EndpointConfigName": "${config.EndpointConfigName}"}, []),
        ({"EndpointName": "my endpoint", "EndpointConfigName": "c"}, ["$.EndpointName"]),
        ({"EndpointName": "${no placeholder}", "EndpointConfigName": "c"}, ["$.EndpointName"]),
        ({"EndpointName": "e", "EndpointConfigName": "c", "Extra": 1}, ["$"]),
    ],
)
def test_an_editor_underlines_what_is_wrong(document: dict[str, Any], underlined: list[str]) -> None:
    assert complaints("CreateEndpoint", document) == underlined


def test_numbers_may_be_placeholders_and_objects_may_not() -> None:
    target = {"ServiceNamespace": "sagemaker", "ResourceId": "r", "ScalableDimension": "${dimension}"}
    assert complaints("RegisterScalableTarget", {**target, "MinCapacity": "${min}"}) == []
    assert complaints("RegisterScalableTarget", {**target, "SuspendedState": "${state}"}) == ["$.SuspendedState"]
