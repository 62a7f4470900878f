"""Child processes that never outlive the engine, whatever ends it.

Between the engine and each command stands a warden (``warden.py``): a small process that holds one end of a
pipe to the engine. When the engine goes, by return, exception or SIGKILL, the kernel closes the other end, and
the warden kills everything that the command ever started. One thread per child delivers its output.
"""

from __future__ import annotations

import codecs
import contextlib
import logging
import os
import selectors
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import IO

from sm_raw.errors import EngineFailed

logger = logging.getLogger(__name__)

MAX_LINE_CHARACTERS = 65_000
"""Where a long line is cut into several: in UTF-8 each piece fits one CloudWatch Logs event (256 KiB)."""

_READ_BYTES = 65_536
# How long output is waited for once everything that could write it has been killed.
_DRAIN_SECONDS = 1.0
_WARDEN = Path(__file__).with_name("warden.py")
_KEPT_VARIABLES = ("PATH", "LANG", "LANGUAGE", "TZ")

OnLine = Callable[[str], object]


def clean_environment(extra: Mapping[str, str]) -> dict[str, str]:
    """The environment of a child, built from nothing: no credentials, proxies or tokens of the user get in.

    It holds the search path (this interpreter's folder first, so that ``python`` is the same one), the
    language, throw-away AWS credentials, and ``extra``, which wins. HOME and TMPDIR belong into ``extra``.
    """
    kept = {name: os.environ[name] for name in os.environ if name in _KEPT_VARIABLES or name.startswith("LC_")}
    search_path = [str(Path(sys.executable).parent), kept.get("PATH", os.defpath)]
    return {
        "LANG": "C.UTF-8",
        **kept,
        "PATH": os.pathsep.join(search_path),
        # As in AWS's images: lines appear when they are printed, and in the order of stdout and stderr.
        "PYTHONUNBUFFERED": "1",
        "PYTHONIOENCODING": "UTF-8",
        # Children share the processors. OpenMP threads that spin while they wait for one another slow all of them
        # down, by more than ten times where there are two processors and a third busy process.
        "OMP_WAIT_POLICY": "PASSIVE",
        "AWS_ACCESS_KEY_ID": "local",
        "AWS_SECRET_ACCESS_KEY": "local",
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        **extra,
    }


class ChildProcess:
    """A command whose processes all end with it, on request, or with the engine.

    Lines of stdout and stderr, merged in their order, go to ``on_line``. With ``on_error_line`` stdout alone
    goes to ``on_line`` and stderr to ``on_error_line``. Both are called from one thread of the child's own, one
    line at a time (see LineReader); what they raise is logged, and reading goes on. Without ``stdin_pipe``
    stdin is empty.

    ``start`` is called once; the other methods may be called from any thread, at any time and repeatedly.
    """

    def __init__(
        self,
        command: Sequence[str],
        *,
        env: Mapping[str, str],
        cwd: Path,
        on_line: OnLine | None = None,
        on_error_line: OnLine | None = None,
        stdin_pipe: bool = False,
    ) -> None:
        self.command, self.env, self.cwd = list(command), dict(env), cwd
        self._on_line, self._on_error_line, self._stdin_pipe = on_line, on_error_line, stdin_pipe
        self._pid: int | None = None
        self._returncode: int | None = None
        self._control: int | None = None
        self._stdin: IO[bytes] | None = None
        self._readers: dict[IO[bytes], LineReader] = {}
        self._control_lock, self._stdin_lock = threading.Lock(), threading.Lock()
        self._ended = threading.Event()
        self._follower = threading.Thread(target=self._follow, name=f"child {self.command[0]}", daemon=True)

    def start(self) -> None:
        """Start the command; raises OSError, as subprocess does, if there is no such command or folder."""
        control_read, self._control = os.pipe()
        report_read, report_write = os.pipe()
        self._report = os.fdopen(report_read, "rb", buffering=0)
        try:
            self._warden = self._start_warden(control_read, report_write)
        except Exception:
            self._close()
            self._ended.set()
            raise
        finally:
            os.close(control_read)
            os.close(report_write)
        self._stdin = self._warden.stdin
        outputs = (self._warden.stdout, self._on_line), (self._warden.stderr, self._on_error_line)
        self._readers = {stream: LineReader(on_line) for stream, on_line in outputs if stream and on_line}
        self._read_start()
        self._follower.start()

    def wait(self, timeout_seconds: float | None = None) -> int | None:
        """The exit status (-N if signal N ended the command), or None if it still runs after the timeout.

        When it returns a status, every line has been delivered and every process of the command is gone.
        """
        self._ended.wait(timeout_seconds)
        return self.returncode

    def stop(self, grace_seconds: float) -> None:
        """Send SIGTERM to the command's process group, kill what is left after the grace; wait for the end."""
        self._ask(f"stop {grace_seconds}")

    def kill(self) -> None:
        """Kill every process of the command, and wait for the end."""
        self._ask("kill")

    def write_line(self, text: str) -> None:
        """Write a line to the command's stdin; nothing happens if it no longer reads."""
        left = memoryview(f"{text}\n".encode())
        with self._stdin_lock, contextlib.suppress(BrokenPipeError):
            while left and self._stdin and not self._stdin.closed:
                left = left[self._stdin.write(left) :]

    def close_stdin(self) -> None:
        """Let the command read end of file."""
        with self._stdin_lock:
            if self._stdin:
                self._stdin.close()

    @property
    def returncode(self) -> int | None:
        return self._returncode if self._ended.is_set() else None

    @property
    def pid(self) -> int | None:
        """The id of the command's own process, which leads its session and group; None before the start."""
        return self._pid

    @property
    def running(self) -> bool:
        return self._pid is not None and not self._ended.is_set()

    def _start_warden(self, control: int, report: int) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            [sys.executable, "-I", "-S", str(_WARDEN), str(control), str(report), *self.command],
            bufsize=0,
            stdin=subprocess.PIPE if self._stdin_pipe else subprocess.DEVNULL,
            stdout=subprocess.PIPE if self._on_line else subprocess.DEVNULL,
            stderr=subprocess.PIPE if self._on_error_line else subprocess.STDOUT,
            cwd=self.cwd,
            env=self.env,
            pass_fds=(control, report),
            # A Ctrl-C in the engine's terminal is for the engine, which ends its children in its own order.
            start_new_session=True,
        )

    def _read_start(self) -> None:
        verb, _, number = self._report.readline().decode().strip().partition(" ")
        if verb == "started":
            self._pid = int(number)
            return
        status = self._warden.wait()
        self._close()
        self._ended.set()
        if verb == "failed":
            raise OSError(int(number), os.strerror(int(number)), self.command[0])
        raise EngineFailed(f"the warden of {self.command[0]!r} ended with {status} before the command could start")

    def _ask(self, request: str) -> None:
        with self._control_lock, contextlib.suppress(BrokenPipeError):
            if self._control is None:  # Not started, or over.
                return
            os.write(self._control, f"{request}\n".encode())
        if threading.current_thread() is not self._follower:  # A line handler that asks cannot wait for itself.
            self._ended.wait()

    def _follow(self) -> None:
        """Deliver the output until the end, then take down how the command ended."""
        try:
            report = self._deliver_output()
            status = self._warden.wait()
            self._returncode = int(report.removeprefix(b"exited ")) if report else status
        finally:
            self._close()
            self._ended.set()

    def _deliver_output(self) -> bytes:
        """Read until everything is closed; returns the report, empty if something killed the warden."""
        report = b""
        with selectors.DefaultSelector() as selector:
            for file in (self._report, *self._readers):
                selector.register(file, selectors.EVENT_READ, self._readers.get(file))
            while open_files := selector.get_map():
                events = selector.select(None if self._report in open_files else _DRAIN_SECONDS)
                if not events:
                    break
                for key, _ in events:
                    data = os.read(key.fd, _READ_BYTES)
                    if key.data:
                        key.data.feed(data)
                    else:
                        report += data
                    if not data:
                        selector.unregister(key.fileobj)
                        if not key.data and not report:
                            self._kill_group()
        for reader in self._readers.values():
            reader.finish()
        return report

    def _kill_group(self) -> None:
        """After a warden's sudden death. Linux has killed the command with it, but its group may hold others."""
        if self._pid is not None:
            with contextlib.suppress(OSError):
                os.killpg(self._pid, signal.SIGKILL)

    def _close(self) -> None:
        """Close whatever is open towards the warden."""
        with self._control_lock:
            if self._control is not None:
                os.close(self._control)
                self._control = None
        self._report.close()
        self.close_stdin()
        for stream in self._readers:
            stream.close()


class LineReader:
    """Turns pieces of bytes into lines for ``on_line``.

    A line is what a terminal would show of it: text before a carriage return is overwritten, so that a progress
    bar is one line, in its last state. Lines are cut at MAX_LINE_CHARACTERS, and invalid UTF-8 is replaced.
    """

    def __init__(self, on_line: OnLine) -> None:
        self._on_line = on_line
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._pending = ""

    def feed(self, data: bytes) -> None:
        *lines, rest = (self._pending + self._decoder.decode(data)).split("\n")
        for line in lines:
            self._deliver(_visible(line))
        # A carriage return at the end may be half of a line end: what follows tells whether it overwrites.
        rest = _visible(rest) + "\r" * rest.endswith("\r")
        while len(rest) > MAX_LINE_CHARACTERS:
            self._deliver(rest[:MAX_LINE_CHARACTERS])
            rest = rest[MAX_LINE_CHARACTERS:]
        self._pending = rest

    def finish(self) -> None:
        """Deliver what stands after the last line end."""
        rest = _visible(self._pending + self._decoder.decode(b"", final=True))
        if rest:
            self._deliver(rest)

    def _deliver(self, line: str) -> None:
        for start in range(0, max(len(line), 1), MAX_LINE_CHARACTERS):
            try:
                self._on_line(line[start : start + MAX_LINE_CHARACTERS])
            except Exception:
                logger.exception("a line of output could not be handled: %.200s", line)


def _visible(line: str) -> str:
    return line.rstrip("\r").rpartition("\r")[2]
