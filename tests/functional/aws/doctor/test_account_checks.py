from __future__ import annotations

from typing import Any

import pytest
from botocore.credentials import Credentials, RefreshableCredentials

from sm_raw.aws.clients import Clients, local_clients
from tests.functional.aws.doctor.conftest import ACCOUNT, DATE, NOON, Answer, Lines, Refusal, caller

LIST = {"MaxResults": 1}
IDENTITY: tuple[str, str, dict[str, Any]] = ("sts", "get_caller_identity", {})
JOBS = ("sagemaker", "list_training_jobs", LIST)


@pytest.mark.parametrize(
    ("check", "answers", "subject", "verdict", "words"),
    [
        ("identity", [caller()], {}, "ok", f"user/ann of account {ACCOUNT}"),
        ("identity", [caller(f"arn:aws:iam::{ACCOUNT}:root")], {}, "warning", "the root user"),
        ("identity", [(*IDENTITY, Refusal("ExpiredToken", 403))], {}, "FAILED", "refused: ExpiredToken"),
        ("identity", [(*IDENTITY, Refusal("SignatureDoesNotMatch", 403))], {}, "FAILED", "refused"),
        ("identity", [(*IDENTITY, Refusal("Throttling"))], {}, "not known", "Throttling"),
        ("endpoint", [(*JOBS, {"TrainingJobSummaries": []})], {}, "ok", "http://127.0.0.1:9 answers"),
        ("endpoint", [(*JOBS, Refusal("AccessDeniedException"))], {}, "ok", "sagemaker:ListTrainingJobs"),
        ("endpoint", [(*JOBS, Refusal("UnrecognizedClientException"))], {}, "FAILED", "does not know the caller"),
        ("endpoint", [(*JOBS, Refusal("OptInRequired"))], {}, "FAILED", "does not know the caller"),
        ("endpoint", [(*JOBS, Refusal("InternalFailure", 500))], {}, "not known", "InternalFailure"),
        ("clock", [caller()], {"clock": lambda: NOON + 59}, "ok", "within 60 s"),
        ("clock", [caller()], {"clock": lambda: NOON + 60}, "warning", "60 s ahead"),
        ("clock", [caller()], {"clock": lambda: NOON - 299}, "warning", "299 s behind"),
        ("clock", [caller()], {"clock": lambda: NOON - 300}, "FAILED", "300 s behind"),
        (
            "clock",
            [(*IDENTITY, Refusal("SignatureDoesNotMatch", 403, {"date": DATE}))],
            {"clock": lambda: NOON + 4000},
            "FAILED",
            "4000 s ahead",
        ),
        ("clock", [(*IDENTITY, Refusal("ExpiredToken", 403))], {}, "not known", "no answer has told the time"),
    ],
)
def test_each_verdict(
    looked_at: Lines, check: str, answers: list[Answer], subject: dict[str, Any], verdict: str, words: str
) -> None:
    (line,) = looked_at(check, answers, **subject)
    assert (line.check, line.verdict) == (check, verdict)
    assert words in line.found
    assert (verdict == "FAILED") <= bool(line.remedy)


def test_an_endpoint_that_nobody_answers_at_fails(looked_at: Lines) -> None:
    (line,) = looked_at("endpoint", [])
    assert line.verdict == "FAILED"
    assert "HTTPS_PROXY" in line.remedy


@pytest.mark.parametrize(
    ("region", "verdict", "words"),
    [
        ("eu-west-1", "ok", "SageMaker is in eu-west-1"),
        ("cn-north-1", "ok", "SageMaker is in cn-north-1"),
        ("us-esat-1", "warning", "knows no SageMaker in 'us-esat-1'"),
    ],
)
def test_a_region_is_one_that_botocore_knows(looked_at: Lines, region: str, verdict: str, words: str) -> None:
    (line,) = looked_at("region", [], clients=local_clients("http://127.0.0.1:9", region))
    assert line.verdict == verdict
    assert words in line.found


def test_a_misspelt_region_is_told_its_nearest(looked_at: Lines) -> None:
    (line,) = looked_at("region", [], clients=local_clients("http://127.0.0.1:9", "us-esat-1"))
    assert "us-east-1" in line.remedy
    assert line.command == "pip install --upgrade boto3"


def with_credentials(credentials: Credentials | None) -> Clients:
    return Clients(lambda service: None, region="us-east-1", credentials=credentials)  # type: ignore[arg-type, return-value]


class Ending(RefreshableCredentials):
    """Credentials that end in so many seconds."""

    def __init__(self, seconds: float, method: str) -> None:
        self.seconds, self.method = seconds, method

    def refresh_needed(self, refresh_in: float | None = None) -> bool:
        return self.seconds < (refresh_in or 0)


@pytest.mark.parametrize(
    ("credentials", "verdict", "words"),
    [
        (Credentials("a", "b", method="env"), "ok", "keys in the environment"),
        (Credentials("a", "b", method="shared-credentials-file"), "ok", "credentials file"),
        (Credentials("a", "b", "token", method="env"), "warning", "temporary"),
        (Ending(3599, "env"), "warning", "end within the hour"),
        (Ending(3601, "env"), "ok", "last for an hour"),
        (Ending(1, "sso"), "warning", "aws sso login"),
        (Ending(1, "iam-role"), "ok", "the role of this machine"),
        (Credentials("a", "b", method="of-tomorrow"), "ok", "of-tomorrow"),
    ],
)
def test_credentials_are_told_by_kind_and_end(
    looked_at: Lines, credentials: Credentials, verdict: str, words: str
) -> None:
    (line,) = looked_at("configuration", [], clients=with_credentials(credentials))
    assert line.verdict == verdict
    assert words in line.found
    assert line.found.startswith("region us-east-1, credentials:")


def test_the_engines_clients_use_keys_given_to_the_program(looked_at: Lines) -> None:
    (line,) = looked_at("configuration", [])
    assert line.found == "region us-east-1 at http://127.0.0.1:9, credentials: keys given to this program"
