"""A log group copied to S3 by CloudWatch Logs itself, the bucket's policy set for that and restored after.

An account has one export task at a time, so another one's end is waited for. An event can take twelve hours until it
can be exported: what a job has just written is read by ``iter_log_events``.
https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/S3ExportTasks.html
"""

from __future__ import annotations

import contextlib
import secrets
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sm_raw.aws.bucket_policies import add_statements, remove_statements
from sm_raw.aws.calls import error_code, ride_out
from sm_raw.aws.transfers.s3_uris import S3Uri, parse_s3_uri
from sm_raw.aws.waiting.pauses import next_pause
from sm_raw.errors import JobFailed, SmRawError, WaitTimedOut
from sm_raw.specs.log_export import export_bucket_policy, export_task

if TYPE_CHECKING:
    from types_boto3_logs import CloudWatchLogsClient
    from types_boto3_s3 import S3Client

    from sm_raw.aws.clients import Clients

Sleep = Callable[[float], None]
Clock = Callable[[], float]

LABEL = "log export"
SID = "SmRawLogExport"
"""Statements that a run adds to a bucket's policy have Sids that begin with this; the rest is a number of the run."""

ENDED = frozenset({"COMPLETED", "FAILED", "CANCELLED"})
"""https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_ExportTaskStatus.html"""

POLL_SECONDS = 20.0
POLICY_SECONDS = 60.0
"""How long it may take until CloudWatch Logs knows of a policy that was just put."""

POLICY_UNKNOWN = "GetBucketAcl call on the given bucket failed"
"""What it says until then, with this or that code: https://github.com/aws/amazon-ecs-agent/pull/5116."""


@dataclass(frozen=True)
class LogExport:
    """An export that has ended well: below ``s3_uri``, and in ``folder``, each stream is a folder of .gz files."""

    task_id: str
    s3_uri: str
    folder: Path | None = None


def export_logs(
    clients: Clients,
    log_group: str,
    s3_uri: str | S3Uri,
    *,
    start: datetime,
    end: datetime,
    stream_prefix: str | None = None,
    to: str | Path | None = None,
    set_policy: bool = True,
    timeout_seconds: float = 3600.0,
    sleep: Sleep = time.sleep,
    clock: Clock = time.monotonic,
) -> LogExport:
    """Copy the events between two times to a bucket of the same region, and with ``to`` from there to a folder.

    While it runs, the bucket's policy also allows CloudWatch Logs to write below the prefix; what it was before is
    restored whatever happens. Another export of the account is waited for. Raises JobFailed if the task fails, or is
    not done after ``timeout_seconds``, when it is cancelled; WaitTimedOut if another's has not ended by then.
    """
    target = parse_s3_uri(s3_uri)
    deadline = clock() + timeout_seconds
    with contextlib.ExitStack() as stack:
        if set_policy:
            account = clients.sts.get_caller_identity()["Account"]
            document = export_bucket_policy(
                target.bucket, region=clients.region, account=account, prefix=target.key.strip("/")
            )
            stack.enter_context(_bucket_open(clients.s3, target.bucket, document, sleep))
        name = f"sm-raw-{secrets.token_hex(6)}"
        request = export_task(
            log_group,
            bucket=target.bucket,
            start_milliseconds=int(start.timestamp() * 1000),
            end_milliseconds=int(end.timestamp() * 1000),
            prefix=target.key.strip("/") or None,
            stream_prefix=stream_prefix,
            name=name,
        )
        tasks = ExportTasks(clients.logs, deadline=deadline, sleep=sleep, clock=clock)
        task_id = tasks.start(request)
        tasks.finish(task_id)
    exported = S3Uri(target.bucket, "/".join(filter(None, [target.key.strip("/") or "exportedlogs", task_id])))
    folder = None if to is None else _download(clients.s3, exported, Path(to))
    return LogExport(task_id, str(exported), folder)


class ExportTasks:
    """Starts a task as soon as the account has no other, and sees to its end, both before ``deadline``."""

    def __init__(self, logs: CloudWatchLogsClient, *, deadline: float, sleep: Sleep, clock: Clock) -> None:
        self._logs, self._deadline, self._sleep, self._clock = logs, deadline, sleep, clock
        self._began = clock()

    def start(self, request: Mapping[str, Any]) -> str:
        """Its task id. The task's name tells whether one was made by a request whose answer was lost."""
        from botocore.exceptions import ClientError

        while True:
            try:
                return self._create(request)
            except ClientError as error:
                if POLICY_UNKNOWN in str(error) and self._waited() < POLICY_SECONDS:
                    pass
                elif error_code(error) != "LimitExceededException":
                    raise
                elif self._clock() >= self._deadline:
                    active = [task for task in self._latest() if task["status"]["code"] not in ENDED]
                    other = active[0] if active else {}
                    raise WaitTimedOut(
                        f"{LABEL} of another", str(other.get("taskId", "?")), self._waited(), _HINT, other
                    ) from error
            self._rest()

    def finish(self, task_id: str) -> None:
        """Wait for its end. It is cancelled when the time is over, or if the wait is interrupted."""
        try:
            task = self._ended(task_id)
        except BaseException:
            self._cancel(task_id)
            raise
        status = task["status"]
        if status["code"] not in ENDED:
            self._cancel(task_id)
            reason = f"it was not done after {self._waited():.0f} s, and has been cancelled"
            raise JobFailed(LABEL, task_id, str(status["code"]), reason, last_response=task)
        if status["code"] != "COMPLETED":
            raise JobFailed(LABEL, task_id, str(status["code"]), status.get("message", ""), last_response=task)

    def _create(self, request: Mapping[str, Any]) -> str:
        try:
            made = ride_out(lambda: self._logs.create_export_task(**request), repeatable=False, sleep=self._sleep)
            return made["taskId"]
        except Exception:
            # A connection that broke, or a server error: the task may have been made all the same.
            for task in self._latest():
                if task.get("taskName") == request["taskName"]:
                    return str(task["taskId"])
            raise

    def _latest(self) -> list[dict[str, Any]]:
        page: Any = ride_out(lambda: self._logs.describe_export_tasks(limit=50), sleep=self._sleep)
        return list(page["exportTasks"])

    def _ended(self, task_id: str) -> dict[str, Any]:
        """Its last description: of its end, or of the moment when the time was over."""
        while True:
            page = ride_out(lambda: self._logs.describe_export_tasks(taskId=task_id), sleep=self._sleep)
            task: dict[str, Any] = dict(page["exportTasks"][0])
            if task["status"]["code"] in ENDED or self._clock() >= self._deadline:
                return task
            self._rest()

    def _cancel(self, task_id: str) -> None:
        # It may just have ended, and what is under way here is told by another error.
        with contextlib.suppress(Exception):
            self._logs.cancel_export_task(taskId=task_id)

    def _waited(self) -> float:
        return self._clock() - self._began

    def _rest(self) -> None:
        left = self._deadline - self._clock()
        self._sleep(max(0.0, min(next_pause(self._waited(), POLL_SECONDS), left)))


_HINT = (
    "an account has one export at a time; try again later, or end that one with: "
    "aws logs cancel-export-task --task-id ..."
)


@contextlib.contextmanager
def _bucket_open(s3: S3Client, bucket: str, document: Mapping[str, Any], sleep: Sleep) -> Iterator[None]:
    """While the block runs, the bucket's policy also holds the statements of ``document``.

    What others changed in it meanwhile stays: then only the statements are taken out again.
    """
    sid = f"{SID}{secrets.token_hex(4)}"
    before = add_statements(s3, bucket, document, sid, sleep=sleep)
    try:
        yield
    finally:
        try:
            remove_statements(s3, bucket, sid, before=before, sleep=sleep)
        except Exception as error:
            raise SmRawError(
                f"the policy of bucket {bucket!r} could not be restored: {error}; take out the statements whose Sid "
                f"begins with {sid}"
            ) from error


def _download(s3: S3Client, source: S3Uri, folder: Path) -> Path:
    from sm_raw.aws.transfers.download import download_folder

    found = s3.list_objects_v2(Bucket=source.bucket, Prefix=source.prefix, MaxKeys=1)
    folder.mkdir(parents=True, exist_ok=True)
    if found.get("KeyCount"):  # There were events in that time.
        download_folder(s3, source, folder)
    return folder
