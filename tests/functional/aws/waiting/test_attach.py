from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError

from sm_raw.aws.clients import Clients
from sm_raw.aws.job_kinds import ENDPOINT, JOB_KINDS, TRAINING, JobKind
from sm_raw.aws.waiting.attach import attach, find_job
from sm_raw.errors import JobFailed, SmRawError


class Service:
    """Answers describes of what ``there`` is, kind by kind a list of statuses; the last is repeated."""

    def __init__(self, there: dict[str, list[str]], errors: dict[str, str]) -> None:
        self.there, self.errors = there, errors

    def __getattr__(self, operation: str) -> Any:
        kind = next(kind for kind in JOB_KINDS.values() if kind.describe.lower() == operation.replace("_", ""))

        def describe(**request: str) -> dict[str, Any]:
            statuses = self.there.get(kind.create)
            if statuses is None:
                code = self.errors.get(kind.create, "ValidationException")
                raise ClientError({"Error": {"Code": code, "Message": "m"}}, kind.describe)
            return {**request, kind.status: statuses.pop(0) if len(statuses) > 1 else statuses[0]}

        return describe


def clients(there: dict[JobKind, list[str]], errors: dict[JobKind, str] | None = None) -> Clients:
    found = {kind.create: statuses for kind, statuses in there.items()}
    client: Any = Service(found, {kind.create: code for kind, code in (errors or {}).items()})
    return Clients(lambda _: client, region="us-east-1")


@pytest.mark.parametrize("kind", JOB_KINDS.values(), ids=lambda kind: kind.label)
def test_the_kind_of_a_job_is_found_by_its_name(kind: JobKind) -> None:
    assert find_job(clients({kind: ["Failed"]}), "mine") == kind


def test_of_several_things_of_one_name_the_one_that_runs_is_meant() -> None:
    assert find_job(clients({TRAINING: ["Completed"], ENDPOINT: ["Creating"]}), "mine") == ENDPOINT


def test_several_that_run_or_have_ended_must_be_told_apart() -> None:
    with pytest.raises(SmRawError) as caught:
        find_job(clients({TRAINING: ["Completed"], ENDPOINT: ["InService"]}), "mine")
    assert str(caught.value) == (
        "'mine' is the name of more than one thing (training job, endpoint); "
        "say which with kind='CreateTrainingJob' or 'CreateEndpoint'"
    )


def test_a_name_of_nothing_is_an_error_that_tells_where_was_looked() -> None:
    with pytest.raises(SmRawError, match=r"nothing in us-east-1 is named 'mine'; looked for: training job, .*endpoint"):
        find_job(clients({}), "mine")


def test_what_may_not_be_described_is_not_said_to_be_absent() -> None:
    with pytest.raises(SmRawError, match=r"not known, DescribeEndpoint: .*AccessDeniedException"):
        find_job(clients({}, {ENDPOINT: "AccessDeniedException"}), "mine")
    found = find_job(clients({TRAINING: ["InProgress"]}, {ENDPOINT: "AccessDeniedException"}), "mine")
    assert found == TRAINING


def test_expired_credentials_are_no_absence() -> None:
    with pytest.raises(ClientError, match="ExpiredToken"):
        find_job(clients({}, dict.fromkeys(JOB_KINDS.values(), "ExpiredTokenException")), "mine")


def test_a_job_started_elsewhere_is_followed_to_its_end(fake_time: Any) -> None:
    told: list[str] = []
    done = attach(
        clients({TRAINING: ["InProgress", "InProgress", "InProgress", "Completed"]}),
        "mine",
        timeout_seconds=60,
        on_change=lambda response: told.append(response["TrainingJobStatus"]),
        sleep=fake_time.sleep,
        clock=fake_time.clock,
    )
    assert done == {"TrainingJobName": "mine", "TrainingJobStatus": "Completed"}
    assert told == ["InProgress", "Completed"]


def test_a_given_kind_needs_no_search() -> None:
    both = clients({TRAINING: ["Failed"], ENDPOINT: ["InService"]})
    assert attach(both, "mine", kind="CreateEndpoint", timeout_seconds=60)["EndpointStatus"] == "InService"
    with pytest.raises(JobFailed, match="training job 'mine' ended Failed"):
        attach(both, "mine", kind=TRAINING, timeout_seconds=60)
