from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import psutil
import pytest

from sm_raw.local import warden
from sm_raw.local.process import MAX_LINE_CHARACTERS, ChildProcess, LineReader, clean_environment

pytestmark = pytest.mark.local
TIMEOUT_SECONDS = 30

# Prints the process ids of a command, its child, one in a session of its own, and a daemon; then waits for ever.
FAMILY = """
import os, signal, subprocess
print(os.getpid())
print(subprocess.Popen(["sleep", "600"]).pid)
print(subprocess.Popen(["sleep", "600"], start_new_session=True).pid)
received, sent = os.pipe()
first = os.fork()
if first == 0:
    os.setsid()
    if os.fork() == 0:
        os.write(sent, str(os.getpid()).encode())
        os.execvp("sleep", ["sleep", "600"])
    os._exit(0)
os.waitpid(first, 0)
print(os.read(received, 20).decode())
"""
FAMILY_SIZE = 4


class Recorder:
    """Lines as they come, and a wait for their number."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self._changed = threading.Condition()

    def __call__(self, line: str) -> None:
        with self._changed:
            self.lines.append(line)
            self._changed.notify_all()

    def first(self, count: int) -> list[str]:
        with self._changed:
            assert self._changed.wait_for(lambda: len(self.lines) >= count, TIMEOUT_SECONDS), self.lines
            return self.lines[:count]


@pytest.fixture
def start(tmp_path: Path) -> Any:
    children: list[ChildProcess] = []

    def start_child(*command: str, **options: Any) -> ChildProcess:
        environment = clean_environment({"HOME": str(tmp_path), "TMPDIR": str(tmp_path)})
        child = ChildProcess(command, env=environment, cwd=tmp_path, **options)
        children.append(child)
        child.start()
        return child

    yield start_child
    for child in children:
        child.kill()


def python(program: str) -> tuple[str, str, str]:
    return sys.executable, "-c", program


def watch(lines: list[str]) -> list[psutil.Process]:
    return [psutil.Process(int(line)) for line in lines]


def runs(process: psutil.Process) -> bool:
    """Whether it lives: an orphan that has ended may stay in the table until the first process collects it."""
    try:
        return process.status() not in (psutil.STATUS_ZOMBIE, psutil.STATUS_DEAD)
    except psutil.NoSuchProcess:
        return False


def assert_gone(processes: list[psutil.Process]) -> None:
    deadline = time.monotonic() + TIMEOUT_SECONDS
    pause = threading.Event()
    while any(map(runs, processes)):
        assert time.monotonic() < deadline, [process for process in processes if runs(process)]
        pause.wait(0.01)


@pytest.mark.parametrize(
    ("script", "status"),
    [("exit 0", 0), ("exit 3", 3), ("kill -TERM $$", -signal.SIGTERM), ("kill -KILL $$", -signal.SIGKILL)],
)
def test_exit_status_and_signals_pass_through(start: Any, script: str, status: int) -> None:
    child = start("sh", "-c", script)
    assert child.wait(TIMEOUT_SECONDS) == status
    assert (child.returncode, child.running) == (status, False)


def test_a_running_child_has_no_status_and_a_pid_of_its_own_session(start: Any) -> None:
    output = Recorder()
    child = start("sh", "-c", "echo $$; exec sleep 600", on_line=output)
    assert child.wait(0) is None
    assert child.running
    assert output.first(1) == [str(child.pid)]
    assert os.getsid(child.pid) == os.getpgid(child.pid) == child.pid


@pytest.mark.parametrize("folder", ["here", "missing"])
def test_what_cannot_be_started_raises_as_subprocess_does(tmp_path: Path, folder: str) -> None:
    (tmp_path / "here").mkdir()
    child = ChildProcess(["no-such-command"], env=clean_environment({}), cwd=tmp_path / folder)
    with pytest.raises(FileNotFoundError) as raised:
        child.start()
    assert raised.value.filename in ("no-such-command", tmp_path / "missing")
    child.stop(0)
    assert (child.wait(), child.running, child.pid) == (None, False, None)


def test_stdout_and_stderr_come_merged_and_in_order(start: Any) -> None:
    output = Recorder()
    program = "import sys\nfor n in range(50): print(n, file=(sys.stdout, sys.stderr)[n % 2])\nprint('end', end='')"
    assert start(*python(program), on_line=output).wait(TIMEOUT_SECONDS) == 0
    assert output.lines == [*map(str, range(50)), "end"]


def test_a_helper_converses_over_its_own_pipes(start: Any) -> None:
    program = """
import json, sys
for line in sys.stdin:
    print(json.dumps({"heard": json.loads(line)}))
    print("aside", file=sys.stderr)
print(json.dumps("over"))
"""
    answers, asides = Recorder(), Recorder()
    child = start(*python(program), on_line=answers, on_error_line=asides, stdin_pipe=True)
    child.write_line(json.dumps({"a": 1}))
    assert answers.first(1) == ['{"heard": {"a": 1}}']
    child.close_stdin()
    assert child.wait(TIMEOUT_SECONDS) == 0
    assert (answers.lines[1:], asides.lines) == (['"over"'], ["aside"])
    child.write_line("nobody reads this")


def test_writing_to_a_child_that_does_not_read_ends_with_the_child(start: Any) -> None:
    child = start("sh", "-c", "exec <&-; sleep 600", stdin_pipe=True)
    child.write_line("x" * 1_000_000)
    assert child.running


def test_without_a_pipe_stdin_is_empty(start: Any) -> None:
    assert start("sh", "-c", "cat").wait(TIMEOUT_SECONDS) == 0


def test_a_line_handler_that_fails_stops_neither_output_nor_child(start: Any, caplog: pytest.LogCaptureFixture) -> None:
    lines: list[str] = []

    def handle(line: str) -> None:
        lines.append(line)
        raise ValueError(line)

    assert start("sh", "-c", "echo one; echo two", on_line=handle).wait(TIMEOUT_SECONDS) == 0
    assert lines == ["one", "two"]
    assert [record.getMessage() for record in caplog.records] == [
        "a line of output could not be handled: one",
        "a line of output could not be handled: two",
    ]


def test_stop_lets_a_handler_of_sigterm_finish(start: Any) -> None:
    output = Recorder()
    program = """
import signal, sys
def save(*_):
    print("saving")
    sys.exit(7)
signal.signal(signal.SIGTERM, save)
print("ready")
signal.pause()
"""
    child = start(*python(program), on_line=output)
    output.first(1)
    child.stop(TIMEOUT_SECONDS)
    assert (child.returncode, output.lines) == (7, ["ready", "saving"])


def test_stop_kills_what_ignores_sigterm_after_the_grace(start: Any) -> None:
    output = Recorder()
    program = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); print(1); signal.pause()"
    child = start(*python(program), on_line=output)
    output.first(1)
    began = time.monotonic()
    child.stop(0.3)
    assert child.returncode == -signal.SIGKILL
    assert 0.3 <= time.monotonic() - began < TIMEOUT_SECONDS


def test_kill_cuts_a_grace_short(start: Any) -> None:
    output = Recorder()
    child = start("sh", "-c", "trap '' TERM; echo ready; while :; do sleep 0.01; done", on_line=output)
    output.first(1)
    stopping = threading.Thread(target=child.stop, args=(600,))
    stopping.start()
    child.kill()
    stopping.join(TIMEOUT_SECONDS)
    assert not stopping.is_alive()
    assert child.returncode == -signal.SIGKILL


def test_a_line_handler_may_stop_its_own_child(start: Any) -> None:
    child: ChildProcess
    started = threading.Event()

    def stop_it(line: str) -> None:
        started.wait(TIMEOUT_SECONDS)
        child.stop(0)

    child = start("sh", "-c", "echo now; sleep 600", on_line=stop_it)
    started.set()
    assert child.wait(TIMEOUT_SECONDS) in (-signal.SIGTERM, -signal.SIGKILL)


@pytest.mark.parametrize("end", ["import signal; signal.pause()", ""], ids=["killed", "ended by itself"])
def test_nothing_is_left_of_a_family_when_its_command_ends(start: Any, end: str) -> None:
    output = Recorder()
    # Where it ends by itself it waits for a line, so that its processes can be looked up before they are gone.
    child = start(*python(FAMILY + (end or "input()")), on_line=output, stdin_pipe=True)
    family = watch(output.first(FAMILY_SIZE))
    if end:
        child.kill()
    else:
        child.write_line("")
    assert child.wait(TIMEOUT_SECONDS) == (-signal.SIGKILL if end else 0)
    assert [process for process in family if process.is_running()] == []


ENGINE = """
import signal, sys
from pathlib import Path
from sm_raw.local.process import ChildProcess, clean_environment
children = [
    ChildProcess([sys.executable, "-c", sys.argv[1]], env=clean_environment({}), cwd=Path.cwd(),
                 on_line=lambda line: print(line, flush=True))
    for _ in range(2)
]
for child in children:
    child.start()
"""


@pytest.mark.parametrize(
    ("last_act", "stop"),
    [
        ("signal.pause()", psutil.Process.kill),
        ("signal.pause()", psutil.Process.terminate),
        ("sys.stdin.read()", lambda engine: None),
        ("sys.stdin.read(); raise RuntimeError", lambda engine: None),
    ],
    ids=["SIGKILL", "SIGTERM", "return", "exception"],
)
def test_nothing_outlives_the_engine(tmp_path: Path, last_act: str, stop: Callable[[psutil.Process], None]) -> None:
    with subprocess.Popen(
        [*python(ENGINE + last_act), FAMILY + "signal.pause()"],
        cwd=tmp_path,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as engine:
        assert engine.stdout
        families = watch([engine.stdout.readline() for _ in range(2 * FAMILY_SIZE)])
        wardens = psutil.Process(engine.pid).children()
        assert len(wardens) == 2
        stop(psutil.Process(engine.pid))
        engine.communicate(timeout=TIMEOUT_SECONDS)
    assert_gone([*families, *wardens])


@pytest.mark.skipif(sys.platform != "linux", reason="the kernel's parent-death signal is Linux's")
def test_a_killed_warden_takes_the_command_and_its_group_along(start: Any) -> None:
    output = Recorder()
    child = start("sh", "-c", "sleep 600 & echo $!; wait", on_line=output)
    processes = watch([*output.first(1), str(child.pid)])
    processes[1].parent().kill()
    assert child.wait(TIMEOUT_SECONDS) == -signal.SIGKILL
    assert_gone(processes)


def test_a_child_holds_no_descriptor_but_its_standard_streams(start: Any, tmp_path: Path) -> None:
    program = "import os; print([n for n in range(3, 100) if os.path.exists(f'/dev/fd/{n}')])"
    other = start("sleep", "600", on_line=Recorder(), stdin_pipe=True)
    output = Recorder()
    with (tmp_path / "inheritable").open("w") as opened:
        os.set_inheritable(opened.fileno(), True)
        child = start(*python(program), on_line=output, stdin_pipe=True)
        child.wait(TIMEOUT_SECONDS)
    assert output.lines == ["[]"]
    assert other.running


def test_many_at_once_leave_no_descriptors_threads_or_zombies(start: Any, tmp_path: Path) -> None:
    start("true").wait(TIMEOUT_SECONDS)
    this = psutil.Process()
    before = this.num_fds(), threading.active_count(), this.children()

    def run(number: int) -> int | None:
        child = start("sh", "-c", f"echo hello; exit {number}", on_line=Recorder(), stdin_pipe=True)
        return child.wait(TIMEOUT_SECONDS)

    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(run, range(16))) == list(range(16))
    with pytest.raises(FileNotFoundError):
        start("no-such-command", stdin_pipe=True, on_line=Recorder())
    for thread in threading.enumerate():
        if thread.name.startswith("child "):
            thread.join(TIMEOUT_SECONDS)
    assert (this.num_fds(), threading.active_count(), this.children()) == before


@pytest.mark.parametrize(
    ("pieces", "lines"),
    [
        ([b"one\ntwo\n"], ["one", "two"]),
        ([b"o", b"n", b"e\n\nt", b"wo"], ["one", "", "two"]),
        ([b"dos\r\n", b"split\r", b"\nend"], ["dos", "split", "end"]),
        ([b"\r 10%", b"\r 50%", b"\r100%\r\nnext\n"], ["100%", "next"]),
        ([b" 10%\r", b" 50%\r"], [" 50%"]),
        ([b"caf\xc3", b"\xa9\n"], ["caf\u00e9"]),
        ([b"a\xff\n", b"\xc3"], ["a\ufffd", "\ufffd"]),
        ([b"x" * MAX_LINE_CHARACTERS, b"yz\n"], ["x" * MAX_LINE_CHARACTERS, "yz"]),
        ([b"x" * (2 * MAX_LINE_CHARACTERS + 1) + b"\n"], ["x" * MAX_LINE_CHARACTERS] * 2 + ["x"]),
        ([], []),
    ],
)
def test_lines_are_what_a_terminal_would_show(pieces: list[bytes], lines: list[str]) -> None:
    seen: list[str] = []
    reader = LineReader(seen.append)
    for piece in pieces:
        reader.feed(piece)
    reader.finish()
    assert seen == lines


def test_a_progress_bar_without_a_line_end_takes_no_memory() -> None:
    seen: list[str] = []
    reader = LineReader(seen.append)
    for number in range(10_000):
        reader.feed(f"\r{number:>50}".encode())
    assert len(reader._pending) == 50
    assert seen == []


def test_clean_environment_holds_nothing_of_the_user(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in list(os.environ):
        monkeypatch.delenv(name)
    kept = {"PATH": "/bin", "LANG": "de_DE.UTF-8", "LC_TIME": "C"}
    secrets = ["AWS_PROFILE", "AWS_SESSION_TOKEN", "HTTPS_PROXY", "no_proxy", "GITHUB_TOKEN", "HOME", "PYTHONPATH"]
    for name, value in {**kept, **dict.fromkeys(secrets, "secret")}.items():
        monkeypatch.setenv(name, value)
    assert clean_environment({"HOME": "/job", "AWS_ACCESS_KEY_ID": "mine"}) == {
        **kept,
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}/bin",
        "PYTHONUNBUFFERED": "1",
        "PYTHONIOENCODING": "UTF-8",
        "OMP_WAIT_POLICY": "PASSIVE",
        "AWS_ACCESS_KEY_ID": "mine",
        "AWS_SECRET_ACCESS_KEY": "local",
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "HOME": "/job",
    }


def test_a_child_sees_exactly_the_given_environment(start: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LC_ALL", "C.UTF-8")  # Python replaces a plain C locale in its environment.
    output = Recorder()
    child = start(*python("import json, os; print(json.dumps(dict(os.environ)))"), on_line=output)
    child.wait(TIMEOUT_SECONDS)
    assert json.loads(output.lines[0]) == child.env


def test_descendants_are_found_at_every_depth() -> None:
    table = {1: 0, 2: 1, 3: 2, 4: 3, 5: 1, 6: 5, 7: 0}
    assert warden.descendants(2, table) == {3, 4}
    assert warden.descendants(1, table) == {2, 3, 4, 5, 6}
    assert warden.descendants(7, table) == set()


@pytest.mark.parametrize("read", [warden.parents, warden._parents_from_ps], ids=["best", "ps"])
def test_the_process_table_knows_this_process_and_its_parent(read: Callable[[], dict[int, int]]) -> None:
    assert read()[os.getpid()] == os.getppid()
