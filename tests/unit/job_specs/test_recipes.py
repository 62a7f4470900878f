"""Every recipe document is what the builders produce, given the recipe's placeholders."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from sm_raw import specs
from sm_raw.runs.recipe import RECIPES, load_recipe

METRICS = {
    name: f"{name}=([0-9.eE+-]+);"
    for name in ("train:loss", "train:accuracy", "valid:loss", "valid:accuracy", "test:loss", "test:accuracy")
}
SCRIPT = {
    "architecture": "${architecture}",
    "augment": "${augment}",
    "epochs": "${epochs}",
    "fine-tune": "${fine_tune}",
    "image-size": "${image_size}",
    "optimizer": "${optimizer}",
    "pretrained": "${pretrained}",
    "seed": "${seed}",
}
RULES = ["VanishingGradient", "LossNotDecreasing", "Overfit", "Overtraining", "PoorWeightInitialization"]


def channels() -> list[Any]:
    return [specs.channel(split, f"${{data.{split}}}") for split in ("train", "valid", "test")]


def resources() -> Any:
    return specs.resources("${training_instance_type}", count=1, volume_gb="${volume_gb}")  # type: ignore[arg-type]


def hyperparameters(more: dict[str, str]) -> dict[str, str]:
    return specs.script_mode(
        "train.py", submit_directory="${code.uri}", region="${region}", hyperparameters={**SCRIPT, **more}
    )


def tuning(objective: str, scaling: str, batch_sizes: list[str]) -> Any:
    definition = specs.training_definition(
        image_uri="${training_image}",
        role_arn="${role_arn}",
        output_uri="${output_uri}",
        resources=resources(),
        channels=channels(),
        hyperparameters=hyperparameters({}),
        metrics=METRICS,
        max_runtime_seconds="${max_runtime_seconds}",  # type: ignore[arg-type]
    )
    return specs.tuning_job(
        "${name}",
        training=definition,
        ranges=[
            specs.continuous_range("lr", "${lr_min}", "${lr_max}", scaling=scaling),  # type: ignore[arg-type]
            specs.categorical_range("batch-size", batch_sizes),
        ],
        objective_metric=objective,
        objective_type="Minimize",
        max_jobs="${max_jobs}",  # type: ignore[arg-type]
        max_parallel_jobs="${max_parallel_jobs}",  # type: ignore[arg-type]
        strategy="Bayesian",
        random_seed="${random_seed}",  # type: ignore[arg-type]
    )


def training() -> Any:
    best = "${tune.BestTrainingJob.TunedHyperParameters"
    rules = [specs.debug_rule(rule, image_uri="${debugger_image}") for rule in RULES]
    saved = {"save_interval": "${save_interval}"}
    return specs.training_job(
        "${name}",
        image_uri="${training_image}",
        role_arn="${role_arn}",
        output_uri="${output_uri}",
        resources=resources(),
        channels=channels(),
        hyperparameters=hyperparameters({"batch-size": best + ".batch-size}", "lr": best + ".lr}"}),
        metrics=METRICS,
        max_runtime_seconds="${max_runtime_seconds}",  # type: ignore[arg-type]
        debug_rules=rules,
        debug_hook=specs.hook_config(
            "${output_uri}",
            rules=rules,
            collections=[specs.collection(name, saved) for name in ("gradients", "losses", "relu_input")],
        ),
        profiler=specs.profiler_config("${output_uri}", interval_milliseconds="${profiling_interval_milliseconds}"),  # type: ignore[arg-type]
    )


def hosting() -> dict[str, Any]:
    resource_id = specs.variant_resource_id("${endpoint.EndpointName}")
    return {
        "create_model.json": specs.model(
            "${name}",
            image_uri="${inference_image}",
            role_arn="${role_arn}",
            model_data_uri="${train.ModelArtifacts.S3ModelArtifacts}",
            environment=specs.serving_script("inference.py", region="${region}"),
        ),
        "create_endpoint_config.json": specs.endpoint_config(
            "${name}",
            variants=[specs.production_variant("${model.ModelName}", instance_type="${hosting_instance_type}")],
        ),
        "create_endpoint.json": specs.endpoint("${name}", config_name="${endpoint_config.EndpointConfigName}"),
        "register_scalable_target.json": specs.scalable_target(
            resource_id,
            min_capacity="${min_instances}",  # type: ignore[arg-type]
            max_capacity="${max_instances}",  # type: ignore[arg-type]
        ),
        "put_scaling_policy.json": specs.scaling_policy(
            "${name}",
            resource_id=resource_id,
            target_value="${invocations_per_instance}",  # type: ignore[arg-type]
            scale_out_cooldown_seconds="${scale_out_cooldown_seconds}",  # type: ignore[arg-type]
            scale_in_cooldown_seconds="${scale_in_cooldown_seconds}",  # type: ignore[arg-type]
        ),
    }


BUILT = {
    "digits": {
        "create_hyper_parameter_tuning_job.json": tuning("valid:loss", "Logarithmic", ["32", "64"]),
        "create_training_job.json": training(),
        **hosting(),
    },
    "dog_breeds": {
        "create_hyper_parameter_tuning_job.json": tuning("test:loss", "Auto", ["32", "64", "128", "256", "512"]),
        "create_training_job.json": training(),
        **hosting(),
    },
}


@pytest.mark.parametrize(("recipe", "file"), [(recipe, file) for recipe, files in BUILT.items() for file in files])
def test_document_is_what_the_builders_produce(recipe: str, file: str) -> None:
    assert json.loads((RECIPES / recipe / file).read_text()) == BUILT[recipe][file]


def test_every_document_of_every_recipe_is_built_here() -> None:
    documents = {
        recipe.parent.name: {path.name for path in recipe.parent.glob("*.json")} - {"recipe.json"}
        for recipe in RECIPES.glob("*/recipe.json")
    }
    assert documents == {recipe: set(files) for recipe, files in BUILT.items()}


@pytest.mark.parametrize("recipe", BUILT)
def test_steps_of_a_recipe_are_its_documents_in_order(recipe: str) -> None:
    loaded = load_recipe(recipe)
    assert [step.file for step in loaded.steps if step.file] == list(BUILT[recipe])
    assert Path(loaded.code, loaded.entry_point).is_file()
