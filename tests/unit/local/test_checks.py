from __future__ import annotations

from typing import Any

import pytest

from sm_raw import specs
from sm_raw.local.checks import FOUND_IN_THE_CONTAINER, refuse_rule_errors
from sm_raw.local.protocol import ServiceError
from sm_raw.validation import rule_table

REGISTRY = "763104351884.dkr.ecr.us-east-1.amazonaws.com"


def job(image: str = f"{REGISTRY}/pytorch-training:1.13.1-cpu-py39", **changes: Any) -> Any:
    arguments: dict[str, Any] = {
        "role_arn": "arn:aws:iam::123456789012:role/SageMaker",
        "output_uri": "s3://bucket/output",
        "resources": specs.resources("ml.m5.xlarge"),
    }
    return specs.training_job("job", image_uri=image, **{**arguments, **changes})


def test_what_the_service_refuses_is_refused_with_its_code() -> None:
    with pytest.raises(ServiceError, match="MaxWaitTimeInSeconds: 60 is less than MaxRuntimeInSeconds") as refused:
        refuse_rule_errors("CreateTrainingJob", job(max_runtime_seconds=3600, max_wait_seconds=60))
    assert refused.value.code == "ValidationException"


@pytest.mark.parametrize(
    "request_",
    [
        job(),
        job(f"{REGISTRY}/pytorch-inference:1.13.1-cpu-py39"),
        job(hyperparameters={"sagemaker_program": "train.py"}),
    ],
    ids=["nothing wrong", "an image that cannot train", "a script without its archive"],
)
def test_what_only_the_container_finds_is_taken(request_: Any) -> None:
    refuse_rule_errors("CreateTrainingJob", request_)


def test_every_id_that_is_left_to_the_container_is_that_of_an_error() -> None:
    assert {rule.id for rule in rule_table() if rule.severity == "error"} >= FOUND_IN_THE_CONTAINER
