"""What the builders return, with everything given, against botocore's own validator and bundled models."""

from __future__ import annotations

import json

import pytest
from botocore.session import Session
from botocore.validate import ParamValidator

from sm_raw.specs import (
    categorical_range,
    channel,
    collection,
    continuous_range,
    debug_rule,
    debugger_rules_image,
    endpoint,
    endpoint_config,
    hook_config,
    integer_range,
    model,
    production_variant,
    profiler_config,
    profiler_report,
    profiler_rule,
    pytorch_image,
    resources,
    scalable_target,
    scaling_policy,
    script_mode,
    serverless_variant,
    serving_script,
    training_definition,
    training_job,
    tuning_job,
    variant_resource_id,
    vpc_config,
)

REGION = "us-east-1"
TRAINING_IMAGE = pytorch_image(REGION, version="1.13.1", python="py39", instance_type="ml.m5.large")
RULES_IMAGE = debugger_rules_image(REGION)
RULES = [debug_rule("VanishingGradient", image_uri=RULES_IMAGE, parameters={"threshold": 1e-7})]
COMMON = {
    "image_uri": TRAINING_IMAGE,
    "role_arn": "arn:aws:iam::111122223333:role/training",
    "output_uri": "s3://bucket/out",
    "resources": resources("ml.m5.large"),
    "channels": [channel("train", "s3://bucket/train/", input_mode="FastFile", content_type="image/png")],
    "hyperparameters": script_mode(
        "train.py",
        submit_directory="s3://bucket/code.tar.gz",
        hyperparameters={"epochs": 3, "layers": [1, 2], "pretrained": True},
        region=REGION,
        job_name="digits",
    ),
    "metrics": {"valid:loss": "valid:loss=([0-9.eE+-]+);"},
    "max_runtime_seconds": 3600,
    "max_wait_seconds": 7200,
    "checkpoint_uri": "s3://bucket/checkpoints",
    "environment": {"WANDB_MODE": "offline"},
    "vpc": vpc_config(subnets=["subnet-0a"], security_group_ids=["sg-01"]),
}
TAGS = {"project": "digits"}
VARIANT = variant_resource_id("digits")

REQUESTS = {
    "CreateTrainingJob": training_job(
        "digits",
        **COMMON,
        debug_hook=hook_config(
            "s3://bucket/out",
            rules=RULES,
            collections=[collection("losses", {"train.save_interval": 10})],
            parameters={"save_interval": 100},
        ),
        debug_rules=RULES,
        profiler=profiler_config("s3://bucket/out", interval_milliseconds=500),
        profiler_rules=[
            profiler_report(image_uri=RULES_IMAGE),
            profiler_rule("StepOutlier", image_uri=RULES_IMAGE, parameters={"stddev": 3}),
        ],
        tags=TAGS,
    ),
    "CreateHyperParameterTuningJob": tuning_job(
        "digits-tune",
        training=training_definition(**COMMON),
        ranges=[
            continuous_range("lr", 1e-4, 0.1, scaling="Logarithmic"),
            integer_range("epochs", 1, 10),
            categorical_range("batch-size", [32, 64]),
        ],
        objective_metric="valid:loss",
        objective_type="Minimize",
        max_jobs=4,
        max_parallel_jobs=2,
        early_stopping=True,
        random_seed=1,
        tags=TAGS,
    ),
    "CreateModel": model(
        "digits",
        image_uri=pytorch_image(
            REGION, version="1.13.1", python="py39", instance_type="ml.m5.large", purpose="inference"
        ),
        role_arn="arn:aws:iam::111122223333:role/serving",
        model_data_uri="s3://bucket/model.tar.gz",
        environment=serving_script(region=REGION),
        vpc=COMMON["vpc"],
        tags=TAGS,
    ),
    "CreateEndpointConfig": endpoint_config(
        "digits",
        variants=[
            production_variant("digits", instance_type="ml.m5.large", weight=0.5),
            serverless_variant("digits", memory_mb=2048, max_concurrency=5, name="serverless", weight=0.5),
        ],
        tags=TAGS,
    ),
    "CreateEndpoint": endpoint("digits", config_name="digits-1", tags=TAGS),
    "RegisterScalableTarget": scalable_target(VARIANT, min_capacity=1, max_capacity=3, tags=TAGS),
    "PutScalingPolicy": scaling_policy(
        "digits-invocations",
        resource_id=VARIANT,
        target_value=70.0,
        scale_out_cooldown_seconds=30,
        scale_in_cooldown_seconds=120,
    ),
}


@pytest.fixture(scope="module")
def operations():
    """Operation name to its input shape, from the models that botocore brings."""
    services = [Session().get_service_model(name) for name in ("sagemaker", "application-autoscaling")]
    return {name: service.operation_model(name) for service in services for name in service.operation_names}


@pytest.mark.parametrize("operation", REQUESTS)
def test_botocore_accepts_the_request(operation, operations):
    report = ParamValidator().validate(REQUESTS[operation], operations[operation].input_shape)
    assert report.generate_report() == ""


@pytest.mark.parametrize("operation", REQUESTS)
def test_the_request_is_plain_json(operation):
    assert json.loads(json.dumps(REQUESTS[operation])) == REQUESTS[operation]
