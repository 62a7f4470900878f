"""A recipe: a folder with request documents and recipe.json, which says in what order they are sent.

recipe.json holds

- ``description``  one sentence
- ``variables``    names with defaults; a value may hold placeholders of other variables
- ``code``         the folder that is packed for the containers, relative to the recipe
- ``entry_point``  the script in that folder that training runs
- ``data``         ``digits`` for scikit-learn's handwritten digits, or null if ``--data`` must be given
- ``steps``        in order, each ``{"name", "request"}`` with the document's file name, or ``{"name": "predict",
                   "pictures": N}``
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sm_raw.errors import InvalidRecipe
from sm_raw.runs.effects import EFFECTS
from sm_raw.validation.operations import operation_of_file

RECIPES = Path(__file__).resolve().parents[2] / "job_specs"
FIELDS = {"description", "variables", "code", "entry_point", "data", "steps"}
DATA_SETS = (None, "digits")


@dataclass(frozen=True)
class RecipeStep:
    """One step: a document to send, or predictions to make (then ``operation`` is empty)."""

    name: str
    operation: str = ""
    file: str = ""
    document: Mapping[str, Any] | None = None
    pictures: int = 0


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

    @property
    def name(self) -> str:
        return self.folder.name


def load_recipe(name_or_folder: str) -> Recipe:
    """The recipe of this name under job_specs/, or in this folder. Raises InvalidRecipe with what is wrong."""
    folder = _find(name_or_folder)
    content = _read_json(folder / "recipe.json")
    if missing := sorted(FIELDS - set(content)):
        raise InvalidRecipe(
            f"{folder / 'recipe.json'}: {', '.join(missing)} missing; it needs {', '.join(sorted(FIELDS))}"
        )
    if content["data"] not in DATA_SETS:
        raise InvalidRecipe(f"{folder / 'recipe.json'}: data is {content['data']!r}; known: digits, or null")
    code = (folder / content["code"]).resolve()
    if not (code / content["entry_point"]).is_file():
        raise InvalidRecipe(f"{folder / 'recipe.json'}: {content['entry_point']} is not in the code folder {code}")
    steps = [_step(folder, step) for step in content["steps"]]
    names = [step.name for step in steps]
    if len(set(names)) < len(names):
        raise InvalidRecipe(f"{folder / 'recipe.json'}: step names must differ; they are {', '.join(names)}")
    return Recipe(
        folder,
        content["description"],
        content["variables"],
        code,
        content["entry_point"],
        content["data"],
        steps,
    )


def _find(name_or_folder: str) -> Path:
    for folder in (Path(name_or_folder), RECIPES / name_or_folder):
        if (folder / "recipe.json").is_file():
            return folder.resolve()
    known = sorted(path.parent.name for path in RECIPES.glob("*/recipe.json"))
    raise InvalidRecipe(
        f"no recipe {name_or_folder!r}: neither a folder with a recipe.json nor one of {', '.join(known)}"
    )


def _step(folder: Path, step: Mapping[str, Any]) -> RecipeStep:
    name = step.get("name", "")
    if "pictures" in step:
        return RecipeStep(name, pictures=step["pictures"])
    if not name or "request" not in step:
        raise InvalidRecipe(f"{folder / 'recipe.json'}: a step needs name and request, or name and pictures: {step}")
    operation = operation_of_file(step["request"])
    if operation not in EFFECTS:
        raise InvalidRecipe(f"{folder / step['request']}: a step cannot be {operation}; known: {', '.join(EFFECTS)}")
    return RecipeStep(name, operation, step["request"], _read_json(folder / step["request"]))


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
