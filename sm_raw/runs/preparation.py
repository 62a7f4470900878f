"""From what the user names to a plan: data surveyed, code packed, recipe filled in. No client is made."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from sm_raw.aws.folders import folder_digest
from sm_raw.aws.packing import pack
from sm_raw.errors import InvalidData
from sm_raw.runs.image_folder import survey, write_digits
from sm_raw.runs.plan import Plan, Surroundings, make_plan
from sm_raw.runs.recipe import Recipe, load_recipe


def prepare(
    recipe_name: str,
    surroundings: Surroundings,
    *,
    work: Path,
    data: Path | None = None,
    settings: Mapping[str, str] | None = None,
) -> Plan:
    """The plan of a recipe for a folder of pictures.

    Without ``data`` the recipe's own data set is written below ``work``, where the packed code goes, too. Raises
    InvalidRecipe, InvalidData, or InvalidRequest for a plan with an error in any of its requests.
    """
    recipe = load_recipe(recipe_name)
    folder = data if data is not None else _own_data(recipe, work)
    pictures = survey(folder)
    archive = work / "sourcedir.tar.gz"
    work.mkdir(parents=True, exist_ok=True)
    code_digest = pack(recipe.code, archive, entry_point=recipe.entry_point)
    plan = make_plan(
        recipe,
        surroundings,
        data_folder=folder,
        data_digest=folder_digest(folder),
        splits=list(pictures.splits),
        classes=pictures.classes,
        archive=archive,
        code_digest=code_digest,
        settings=settings,
    )
    plan.check()
    return plan


def _own_data(recipe: Recipe, work: Path) -> Path:
    if recipe.data is None:
        raise InvalidData(
            f"the recipe {recipe.name!r} brings no data: give --data DIR, a folder with train, valid and test, each "
            "holding one folder of pictures for each class"
        )
    folder = work / "data" / recipe.data
    write_digits(folder)
    return folder
