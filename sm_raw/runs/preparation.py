"""From what the user names to a plan: data surveyed, code packed, recipe filled in. No client is made."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from sm_raw.aws.transfers.folders import folder_digest
from sm_raw.aws.transfers.packing import pack, pack_function
from sm_raw.errors import InvalidData
from sm_raw.runs.image_folder import survey, write_digits, write_lists
from sm_raw.runs.plan import DataSummary, Plan, Surroundings, make_plan
from sm_raw.runs.recipe import Recipe, load_recipe, without_steps

SUPPOSED_DIGEST = "0" * 64


def prepare(
    recipe_name: str,
    surroundings: Surroundings,
    *,
    work: Path,
    data: Path | None = None,
    settings: Mapping[str, str] | None = None,
    suppose_data: bool = False,
    skip: Sequence[str] = (),
) -> Plan:
    """The plan of a recipe for a folder of pictures, without the steps to ``skip``.

    Without ``data`` the recipe's own data set is written below ``work``, where the packed code goes, too. For a recipe
    that brings none, ``suppose_data`` plans with the numbers of the data set that it is made for: such a plan can be
    shown only. Raises InvalidRecipe, InvalidData, or InvalidRequest for a plan with an error in any of its requests.
    """
    recipe = without_steps(load_recipe(recipe_name), skip)
    summary = _supposed(recipe) if suppose_data and data is None else None
    archive = work / "sourcedir.tar.gz"
    work.mkdir(parents=True, exist_ok=True)
    plan = make_plan(
        recipe,
        surroundings,
        data=summary or _surveyed(recipe, data if data is not None else _own_data(recipe, work), work),
        archive=archive,
        code_digest=pack(recipe.code, archive, entry_point=recipe.entry_point),
        settings=settings,
        function_archive=_function(recipe, work),
    )
    plan.check()
    return plan


def _function(recipe: Recipe, work: Path) -> Path | None:
    if recipe.function is None:
        return None
    pack_function(recipe.code / recipe.function, work / "function.zip")
    return work / "function.zip"


def _surveyed(recipe: Recipe, folder: Path, work: Path) -> DataSummary:
    pictures = survey(folder)
    return DataSummary(
        folder,
        folder_digest(folder),
        len(pictures.classes),
        {split: pictures.count(split) for split in pictures.splits},
        lists=write_lists(pictures, work / "lists") if recipe.lists else None,
    )


def _supposed(recipe: Recipe) -> DataSummary | None:
    if recipe.data is not None or recipe.expected_data is None:
        return None
    return DataSummary(None, SUPPOSED_DIGEST, recipe.expected_data.classes, recipe.expected_data.pictures)


def _own_data(recipe: Recipe, work: Path) -> Path:
    if recipe.data is None:
        raise InvalidData(
            f"the recipe {recipe.name!r} brings no data: give --data DIR, a folder with train, valid and test, each "
            "holding one folder of pictures for each class"
        )
    folder = work / "data" / recipe.data
    write_digits(folder)
    return folder
