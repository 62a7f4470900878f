"""A recipe: a folder with request documents and recipe.json, which says in what order they are sent.

recipe.json holds what ``RECIPE_SCHEMA`` describes. A document is named after its operation; where a recipe sends
several requests of one operation, the name goes on: ``create_training_job.two_instances.json``.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from sm_raw.errors import InvalidRecipe
from sm_raw.runs.effects import EFFECTS
from sm_raw.validation.operations import operation_of_file

RECIPES = Path(__file__).resolve().parents[2] / "job_specs"
SCHEMAS = "schemas"  # beside the recipes, for editors
DATA_SETS = (None, "digits")
WAYS = ("endpoint", "function")

COUNT = {"type": "integer", "minimum": 1}
TEXT = {"type": "string", "minLength": 1}
RECIPE_SCHEMA: dict[str, Any] = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "title": "recipe.json",
    "type": "object",
    "required": ["description", "variables", "code", "entry_point", "data", "steps"],
    "additionalProperties": False,
    "properties": {
        "$schema": TEXT,
        "description": {**TEXT, "description": "one sentence"},
        "variables": {
            "type": "object",
            "description": "names with defaults; a value may hold placeholders of variables before it",
        },
        "images": {
            "type": "object",
            "description": "names with the arguments of sm_raw.image_uri; the region is the run's",
            "additionalProperties": {"type": "object", "required": ["framework"], "additionalProperties": TEXT},
        },
        "code": {**TEXT, "description": "the folder that is packed for the containers, relative to the recipe"},
        "entry_point": {**TEXT, "description": "the script in that folder that training runs"},
        "function": {**TEXT, "description": "the file in that folder that is the code of a Lambda function"},
        "data": {"enum": list(DATA_SETS), "description": "digits, or null if --data must be given"},
        "lists": {
            "type": "boolean",
            "description": "whether each split also goes up as a .lst file, as the built-in image-classification reads",
        },
        "expected_data": {
            "type": "object",
            "description": "the data set that the recipe is made for: a dry run without --data supposes it",
            "required": ["classes", "pictures"],
            "additionalProperties": False,
            "properties": {"classes": COUNT, "pictures": {"type": "object", "additionalProperties": COUNT}},
        },
        "steps": {
            "type": "array",
            "description": "in order, each a document to send or a number of test pictures to classify",
            "items": {
                "type": "object",
                "additionalProperties": False,
                "properties": {
                    "name": TEXT,
                    "request": TEXT,
                    "pictures": COUNT,
                    "through": {"enum": list(WAYS), "description": "who is asked about the pictures (endpoint)"},
                },
            },
        },
    },
}


@dataclass(frozen=True)
class RecipeStep:
    """One step: a document to send, or predictions to make (then ``operation`` is empty), ``through`` one of WAYS."""

    name: str
    operation: str = ""
    file: str = ""
    document: Mapping[str, Any] | None = None
    pictures: int = 0
    through: str = WAYS[0]


@dataclass(frozen=True)
class ExpectedData:
    """The data set that a recipe is made for: how many classes, and how many pictures in each split."""

    classes: int
    pictures: Mapping[str, int]


@dataclass(frozen=True)
class Recipe:
    """A recipe as it was read. ``folder`` is where it lies, ``name`` that folder's name."""

    folder: Path
    description: str
    variables: Mapping[str, Any]
    code: Path
    entry_point: str
    data: str | None
    steps: Sequence[RecipeStep]
    images: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    function: str | None = None
    lists: bool = False
    expected_data: ExpectedData | None = None

    @property
    def name(self) -> str:
        return self.folder.name


def load_recipe(name_or_folder: str) -> Recipe:
    """The recipe of this name under job_specs/, or in this folder. Raises InvalidRecipe with what is wrong."""
    folder = _find(name_or_folder)
    content = _read_json(folder / "recipe.json")
    _check(folder / "recipe.json", content)
    code = (folder / content["code"]).resolve()
    for script in (content["entry_point"], content.get("function")):
        if script is not None and not (code / script).is_file():
            raise InvalidRecipe(f"{folder / 'recipe.json'}: {script} is not in the code folder {code}")
    steps = [_step(folder, step) for step in content["steps"]]
    names = [step.name for step in steps]
    if len(set(names)) < len(names):
        raise InvalidRecipe(f"{folder / 'recipe.json'}: step names must differ; they are {', '.join(names)}")
    expected = content.get("expected_data")
    return Recipe(
        folder,
        content["description"],
        content["variables"],
        code,
        content["entry_point"],
        content["data"],
        steps,
        images=content.get("images", {}),
        function=content.get("function"),
        lists=content.get("lists", False),
        expected_data=None if expected is None else ExpectedData(**expected),
    )


def recipe_names() -> list[str]:
    """The recipes under job_specs/."""
    return sorted({path.parent.name for path in RECIPES.glob("*/recipe.json")} - {SCHEMAS})


def without_steps(recipe: Recipe, names: Sequence[str]) -> Recipe:
    """The recipe without these steps. Raises InvalidRecipe for a name that none has."""
    known = [step.name for step in recipe.steps if step.name]
    for name in names:
        if name not in known:
            raise InvalidRecipe(f"--skip {name}: the recipe has no such step; it has {', '.join(known)}")
    return replace(recipe, steps=[step for step in recipe.steps if step.name not in names])


def _check(path: Path, content: Mapping[str, Any]) -> None:
    from jsonschema import Draft202012Validator

    for error in sorted(Draft202012Validator(RECIPE_SCHEMA).iter_errors(content), key=lambda error: list(error.path)):
        place = error.json_path.removeprefix("$").removeprefix(".")
        raise InvalidRecipe(f"{path}: {place + ': ' if place else ''}{error.message}")


def _find(name_or_folder: str) -> Path:
    for folder in (Path(name_or_folder), RECIPES / name_or_folder):
        if (folder / "recipe.json").is_file():
            return folder.resolve()
    raise InvalidRecipe(
        f"no recipe {name_or_folder!r}: neither a folder with a recipe.json nor one of {', '.join(recipe_names())}"
    )


def _step(folder: Path, step: Mapping[str, Any]) -> RecipeStep:
    name = step.get("name", "")
    if "pictures" in step:
        return RecipeStep(name, pictures=step["pictures"], through=step.get("through", WAYS[0]))
    if not name or "request" not in step:
        raise InvalidRecipe(f"{folder / 'recipe.json'}: a step needs name and request, or name and pictures: {step}")
    operation = operation_of_file(step["request"])
    if operation not in EFFECTS:
        raise InvalidRecipe(f"{folder / step['request']}: a step cannot be {operation}; known: {', '.join(EFFECTS)}")
    document = _read_json(folder / step["request"])
    document.pop("$schema", None)  # for editors alone
    return RecipeStep(name, operation, step["request"], document)


def _read_json(path: Path) -> dict[str, Any]:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise InvalidRecipe(f"{path}: no such file") from None
    except ValueError as error:
        raise InvalidRecipe(f"{path}: not valid JSON: {error}") from None
    if not isinstance(content, dict):
        raise InvalidRecipe(f"{path}: not a JSON object")
    return content
