from __future__ import annotations

import json
from typing import Any

import pytest

from sm_raw.aws.clients import local_clients
from sm_raw.aws.doctor.subject import QuotaNeed
from tests.functional.aws.doctor.conftest import Answer, Lines, Refusal

NAME = "ml.m5.xlarge for training job usage"
APPLIED, DEFAULTS = "list_service_quotas", "list_aws_default_service_quotas"
PAGE = {"ServiceCode": "sagemaker", "MaxResults": 100}


def need(count: int) -> list[QuotaNeed]:
    return [QuotaNeed("sagemaker", NAME, count)]


def listed(operation: str, *values: float) -> Answer:
    quotas = [{"QuotaName": NAME, "QuotaCode": "L-1", "Value": value} for value in values]
    return "service-quotas", operation, PAGE, {"Quotas": quotas}


def refused(operation: str) -> Answer:
    return "service-quotas", operation, PAGE, Refusal("AccessDeniedException")


@pytest.mark.parametrize(
    ("answers", "count", "verdict", "found", "then"),
    [
        ([listed(APPLIED, 4)], 4, "ok", f"{NAME} 4 of 4", ""),
        (
            [listed(APPLIED, 3)],
            4,
            "FAILED",
            "the run needs 4, the account's quota is 3",
            "aws service-quotas request-service-quota-increase --service-code sagemaker --quota-code L-1 "
            "--desired-value 4",
        ),
        ([listed(APPLIED), listed(DEFAULTS, 0)], 1, "FAILED", "AWS's default is 0", "--desired-value 1"),
        ([listed(APPLIED), listed(DEFAULTS)], 1, "warning", "may not be offered", "list-aws-default-service-quotas"),
        ([refused(APPLIED), listed(DEFAULTS, 2)], 1, "ok", f"{NAME} 1 of 2", ""),
        (
            [refused(APPLIED), refused(DEFAULTS)],
            1,
            "not known",
            "ListServiceQuotas of sagemaker: AccessDeniedException",
            '"servicequotas:ListServiceQuotas"',
        ),
    ],
)
def test_quotas(looked_at: Lines, answers: list[Answer], count: int, verdict: str, found: str, then: str) -> None:
    (line,) = looked_at("quotas", answers, needs=need(count))
    assert line.verdict == verdict
    assert found in line.found
    assert then in f"{line.remedy}: {line.command}"


REGISTRY = "763104351884.dkr.ecr.us-east-1.amazonaws.com"
ASKED = {
    "registryId": "763104351884",
    "repositoryName": "pytorch-training",
    "imageIds": [{"imageTag": "2.3-cpu-py311"}],
}
GET = ("ecr", "batch_get_image", ASKED)


def using(image: str = f"{REGISTRY}/pytorch-training:2.3-cpu-py311") -> dict[str, Any]:
    return {"requests": [("CreateTrainingJob", {"AlgorithmSpecification": {"TrainingImage": image}})]}


@pytest.mark.parametrize(
    ("answers", "verdict", "found"),
    [
        ([(*GET, {"images": [{}], "failures": []})], "ok", "pytorch-training:2.3-cpu-py311 exists"),
        ([(*GET, {"images": [], "failures": [{"failureCode": "ImageNotFound"}]})], "FAILED", "(ImageNotFound)"),
        ([(*GET, Refusal("RepositoryNotFoundException"))], "FAILED", "no such repository"),
        ([(*GET, Refusal("AccessDeniedException"))], "not known", "ecr:BatchGetImage is not allowed"),
        ([(*GET, Refusal("ServerException", 500))], "not known", "ServerException"),
    ],
)
def test_images(looked_at: Lines, answers: list[Answer], verdict: str, found: str) -> None:
    (line,) = looked_at("images", answers, **using())
    assert line.verdict == verdict
    assert found in line.found
    assert (verdict == "ok") == (not line.remedy)


def test_the_right_to_look_at_an_image_is_of_its_repository(looked_at: Lines) -> None:
    (line,) = looked_at("images", [(*GET, Refusal("AccessDeniedException"))], **using())
    (statement,) = json.loads(line.command)["Statement"]
    assert statement["Resource"] == "arn:aws:ecr:us-east-1:763104351884:repository/pytorch-training"


@pytest.mark.parametrize(
    ("subject", "verdict", "found"),
    [
        (using(f"{REGISTRY.replace('us-east-1', 'eu-west-1')}/pytorch-training:2.3"), "FAILED", "is in eu-west-1"),
        (using(f"{REGISTRY}/pytorch-training@sha256:{'0' * 64}"), "not known", "without a tag"),
        (using("docker.io/library/python"), "not known", "no image of Amazon ECR"),
        ({}, "not known", "no run to look at"),
    ],
)
def test_images_that_nobody_is_asked_about(looked_at: Lines, subject: Any, verdict: str, found: str) -> None:
    (line,) = looked_at("images", [], **subject)
    assert line.verdict == verdict
    assert found in line.found


@pytest.mark.parametrize(("region", "verdict"), [("us-east-1", "ok"), ("ap-southeast-5", "FAILED")])
def test_debugger_is_where_its_image_is(looked_at: Lines, region: str, verdict: str) -> None:
    request = {"DebugRuleConfigurations": [{"RuleConfigurationName": "LossNotDecreasing"}]}
    clients = local_clients("http://127.0.0.1:9", region)
    (line,) = looked_at("Debugger", [], clients=clients, requests=[("CreateTrainingJob", request)])
    assert line.verdict == verdict
    assert ("ap-southeast-1" in line.remedy) == (verdict == "FAILED")


def test_without_rules_debugger_is_not_spoken_of(looked_at: Lines) -> None:
    assert looked_at("Debugger", [], **using()) == []
