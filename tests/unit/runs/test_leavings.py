from __future__ import annotations

from typing import Any

import pytest

from sm_raw.aws.removals import KINDS
from sm_raw.aws.resources import Resource
from sm_raw.runs.leavings import LOGS, OBJECTS, leavings_of

OUTPUT = {"OutputDataConfig": {"S3OutputPath": "s3://b/out/"}}
CASES: list[tuple[str, dict[str, Any], list[Resource]]] = [
    (
        "CreateTrainingJob",
        {
            "TrainingJobName": "t",
            **OUTPUT,
            "DebugHookConfig": {"S3OutputPath": "s3://b/out"},
            "ProfilerConfig": {"S3OutputPath": "s3://b/profile"},
        },
        [
            Resource("log streams", "t/", "/aws/sagemaker/TrainingJobs"),
            Resource("objects", "s3://b/out/t/"),
            Resource("objects", "s3://b/profile/t/"),
        ],
    ),
    (
        "CreateHyperParameterTuningJob",
        {"HyperParameterTuningJobName": "h", "TrainingJobDefinitions": [OUTPUT, OUTPUT]},
        [Resource("log streams", "h-", "/aws/sagemaker/TrainingJobs"), Resource("objects", "s3://b/out/h-")],
    ),
    ("CreateEndpoint", {"EndpointName": "e"}, [Resource("log group", "/aws/sagemaker/Endpoints/e")]),
    ("CreateFunction", {"FunctionName": "f"}, [Resource("log group", "/aws/lambda/f")]),
    ("CreateModel", {"ModelName": "m"}, []),
]


@pytest.mark.parametrize(("operation", "request_", "expected"), CASES)
def test_what_stays(operation: str, request_: dict[str, Any], expected: list[Resource]) -> None:
    assert leavings_of(operation, request_) == expected


def test_what_is_asked_for_are_kinds_that_can_be_removed() -> None:
    assert set(KINDS) >= OBJECTS | LOGS
