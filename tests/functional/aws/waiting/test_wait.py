from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timezone
from typing import Any

import pytest
from botocore.exceptions import ClientError, ConnectionClosedError
from botocore.stub import Stubber

from sm_raw.aws.clients import Clients
from sm_raw.aws.job_kinds import ENDPOINT, TRAINING, TUNING
from sm_raw.aws.waiting.wait import Outcome, wait, wait_for_all, watch
from sm_raw.errors import JobFailed, NotAllSucceeded, WaitTimedOut

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

    def describe_endpoint(self, **_: str) -> dict[str, Any]:
        return {"EndpointName": "e", "EndpointStatus": "InService"}

    def describe_hyper_parameter_tuning_job(self, **_: str) -> dict[str, Any]:
        raise absent()

    def list_training_jobs(self, **_: Any) -> dict[str, Any]:
        raise ClientError({"Error": {"Code": "AccessDeniedException", "Message": "no"}}, "ListTrainingJobs")


def scripted(*answers: dict[str, Any] | Exception) -> Clients:
    client: Any = Scripted(*answers)
    return Clients(lambda _: client, region="us-east-1")


def patience(fake_time: Any) -> dict[str, Any]:
    time = {"sleep": fake_time.sleep, "clock": fake_time.clock, "random": no_jitter}
    return {"calls_per_minute": 6000, **time}


def no_jitter() -> float:
    return 0.0


def throttled() -> ClientError:
    return ClientError({"Error": {"Code": "ThrottlingException", "Message": "slow down"}}, "DescribeTrainingJob")


def expired() -> ClientError:
    return ClientError({"Error": {"Code": "ExpiredTokenException", "Message": "is expired"}}, "DescribeTrainingJob")


def absent() -> ClientError:
    return ClientError({"Error": {"Code": "ValidationException", "Message": "not found"}}, "Describe")


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
        random=no_jitter,
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
    done = wait(
        client,
        TRAINING,
        "job",
        timeout_seconds=60,
        sleep=fake_time.sleep,
        clock=fake_time.clock,
        random=no_jitter,
    )
    assert done["TrainingJobStatus"] == "Completed"
    assert fake_time.pauses == [0.5, 0.2, 0.5, 1.0]


def test_a_service_that_stays_away_ends_the_wait_with_its_own_error(fake_time: Any) -> None:
    client: Any = Scripted(throttled())
    with pytest.raises(ClientError, match="ThrottlingException"):
        wait(client, TRAINING, "job", timeout_seconds=600, sleep=fake_time.sleep, clock=fake_time.clock)
    assert fake_time.now == pytest.approx(60)
    assert client.calls < 12


def test_a_service_that_is_away_when_the_time_is_over_has_not_answered_that_the_job_ended(fake_time: Any) -> None:
    client: Any = Scripted(training("InProgress"), throttled())
    with pytest.raises(WaitTimedOut, match="still runs after 30 s") as caught:
        wait(client, TRAINING, "job", timeout_seconds=30, sleep=fake_time.sleep, clock=fake_time.clock)
    assert "ThrottlingException" in str(caught.value.__cause__)


def test_a_job_that_does_not_exist_is_not_waited_for(fake_time: Any) -> None:
    with pytest.raises(ClientError, match="not found"):
        wait(Scripted(absent()), TRAINING, "job", timeout_seconds=60, sleep=pytest.fail)  # type: ignore[arg-type]


def test_credentials_that_expire_are_waited_for_and_told_of_once(fake_time: Any) -> None:
    client: Any = Scripted(training("InProgress"), *[expired()] * 5, training("InProgress"), training("Completed"))
    notices: list[str] = []
    done = wait(
        client,
        TRAINING,
        "job",
        timeout_seconds=600,
        on_notice=notices.append,
        sleep=fake_time.sleep,
        clock=fake_time.clock,
    )
    assert done["TrainingJobStatus"] == "Completed"
    assert [notice[:27] for notice in notices] == ["the credentials have expire", "the credentials work again"]
    assert "aws sso login" in notices[0]


def test_a_refresh_gives_a_new_client_and_the_wait_goes_on_with_it_at_once(fake_time: Any) -> None:
    old: Any = Scripted(training("InProgress"), expired())
    new: Any = Scripted(training("Completed"))
    done = wait(
        old,
        TRAINING,
        "job",
        timeout_seconds=600,
        refresh=lambda: new,
        sleep=fake_time.sleep,
        clock=fake_time.clock,
        random=no_jitter,
    )
    assert done["TrainingJobStatus"] == "Completed"
    assert (old.calls, new.calls, fake_time.pauses) == (2, 1, [0.2])


def test_credentials_that_nobody_renews_end_the_wait_with_what_to_do(fake_time: Any) -> None:
    client: Any = Scripted(training("InProgress"), expired())
    with pytest.raises(WaitTimedOut) as caught:
        wait(
            client,
            TRAINING,
            "job",
            timeout_seconds=6000,
            credentials_seconds=120,
            sleep=fake_time.sleep,
            clock=fake_time.clock,
        )
    assert "the credentials have expired and were not renewed in time: renew them" in str(caught.value)
    assert "then wait on with wait(client, 'CreateTrainingJob', 'job'" in str(caught.value)
    assert fake_time.now < 125


def test_credentials_that_never_worked_are_not_waited_for(fake_time: Any) -> None:
    with pytest.raises(ClientError, match="ExpiredToken"):
        wait(Scripted(expired()), TRAINING, "job", timeout_seconds=60, sleep=pytest.fail)  # type: ignore[arg-type]


def test_all_jobs_come_back_in_the_order_asked_for(fake_time: Any) -> None:
    clients = scripted(training("InProgress"), training("Completed"), training("Completed"))
    ended = wait_for_all(
        clients, [(TRAINING, "job"), (ENDPOINT, "e"), (TRAINING, "job")], timeout_seconds=60, **patience(fake_time)
    )
    assert [next(iter(response)) for response in ended] == ["TrainingJobName", "EndpointName", "TrainingJobName"]


def test_failures_of_several_jobs_are_raised_together_once_all_have_ended(fake_time: Any) -> None:
    clients = scripted(training("InProgress"), training("Failed", FailureReason="AlgorithmError"))
    with pytest.raises(NotAllSucceeded) as caught:
        wait_for_all(
            clients, [(TRAINING, "job"), (ENDPOINT, "e"), (TUNING, "gone")], timeout_seconds=60, **patience(fake_time)
        )
    assert str(caught.value) == (
        "2 of 3 jobs did not succeed:\n"
        "  training job 'job' ended Failed: AlgorithmError\n"
        "  An error occurred (ValidationException) when calling the Describe operation: not found"
    )
    outcomes = caught.value.outcomes
    assert [outcome.status for outcome in outcomes] == ["Failed", "InService", ""]
    assert [type(outcome.error).__name__ for outcome in outcomes] == ["JobFailed", "NoneType", "ClientError"]


def test_jobs_that_still_run_when_the_time_is_over_are_among_the_outcomes(fake_time: Any) -> None:
    clients = scripted(training("InProgress"))
    with pytest.raises(NotAllSucceeded, match=r"1 of 2 jobs .*\n.*still runs after 10 s of waiting; wait on") as caught:
        wait_for_all(clients, [(TRAINING, "job"), (ENDPOINT, "e")], timeout_seconds=10, **patience(fake_time))
    assert isinstance(caught.value.outcomes[0].error, WaitTimedOut)


def test_a_long_list_of_failures_is_cut_in_the_message_alone() -> None:
    failed = [JobFailed("training job", str(number), "Failed", "") for number in range(25)]
    error = NotAllSucceeded([Outcome(TRAINING, failure.name, "Failed", {}, failure) for failure in failed])
    assert str(error).startswith("25 of 25 jobs")
    assert str(error).endswith("\n  and 5 more")
    assert len(error.outcomes) == 25


def test_watching_yields_changes_and_a_failure_is_one_of_them(fake_time: Any) -> None:
    clients = scripted(training("InProgress", "Starting"), training("Failed", "Failed"))
    changes = watch(clients, [(TRAINING, "job"), (ENDPOINT, "e")], timeout_seconds=60, **patience(fake_time))
    told = [(change.name, change.status, change.ended) for change in changes]
    assert told == [("job", "InProgress", False), ("e", "InService", True), ("job", "Failed", True)]


def test_watching_ends_with_an_error_when_the_time_is_over(fake_time: Any) -> None:
    clients = scripted(training("InProgress"))
    changes = watch(clients, [(TRAINING, "job"), (TRAINING, "job2")], timeout_seconds=9, **patience(fake_time))
    with pytest.raises(WaitTimedOut, match="'job' still runs after 9 s of waiting; so do 1 of the other jobs; wait on"):
        list(changes)


def test_several_jobs_go_on_with_the_clients_that_a_refresh_gives(fake_time: Any) -> None:
    old, new = scripted(training("InProgress"), expired()), scripted(training("Completed"))
    (response,) = wait_for_all(old, [(TRAINING, "job")], timeout_seconds=60, refresh=lambda: new, **patience(fake_time))
    assert response["TrainingJobStatus"] == "Completed"
