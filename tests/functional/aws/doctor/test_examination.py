"""All checks together: one that is refused or not answered hides none of the others."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError

from sm_raw.aws.clients import Clients
from sm_raw.aws.doctor import CHECKS, Subject, examine
from sm_raw.aws.doctor.lines import Findings, ok
from sm_raw.aws.doctor.subject import QuotaNeed
from sm_raw.errors import NotConfigured

ROLE = "arn:aws:iam::123456789012:role/Trainer"
IMAGE = "763104351884.dkr.ecr.us-east-1.amazonaws.com/pytorch-inference:2.3-cpu-py311"
MODEL = {"ModelName": "m", "ExecutionRoleArn": ROLE, "PrimaryContainer": {"Image": IMAGE}}


class Refusing:
    """A client of any service that answers everything with one error."""

    def __init__(self, error: Exception) -> None:
        self.error = error
        self.meta = type("Meta", (), {"endpoint_url": "https://service"})
        self.asked: list[str] = []

    def __getattr__(self, name: str) -> Any:
        def refuse(**request: Any) -> None:
            self.asked.append(name)
            raise self.error

        return refuse


def subject(client: Any) -> Subject:
    return Subject(
        Clients(lambda service: client, region="us-east-1"),
        bucket="data",
        role_arn=ROLE,
        requests=[("CreateModel", MODEL)],
        needs=[QuotaNeed("sagemaker", "q", 1)],
        sleep=lambda _: None,
    )


def denied(operation: str = "Any") -> ClientError:
    return ClientError({"Error": {"Code": "AccessDenied", "Message": "no"}}, operation)


@pytest.mark.parametrize("error", [denied(), EndpointConnectionError(endpoint_url="https://service")])
def test_whatever_befalls_them_each_check_says_something(error: Exception) -> None:
    lines = list(examine(subject(Refusing(error))))
    told = {line.check for line in lines}
    # These two speak of runs that have rules, or make roles.
    assert set(CHECKS) - told == {"Debugger", "made roles"}
    verdicts = {line.check: line.verdict for line in lines}
    assert verdicts["region"] == "ok"
    assert verdicts["role's rights"] == "not known"


def test_who_may_ask_nothing_is_told_what_to_add() -> None:
    lines = {line.check: line for line in examine(subject(Refusing(denied())))}
    assert '"s3:GetBucketPolicy"' in lines["bucket policy"].command
    assert '"servicequotas:ListServiceQuotas"' in lines["quotas"].command


def test_a_question_is_asked_once_even_if_it_is_refused() -> None:
    client = Refusing(denied())
    list(examine(subject(client)))
    assert client.asked.count("get_caller_identity") == 1


def test_what_a_check_has_found_stays_when_its_next_question_is_refused() -> None:
    def check(asked: Subject) -> Findings:
        yield ok("the first")
        asked.ask("sts", "GetCallerIdentity")

    lines = list(examine(subject(Refusing(denied())), {"check": check}))
    assert [(line.verdict, line.found) for line in lines] == [
        ("ok", "the first"),
        ("not known", "sts:GetCallerIdentity is not allowed to the caller"),
    ]


def test_the_same_is_told_once() -> None:
    def check(_: Subject) -> Findings:
        yield from (ok("one"), ok("two"), ok("one"))

    assert [line.found for line in examine(subject(None), {"check": check})] == ["one", "two"]


def test_an_impossible_region_leaves_checks_without_a_client() -> None:
    def make(service: str) -> Any:
        raise ValueError(f"Invalid endpoint for {service}")

    lines = list(examine(Subject(Clients(make, region="mars 1"), bucket="data")))
    assert {line.check for line in lines} >= {"identity", "bucket", "region"}
    assert not any(line.verdict == "FAILED" for line in lines)
    with pytest.raises(NotConfigured):
        Clients(make, region="mars 1").client("sts")


def identified(arn: str) -> Any:
    class Client:
        def get_caller_identity(self) -> dict[str, str]:
            return {"Arn": arn, "Account": "123456789012"}

        def get_role(self, **request: str) -> dict[str, Any]:
            return {"Role": {"Arn": f"arn:aws:iam::123456789012:role/path/{request['RoleName']}"}}

    return Client()


@pytest.mark.parametrize(
    ("client", "bucket", "role"),
    [
        (
            identified("arn:aws:sts::123456789012:assumed-role/Me/session"),
            "sagemaker-us-east-1-123456789012",
            "arn:aws:iam::123456789012:role/path/Me",
        ),
        (identified("arn:aws:iam::123456789012:user/ann"), "sagemaker-us-east-1-123456789012", None),
        (Refusing(denied()), None, None),
    ],
)
def test_bucket_and_role_are_those_that_a_run_would_take(client: Any, bucket: str | None, role: str | None) -> None:
    found = Subject(Clients(lambda service: client, region="us-east-1")).with_defaults()
    assert (found.bucket, found.role_arn) == (bucket, role)
