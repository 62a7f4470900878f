from __future__ import annotations

import datetime
import io
from typing import Any

import pytest
from botocore.model import ServiceModel
from botocore.validate import ParamValidator
from jsonschema import Draft202012Validator

from sm_raw.errors import UnknownOperation
from sm_raw.validation import schemas
from sm_raw.validation.operations import SERVICES, service_model, service_of
from sm_raw.validation.schemas import request_schema

USED = [
    "CreateTrainingJob",
    "CreateHyperParameterTuningJob",
    "CreateModel",
    "CreateEndpointConfig",
    "CreateEndpoint",
    "UpdateEndpoint",
    "CreateProcessingJob",
    "ListTrainingJobsForHyperParameterTuningJob",
    "AddTags",
    "InvokeEndpoint",
    "RegisterScalableTarget",
    "PutScalingPolicy",
    "FilterLogEvents",
    "GetMetricData",
    "CreateFunction",
    "Invoke",
    "PutProvisionedConcurrencyConfig",
    "SimulatePrincipalPolicy",
    "PutObject",
    "CreateBucket",
    "GetCallerIdentity",
]


@pytest.mark.parametrize("operation", USED)
def test_schema_of_each_operation_used_is_a_valid_self_contained_schema(operation: str) -> None:
    schema = request_schema(operation)
    Draft202012Validator.check_schema(schema)
    assert schema["title"] == operation
    assert {name for name in _references(schema) if name not in schema["$defs"]} == set()


def _references(value: Any) -> set[str]:
    if isinstance(value, dict):
        own = {value["$ref"].removeprefix("#/$defs/")} if isinstance(value.get("$ref"), str) else set()
        return own.union(*map(_references, value.values()))
    return set().union(*map(_references, value)) if isinstance(value, list) else set()


@pytest.mark.parametrize("service", [service for service in SERVICES if service != "sagemaker"])
def test_schema_can_be_derived_for_every_operation_of_a_service(service: str) -> None:
    for operation in service_model(service)["operations"]:
        assert request_schema(f"{service}:{operation}")["title"] == operation


def test_small_request_is_derived_whole() -> None:
    assert request_schema("CreateEndpoint") == {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "CreateEndpoint",
        "$comment": "derived from botocore's model of sagemaker, 2017-07-24",
        **request_schema("CreateEndpoint"),
        "required": ["EndpointName", "EndpointConfigName"],
        "additionalProperties": False,
    }
    definitions = request_schema("CreateEndpoint")["$defs"]
    assert definitions["EndpointName"] == {
        "type": "string",
        "minLength": 0,
        "maxLength": 63,
        "pattern": r"^(?:[a-zA-Z0-9](-*[a-zA-Z0-9]){0,62})$(?!\n)",
    }
    assert definitions["TagList"] == {"type": "array", "items": {"$ref": "#/$defs/Tag"}, "minItems": 0, "maxItems": 50}
    assert definitions["Tag"]["required"] == ["Key", "Value"]


def test_schema_of_an_unknown_operation_names_the_nearest() -> None:
    with pytest.raises(UnknownOperation, match="CreateTrainingJob"):
        request_schema("CreateTraningJob")


MODEL = {
    "metadata": {"apiVersion": "2000-01-01"},
    "operations": {"Do": {"input": {"shape": "DoRequest"}}, "Nothing": {}},
    "shapes": {
        "DoRequest": {
            "type": "structure",
            "required": ["Name", "Token"],
            "members": {
                "Name": {"shape": "Name"},
                "Token": {"shape": "Name", "idempotencyToken": True},
                "Tree": {"shape": "Tree"},
                "Choice": {"shape": "Choice"},
                "Map": {"shape": "Map"},
                "Any": {"shape": "Document"},
                "Json": {"shape": "Name", "jsonvalue": True},
                "Body": {"shape": "Blob"},
                "When": {"shape": "When"},
                "Count": {"shape": "Count"},
                "Ratio": {"shape": "Ratio"},
                "Flag": {"shape": "Flag"},
                "Secret": {"shape": "Secret"},
            },
        },
        "Name": {"type": "string", "min": 1, "max": 5, "pattern": r"\p{Greek}"},
        "Tree": {"type": "structure", "members": {"Children": {"shape": "Trees"}}},
        "Trees": {"type": "list", "member": {"shape": "Tree"}, "max": 2},
        "Choice": {"type": "structure", "union": True, "members": {"A": {"shape": "Name"}, "B": {"shape": "Name"}}},
        "Map": {"type": "map", "key": {"shape": "Name"}, "value": {"shape": "Kind"}, "min": 1},
        "Kind": {"type": "string", "enum": ["x", "y"]},
        "Document": {"type": "structure", "members": {}, "document": True},
        "Blob": {"type": "blob", "max": 10},
        "When": {"type": "timestamp"},
        "Count": {"type": "long", "min": 0, "max": 9},
        "Ratio": {"type": "double", "max": 1},
        "Flag": {"type": "boolean"},
        "Secret": {"type": "string", "sensitive": True},
    },
}


@pytest.fixture
def own_model(monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setattr(schemas, "service_model", lambda service: MODEL)
    monkeypatch.setattr(schemas, "service_of", lambda operation: "own")
    request_schema.cache_clear()
    yield
    request_schema.cache_clear()


@pytest.mark.usefixtures("own_model")
def test_each_kind_of_shape_has_its_schema() -> None:
    schema = request_schema("Do")
    assert schema["required"] == ["Name"]  # botocore makes the token
    assert schema["properties"]["Json"] == {}
    assert schema["$defs"] == {
        "Blob": schemas.BLOB,
        "Choice": {
            "type": "object",
            "properties": {"A": {"$ref": "#/$defs/Name"}, "B": {"$ref": "#/$defs/Name"}},
            "additionalProperties": False,
            "minProperties": 1,
            "maxProperties": 1,
        },
        "Count": {"type": "integer", "minimum": 0, "maximum": 9},
        "Document": {},
        "Flag": {"type": "boolean"},
        "Kind": {"type": "string", "enum": ["x", "y"]},
        "Map": {
            "type": "object",
            "propertyNames": {"$ref": "#/$defs/Name"},
            "additionalProperties": {"$ref": "#/$defs/Kind"},
            "minProperties": 1,
        },
        "Name": {"type": "string", "minLength": 1, "maxLength": 5},  # its pattern is none of Python's
        "Ratio": {"type": "number", "maximum": 1},
        "Secret": {"type": "string", "writeOnly": True},
        "Tree": {
            "type": "object",
            "properties": {"Children": {"$ref": "#/$defs/Trees"}},
            "additionalProperties": False,
        },
        "Trees": {"type": "array", "items": {"$ref": "#/$defs/Tree"}, "maxItems": 2},
        "When": schemas.TIMESTAMP,
    }


@pytest.mark.usefixtures("own_model")
def test_operation_without_input_takes_an_empty_object() -> None:
    validator = Draft202012Validator(request_schema("Nothing"))
    assert validator.is_valid({})
    assert not validator.is_valid({"Name": "x"})


@pytest.mark.parametrize(
    ("schema", "good", "bad"),
    [
        (schemas.BLOB, [b"x", "aGk=", io.BytesIO()], [3, None, {}, []]),
        (schemas.TIMESTAMP, [0, 1.5, "2026-01-01T00:00:00Z", datetime.datetime(2026, 1, 1)], [None, True, {}]),
    ],
)
def test_bytes_and_times_are_taken_as_botocore_takes_them(schema: Any, good: list[Any], bad: list[Any]) -> None:
    validator = Draft202012Validator(schema)
    assert [value for value in good if not validator.is_valid(value)] == []
    assert [value for value in bad if validator.is_valid(value)] == []


GOOD = {"EndpointName": "e", "EndpointConfigName": "c", "Tags": [{"Key": "k", "Value": "v"}]}
POLICY = {
    "PolicyName": "p",
    "ServiceNamespace": "sagemaker",
    "ResourceId": "endpoint/e/variant/v",
    "ScalableDimension": "sagemaker:variant:DesiredInstanceCount",
    "PolicyType": "TargetTrackingScaling",
    "TargetTrackingScalingPolicyConfiguration": {"TargetValue": 100.0},
}


@pytest.mark.parametrize(
    ("operation", "request_"),
    [
        ("CreateEndpoint", GOOD),
        ("CreateEndpoint", {"EndpointName": "e"}),
        ("CreateEndpoint", {**GOOD, "EndpointName": 3}),
        ("CreateEndpoint", {**GOOD, "Tags": {}}),
        ("CreateEndpoint", {**GOOD, "Tags": [{"Key": ""}]}),
        ("CreateEndpoint", {**GOOD, "Unknown": 1}),
        ("CreateEndpoint", {**GOOD, "EndpointName": None}),
        ("PutScalingPolicy", POLICY),
        ("PutScalingPolicy", {**POLICY, "TargetTrackingScalingPolicyConfiguration": {}}),
        ("PutScalingPolicy", {**POLICY, "TargetTrackingScalingPolicyConfiguration": {"TargetValue": "100"}}),
        ("RegisterScalableTarget", {**{key: POLICY[key] for key in list(POLICY)[1:4]}, "MinCapacity": 1.5}),
        ("PutObject", {"Bucket": "b", "Key": "k", "Body": b"x", "Metadata": {"a": "b"}}),
        ("PutObject", {"Bucket": "b", "Key": "", "Body": 3, "Metadata": {"a": 1}}),
    ],
)
def test_what_botocore_refuses_is_refused_and_what_it_takes_is_taken(operation: str, request_: dict[str, Any]) -> None:
    shape = ServiceModel(service_model(service_of(operation))).operation_model(operation).input_shape
    by_botocore = not ParamValidator().validate(request_, shape).has_errors()
    assert Draft202012Validator(request_schema(operation)).is_valid(request_) is by_botocore
