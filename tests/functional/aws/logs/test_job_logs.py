from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

from sm_raw.aws.logs.filters import LogFilter
from sm_raw.aws.logs.following import LogPosition
from sm_raw.aws.logs.reading import job_logs
from sm_raw.aws.logs.streams import STALE_MILLISECONDS, LogEvent


def refusal(code: str) -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": "Could not find it."}}, "Operation")


class Cloud:
    """Clients of one account: descriptions by name, streams by group, and what happens at which time.

    ``plan``: (seconds, something to do).
    """

    def __init__(self, time: Any, plan: list[tuple[float, Callable[[], object]]] | None = None) -> None:
        self._time, self._plan = time, list(plan or [])
        self.descriptions: dict[str, dict[str, Any]] = {}
        self.children: dict[str, str] = {}
        self.groups: dict[str, dict[str, list[LogEvent]]] = {}
        self.last_times: dict[str, int] = {}
        self.calls: list[str] = []
        self.expired = False

    def client(self, service: str) -> Any:
        return self

    def write(self, group: str, stream: str, *messages: str) -> None:
        streams = self.groups.setdefault(group, {})
        for message in messages:
            at = int(self._time.now * 1000) + len(streams.get(stream, ()))
            streams.setdefault(stream, []).append(LogEvent(at, stream, message))

    def _now(self, call: str) -> None:
        self.calls.append(call)
        if self.expired:
            raise refusal("ExpiredTokenException")
        while self._plan and self._plan[0][0] <= self._time.now:
            self._plan.pop(0)[1]()

    def _describe(self, name: str) -> dict[str, Any]:
        self._now("Describe")
        if name not in self.descriptions:
            raise refusal("ValidationException")
        return self.descriptions[name]

    def describe_training_job(self, **request: str) -> dict[str, Any]:
        return self._describe(request["TrainingJobName"])

    def describe_processing_job(self, **request: str) -> dict[str, Any]:
        return self._describe(request["ProcessingJobName"])

    def describe_hyper_parameter_tuning_job(self, **request: str) -> dict[str, Any]:
        return self._describe(request["HyperParameterTuningJobName"])

    def describe_endpoint(self, **request: str) -> dict[str, Any]:
        return self._describe(request["EndpointName"])

    def get_function_configuration(self, **request: str) -> dict[str, Any]:
        return self._describe(request["FunctionName"])

    def list_training_jobs_for_hyper_parameter_tuning_job(self, **request: Any) -> dict[str, Any]:
        self._now("List")
        return {
            "TrainingJobSummaries": [
                {"TrainingJobName": name, "TrainingJobStatus": status} for name, status in self.children.items()
            ]
        }

    def describe_log_streams(self, **request: Any) -> dict[str, Any]:
        self._now("DescribeLogStreams")
        streams = self.groups.get(request["logGroupName"])
        if streams is None:
            raise refusal("ResourceNotFoundException")
        found = [{"logStreamName": name} for name in streams if name.startswith(request.get("logStreamNamePrefix", ""))]
        for stream in found:
            if stream["logStreamName"] in self.last_times:
                stream["lastIngestionTime"] = self.last_times[stream["logStreamName"]]  # type: ignore[assignment]
        return {"logStreams": found}

    def get_log_events(self, **request: Any) -> dict[str, Any]:
        self._now(f"GetLogEvents {request['logStreamName']}")
        events = self.groups[request["logGroupName"]][request["logStreamName"]]
        if not request["startFromHead"]:
            begin = max(0, len(events) - request["limit"])
        else:
            begin = int(request.get("nextToken", 0))
        found = [event for event in events[begin:] if event.timestamp >= request.get("startTime", 0)]
        page = [{"timestamp": event.timestamp, "message": event.message} for event in found]
        return {"events": page, "nextForwardToken": str(len(events))}


TRAINING_GROUP = "/aws/sagemaker/TrainingJobs"


@pytest.fixture
def cloud(fake_time: Any) -> Cloud:
    return Cloud(fake_time)


def messages(cloud: Cloud, time: Any, kind: str, name: str, **options: Any) -> list[str]:
    clients: Any = cloud
    events = job_logs(clients, kind, name, sleep=time.sleep, clock=time.clock, **options)
    return [event.message for event in events]


def test_a_training_jobs_log_is_followed_over_all_its_hosts_until_it_ends(cloud: Cloud, fake_time: Any) -> None:
    job = cloud.descriptions["digits"] = {"TrainingJobStatus": "InProgress", "SecondaryStatus": "Starting"}
    cloud.write(TRAINING_GROUP, "digits-2/algo-1-1", "not ours")
    cloud._plan = [
        (10, lambda: cloud.write(TRAINING_GROUP, "digits/algo-1-1", "one", "two")),
        (20, lambda: cloud.write(TRAINING_GROUP, "digits/algo-2-1", "three")),
        (40, lambda: job.update(TrainingJobStatus="Completed")),
        (41, lambda: cloud.write(TRAINING_GROUP, "digits/algo-1-1", "last")),
    ]
    assert messages(cloud, fake_time, "CreateTrainingJob", "digits") == ["one", "two", "three", "last"]
    # How the job stands is asked far less often than the log is read.
    assert cloud.calls.count("Describe") < cloud.calls.count("DescribeLogStreams")


def test_processing_jobs_have_a_group_of_their_own(cloud: Cloud, fake_time: Any) -> None:
    cloud.descriptions["clean"] = {"ProcessingJobStatus": "Failed"}
    cloud.write("/aws/sagemaker/ProcessingJobs", "clean/algo-1-1", "cleaning")
    assert messages(cloud, fake_time, "CreateProcessingJob", "clean") == ["cleaning"]


def test_a_tuning_jobs_log_is_that_of_its_children_and_of_no_namesake(cloud: Cloud, fake_time: Any) -> None:
    job = cloud.descriptions["tune"] = {"HyperParameterTuningJobStatus": "InProgress"}
    cloud.children = {"tune-001-a": "InProgress"}
    cloud.write(TRAINING_GROUP, "tune-001-a/algo-1-1", "first trial")
    cloud.write(TRAINING_GROUP, "tune-big/algo-1-1", "a training job of its own")

    def end() -> None:
        cloud.children["tune-002-b"] = "Completed"
        cloud.write(TRAINING_GROUP, "tune-002-b/algo-1-1", "second trial")
        job.update(HyperParameterTuningJobStatus="Completed")

    cloud._plan = [(30, end)]
    found = messages(cloud, fake_time, "CreateHyperParameterTuningJob", "tune")
    assert found == ["first trial", "second trial"]


def test_training_jobs_that_have_ended_cost_nothing_any_more(cloud: Cloud, fake_time: Any) -> None:
    job = cloud.descriptions["tune"] = {"HyperParameterTuningJobStatus": "InProgress"}
    for number in range(100):
        cloud.children[f"tune-{number:03}-a"] = "Completed"
        cloud.write(TRAINING_GROUP, f"tune-{number:03}-a/algo-1-1", "one", "two")
    cloud.children["tune-100-a"] = "InProgress"
    cloud.write(TRAINING_GROUP, "tune-100-a/algo-1-1", "running")

    def go_on() -> None:
        cloud.calls.clear()

    def end() -> None:
        cloud.write(TRAINING_GROUP, "tune-100-a/algo-1-1", "last")
        job.update(HyperParameterTuningJobStatus="Completed")

    cloud._plan = [(300, go_on), (900, end)]
    found = messages(cloud, fake_time, "CreateHyperParameterTuningJob", "tune")
    assert len(found) == 202
    assert found[-1] == "last"
    assert {call for call in cloud.calls if call.startswith("Get")} == {"GetLogEvents tune-100-a/algo-1-1"}


def test_an_endpoint_in_service_is_followed_until_it_is_deleted(cloud: Cloud, fake_time: Any) -> None:
    cloud.descriptions["e"] = {"EndpointStatus": "InService"}
    cloud.write("/aws/sagemaker/Endpoints/e", "AllTraffic/i-1", "ready")
    cloud._plan = [
        (60, lambda: cloud.write("/aws/sagemaker/Endpoints/e", "AllTraffic/i-2", "scaled out")),
        (120, lambda: cloud.descriptions.pop("e")),
    ]
    notices: list[str] = []
    found = messages(cloud, fake_time, "CreateEndpoint", "e", silence_seconds=30, on_notice=notices.append)
    assert found == ["ready", "scaled out"]
    assert notices[0] == "no output for 30 s; endpoint 'e' is InService"


def test_a_functions_log_is_read_from_where_its_configuration_says(cloud: Cloud, fake_time: Any) -> None:
    cloud.descriptions["ask"] = {"FunctionName": "ask", "State": "Active"}
    cloud.descriptions["own"] = {"FunctionName": "own", "LoggingConfig": {"LogGroup": "/mine"}}
    cloud.write("/aws/lambda/ask", "2026/11/21/[$LATEST]0a", "START", "END")
    cloud.write("/mine", "2026/11/21/[$LATEST]0b", "mine")
    assert messages(cloud, fake_time, "CreateFunction", "ask", follow=False) == ["START", "END"]
    assert messages(cloud, fake_time, "CreateFunction", "own", follow=False) == ["mine"]


def test_silence_is_told_with_how_the_job_stands_and_again(cloud: Cloud, fake_time: Any) -> None:
    job = cloud.descriptions["digits"] = {"TrainingJobStatus": "InProgress", "SecondaryStatus": "Training"}
    cloud._plan = [
        (100, lambda: cloud.write(TRAINING_GROUP, "digits/algo-1-1", "one")),
        (800, lambda: job.update(TrainingJobStatus="Completed", SecondaryStatus="Completed")),
    ]
    notices: list[str] = []
    assert messages(cloud, fake_time, "CreateTrainingJob", "digits", on_notice=notices.append) == ["one"]
    assert notices == [
        "no output for 5 min; training job 'digits' is InProgress, Training",
        "no output for 10 min; training job 'digits' is InProgress, Training",
    ]


def test_only_what_is_asked_for_is_read_and_shown(cloud: Cloud, fake_time: Any) -> None:
    cloud.descriptions["digits"] = {"TrainingJobStatus": "Completed"}
    for host in ("algo-1-1", "algo-2-1"):
        cloud.write(TRAINING_GROUP, f"digits/{host}", f"loss=1 {host}", f"saved {host}")
    only = LogFilter(contains="LOSS", stream="algo-2")
    assert messages(cloud, fake_time, "CreateTrainingJob", "digits", only=only) == ["loss=1 algo-2-1"]
    assert "GetLogEvents digits/algo-1-1" not in cloud.calls


@pytest.mark.parametrize(
    ("last", "found"), [(0, []), (1, ["b2"]), (3, ["b1", "a2", "b2"]), (9, ["a1", "b1", "a2", "b2"])]
)
def test_the_last_lines_are_those_of_all_streams_together(
    cloud: Cloud, fake_time: Any, last: int, found: list[str]
) -> None:
    cloud.descriptions["digits"] = {"TrainingJobStatus": "Completed"}
    for message in ("a1", "b1", "a2", "b2"):
        fake_time.now += 1
        cloud.write(TRAINING_GROUP, f"digits/algo-{message[0]}", message)
    assert messages(cloud, fake_time, "CreateTrainingJob", "digits", follow=False, last_lines=last) == found


def test_what_comes_after_the_last_lines_is_followed_and_the_lines_before_are_not_read(
    cloud: Cloud, fake_time: Any
) -> None:
    job = cloud.descriptions["digits"] = {"TrainingJobStatus": "InProgress"}
    for number in range(50):
        fake_time.now += 1
        cloud.write(TRAINING_GROUP, "digits/algo-1-1", f"line {number}")
    read: list[str] = []
    page = cloud.get_log_events

    def counted(**request: Any) -> dict[str, Any]:
        answer = page(**request)
        read.extend(event["message"] for event in answer["events"])
        return answer

    cloud.get_log_events = counted  # type: ignore[method-assign]
    cloud._plan = [
        (fake_time.now + 10, lambda: cloud.write(TRAINING_GROUP, "digits/algo-1-1", "new")),
        (fake_time.now + 30, lambda: job.update(TrainingJobStatus="Completed")),
    ]
    found = messages(cloud, fake_time, "CreateTrainingJob", "digits", last_lines=2)
    assert found == ["line 48", "line 49", "new"]
    assert "line 47" not in read


def test_the_last_lines_are_the_last_of_those_asked_for(cloud: Cloud, fake_time: Any) -> None:
    cloud.descriptions["digits"] = {"TrainingJobStatus": "Completed"}
    cloud.write(TRAINING_GROUP, "digits/algo-1-1", "loss=3", "loss=2", "loss=1", "saved")
    only = LogFilter(contains="loss")
    found = messages(cloud, fake_time, "CreateTrainingJob", "digits", follow=False, last_lines=2, only=only)
    assert found == ["loss=2", "loss=1"]


def test_streams_that_ended_long_before_are_left_alone(cloud: Cloud, fake_time: Any) -> None:
    from datetime import datetime, timezone

    since = datetime(2026, 11, 21, tzinfo=timezone.utc)
    cloud.descriptions["ask"] = {"FunctionName": "ask"}
    for stream, age in (("old", STALE_MILLISECONDS + 1), ("recent", STALE_MILLISECONDS - 1)):
        cloud.write("/aws/lambda/ask", stream, "line")
        cloud.last_times[stream] = int(since.timestamp() * 1000) - age
    messages(cloud, fake_time, "CreateFunction", "ask", follow=False, only=LogFilter(since=since))
    assert [call for call in cloud.calls if call.startswith("Get")] == ["GetLogEvents recent"] * 2


def test_a_job_that_never_was_is_the_callers_mistake(cloud: Cloud, fake_time: Any) -> None:
    with pytest.raises(ClientError, match="Could not find it"):
        messages(cloud, fake_time, "CreateTrainingJob", "nobody")


def test_expired_credentials_are_waited_for_and_nothing_is_lost(cloud: Cloud, fake_time: Any) -> None:
    cloud.descriptions["digits"] = {"TrainingJobStatus": "InProgress"}
    cloud.write(TRAINING_GROUP, "digits/algo-1-1", "one")

    def renew() -> None:
        cloud.expired = False
        cloud.write(TRAINING_GROUP, "digits/algo-1-1", "two")
        cloud.descriptions["digits"] = {"TrainingJobStatus": "Completed"}

    def expire() -> None:
        cloud.expired = True

    cloud._plan = [(30, expire)]
    notices: list[str] = []

    def refresh() -> None:
        if fake_time.now > 100:
            renew()

    position = LogPosition()
    found = messages(
        cloud,
        fake_time,
        "CreateTrainingJob",
        "digits",
        position=position,
        refresh=refresh,
        on_notice=notices.append,
    )
    assert found == ["one", "two"]
    assert notices[0].startswith("the credentials have expired")
    assert messages(cloud, fake_time, "CreateTrainingJob", "digits", position=position) == []
