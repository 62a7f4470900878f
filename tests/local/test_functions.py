"""Lambda: functions in real processes behind boto3, its waiters, awscli and the handler that asks an endpoint."""

from __future__ import annotations

import base64
import io
import json
import os
import re
import subprocess
import sys
import zipfile
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError
from PIL import Image

from sm_raw import specs
from sm_raw.local.server import serving

pytestmark = pytest.mark.local
ROOT = Path(__file__).resolve().parents[2]
UUID = r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"
QUICK = {"Delay": 1, "MaxAttempts": 30}

APP = """
import json, logging, os, pathlib, sys, threading
print("loading")
calls = 0

def handler(event, context):
    global calls
    calls += 1
    return ACTIONS[event.get("do", "look")](event, context)

def look(event, context):
    return {
        "event": event, "calls": calls, "process": os.getpid(), "version": context.function_version,
        "colour": os.environ.get("COLOUR"), "kind": os.environ["AWS_LAMBDA_INITIALIZATION_TYPE"],
    }

def everything(event, context):
    client = context.client_context
    return {
        "context": {
            name: getattr(context, name)
            for name in ("function_name", "function_version", "invoked_function_arn", "memory_limit_in_mb",
                         "aws_request_id", "log_group_name", "log_stream_name")
        },
        "left": context.get_remaining_time_in_millis(),
        "client": [client.client.app_title, client.custom] if client else None,
        "environment": dict(os.environ), "cwd": os.getcwd(), "path": sys.path, "stdin": sys.stdin.read(),
    }

def speak(event, context):
    print("one\\n")
    logging.getLogger().warning("two\\nlines")
    print("to stderr", file=sys.stderr)
    os.system("echo from a child")
    sys.stdout.write("no line end")

def fail(event, context):
    raise ValueError("I cannot")

def store(event, context):
    import boto3
    boto3.client("s3").put_object(Bucket=event["bucket"], Key=event["key"], Body=json.dumps(event).encode())

def sleep(event, context):
    print("asleep", flush=True)
    threading.Event().wait(event["seconds"])

def meet(event, context):
    # Nobody leaves before all are there.
    place = pathlib.Path(event["place"])
    (place / str(os.getpid())).touch()
    while len(list(place.iterdir())) < event["number"]:
        threading.Event().wait(0.01)
    return os.getpid()

ACTIONS = {
    "look": look, "everything": everything, "speak": speak, "fail": fail, "store": store, "sleep": sleep,
    "meet": meet,
    "set": lambda event, context: {1}, "large": lambda event, context: "x" * 6_300_000,
    "exit": lambda event, context: os._exit(7), "leave": lambda event, context: sys.exit(),
}
"""


def zipped(**modules: str) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, text in modules.items():
            archive.writestr(f"{name}.py", text)
    return buffer.getvalue()


def refusal(call: Callable[[], object]) -> tuple[str, str]:
    with pytest.raises(ClientError) as raised:
        call()
    error = raised.value.response["Error"]
    return error["Code"], error["Message"]


def lives(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    return True


class Caller:
    """Short ways to make functions and to call them."""

    def __init__(self, lab: Any) -> None:
        self.lab = lab
        self.client: Any = lab.clients.client("lambda")
        request = specs.service_role(lab.name("role"), services=["lambda"])
        self.role = lab.clients.client("iam").create_role(**request)["Role"]["Arn"]

    def create(self, code: Any = None, **changes: Any) -> str:
        """A new function, by default APP with 10 seconds; its name."""
        name: str = self.lab.name("function")
        fields = {"role_arn": self.role, "handler": "app.handler", "timeout_seconds": 10, **changes}
        code = specs.code_in_request(zipped(app=APP)) if code is None else code
        self.client.create_function(**specs.lambda_function(name, code=code, **fields))
        return name

    def publish(self, **changes: Any) -> str:
        """A new function whose version 1 has the alias live."""
        name = self.create(publish=True, **changes)
        self.client.create_alias(**specs.function_alias(name, "live"))
        return name

    def invoke(self, name: str, event: Any = None, **changes: Any) -> Any:
        return self.client.invoke(FunctionName=name, Payload=json.dumps(event or {}), **changes)

    def ask(self, name: str, do: str = "look", **changes: Any) -> Any:
        """What a function that does well answers."""
        response = self.invoke(name, {"do": do}, **changes)
        answer = json.loads(response["Payload"].read())
        assert "FunctionError" not in response, answer
        return answer

    def meet(self, name: str, number: int, place: Path, **changes: Any) -> list[int]:
        """The processes of so many calls at the same time."""
        place.mkdir()
        event = {"do": "meet", "number": number, "place": str(place)}
        with ThreadPoolExecutor(number) as crew:
            answers = crew.map(lambda _: self.invoke(name, event, **changes)["Payload"].read(), range(number))
            return [json.loads(answer) for answer in answers]

    def provision(self, name: str, qualifier: str, executions: int) -> dict[str, Any]:
        """Provisioned concurrency that has settled."""
        request = specs.provisioned_concurrency(name, qualifier=qualifier, executions=executions)
        answer = self.client.put_provisioned_concurrency_config(**request)
        assert (answer["Status"], answer["ResponseMetadata"]["HTTPStatusCode"]) == ("IN_PROGRESS", 202)
        return self.settled(name, qualifier)

    def settled(self, name: str, qualifier: str) -> dict[str, Any]:
        self.lab.until(lambda: self.provisioned(name, qualifier)["Status"] != "IN_PROGRESS")
        return self.provisioned(name, qualifier)

    def provisioned(self, name: str, qualifier: str) -> dict[str, Any]:
        found: dict[str, Any] = self.client.get_provisioned_concurrency_config(FunctionName=name, Qualifier=qualifier)
        return found

    def open(self, name: str, qualifier: str | None = None) -> None:
        """Let the whole world call the address of a function."""
        fields = {"statement_id": "all", "principal": "*", "action": "lambda:InvokeFunctionUrl"}
        extra = {"FunctionUrlAuthType": "NONE"}
        self.client.add_permission(**specs.invoke_permission(name, **fields, qualifier=qualifier, extra=extra))

    def log(self, name: str) -> list[str]:
        lines: list[str] = self.lab.log("", f"/aws/lambda/{name}")
        return lines


@pytest.fixture(scope="module")
def caller(lab: Any) -> Caller:
    return Caller(lab)


@pytest.fixture(scope="module")
def plain(caller: Caller) -> Iterator[str]:
    """A function that several tests call."""
    name = caller.create(environment={"COLOUR": "green"}, memory_mb=256)
    yield name
    caller.client.delete_function(FunctionName=name)


def test_a_handler_gets_what_lambda_gives(caller: Caller, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "the user's own")
    monkeypatch.setenv("SOME_TOKEN", "the user's own")
    context = base64.b64encode(b'{"client": {"app_title": "t"}, "custom": {"k": 1}}').decode()
    name = caller.create(environment={"COLOUR": "green"}, memory_mb=256)
    seen = caller.ask(name, "everything", ClientContext=context)
    arn = f"arn:aws:lambda:us-east-1:123456789012:function:{name}"
    told, environment = seen["context"], seen["environment"]
    assert re.fullmatch(UUID, told.pop("aws_request_id"))
    assert re.fullmatch(r"\d{4}/\d\d/\d\d/\[\$LATEST\][0-9a-f]{32}", told.pop("log_stream_name"))
    assert told == {
        "function_name": name,
        "function_version": "$LATEST",
        "invoked_function_arn": arn,
        "memory_limit_in_mb": "256",
        "log_group_name": f"/aws/lambda/{name}",
    }
    assert 0 < seen["left"] <= 10_000
    assert seen["client"] == ["t", {"k": 1}]
    assert "the user's own" not in environment.values()
    assert environment["COLOUR"] == "green"
    assert environment["_HANDLER"] == "app.handler"
    assert environment["AWS_LAMBDA_FUNCTION_NAME"] == name
    assert environment["AWS_LAMBDA_FUNCTION_MEMORY_SIZE"] == "256"
    assert environment["AWS_REGION"] == "us-east-1"
    assert seen["cwd"] == seen["path"][0] == environment["LAMBDA_TASK_ROOT"]
    assert seen["stdin"] == ""


def test_a_process_stays_warm_and_those_at_the_same_time_are_several(
    caller: Caller, plain: str, tmp_path: Path
) -> None:
    first, second = caller.ask(plain), caller.ask(plain)
    assert second["process"] == first["process"]
    assert second["calls"] == first["calls"] + 1
    assert first["colour"] == "green"
    assert len(set(caller.meet(plain, 3, tmp_path / "meeting"))) == 3


@pytest.mark.parametrize(
    ("do", "kind", "message"),
    [
        ("fail", "ValueError", "I cannot"),
        ("set", "Runtime.MarshalError", "Unable to marshal response: Object of type set is not JSON serializable"),
        (
            "large",
            "Function.ResponseSizeTooLarge",
            "Response payload size exceeded maximum allowed payload size (6291556 bytes).",
        ),
        ("exit", "Runtime.ExitError", "RequestId: ID Error: Runtime exited with error: exit status 7"),
        ("leave", "Runtime.ExitError", "RequestId: ID Error: Runtime exited without providing a reason"),
    ],
)
def test_what_goes_wrong_in_a_function_is_answered_and_the_next_call_is_well(
    caller: Caller, plain: str, do: str, kind: str, message: str
) -> None:
    response = caller.invoke(plain, {"do": do})
    told = json.loads(response["Payload"].read())
    assert (response["StatusCode"], response["FunctionError"]) == (200, "Unhandled")
    assert (told["errorType"], re.sub(UUID, "ID", told["errorMessage"])) == (kind, message)
    assert caller.ask(plain)["event"] == {"do": "look"}


def test_an_error_has_its_stack_trace_in_the_answer_and_in_the_log(caller: Caller, plain: str) -> None:
    response = caller.invoke(plain, {"do": "fail"}, LogType="Tail")
    told = json.loads(response["Payload"].read())
    assert told["requestId"] == response["ResponseMetadata"]["RequestId"]
    assert [frame.split(", in ")[1].split("\n")[0] for frame in told["stackTrace"]] == ["handler", "fail"]
    log = base64.b64decode(response["LogResult"]).decode()
    assert '[ERROR] ValueError: I cannot\nTraceback (most recent call last):\n\u00a0\u00a0File "' in log


@pytest.mark.parametrize(
    ("code", "handler", "kind", "message"),
    [
        ("import absent_module", "app.handler", "Runtime.ImportModuleError", "No module named 'absent_module'"),
        ("handler = 1", "app.other", "Runtime.HandlerNotFound", "Handler 'other' missing on module 'app'"),
        ("def handler(", "app.handler", "Runtime.UserCodeSyntaxError", "Syntax error in module 'app': "),
        ("1 / 0", "app.handler", "ZeroDivisionError", "division by zero"),
        ("import os; os._exit(3)", "app.handler", "Runtime.ExitError", "Runtime exited with error: exit status 3"),
    ],
)
def test_a_handler_that_cannot_be_imported_fails_each_call(
    caller: Caller, code: str, handler: str, kind: str, message: str
) -> None:
    name = caller.create(specs.code_in_request(zipped(app=code)), handler=handler)
    for _ in range(2):
        response = caller.invoke(name)
        told = json.loads(response["Payload"].read())
        assert (response["FunctionError"], told["errorType"]) == ("Unhandled", kind)
        assert message in told["errorMessage"]


def test_a_function_that_takes_too_long_is_ended(caller: Caller) -> None:
    name = caller.create(timeout_seconds=1)
    response = caller.invoke(name, {"do": "sleep", "seconds": 30}, LogType="Tail")
    told = json.loads(response["Payload"].read())
    request = response["ResponseMetadata"]["RequestId"]
    assert told == {
        "errorType": "Sandbox.Timedout",
        "errorMessage": f"RequestId: {request} Error: Task timed out after 1.00 seconds",
    }
    log = base64.b64decode(response["LogResult"]).decode().splitlines()
    assert log[1] == "asleep"
    assert re.fullmatch(rf"\d{{4}}-\d\d-\d\dT[\d:.]+Z {request} Task timed out after 1.00 seconds", log[2])
    assert log[4].endswith("\tStatus: timeout")
    assert caller.ask(name)["calls"] == 1


def test_lines_of_a_call_are_in_the_log_in_their_order(caller: Caller) -> None:
    name = caller.create()
    response = caller.invoke(name, {"do": "speak"}, LogType="Tail")
    assert response["Payload"].read() == b"null"
    caller.lab.until(lambda: any(line.startswith("REPORT") for line in caller.log(name)))
    lines = [re.sub(UUID, "ID", line) for line in caller.log(name)]
    report = lines.pop()
    assert lines.pop(0).startswith("INIT_START Runtime Version: python:3.")
    assert re.fullmatch(r"\[WARNING\]\t\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z\tID\ttwo\nlines", lines.pop(4))
    assert lines == [
        "loading",
        "START RequestId: ID Version: $LATEST",
        "one",
        " ",
        "to stderr",
        "from a child",
        "no line end",
        "END RequestId: ID",
    ]
    assert re.fullmatch(
        r"REPORT RequestId: ID\tDuration: [\d.]+ ms\tBilled Duration: \d+ ms\tMemory Size: 128 MB\t"
        r"Max Memory Used: \d+ MB\tInit Duration: [\d.]+ ms",
        report,
    )
    tail = base64.b64decode(response["LogResult"]).decode().splitlines()
    assert (tail[0][:16], tail[-1][:7]) == ("START RequestId:", "REPORT ")


def test_boto3_in_a_handler_reaches_the_engine(caller: Caller, plain: str) -> None:
    caller.invoke(plain, {"do": "store", "bucket": caller.lab.bucket, "key": "from/function"})
    assert json.loads(caller.lab.get(f"s3://{caller.lab.bucket}/from/function"))["do"] == "store"


def test_an_event_is_delivered_later_and_a_dry_run_runs_nothing(caller: Caller) -> None:
    name, bucket = caller.create(), caller.lab.bucket
    dry = caller.invoke(name, {"do": "store", "bucket": bucket, "key": "dry"}, InvocationType="DryRun")
    later = caller.invoke(name, {"do": "store", "bucket": bucket, "key": "later"}, InvocationType="Event")
    assert (dry["StatusCode"], later["StatusCode"], later["Payload"].read()) == (204, 202, b"")

    def keys() -> list[str]:
        return [item["Key"] for item in caller.lab.s3.list_objects_v2(Bucket=bucket).get("Contents", [])]

    caller.lab.until(lambda: "later" in keys())
    assert "dry" not in keys()


def test_an_event_that_fails_is_tried_as_often_as_is_configured(caller: Caller) -> None:
    name = caller.create()
    caller.client.put_function_event_invoke_config(FunctionName=name, MaximumRetryAttempts=0)
    caller.invoke(name, {"do": "fail"}, InvocationType="Event")
    caller.lab.until(lambda: any(line.startswith("REPORT") for line in caller.log(name)))
    assert sum(line.startswith("START") for line in caller.log(name)) == 1


def test_a_version_keeps_its_code_and_the_function_takes_new_code(caller: Caller) -> None:
    lab, client = caller.lab, caller.client
    key = f"code/{lab.name('code')}.zip"
    lab.put(key, zipped(app="def handler(event, context): return 'old'"))
    name = caller.publish(code=specs.code_in_s3(lab.bucket, key))
    client.get_waiter("function_active_v2").wait(FunctionName=name, WaiterConfig=QUICK)
    client.get_waiter("published_version_active").wait(FunctionName=name, Qualifier="1", WaiterConfig=QUICK)
    assert (caller.ask(name), caller.ask(name, Qualifier="live")) == ("old", "old")
    lab.s3.delete_object(Bucket=lab.bucket, Key=key)
    client.update_function_code(FunctionName=name, ZipFile=zipped(app="def handler(event, context): return 'new'"))
    client.get_waiter("function_updated_v2").wait(FunctionName=name, WaiterConfig=QUICK)
    assert (caller.ask(name), caller.ask(name, Qualifier="1"), caller.ask(f"{name}:live")) == ("new", "old", "old")
    assert caller.invoke(name, Qualifier="live")["ExecutedVersion"] == "1"


def test_a_change_of_the_configuration_holds_from_the_next_call_on(caller: Caller) -> None:
    name = caller.create()
    before = caller.ask(name)
    caller.client.update_function_configuration(FunctionName=name, Environment={"Variables": {"COLOUR": "red"}})
    after = caller.ask(name)
    assert (before["colour"], after["colour"]) == (None, "red")
    assert not lives(before["process"])


def test_provisioned_processes_are_warm_and_answer_first(caller: Caller) -> None:
    name = caller.publish()
    ready = caller.provision(name, "live", 2)
    assert (
        ready["Status"],
        ready["RequestedProvisionedConcurrentExecutions"],
        ready["AllocatedProvisionedConcurrentExecutions"],
        ready["AvailableProvisionedConcurrentExecutions"],
    ) == ("READY", 2, 2, 2)
    answer = caller.ask(name, Qualifier="live")
    assert (answer["kind"], answer["calls"], answer["version"]) == ("provisioned-concurrency", 1, "1")
    (listed,) = caller.client.list_provisioned_concurrency_configs(FunctionName=name)["ProvisionedConcurrencyConfigs"]
    assert listed["FunctionArn"] == f"arn:aws:lambda:us-east-1:123456789012:function:{name}:live"
    assert caller.ask(name)["kind"] == "on-demand"


def test_a_provisioned_process_that_dies_is_replaced(caller: Caller) -> None:
    name = caller.publish()
    caller.provision(name, "live", 1)
    caller.invoke(name, {"do": "exit"}, Qualifier="live")
    caller.lab.until(lambda: caller.provisioned(name, "live")["AvailableProvisionedConcurrentExecutions"] == 1)
    assert caller.ask(name, Qualifier="live")["kind"] == "provisioned-concurrency"


def test_less_provisioned_ends_processes_and_none_ends_all(caller: Caller, tmp_path: Path) -> None:
    name = caller.publish()
    caller.provision(name, "1", 2)
    pids = caller.meet(name, 2, tmp_path / "meeting", Qualifier="1")
    assert caller.provision(name, "1", 1)["AllocatedProvisionedConcurrentExecutions"] == 1
    assert sum(map(lives, pids)) == 1
    for _ in range(2):  # It is gone after the first, and that is no error.
        caller.client.delete_provisioned_concurrency_config(FunctionName=name, Qualifier="1")
    assert not any(map(lives, pids))
    code, message = refusal(lambda: caller.provisioned(name, "1"))
    assert (code, message) == (
        "ProvisionedConcurrencyConfigNotFoundException",
        "No Provisioned Concurrency Config found for this function",
    )


def test_an_alias_takes_its_processes_along_to_another_version_and_to_its_end(caller: Caller) -> None:
    name, client = caller.publish(), caller.client
    caller.provision(name, "live", 1)
    old = caller.ask(name, Qualifier="live")["process"]
    client.update_function_configuration(FunctionName=name, Environment={"Variables": {"COLOUR": "red"}})
    version = client.publish_version(FunctionName=name)["Version"]
    client.update_alias(FunctionName=name, Name="live", FunctionVersion=version)
    caller.settled(name, "live")
    answer = caller.ask(name, Qualifier="live")
    assert (answer["kind"], answer["version"], answer["colour"]) == ("provisioned-concurrency", "2", "red")
    assert not lives(old)
    client.delete_alias(FunctionName=name, Name="live")
    assert not lives(answer["process"])
    assert client.list_provisioned_concurrency_configs(FunctionName=name)["ProvisionedConcurrencyConfigs"] == []


def test_what_cannot_be_imported_cannot_be_provisioned(caller: Caller) -> None:
    name = caller.publish(code=specs.code_in_request(zipped(app="import absent_module")))
    failed = caller.provision(name, "live", 1)
    assert (failed["Status"], failed["StatusReason"]) == ("FAILED", "FUNCTION_ERROR_INIT_FAILURE")


def test_provisioned_concurrency_that_cannot_be_is_refused(caller: Caller) -> None:
    name, client = caller.publish(), caller.client
    client.create_alias(FunctionName=name, Name="newest", FunctionVersion="$LATEST")
    client.create_alias(FunctionName=name, Name="second", FunctionVersion="1")
    arn = f"arn:aws:lambda:us-east-1:123456789012:function:{name}"
    unpublished = "Provisioned Concurrency Configs cannot be applied to unpublished function versions."

    def put(qualifier: str, executions: int = 1, function: str = name) -> tuple[str, str]:
        request = specs.provisioned_concurrency(function, qualifier=qualifier, executions=executions)
        return refusal(lambda: client.put_provisioned_concurrency_config(**request))

    assert put("$LATEST") == ("InvalidParameterValueException", unpublished)
    assert put("newest") == ("InvalidParameterValueException", unpublished)
    assert put("nobody") == ("ResourceNotFoundException", f"Cannot find alias arn: {arn}:nobody")
    assert put("7") == ("ResourceNotFoundException", f"Function not found: {arn}:7")
    assert put("1", function="nobody")[0] == "ResourceNotFoundException"
    assert put("1", 33)[1].endswith("is greater than account's unreserved concurrency [32].")
    client.put_function_concurrency(FunctionName=name, ReservedConcurrentExecutions=1)
    assert put("1", 2)[1] == (
        "Requested Provisioned Concurrency should not be greater than the reservedConcurrentExecution for function"
    )
    assert refusal(lambda: caller.provisioned(name, "$LATEST"))[0] == "InvalidParameterValueException"
    caller.provision(name, "live", 1)
    assert put("1") == ("ResourceConflictException", "Version is pointed by a Provisioned Concurrency alias")
    client.delete_provisioned_concurrency_config(FunctionName=name, Qualifier="live")
    caller.provision(name, "1", 1)
    assert put("second")[1].startswith("Alias can't be used for Provisioned Concurrency configuration")
    reserve = {"FunctionName": name, "ReservedConcurrentExecutions": 0}
    assert refusal(lambda: client.put_function_concurrency(**reserve))[1] == (
        "ReservedConcurrentExecutions 0 should not be lower than function's total provisioned concurrency [1]."
    )
    client.delete_function(FunctionName=name)


def test_no_more_run_at_a_time_than_are_reserved(caller: Caller) -> None:
    name = caller.create()
    once = boto3.client(
        "lambda",
        endpoint_url=caller.lab.url,
        region_name="us-east-1",
        aws_access_key_id="local",
        aws_secret_access_key="local",
        config=Config(retries={"total_max_attempts": 1}),
    )
    caller.client.put_function_concurrency(FunctionName=name, ReservedConcurrentExecutions=0)
    with pytest.raises(once.exceptions.TooManyRequestsException) as raised:
        once.invoke(FunctionName=name)
    assert raised.value.response["Reason"] == "ReservedFunctionConcurrentInvocationLimitExceeded"
    caller.client.delete_function_concurrency(FunctionName=name)
    assert once.invoke(FunctionName=name)["StatusCode"] == 200


def test_a_call_that_is_none_is_refused(caller: Caller, plain: str) -> None:
    client = caller.client

    def invoke(**request: Any) -> tuple[str, str]:
        return refusal(lambda: client.invoke(**{"FunctionName": plain, **request}))

    arn = f"arn:aws:lambda:us-east-1:123456789012:function:{plain}"
    assert invoke(FunctionName="nobody") == (
        "ResourceNotFoundException",
        "Function not found: arn:aws:lambda:us-east-1:123456789012:function:nobody",
    )
    assert invoke(Qualifier="live") == ("ResourceNotFoundException", f"Function not found: {arn}:live")
    assert invoke(Payload=b"{")[0] == "InvalidRequestContentException"
    assert invoke(Payload=b" " * 6_291_457) == (
        "RequestEntityTooLargeException",
        "Request must be smaller than 6291456 bytes for the InvokeFunction operation",
    )
    assert invoke(Payload=b" " * 1_048_577, InvocationType="Event")[0] == "RequestEntityTooLargeException"
    assert invoke(ClientContext="no base64") == (
        "InvalidRequestContentException",
        "Client context must be a valid Base64-encoded JSON object.",
    )
    assert invoke(FunctionName=f"{plain}:1", Qualifier="2")[0] == "InvalidParameterValueException"
    assert caller.ask(arn)["event"] == {"do": "look"}


def test_a_function_that_cannot_be_is_refused(caller: Caller) -> None:
    lab = caller.lab
    iam = lab.clients.client("iam")
    sagemaker = specs.service_role(lab.name("role"), services=["sagemaker"])
    other = iam.create_role(**sagemaker)["Role"]["Arn"]

    def create(code: Any = None, **changes: Any) -> tuple[str, str]:
        return refusal(lambda: caller.create(code, **changes))

    no_role = ("InvalidParameterValueException", "The role defined for the function cannot be assumed by Lambda.")
    assert create(role_arn="arn:aws:iam::123456789012:role/nobody") == no_role
    assert create(role_arn=other) == no_role
    assert create(specs.code_in_s3(lab.bucket, "nowhere.zip"))[1] == (
        "Error occurred while GetObject. S3 Error Code: NoSuchKey. S3 Error Message: The specified key does not exist."
    )
    assert "NoSuchBucket" in create(specs.code_in_s3("nobucket", "a.zip"))[1]
    assert create(specs.code_in_request(b"no zip"))[1].startswith("Could not unzip uploaded file.")
    assert create(runtime="nodejs22.x")[1] == (
        "This local engine has one Python and runs no nodejs22.x: give a Runtime such as python3.13."
    )
    assert create(environment={"AWS_REGION": "x"})[1].endswith("Reserved keys used in this request: AWS_REGION")
    assert create(timeout_seconds=901)[0] == "ValidationException"
    name = caller.publish()
    other_code = specs.published_version(name, code_sha256="bm90IHRoaXM=")
    assert refusal(lambda: caller.client.publish_version(**other_code))[1].startswith(
        "CodeSHA256 (bm90IHRoaXM=) is different from current CodeSHA256 in $LATEST ("
    )
    again = specs.lambda_function(name, role_arn=caller.role, code=specs.code_in_request(zipped(app=APP)))
    assert refusal(lambda: caller.client.create_function(**again))[0] == "ResourceConflictException"
    assert refusal(lambda: caller.client.delete_function(FunctionName=name, Qualifier="1")) == (
        "ResourceConflictException",
        "Unable to delete version because the following aliases reference it: [live]",
    )


def test_what_is_there_is_not_made_again(caller: Caller) -> None:
    name, client = caller.publish(), caller.client
    permission = specs.invoke_permission(name, statement_id="s3", principal="s3.amazonaws.com")
    url = specs.function_url(name)
    client.add_permission(**permission)
    client.create_function_url_config(**url)
    expected = [
        (lambda: client.create_alias(**specs.function_alias(name, "live")), f"Alias already exists: arn:.*{name}:live"),
        (lambda: client.add_permission(**permission), r"The statement id \(s3\) provided already exists\."),
        (lambda: client.create_function_url_config(**url), "FunctionUrlConfig exists for this Lambda function"),
    ]
    for call, message in expected:
        code, told = refusal(call)
        assert code == "ResourceConflictException"
        assert re.search(message, told)
    client.add_permission(**permission, Qualifier="live")
    statements = json.loads(client.get_policy(FunctionName=name)["Policy"])["Statement"]
    assert [item["Resource"].endswith(":live") for item in statements] == [False, True]


def test_processes_end_with_their_function(caller: Caller) -> None:
    name = caller.publish()
    caller.provision(name, "live", 1)
    pids = [caller.ask(name)["process"], caller.ask(name, Qualifier="live")["process"]]
    assert all(map(lives, pids))
    caller.client.delete_function(FunctionName=name)
    assert not any(map(lives, pids))
    assert refusal(lambda: caller.invoke(name))[0] == "ResourceNotFoundException"


def test_processes_end_with_the_engine(lab_of: Any, tmp_path: Path) -> None:
    with serving(tmp_path) as url:
        caller = Caller(lab_of(url, tmp_path, bucket="functions"))
        process = caller.ask(caller.create())["process"]
        assert lives(process)
    assert not lives(process)


def test_the_engine_tells_what_is_provisioned(caller: Caller) -> None:
    name = caller.publish()
    caller.provision(name, "live", 1)
    with urlopen(f"{caller.lab.url}/_sm_raw/resources") as response:
        kinds = json.load(response)["us-east-1"]
    assert kinds["provisioned-concurrency"]["there"][f"{name}:live"] == "READY"
    assert name in kinds["function"]["there"]


def test_awscli_invokes(caller: Caller, plain: str, tmp_path: Path) -> None:
    done = subprocess.run(
        [
            *(sys.executable, "-m", "awscli", "--endpoint-url", caller.lab.url, "lambda", "invoke"),
            *("--function-name", plain, "--payload", '{"from": "awscli"}', "--log-type", "Tail", "answer.json"),
        ],
        env={
            "PATH": os.environ["PATH"],
            "HOME": str(tmp_path),
            "AWS_ACCESS_KEY_ID": "local",
            "AWS_SECRET_ACCESS_KEY": "local",
            "AWS_DEFAULT_REGION": "us-east-1",
        },
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert (told["StatusCode"], told["ExecutedVersion"]) == (200, "$LATEST")
    assert "START RequestId" in base64.b64decode(told["LogResult"]).decode()
    assert json.loads((tmp_path / "answer.json").read_text())["event"] == {"from": "awscli"}


SITE = """
import json
def handler(event, context):
    if event["rawPath"] == "/fail":
        raise ValueError("nobody outside is told")
    if event["rawPath"] == "/plain":
        return {"version": context.function_version, "event": event}
    tea = {"body": "dGVh", "isBase64Encoded": True}
    return {"statusCode": 418, "headers": {"X-Kind": "pot"}, "cookies": ["a=1"], **tea}
"""


def visit(url: str, body: bytes | None = None, **headers: str) -> tuple[int, Any, bytes]:
    try:
        with urlopen(Request(url, data=body, headers=headers)) as response:
            return response.status, response.headers, response.read()
    except HTTPError as error:
        with error:
            return error.code, error.headers, error.read()


def test_a_function_url_is_answered_by_the_function(caller: Caller) -> None:
    name, client = caller.publish(code=specs.code_in_request(zipped(app=SITE))), caller.client
    made = client.create_function_url_config(**specs.function_url(name, qualifier="live", auth_type="NONE"))
    url = made["FunctionUrl"]
    assert visit(url)[0] == 403  # Its policy lets nobody in.
    caller.open(name, "live")
    status, headers, body = visit(f"{url}plain?a=1&a=2", b"\x89PNG", **{"Content-Type": "image/png"})
    answer = json.loads(body)
    event = answer["event"]
    assert (status, answer["version"], headers["Content-Type"]) == (200, "1", "application/json")
    assert (event["body"], event["isBase64Encoded"]) == (base64.b64encode(b"\x89PNG").decode(), True)
    assert (event["rawPath"], event["queryStringParameters"]) == ("/plain", {"a": "1,2"})
    assert event["requestContext"]["http"]["method"] == "POST"
    status, headers, body = visit(url)
    assert (status, headers["X-Kind"], headers["Set-Cookie"], body) == (418, "pot", "a=1", b"tea")
    status, _, body = visit(f"{url}fail")
    assert (status, body) == (502, b"Internal Server Error")
    client.update_function_url_config(FunctionName=name, Qualifier="live", AuthType="AWS_IAM")
    assert visit(url)[0] == 403
    assert client.get_function_url_config(FunctionName=name, Qualifier="live")["AuthType"] == "AWS_IAM"
    assert [
        item["FunctionUrl"] for item in client.list_function_url_configs(FunctionName=name)["FunctionUrlConfigs"]
    ] == [url]
    client.delete_function_url_config(FunctionName=name, Qualifier="live")
    assert refusal(lambda: client.get_function_url_config(FunctionName=name, Qualifier="live"))[0] == (
        "ResourceNotFoundException"
    )


# The size of a picture stands for what a model sees in it.
INFERENCE = """
import io, json
from PIL import Image
def model_fn(folder): return "model"
def input_fn(body, content_type): return Image.open(io.BytesIO(body))
def predict_fn(image, model): return {"label": "wide" if image.width > image.height else "high"}
def output_fn(prediction, accept): return json.dumps(prediction), "application/json"
"""


def test_the_handler_of_this_package_answers_with_an_endpoint_s_prediction(caller: Caller, host: Any) -> None:
    endpoint = host.endpoint(host.variant(host.model(INFERENCE)))["EndpointName"]
    code = zipped(lambda_handler=(ROOT / "container_code" / "lambda_handler.py").read_text())
    name = caller.create(
        specs.code_in_request(code), handler=specs.functions.HANDLER, endpoint_name=endpoint, timeout_seconds=60
    )
    picture = io.BytesIO()
    Image.new("RGB", (8, 4)).save(picture, "PNG")
    caller.lab.s3.put_object(Bucket=caller.lab.bucket, Key="p.png", Body=picture.getvalue(), ContentType="image/png")
    events = [
        {"content_type": "image/png", "body": base64.b64encode(picture.getvalue()).decode()},
        {"bucket": caller.lab.bucket, "key": "p.png"},
        {"bucket": caller.lab.bucket, "key": "absent.png"},
    ]
    answers = [json.loads(caller.invoke(name, event)["Payload"].read()) for event in events]
    url = caller.client.create_function_url_config(**specs.function_url(name, auth_type="NONE"))["FunctionUrl"]
    caller.open(name)
    status, _, visited = visit(url, picture.getvalue(), **{"Content-Type": "image/png"})
    host.delete(endpoint)
    assert [answer["statusCode"] for answer in answers] == [200, 200, 404]
    assert [json.loads(answer["body"]) for answer in answers[:2]] == [{"label": "wide"}] * 2
    assert (status, json.loads(visited)) == (200, {"label": "wide"})
