"""A job's output in CloudWatch Logs, sent in batches, and its metrics, read by the request's regexes."""

from __future__ import annotations

import contextlib
import math
import re
import sys
import threading
import time
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sm_raw.validation.patterns import translate

if TYPE_CHECKING:
    from types_boto3_cloudwatch import CloudWatchClient
    from types_boto3_logs import CloudWatchLogsClient

BATCH = 1000  # events in one PutLogEvents call; the service takes up to 10,000
INTERVAL_SECONDS = 0.25
TAIL_LINES = 50


class LogStream:
    """One log stream. ``write`` may be called from any thread and never waits for the service.

    A log that cannot be sent is told on stderr and is no reason for a job to fail: the lines are lost, ``tail`` is not.
    """

    def __init__(self, logs: CloudWatchLogsClient, group: str, stream: str) -> None:
        self._logs, self.group, self.stream = logs, group, stream
        self._pending: deque[dict[str, Any]] = deque()
        self._closing = threading.Event()
        self._write_lock = threading.Lock()
        self._last_time = 0
        self._thread = threading.Thread(target=self._send_until_closed, name=f"log {stream}", daemon=True)
        self.tail: deque[str] = deque(maxlen=TAIL_LINES)

    def open(self) -> LogStream:
        """Create the group and the stream if they are not there, and begin to send."""
        exists = self._logs.exceptions.ResourceAlreadyExistsException
        with contextlib.suppress(exists):
            self._logs.create_log_group(logGroupName=self.group)
        with contextlib.suppress(exists):
            self._logs.create_log_stream(logGroupName=self.group, logStreamName=self.stream)
        self._thread.start()
        return self

    def write(self, line: str) -> None:
        """Add one line, stamped now. The service refuses empty messages, so a blank line becomes a space."""
        with self._write_lock:
            self.tail.append(line)
            # Events of a batch must be in order of time, and the clock may be set back.
            self._last_time = max(self._last_time, int(time.time() * 1000))
            self._pending.append({"timestamp": self._last_time, "message": line or " "})

    def close(self) -> None:
        """Send what is left and end. May be called again, and for a stream that was never opened."""
        self._closing.set()
        if self._thread.is_alive():
            self._thread.join()

    def _send_until_closed(self) -> None:
        try:
            while not self._closing.wait(INTERVAL_SECONDS):
                self._send()
            self._send()
        except Exception as error:
            print(f"sm_raw local: the log {self.group} {self.stream} ends here: {error}", file=sys.stderr)

    def _send(self) -> None:
        while self._pending:
            batch: Any = [self._pending.popleft() for _ in range(min(BATCH, len(self._pending)))]
            self._logs.put_log_events(logGroupName=self.group, logStreamName=self.stream, logEvents=batch)


@dataclass(frozen=True)
class MetricPoint:
    """One value that a metric's regex found. ``time`` is in epoch seconds."""

    name: str
    value: float
    time: float


class MetricReader:
    """Reads metric values from log lines by the request's MetricDefinitions."""

    def __init__(self, definitions: Sequence[Mapping[str, str]]) -> None:
        # The service reads them as Java does.
        self._patterns = [(item["Name"], re.compile(translate(item["Regex"]))) for item in definitions]
        self._lock = threading.Lock()
        self.points: list[MetricPoint] = []

    def read(self, line: str) -> None:
        """Keep every value in ``line`` that is a finite number: CloudWatch takes no other."""
        for name, pattern in self._patterns:
            for match in pattern.finditer(line):
                # A group that took no part in the match is None, and not every text is a number.
                with contextlib.suppress(ValueError, TypeError), self._lock:
                    value = float(match[1])
                    if math.isfinite(value):
                        self.points.append(MetricPoint(name, value, time.time()))

    def final(self) -> list[dict[str, Any]]:
        """FinalMetricDataList: the last value of each metric that was seen."""
        with self._lock:
            last = {point.name: point for point in self.points}
        return [{"MetricName": point.name, "Value": point.value, "Timestamp": point.time} for point in last.values()]

    def publish(self, cloudwatch: CloudWatchClient, job_name: str) -> None:
        """Send all points to the namespace that the service uses, /aws/sagemaker/TrainingJobs."""
        data: list[Any] = [
            {
                "MetricName": point.name,
                "Value": point.value,
                "Timestamp": point.time,
                "Dimensions": [{"Name": "TrainingJobName", "Value": job_name}],
            }
            for point in self.points
        ]
        for start in range(0, len(data), BATCH):
            cloudwatch.put_metric_data(Namespace="/aws/sagemaker/TrainingJobs", MetricData=data[start : start + BATCH])
