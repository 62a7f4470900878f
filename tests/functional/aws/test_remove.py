from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timezone
from typing import Any

import pytest
from botocore.exceptions import ClientError
from botocore.stub import Stubber

from sm_raw.aws.clients import Clients
from sm_raw.aws.job_kinds import TRAINING
from sm_raw.aws.removals import KINDS
from sm_raw.aws.remove import in_removal_order, left_behind, remove, stop_job
from sm_raw.aws.resources import Resource
from sm_raw.errors import SmRawError

Stub = Callable[[str], Stubber]
NOW = datetime(2026, 1, 1, tzinfo=timezone.utc)
RESOURCE_ID = "endpoint/e/variant/AllTraffic"
SCALING = {
    "ServiceNamespace": "sagemaker",
    "ScalableDimension": "sagemaker:variant:DesiredInstanceCount",
}
POLICY = Resource("scaling policy", "p", RESOURCE_ID)
TARGET = Resource("scalable target", RESOURCE_ID)
ENDPOINT, CONFIG, MODEL = Resource("endpoint", "e"), Resource("endpoint config", "c"), Resource("model", "m")
EVERYTHING = [MODEL, CONFIG, ENDPOINT, TARGET, POLICY]
ARN = "arn:aws:sagemaker:us-east-1:123456789012:thing/name"
DESCRIBED: dict[str, dict[str, Any]] = {
    "scaling policy": {
        "ScalingPolicies": [
            {
                **SCALING,
                "PolicyARN": ARN,
                "PolicyName": "p",
                "ResourceId": RESOURCE_ID,
                "PolicyType": "TargetTrackingScaling",
                "CreationTime": NOW,
            }
        ]
    },
    "scalable target": {
        "ScalableTargets": [
            {
                **SCALING,
                "ResourceId": RESOURCE_ID,
                "MinCapacity": 1,
                "MaxCapacity": 3,
                "RoleARN": "arn:aws:iam::123456789012:role/scaling",
                "CreationTime": NOW,
            }
        ]
    },
    "endpoint": {
        "EndpointName": "e",
        "EndpointArn": ARN,
        "EndpointStatus": "InService",
        "CreationTime": NOW,
        "LastModifiedTime": NOW,
    },
    "endpoint config": {
        "EndpointConfigName": "c",
        "EndpointConfigArn": ARN,
        "ProductionVariants": [{"VariantName": "AllTraffic", "ModelName": "m"}],
        "CreationTime": NOW,
    },
    "model": {"ModelName": "m", "ModelArn": ARN, "CreationTime": NOW},
}
DESCRIBE: dict[str, tuple[str, dict[str, Any]]] = {
    "scaling policy": (
        "describe_scaling_policies",
        {**SCALING, "ResourceId": RESOURCE_ID, "PolicyNames": ["p"]},
    ),
    "scalable target": ("describe_scalable_targets", {**SCALING, "ResourceIds": [RESOURCE_ID]}),
    "endpoint": ("describe_endpoint", {"EndpointName": "e"}),
    "endpoint config": ("describe_endpoint_config", {"EndpointConfigName": "c"}),
    "model": ("describe_model", {"ModelName": "m"}),
}
DELETE: dict[str, tuple[str, dict[str, Any]]] = {
    "scaling policy": (
        "delete_scaling_policy",
        {**SCALING, "ResourceId": RESOURCE_ID, "PolicyName": "p"},
    ),
    "scalable target": ("deregister_scalable_target", {**SCALING, "ResourceId": RESOURCE_ID}),
    "endpoint": ("delete_endpoint", {"EndpointName": "e"}),
    "endpoint config": ("delete_endpoint_config", {"EndpointConfigName": "c"}),
    "model": ("delete_model", {"ModelName": "m"}),
}


class Script:
    """The calls that are expected, in their order within each service."""

    def __init__(self, stub: Stub) -> None:
        self.stub = stub

    def there(self, resource: Resource) -> Script:
        method, asked = DESCRIBE[resource.kind]
        self.stub(KINDS[resource.kind].service).add_response(method, DESCRIBED[resource.kind], asked)
        return self

    def gone(self, resource: Resource) -> Script:
        method, asked = DESCRIBE[resource.kind]
        removal = KINDS[resource.kind]
        if removal.found:
            self.stub(removal.service).add_response(method, {removal.found: []}, asked)
        else:
            self.stub(removal.service).add_client_error(
                method, "ValidationException", "Could not find it", 400, expected_params=asked
            )
        return self

    def deleted(self, resource: Resource) -> Script:
        method, asked = DELETE[resource.kind]
        self.stub(KINDS[resource.kind].service).add_response(method, {}, asked)
        return self

    def refused(self, resource: Resource, code: str, message: str) -> Script:
        method, asked = DELETE[resource.kind]
        self.stub(KINDS[resource.kind].service).add_client_error(method, code, message, 400, expected_params=asked)
        return self


@pytest.fixture
def script(stub: Stub) -> Script:
    return Script(stub)


def test_everything_goes_in_the_order_in_which_nothing_refers_to_what_is_gone(
    clients: Clients, script: Script, fake_time: Any
) -> None:
    for resource in (POLICY, TARGET):
        script.there(resource).deleted(resource)
    script.there(ENDPOINT).deleted(ENDPOINT).gone(ENDPOINT)
    for resource in (CONFIG, MODEL):
        script.there(resource).deleted(resource)
    told: list[tuple[Resource, str]] = []
    leftovers = remove(
        clients,
        [*EVERYTHING, MODEL],
        lambda *progress: told.append(progress),
        sleep=fake_time.sleep,
        clock=fake_time.clock,
    )
    assert leftovers == []
    assert told == [(resource, "removed") for resource in (POLICY, TARGET, ENDPOINT, CONFIG, MODEL)]
    assert fake_time.pauses == [0.2]


def test_what_is_gone_already_is_fine(clients: Clients, script: Script) -> None:
    for resource in (POLICY, TARGET, ENDPOINT, CONFIG, MODEL):
        script.gone(resource)
    told: list[str] = []
    assert remove(clients, EVERYTHING, lambda _, outcome: told.append(outcome), sleep=pytest.fail) == []
    assert told == ["gone already"] * 5


def test_what_vanishes_before_its_delete_call_is_fine_too(clients: Clients, script: Script) -> None:
    script.there(CONFIG).refused(CONFIG, "ValidationException", "Could not find it").gone(CONFIG)
    assert remove(clients, [CONFIG]) == []


def test_an_endpoint_that_cannot_be_deleted_yet_is_asked_again(
    clients: Clients, script: Script, fake_time: Any
) -> None:
    script.there(ENDPOINT).refused(ENDPOINT, "ValidationException", "Cannot update in-progress endpoint")
    script.there(ENDPOINT).deleted(ENDPOINT).there(ENDPOINT)
    script.refused(ENDPOINT, "ValidationException", "Cannot update in-progress endpoint").gone(ENDPOINT)
    assert remove(clients, [ENDPOINT], sleep=fake_time.sleep, clock=fake_time.clock) == []


def test_an_endpoint_that_stays_is_left_over_when_time_is_up(clients: Clients, script: Script, fake_time: Any) -> None:
    for _ in range(3):
        script.there(ENDPOINT).deleted(ENDPOINT)
    leftovers = remove(clients, [ENDPOINT], timeout_seconds=0.4, sleep=fake_time.sleep, clock=fake_time.clock)
    assert leftovers == ["endpoint 'e': it is still there after 0 s; remove it again in a few minutes"]


def test_one_failure_is_reported_and_the_rest_is_removed(clients: Clients, script: Script, fake_time: Any) -> None:
    script.there(ENDPOINT).refused(ENDPOINT, "AccessDeniedException", "no right").there(ENDPOINT)
    script.there(CONFIG).deleted(CONFIG)
    leftovers = remove(clients, [CONFIG, ENDPOINT], sleep=fake_time.sleep, clock=fake_time.clock)
    assert leftovers == [
        "endpoint 'e': An error occurred (AccessDeniedException) when calling the DeleteEndpoint operation: no right"
    ]


def test_what_is_left_behind_is_asked_of_the_service(clients: Clients, script: Script) -> None:
    script.gone(POLICY).there(TARGET).there(ENDPOINT).gone(CONFIG).gone(MODEL)
    assert left_behind(clients, EVERYTHING) == [f"scalable target '{RESOURCE_ID}'", "endpoint 'e'"]


def test_a_describe_call_without_the_right_to_it_proves_nothing(clients: Clients, stub: Stub) -> None:
    stub("sagemaker").add_client_error("describe_model", "AccessDeniedException", "no", 400)
    with pytest.raises(ClientError, match="AccessDenied"):
        left_behind(clients, [MODEL])


def test_an_unknown_kind_is_refused_before_anything_is_removed(clients: Clients) -> None:
    with pytest.raises(SmRawError, match="no way to remove a 'bucket' is known; known kinds: scheduled action, "):
        remove(clients, [MODEL, Resource("bucket", "b")])


def test_the_order_of_removal_drops_doubles() -> None:
    assert in_removal_order([*EVERYTHING, MODEL, POLICY]) == [POLICY, TARGET, ENDPOINT, CONFIG, MODEL]


def reservations(*states: str) -> dict[str, Any]:
    found = [{"InstanceId": f"i-{number}", "State": {"Name": state}} for number, state in enumerate(states)]
    return {"Reservations": [{"Instances": found}]}


def test_instances_are_found_by_their_token_and_terminated_until_none_runs(
    clients: Clients, stub: Stub, fake_time: Any
) -> None:
    asked = {"Filters": [{"Name": "client-token", "Values": ["t"]}]}
    ec2 = stub("ec2")
    ec2.add_response("describe_instances", reservations("running", "terminated"), asked)
    ec2.add_response("terminate_instances", {}, {"InstanceIds": ["i-0"]})
    ec2.add_response("describe_instances", reservations("shutting-down", "terminated"), asked)
    assert remove(clients, [Resource("instances", "t")], sleep=fake_time.sleep, clock=fake_time.clock) == []


def test_an_export_that_has_ended_is_nothing_to_remove_and_one_under_way_is_cancelled(
    clients: Clients, stub: Stub
) -> None:
    tasks: Any = [
        {"taskId": "1", "taskName": "of others", "status": {"code": "RUNNING"}},
        {"taskId": "2", "taskName": "ended", "status": {"code": "COMPLETED"}},
        {"taskId": "3", "taskName": "runs", "status": {"code": "RUNNING"}},
    ]
    logs = stub("logs")
    for _ in range(2):
        logs.add_response("describe_export_tasks", {"exportTasks": tasks}, {"limit": 50})
    logs.add_response("cancel_export_task", {}, {"taskId": "3"})
    assert remove(clients, [Resource("export task", "ended"), Resource("export task", "runs")]) == []


class Jobs:
    """A client with one training job: these statuses, one for each describe call."""

    def __init__(self, *statuses: str, refuses: bool = False) -> None:
        self.statuses = list(statuses)
        self.refuses = refuses
        self.stopped: list[dict[str, str]] = []

    def describe_training_job(self, **_: str) -> dict[str, str]:
        return {"TrainingJobStatus": self.statuses.pop(0)}

    def stop_training_job(self, **request: str) -> dict[str, str]:
        if self.refuses:
            raise ClientError({"Error": {"Code": "ValidationException", "Message": "it ended"}}, "StopTrainingJob")
        self.stopped.append(request)
        return {}


@pytest.mark.parametrize(
    ("jobs", "stopped"),
    [
        (Jobs("InProgress"), True),
        (Jobs("Completed"), False),
        (Jobs("Stopped"), False),
        (Jobs("InProgress", "Failed", refuses=True), False),
    ],
    ids=["running", "completed", "stopped", "ends meanwhile"],
)
def test_a_job_is_asked_to_stop_only_while_it_runs(jobs: Any, stopped: bool) -> None:
    assert stop_job(jobs, TRAINING, "job") is stopped
    assert jobs.stopped == [{"TrainingJobName": "job"}] * stopped


def test_a_refusal_to_stop_what_still_runs_passes_through() -> None:
    jobs: Any = Jobs("InProgress", "InProgress", refuses=True)
    with pytest.raises(ClientError, match="it ended"):
        stop_job(jobs, "CreateTrainingJob", "job")
