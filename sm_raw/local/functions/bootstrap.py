"""The runtime of one execution environment: imports the handler, then calls it once for each line of stdin.

Run as ``python bootstrap.py TOKEN ANSWER``: a script of its own with the standard library only, so that nothing of this
package gets among the modules of a function. What it tells the engine goes to stdout among what the user's code prints:
a line that begins with TOKEN and holds JSON, see ``Voice``. Answers, which may be large, go to the file ANSWER.

It does as AWS's runtime does: https://docs.aws.amazon.com/lambda/latest/dg/python-handler.html,
https://docs.aws.amazon.com/lambda/latest/dg/python-context.html and
https://docs.aws.amazon.com/lambda/latest/dg/python-exceptions.html
"""

from __future__ import annotations

import contextlib
import importlib
import json
import logging
import os
import resource
import sys
import time
import traceback
from collections.abc import Callable, Iterator, Mapping
from decimal import Decimal
from pathlib import Path
from types import SimpleNamespace
from typing import IO, Any

# Writes of this size to a pipe are never torn apart by those of other threads and processes (POSIX: 512 at least).
WHOLE_BYTES = 4096 if sys.platform == "linux" else 512
CLIENT_FIELDS = ("installation_id", "app_title", "app_version_name", "app_version_code", "app_package_name")
IDENTITY_FIELDS = ("cognito_identity_id", "cognito_identity_pool_id")
NO_BREAK_SPACE = "\u00a0"

Handler = Callable[[Any, Any], Any]


class Fault(Exception):
    """What is wrong with the function itself, in Lambda's words."""

    def __init__(self, kind: str, message: str, trace: list[str] | None = None) -> None:
        super().__init__(message)
        self.kind, self.trace = kind, trace or []


class Voice:
    """What the runtime says to the engine, on stdout."""

    def __init__(self, token: str) -> None:
        self._token = token
        self.request_id = ""

    def tell(self, **message: Any) -> None:
        """Send a message, after all that was printed before."""
        os.write(1, self._frame(message))

    def log(self, text: str) -> None:
        """Add one event to the log, of several lines if need be."""
        frame = self._frame({"log": text})
        os.write(1, frame) if len(frame) <= WHOLE_BYTES else print(text, flush=True)

    def _frame(self, message: Mapping[str, Any]) -> bytes:
        for stream in (sys.stdout, sys.stderr):
            with contextlib.suppress(Exception):  # User code may have put anything in their place.
                stream.flush()
        # The line end before it ends whatever was printed without one; the engine takes it away again.
        return f"\n{self._token} {json.dumps(message)}\n".encode()


class LogHandler(logging.Handler):
    """Sends records of ``logging`` with Lambda's prefix: level, time and request id."""

    def __init__(self, voice: Voice) -> None:
        super().__init__()
        self._voice = voice
        form = "[%(levelname)s]\t%(asctime)s.%(msecs)03dZ\t%(aws_request_id)s\t%(message)s"
        formatter = logging.Formatter(form, "%Y-%m-%dT%H:%M:%S")
        formatter.converter = time.gmtime
        self.setFormatter(formatter)

    def emit(self, record: logging.LogRecord) -> None:
        record.aws_request_id = self._voice.request_id
        self._voice.log(self.format(record))


class LambdaContext:
    """The handler's second argument."""

    def __init__(self, request: Mapping[str, Any], environment: Mapping[str, str]) -> None:
        self._deadline = request["deadline"]
        self.aws_request_id = request["id"]
        self.invoked_function_arn = request["arn"]
        self.function_name = environment["AWS_LAMBDA_FUNCTION_NAME"]
        self.function_version = environment["AWS_LAMBDA_FUNCTION_VERSION"]
        self.memory_limit_in_mb = environment["AWS_LAMBDA_FUNCTION_MEMORY_SIZE"]
        self.log_group_name = environment["AWS_LAMBDA_LOG_GROUP_NAME"]
        self.log_stream_name = environment["AWS_LAMBDA_LOG_STREAM_NAME"]
        self.client_context = client_context(request["client_context"])
        self.identity = SimpleNamespace(**dict.fromkeys(IDENTITY_FIELDS))
        self.tenant_id = None

    def get_remaining_time_in_millis(self) -> int:
        """Milliseconds before the timeout."""
        return max(0, int((self._deadline - time.time()) * 1000))

    def log(self, message: object) -> None:
        """Write to the log."""
        print(message)

    def __repr__(self) -> str:
        shown = (f"{name}={value}" for name, value in vars(self).items() if not name.startswith("_"))
        return f"LambdaContext([{','.join(shown)}])"


def client_context(document: Any) -> Any:
    """What the caller said of itself, as attributes; None if it said nothing."""
    if not isinstance(document, dict):
        return None
    given = document.get("client") or {}
    client = SimpleNamespace(**{field: given.get(field) for field in CLIENT_FIELDS})
    return SimpleNamespace(client=client, custom=document.get("custom"), env=document.get("env"))


def main(token: str, answer: Path) -> None:
    """Import the handler and serve until stdin ends. A handler that cannot be imported ends it with status 1."""
    sys.path[0] = os.environ["LAMBDA_TASK_ROOT"]
    del sys.argv[1:]
    requests, voice = take_over_stdin(), Voice(token)
    logging.getLogger().addHandler(LogHandler(voice))
    try:
        handler = load(os.environ["_HANDLER"])
    except Exception as error:
        told = told_error(error, "")
        log_error(voice, told)
        voice.tell(init_error=told)
        sys.exit(1)
    voice.tell(ready=True)
    for request in requests:
        voice.request_id = request["id"]
        document, failed = respond(handler, request, voice)
        answer.write_bytes(document)
        voice.tell(done=request["id"], failed=failed, memory_mb=peak_memory_mb())


def take_over_stdin() -> Iterator[dict[str, Any]]:
    """The requests. Code of the function, and what it starts, finds stdin empty."""
    requests: IO[str] = os.fdopen(os.dup(0), encoding="utf-8")
    with Path(os.devnull).open("rb") as nothing:
        os.dup2(nothing.fileno(), 0)
    return (json.loads(line) for line in iter(requests.readline, ""))


def load(name: str) -> Handler:
    """The function that FILE.FUNCTION or FOLDER/FILE.FUNCTION names."""
    module_name, dot, function = name.rpartition(".")
    if not dot:
        reason = "not enough values to unpack (expected 2, got 1)"
        raise Fault("Runtime.MalformedHandlerName", f"Bad handler '{name}': {reason}")
    if module_name.split(".")[0] in sys.builtin_module_names:
        reason = f"Cannot use built-in module {module_name} as a handler module"
        raise Fault("Runtime.BuiltInModuleConflict", reason)
    try:
        module = importlib.import_module(module_name.replace("/", "."))
    except ImportError as error:
        raise Fault("Runtime.ImportModuleError", f"Unable to import module '{module_name}': {error}") from error
    except SyntaxError as error:
        trace = [f'  File "{error.filename}" Line {error.lineno}\n    {error.text}']
        raise Fault("Runtime.UserCodeSyntaxError", f"Syntax error in module '{module_name}': {error}", trace) from error
    if not hasattr(module, function):
        raise Fault("Runtime.HandlerNotFound", f"Handler '{function}' missing on module '{module_name}'")
    handler: Handler = getattr(module, function)
    return handler


def respond(handler: Handler, request: Mapping[str, Any], voice: Voice) -> tuple[bytes, bool]:
    """What the handler answers, as JSON, and whether that is an error."""
    try:
        return marshalled(handler(json.loads(request["event"]), LambdaContext(request, os.environ))), False
    except Exception as error:
        told = told_error(error, request["id"])
        log_error(voice, told)
        return json.dumps(told).encode(), True


def marshalled(value: Any) -> bytes:
    """The answer as JSON; Decimal, which DynamoDB gives, is a number. Bytes are an answer as they are."""
    if isinstance(value, bytes):
        return value
    try:
        return json.dumps(value, ensure_ascii=False, default=_number).encode()
    except (TypeError, ValueError, RecursionError) as error:
        raise Fault("Runtime.MarshalError", f"Unable to marshal response: {error}") from error


def _number(value: Any) -> float:
    if isinstance(value, Decimal):
        return float(value)
    raise TypeError(f"Object of type {type(value).__name__} is not JSON serializable")


def told_error(error: Exception, request_id: str) -> dict[str, Any]:
    """The error object that the caller gets."""
    if isinstance(error, Fault):
        kind, trace = error.kind, error.trace
    else:
        frames = [one for one in traceback.extract_tb(error.__traceback__) if one.filename != __file__]
        kind = type(error).__name__
        trace = traceback.format_list([(one.filename, one.lineno or 0, one.name, one.line) for one in frames])
    return {"errorMessage": str(error), "errorType": kind, "requestId": request_id, "stackTrace": trace}


def log_error(voice: Voice, told: Mapping[str, Any]) -> None:
    """The same in the log, where AWS's runtime indents with no-break spaces."""
    head = ": ".join(part for part in (f"[ERROR] {told['errorType']}", told["errorMessage"]) if part)
    lines = "".join(told["stackTrace"]).splitlines()
    indented = [NO_BREAK_SPACE * (len(line) - len(line.lstrip(" "))) + line.lstrip(" ") for line in lines]
    voice.log("\n".join([head, "Traceback (most recent call last):", *indented]))


def peak_memory_mb() -> int:
    """The most memory that this process held at one time."""
    units = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * units >> 20


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
