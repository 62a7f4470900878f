from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from sm_raw.errors import InvalidRecipe, UnknownOperation
from sm_raw.runs.recipe import load_recipe, without_steps

RECIPE: dict[str, Any] = {
    "description": "one model",
    "variables": {"prefix": "test"},
    "code": "code",
    "entry_point": "train.py",
    "data": None,
    "steps": [{"name": "model", "request": "create_model.json"}, {"name": "predict", "pictures": 3}],
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with a small, right recipe."""
    (tmp_path / "code").mkdir()
    (tmp_path / "code" / "train.py").write_text("")
    (tmp_path / "create_model.json").write_text('{"ModelName": "${name}"}')
    write(tmp_path, {})
    return tmp_path


def write(folder: Path, changes: dict[str, Any]) -> None:
    content = {key: value for key, value in {**RECIPE, **changes}.items() if value != "absent"}
    (folder / "recipe.json").write_text(json.dumps(content))


def test_a_recipe_is_read_with_its_documents(folder: Path) -> None:
    recipe = load_recipe(str(folder))
    assert recipe.name == folder.name
    assert recipe.code == folder / "code"
    assert [(step.name, step.operation, step.document, step.pictures) for step in recipe.steps] == [
        ("model", "CreateModel", {"ModelName": "${name}"}, 0),
        ("predict", "", None, 3),
    ]


def test_what_is_there_for_editors_is_not_part_of_a_document(folder: Path) -> None:
    (folder / "create_model.json").write_text('{"$schema": "../CreateModel.json", "ModelName": "${name}"}')
    assert load_recipe(str(folder)).steps[0].document == {"ModelName": "${name}"}


def test_recipes_of_the_project_are_known_by_name() -> None:
    assert load_recipe("digits").data == "digits"


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"code": "absent"}, "recipe.json: 'code' is a required property"),
        ({"data": "mnist"}, r"recipe.json: data: 'mnist' is not one of \[None, 'digits'\]"),
        ({"pictures": 10}, r"recipe.json: Additional properties are not allowed \('pictures' was unexpected\)"),
        ({"images": {"training_image": {}}}, "images.training_image: 'framework' is a required property"),
        ({"expected_data": {"classes": 0, "pictures": {}}}, "expected_data.classes: 0 is less than the minimum of 1"),
        ({"function": "handler.py"}, "handler.py is not in the code folder"),
        ({"entry_point": "main.py"}, "main.py is not in the code folder"),
        ({"steps": [{"name": "a", "pictures": 1}, {"name": "a", "pictures": 2}]}, "step names must differ"),
        ({"steps": [{"name": "a", "pictures": 1, "through": "mail"}]}, "'mail' is not one of"),
        ({"steps": [{"name": "a"}]}, "a step needs name and request"),
        ({"steps": [{"name": "a", "request": "create_endpoint.json"}]}, "create_endpoint.json: no such file"),
        ({"steps": [{"name": "a", "request": "list_models.json"}]}, "a step cannot be ListModels"),
    ],
)
def test_a_wrong_recipe_says_what_is_wrong(folder: Path, changes: dict[str, Any], message: str) -> None:
    write(folder, changes)
    with pytest.raises(InvalidRecipe, match=message):
        load_recipe(str(folder))


def test_a_document_named_after_no_operation_is_refused(folder: Path) -> None:
    write(folder, {"steps": [{"name": "a", "request": "create_modle.json"}]})
    with pytest.raises(UnknownOperation, match="CreateModel"):
        load_recipe(str(folder))


def test_json_that_cannot_be_read_names_the_file(folder: Path) -> None:
    (folder / "create_model.json").write_text("{")
    with pytest.raises(InvalidRecipe, match=r"create_model\.json: not valid JSON"):
        load_recipe(str(folder))


def test_an_unknown_recipe_lists_the_known_ones() -> None:
    with pytest.raises(InvalidRecipe, match="digits, dog_breeds"):
        load_recipe("cats")


def test_steps_can_be_left_out_and_unknown_ones_are_refused(folder: Path) -> None:
    recipe = load_recipe(str(folder))
    assert [step.name for step in without_steps(recipe, ["predict"]).steps] == ["model"]
    with pytest.raises(InvalidRecipe, match="--skip modle: the recipe has no such step; it has model, predict"):
        without_steps(recipe, ["modle"])
