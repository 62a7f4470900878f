from __future__ import annotations

from decimal import Decimal
from typing import Any

import botocore
import pytest

from sm_raw.validation.findings import Finding
from sm_raw.validation.schema_findings import REPORTS, SUMMARIES, schema_findings
from sm_raw.validation.schemas import request_schema

VERSION = botocore.__version__
NAME = "[a-zA-Z0-9](-*[a-zA-Z0-9]){0,62}"
ENDPOINT = {"EndpointName": "e", "EndpointConfigName": "c"}
TARGET = {
    "ServiceNamespace": "sagemaker",
    "ResourceId": "endpoint/e/variant/v",
    "ScalableDimension": "sagemaker:variant:DesiredInstanceCount",
}
MODEL = {"ModelName": "m", "PrimaryContainer": {"Image": "123456789012.dkr.ecr.eu-west-1.amazonaws.com/i:1"}}
VARIANT = {"VariantName": "v", "ModelName": "m", "InitialInstanceCount": 1}


def config(**variant: Any) -> dict[str, Any]:
    return {"EndpointConfigName": "c", "ProductionVariants": [{**VARIANT, **variant}]}


def found(operation: str, request: Any) -> list[tuple[str, str, str]]:
    return [(each.id, each.path, each.message) for each in schema_findings(operation, request)]


@pytest.mark.parametrize(
    ("operation", "request_", "findings"),
    [
        ("CreateEndpoint", ENDPOINT, []),
        (
            "CreateEndpoint",
            {"EndpointName": "e"},
            [("E001", "EndpointConfigName", f"missing; give text that matches {NAME}")],
        ),
        ("CreateEndpoint", [], [("E002", "", "[] is a list; give an object with EndpointName and EndpointConfigName")]),
        (
            "CreateEndpoint",
            {**ENDPOINT, "EndpointName": 7},
            [("E002", "EndpointName", '7 is a number; give text, such as "7"')],
        ),
        (
            "CreateEndpoint",
            {**ENDPOINT, "EndpointName": None},
            [("E002", "EndpointName", f"null; give text that matches {NAME}")],
        ),
        (
            "CreateModel",
            {**MODEL, "EnableNetworkIsolation": "true"},
            [("E002", "EnableNetworkIsolation", "'true' is text; give true, without quotes")],
        ),
        (
            "RegisterScalableTarget",
            {**TARGET, "MinCapacity": "1"},
            [("E002", "MinCapacity", "'1' is text; give 1, without quotes")],
        ),
        (
            "RegisterScalableTarget",
            {**TARGET, "MinCapacity": 1.0},
            [("E002", "MinCapacity", "1.0 is a number; give a whole number")],
        ),
        (
            "CreateModel",
            {**MODEL, "PrimaryContainer": {"Mode": "SingelModel"}},
            [
                (
                    "E003",
                    "PrimaryContainer.Mode",
                    "'SingelModel' is not SingleModel or MultiModel; did you mean 'SingleModel'?",
                )
            ],
        ),
        (
            "CreateEndpoint",
            {**ENDPOINT, "EndpointName": "my endpoint!"},
            [("E004", "EndpointName", f"'my endpoint!' does not match {NAME}; 'my-endpoint' would")],
        ),
        (
            "CreateEndpoint",
            {**ENDPOINT, "EndpointName": "!"},
            [("E004", "EndpointName", f"'!' does not match {NAME}")],
        ),
        (
            "CreateEndpoint",
            {**ENDPOINT, "EndpointName": "x" * 64},
            [("E005", "EndpointName", f"'{'x' * 64}' has 64 characters; give 0 to 63")],
        ),
        (
            "CreateEndpoint",
            {**ENDPOINT, "Tags": [{"Key": "", "Value": "v"}]},
            [("E005", "Tags[0].Key", "'' has 0 characters; give 1 to 128")],
        ),
        (
            "CreateEndpointConfig",
            config(InitialInstanceCount=0),
            [("E006", "ProductionVariants[0].InitialInstanceCount", "0 is less than 1; give 1 or more")],
        ),
        (
            "CreateEndpointConfig",
            {"EndpointConfigName": "c", "ProductionVariants": []},
            [("E007", "ProductionVariants", "0 items; give 1 to 10")],
        ),
        (
            "CreateModel",
            {**MODEL, "PrimaryContainer": {"Environment": {"BAD KEY": "v"}}},
            [
                (
                    "E004",
                    'PrimaryContainer.Environment["BAD KEY"]',
                    "the key 'BAD KEY' does not match [a-zA-Z_][a-zA-Z0-9_]*",
                )
            ],
        ),
        (
            "CreateModel",
            {**MODEL, "PrimaryContainer": {"Environment": {f"K{number}": "v" for number in range(101)}}},
            [("E007", "PrimaryContainer.Environment", "101 entries; give 0 to 100")],
        ),
        (
            "CreateEndpoint",
            {**ENDPOINT, "endpointname": "e"},
            [
                (
                    "E008",
                    "endpointname",
                    f"botocore {VERSION} knows no such field of CreateEndpoint; did you mean 'EndpointName'?",
                )
            ],
        ),
        (
            "CreateModel",
            {**MODEL, "ModelDataUrl": "s3://b/model.tar.gz"},
            [
                (
                    "E008",
                    "ModelDataUrl",
                    f"botocore {VERSION} knows no such field of CreateModel;"
                    " it is known as PrimaryContainer.ModelDataUrl",
                )
            ],
        ),
        (
            "CreateEndpoint",
            {**ENDPOINT, "Tags": [{"Key": "k", "Value": "v", "Zzz": 1}]},
            [("E008", "Tags[0].Zzz", f"botocore {VERSION} knows no such field of Tags[0]; give Key or Value")],
        ),
    ],
)
def test_failure_is_told_with_value_accepted_form_and_next_step(
    operation: str, request_: Any, findings: list[tuple[str, str, str]]
) -> None:
    assert found(operation, request_) == findings


@pytest.mark.parametrize(
    ("window", "message"),
    [
        ({"SlidingWindow": {}}, None),
        ({}, "no member is given; give exactly one of WallClockWindow or SlidingWindow"),
        (
            {"SlidingWindow": {}, "WallClockWindow": {}},
            "SlidingWindow and WallClockWindow are given; give exactly one of WallClockWindow or SlidingWindow",
        ),
    ],
)
def test_union_wants_exactly_one_member(window: dict[str, Any], message: str | None) -> None:
    findings = found("PutMetricAlarm", {"AlarmName": "a", "EvaluationPeriods": 1, "EvaluationWindow": window})
    expected = [("E009", "EvaluationWindow", message)] if message else []
    assert [each for each in findings if each[0] == "E009"] == expected


def test_several_failures_are_all_found() -> None:
    request = {"EndpointName": 1, "Tags": [{"Key": "k"}], "Extra": 1}
    ids = {(finding_id, path) for finding_id, path, _ in found("CreateEndpoint", request)}
    assert ids == {
        ("E001", "EndpointConfigName"),
        ("E002", "EndpointName"),
        ("E001", "Tags[0].Value"),
        ("E008", "Extra"),
    }


@pytest.mark.parametrize(
    "request_",
    [
        {**ENDPOINT, "EndpointName": "${prefix}-endpoint of ${owner}"},
        {**ENDPOINT, "EndpointName": "x" * 80 + "${suffix}"},
        {**ENDPOINT, "Tags": "${tags}"},
        {**ENDPOINT, "Tags": ["${tag}"]},
        {**ENDPOINT, "DeploymentConfig": "${update.DeploymentConfig}"},
        {**ENDPOINT, "${field}": 1},
    ],
)
def test_placeholders_are_opaque(request_: dict[str, Any]) -> None:
    assert found("CreateEndpoint", request_) == []


def test_placeholder_hides_nothing_beside_it() -> None:
    request = {"EndpointName": "${name}", "EndpointConfigName": "not good"}
    assert [path for _, path, _ in found("CreateEndpoint", request)] == ["EndpointConfigName"]


@pytest.mark.parametrize(
    ("instance_type", "finding_id"),
    [
        ("ml.m5.large", None),
        ("ml.m5.96xlarge", "W003"),
        ("ml.nope.large", "E003"),
        ("ml.m5.huge", "E003"),
        ("m5.large", "E003"),
    ],
)
def test_unknown_instance_type_is_an_error_unless_it_may_be_newer(instance_type: str, finding_id: str | None) -> None:
    findings = list(schema_findings("CreateEndpointConfig", config(InstanceType=instance_type)))
    assert [each.id for each in findings] == ([finding_id] if finding_id else [])


def test_message_about_an_instance_type_names_botocore_and_the_nearest() -> None:
    count = len(request_schema("CreateEndpointConfig")["$defs"]["ProductionVariantInstanceType"]["enum"])
    assert list(schema_findings("CreateEndpointConfig", config(InstanceType="m5.large"))) == [
        Finding(
            "E003",
            "error",
            "CreateEndpointConfig",
            "ProductionVariants[0].InstanceType",
            f"'m5.large' is not one of the {count} that botocore {VERSION} knows; the nearest: ml.m5.large",
        )
    ]


def test_sensitive_values_are_not_shown() -> None:
    request = {"FunctionName": "f", "Environment": {"Variables": {"TOKEN": ["hunter2"]}}}
    (finding,) = schema_findings("UpdateFunctionConfiguration", request)
    assert finding.message == "the value (sensitive, not shown) is a list; give text"


def test_values_of_python_are_taken_as_botocore_takes_them() -> None:
    request = {
        "PolicyName": "p",
        **TARGET,
        "TargetTrackingScalingPolicyConfiguration": {"TargetValue": Decimal("70")},
    }
    assert found("PutScalingPolicy", request) == []
    assert found("CreateEndpoint", {**ENDPOINT, "Tags": ({"Key": "k", "Value": "v"},)}) == []


def test_every_keyword_of_a_derived_schema_has_its_words() -> None:
    silent = {"$ref", "properties", "items", "propertyNames", "writeOnly"}
    definitions = request_schema("CreateTrainingJob")["$defs"].values()
    keywords = {keyword for schema in definitions for keyword in schema}
    assert keywords - silent - set(REPORTS) == set()
    assert all(len(finding_id) == 4 and summary.endswith(".") for finding_id, summary in SUMMARIES.items())


NEWER = {("CreateEndpointInput", "Region"): "9.9.1", ("ProductionVariantRoutingConfig", "Weight"): "9.9.2"}
NEWER_VALUES = {("RoutingStrategy", "NEAREST"): "9.9.3", ("ProductionVariantInstanceType", "ml.zz9.large"): "9.9.4"}


@pytest.mark.parametrize(
    ("operation", "request_", "finding"),
    [
        (
            "CreateEndpoint",
            {**ENDPOINT, "Region": "eu-west-1"},
            (
                "W008",
                "Region",
                f"botocore {VERSION} does not know this field yet; botocore 9.9.1 does: update boto3 to send it",
            ),
        ),
        (
            "CreateEndpointConfig",
            config(InstanceType="ml.m5.large", RoutingConfig={"RoutingStrategy": "RANDOM", "Weight": 1}),
            (
                "W008",
                "ProductionVariants[0].RoutingConfig.Weight",
                f"botocore {VERSION} does not know this field yet; botocore 9.9.2 does: update boto3 to send it",
            ),
        ),
        (
            "CreateEndpointConfig",
            config(InstanceType="ml.m5.large", RoutingConfig={"RoutingStrategy": "NEAREST"}),
            (
                "W003",
                "ProductionVariants[0].RoutingConfig.RoutingStrategy",
                f"'NEAREST' is not one of the {{strategies}} that botocore {VERSION} knows; botocore 9.9.3 does, "
                "so it is only newer, and can be sent",
            ),
        ),
        (
            "CreateEndpointConfig",
            config(InstanceType="ml.zz9.large"),
            (
                "W003",
                "ProductionVariants[0].InstanceType",
                f"'ml.zz9.large' is not one of the {{types}} that botocore {VERSION} knows; botocore 9.9.4 does, "
                "so it is only newer, and can be sent",
            ),
        ),
    ],
)
def test_what_a_newer_botocore_knows_is_a_warning_that_names_it(
    operation: str, request_: Any, finding: tuple[str, str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def known_since(service: str, shape: str, *, member: str = "", value: str = "") -> str | None:
        return NEWER.get((shape, member)) or NEWER_VALUES.get((shape, value))

    monkeypatch.setattr("sm_raw.validation.schema_findings.known_since", known_since)
    definitions = request_schema("CreateEndpointConfig")["$defs"]
    counts = {
        "strategies": len(definitions["RoutingStrategy"]["enum"]),
        "types": len(definitions["ProductionVariantInstanceType"]["enum"]),
    }
    found_id, path, message = finding
    assert found(operation, request_) == [(found_id, path, message.format(**counts))]
