"""A plan: a recipe with its data, code and variables; every request in order, as far as it is known beforehand.

Two readers use it. The printer shows it, with no client made; the execution sends it. What only a run can tell (the
best learning rate, where the model lies) stays a placeholder until then.
"""

from __future__ import annotations

import difflib
import inspect
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sm_raw.aws.transfers.folders import file_digest
from sm_raw.errors import InvalidData, InvalidRecipe, InvalidRequest, UnresolvedPlaceholder
from sm_raw.runs.effects import EFFECTS
from sm_raw.runs.placeholders import lookup, placeholders, render, resolver
from sm_raw.runs.recipe import Recipe, RecipeStep
from sm_raw.specs.images import image_uri
from sm_raw.specs.names import canonical_hash, job_name

DIGEST_LENGTH = 12  # hex digits of a SHA-256 that stand in S3 keys


@dataclass(frozen=True)
class Surroundings:
    """Where a plan is to run: what the target decides and no recipe can."""

    region: str
    bucket: str
    role_arn: str


@dataclass(frozen=True)
class DataSummary:
    """What a plan has to know of its data. Without a ``folder`` it is supposed, and the plan can only be shown."""

    folder: Path | None
    digest: str
    class_count: int
    picture_counts: Mapping[str, int]
    lists: Path | None = None

    @property
    def splits(self) -> tuple[str, ...]:
        return tuple(self.picture_counts)


@dataclass(frozen=True)
class StepResult:
    """What is known of a step: the ``name`` of what it makes, and the ``values`` that later steps may refer to.

    Before the run that is its request; once it is ``done``, also what the service tells of it.
    """

    name: str
    values: Mapping[str, Any]
    done: bool = False


@dataclass(frozen=True)
class Plan:
    """A recipe with every name resolved that is known before the run."""

    recipe: Recipe
    values: Mapping[str, Any]
    data: DataSummary
    archive: Path
    step_names: frozenset[str]
    function_archive: Path | None = None

    @property
    def data_folder(self) -> Path:
        """Where the pictures lie. Raises InvalidData for a plan that only supposes them."""
        if self.data.folder is None:
            raise InvalidData(f"the recipe {self.recipe.name!r} was planned without data, so it can be shown only")
        return self.data.folder

    def uploads(self) -> Iterator[tuple[str, Path]]:
        """(name below ``data_uri``, folder) of all that goes up as data."""
        for split in self.data.splits:
            yield split, self.data_folder / split
            if self.data.lists is not None:
                yield f"lists/{split}", self.data.lists / split

    @property
    def bucket(self) -> str:
        """The bucket that everything goes to."""
        return str(self.values["bucket"])

    @property
    def data_uri(self) -> str:
        """The prefix below which the splits go."""
        return str(lookup(self.values, "data.uri"))

    @property
    def code_uri(self) -> str:
        """Where the packed code goes."""
        return str(lookup(self.values, "code.uri"))

    def archives(self) -> Iterator[tuple[Path, str]]:
        """(archive, URI) of all code that goes up: that of the containers, and that of a function if there is one."""
        yield self.archive, self.code_uri
        if self.function_archive is not None:
            yield self.function_archive, f"s3://{self.bucket}/{lookup(self.values, 'function_code.key')}"

    def request(self, step: RecipeStep, results: Mapping[str, StepResult], attempt: int = 1) -> dict[str, Any]:
        """The request of ``step``, rendered with the ``results`` of earlier steps.

        What they do not know yet stays a placeholder. ``${name}`` becomes a name with a hash of the request, data and
        code included, so that the same request has the same name; from the second ``attempt`` on it carries a number.
        """
        where = str(self.recipe.folder / step.file)
        partial = render(step.document, lambda name: self._value(name, where))
        # A result is the same again when the step that it comes from is, so that step's name stands for it here: a
        # name is then the same before the run and in it.
        sources = {name.partition(".")[0] for name in placeholders(partial)} & set(results)
        digest = canonical_hash([step.operation, partial, {source: results[source].name for source in sources}])
        number = f"-{attempt}" if attempt > 1 else ""
        prefix = f"{self.values['prefix']}-{step.name}"
        name = job_name(prefix, digest + number, EFFECTS[step.operation].name_limit)
        request: dict[str, Any] = render(
            partial, lambda other: name if other == "name" else _result(other, results, where)
        )
        return request

    def _value(self, name: str, where: str) -> Any:
        if name == "name" or name.partition(".")[0] in self.step_names:
            return f"${{{name}}}"
        return lookup(self.values, name, where=where)

    def preview(self) -> list[tuple[RecipeStep, dict[str, Any]]]:
        """Every request in order, as it is known before the run."""
        results: dict[str, StepResult] = {}
        requests = []
        for step in self.recipe.steps:
            if step.operation:
                request = self.request(step, results)
                results[step.name] = StepResult(request[EFFECTS[step.operation].name], request)
                requests.append((step, request))
        return requests

    @property
    def digest(self) -> str:
        """A hash of every request, as far as it is known beforehand: what is the same again has the same."""
        return canonical_hash([[step.operation, request] for step, request in self.preview()])

    def check(self) -> None:
        """Raise InvalidRequest for the first request with an error: nothing is sent by a plan that has one."""
        from sm_raw.validation import check_together

        requests = [(step.operation, request) for step, request in self.preview()]
        found = check_together(requests, region=self.values["region"])
        for (operation, _), findings in zip(requests, found, strict=True):
            if any(finding.severity == "error" for finding in findings):
                raise InvalidRequest(operation, findings)


def make_plan(
    recipe: Recipe,
    surroundings: Surroundings,
    *,
    data: DataSummary,
    archive: Path,
    code_digest: str,
    settings: Mapping[str, str] | None = None,
    function_archive: Path | None = None,
) -> Plan:
    """The plan for this data and code. ``settings`` override variables, as text. Raises InvalidRecipe."""
    variables = {**recipe.variables, **override(recipe.variables, settings or {})}
    base = {
        "region": surroundings.region,
        "bucket": surroundings.bucket,
        "role_arn": surroundings.role_arn,
        "partition": surroundings.role_arn.split(":")[1],
        "account": surroundings.role_arn.split(":")[4],
        # As text: they are there for hyperparameters, which are.
        "class_count": str(data.class_count),
        "picture_count": {split: str(count) for split, count in data.picture_counts.items()},
    }
    values: dict[str, Any] = {**base, **_settle(variables, base)}
    prefix = f"s3://{surroundings.bucket}/{values['prefix']}"
    data_uri = f"{prefix}/data/{data.digest[:DIGEST_LENGTH]}"
    values["data"] = {"uri": data_uri, **{split: f"{data_uri}/{split}" for split in data.splits}}
    if recipe.lists:
        values["data"] |= {f"{split}_lst": f"{data_uri}/lists/{split}" for split in data.splits}
    values["code"] = {"uri": f"{prefix}/code/{code_digest[:DIGEST_LENGTH]}/sourcedir.tar.gz"}
    if recipe.function is not None:
        digest = file_digest(recipe.code / recipe.function)[:DIGEST_LENGTH]
        values["function_code"] = {"key": f"{values['prefix']}/code/{digest}/function.zip"}
    values["output_uri"] = f"{prefix}/output"
    values.update(_images(recipe, values))
    steps = frozenset(step.name for step in recipe.steps if step.operation)
    if shadowed := sorted(steps & set(values)):
        raise InvalidRecipe(f"{recipe.folder}: {', '.join(shadowed)} names both a step and a variable")
    return Plan(recipe, values, data, archive, steps, function_archive)


def _result(name: str, results: Mapping[str, StepResult], where: str) -> Any:
    step = name.partition(".")[0]
    try:
        return lookup({known: result.values for known, result in results.items()}, name, where=where)
    except UnresolvedPlaceholder:
        if step in results and results[step].done:
            raise
        return f"${{{name}}}"


def override(variables: Mapping[str, Any], settings: Mapping[str, str]) -> dict[str, Any]:
    """``settings`` in the types of the variables' defaults. Raises InvalidRecipe for a name or value that cannot be."""
    changed: dict[str, Any] = {}
    for name, text in settings.items():
        if name not in variables:
            near = difflib.get_close_matches(name, variables, n=1)
            hint = f"; did you mean {near[0]}?" if near else ";"
            raise InvalidRecipe(f"--set {name}: the recipe has no such variable{hint} it has {', '.join(variables)}")
        default = variables[name]
        changed[name] = text if isinstance(default, str) else _typed(name, text, default)
    return changed


def _typed(name: str, text: str, default: Any) -> Any:
    try:
        value = json.loads(text)
    except ValueError:
        value = None
    same = type(value) is type(default) or (isinstance(default, float) and type(value) is int)
    if not same:
        raise InvalidRecipe(f"--set {name}={text}: {name} takes a value like {json.dumps(default)}")
    return value


def _settle(variables: Mapping[str, Any], base: Mapping[str, Any]) -> dict[str, Any]:
    """Variables with the placeholders in their own values resolved; each may use those before it."""
    settled: dict[str, Any] = {}
    for name, value in variables.items():
        settled[name] = render(value, resolver({**base, **settled}, where=f"variable {name}"))
    return settled


def _images(recipe: Recipe, values: Mapping[str, Any]) -> dict[str, str]:
    """The registry path of each image that the recipe names, in the run's region."""
    where = f"{recipe.folder / 'recipe.json'}: images"
    found: dict[str, str] = {}
    for name, written in recipe.images.items():
        arguments = render(dict(written), resolver(values, where=f"{where}: {name}"))
        try:
            found[name] = image_uri(arguments.pop("framework"), region=values["region"], **arguments)
        except TypeError:
            known = ", ".join(["framework", *inspect.signature(image_uri).parameters][2:])
            raise InvalidRecipe(f"{where}: {name}: {', '.join(written)} do not fit; image_uri takes {known}") from None
    return found
