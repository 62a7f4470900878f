from __future__ import annotations

from typing import Any

import pytest

from sm_raw.validation.rules import functions
from sm_raw.validation.rules.base import Rule

S3_CODE = {"S3Bucket": "bucket", "S3Key": "code/function.zip"}


def found(rule: type[Rule], request: Any, operation: str = "CreateFunction") -> list[tuple[str, str]]:
    return [(each.path, each.message) for each in rule(operation).check(request)]


RUNTIME_MISSING = ("Runtime", "missing; a .zip archive needs it: give one such as 'python3.13'")
HANDLER_MISSING = ("Handler", "missing; a .zip archive needs it: give one such as 'lambda_handler.handler'")


@pytest.mark.parametrize(
    ("request_", "findings"),
    [
        ({"Code": S3_CODE, "Runtime": "python3.13", "Handler": "a.b"}, []),
        ({"Code": {"ImageUri": "image"}}, []),
        ({"Code": S3_CODE, "PackageType": "Image"}, []),
        ({"Code": "${code}"}, []),
        ({"Code": S3_CODE, "PackageType": "${kind}"}, []),
        ({"Code": S3_CODE}, [RUNTIME_MISSING, HANDLER_MISSING]),
        ({"Code": S3_CODE, "PackageType": "Zip", "Runtime": "${runtime}"}, [HANDLER_MISSING]),
    ],
)
def test_an_archive_has_runtime_and_handler(request_: dict[str, Any], findings: list[tuple[str, str]]) -> None:
    assert found(functions.ArchiveHasRuntimeAndHandler, request_) == findings


FOREIGN = "given for a container image, which brings its own; remove it"


@pytest.mark.parametrize(
    ("request_", "findings"),
    [
        ({"Code": {"ImageUri": "image"}, "ImageConfig": {"Command": ["app.handler"]}}, []),
        ({"Code": S3_CODE, "Runtime": "python3.13"}, []),
        ({"Code": {"ImageUri": "image"}, "Runtime": "python3.13"}, [("Runtime", FOREIGN)]),
        (
            {"Code": {"ImageUri": "image"}, "Handler": "a.b", "Layers": ["arn"]},
            [("Handler", FOREIGN), ("Layers", FOREIGN)],
        ),
    ],
)
def test_an_image_has_no_runtime(request_: dict[str, Any], findings: list[tuple[str, str]]) -> None:
    assert found(functions.ImageHasNoRuntime, request_) == findings


@pytest.mark.parametrize(
    ("runtime", "handler", "is_bad"),
    [
        ("python3.13", "lambda_handler.handler", False),
        ("python3.13", "package/module.handler", False),
        ("nodejs22.x", "index.handler", False),
        ("java21", "example.Handler::handleRequest", False),
        ("provided.al2023", "bootstrap", False),
        ("${runtime}", "handler", False),
        ("python3.13", "${handler}", False),
        ("python3.13", "handler", True),
        ("nodejs22.x", "src/index", True),
        ("python3.13", "lambda_handler.", True),
    ],
)
def test_a_handler_names_a_function(runtime: str, handler: str, is_bad: bool) -> None:
    message = f"{handler!r} names no function; write FILE.FUNCTION, as in lambda_handler.handler"
    expected = [("Handler", message)] if is_bad else []
    assert found(functions.HandlerNamesAFunction, {"Runtime": runtime, "Handler": handler}) == expected


@pytest.mark.parametrize(
    ("code", "findings"),
    [
        (S3_CODE, []),
        ({"ZipFile": b"PK"}, []),
        ({"ImageUri": "image"}, []),
        ("${code}", []),
        ({**S3_CODE, "ZipFile": b"PK"}, [("Code", "has S3Bucket and ZipFile; keep one of them")]),
        ({}, [("Code", "names no code; give S3Bucket and S3Key, ZipFile or ImageUri")]),
        ({"S3Bucket": "bucket"}, [("Code.S3Key", "missing; S3Bucket needs it")]),
        ({"S3Key": "a.zip"}, [("Code.S3Bucket", "missing; S3Key needs it")]),
    ],
)
def test_code_has_one_source(code: object, findings: list[tuple[str, str]]) -> None:
    assert found(functions.OneSourceOfCode, {"Code": code}) == findings


@pytest.mark.parametrize(
    ("key", "is_bad"),
    [
        ("a.zip", False),
        ("a.JAR", False),
        ("code/3f2a", False),
        ("${key}", False),
        ("sourcedir.tar.gz", True),
        ("lambda_handler.py", True),
        ("code/", True),
    ],
)
def test_an_archive_is_a_zip(key: str, is_bad: bool) -> None:
    message = f"{key!r} looks like no .zip archive, which Lambda takes alone; pack one"
    expected = [("Code.S3Key", message)] if is_bad else []
    assert found(functions.ArchiveIsZip, {"Code": {"S3Bucket": "bucket", "S3Key": key}}) == expected


def variables(**given: object) -> dict[str, object]:
    return {"Environment": {"Variables": given}}


@pytest.mark.parametrize(
    ("request_", "findings"),
    [
        (variables(ENDPOINT_NAME="dogs", AWS_LAMBDA_EXEC_WRAPPER="/opt/wrap"), []),
        ({"Environment": "${environment}"}, []),
        (
            variables(AWS_REGION="us-east-1"),
            [("Environment.Variables.AWS_REGION", "is set by Lambda itself and refused here; remove or rename it")],
        ),
    ],
)
def test_no_variable_is_reserved(request_: dict[str, Any], findings: list[tuple[str, str]]) -> None:
    assert found(functions.NoReservedVariables, request_) == findings


@pytest.mark.parametrize(
    ("request_", "findings"),
    [
        (variables(A="x" * 4095), []),
        (variables(A="${long}"), []),
        (variables(A=7), []),
        (
            variables(A="é" * 2048),
            [
                (
                    "Environment.Variables",
                    "take 4097 bytes, more than 4096; put what is long into S3 or a parameter",
                )
            ],
        ),
    ],
)
def test_variables_fit(request_: dict[str, Any], findings: list[tuple[str, str]]) -> None:
    assert found(functions.VariablesFit, request_) == findings


@pytest.mark.parametrize(
    ("rule", "request_", "findings"),
    [
        (functions.TimeoutWithinQuota, {"Timeout": 900}, []),
        (functions.TimeoutWithinQuota, {"Timeout": "${timeout}"}, []),
        (functions.TimeoutWithinQuota, {"Timeout": 5400, "CapacityProviderConfig": {}}, []),
        (
            functions.TimeoutWithinQuota,
            {"Timeout": 901},
            [("Timeout", "901 is more than 900; give 900 or less")],
        ),
        (functions.TimeoutLeavesTimeForTheModel, {**variables(ENDPOINT_NAME="dogs"), "Timeout": 3}, []),
        (functions.TimeoutLeavesTimeForTheModel, variables(OTHER="dogs"), []),
        (
            functions.TimeoutLeavesTimeForTheModel,
            variables(ENDPOINT_NAME="dogs"),
            [("Timeout", "missing, so 3 seconds; a model may take 60 to answer: give 70")],
        ),
    ],
)
def test_timeouts(rule: type[Rule], request_: dict[str, Any], findings: list[tuple[str, str]]) -> None:
    assert found(rule, request_) == findings
