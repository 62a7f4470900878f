"""Logs, explanations and exports from the real engine: what the stubbed tests promise, over HTTP."""

from __future__ import annotations

import gzip
import json
import time
import urllib.request
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest

from sm_raw.aws.failures.explaining import explain_failure
from sm_raw.aws.logs.export import export_logs
from sm_raw.aws.logs.following import LogPosition
from sm_raw.aws.logs.reading import job_logs

pytestmark = pytest.mark.local
TRAINING_GROUP = "/aws/sagemaker/TrainingJobs"
COUNTING = """
for number in range(200):
    print(f"line {number}", flush=True)
"""
SLOWLY = """
import time
for number in range(200):
    print(f"line {number}", flush=True)
    time.sleep(0.005)
"""
READING = ("DescribeLogStreams", "GetLogEvents")
BROKEN = """
import argparse
parser = argparse.ArgumentParser()
parser.add_argument("-x")
print("valid:loss=1;")
try:
    import a_module_that_is_not_there
except ImportError as error:
    raise RuntimeError("the backbone cannot be loaded") from error
"""


def source(lab: Any, name: str, program: str) -> str:
    uri: str = lab.put(f"code/{name}.tar.gz", lab.archive({"train.py": program}))
    return uri


def test_a_running_jobs_log_is_followed_to_its_last_line_and_not_told_again(lab: Any) -> None:
    request = lab.training(source=source(lab, "counting", COUNTING))
    lab.sm.create_training_job(**request)
    name, position = request["TrainingJobName"], LogPosition()
    events = job_logs(lab.clients, "CreateTrainingJob", name, poll_seconds=0.1, linger_seconds=0.2, position=position)
    lines = [event.message for event in events if event.message.startswith("line ")]
    assert lines == [f"line {number}" for number in range(200)]
    assert list(job_logs(lab.clients, "CreateTrainingJob", name, follow=False, position=position)) == []


@pytest.mark.parametrize("error", ["throttling", "reset", "internal"])
def test_no_line_is_lost_and_none_told_twice_while_calls_fail(lab: Any, error: str) -> None:
    request = lab.training(source=source(lab, "slowly", SLOWLY))
    faults = [{"service": "logs", "operation": name, "error": error, "rate": 0.3} for name in READING]
    control(lab, {"seed": 7, "calls": faults})
    try:
        lab.sm.create_training_job(**request)
        events = job_logs(
            lab.clients,
            "CreateTrainingJob",
            request["TrainingJobName"],
            poll_seconds=0.1,
            linger_seconds=0.2,
            sleep=lambda seconds: time.sleep(min(seconds, 0.1)),
        )
        lines = [event.message for event in events if event.message.startswith("line ")]
        struck = sum(rule["struck"] for rule in control(lab)["calls"])
    finally:
        control(lab, {"seed": 7})
    assert struck > 0
    assert lines == [f"line {number}" for number in range(200)]


def control(lab: Any, faults: Any = None) -> Any:
    """The engine's faults; with a document, that from now on."""
    body = None if faults is None else json.dumps(faults).encode()
    request = urllib.request.Request(f"{lab.url}/_sm_raw/faults", data=body, method="PUT" if body else "GET")
    with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request) as response:
        return json.loads(response.read() or b"null")


def test_a_script_that_fails_is_explained_with_its_chained_traceback(lab: Any) -> None:
    name = lab.train(source=source(lab, "broken", BROKEN))["TrainingJobName"]
    found = explain_failure(lab.clients, "CreateTrainingJob", name)
    assert [cause.id for cause in found.causes] == ["module-missing"]
    assert found.exit_code == 1
    assert "ModuleNotFoundError: No module named 'a_module_that_is_not_there'" in found.traceback
    assert found.traceback.endswith("RuntimeError: the backbone cannot be loaded")


def test_a_script_that_refuses_its_hyperparameters_is_explained(lab: Any) -> None:
    name = lab.train(hyperparameters={"epochs": 3})["TrainingJobName"]
    found = explain_failure(lab.clients, "CreateTrainingJob", name)
    assert (found.exit_code, [cause.id for cause in found.causes]) == (2, ["hyperparameters-refused"])


def test_a_log_is_exported_and_the_buckets_policy_is_what_it_was(lab: Any) -> None:
    name = lab.train()["TrainingJobName"]
    statement = {"Effect": "Deny", "Principal": "*", "Action": "s3:PutBucketAcl", "Resource": "arn:aws:s3:::lab"}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    lab.s3.put_bucket_policy(Bucket=lab.bucket, Policy=policy)
    now = datetime.now(timezone.utc)
    exported = export_logs(
        lab.clients,
        TRAINING_GROUP,
        f"s3://{lab.bucket}/exported/{name}",
        start=now - timedelta(minutes=5),
        end=now + timedelta(minutes=1),
        stream_prefix=f"{name}/",
    )
    assert lab.s3.get_bucket_policy(Bucket=lab.bucket)["Policy"] == policy
    assert exported.s3_uri == f"s3://{lab.bucket}/exported/{name}/{exported.task_id}"
    found = lab.s3.list_objects_v2(Bucket=lab.bucket, Prefix=f"exported/{name}/")["Contents"]
    texts = [gzip.decompress(lab.get(f"s3://{lab.bucket}/{item['Key']}")).decode() for item in found]
    assert "epoch 2/2" in "".join(texts)
