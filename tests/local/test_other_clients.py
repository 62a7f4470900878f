"""Clients that know nothing of this package: awscli, and boto3 with its own waiters."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import WaiterError

from sm_raw import specs

pytestmark = pytest.mark.local
ROLE = "arn:aws:iam::123456789012:role/Other"
QUICK = {"Delay": 1, "MaxAttempts": 60}
INFERENCE = """
def model_fn(folder): return "model"
def input_fn(body, content_type): return body
def predict_fn(data, model): return {"given": bytes(data).decode()}
"""


class Cli:
    """``aws --endpoint-url ...`` in a process of its own, with a configuration of its own."""

    def __init__(self, url: str, folder: Path) -> None:
        self._url, self._folder = url, folder
        self._environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(folder),
            "AWS_ACCESS_KEY_ID": "local",
            "AWS_SECRET_ACCESS_KEY": "local",
            "AWS_DEFAULT_REGION": "us-east-1",
        }

    def run(self, *words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "awscli", "--endpoint-url", self._url, "--output", "json", *words],
            env=self._environment,
            cwd=self._folder,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    def __call__(self, *words: str) -> Any:
        """The answer to a command that succeeds."""
        done = self.run(*words)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout) if done.stdout.strip() else None

    def document(self, name: str, request: Any) -> str:
        """A request as a file, for --cli-input-json."""
        (self._folder / name).write_text(json.dumps(request))
        return f"file://{name}"


@pytest.fixture
def aws(lab: Any, tmp_path: Path) -> Cli:
    return Cli(lab.url, tmp_path)


@pytest.fixture(scope="module")
def endpoint(lab: Any) -> Iterator[str]:
    """An endpoint made and awaited with boto3 alone, deleted and awaited likewise."""
    uri = lab.put("models/other.tar.gz", lab.archive({"code/inference.py": INFERENCE}))
    sm, environment = lab.sm, specs.serving_script()
    sm.create_model(**specs.model("other", image_uri="i", role_arn=ROLE, model_data_uri=uri, environment=environment))
    variants = [specs.production_variant("other", instance_type="ml.m5.large")]
    sm.create_endpoint_config(**specs.endpoint_config("other", variants=variants))
    sm.create_endpoint(**specs.endpoint("other"))
    sm.get_waiter("endpoint_in_service").wait(EndpointName="other", WaiterConfig=QUICK)
    yield "other"
    sm.delete_endpoint(EndpointName="other")
    sm.get_waiter("endpoint_deleted").wait(EndpointName="other", WaiterConfig=QUICK)
    assert sm.list_endpoints(NameContains="other")["Endpoints"] == []


def test_awscli_runs_a_training_job_from_a_document(lab: Any, aws: Cli) -> None:
    request = lab.training(channels=[specs.channel("train", f"s3://{lab.bucket}/data/train/")])
    name = request["TrainingJobName"]
    created = aws("sagemaker", "create-training-job", "--cli-input-json", aws.document("job.json", request))
    assert created["TrainingJobArn"].endswith(f":training-job/{name}")
    described: dict[str, Any] = {}

    def ended() -> bool:
        described.update(aws("sagemaker", "describe-training-job", "--training-job-name", name))
        return described["TrainingJobStatus"] in ("Completed", "Failed", "Stopped")

    lab.until(ended)
    assert (described["TrainingJobStatus"], described["HyperParameters"]) == ("Completed", request["HyperParameters"])
    listed = aws("sagemaker", "list-training-jobs", "--name-contains", name)
    assert [item["TrainingJobName"] for item in listed["TrainingJobSummaries"]] == [name]


def test_awscli_is_told_what_is_wrong_in_aws_s_words(lab: Any, aws: Cli) -> None:
    request = lab.training(name="bad-name")
    request["TrainingJobName"] = "bad_name!!"
    done = aws.run("sagemaker", "create-training-job", "--cli-input-json", aws.document("job.json", request))
    assert done.returncode != 0
    assert "(ValidationException) when calling the CreateTrainingJob operation: 1 validation error" in done.stderr


def test_awscli_gets_a_prediction(aws: Cli, endpoint: str, tmp_path: Path) -> None:
    (tmp_path / "body").write_bytes(b"a picture")
    words = ("--endpoint-name", endpoint, "--content-type", "image/png", "--body", "fileb://body", "answer.json")
    answer = aws("sagemaker-runtime", "invoke-endpoint", *words)
    assert answer["InvokedProductionVariant"] == "AllTraffic"
    assert json.loads((tmp_path / "answer.json").read_text()) == {"given": "a picture"}


def test_boto3_s_own_waiter_sees_a_training_job_end(lab: Any) -> None:
    waiter = lab.sm.get_waiter("training_job_completed_or_stopped")
    good, bad = lab.training(), lab.training("absent.py")
    for request in (good, bad):
        lab.sm.create_training_job(**request)
    waiter.wait(TrainingJobName=good["TrainingJobName"], WaiterConfig=QUICK)
    with pytest.raises(WaiterError, match="terminal failure state"):
        waiter.wait(TrainingJobName=bad["TrainingJobName"], WaiterConfig=QUICK)
    with pytest.raises(WaiterError, match="ValidationException"):
        waiter.wait(TrainingJobName="nobody", WaiterConfig=QUICK)
