"""Stands between the engine and one child process, so that nothing the child starts outlives the engine.

Run as ``python -I -S warden.py CONTROL_FD REPORT_FD COMMAND [ARGUMENT ...]``: a script of its own, with the
standard library only and one thread, because it must start fast and go on when the engine is killed.

The engine holds the other ends of two pipes; what they carry is lines:

    control, engine to warden   ``stop SECONDS``: SIGTERM to the command's group, and the end after the grace;
                                ``kill``: the end now, and so is end of file: the engine is gone
    report, warden to engine    ``failed ERRNO``, or ``started PID`` and at last ``exited CODE`` (-N: signal N)

The command runs in a session of its own; its standard streams are the warden's. When it ends, everything it
started and left behind is killed, as a container's processes are when its first one ends. On Linux the warden is
a child subreaper: orphaned descendants, also those that changed session or daemonised, become its children, so
none can hide; and if the warden itself is killed, the kernel kills the command. Elsewhere descendants are found
by the process table and the process group, which misses only what daemonised into a session of its own.
"""

from __future__ import annotations

import contextlib
import os
import select
import signal
import sys
import time
from pathlib import Path
from typing import NoReturn

PR_SET_PDEATHSIG, PR_SET_CHILD_SUBREAPER = 1, 36  # <linux/prctl.h>
END_SECONDS = 10.0
"""How long killed processes may take to vanish; one in uninterruptible sleep must not hold up the report."""


def main(arguments: list[str]) -> None:
    control, report = int(arguments[0]), int(arguments[1])
    for descriptor in (control, report):
        os.set_inheritable(descriptor, False)
    signals = _signals_as_bytes()
    _prctl(PR_SET_CHILD_SUBREAPER, 1)
    command = Command(arguments[2:])
    if command.error:
        _tell(report, f"failed {command.error}")
        return
    _tell(report, f"started {command.pid}")
    _watch(command, control, signals)
    _end_everything(command, signals)
    _tell(report, f"exited {-signal.SIGKILL if command.returncode is None else command.returncode}")


class Command:
    """The started command. ``error``: the errno of a start that failed, 0 if it runs."""

    def __init__(self, arguments: list[str]) -> None:
        self.returncode: int | None = None
        # The write end closes by itself when exec succeeds: an empty answer means that the command runs.
        answer, failure = os.pipe()
        warden = os.getpid()
        self.pid = os.fork()
        if self.pid == 0:
            _become(arguments, warden, failure)
        os.close(failure)
        self.error = int(os.read(answer, 16) or b"0")
        os.close(answer)
        # Only the command may hold its standard input, or writing to a dead one would block instead of fail.
        with Path(os.devnull).open("rb") as nothing:
            os.dup2(nothing.fileno(), 0)

    def reap(self) -> bool:
        """Collect every child that has ended, adopted ones too; True if none is left."""
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return True
            if pid == 0:
                return False
            if pid == self.pid:
                self.returncode = os.waitstatus_to_exitcode(status)

    def signal_group(self, number: int) -> None:
        with contextlib.suppress(OSError):
            os.killpg(self.pid, number)


def _become(arguments: list[str], warden: int, failure: int) -> NoReturn:
    """In the forked child: turn into the command, or write the errno to ``failure``."""
    try:
        os.setsid()
        _prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != warden:  # It died before the line above could take effect.
            os._exit(1)
        # Python ignores these two, and exec would pass that on.
        for number in (signal.SIGPIPE, signal.SIGXFSZ):
            signal.signal(number, signal.SIG_DFL)
        os.execvp(arguments[0], arguments)
    except OSError as error:
        os.write(failure, str(error.errno).encode())
    finally:
        os._exit(127)


def _watch(command: Command, control: int, signals: int) -> None:
    """Return when the command has ended or everything is to end now."""
    poll = select.poll()
    for descriptor in (control, signals):
        poll.register(descriptor, select.POLLIN)
    deadline = float("inf")
    pending = b""
    while not (command.reap() or command.returncode is not None):
        left = deadline - time.monotonic()
        ready = dict(poll.poll(None if left == float("inf") else max(0.0, left * 1000)))
        if not ready and time.monotonic() >= deadline:
            return
        if signals in ready and signal.SIGTERM in os.read(signals, 512):
            return
        if control in ready:
            received = os.read(control, 512)
            *lines, pending = (pending + received).split(b"\n")
            if not received or b"kill" in lines:
                return
            for line in lines:
                command.signal_group(signal.SIGTERM)
                deadline = min(deadline, time.monotonic() + float(line.removeprefix(b"stop ")))


def _end_everything(command: Command, signals: int) -> None:
    poll = select.poll()
    poll.register(signals, select.POLLIN)
    deadline = time.monotonic() + END_SECONDS
    while True:
        command.signal_group(signal.SIGKILL)
        for pid in descendants(os.getpid(), parents()):
            with contextlib.suppress(OSError):
                os.kill(pid, signal.SIGKILL)
        if command.reap() or time.monotonic() > deadline:
            return
        if poll.poll(20):
            os.read(signals, 512)


def descendants(ancestor: int, parent_of: dict[int, int]) -> set[int]:
    """The processes below ``ancestor`` in a table of process to parent."""
    found: set[int] = set()
    level = {ancestor}
    while level := {pid for pid, parent in parent_of.items() if parent in level} - found:
        found |= level
    return found


def parents() -> dict[int, int]:
    """Each process of the machine with its parent."""
    return _parents_from_proc() or _parents_from_ps()


def _parents_from_proc() -> dict[int, int]:
    table = {}
    for name in os.listdir("/proc") if sys.platform == "linux" else ():  # noqa: PTH208 (names are all it needs)
        # A process may end while it is read. Its name may hold blanks and brackets: look behind the last.
        with contextlib.suppress(OSError, ValueError):
            fields = Path("/proc", name, "stat").read_bytes().rpartition(b")")[2].split()
            table[int(name)] = int(fields[1])
    return table


def _parents_from_ps() -> dict[int, int]:
    with os.popen("ps -A -o pid= -o ppid=") as listing:
        return {int(pid): int(parent) for pid, parent in map(str.split, listing)}


def _prctl(option: int, value: int) -> None:
    """Linux's prctl; nothing elsewhere, and nothing where Python was built without ctypes."""
    if sys.platform == "linux":
        with contextlib.suppress(ImportError):
            import ctypes

            ctypes.CDLL(None).prctl(option, value, 0, 0, 0)


def _signals_as_bytes() -> int:
    """A descriptor on which SIGCHLD and SIGTERM arrive as bytes, so that one poll waits for everything."""
    received, sent = os.pipe()
    for descriptor in (received, sent):
        os.set_blocking(descriptor, False)
    signal.set_wakeup_fd(sent, warn_on_full_buffer=False)
    for number in (signal.SIGCHLD, signal.SIGTERM):
        signal.signal(number, lambda *_: None)
    # The thread that started the warden may have had these blocked, and a mask is inherited.
    signal.pthread_sigmask(signal.SIG_SETMASK, ())
    return received


def _tell(report: int, line: str) -> None:
    with contextlib.suppress(BrokenPipeError):  # The engine is gone; there is nobody to tell.
        os.write(report, f"{line}\n".encode())


if __name__ == "__main__":
    main(sys.argv[1:])
