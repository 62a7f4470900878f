"""One execution environment: a process that runs one version of a function, one invocation at a time."""

from __future__ import annotations

import json
import math
import queue
import secrets
import shutil
import sys
import time
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from sm_raw.local.engine import Engine
from sm_raw.local.functions.described import Function
from sm_raw.local.functions.output import Message, Tail, Transcript
from sm_raw.local.job_logs import LogStream
from sm_raw.local.process import ChildProcess, clean_environment

BOOTSTRAP = Path(__file__).with_name("bootstrap.py")
ON_DEMAND, PROVISIONED = "on-demand", "provisioned-concurrency"
# https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtime-environment.html#runtimes-lifecycle-ib
INIT_SECONDS = {ON_DEMAND: 10, PROVISIONED: 130}
# Of an answer, with what Lambda itself wraps it in.
MAX_ANSWER_BYTES = 6_291_556
SIGNALS: Mapping[int, str] = {6: "aborted (core dumped)", 9: "killed", 11: "segmentation fault", 15: "terminated"}


@dataclass(frozen=True)
class Invocation:
    """One call: its event as JSON, the ARN that was called, and what the caller says of itself."""

    event: str
    arn: str
    client_context: Any = None
    request_id: str = field(default_factory=lambda: str(uuid.uuid4()))


@dataclass(frozen=True)
class Outcome:
    """What came of an invocation: the answer or the error, as JSON, and the end of the log."""

    payload: bytes
    failed: bool
    log_tail: bytes


@dataclass(frozen=True)
class Ending:
    """How an invocation ended. ``status`` stands in the REPORT line, unless all went well."""

    payload: bytes
    failed: bool = False
    status: str = ""
    memory_mb: int | None = None


class Environment:
    """A process for ``function``, whose unpacked code is in ``code``. ``owner``: the provisioned concurrency it is for.

    ``busy``, ``retired`` and ``on_exit``, which is told when the process has ended, are the pool's. Apart from ``end``,
    one thread at a time uses it.
    """

    def __init__(self, engine: Engine, function: Function, code: Path, owner: str = "") -> None:
        self.function, self.owner = function, owner
        self.busy, self.retired = True, False
        self.on_exit: Callable[[Environment], object] = lambda _: None
        self.kind = PROVISIONED if owner else ON_DEMAND
        self._engine = engine
        self._folder = engine.root / "functions" / "environments" / uuid.uuid4().hex
        self._code, self._answer, self._token = code, self._folder / "answer", secrets.token_hex(16)
        self._messages: queue.SimpleQueue[Message] = queue.SimpleQueue()
        self._tail = Tail()
        self._begun = time.monotonic()
        self._init_seconds: float | None = None
        self._init_told = False
        stream = f"{datetime.now(timezone.utc):%Y/%m/%d}/[{function.version}]{uuid.uuid4().hex}"
        self._log = LogStream(engine.client("logs", function.region), function.log_group, stream)
        transcript = Transcript(self._token, self._say, self._messages.put)
        self._process = ChildProcess(
            [sys.executable, str(BOOTSTRAP), self._token, str(self._answer)],
            env=self._environment(),
            cwd=code,
            on_line=transcript.read,
            stdin_pipe=True,
        )

    @property
    def alive(self) -> bool:
        """Whether the process runs."""
        return self._process.running

    @property
    def ready(self) -> bool:
        """Whether the handler was imported."""
        return self._init_seconds is not None

    def start(self) -> None:
        """Start the process, which imports the handler at once."""
        for name in ("home", "tmp"):
            (self._folder / name).mkdir(parents=True)
        self._log.open()
        self._say(f"INIT_START Runtime Version: python:{'.'.join(map(str, sys.version_info[:3]))} (this engine's own)")
        self._begun = time.monotonic()
        self._process.start()
        self._engine.register(self, self.end)
        self._engine.start(f"function {self.function.name}", self._watch)

    def initialise(self) -> Message | None:
        """Wait until the handler is imported; what came instead, or None if it is."""
        if self.ready:
            return None
        left = self._begun + INIT_SECONDS[self.kind] + self.function.timeout_seconds - time.monotonic()
        message = self._receive(left)
        if "ready" in message:
            self._init_seconds = time.monotonic() - self._begun
            return None
        return message

    def invoke(self, invocation: Invocation) -> Outcome:
        """Run one invocation to its end. After a timeout, or an end of the process, the environment is dead."""
        wrong = self.initialise()
        self._tail = Tail()
        self._say(f"START RequestId: {invocation.request_id} Version: {self.function.version}")
        begun = time.monotonic()
        ending = self._failure(wrong, invocation.request_id) if wrong else self._run(invocation)
        self._report(invocation.request_id, ending, time.monotonic() - begun)
        return Outcome(ending.payload, ending.failed, self._tail.last_bytes())

    def end(self) -> None:
        """End the process and close the log. May be called again."""
        self._process.kill()
        self._log.close()
        self._engine.forget(self)
        shutil.rmtree(self._folder, ignore_errors=True)

    def _run(self, invocation: Invocation) -> Ending:
        timeout = self.function.timeout_seconds
        request = {
            "id": invocation.request_id,
            "deadline": time.time() + timeout,
            "arn": invocation.arn,
            "client_context": invocation.client_context,
            "event": invocation.event,
        }
        self._process.write_line(json.dumps(request))
        message = self._receive(timeout)
        if "done" not in message:
            return self._failure(message, invocation.request_id)
        return _limited(Ending(self._answer.read_bytes(), message["failed"], memory_mb=message["memory_mb"]))

    def _receive(self, seconds: float) -> Message:
        try:
            return self._messages.get(timeout=max(0.0, seconds))
        except queue.Empty:
            return {"timed_out": True}

    def _failure(self, message: Message, request_id: str) -> Ending:
        """What Lambda answers when the runtime did not; the process is of no more use."""
        self._process.kill()
        if "init_error" in message:
            told = {**message["init_error"], "requestId": request_id}
            return Ending(json.dumps(told).encode(), True, f"Status: error\tError Type: {told['errorType']}")
        if "timed_out" in message:
            reason = f"Task timed out after {self.function.timeout_seconds:.2f} seconds"
            now = datetime.now(timezone.utc).isoformat(timespec="milliseconds").replace("+00:00", "Z")
            self._say(f"{now} {request_id} {reason}")
            return Ending(_error("Sandbox.Timedout", reason, request_id), True, "Status: timeout")
        reason = _exit_reason(message["exited"])
        self._say(f"RequestId: {request_id} Error: {reason}")
        kind = "Runtime.ExitError"
        return Ending(_error(kind, reason, request_id), True, f"Status: error\tError Type: {kind}")

    def _report(self, request_id: str, ending: Ending, seconds: float) -> None:
        """The lines that end an invocation's log.

        https://docs.aws.amazon.com/lambda/latest/dg/python-logging.html
        """
        init = None if self._init_told else self._init_seconds
        self._init_told = True
        billed = math.ceil((seconds + (init or 0)) * 1000)
        words = [
            f"REPORT RequestId: {request_id}",
            f"Duration: {seconds * 1000:.2f} ms",
            f"Billed Duration: {billed} ms",
            f"Memory Size: {self.function.memory_mb} MB",
            *([f"Max Memory Used: {ending.memory_mb} MB"] if ending.memory_mb else []),
            *([f"Init Duration: {init * 1000:.2f} ms"] if init else []),
            *([ending.status] if ending.status else []),
        ]
        self._say(f"END RequestId: {request_id}")
        self._say("\t".join(words))

    def _say(self, line: str) -> None:
        self._log.write(line)
        self._tail.add(line)

    def _watch(self) -> None:
        self._messages.put({"exited": self._process.wait()})
        self.on_exit(self)

    def _environment(self) -> dict[str, str]:
        """The variables that Lambda defines; those of the function cannot take their place.

        https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html#configuration-envvars-runtime
        """
        function = self.function
        return clean_environment(
            {
                "TZ": ":UTC",
                "HOME": str(self._folder / "home"),
                "TMPDIR": str(self._folder / "tmp"),
                "OMP_NUM_THREADS": str(self._engine.job_cpus),
                **function.variables,
                "PYTHONUNBUFFERED": "1",
                "_HANDLER": function.handler,
                "AWS_ENDPOINT_URL": self._engine.url,
                "AWS_REGION": function.region,
                "AWS_DEFAULT_REGION": function.region,
                "AWS_EXECUTION_ENV": f"AWS_Lambda_{function.runtime}",
                "AWS_LAMBDA_FUNCTION_NAME": function.name,
                "AWS_LAMBDA_FUNCTION_VERSION": function.version,
                "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(function.memory_mb),
                "AWS_LAMBDA_INITIALIZATION_TYPE": self.kind,
                "AWS_LAMBDA_LOG_GROUP_NAME": self._log.group,
                "AWS_LAMBDA_LOG_STREAM_NAME": self._log.stream,
                "LAMBDA_TASK_ROOT": str(self._code),
                "LAMBDA_RUNTIME_DIR": str(BOOTSTRAP.parent),
            }
        )


def _error(kind: str, reason: str, request_id: str) -> bytes:
    return json.dumps({"errorType": kind, "errorMessage": f"RequestId: {request_id} Error: {reason}"}).encode()


def _exit_reason(status: int | None) -> str:
    """How the process ended by itself, in Lambda's words."""
    if not status:
        return "Runtime exited without providing a reason"
    what = f"exit status {status}" if status > 0 else f"signal: {SIGNALS.get(-status, -status)}"
    return f"Runtime exited with error: {what}"


def _limited(ending: Ending) -> Ending:
    if len(ending.payload) <= MAX_ANSWER_BYTES:
        return ending
    told = {
        "errorMessage": f"Response payload size exceeded maximum allowed payload size ({MAX_ANSWER_BYTES} bytes).",
        "errorType": "Function.ResponseSizeTooLarge",
    }
    status = f"Status: error\tError Type: {told['errorType']}"
    return Ending(json.dumps(told).encode(), True, status, ending.memory_mb)
