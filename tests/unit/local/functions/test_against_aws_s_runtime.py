"""The runtime beside AWS's own (awslambdaric, where it is installed): the same answers, errors, logs and contexts."""

from __future__ import annotations

import datetime
import json
import time
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

from sm_raw.local.functions import bootstrap

theirs: Any = pytest.importorskip("awslambdaric.bootstrap", reason="awslambdaric is AWS's runtime, used as an oracle")

CONTEXT = {"client": {"app_title": "t"}, "custom": {"a": 1}, "env": {"locale": "de"}}


def seen(event: Any, context: Any) -> Any:
    client = context.client_context
    return {
        "event": event,
        "names": [context.function_name, context.function_version, context.invoked_function_arn],
        "logs": [context.log_group_name, context.log_stream_name],
        "others": [context.memory_limit_in_mb, context.aws_request_id, context.tenant_id],
        "client": [client.custom, client.env, client.client.app_title, client.client.installation_id],
        "identity": [context.identity.cognito_identity_id, context.identity.cognito_identity_pool_id],
        "time_left": 0 < context.get_remaining_time_in_millis() <= 5000,
        "shown": repr(context).partition("(")[0],
    }


def failing(event: Any, context: Any) -> Any:
    try:
        return 1 / 0
    except ZeroDivisionError as error:
        raise KeyError("two\nlines") from error


def silent(event: Any, context: Any) -> Any:
    raise RuntimeError


HANDLERS: dict[str, Callable[[Any, Any], Any]] = {
    "context": seen,
    "none": lambda event, context: None,
    "numbers": lambda event, context: {"price": Decimal("1.5"), "pair": (1, 2), "word": "ü"},
    "bytes": lambda event, context: b"\xffraw",
    "set": lambda event, context: {1},
    "date": lambda event, context: datetime.date(2026, 1, 1),
    "error": failing,
    "error without a message": silent,
}


class Client:
    """Takes what AWS's runtime posts."""

    def __init__(self) -> None:
        from awslambdaric.lambda_runtime_marshaller import LambdaMarshaller

        self.marshaller = LambdaMarshaller()
        self.posted: tuple[str | bytes, bool] = ("", True)

    def post_invocation_result(self, invoke_id: str, result: str | bytes, *_: object) -> None:
        self.posted = (result, False)

    def post_invocation_error(self, invoke_id: str, error: str, *_: object) -> None:
        self.posted = (error, True)


class Sink:
    def __init__(self) -> None:
        self.events: list[str] = []

    def log_error(self, lines: list[str]) -> None:
        self.events.append("\n".join(lines))


class Voice(bootstrap.Voice):
    def __init__(self) -> None:
        super().__init__("token")
        self.events: list[str] = []

    def log(self, text: str) -> None:
        self.events.append(text)


def comparable(document: str | bytes) -> Any:
    raw = document if isinstance(document, bytes) else document.encode()
    try:
        return json.loads(raw)
    except ValueError:
        return raw


@pytest.mark.parametrize("name", HANDLERS)
def test_the_runtime_answers_and_logs_as_aws_s_does(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for variable, value in {
        "FUNCTION_NAME": "dogs",
        "FUNCTION_VERSION": "7",
        "FUNCTION_MEMORY_SIZE": "128",
        "LOG_GROUP_NAME": "g",
        "LOG_STREAM_NAME": "s",
    }.items():
        monkeypatch.setenv(f"AWS_LAMBDA_{variable}", value)
    client, sink, voice = Client(), Sink(), Voice()
    deadline = time.time() + 5
    theirs.handle_event_request(
        *(client, HANDLERS[name], "one", b'{"n": 1}', "application/json", json.dumps(CONTEXT), None),
        *("arn", int(deadline * 1000), None, sink),
    )
    request = {"id": "one", "deadline": deadline, "arn": "arn", "client_context": CONTEXT, "event": '{"n": 1}'}
    answer, failed = bootstrap.respond(HANDLERS[name], request, voice)
    assert (comparable(answer), failed) == (comparable(client.posted[0]), client.posted[1])
    assert voice.events == sink.events


@pytest.mark.parametrize("handler", ["nodot", "absent_module_of_a_test.run", "json.nobody", "sys.exit"])
def test_a_handler_that_is_not_there_is_the_same_fault(handler: str) -> None:
    with pytest.raises(theirs.FaultException) as expected:
        theirs._get_handler(handler)
    with pytest.raises(bootstrap.Fault) as raised:
        bootstrap.load(handler)
    fault: Any = expected.value
    assert (raised.value.kind, str(raised.value)) == (fault.exception_type, fault.msg)
