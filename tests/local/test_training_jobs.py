"""Training jobs: real scripts, run by the engine's word."""

from __future__ import annotations

import errno
import json
import re
import shutil
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest
from botocore.exceptions import ClientError

from sm_raw import specs
from sm_raw.aws.clients import local_clients
from sm_raw.local import artifacts, container
from sm_raw.local.job_logs import MetricReader

pytestmark = pytest.mark.local
THROUGH = ["Starting", "Downloading", "Training", "Uploading", "Completed"]


def secondary(job: dict[str, Any]) -> list[str]:
    return [item["Status"] for item in job["SecondaryStatusTransitions"]]


def refusal(call: Callable[[], object]) -> tuple[str, str]:
    with pytest.raises(ClientError) as raised:
        call()
    error = raised.value.response["Error"]
    return error["Code"], error["Message"]


def test_a_job_goes_through_its_states_in_order_and_every_one_but_the_last_is_closed(lab: Any) -> None:
    job = lab.train(channels=[specs.channel("train", f"s3://{lab.bucket}/data/train")])
    transitions = job["SecondaryStatusTransitions"]
    assert secondary(job) == THROUGH
    assert [item["EndTime"] for item in transitions[:-1]] == [item["StartTime"] for item in transitions[1:]]
    assert "EndTime" not in transitions[-1]
    assert (job["TrainingJobStatus"], job["SecondaryStatus"]) == ("Completed", "Completed")
    times = [job["CreationTime"], job["TrainingStartTime"], job["TrainingEndTime"], job["LastModifiedTime"]]
    assert times == sorted(times)
    assert job["TrainingTimeInSeconds"] == job["BillableTimeInSeconds"] >= 1
    assert "FailureReason" not in job


def test_describe_echoes_what_was_sent(lab: Any) -> None:
    request = lab.training(
        channels=[specs.channel("train", f"s3://{lab.bucket}/data/train", content_type="text/plain")],
        environment={"COLOUR": "green"},
        max_runtime_seconds=3600,
        max_wait_seconds=7200,
        tags={"team": "vision"},
        extra={"RetryStrategy": {"MaximumRetryAttempts": 2}, "EnableNetworkIsolation": False},
    )
    arn = lab.sm.create_training_job(**request)["TrainingJobArn"]
    job = lab.ended("CreateTrainingJob", request["TrainingJobName"])
    tags = request.pop("Tags")
    assert {field: job[field] for field in request} == request
    assert job["TrainingJobArn"] == arn
    assert arn == f"arn:aws:sagemaker:us-east-1:123456789012:training-job/{request['TrainingJobName']}"
    assert "Tags" not in job
    assert lab.sm.list_tags(ResourceArn=arn)["Tags"] == tags


def test_the_log_holds_every_line_in_a_stream_of_the_service_s_name(lab: Any) -> None:
    job = lab.train()
    (stream,) = lab.streams("/aws/sagemaker/TrainingJobs", f"{job['TrainingJobName']}/")
    assert re.fullmatch(rf"{job['TrainingJobName']}/algo-1-\d{{10}}", stream)
    assert lab.log(job["TrainingJobName"]) == ["epoch 1/2; valid:loss=9.5;", "epoch 2/2; valid:loss=0.0;"]


def test_metrics_are_read_from_the_log_and_the_last_is_final(lab: Any) -> None:
    job = lab.train(hyperparameters={"x": 0.5})
    (final,) = job["FinalMetricDataList"]
    assert (final["MetricName"], final["Value"]) == ("valid:loss", pytest.approx(0.04))
    now = datetime.now(timezone.utc)
    found = lab.clients.cloudwatch.get_metric_statistics(
        Namespace="/aws/sagemaker/TrainingJobs",
        MetricName="valid:loss",
        Dimensions=[{"Name": "TrainingJobName", "Value": job["TrainingJobName"]}],
        StartTime=now - timedelta(hours=1),
        EndTime=now + timedelta(hours=1),
        Period=7200,
        Statistics=["Maximum", "Minimum", "SampleCount"],
    )["Datapoints"]
    assert sum(point["SampleCount"] for point in found) == 2
    assert (max(point["Maximum"] for point in found), min(point["Minimum"] for point in found)) == (
        9.5,
        pytest.approx(0.04),
    )


def test_values_that_are_no_finite_numbers_are_dropped(lab: Any) -> None:
    job = lab.train(hyperparameters={"plus": float("nan")})
    assert [item["Value"] for item in job["FinalMetricDataList"]] == [9.5]


def test_model_and_output_are_stored_where_describe_says(lab: Any) -> None:
    source = lab.put(
        "code/output.tar.gz",
        lab.archive(
            {
                "train.py": "import os, pathlib\n"
                "pathlib.Path(os.environ['SM_MODEL_DIR'], 'a').mkdir()\n"
                "pathlib.Path(os.environ['SM_MODEL_DIR'], 'a', 'weights').write_text('w')\n"
                "pathlib.Path(os.environ['SM_OUTPUT_DATA_DIR'], 'plot.txt').write_text('p')\n"
            }
        ),
    )
    job = lab.train(source=source, output_uri=f"s3://{lab.bucket}/deep/out/")
    base = f"s3://{lab.bucket}/deep/out/{job['TrainingJobName']}/output"
    assert job["ModelArtifacts"] == {"S3ModelArtifacts": f"{base}/model.tar.gz"}
    assert lab.members(f"{base}/model.tar.gz") == {"a/weights": "w"}
    assert lab.members(f"{base}/output.tar.gz") == {"plot.txt": "p"}


def test_empty_folders_become_no_archives(lab: Any) -> None:
    job = lab.train(source=lab.put("code/nothing.tar.gz", lab.archive({"train.py": "pass"})))
    assert job["TrainingJobStatus"] == "Completed"
    found = lab.s3.list_objects_v2(Bucket=lab.bucket, Prefix=f"out/{job['TrainingJobName']}/")
    assert found["KeyCount"] == 0


def test_the_script_finds_the_container_contract(lab: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_SESSION_TOKEN", "the user's own")
    monkeypatch.setenv("HTTPS_PROXY", "http://nowhere:1")
    job = lab.train(
        "look.py",
        hyperparameters={"learning-rate": 0.1, "x": 3, "flag": True, "words": "a b"},
        environment={"COLOUR": "green", "SM_HOSTS": "not these"},
        channels=[specs.channel("train", f"s3://{lab.bucket}/data/train/")],
    )
    seen = json.loads(lab.members(job["ModelArtifacts"]["S3ModelArtifacts"])["seen.json"])
    environment = seen["environment"]
    assert seen["argv"] == ["look.py", "--flag", "True", "--learning-rate", "0.1", "--words", "a b", "-x", "3"]
    assert seen["cwd"] == "code"
    assert seen["files"] == {"train": ["2.txt", "a/1.txt"]}
    base = environment["SAGEMAKER_BASE_DIR"]
    expected = {
        "COLOUR": "green",
        "SM_HOSTS": '["algo-1"]',
        "SM_HP_LEARNING-RATE": "0.1",
        "SM_CHANNEL_TRAIN": f"{base}/input/data/train",
        "SM_MODEL_DIR": f"{base}/model",
        "TRAINING_JOB_NAME": job["TrainingJobName"],
        "TRAINING_JOB_ARN": job["TrainingJobArn"],
        "AWS_ENDPOINT_URL": lab.url,
        "AWS_REGION": "us-east-1",
        "AWS_ACCESS_KEY_ID": "local",
        "OMP_NUM_THREADS": environment["SM_NUM_CPUS"],
    }
    assert {name: environment.get(name) for name in expected} == expected
    assert {"AWS_SESSION_TOKEN", "HTTPS_PROXY"}.isdisjoint(environment)


def test_the_code_may_come_in_a_channel_and_the_entry_point_be_a_shell_script(lab: Any) -> None:
    job = lab.train(
        "shell.sh",
        source="/opt/ml/input/data/code/sourcedir.tar.gz",
        hyperparameters={"words": "it's two"},
        channels=[specs.channel("code", lab.source)],
    )
    assert job.get("FailureReason") is None
    assert lab.members(job["ModelArtifacts"]["S3ModelArtifacts"]) == {"arguments.txt": "--words\nit's two\n"}


@pytest.mark.parametrize(
    ("prefix", "files"),
    [
        ("data/train", ["2.txt", "a/1.txt", "train2/3.txt"]),
        ("data/train/", ["2.txt", "a/1.txt"]),
        ("data/tra", ["train/2.txt", "train/a/1.txt", "train2/3.txt"]),
        ("data/train/2.txt", ["2.txt"]),
    ],
)
def test_a_channel_takes_every_object_whose_key_begins_with_its_prefix(lab: Any, prefix: str, files: list[str]) -> None:
    lab.put("data/train2/3.txt", b"three")
    job = lab.train("look.py", channels=[specs.channel("in", f"s3://{lab.bucket}/{prefix}")])
    seen = json.loads(lab.members(job["ModelArtifacts"]["S3ModelArtifacts"])["seen.json"])
    assert seen["files"] == {"in": files}


FAILURES = {
    "raises": ("raise ValueError('the reason is this')", 1, "ValueError: the reason is this"),
    "exits": ("import sys; print('giving up'); sys.exit(3)", 3, "giving up"),
    "is killed": ("import os, signal; print('now', flush=True); os.kill(os.getpid(), signal.SIGKILL)", -9, "now"),
    "talks much": ("[print('x' * 40) for _ in range(999)]\nraise SystemExit('the last word')", 1, "the last word"),
}


@pytest.mark.parametrize("case", FAILURES)
def test_a_failing_script_tells_its_exit_code_and_its_last_lines(lab: Any, case: str) -> None:
    program, code, last_line = FAILURES[case]
    source = lab.put(f"code/{case}.tar.gz", lab.archive({"train.py": program}))
    many = {f"a-rather-long-hyperparameter-{number}": "x" * 20 for number in range(30)}
    job = lab.train(source=source, hyperparameters=many)
    reason = job["FailureReason"]
    assert (job["TrainingJobStatus"], secondary(job)) == ("Failed", [*THROUGH[:-1], "Failed"])
    assert reason.startswith(f'AlgorithmError: ExecuteUserScriptError:\nExitCode {code}\nErrorMessage "')
    assert f'{last_line}"\nCommand "python train.py --a-rather-long-hyperparameter-0 ' in reason
    assert reason.endswith(f'", exit code: {code}')
    assert len(reason) <= 1024


def test_the_reason_that_a_script_writes_itself_comes_first_and_its_files_are_kept(lab: Any) -> None:
    program = (
        "import os, pathlib, sys\n"
        "pathlib.Path(os.environ['SM_OUTPUT_DIR'], 'failure').write_text('no picture in ' + 2000 * 'x')\n"
        "pathlib.Path(os.environ['SM_MODEL_DIR'], 'half').write_text('done')\n"
        "sys.exit(2)\n"
    )
    job = lab.train(source=lab.put("code/failure.tar.gz", lab.archive({"train.py": program})))
    assert job["FailureReason"].startswith("AlgorithmError: no picture in xxx")
    assert job["FailureReason"].endswith("x, exit code: 2")
    assert len(job["FailureReason"]) == 1024
    assert lab.members(job["ModelArtifacts"]["S3ModelArtifacts"]) == {"half": "done"}


DATA_FAILURES = {
    "prefix": (
        {"channels": [specs.channel("train", "s3://lab/data/nowhere")]},
        'No S3 objects found under S3 URL "s3://lab/data/nowhere"',
    ),
    "bucket": ({"channels": [specs.channel("train", "s3://no-such-lab/data")]}, "The specified bucket does not exist"),
    "archive": ({"source": "s3://lab/code/nowhere.tar.gz"}, "could not read s3://lab/code/nowhere.tar.gz"),
    "tar": ({"source": "s3://lab/data/train/2.txt"}, "sourcedir.tar.gz cannot be unpacked"),
    "half a tar": ({"source": "s3://lab/code/half.tar.gz"}, "sourcedir.tar.gz cannot be unpacked"),
    "way out": ({"channels": [specs.channel("train", "s3://lab/escape/")]}, "leads out of the channel's folder"),
    "folder": (
        {"source": "/somewhere/else"},
        "sagemaker_submit_directory '/somewhere/else' is neither in S3 nor in a channel",
    ),
}


@pytest.mark.parametrize("case", DATA_FAILURES)
def test_what_cannot_be_fetched_fails_the_job_with_a_client_error(lab: Any, case: str) -> None:
    changes, message = DATA_FAILURES[case]
    lab.put("escape/../../../out.txt", b"!")
    lab.put("code/half.tar.gz", lab.archive({"train.py": "#" * 9999})[:60])
    job = lab.train(**changes)
    assert (job["TrainingJobStatus"], secondary(job)) == ("Failed", ["Starting", "Downloading", "Failed"])
    assert job["FailureReason"].startswith("ClientError: Data download failed: ")
    assert message in job["FailureReason"]


@pytest.mark.parametrize("program", ["absent.py", "../input/config/hyperparameters.json", "/bin/true"])
def test_an_entry_point_that_is_not_in_the_archive_is_named(lab: Any, program: str) -> None:
    job = lab.train(program)
    assert job["FailureReason"] == (
        f"AlgorithmError: the entry point {program!r} is not in the source archive, which holds "
        "look.py, shell.sh, stoppable.py, train.py"
    )


def test_a_job_that_is_stopped_may_save_a_model(lab: Any) -> None:
    name = lab.start()
    lab.sm.stop_training_job(TrainingJobName=name)
    job = lab.ended("CreateTrainingJob", name)
    assert (job["TrainingJobStatus"], job["SecondaryStatus"]) == ("Stopped", "Stopped")
    assert secondary(job) == ["Starting", "Downloading", "Training", "Stopping", "Uploading", "Stopped"]
    assert [item["Value"] for item in job["FinalMetricDataList"]] == [0.5]
    assert lab.members(job["ModelArtifacts"]["S3ModelArtifacts"]) == {"model.txt": "saved"}
    assert lab.log(name)[-1] == "saved"
    assert refusal(lambda: lab.sm.stop_training_job(TrainingJobName=name)) == (
        "ValidationException",
        "The request was rejected because the training job is in status Stopped.",
    )


def test_a_job_that_is_stopped_right_after_its_creation_ends_stopped(lab: Any) -> None:
    requests = [lab.training("stoppable.py") for _ in range(4)]
    for request in requests:
        lab.sm.create_training_job(**request)
        lab.sm.stop_training_job(TrainingJobName=request["TrainingJobName"])
    for request in requests:
        job = lab.ended("CreateTrainingJob", request["TrainingJobName"])
        assert job["TrainingJobStatus"] == "Stopped"
        assert secondary(job).count("Stopping") == 1


def test_a_job_that_takes_too_long_is_stopped_by_its_limit(lab: Any) -> None:
    job = lab.train("stoppable.py", max_runtime_seconds=1)
    assert (job["TrainingJobStatus"], job["SecondaryStatus"]) == ("Stopped", "MaxRuntimeExceeded")
    assert secondary(job)[2:] == ["Training", "Stopping", "Uploading", "MaxRuntimeExceeded"]
    assert lab.members(job["ModelArtifacts"]["S3ModelArtifacts"]) == {"model.txt": "saved"}


REFUSED: dict[str, tuple[dict[str, Any], str, str]] = {
    "name": ({"TrainingJobName": "bad_name!!"}, "ValidationException", "'bad_name!!' at 'trainingJobName' failed"),
    "instance type": (
        {"ResourceConfig": {"InstanceType": "ml.nope.large", "InstanceCount": 1, "VolumeSizeInGB": 1}},
        "ValidationException",
        "'ml.nope.large' at 'resourceConfig.instanceType' failed to satisfy constraint: Member must satisfy enum",
    ),
    "bucket": (
        {"OutputDataConfig": {"S3OutputPath": "s3://nobody-has-this/out"}},
        "ValidationException",
        "'s3://nobody-has-this/out' does not exist",
    ),
    "spot": (
        {"EnableManagedSpotTraining": True},
        "ValidationException",
        "StoppingCondition.MaxWaitTimeInSeconds: missing",
    ),
    "two hosts": (
        {"ResourceConfig": {"InstanceType": "ml.m5.large", "InstanceCount": 2, "VolumeSizeInGB": 1}},
        "ValidationException",
        "one instance",
    ),
    "no script": ({"HyperParameters": {"epochs": "1"}}, "ValidationException", "script mode only"),
    "reserved tag": ({"Tags": [{"Key": "aws:x", "Value": "1"}]}, "ValidationException", "begins with aws:"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_cannot_be_is_refused_in_aws_s_words_and_leaves_nothing(lab: Any, case: str) -> None:
    changes, code, message = REFUSED[case]
    request = {**lab.training(), **changes}
    got_code, got_message = refusal(lambda: lab.sm.create_training_job(**request))
    assert got_code == code
    assert message in got_message
    name = {"TrainingJobName": request["TrainingJobName"]}
    assert refusal(lambda: lab.sm.describe_training_job(**name))[0] == "ValidationException"


def test_a_missing_member_is_refused_by_the_server_too(lab: Any) -> None:
    request = lab.training()
    del request["RoleArn"], request["OutputDataConfig"]
    status, answer = lab.post("SageMaker.CreateTrainingJob", json.dumps(request).encode())
    assert (status, answer["__type"]) == (400, "ValidationException")
    assert answer["message"] == (
        "2 validation errors detected: Value null at 'roleArn' failed to satisfy constraint: Member must not be null; "
        "Value null at 'outputDataConfig' failed to satisfy constraint: Member must not be null"
    )


def test_a_name_that_is_taken_is_in_use_even_by_a_job_that_ended(lab: Any) -> None:
    request = lab.training()
    arn = lab.sm.create_training_job(**request)["TrainingJobArn"]
    first = lab.ended("CreateTrainingJob", request["TrainingJobName"])
    code, message = refusal(lambda: lab.sm.create_training_job(**request))
    assert (code, arn in message) == ("ResourceInUse", True)
    again = lab.sm.describe_training_job(TrainingJobName=request["TrainingJobName"])
    assert again["CreationTime"] == first["CreationTime"]


def test_a_job_that_is_not_there_is_a_validation_exception_as_waiters_expect(lab: Any) -> None:
    expected = "ValidationException", "Requested resource not found."
    assert refusal(lambda: lab.sm.describe_training_job(TrainingJobName="nobody")) == expected
    assert refusal(lambda: lab.sm.stop_training_job(TrainingJobName="nobody")) == expected


def test_wrong_json_is_refused_and_unknown_members_are_ignored(lab: Any) -> None:
    target = "SageMaker.CreateTrainingJob"
    request = {**lab.training(), "NoSuchMember": 1, "FailureReason": "none of yours", "TrainingEndTime": "soon"}
    for body, message in (
        (b"{", "The request is not valid JSON."),
        (b"[]", "The request is not a JSON object."),
        (json.dumps({**request, "Tags": {}}).encode(), "The value at 'tags' has the wrong type."),
    ):
        assert lab.post(target, body) == (400, {"__type": "SerializationException", "message": message})
    assert lab.post(target, json.dumps(request).encode())[0] == 200
    job = lab.ended("CreateTrainingJob", request["TrainingJobName"])
    assert (job["TrainingJobStatus"], "FailureReason" in job) == ("Completed", False)


def test_operations_that_the_engine_does_not_run_are_never_answered_by_moto(lab: Any) -> None:
    for operation in ("CreateAutoMLJob", "CreateDomain", "Nonsense"):
        status, answer = lab.post(f"SageMaker.{operation}", b"{}")
        assert (status, answer["__type"]) == (400, "UnknownOperationException")


@pytest.fixture(scope="module")
def shelf(lab: Any) -> Any:
    """A region of its own with five jobs: three completed, one failed, one stopped, made in this order."""
    clients = local_clients(lab.url, "eu-west-1")
    names = ["shelf-e", "shelf-D", "shelf-c", "shelf-b", "shelf-a"]
    for name in names:
        clients.sagemaker.create_training_job(
            **lab.training("absent.py" if name == "shelf-D" else "train.py", name=name)
        )
        if name == "shelf-b":
            clients.sagemaker.stop_training_job(TrainingJobName=name)

    def all_ended() -> bool:
        summaries = clients.sagemaker.list_training_jobs()["TrainingJobSummaries"]
        return all(item["TrainingJobStatus"] in ("Completed", "Failed", "Stopped") for item in summaries)

    lab.until(all_ended)
    return clients.sagemaker


@pytest.mark.parametrize(
    ("request_", "names"),
    [
        ({}, "eDcba"),
        ({"SortOrder": "Descending"}, "abcDe"),
        ({"SortBy": "Name"}, "Dabce"),
        ({"SortBy": "Name", "SortOrder": "Descending"}, "ecbaD"),
        ({"StatusEquals": "Completed"}, "eca"),
        ({"SortBy": "Status"}, "ecaDb"),
        ({"NameContains": "SHELF-d"}, "D"),
        ({"CreationTimeAfter": datetime(2001, 1, 1, tzinfo=timezone.utc)}, "eDcba"),
        ({"LastModifiedTimeBefore": datetime(2001, 1, 1, tzinfo=timezone.utc)}, ""),
    ],
)
def test_lists_filter_and_sort(shelf: Any, request_: dict[str, Any], names: str) -> None:
    summaries = shelf.list_training_jobs(**request_)["TrainingJobSummaries"]
    assert "".join(item["TrainingJobName"].removeprefix("shelf-") for item in summaries) == names


def test_lists_come_in_pages_and_summaries_are_short(shelf: Any) -> None:
    pages = list(shelf.get_paginator("list_training_jobs").paginate(PaginationConfig={"PageSize": 2}))
    assert [len(page["TrainingJobSummaries"]) for page in pages] == [2, 2, 1]
    assert set(pages[0]["TrainingJobSummaries"][0]) == {
        "TrainingJobName",
        "TrainingJobArn",
        "CreationTime",
        "TrainingEndTime",
        "LastModifiedTime",
        "TrainingJobStatus",
        "SecondaryStatus",
    }
    assert refusal(lambda: shelf.list_training_jobs(NextToken="LTE="))[0] == "ValidationException"


def test_the_region_of_the_signature_separates_resources(lab: Any, shelf: Any) -> None:
    assert shelf.describe_training_job(TrainingJobName="shelf-e")["TrainingJobArn"].startswith(
        "arn:aws:sagemaker:eu-west-1:"
    )
    assert refusal(lambda: lab.sm.describe_training_job(TrainingJobName="shelf-e"))[0] == "ValidationException"


def test_tags_can_be_added_and_removed(lab: Any) -> None:
    job = lab.train(tags={"team": "vision", "cost": "1"})
    arn = job["TrainingJobArn"]
    added = lab.sm.add_tags(ResourceArn=arn, Tags=[{"Key": "cost", "Value": "2"}])["Tags"]
    assert added == [{"Key": "team", "Value": "vision"}, {"Key": "cost", "Value": "2"}]
    lab.sm.delete_tags(ResourceArn=arn, TagKeys=["team", "never there"])
    assert lab.sm.list_tags(ResourceArn=arn)["Tags"] == [{"Key": "cost", "Value": "2"}]
    reserved = [{"Key": "AWS:x", "Value": ""}]
    assert refusal(lambda: lab.sm.add_tags(ResourceArn=arn, Tags=reserved))[0] == "ValidationException"
    assert refusal(lambda: lab.sm.list_tags(ResourceArn=f"{arn}0"))[0] == "ValidationException"


def test_one_of_many_creators_of_a_name_wins(lab: Any) -> None:
    request = lab.training()
    together = threading.Barrier(8)

    def create(number: int) -> str:
        together.wait()
        try:
            lab.sm.create_training_job(**request, Tags=[{"Key": "creator", "Value": str(number)}])
        except lab.sm.exceptions.ResourceInUse:
            return "ResourceInUse"
        return str(number)

    with ThreadPoolExecutor(8) as pool:
        outcomes = list(pool.map(create, range(8)))
    (winner,) = set(outcomes) - {"ResourceInUse"}
    assert outcomes.count("ResourceInUse") == 7
    job = lab.ended("CreateTrainingJob", request["TrainingJobName"])
    assert secondary(job) == THROUGH
    assert lab.sm.list_tags(ResourceArn=job["TrainingJobArn"])["Tags"] == [{"Key": "creator", "Value": winner}]


def test_jobs_that_are_created_described_listed_and_stopped_at_once_all_end(lab: Any) -> None:
    def use(number: int) -> str:
        name: str = lab.training()["TrainingJobName"]
        lab.sm.create_training_job(**lab.training("stoppable.py" if number % 2 else "train.py", name=name))
        lab.sm.describe_training_job(TrainingJobName=name)
        lab.sm.list_training_jobs(NameContains=name)
        if number % 2:
            lab.sm.stop_training_job(TrainingJobName=name)
        return name

    with ThreadPoolExecutor(8) as pool:
        names = list(pool.map(use, range(8)))
    ends = [lab.ended("CreateTrainingJob", name)["TrainingJobStatus"] for name in names]
    assert ends == ["Completed", "Stopped"] * 4


def raise_no_space(*args: object, **kwargs: object) -> None:
    raise OSError(errno.ENOSPC, "No space left on device", "/somewhere")


@pytest.mark.parametrize("place", ["download", "unpack", "upload"])
def test_a_full_disk_is_told_in_clear_words(lab: Any, monkeypatch: pytest.MonkeyPatch, place: str) -> None:
    where, name = {
        "download": (shutil, "copyfile"),
        "unpack": (artifacts, "unpack"),
        "upload": (artifacts, "upload_archive"),
    }[place]
    monkeypatch.setattr(where, name, raise_no_space)
    job = lab.train(channels=[specs.channel("train", f"s3://{lab.bucket}/data/train/")])
    assert job["TrainingJobStatus"] == "Failed"
    assert job["FailureReason"].startswith("ClientError: no space left on the disk that holds /")


def test_an_error_of_the_engine_s_own_fails_the_job_and_is_shown(
    lab: Any, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def break_down(*args: object) -> None:
        raise RuntimeError("a bug of ours")

    monkeypatch.setattr(container, "write_config", break_down)
    job = lab.train()
    assert (job["TrainingJobStatus"], job["FailureReason"]) == (
        "Failed",
        "InternalServerError: the local engine met an error of its own",
    )
    told: list[str] = []
    lab.until(lambda: "RuntimeError: a bug of ours" in (told.append(capsys.readouterr().err) or "".join(told)))


def test_metrics_and_logs_that_cannot_be_sent_do_not_fail_a_job(
    lab: Any, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def refuse(*args: object) -> None:
        raise ConnectionError("nobody there")

    monkeypatch.setattr(MetricReader, "publish", refuse)
    monkeypatch.setattr("sm_raw.local.job_logs.LogStream._send", refuse)
    job = lab.train()
    assert secondary(job) == THROUGH
    told = capsys.readouterr().err
    assert f"the metrics of {job['TrainingJobName']} are lost: nobody there" in told
    assert "ends here: nobody there" in told


def test_a_result_that_cannot_be_stored_fails_the_job(lab: Any) -> None:
    lab.s3.create_bucket(Bucket="short-lived")
    name = lab.start(output_uri="s3://short-lived/out")
    lab.s3.delete_bucket(Bucket="short-lived")
    lab.sm.stop_training_job(TrainingJobName=name)
    job = lab.ended("CreateTrainingJob", name)
    assert job["TrainingJobStatus"] == "Failed"
    assert job["FailureReason"].startswith("ClientError: Artifact upload failed: could not write s3://short-lived/")


def observed() -> dict[str, Any]:
    image = specs.debugger_rules_image("us-east-1")
    rules = [specs.debug_rule("VanishingGradient", image_uri=image)]
    return {
        "debug_hook": specs.hook_config("s3://lab/debug", rules=rules),
        "debug_rules": rules,
        "profiler": specs.profiler_config("s3://lab/profiles", interval_milliseconds=100),
        "profiler_rules": [specs.profiler_report(image_uri=image)],
    }


def rule_statuses(job: dict[str, Any]) -> list[tuple[str, str]]:
    fields = "DebugRuleEvaluationStatuses", "ProfilerRuleEvaluationStatuses"
    return [(rule["RuleEvaluationStatus"], rule.get("StatusDetails", "")) for field in fields for rule in job[field]]


def test_rules_and_profiler_of_a_job_that_saves_no_tensors_end_in_a_status(lab: Any) -> None:
    name = lab.train(**observed())["TrainingJobName"]
    described: dict[str, Any] = {}

    def settled() -> bool:
        described.update(lab.sm.describe_training_job(TrainingJobName=name))
        return all(status != "InProgress" for status, _ in rule_statuses(described))

    lab.until(settled)
    debugger, profiler = rule_statuses(described)
    assert debugger[0] == profiler[0] == "Error"
    assert "No debugging data was saved by the training job" in debugger[1]
    assert "evaluates no profiler rules" in profiler[1]
    assert (described["TrainingJobStatus"], described["ProfilingStatus"]) == ("Completed", "Enabled")
    found = lab.s3.list_objects_v2(Bucket="lab", Prefix=f"profiles/{name}/profiler-output/system/")
    assert found["KeyCount"] >= 1


def test_rules_of_a_job_that_never_ran_are_stopped(lab: Any) -> None:
    job = lab.train("absent.py", **observed())
    lab.until(lambda: "InProgress" not in dict(rule_statuses(lab.sm.describe_training_job(**named(job)))))
    assert (
        rule_statuses(lab.sm.describe_training_job(**named(job)))
        == [
            ("Stopped", "The training job ended before it could be observed."),
        ]
        * 2
    )


def named(job: dict[str, Any]) -> dict[str, str]:
    return {"TrainingJobName": job["TrainingJobName"]}
