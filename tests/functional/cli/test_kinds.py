from __future__ import annotations

import argparse
from typing import Any

import pytest
from botocore.exceptions import ClientError

from sm_raw.aws.job_kinds import ENDPOINT, TRAINING
from sm_raw.aws.logs.sources import FUNCTION
from sm_raw.cli.kinds import kind_label, kind_of
from sm_raw.errors import UnknownName


class Cloud:
    """Clients of an account that has jobs and functions of these names; ``denied``: whether Lambda may be asked."""

    region = "us-east-1"

    def __init__(self, *, training: str = "", function: str = "", denied: bool = False) -> None:
        self._training, self._function, self._denied = training, function, denied
        self.asked: list[str] = []

    @property
    def sagemaker(self) -> Any:
        return self

    @property
    def awslambda(self) -> Any:
        return self

    def _missing(self, **request: str) -> dict[str, Any]:
        raise ClientError({"Error": {"Code": "ValidationException", "Message": "Could not find it."}}, "Describe")

    describe_hyper_parameter_tuning_job = describe_processing_job = _missing
    describe_transform_job = describe_endpoint = _missing

    def describe_training_job(self, **request: str) -> dict[str, Any]:
        if request["TrainingJobName"] != self._training:
            self._missing()
        return {"TrainingJobStatus": "Completed"}

    def get_function_configuration(self, **request: str) -> dict[str, Any]:
        self.asked.append("GetFunctionConfiguration")
        if self._denied or request["FunctionName"] != self._function:
            code = "AccessDeniedException" if self._denied else "ResourceNotFoundException"
            raise ClientError({"Error": {"Code": code, "Message": "no"}}, "GetFunctionConfiguration")
        return {"FunctionName": self._function}


def kind(cloud: Any, name: str, given: str | None = None) -> Any:
    return kind_of(cloud, argparse.Namespace(name=name, kind=given))


def test_a_function_is_meant_only_where_no_job_has_the_name() -> None:
    cloud = Cloud(training="mine", function="mine")
    assert kind(cloud, "mine") is TRAINING
    assert cloud.asked == []
    assert kind(Cloud(function="mine"), "mine") == FUNCTION


def test_who_says_the_kind_is_believed_and_nobody_is_asked() -> None:
    cloud = Cloud()
    assert kind(cloud, "mine", "endpoint") is ENDPOINT
    assert kind(cloud, "mine", "function") == FUNCTION
    assert cloud.asked == []


def test_where_nothing_has_the_name_it_is_told_what_was_looked_for() -> None:
    with pytest.raises(UnknownName, match=r"nothing in us-east-1 is named 'mine'.*and for a function$") as unknown:
        kind(Cloud(), "mine")
    assert unknown.value.name == "mine"


def test_where_functions_must_not_be_asked_for_that_is_told() -> None:
    with pytest.raises(UnknownName, match=r"(?s)for a function\n  not known, .*AccessDeniedException"):
        kind(Cloud(denied=True), "mine")


def test_kinds_have_names_for_people() -> None:
    assert [kind_label(each) for each in (TRAINING, FUNCTION)] == ["training job", "function"]
