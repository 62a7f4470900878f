"""System metrics while a training runs, in the files and records of SageMaker's system monitoring.

One file for each node and minute, ``system/incremental/<YYYYMMDDHH>/<epoch second of the minute>.<node>.json`` (UTC),
one JSON record in a line. The layout is the one that smdebug reads; the engine uploads it to profiler-output.
The service has a second group of network rows, ``Platform``, for its own traffic, which does not exist here.
"""

from __future__ import annotations

import json
import logging
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path
from types import TracebackType
from typing import Any

import psutil

# What ProfilingIntervalInMilliseconds accepts, by the API's documentation; its model holds no enum.
INTERVALS_MILLISECONDS = (100, 200, 500, 1000, 5000, 60000)

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Reading:
    """The counters of the machine at one moment; rates come from two of them."""

    timestamp: float  # seconds since the epoch
    cores: tuple[tuple[float, float, float], ...]  # for each: idle, waiting for I/O, and all seconds since boot
    memory_percent: float
    disk_operations: int
    disk_read_bytes: int
    disk_written_bytes: int
    network_received_bytes: int
    network_sent_bytes: int


def read_counters(timestamp: float) -> Reading:
    disk = psutil.disk_io_counters()  # None on a machine without disks
    network = [nic for name, nic in psutil.net_io_counters(pernic=True).items() if not name.startswith("lo")]
    return Reading(
        timestamp=timestamp,
        cores=tuple(_core(times) for times in psutil.cpu_times(percpu=True)),
        memory_percent=psutil.virtual_memory().percent,
        disk_operations=disk.read_count + disk.write_count if disk else 0,
        disk_read_bytes=disk.read_bytes if disk else 0,
        disk_written_bytes=disk.write_bytes if disk else 0,
        network_received_bytes=sum(nic.bytes_recv for nic in network),
        network_sent_bytes=sum(nic.bytes_sent for nic in network),
    )


def _core(times: Any) -> tuple[float, float, float]:
    # Time in guests is counted as user time already.
    guests = getattr(times, "guest", 0.0) + getattr(times, "guest_nice", 0.0)
    return times.idle, getattr(times, "iowait", 0.0), sum(times) - guests


def records(before: Reading, now: Reading, node: str) -> list[dict[str, object]]:
    """The rows of one snapshot: percentages and rates between two readings."""
    return [
        {"Type": type_, "Name": name, "Dimension": dimension, "Value": round(value, 2), "NodeId": node}
        | {"Timestamp": now.timestamp}
        for type_, name, dimension, value in _rows(before, now)
    ]


def _rows(before: Reading, now: Reading) -> Iterator[tuple[str, str, str, float]]:
    for core, (old, new) in enumerate(zip(before.cores, now.cores, strict=False)):
        idle, waiting, total = (later - earlier for earlier, later in zip(old, new, strict=True))
        yield "cpu", f"cpu{core}", "CPUUtilization", _percent(total - idle - waiting, total)
        yield "cpu", f"cpu{core}", "I/OWaitPercentage", _percent(waiting, total)
    yield "memory", "MemoryUsedPercent", "", now.memory_percent
    seconds = now.timestamp - before.timestamp
    for type_, name, dimension, field in (
        ("i/o", "IOPS", "", "disk_operations"),
        ("i/o", "ReadThroughputInBytesPerSecond", "", "disk_read_bytes"),
        ("i/o", "WriteThroughputInBytesPerSecond", "", "disk_written_bytes"),
        ("network", "ReceiveBytesPerSecond", "Algorithm", "network_received_bytes"),
        ("network", "TransmitBytesPerSecond", "Algorithm", "network_sent_bytes"),
    ):
        # A counter falls when a device goes away; that is no traffic.
        grown = max(0, getattr(now, field) - getattr(before, field))
        yield type_, name, dimension, grown / seconds if seconds > 0 else 0.0


def _percent(part: float, total: float) -> float:
    # The kernel's idle counters may step back by a tick.
    return min(100.0, max(0.0, 100 * part / total)) if total > 0 else 0.0


def metrics_file(folder: Path, timestamp: float, node: str) -> Path:
    """The file of the minute in which ``timestamp`` lies."""
    minute = int(timestamp // 60) * 60
    hour = datetime.fromtimestamp(minute, tz=timezone.utc).strftime("%Y%m%d%H")
    return folder / "system" / "incremental" / hour / f"{minute}.{node}.json"


class SystemMonitor:
    """Samples in a thread, between ``start`` and ``stop`` or in a ``with`` block.

    ``folder``: where ``system/`` is laid, None to sample nothing. ``interval_milliseconds`` is one of
    INTERVALS_MILLISECONDS (ValueError otherwise). A last snapshot is taken when it stops, so that a job shorter
    than the interval has one.
    """

    def __init__(
        self,
        folder: Path | None,
        *,
        interval_milliseconds: int = 500,
        node: str = "algo-1",
        clock: Callable[[], float] = time.time,
        read: Callable[[float], Reading] = read_counters,
    ) -> None:
        if interval_milliseconds not in INTERVALS_MILLISECONDS:
            accepted = ", ".join(map(str, INTERVALS_MILLISECONDS))
            raise ValueError(f"interval_milliseconds: {interval_milliseconds} is not one of {accepted}")
        self._folder, self._node = folder, node
        self._interval_seconds = interval_milliseconds / 1000
        self._clock, self._read = clock, read
        self._before: Reading | None = None
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None

    def __enter__(self) -> SystemMonitor:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.stop()

    def start(self) -> None:
        if self._folder is None:
            return
        self._thread = threading.Thread(target=self._run, name="system-monitor", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        self._stopping.set()
        if self._thread is not None:
            self._thread.join()
            self._thread = None

    def _run(self) -> None:
        try:
            self.sample()
            # Each wait ends at a multiple of the interval since the start: snapshots do not drift.
            begin = time.monotonic()
            while not self._stopping.wait(self._seconds_to_next(time.monotonic() - begin)):
                self.sample()
            self.sample()
        except OSError as error:
            # A full disk must not end the training that is watched.
            logger.warning("system metrics end here: %s", error)

    def _seconds_to_next(self, elapsed_seconds: float) -> float:
        return self._interval_seconds - elapsed_seconds % self._interval_seconds

    def sample(self) -> None:
        """Write one snapshot; the first call only takes the counters from which the next one starts."""
        now = self._read(self._clock())
        before, self._before = self._before, now
        if before is None or self._folder is None:
            return
        path = metrics_file(self._folder, now.timestamp, self._node)
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("a") as file:
            file.write("".join(json.dumps(record) + "\n" for record in records(before, now, self._node)))
