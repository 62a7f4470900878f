"""The runtime's parts, in this process; as a process of its own it runs in tests/local/test_functions.py."""

from __future__ import annotations

import json
import logging
import os
import re
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from sm_raw.local.functions import bootstrap

VARIABLES = {
    "AWS_LAMBDA_FUNCTION_NAME": "dogs",
    "AWS_LAMBDA_FUNCTION_VERSION": "7",
    "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "128",
    "AWS_LAMBDA_LOG_GROUP_NAME": "/aws/lambda/dogs",
    "AWS_LAMBDA_LOG_STREAM_NAME": "s",
}
REQUEST = {"id": "one", "deadline": 0.0, "arn": "a", "client_context": None, "event": '{"n": 1}'}


class Silent(bootstrap.Voice):
    """Keeps what would be told."""

    def __init__(self) -> None:
        super().__init__("token")
        self.logged: list[str] = []

    def log(self, text: str) -> None:
        self.logged.append(text)


@pytest.fixture
def modules(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that modules are imported from."""
    monkeypatch.syspath_prepend(tmp_path)
    for name, value in VARIABLES.items():
        monkeypatch.setenv(name, value)
    return tmp_path


def test_a_handler_is_found_in_a_module_and_in_a_folder(modules: Path) -> None:
    (modules / "handler_of_a_test.py").write_text("def run(event, context): return 'flat'")
    (modules / "folder_of_a_test").mkdir()
    (modules / "folder_of_a_test" / "inner.py").write_text("def run(event, context): return 'deep'")
    names = ("handler_of_a_test.run", "folder_of_a_test/inner.run", "folder_of_a_test.inner.run")
    assert [bootstrap.load(name)(None, None) for name in names] == ["flat", "deep", "deep"]


@pytest.mark.parametrize(
    ("name", "kind", "message"),
    [
        (
            "nodot",
            "Runtime.MalformedHandlerName",
            "Bad handler 'nodot': not enough values to unpack (expected 2, got 1)",
        ),
        (
            "absent_of_a_test.run",
            "Runtime.ImportModuleError",
            "Unable to import module 'absent_of_a_test': No module named 'absent_of_a_test'",
        ),
        ("sys.exit", "Runtime.BuiltInModuleConflict", "Cannot use built-in module sys as a handler module"),
        ("json.nobody", "Runtime.HandlerNotFound", "Handler 'nobody' missing on module 'json'"),
    ],
)
def test_a_handler_that_is_not_there_is_a_fault_in_lambda_s_words(name: str, kind: str, message: str) -> None:
    with pytest.raises(bootstrap.Fault) as raised:
        bootstrap.load(name)
    assert (raised.value.kind, str(raised.value)) == (kind, message)


def test_code_that_is_no_python_is_told_with_its_place(modules: Path) -> None:
    (modules / "broken_of_a_test.py").write_text("x = 1\ndef handler(:\n")
    with pytest.raises(bootstrap.Fault) as raised:
        bootstrap.load("broken_of_a_test.handler")
    told = bootstrap.told_error(raised.value, "")
    assert told["errorType"] == "Runtime.UserCodeSyntaxError"
    assert told["stackTrace"][0].startswith(f'  File "{modules}/broken_of_a_test.py" Line 2\n')


@pytest.mark.usefixtures("modules")
def test_the_answer_is_json_and_an_error_has_the_handler_s_frames_alone() -> None:
    def handler(event: Any, context: Any) -> Any:
        return {"event": event, "name": context.function_name, "price": Decimal("1.5"), "word": "ü"}

    def failing(event: Any, context: Any) -> Any:
        raise KeyError("k")

    voice = Silent()
    answer, failed = bootstrap.respond(handler, REQUEST, voice)
    assert (json.loads(answer), failed) == ({"event": {"n": 1}, "name": "dogs", "price": 1.5, "word": "ü"}, False)
    assert "ü" in answer.decode()
    told, failed = bootstrap.respond(failing, REQUEST, voice)
    error = json.loads(told)
    assert failed
    assert (error["errorType"], error["errorMessage"], error["requestId"]) == ("KeyError", "'k'", "one")
    assert len(error["stackTrace"]) == 1
    assert re.match(r'  File ".*test_bootstrap.py", line \d+, in failing\n', error["stackTrace"][0])
    assert voice.logged[0].startswith("[ERROR] KeyError: 'k'\nTraceback (most recent call last):\n\u00a0\u00a0File ")


@pytest.mark.parametrize("value", [{1}, [b"bytes"], "\ud800", {"a": object()}])
def test_an_answer_that_is_no_json_is_a_fault(value: Any) -> None:
    with pytest.raises(bootstrap.Fault, match="Unable to marshal response: ") as raised:
        bootstrap.marshalled(value)
    assert raised.value.kind == "Runtime.MarshalError"


def test_no_time_is_left_after_the_deadline() -> None:
    assert bootstrap.LambdaContext(REQUEST, VARIABLES).get_remaining_time_in_millis() == 0


def test_what_the_caller_says_of_itself_are_attributes() -> None:
    context = bootstrap.client_context({"client": {"app_title": "t"}, "custom": {"k": 1}, "env": {"locale": "de"}})
    assert (context.client.app_title, context.client.installation_id) == ("t", None)
    assert (context.custom, context.env) == ({"k": 1}, {"locale": "de"})
    assert bootstrap.client_context(None) is None


def test_records_of_logging_have_lambda_s_prefix() -> None:
    voice = Silent()
    voice.request_id = "one"
    record = logging.LogRecord("x", logging.WARNING, "", 0, "two\n%s", ("lines",), None)
    record.created, record.msecs = 0.0, 7.0
    bootstrap.LogHandler(voice).emit(record)
    assert voice.logged == ["[WARNING]\t1970-01-01T00:00:00.007Z\tone\ttwo\nlines"]


def test_the_runtime_speaks_in_lines_of_its_own(capfd: pytest.CaptureFixture[str]) -> None:
    voice = bootstrap.Voice("token")
    os.write(1, b"no line end")
    voice.tell(done="one")
    voice.log("short")
    voice.log("x" * bootstrap.WHOLE_BYTES)
    lines = capfd.readouterr().out.split("\n")
    assert lines[:2] == ["no line end", 'token {"done": "one"}']
    assert lines[3] == 'token {"log": "short"}'
    assert lines[4] == "x" * bootstrap.WHOLE_BYTES
