"""Write the recipes' request documents, and the JSON Schemas for editors beside them, as the builders make them.

    python scripts/write_recipes.py          all of job_specs/ but the recipe.json files, which are written by hand

A document is the request of a builder whose values are the placeholders of its recipe. A test holds job_specs/ equal to
what this writes.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from sm_raw import specs
from sm_raw.runs.recipe import RECIPE_SCHEMA, RECIPES, SCHEMAS
from sm_raw.validation import editor_schema, operation_of_file

ACCOUNT, REGION, PARTITION = "${account}", "${region}", "${partition}"
METRICS = {
    name: f"{name}=([0-9.eE+-]+);"
    for name in ("train:loss", "train:accuracy", "valid:loss", "valid:accuracy", "test:loss", "test:accuracy")
}
SETTINGS = {
    "architecture": "${architecture}",
    "augment": "${augment}",
    "fine-tune": "${fine_tune}",
    "image-size": "${image_size}",
    "optimizer": "${optimizer}",
    "pretrained": "${pretrained}",
    "seed": "${seed}",
}
EPOCHS = {"epochs": "${epochs}"}
BEST = "${tune.BestTrainingJob.TunedHyperParameters"
TUNED = {"batch-size": BEST + ".batch-size}", "lr": BEST + ".lr}"}
DEBUG_RULES = ("VanishingGradient", "LossNotDecreasing", "Overfit", "Overtraining", "PoorWeightInitialization")
LEARNING_RATE = ("lr", "${lr_min}", "${lr_max}")

Documents = dict[str, Mapping[str, Any]]


def common() -> dict[str, Any]:
    """What every training of our own script has."""
    return {
        "image_uri": "${training_image}",
        "role_arn": "${role_arn}",
        "output_uri": "${output_uri}",
        "resources": specs.resources("${training_instance_type}", volume_gb="${volume_gb}"),  # type: ignore[arg-type]
        "channels": [specs.channel(split, f"${{data.{split}}}") for split in ("train", "valid", "test")],
        "metrics": METRICS,
        "max_runtime_seconds": "${max_runtime_seconds}",
    }


def script(settings: Mapping[str, object]) -> dict[str, str]:
    """The hyperparameters of our own script."""
    return specs.script_mode("train.py", submit_directory="${code.uri}", region=REGION, hyperparameters=settings)


def tuning(definition: Any, ranges: Sequence[Any], objective: str, objective_type: Any) -> Any:
    """A tuning job whose limits are the recipe's variables."""
    return specs.tuning_job(
        "${name}",
        training=definition,
        ranges=ranges,
        objective_metric=objective,
        objective_type=objective_type,
        max_jobs="${max_jobs}",  # type: ignore[arg-type]
        max_parallel_jobs="${max_parallel_jobs}",  # type: ignore[arg-type]
        random_seed="${random_seed}",  # type: ignore[arg-type]
    )


def tuning_of_the_script(
    ranges: Sequence[Any], objective: str, objective_type: str, settings: Mapping[str, object]
) -> Any:
    """A tuning job over our own script."""
    definition = specs.training_definition(**common(), hyperparameters=script(settings))
    return tuning(definition, ranges, objective, objective_type)


def training_under_rules(settings: Mapping[str, object], hook: Mapping[str, Any], profiler_rules: Sequence[str]) -> Any:
    """The training that Debugger watches; ``hook`` are further arguments of ``hook_config``."""
    rules = [specs.debug_rule(rule, image_uri="${debugger_image}") for rule in DEBUG_RULES]
    return specs.training_job(
        "${name}",
        **common(),
        hyperparameters=script(settings),
        debug_rules=rules,
        debug_hook=specs.hook_config("${output_uri}", rules=rules, **hook),
        profiler=specs.profiler_config("${output_uri}", interval_milliseconds="${profiling_interval_milliseconds}"),  # type: ignore[arg-type]
        profiler_rules=[specs.profiler_rule(rule, image_uri="${debugger_image}") for rule in profiler_rules],
    )


def saved_alike(*collections: str) -> dict[str, Any]:
    """Collections that are saved at the interval of the recipe."""
    saved = {"save_interval": "${save_interval}"}
    return {"collections": [specs.collection(name, saved) for name in collections]}


def serving(image: str, environment: Mapping[str, str], model_data: str) -> Documents:
    """Model, endpoint configuration and endpoint."""
    variants = [specs.production_variant("${model.ModelName}", instance_type="${hosting_instance_type}")]
    return {
        "create_model.json": specs.model(
            "${name}",
            image_uri=image,
            role_arn="${role_arn}",
            model_data_uri=model_data,
            environment=environment,
        ),
        "create_endpoint_config.json": specs.endpoint_config("${name}", variants=variants),
        "create_endpoint.json": specs.endpoint("${name}", config_name="${endpoint_config.EndpointConfigName}"),
    }


def scaling() -> Documents:
    """The endpoint's variant behind auto scaling."""
    resource_id = specs.variant_resource_id("${endpoint.EndpointName}")
    return {
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


def scaled_serving() -> Documents:
    """Our own script behind an endpoint that scales."""
    environment = specs.serving_script("inference.py", region=REGION)
    return {**serving("${inference_image}", environment, "${train.ModelArtifacts.S3ModelArtifacts}"), **scaling()}


def digits() -> Documents:
    """The short story: a small network, from scratch."""
    ranges = [
        specs.continuous_range(*LEARNING_RATE, scaling="Logarithmic"),  # type: ignore[arg-type]
        specs.categorical_range("batch-size", [32, 64]),
    ]
    return {
        "create_hyper_parameter_tuning_job.json": tuning_of_the_script(
            ranges, "valid:loss", "Minimize", SETTINGS | EPOCHS
        ),
        "create_training_job.json": training_under_rules(
            SETTINGS | EPOCHS | TUNED, saved_alike("gradients", "losses", "relu_input"), ()
        ),
        **scaled_serving(),
        **function_in_front(),
    }


def dog_breeds() -> Documents:
    """Learning rate and batch size, the test's loss, Debugger and profiler."""
    ranges = [
        specs.continuous_range(*LEARNING_RATE),  # type: ignore[arg-type]
        specs.categorical_range("batch-size", [32, 64, 128, 256, 512]),
    ]
    return {
        "create_hyper_parameter_tuning_job.json": tuning_of_the_script(
            ranges, "test:loss", "Minimize", SETTINGS | EPOCHS
        ),
        "create_training_job.json": training_under_rules(
            SETTINGS | EPOCHS | TUNED,
            saved_alike("gradients", "losses", "relu_input"),
            ("ProfilerReport", "LowGPUUtilization"),
        ),
        **scaled_serving(),
    }


def dog_breeds_loss_hook() -> Documents:
    """Three batch sizes; the hook finds the loss by its name and saves it at intervals of its own for each mode."""
    ranges = [
        specs.continuous_range(*LEARNING_RATE),  # type: ignore[arg-type]
        specs.categorical_range("batch-size", [32, 64, 128]),
    ]
    intervals = {"train.save_interval": "${train_save_interval}", "eval.save_interval": "${eval_save_interval}"}
    loss = specs.collection("CrossEntropyLoss_output_0", {"include_regex": "CrossEntropyLoss_output_0", **intervals})
    return {
        "create_hyper_parameter_tuning_job.json": tuning_of_the_script(
            ranges, "test:loss", "Minimize", SETTINGS | EPOCHS
        ),
        "create_training_job.json": training_under_rules(
            SETTINGS | EPOCHS | TUNED, {"parameters": intervals, "collections": [loss]}, ()
        ),
        **scaled_serving(),
    }


def dog_breeds_three_ranges() -> Documents:
    """Learning rate, batch size and epochs by accuracy; then the training with the values that were found."""
    ranges = [
        specs.continuous_range(*LEARNING_RATE, scaling="Logarithmic"),  # type: ignore[arg-type]
        specs.categorical_range("batch-size", [32, 64, 128, 256]),
        specs.integer_range("epochs", "${epochs_min}", "${epochs_max}"),  # type: ignore[arg-type]
    ]
    found = {"batch-size": "${tuned_batch_size}", "epochs": "${tuned_epochs}", "lr": "${tuned_lr}"}
    return {
        "create_hyper_parameter_tuning_job.json": tuning_of_the_script(ranges, "valid:accuracy", "Maximize", SETTINGS),
        "create_training_job.json": training_under_rules(
            SETTINGS | found, saved_alike("gradients", "losses", "relu_input"), ()
        ),
        **scaled_serving(),
    }


def dog_breeds_built_in() -> Documents:
    """AWS's own image-classification on lists of pictures; its logs are exported to S3."""
    static = {
        "num_classes": "${class_count}",
        "num_training_samples": "${picture_count.train}",
        "num_layers": 18,
        "mini_batch_size": 128,
        "image_shape": "3,224,224",
        "resize": 256,
        "use_pretrained_model": True,
        "augmentation_type": "crop",
        "epochs": "${epochs}",
    }
    tuned = ("eps", "learning_rate", "momentum", "optimizer", "weight_decay")
    training: dict[str, Any] = {
        "image_uri": "${algorithm_image}",
        "role_arn": "${role_arn}",
        "output_uri": "${output_uri}",
        "resources": specs.resources("${training_instance_type}", volume_gb="${volume_gb}"),  # type: ignore[arg-type]
        "channels": specs.image_channels(
            train="${data.train}",
            validation="${data.valid}",
            train_lst="${data.train_lst}",
            validation_lst="${data.valid_lst}",
        ),
        "max_runtime_seconds": "${max_runtime_seconds}",
    }
    best = {name: f"{BEST}.{name}}}" for name in tuned}
    exported = specs.export_bucket_policy(
        "${bucket}", region=REGION, account=ACCOUNT, prefix="${export_prefix}", partition=PARTITION
    )
    return {
        "create_hyper_parameter_tuning_job.json": tuning(
            specs.training_definition(
                **training,
                hyperparameters=specs.image_classification_hyperparameters(**static),  # type: ignore[arg-type]
            ),
            [specs.IMAGE_CLASSIFICATION_RANGES[name] for name in tuned],
            "validation:accuracy",
            "Maximize",
        ),
        "create_training_job.json": specs.training_job(
            "${name}",
            **training,
            hyperparameters=specs.image_classification_hyperparameters(**static, **best),  # type: ignore[arg-type]
        ),
        **serving("${algorithm_image}", {}, "${train.ModelArtifacts.S3ModelArtifacts}"),
        "put_bucket_policy.json": specs.bucket_policy("${bucket}", exported),
        "create_export_task.json": specs.export_task(
            "/aws/sagemaker/TrainingJobs",
            bucket="${bucket}",
            start_milliseconds="${export_from_milliseconds}",  # type: ignore[arg-type]
            end_milliseconds="${export_to_milliseconds}",  # type: ignore[arg-type]
            prefix="${export_prefix}",
            stream_prefix="${train.TrainingJobName}/",
            name="${name}",
        ),
    }


def dog_breeds_in_production() -> Documents:
    """One instance, two instances, an EC2 instance; an endpoint that scales, and a function in front that is warm."""
    chosen = {**SETTINGS, **EPOCHS, "batch-size": "${batch_size}", "lr": "${lr}"}
    two = specs.resources("${training_instance_type}", count=2, volume_gb="${volume_gb}")  # type: ignore[arg-type]
    together = specs.torch_distributed("${training_instance_type}")
    return {
        "create_training_job.json": specs.training_job("${name}", **common(), hyperparameters=script(chosen)),
        "create_training_job.two_instances.json": specs.training_job(
            "${name}", **{**common(), "resources": two}, hyperparameters=script({**chosen, **together})
        ),
        **on_ec2(),
        **scaled_serving(),
        **function_in_front(),
    }


def on_ec2() -> Documents:
    """Training on an EC2 instance that shuts itself down, with a role that may reach its data and no more."""
    place = "s3://${bucket}/${prefix}"
    return {
        "create_role.ec2.json": specs.service_role("${name}", services=["ec2"]),
        "put_role_policy.ec2.json": specs.role_policy(
            "${ec2_role.RoleName}",
            "${name}",
            document=specs.instance_role_policy(
                region=REGION,
                reads=[f"{place}/code/", f"{place}/data/"],
                writes=[f"{place}/output/ec2"],
                partition=PARTITION,
            ),
        ),
        "create_instance_profile.json": specs.instance_profile("${name}"),
        "add_role_to_instance_profile.json": specs.profile_role(
            "${instance_profile.InstanceProfileName}", role_name="${ec2_role.RoleName}"
        ),
        "run_instances.json": specs.training_instance(
            "${ec2_image}",
            instance_type="${ec2_instance_type}",
            instance_profile="${instance_profile.InstanceProfileName}",
            volume_gb="${volume_gb}",  # type: ignore[arg-type]
            client_token="${name}",
            tags={"Name": "${name}"},
            user_data=specs.training_user_data(
                "train.py",
                code_uri="${code.uri}",
                channels={split: f"${{data.{split}}}" for split in ("train", "valid", "test")},
                output_uri="${output_uri}/ec2",
                region=REGION,
                hyperparameters={**SETTINGS, **EPOCHS, "batch-size": "${batch_size}", "lr": "${lr}"},
                max_runtime_seconds=14_400,
            ),
        ),
    }


def function_in_front() -> Documents:
    """A Lambda function that may ask this endpoint and no other, two of it always warm."""
    function = specs.lambda_function(
        "${name}",
        role_arn=f"arn:{PARTITION}:iam::{ACCOUNT}:role/${{function_role.RoleName}}",
        code=specs.code_in_s3("${bucket}", "${function_code.key}"),
        endpoint_name="${endpoint.EndpointName}",
        publish=True,
    )
    named = {**function, "FunctionName": "${function.FunctionName}"}
    return {
        "create_role.function.json": specs.service_role("${name}", services=["lambda"]),
        "create_function.json": function,
        # Its name is known once the function is: so the policy follows it.
        "put_role_policy.function.json": specs.role_policy(
            "${function_role.RoleName}",
            "${name}",
            document=specs.lambda_role_policy(named, region=REGION, account=ACCOUNT, partition=PARTITION),
        ),
        "create_alias.json": specs.function_alias("${function.FunctionName}", "${alias}"),
        "put_provisioned_concurrency_config.json": specs.provisioned_concurrency(
            "${function.FunctionName}",
            qualifier="${function_alias.Name}",
            executions="${provisioned_executions}",  # type: ignore[arg-type]
        ),
    }


RECIPE_DOCUMENTS = {
    recipe.__name__: recipe
    for recipe in (
        digits,
        dog_breeds,
        dog_breeds_loss_hook,
        dog_breeds_built_in,
        dog_breeds_in_production,
        dog_breeds_three_ranges,
    )
}


def files() -> dict[str, str]:
    """{path below job_specs: text} of everything that is written."""
    found: dict[str, str] = {}
    operations: set[str] = set()
    for recipe, documents in RECIPE_DOCUMENTS.items():
        for file, request in documents().items():
            operation = operation_of_file(file)
            operations.add(operation)
            found[f"{recipe}/{file}"] = as_json({"$schema": f"../{SCHEMAS}/{operation}.json", **request})
    for operation in sorted(operations):
        found[f"{SCHEMAS}/{operation}.json"] = as_json(editor_schema(operation))
    found[f"{SCHEMAS}/recipe.json"] = as_json(RECIPE_SCHEMA)
    return found


def as_json(content: object) -> str:
    """JSON as the files hold it."""
    return json.dumps(content, indent=2, ensure_ascii=False) + "\n"


def main(folder: Path = RECIPES) -> None:
    """Write every file."""
    for name, text in files().items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
