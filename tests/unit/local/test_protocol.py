from __future__ import annotations

import json
from typing import Any

import pytest

from sm_raw.local.protocol import ServiceError, operation_model, parse, project, serialise

ROLE = "arn:aws:iam::123456789012:role/R"
JOB: dict[str, Any] = {
    "TrainingJobName": "a",
    "RoleArn": ROLE,
    "OutputDataConfig": {"S3OutputPath": "s3://b"},
}


def refused(operation: str, request: Any) -> str:
    body = request if isinstance(request, bytes) else json.dumps(request).encode()
    with pytest.raises(ServiceError) as raised:
        parse(operation, body)
    return str(raised.value)


@pytest.mark.parametrize(
    ("request_", "message"),
    [
        (b"{", "SerializationException: The request is not valid JSON."),
        (b"\xff", "SerializationException: The request is not valid JSON."),
        (b"[" * 100_000, "SerializationException: The request is not valid JSON."),
        (b'{"MaxResults": NaN}', "SerializationException: The request is not valid JSON."),
        (b'"text"', "SerializationException: The request is not a JSON object."),
        ({"MaxResults": "7"}, "SerializationException: The value at 'maxResults' has the wrong type."),
        ({"MaxResults": 7.0}, "SerializationException: The value at 'maxResults' has the wrong type."),
        ({"MaxResults": True}, "SerializationException: The value at 'maxResults' has the wrong type."),
        ({"CreationTimeAfter": {}}, "SerializationException: The value at 'creationTimeAfter' has the wrong type."),
        ({"CreationTimeAfter": "soon"}, "SerializationException: 'soon' is no time."),
        (
            {"MaxResults": 101},
            "ValidationException: 1 validation error detected: Value '101' at 'maxResults' failed to satisfy "
            "constraint: Member must have value less than or equal to 100",
        ),
        (
            {"SortOrder": "Up", "NameContains": "?"},
            "ValidationException: 2 validation errors detected: "
            "Value '?' at 'nameContains' failed to satisfy constraint: "
            "Member must satisfy regular expression pattern: [a-zA-Z0-9\\-]+; "
            "Value 'Up' at 'sortOrder' failed to satisfy constraint: "
            "Member must satisfy enum value set: [Ascending, Descending]",
        ),
    ],
)
def test_a_list_request_that_is_wrong_is_refused_in_aws_s_words(request_: Any, message: str) -> None:
    assert refused("ListTrainingJobs", request_) == message


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            {"Tags": [{"Key": "k", "Value": "v"}, {"Key": "k2"}]},
            "Value null at 'tags.2.member.value' failed to satisfy",
        ),
        (
            {"HyperParameters": {"k" * 300: "v"}},
            "at 'hyperParameters' failed to satisfy constraint: Map keys must satisfy constraint: "
            "[Member must have length less than or equal to 256]",
        ),
        (
            {"HyperParameters": {"a.b": "v" * 3000}},
            "at 'hyperParameters.a.b' failed to satisfy constraint: Member must have length less than or equal to 2500",
        ),
        ({"OutputDataConfig": {}}, "Value null at 'outputDataConfig.s3OutputPath' failed to satisfy constraint"),
    ],
)
def test_the_place_of_what_is_wrong_is_spelt_as_aws_spells_it(changes: dict[str, Any], message: str) -> None:
    assert message in refused("CreateTrainingJob", {**JOB, **changes})


def test_every_missing_member_is_named_once() -> None:
    told = refused("CreateTrainingJob", {})
    assert told.startswith("ValidationException: 3 validation errors detected: ")
    assert [told.count(f"Value null at '{name}'") for name in ("trainingJobName", "roleArn", "outputDataConfig")] == [
        1,
        1,
        1,
    ]


def test_an_unknown_operation_is_refused() -> None:
    assert refused("CreateNonsense", {}) == "UnknownOperationException: The operation CreateNonsense is not known."


def test_a_request_is_cut_down_to_what_the_model_knows() -> None:
    request = {
        **JOB,
        "FailureReason": "an output, no input",
        "HyperParameters": {"any name": "v"},
        "OutputDataConfig": {"S3OutputPath": "s3://b", "Nonsense": 1, "KmsKeyId": None},
        "StoppingCondition": None,
    }
    assert parse("CreateTrainingJob", json.dumps(request).encode()) == {**JOB, "HyperParameters": {"any name": "v"}}
    assert parse("ListTrainingJobs", b"") == {}


@pytest.mark.parametrize("time", [1767225600, 1767225600.0, "2026-01-01T00:00:00Z", "2026-01-01T01:00:00+01:00"])
def test_times_come_as_seconds_however_a_client_spells_them(time: object) -> None:
    assert parse("ListTrainingJobs", json.dumps({"CreationTimeAfter": time}).encode()) == {
        "CreationTimeAfter": 1767225600.0
    }


def test_an_answer_holds_what_the_output_shape_knows_and_no_nulls() -> None:
    answer = {
        "TrainingJobSummaries": [
            {"TrainingJobName": "a", "CreationTime": 1.5, "RoleArn": ROLE, "TrainingEndTime": None}
        ],
        "Nonsense": 1,
    }
    assert json.loads(serialise("ListTrainingJobs", answer)) == {
        "TrainingJobSummaries": [{"TrainingJobName": "a", "CreationTime": 1.5}]
    }
    assert serialise("StopTrainingJob", {"anything": 1}) == b"{}"


def test_maps_and_lists_are_projected_inside() -> None:
    shape = operation_model("DescribeTrainingJob").output_shape
    assert shape is not None
    value = {"HyperParameters": {"k": "v"}, "SecondaryStatusTransitions": [{"Status": "Training", "Mood": "good"}]}
    assert project(shape, value) == {
        "HyperParameters": {"k": "v"},
        "SecondaryStatusTransitions": [{"Status": "Training"}],
    }
