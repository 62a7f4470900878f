"""doctor against the engine: a run's bucket, role and rights, missing first and then there."""

from __future__ import annotations

import json
import shlex
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import boto3
import pytest
from botocore.config import Config

from sm_raw import cli, specs
from sm_raw.aws.clients import Clients
from sm_raw.aws.doctor import Line, Subject, examine

pytestmark = pytest.mark.local

ACCOUNT = "123456789012"
REGION = "us-east-1"
MANIFEST = "application/vnd.docker.distribution.manifest.v2+json"


class Ward:
    """A role and a user of the engine, with a run of their own."""

    def __init__(self, lab: Any) -> None:
        self.lab, self.iam = lab, lab.clients.iam
        self.role, self.user = lab.name("Trainer"), lab.name("ann")
        self.role_arn = f"arn:aws:iam::{ACCOUNT}:role/{self.role}"
        request = lab.training(role_arn=self.role_arn, channels=[specs.channel("train", f"s3://{lab.bucket}/data/")])
        self.requests = [("CreateTrainingJob", request)]

    def make_role(self) -> None:
        self.iam.create_role(**specs.service_role(self.role, services=["sagemaker"]))

    def allow_role(self) -> None:
        document = specs.execution_role_policy(self.requests, region=REGION, account=ACCOUNT, role_arn=self.role_arn)
        self.iam.put_role_policy(**specs.role_policy(self.role, "run", document=document))

    def as_user(self) -> Clients:
        """Clients of a new user, whom the engine knows by the key."""
        self.iam.create_user(UserName=self.user)
        key = self.iam.create_access_key(UserName=self.user)["AccessKey"]
        session: Any = boto3.Session(key["AccessKeyId"], key["SecretAccessKey"], region_name=REGION)
        config = Config(s3={"addressing_style": "path"}, proxies={})
        return Clients(
            lambda service: session.client(service, endpoint_url=self.lab.url, config=config),
            region=REGION,
            endpoint_url=self.lab.url,
            credentials=session.get_credentials(),
        )

    def subject(self) -> Subject:
        return Subject(self.lab.clients, self.lab.bucket, self.role_arn, requests=self.requests)


@pytest.fixture
def ward(lab: Any) -> Ward:
    return Ward(lab)


def told(subject: Subject, *checks: str) -> dict[str, Line]:
    from sm_raw.aws.doctor import CHECKS

    return {line.check: line for line in examine(subject, {check: CHECKS[check] for check in checks})}


def test_a_role_is_missed_then_refused_then_right(ward: Ward) -> None:
    subject = ward.subject()
    found = told(subject, "role", "role's rights")
    assert (found["role"].verdict, found["role's rights"].verdict) == ("FAILED", "not known")
    assert f"aws iam create-role --role-name {ward.role} " in found["role"].command
    words = shlex.split(found["role"].command)
    ward.iam.create_role(RoleName=ward.role, AssumeRolePolicyDocument=words[-1])

    # What was asked before is remembered, so a later look is one of another subject.
    found = told(ward.subject(), "role", "role's rights")
    assert (found["role"].verdict, found["role's rights"].verdict) == ("ok", "FAILED")
    document = found["role's rights"].command
    assert f"arn:aws:s3:::{ward.lab.bucket}/out/*" in document
    ward.iam.put_role_policy(RoleName=ward.role, PolicyName="told", PolicyDocument=document)

    found = told(ward.subject(), "role", "role's rights")
    assert [line.verdict for line in found.values()] == ["ok", "ok"]


def test_one_missing_right_is_told_alone(ward: Ward) -> None:
    ward.make_role()
    document = specs.execution_role_policy(ward.requests, region=REGION, account=ACCOUNT, role_arn=ward.role_arn)
    for statement in document["Statement"]:
        statement["Action"] = [action for action in statement["Action"] if action != "s3:PutObject"]
    ward.iam.put_role_policy(**specs.role_policy(ward.role, "run", document=document))
    (line,) = told(ward.subject(), "role's rights").values()
    assert line.verdict == "FAILED"
    (added,) = json.loads(line.command)["Statement"]
    assert added["Action"] == ["s3:PutObject"]
    assert f"arn:aws:s3:::{ward.lab.bucket}/out/*" in added["Resource"]


def test_a_role_that_another_service_takes_is_mended_by_the_command(ward: Ward) -> None:
    ward.iam.create_role(**specs.service_role(ward.role, services=["lambda"]))
    line = list(examine(ward.subject()))
    (mended,) = [each for each in line if each.check == "role" and each.verdict == "FAILED"]
    document = shlex.split(mended.command)[-1]
    ward.iam.update_assume_role_policy(RoleName=ward.role, PolicyDocument=document)
    assert told(ward.subject(), "role")["role"].found == "sagemaker.amazonaws.com may take it"


def test_a_user_needs_the_policy_that_is_printed_for_the_caller(ward: Ward) -> None:
    ward.make_role()
    clients = ward.as_user()
    checks = ("identity", "caller's rights", "PassRole")
    found = told(replace(ward.subject(), clients=clients, _answers={}), *checks)
    assert [line.verdict for line in found.values()] == ["ok", "FAILED", "FAILED"]
    assert found["identity"].found == f"user/{ward.user} of account {ACCOUNT}"
    document = specs.caller_policy(ward.requests, region=REGION, account=ACCOUNT)
    ward.iam.put_user_policy(UserName=ward.user, PolicyName="run", PolicyDocument=json.dumps(document))
    found = told(replace(ward.subject(), clients=clients, _answers={}), *checks)
    assert [line.verdict for line in found.values()] == ["ok", "ok", "ok"]
    assert found["PassRole"].found == f"the caller may pass {ward.role_arn} to sagemaker.amazonaws.com"


def test_a_deny_is_told_with_the_policy_that_has_it(ward: Ward) -> None:
    ward.make_role()
    ward.allow_role()
    denied = {"Version": "2012-10-17", "Statement": [{"Effect": "Deny", "Action": "s3:PutObject", "Resource": "*"}]}
    ward.iam.put_role_policy(RoleName=ward.role, PolicyName="Fence", PolicyDocument=json.dumps(denied))
    (line,) = told(ward.subject(), "role's rights").values()
    assert line.verdict == "FAILED"
    assert f"denied by role_{ward.role}_Fence" in line.found
    assert line.command == ""


def command(lab: Any, *arguments: str) -> int:
    return cli.main(["doctor", "--endpoint-url", lab.url, *arguments])


def test_the_command_looks_at_a_recipe(ward: Ward, capsys: pytest.CaptureFixture[str]) -> None:
    place = ["--recipe", "dog_breeds_in_production", "--bucket", ward.lab.bucket, "--role", ward.role_arn]
    assert command(ward.lab, *place, "--format", "json") == 1
    lines = json.loads(capsys.readouterr().out)
    verdicts: dict[str, set[str]] = {}
    for line in lines:
        verdicts.setdefault(line["check"], set()).add(line["verdict"])
    assert verdicts["role"] == {"FAILED"}
    right = ("configuration", "identity", "endpoint", "clock", "region", "bucket", "bucket policy", "images")
    assert {check: verdicts[check] for check in right} == {check: {"ok"} for check in right}
    (missing,) = [line for line in lines if line["check"] == "role"]
    assert missing["command"].startswith(f"aws --endpoint-url {ward.lab.url} iam create-role ")

    ward.make_role()
    policies = run_policy(place, capsys)
    document = json.dumps(policies["execution_role"])
    ward.iam.put_role_policy(RoleName=ward.role, PolicyName="run", PolicyDocument=document)
    assert command(ward.lab, *place) == 0
    shown = capsys.readouterr()
    assert shown.err.startswith("0 failed, ")
    rows = [line for line in shown.out.splitlines() if line.startswith("ok         role's rights: ")]
    assert len(rows) == 1


def run_policy(place: list[str], capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    assert cli.main(["policy", "--target", "aws", "--region", REGION, *place]) == 0
    policies: dict[str, Any] = json.loads(capsys.readouterr().out)
    return policies


def test_an_image_that_aws_does_not_have_fails(ward: Ward) -> None:
    image = "763104351884.dkr.ecr.us-east-1.amazonaws.com/pytorch-training:0.9-cpu-py27"
    ward.requests[0][1]["AlgorithmSpecification"]["TrainingImage"] = image
    (line,) = told(ward.subject(), "images").values()
    assert (line.verdict, line.found) == (
        "FAILED",
        "763104351884 pytorch-training:0.9-cpu-py27 does not exist (ImageNotFound)",
    )


@pytest.fixture
def repository(lab: Any) -> Iterator[str]:
    name = lab.name("own")
    lab.clients.ecr.create_repository(repositoryName=name)
    yield name
    lab.clients.ecr.delete_repository(repositoryName=name, force=True)


def test_an_image_of_the_account_is_looked_up_in_it(ward: Ward, repository: str) -> None:
    uri = f"{ACCOUNT}.dkr.ecr.us-east-1.amazonaws.com/{repository}:1"
    ward.requests[0][1]["AlgorithmSpecification"]["TrainingImage"] = uri
    assert told(ward.subject(), "images")["images"].verdict == "FAILED"
    ward.lab.clients.ecr.put_image(
        repositoryName=repository, imageManifest='{"schemaVersion": 2}', imageManifestMediaType=MANIFEST, imageTag="1"
    )
    assert told(ward.subject(), "images")["images"].verdict == "ok"


def test_a_bucket_that_is_not_there_is_made_by_the_command(ward: Ward) -> None:
    absent: Callable[[], Subject] = lambda: replace(ward.subject(), bucket="never-made-yet")  # noqa: E731
    line = told(absent(), "bucket")["bucket"]
    assert (line.verdict, line.command) == ("FAILED", "aws s3 mb s3://never-made-yet --region us-east-1")
    ward.lab.s3.create_bucket(Bucket="never-made-yet")
    assert told(absent(), "bucket")["bucket"].verdict == "ok"


def test_a_recipe_that_is_not_there_ends_with_2(lab: Any, capsys: pytest.CaptureFixture[str]) -> None:
    assert command(lab, "--recipe", "cats") == 2
    assert "no recipe 'cats'" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("place", "words"),
    [
        (["--region", "us-esat-1"], "it cannot be planned: no image is known for region 'us-esat-1'"),
        (["--role", "Trainer"], "it is not known what it would send"),
    ],
)
def test_a_run_that_cannot_be_planned_hides_nothing_else(
    lab: Any, place: list[str], words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert command(lab, "--recipe", "digits", "--bucket", lab.bucket, *place) == 1
    shown = capsys.readouterr().out
    assert f"FAILED     run: {words}" in shown
    assert "ok         identity: " in shown
