from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timezone
from typing import Any

import pytest
from botocore.exceptions import ClientError, ConnectionClosedError
from botocore.stub import Stubber

from sm_raw.aws.clients import Clients
from sm_raw.aws.job_kinds import ENDPOINT, TRAINING, TUNING
from sm_raw.aws.wait import next_pause, wait
from sm_raw.errors import JobFailed, WaitTimedOut

Stub = Callable[[str], Stubber]
NOW = datetime(2026, 1, 1, tzinfo=timezone.utc)
NAMED = {"TrainingJobName": "job"}


def training(status: str, secondary: str = "Training", **more: Any) -> dict[str, Any]:
    return {
        "TrainingJobName": "job",
        "TrainingJobArn": "arn:aws:sagemaker:us-east-1:123456789012:training-job/job",
        "ModelArtifacts": {"S3ModelArtifacts": "s3://bucket/job/model.tar.gz"},
        "TrainingJobStatus": status,
        "SecondaryStatus": secondary,
        "StoppingCondition": {"MaxRuntimeInSeconds": 3600},
        "CreationTime": NOW,
        **more,
    }


def tuning(status: str, completed: int) -> dict[str, Any]:
    return {
        "HyperParameterTuningJobName": "search",
        "HyperParameterTuningJobArn": "arn:aws:sagemaker:us-east-1:123456789012:hyper-parameter-tuning-job/search",
        "HyperParameterTuningJobConfig": {"Strategy": "Random", "ResourceLimits": {"MaxParallelTrainingJobs": 2}},
        "HyperParameterTuningJobStatus": status,
        "TrainingJobStatusCounters": {"Completed": completed},
        "ObjectiveStatusCounters": {},
        "CreationTime": NOW,
    }


def script(stub: Stub, *answers: dict[str, Any]) -> None:
    for answer in answers:
        stub("sagemaker").add_response("describe_training_job", answer, NAMED)


class Scripted:
    """A client whose describe call gives these answers; exceptions are raised, the last answer is repeated."""

    def __init__(self, *answers: dict[str, Any] | Exception) -> None:
        self.answers = list(answers)
        self.calls = 0

    def describe_training_job(self, **_: str) -> dict[str, Any]:
        self.calls += 1
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, Exception):
            raise answer
        return answer


def throttled() -> ClientError:
    return ClientError({"Error": {"Code": "ThrottlingException", "Message": "slow down"}}, "DescribeTrainingJob")


def test_the_last_response_comes_back_and_each_change_is_told_once(
    clients: Clients, stub: Stub, fake_time: Any
) -> None:
    script(
        stub,
        training("InProgress", "Starting"),
        training("InProgress", "Starting"),
        training("InProgress", "Training"),
        training("Completed", "Completed"),
    )
    told: list[str] = []
    done = wait(
        clients.sagemaker,
        "CreateTrainingJob",
        "job",
        timeout_seconds=60,
        on_change=lambda response: told.append(response["SecondaryStatus"]),
        sleep=fake_time.sleep,
        clock=fake_time.clock,
    )
    assert done["TrainingJobStatus"] == "Completed"
    assert told == ["Starting", "Training", "Completed"]
    assert fake_time.pauses == [0.2, 0.2, 0.2]


def test_a_tuning_job_tells_of_each_training_job_that_completes(clients: Clients, stub: Stub, fake_time: Any) -> None:
    for answer in (tuning("InProgress", 0), tuning("InProgress", 1), tuning("Completed", 2)):
        stub("sagemaker").add_response(
            "describe_hyper_parameter_tuning_job", answer, {"HyperParameterTuningJobName": "search"}
        )
    told: list[int] = []
    wait(
        clients.sagemaker,
        TUNING,
        "search",
        timeout_seconds=60,
        on_change=lambda response: told.append(response["TrainingJobStatusCounters"]["Completed"]),
        sleep=fake_time.sleep,
        clock=fake_time.clock,
    )
    assert told == [0, 1, 2]


@pytest.mark.parametrize(
    ("waited", "longest", "pause"), [(0, 30, 0.2), (4, 30, 0.2), (60, 30, 3.0), (3600, 30, 30), (0, 0.1, 0.1)]
)
def test_pauses_grow_with_the_time_waited(waited: float, longest: float, pause: float) -> None:
    assert next_pause(waited, longest) == pytest.approx(pause)


def test_a_failed_job_is_raised_with_its_reason_and_its_last_log_lines(
    clients: Clients, stub: Stub, fake_time: Any
) -> None:
    script(stub, training("Failed", "Failed", FailureReason="AlgorithmError: exit code 1"))
    stub("logs").add_response(
        "describe_log_streams",
        {"logStreams": [{"logStreamName": "job/algo-1"}]},
        {"logGroupName": "/aws/sagemaker/TrainingJobs", "logStreamNamePrefix": "job/"},
    )
    stub("logs").add_response("get_log_events", {"events": [{"timestamp": 1, "message": "ValueError: no data"}]})
    with pytest.raises(JobFailed) as caught:
        wait(clients.sagemaker, TRAINING, "job", timeout_seconds=60, logs=clients.logs, sleep=fake_time.sleep)
    assert str(caught.value) == (
        "training job 'job' ended Failed: AlgorithmError: exit code 1\n"
        "the last lines of its log:\n  | ValueError: no data"
    )
    assert caught.value.last_response["SecondaryStatus"] == "Failed"


def test_an_unreadable_log_does_not_hide_the_failure(clients: Clients, stub: Stub, fake_time: Any) -> None:
    script(stub, training("Failed", "Failed", FailureReason="ClientError: no such image"))
    stub("logs").add_client_error("describe_log_streams", "AccessDeniedException", "no", 400)
    with pytest.raises(JobFailed, match="no such image") as caught:
        wait(clients.sagemaker, TRAINING, "job", timeout_seconds=60, logs=clients.logs, sleep=fake_time.sleep)
    assert caught.value.log_tail == ()


def test_a_stopped_job_is_no_success_unless_that_is_asked_for(fake_time: Any) -> None:
    client: Any = Scripted(training("Stopped", "MaxRuntimeExceeded"))
    with pytest.raises(JobFailed, match=r"ended Stopped: it ran longer than StoppingCondition\.MaxRuntime"):
        wait(client, TRAINING, "job", timeout_seconds=60)
    assert wait(client, TRAINING, "job", timeout_seconds=60, accept_stopped=True)["TrainingJobStatus"] == "Stopped"


@pytest.mark.parametrize("status", ["Failed", "OutOfService", "UpdateRollbackFailed"])
def test_an_endpoint_that_does_not_serve_has_failed(clients: Clients, stub: Stub, status: str) -> None:
    answer = {
        "EndpointName": "e",
        "EndpointArn": "arn:aws:sagemaker:us-east-1:123456789012:endpoint/e",
        "EndpointStatus": status,
        "CreationTime": NOW,
        "LastModifiedTime": NOW,
    }
    stub("sagemaker").add_response("describe_endpoint", answer, {"EndpointName": "e"})
    with pytest.raises(JobFailed, match=f"endpoint 'e' ended {status}: the service gives no reason"):
        wait(clients.sagemaker, ENDPOINT, "e", timeout_seconds=60)


def test_a_wait_that_ends_first_says_that_the_job_still_runs_and_how_to_go_on(fake_time: Any) -> None:
    client: Any = Scripted(training("InProgress"))
    with pytest.raises(WaitTimedOut) as caught:
        wait(client, TRAINING, "job", timeout_seconds=100, sleep=fake_time.sleep, clock=fake_time.clock)
    assert str(caught.value) == (
        "training job 'job' still runs after 100 s of waiting; "
        "wait on with wait(client, 'CreateTrainingJob', 'job', timeout_seconds=...), "
        "or stop it with: aws sagemaker stop-training-job --training-job-name job"
    )
    assert caught.value.last_response["TrainingJobStatus"] == "InProgress"
    assert fake_time.now == pytest.approx(100)


def test_throttling_and_broken_connections_are_ridden_out(fake_time: Any) -> None:
    reset = ConnectionClosedError(endpoint_url="https://sagemaker")
    client: Any = Scripted(throttled(), training("InProgress"), reset, throttled(), training("Completed"))
    done = wait(client, TRAINING, "job", timeout_seconds=60, sleep=fake_time.sleep, clock=fake_time.clock)
    assert done["TrainingJobStatus"] == "Completed"
    assert fake_time.pauses == [0.5, 0.2, 0.5, 1.0]


def test_a_service_that_stays_away_ends_the_wait_with_its_own_error(fake_time: Any) -> None:
    client: Any = Scripted(throttled())
    with pytest.raises(ClientError, match="ThrottlingException"):
        wait(client, TRAINING, "job", timeout_seconds=600, sleep=fake_time.sleep, clock=fake_time.clock)
    assert client.calls == 8


def test_a_job_that_does_not_exist_is_not_waited_for(fake_time: Any) -> None:
    absent = ClientError({"Error": {"Code": "ValidationException", "Message": "not found"}}, "DescribeTrainingJob")
    with pytest.raises(ClientError, match="not found"):
        wait(Scripted(absent), TRAINING, "job", timeout_seconds=60, sleep=pytest.fail)  # type: ignore[arg-type]
