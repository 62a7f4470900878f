import json
import threading
from collections import namedtuple
from dataclasses import replace

import psutil
import pytest

from sm_raw.local.debugger.saved_tensors import import_smdebug
from sm_raw.local.system_monitor import Reading, SystemMonitor, read_counters, records

# 2021-03-04 05:06:58 UTC
START = 1614834418.0
FIRST = Reading(
    timestamp=START,
    cores=((100.0, 10.0, 200.0), (50.0, 0.0, 200.0)),
    memory_percent=12.3,
    disk_operations=100,
    disk_read_bytes=1000,
    disk_written_bytes=2000,
    network_received_bytes=300,
    network_sent_bytes=400,
)
SECOND = Reading(
    timestamp=START + 0.5,
    cores=((100.2, 10.1, 200.5), (50.5, 0.0, 200.5)),
    memory_percent=12.4,
    disk_operations=110,
    disk_read_bytes=1000,
    disk_written_bytes=2512,
    network_received_bytes=350,
    network_sent_bytes=300,
)


def rows(before, now):
    return [(row["Type"], row["Name"], row["Dimension"], row["Value"]) for row in records(before, now, "algo-1")]


def lines(folder):
    return {
        str(path.relative_to(folder)): [json.loads(line) for line in path.read_text().splitlines()]
        for path in sorted(folder.rglob("*.json"))
    }


def test_a_snapshot_has_the_rows_of_the_service():
    assert rows(FIRST, SECOND) == [
        ("cpu", "cpu0", "CPUUtilization", 40.0),
        ("cpu", "cpu0", "I/OWaitPercentage", 20.0),
        ("cpu", "cpu1", "CPUUtilization", 0.0),
        ("cpu", "cpu1", "I/OWaitPercentage", 0.0),
        ("memory", "MemoryUsedPercent", "", 12.4),
        ("i/o", "IOPS", "", 20.0),
        ("i/o", "ReadThroughputInBytesPerSecond", "", 0.0),
        ("i/o", "WriteThroughputInBytesPerSecond", "", 1024.0),
        ("network", "ReceiveBytesPerSecond", "Algorithm", 100.0),
        ("network", "TransmitBytesPerSecond", "Algorithm", 0.0),
    ]


def test_a_record_has_the_keys_of_the_service_in_their_order():
    assert list(records(FIRST, SECOND, "algo-2")[0].items()) == [
        ("Type", "cpu"),
        ("Name", "cpu0"),
        ("Dimension", "CPUUtilization"),
        ("Value", 40.0),
        ("NodeId", "algo-2"),
        ("Timestamp", START + 0.5),
    ]


@pytest.mark.parametrize(
    "core", [(100.0, 10.0, 200.0), (100.6, 10.0, 200.5), (99.0, 10.0, 200.5)], ids=["no time", "idle", "stepped back"]
)
def test_percentages_stay_between_0_and_100(core):
    now = replace(SECOND, cores=(core,))
    assert all(0 <= value <= 100 for *_, value in rows(FIRST, now)[:2])


def test_files_change_with_the_minute_and_folders_with_the_hour(tmp_path):
    times = iter([START, START + 1, START + 3, START + 3600])
    readings = lambda timestamp: replace(FIRST, timestamp=timestamp)  # noqa: E731
    monitor = SystemMonitor(tmp_path, node="algo-2", clock=lambda: next(times), read=readings)
    for _ in range(4):
        monitor.sample()
    assert {path: len(rows) for path, rows in lines(tmp_path).items()} == {
        "system/incremental/2021030405/1614834360.algo-2.json": 10,
        "system/incremental/2021030405/1614834420.algo-2.json": 10,
        "system/incremental/2021030406/1614837960.algo-2.json": 10,
    }


def test_samples_in_a_thread_until_it_is_stopped(tmp_path):
    sampled = threading.Event()
    times = iter(range(1614834420, 1614835000))

    def read(timestamp):
        if timestamp > 1614834421:
            sampled.set()
        return replace(FIRST, timestamp=timestamp)

    with SystemMonitor(tmp_path, interval_milliseconds=100, clock=lambda: next(times), read=read):
        assert sampled.wait(30)
    stamps = {row["Timestamp"] for row in lines(tmp_path)["system/incremental/2021030405/1614834420.algo-1.json"]}
    assert len(stamps) >= 3  # two by the interval, one at the end
    assert not [thread for thread in threading.enumerate() if thread.name == "system-monitor"]


def test_a_job_shorter_than_the_interval_has_one_snapshot(tmp_path):
    with SystemMonitor(tmp_path, interval_milliseconds=60000):
        pass
    ((path, written),) = lines(tmp_path).items()
    cores = psutil.cpu_count()
    assert path.endswith(".algo-1.json")
    assert len(written) == 2 * cores + 6
    assert [row["Name"] for row in written[: 2 * cores : 2]] == [f"cpu{core}" for core in range(cores)]


def test_nothing_is_sampled_without_a_folder(monkeypatch):
    monkeypatch.setattr(threading.Thread, "start", lambda self: pytest.fail("a thread was started"))
    with SystemMonitor(None):
        pass


def test_a_folder_that_cannot_be_written_ends_the_sampling_alone(tmp_path, caplog):
    (tmp_path / "system").write_text("no folder")
    with SystemMonitor(tmp_path, interval_milliseconds=100):
        pass
    assert "system metrics end here" in caplog.text


@pytest.mark.parametrize("interval", [0, 50, 250, 1500, 120000])
def test_an_interval_that_the_service_does_not_know_is_refused(tmp_path, interval):
    with pytest.raises(ValueError, match=f"{interval} is not one of 100, 200, 500, 1000, 5000, 60000"):
        SystemMonitor(tmp_path, interval_milliseconds=interval)


def test_counters_leave_out_loopback_and_missing_disks(monkeypatch):
    nic = namedtuple("nic", "bytes_recv bytes_sent")
    nics = {"lo": nic(1000, 1000), "eth0": nic(3, 4), "eth1": nic(30, 40)}
    monkeypatch.setattr(psutil, "net_io_counters", lambda pernic: nics)
    monkeypatch.setattr(psutil, "disk_io_counters", lambda: None)
    reading = read_counters(5.0)
    assert (reading.timestamp, reading.network_received_bytes, reading.network_sent_bytes) == (5.0, 33, 44)
    assert (reading.disk_operations, reading.disk_read_bytes, reading.disk_written_bytes) == (0, 0, 0)


def test_smdebug_reads_the_files(tmp_path):
    import_smdebug()
    from smdebug.profiler.system_metrics_reader import LocalSystemMetricsReader

    times = iter([START, START + 0.5])
    readings = {START: FIRST, START + 0.5: SECOND}
    monitor = SystemMonitor(tmp_path, clock=lambda: next(times), read=readings.__getitem__)
    monitor.sample()
    monitor.sample()
    reader = LocalSystemMetricsReader(str(tmp_path))
    events = reader.get_events(int(START * 1e6), int((START + 1) * 1e6))
    assert [(event.type, event.name, event.dimension, event.value) for event in events] == rows(FIRST, SECOND)
