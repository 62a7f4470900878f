from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from sm_raw.errors import InvalidData, InvalidRecipe, InvalidRequest, UnknownImage, UnresolvedPlaceholder
from sm_raw.runs.plan import DataSummary, Plan, StepResult, Surroundings, make_plan, override
from sm_raw.runs.recipe import RECIPES, Recipe, RecipeStep, load_recipe

DATA = DataSummary(Path("data"), "d" * 64, 2, {"train": 8, "valid": 3, "test": 4})
SURROUNDINGS = Surroundings("us-east-1", "my-bucket", "arn:aws:iam::123456789012:role/R")


def plan_of(recipe: Recipe, **changes: Any) -> Plan:
    facts: dict[str, Any] = {"data": DATA, "archive": Path("sourcedir.tar.gz"), "code_digest": "c" * 64}
    return make_plan(recipe, SURROUNDINGS, **{**facts, **changes})


@pytest.fixture
def digits() -> Plan:
    return plan_of(load_recipe("digits"))


def by_step(plan: Plan) -> dict[str, dict[str, Any]]:
    return {step.name: request for step, request in plan.preview()}


def test_data_and_code_lie_under_their_digests(digits: Plan) -> None:
    assert digits.data_uri == "s3://my-bucket/digits/data/dddddddddddd"
    assert digits.code_uri == "s3://my-bucket/digits/code/cccccccccccc/sourcedir.tar.gz"
    channels = by_step(digits)["train"]["InputDataConfig"]
    uris = [channel["DataSource"]["S3DataSource"]["S3Uri"] for channel in channels]
    assert uris == [f"{digits.data_uri}/{split}" for split in ("train", "valid", "test")]


def test_results_that_only_a_run_can_tell_stay_placeholders(digits: Plan) -> None:
    requests = by_step(digits)
    assert requests["train"]["HyperParameters"]["lr"] == "${tune.BestTrainingJob.TunedHyperParameters.lr}"
    assert requests["model"]["PrimaryContainer"]["ModelDataUrl"] == "${train.ModelArtifacts.S3ModelArtifacts}"


def test_what_a_request_itself_says_is_known_beforehand(digits: Plan) -> None:
    requests = by_step(digits)
    assert requests["endpoint"]["EndpointConfigName"] == requests["endpoint_config"]["EndpointConfigName"]
    resource_id = f"endpoint/{requests['endpoint']['EndpointName']}/variant/AllTraffic"
    assert requests["scalable_target"]["ResourceId"] == resource_id


def test_names_fit_their_limits_and_tell_the_step(digits: Plan) -> None:
    requests = by_step(digits)
    assert requests["tune"]["HyperParameterTuningJobName"].startswith("digits-tune-")
    assert requests["endpoint_config"]["EndpointConfigName"].startswith("digits-endpoint-config-")
    assert len(requests["tune"]["HyperParameterTuningJobName"]) <= 32


@pytest.mark.parametrize(
    "changes",
    [{"data": replace(DATA, digest="e" * 64)}, {"code_digest": "e" * 64}, {"settings": {"epochs": "99"}}],
)
def test_another_data_set_code_or_setting_gives_every_later_step_another_name(
    digits: Plan, changes: dict[str, Any]
) -> None:
    other = by_step(plan_of(load_recipe("digits"), **changes))
    same = by_step(digits)
    for step, field in [("tune", "HyperParameterTuningJobName"), ("train", "TrainingJobName"), ("model", "ModelName")]:
        assert other[step][field] != same[step][field]


def test_a_name_is_the_same_before_the_run_and_in_it(digits: Plan) -> None:
    steps = {step.name: step for step in digits.recipe.steps}
    planned = by_step(digits)
    tuned: Mapping[str, Any] = {"BestTrainingJob": {"TunedHyperParameters": {"lr": "0.01", "batch-size": "32"}}}
    name = planned["tune"]["HyperParameterTuningJobName"]
    request = digits.request(steps["train"], {"tune": StepResult(name, {**planned["tune"], **tuned}, done=True)})
    assert request["TrainingJobName"] == planned["train"]["TrainingJobName"]
    assert request["HyperParameters"]["lr"] == "0.01"


def test_a_second_attempt_carries_a_number(digits: Plan) -> None:
    step = digits.recipe.steps[0]
    first = digits.request(step, {})["HyperParameterTuningJobName"]
    assert digits.request(step, {}, attempt=2)["HyperParameterTuningJobName"] == f"{first}-2"


def test_what_a_finished_step_does_not_tell_is_an_error(digits: Plan) -> None:
    steps = {step.name: step for step in digits.recipe.steps}
    with pytest.raises(UnresolvedPlaceholder, match=r"create_training_job\.json.*BestTrainingJob"):
        digits.request(steps["train"], {"tune": StepResult("t", {"Status": "x"}, done=True)})


# The built-in algorithm takes no data set that is smaller than its batches.
@pytest.mark.parametrize(
    "recipe", sorted({path.parent.name for path in RECIPES.glob("dog*/recipe.json")} - {"dog_breeds_built_in"})
)
def test_a_recipe_is_right_for_any_data(recipe: str) -> None:
    plan_of(load_recipe(recipe)).check()


def test_the_code_of_a_function_goes_up_beside_that_of_the_containers() -> None:
    plan = replace(plan_of(load_recipe("dog_breeds_in_production")), function_archive=Path("function.zip"))
    function = by_step(plan)["function"]
    assert list(plan.archives()) == [
        (plan.archive, plan.code_uri),
        (Path("function.zip"), f"s3://{function['Code']['S3Bucket']}/{function['Code']['S3Key']}"),
    ]


def test_numbers_of_the_data_are_known_as_text() -> None:
    static = by_step(plan_of(load_recipe("dog_breeds_built_in")))["train"]["HyperParameters"]
    assert (static["num_classes"], static["num_training_samples"]) == ("2", "8")


def test_lists_go_up_beside_the_splits() -> None:
    plan = plan_of(load_recipe("dog_breeds_built_in"), data=replace(DATA, lists=Path("lists")))
    assert list(plan.uploads()) == [
        (name, path)
        for split in ("train", "valid", "test")
        for name, path in ((split, Path("data", split)), (f"lists/{split}", Path("lists", split)))
    ]
    channels = {channel["ChannelName"]: channel for channel in by_step(plan)["train"]["InputDataConfig"]}
    assert channels["validation_lst"]["DataSource"]["S3DataSource"]["S3Uri"] == f"{plan.data_uri}/lists/valid"


def test_a_plan_without_data_has_nothing_to_upload() -> None:
    plan = plan_of(load_recipe("dog_breeds"), data=replace(DATA, folder=None))
    with pytest.raises(InvalidData, match="planned without data, so it can be shown only"):
        list(plan.uploads())


@pytest.mark.parametrize(
    ("images", "error", "message"),
    [
        ({"a": {"framework": "pytorch", "version": "9.9"}}, UnknownImage, "version '9.9'"),
        ({"a": {"framework": "pytorhc"}}, UnknownImage, "did you mean 'pytorch'"),
        ({"a": {"framework": "pytorch", "versoin": "1.13.1"}}, InvalidRecipe, "framework, versoin do not fit"),
        ({"a": {"framework": "pytorch", "version": "${nmae}"}}, UnresolvedPlaceholder, "nmae"),
    ],
)
def test_an_image_that_is_not_known_is_told(images: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        plan_of(replace(load_recipe("digits"), images=images))


def test_a_request_with_an_error_stops_the_plan_before_anything_is_sent(digits: Plan) -> None:
    wrong = plan_of(load_recipe("digits"), settings={"training_instance_type": "ml.nope.large"})
    with pytest.raises(InvalidRequest, match=r"CreateHyperParameterTuningJob.*\n.*ml\.nope\.large"):
        wrong.check()


def test_a_reference_across_requests_is_checked(digits: Plan) -> None:
    steps = [
        replace(step, document={**step.document, "ResourceId": "endpoint/other/variant/AllTraffic"})
        if step.document and step.operation == "RegisterScalableTarget"
        else step
        for step in digits.recipe.steps
    ]
    with pytest.raises(InvalidRequest, match="E510"):
        replace(digits, recipe=replace(digits.recipe, steps=steps)).check()


def test_an_unknown_placeholder_names_the_document(digits: Plan) -> None:
    step = RecipeStep("model", "CreateModel", "create_model.json", {"ModelName": "${nmae}"})
    with pytest.raises(UnresolvedPlaceholder, match=r"create_model\.json: \$\{nmae\} is not known"):
        digits.request(step, {})


def test_settings_take_the_type_of_the_default() -> None:
    variables = {"text": "8", "whole": 4, "real": 1.5, "flag": True}
    settings = {"text": "12", "whole": "5", "real": "2", "flag": "false"}
    assert override(variables, settings) == {"text": "12", "whole": 5, "real": 2, "flag": False}


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"whole": "many"}, "--set whole=many: whole takes a value like 4"),
        ({"whole": "true"}, "takes a value like 4"),
        ({"wohle": "5"}, "--set wohle: the recipe has no such variable; did you mean whole"),
    ],
)
def test_a_wrong_setting_is_refused(settings: dict[str, str], message: str) -> None:
    with pytest.raises(InvalidRecipe, match=message):
        override({"whole": 4}, settings)


def test_a_step_may_not_have_the_name_of_a_variable() -> None:
    recipe = load_recipe("digits")
    with pytest.raises(InvalidRecipe, match="tune names both a step and a variable"):
        plan_of(replace(recipe, variables={**recipe.variables, "tune": 1}))
