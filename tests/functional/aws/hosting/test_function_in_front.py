from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime, timezone
from typing import Any

import pytest
from botocore.stub import Stubber

from sm_raw.aws.clients import Clients
from sm_raw.aws.hosting.function_in_front import function_in_front, function_requests
from sm_raw.errors import DeploymentFailed, InvalidRequest

Stub = Callable[[str], Stubber]
NOW = datetime(2026, 1, 1, tzinfo=timezone.utc)
ACCOUNT = "123456789012"
ROLE_ARN = f"arn:aws:iam::{ACCOUNT}:role/f-role"
FUNCTION_ARN = f"arn:aws:lambda:us-east-1:{ACCOUNT}:function:f"
CODE = {"name": "f", "endpoint": "e", "bucket": "code", "key": "f.zip"}
REQUESTS = dict(
    function_requests(**CODE, warm_executions=2, region="us-east-1", account=ACCOUNT)  # type: ignore[arg-type]
)
ROLE: dict[str, Any] = {
    "Role": {"Path": "/", "RoleName": "f-role", "RoleId": "AROA1234567890123456", "Arn": ROLE_ARN, "CreateDate": NOW}
}
NOT_ASSUMED = "The role defined for the function cannot be assumed by Lambda."


class Script:
    """The calls that are expected, in their order within each service."""

    def __init__(self, stub: Stub) -> None:
        self.iam, self.function = stub("iam"), stub("lambda")
        identity = {"Account": ACCOUNT, "Arn": f"arn:aws:iam::{ACCOUNT}:user/me", "UserId": "U"}
        self.sts = stub("sts")
        self.sts.add_response("get_caller_identity", identity, {})

    def free(self) -> Script:
        self.iam.add_client_error("get_role", "NoSuchEntity", "no", 404, expected_params={"RoleName": "f-role"})
        return self.no_function()

    def no_function(self) -> Script:
        self.function.add_client_error(
            "get_function_configuration", "ResourceNotFoundException", "no", 404, expected_params={"FunctionName": "f"}
        )
        return self

    def role(self) -> Script:
        self.iam.add_response("create_role", ROLE, REQUESTS["CreateRole"])
        self.iam.add_response("put_role_policy", {}, REQUESTS["PutRolePolicy"])
        return self

    def created(self) -> Script:
        self.function.add_response("create_function", {"FunctionArn": FUNCTION_ARN}, REQUESTS["CreateFunction"])
        return self

    def refused(self, message: str) -> Script:
        self.function.add_client_error(
            "create_function",
            "InvalidParameterValueException",
            message,
            400,
            expected_params=REQUESTS["CreateFunction"],
        )
        return self

    def state(self, state: str, name: str = "f", reason: str = "") -> Script:
        response = {"FunctionArn": FUNCTION_ARN, "State": state, **({"StateReason": reason} if reason else {})}
        self.function.add_response("get_function_configuration", response, {"FunctionName": name})
        return self

    def published(self) -> Script:
        self.function.add_response("publish_version", {"Version": "7"}, REQUESTS["PublishVersion"])
        return self.state("Active", "f:7")

    def aliased(self) -> Script:
        request = {**REQUESTS["CreateAlias"], "FunctionVersion": "7"}
        self.function.add_response("create_alias", {"Name": "live"}, request)
        return self

    def warmed(self, *statuses: str, reason: str = "") -> Script:
        request = REQUESTS["PutProvisionedConcurrencyConfig"]
        self.function.add_response("put_provisioned_concurrency_config", {"Status": "IN_PROGRESS"}, request)
        named = {name: request[name] for name in ("FunctionName", "Qualifier")}
        for status in statuses:
            response = {"Status": status, **({"StatusReason": reason} if reason else {})}
            self.function.add_response("get_provisioned_concurrency_config", response, named)
        return self

    def role_removed(self) -> Script:
        policy = {"RoleName": "f-role", "PolicyName": "invoke-endpoint"}
        self.iam.add_response("get_role_policy", {**policy, "PolicyDocument": "{}"}, policy)
        self.iam.add_response("delete_role_policy", {}, policy)
        self.iam.add_response("get_role", ROLE, {"RoleName": "f-role"})
        self.iam.add_response("delete_role", {}, {"RoleName": "f-role"})
        return self


@pytest.fixture
def script(stub: Stub) -> Script:
    return Script(stub)


@pytest.fixture
def go(clients: Clients, fake_time: Any) -> Callable[..., Any]:
    def run(**changes: Any) -> Any:
        members = {**CODE, "warm_executions": 2, **changes}
        return function_in_front(clients, **members, sleep=fake_time.sleep, clock=fake_time.clock)

    return run


def test_the_role_may_invoke_this_endpoint_write_its_log_and_nothing_else() -> None:
    document = json.loads(REQUESTS["PutRolePolicy"]["PolicyDocument"])
    allowed = {action: each["Resource"] for each in document["Statement"] for action in each["Action"]}
    assert allowed.pop("sagemaker:InvokeEndpoint") == [f"arn:aws:sagemaker:us-east-1:{ACCOUNT}:endpoint/e"]
    assert {action.partition(":")[0] for action in allowed} == {"logs"}
    assert REQUESTS["CreateFunction"]["Role"] == ROLE_ARN
    assert REQUESTS["CreateFunction"]["Environment"] == {"Variables": {"ENDPOINT_NAME": "e"}}


def test_role_function_version_alias_and_warm_environments_come_in_their_order(
    go: Callable[..., Any], script: Script
) -> None:
    script.free().role().created().state("Pending").state("Active").published().aliased()
    script.warmed("IN_PROGRESS", "READY")
    made = go()
    assert (made.name, made.arn, made.version, made.alias, made.role_arn) == ("f", FUNCTION_ARN, "7", "live", ROLE_ARN)
    assert [str(each) for each in made.made] == [
        "role 'f-role'",
        "role policy 'invoke-endpoint'",
        "function 'f'",
        "alias 'live'",
        "provisioned concurrency 'live'",
    ]


def test_a_role_that_lambda_does_not_know_yet_is_waited_for(
    go: Callable[..., Any], script: Script, fake_time: Any
) -> None:
    script.free().role().refused(NOT_ASSUMED).refused(NOT_ASSUMED).created().state("Active").published().aliased()
    assert go(warm_executions=0).version == "7"
    assert len(fake_time.pauses) == 2


def test_a_role_that_lambda_never_gets_to_know_is_removed_again(
    go: Callable[..., Any], script: Script, fake_time: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    script.free().role().refused(NOT_ASSUMED).refused(NOT_ASSUMED).role_removed()
    monkeypatch.setattr(fake_time, "sleep", lambda seconds: setattr(fake_time, "now", fake_time.now + 61))
    with pytest.raises(DeploymentFailed, match=r"cannot be\s+assumed by Lambda") as raised:
        go()
    assert (raised.value.step, raised.value.removed) == (
        "CreateFunction",
        ("role policy 'invoke-endpoint'", "role 'f-role'"),
    )


def test_another_refusal_is_not_waited_out(go: Callable[..., Any], script: Script, fake_time: Any) -> None:
    script.free().role().refused("Unzipped size must be smaller than 262144000 bytes").role_removed()
    with pytest.raises(DeploymentFailed, match="Unzipped size"):
        go()
    assert fake_time.pauses == []


def test_warm_environments_that_fail_take_all_of_it_back(go: Callable[..., Any], script: Script) -> None:
    script.free().role().created().state("Active").published().aliased().warmed("FAILED", reason="no capacity")
    named = {"FunctionName": "f", "Qualifier": "live"}
    script.function.add_response("get_provisioned_concurrency_config", {"Status": "FAILED"}, named)
    script.function.add_response("delete_provisioned_concurrency_config", {}, named)
    alias = {"FunctionName": "f", "Name": "live"}
    script.function.add_response("get_alias", {"Name": "live"}, alias)
    script.function.add_response("delete_alias", {}, alias)
    script.state("Active")
    script.function.add_response("delete_function", {}, {"FunctionName": "f"})
    script.role_removed()
    with pytest.raises(DeploymentFailed, match="no capacity") as raised:
        go()
    assert (raised.value.step, raised.value.left) == ("PutProvisionedConcurrencyConfig", ())
    assert len(raised.value.removed) == 5


def test_a_function_that_is_there_is_never_touched(go: Callable[..., Any], script: Script) -> None:
    script.iam.add_client_error("get_role", "NoSuchEntity", "no", 404)
    script.state("Active")
    with pytest.raises(DeploymentFailed, match="function 'f' exists already"):
        go()


def test_all_of_it_is_checked_before_anything_is_made(go: Callable[..., Any], script: Script) -> None:
    with pytest.raises(InvalidRequest, match="CreateFunction was not sent"):
        go(extra={"MemorySize": 64})


def test_a_version_that_cannot_be_published_takes_the_rest_back(go: Callable[..., Any], script: Script) -> None:
    script.free().role().created().state("Active")
    script.function.add_client_error("publish_version", "CodeStorageExceededException", "no room", 400)
    script.state("Active")
    script.function.add_response("delete_function", {}, {"FunctionName": "f"})
    script.role_removed()
    with pytest.raises(DeploymentFailed, match="version of function 'f': not made") as raised:
        go()
    assert (raised.value.step, len(raised.value.removed)) == ("PublishVersion", 3)
