from __future__ import annotations

import importlib
import json
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError, ConnectionClosedError

from sm_raw.aws.logs.export import LogExport, export_logs
from sm_raw.errors import JobFailed, SmRawError, WaitTimedOut

START = datetime(2026, 11, 21, 4, tzinfo=timezone.utc)
END = datetime(2026, 11, 21, 5, tzinfo=timezone.utc)
GROUP = "/aws/sagemaker/TrainingJobs"
OWN = {"Sid": "own", "Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": "arn:aws:s3:::logs/*"}
# As somebody wrote it: the spaces are to come back, too.
BEFORE = json.dumps({"Version": "2012-10-17", "Statement": [OWN]}, indent=2)


def refusal(code: str, message: str = "no") -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": message}}, "Operation")


class Account:
    """S3, STS and CloudWatch Logs of one account, with one bucket and one export task at a time."""

    region = "eu-west-1"

    def __init__(self, policy: str | None = BEFORE, *, ends: tuple[str, ...] = ("RUNNING", "COMPLETED")) -> None:
        self.policy = policy
        self.puts: list[str | None] = []
        self.tasks: list[dict[str, Any]] = []
        self.refusals: list[Exception] = []
        self.cancelled: list[str] = []
        self._ends: Iterator[str] = iter(ends)
        self.during: Callable[[], None] = lambda: None
        self.s3 = self.sts = self.logs = self

    def get_caller_identity(self) -> dict[str, Any]:
        return {"Account": "111122223333"}

    def get_bucket_policy(self, **_: Any) -> dict[str, Any]:
        if self.policy is None:
            raise refusal("NoSuchBucketPolicy")
        return {"Policy": self.policy}

    def put_bucket_policy(self, **request: str) -> None:
        self.policy = request["Policy"]
        self.puts.append(self.policy)

    def delete_bucket_policy(self, **_: Any) -> None:
        self.policy = None
        self.puts.append(None)

    def create_export_task(self, **request: Any) -> dict[str, Any]:
        assert "logs.eu-west-1.amazonaws.com" in str(self.policy)
        self.during()
        task = {"taskId": f"task-{len(self.tasks)}", "status": {"code": "PENDING"}, **request}
        if self.refusals:
            error = self.refusals.pop(0)
            if isinstance(error, ConnectionClosedError):
                self.tasks.append(task)
            raise error
        self.tasks.append(task)
        return {"taskId": task["taskId"]}

    def describe_export_tasks(self, **request: Any) -> dict[str, Any]:
        if "taskId" not in request:
            return {"exportTasks": self.tasks}
        (task,) = [task for task in self.tasks if task["taskId"] == request["taskId"]]
        code = next(self._ends, task["status"]["code"])
        if code == "interrupted":
            raise KeyboardInterrupt
        task["status"] = {"code": code, "message": "its reason"}
        return {"exportTasks": [task]}

    def cancel_export_task(self, **request: str) -> None:
        self.cancelled.append(request["taskId"])


def export(account: Account, time: Any, **options: Any) -> LogExport:
    clients: Any = account
    return export_logs(
        clients,
        GROUP,
        "s3://logs/exports",
        start=START,
        end=END,
        stream_prefix="digits/",
        timeout_seconds=100,
        sleep=time.sleep,
        clock=time.clock,
        **options,
    )


def statements(policy: str | None) -> list[Mapping[str, Any]]:
    found: list[Mapping[str, Any]] = json.loads(policy or "{}")["Statement"]
    return found


def test_a_group_is_exported_under_a_policy_of_that_moment(fake_time: Any) -> None:
    account = Account()
    assert export(account, fake_time) == LogExport("task-0", "s3://logs/exports/task-0")
    (task,) = account.tasks
    assert {key: task[key] for key in ("logGroupName", "logStreamNamePrefix", "destination", "destinationPrefix")} == {
        "logGroupName": GROUP,
        "logStreamNamePrefix": "digits/",
        "destination": "logs",
        "destinationPrefix": "exports",
    }
    assert (task["from"], task["to"]) == (1795233600000, 1795237200000)
    own, *added = statements(account.puts[0])
    assert own == OWN
    assert [statement["Action"] for statement in added] == ["s3:GetBucketAcl", "s3:PutObject"]
    assert added[1]["Resource"] == "arn:aws:s3:::logs/exports/*"
    assert account.policy == BEFORE


@pytest.mark.parametrize("before", [None, BEFORE, json.dumps({"Version": "2012-10-17", "Statement": OWN})])
@pytest.mark.parametrize(
    ("ends", "error"),
    [
        (("COMPLETED",), None),
        (("FAILED",), JobFailed),
        (("RUNNING", "CANCELLED"), JobFailed),
        (("RUNNING",) * 99, JobFailed),
        (("RUNNING", "interrupted"), KeyboardInterrupt),
    ],
)
def test_whatever_happens_the_policy_is_then_what_it_was(
    fake_time: Any, before: str | None, ends: tuple[str, ...], error: type[BaseException] | None
) -> None:
    account = Account(before, ends=ends)
    if error is None:
        export(account, fake_time)
    else:
        with pytest.raises(error):
            export(account, fake_time)
    assert account.policy == before
    assert len(account.puts) == 2


def test_a_task_that_takes_too_long_or_is_interrupted_is_cancelled(fake_time: Any) -> None:
    for ends, error in ((("RUNNING",) * 99, JobFailed), (("interrupted",), KeyboardInterrupt)):
        account = Account(ends=ends)
        with pytest.raises(error):
            export(account, fake_time)
        assert account.cancelled == ["task-0"]


def test_a_failed_task_says_why(fake_time: Any) -> None:
    with pytest.raises(JobFailed, match="log export 'task-0' ended FAILED: its reason"):
        export(Account(ends=("FAILED",)), fake_time)


def test_the_end_of_anothers_export_is_waited_for(fake_time: Any) -> None:
    account = Account()
    account.refusals = [refusal("LimitExceededException", "Resource limit exceeded.")] * 3
    assert export(account, fake_time).task_id == "task-0"
    assert len(fake_time.pauses) >= 3


def test_anothers_export_that_does_not_end_is_told_of(fake_time: Any) -> None:
    account = Account()
    account.tasks = [{"taskId": "theirs", "status": {"code": "RUNNING"}}]
    account.refusals = [refusal("LimitExceededException")] * 999
    with pytest.raises(WaitTimedOut, match=r"log export of another 'theirs' still runs after .* cancel-export-task"):
        export(account, fake_time)
    assert account.policy == BEFORE
    assert account.cancelled == []


def test_a_policy_that_is_not_known_yet_is_waited_for_but_not_for_ever(fake_time: Any) -> None:
    early = refusal("InvalidParameterException", "GetBucketAcl call on the given bucket failed. Please check if ...")
    account = Account()
    account.refusals = [early] * 3
    assert export(account, fake_time).task_id == "task-0"
    account = Account()
    account.refusals = [early] * 999
    with pytest.raises(ClientError, match="GetBucketAcl"):
        export(account, fake_time)
    assert account.policy == BEFORE


def test_a_task_whose_answer_was_lost_is_not_started_twice(fake_time: Any) -> None:
    account = Account()
    account.refusals = [ConnectionClosedError(endpoint_url="https://logs")]
    assert export(account, fake_time).task_id == "task-0"
    assert len(account.tasks) == 1


def test_what_others_changed_in_the_policy_meanwhile_stays(fake_time: Any) -> None:
    other = {**OWN, "Sid": "other"}
    for before, left in ((BEFORE, [OWN, other]), (None, [other])):
        account = Account(before)

        def join(account: Account = account) -> None:
            policy = json.loads(str(account.policy))
            account.policy = json.dumps({**policy, "Statement": [*policy["Statement"], other]})

        account.during = join
        export(account, fake_time)
        assert statements(account.policy) == left


def test_a_policy_that_allows_it_already_or_is_not_to_be_touched_stays_untouched(fake_time: Any) -> None:
    account = Account()
    account.during = lambda: setattr(account, "seen", account.policy)
    export(account, fake_time)
    allowing = Account(account.seen)  # type: ignore[attr-defined]
    export(allowing, fake_time)
    assert allowing.puts == []
    untouched = Account(account.seen)  # type: ignore[attr-defined]
    export(untouched, fake_time, set_policy=False)
    assert untouched.puts == []


def test_a_policy_that_cannot_be_restored_is_told_with_what_to_take_out(fake_time: Any) -> None:
    account = Account()

    def lose_the_right() -> None:
        def refuse(**_: Any) -> None:
            raise refusal("AccessDenied")

        account.put_bucket_policy = refuse  # type: ignore[method-assign]

    account.during = lose_the_right
    with pytest.raises(
        SmRawError, match=r"could not be restored: .*AccessDenied.*whose Sid begins with SmRawLogExport"
    ):
        export(account, fake_time)


def test_the_files_are_fetched_if_asked_for(fake_time: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fetched: list[Any] = []
    # Not by the module's path, which the function of the same name hides.
    module = importlib.import_module("sm_raw.aws.transfers.download")
    monkeypatch.setattr(module, "download_folder", lambda s3, uri, folder: fetched.append((str(uri), folder)))
    for objects, folder in ((1, tmp_path / "logs"), (0, tmp_path / "none")):
        account = Account()
        account.list_objects_v2 = lambda objects=objects, **_: {"KeyCount": objects}  # type: ignore[attr-defined]
        assert export(account, fake_time, to=folder).folder == folder
        assert folder.is_dir()
    assert fetched == [("s3://logs/exports/task-0", tmp_path / "logs")]
