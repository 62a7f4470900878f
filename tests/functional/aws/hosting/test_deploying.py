from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timezone
from typing import Any

import pytest
from botocore.exceptions import ClientError, ConnectTimeoutError, ReadTimeoutError
from botocore.stub import Stubber

from sm_raw import specs
from sm_raw.aws.clients import Clients
from sm_raw.aws.hosting.deploying import deploy
from sm_raw.aws.resources import Resource
from sm_raw.errors import DeploymentFailed, InvalidRequest, JobFailed, WaitTimedOut

Stub = Callable[[str], Stubber]
NOW = datetime(2026, 1, 1, tzinfo=timezone.utc)
ARN = "arn:aws:sagemaker:us-east-1:123456789012:thing/name"
IMAGE = "763104351884.dkr.ecr.us-east-1.amazonaws.com/pytorch-inference:2.3-cpu-py311"
ROLE = "arn:aws:iam::123456789012:role/Server"
MODEL = dict(specs.model("m", image_uri=IMAGE, role_arn=ROLE, model_data_uri="s3://bucket/model.tar.gz"))
REAL_TIME = specs.production_variant("m", instance_type="ml.m5.large")
CONFIG = dict(specs.endpoint_config("c", variants=[REAL_TIME]))
ENDPOINT = dict(specs.endpoint("e", config_name="c"))
THERE: dict[str, dict[str, Any]] = {
    "model": {"ModelName": "m", "ModelArn": ARN, "CreationTime": NOW},
    "endpoint_config": {
        "EndpointConfigName": "c",
        "EndpointConfigArn": ARN,
        "ProductionVariants": [{"VariantName": "AllTraffic"}],
        "CreationTime": NOW,
    },
}
NAMED = {
    "model": {"ModelName": "m"},
    "endpoint_config": {"EndpointConfigName": "c"},
    "endpoint": {"EndpointName": "e"},
}
CREATED = {"model": "ModelArn", "endpoint_config": "EndpointConfigArn", "endpoint": "EndpointArn"}
RECEIVED = {"model": MODEL, "endpoint_config": CONFIG, "endpoint": ENDPOINT}


class Script:
    """The calls to SageMaker that are expected, in their order."""

    def __init__(self, stub: Stub) -> None:
        self.stub, self.sagemaker = stub, stub("sagemaker")

    def absent(self, *things: str) -> Script:
        for thing in things:
            self.sagemaker.add_client_error(
                f"describe_{thing}", "ValidationException", "Could not find it", 400, expected_params=NAMED[thing]
            )
        return self

    def there(self, thing: str, status: str = "InService", reason: str = "") -> Script:
        response = THERE.get(thing) or {
            **{"EndpointName": "e", "EndpointArn": ARN, "EndpointConfigName": "c", "EndpointStatus": status},
            **{"CreationTime": NOW, "LastModifiedTime": NOW, **({"FailureReason": reason} if reason else {})},
        }
        self.sagemaker.add_response(f"describe_{thing}", response, NAMED[thing])
        return self

    def created(self, *things: str, **received: Any) -> Script:
        for thing in things:
            self.sagemaker.add_response(f"create_{thing}", {CREATED[thing]: ARN}, received.get(thing, RECEIVED[thing]))
        return self

    def refused(self, thing: str, code: str, message: str, status: int = 400, **metadata: Any) -> Script:
        self.sagemaker.add_client_error(
            f"create_{thing}",
            code,
            message,
            status,
            expected_params=RECEIVED[thing],
            response_meta=metadata,
        )
        return self

    def deleted(self, *things: str) -> Script:
        for thing in things:
            self.there(thing, "Failed")
            self.sagemaker.add_response(f"delete_{thing}", {}, NAMED[thing])
            if thing == "endpoint":
                self.absent(thing)
        return self

    def log(self, *lines: str) -> Script:
        stream = {"logStreamName": "AllTraffic/i-1", "lastEventTimestamp": 1}
        self.stub("logs").add_response(
            "describe_log_streams", {"logStreams": [stream]}, {"logGroupName": "/aws/sagemaker/Endpoints/e"}
        )
        events = [{"timestamp": number, "message": line} for number, line in enumerate(lines)]
        self.stub("logs").add_response("get_log_events", {"events": events, "nextBackwardToken": "b/0"}, None)
        self.stub("logs").add_response("get_log_events", {"events": [], "nextBackwardToken": "b/0"}, None)
        return self


@pytest.fixture
def script(stub: Stub) -> Script:
    return Script(stub)


@pytest.fixture
def go(clients: Clients, fake_time: Any) -> Callable[..., Any]:
    """``deploy`` of all three things, in a time that passes at once."""

    def run(**changes: Any) -> Any:
        requests = {"model": MODEL, "config": CONFIG, "endpoint": ENDPOINT, **changes}
        return deploy(clients, **requests, sleep=fake_time.sleep, clock=fake_time.clock)

    return run


def test_model_config_and_endpoint_are_made_in_their_order_and_waited_for(
    go: Callable[..., Any], script: Script
) -> None:
    script.absent("model", "endpoint_config", "endpoint").created("model", "endpoint_config", "endpoint")
    script.there("endpoint", "Creating").there("endpoint")
    told: list[Resource] = []
    deployment = go(on_made=told.append)
    assert (deployment.endpoint, deployment.response["EndpointStatus"]) == ("e", "InService")
    assert [str(each) for each in deployment.made] == ["model 'm'", "endpoint config 'c'", "endpoint 'e'"]
    assert told == list(deployment.made)


@pytest.mark.parametrize(
    "config",
    [
        specs.endpoint_config("c", variants=[specs.serverless_variant("m", memory_mb=2048, max_concurrency=5)]),
        specs.endpoint_config("c", variants=[REAL_TIME], async_inference=specs.async_inference("s3://bucket/out")),
    ],
    ids=["serverless", "asynchronous"],
)
def test_other_kinds_of_endpoint_go_the_same_way_and_what_exists_is_left_out(
    go: Callable[..., Any], script: Script, config: Any
) -> None:
    script.absent("endpoint_config", "endpoint").created("endpoint_config", "endpoint", endpoint_config=config)
    script.there("endpoint")
    assert [str(each) for each in go(model=(), config=config).made] == ["endpoint config 'c'", "endpoint 'e'"]


def test_all_requests_are_checked_before_the_first_is_sent(go: Callable[..., Any], script: Script) -> None:
    with pytest.raises(InvalidRequest, match="CreateEndpointConfig was not sent"):
        go(config={**CONFIG, "ProductionVariants": [{**REAL_TIME, "InstanceType": "ml.nope"}]})


def test_a_name_that_is_taken_stops_it_before_anything_is_made(go: Callable[..., Any], script: Script) -> None:
    script.absent("model").there("endpoint_config")
    with pytest.raises(DeploymentFailed, match="endpoint config 'c' exists already: leave its request out") as raised:
        go()
    assert (raised.value.step, raised.value.removed, raised.value.left) == ("CreateEndpointConfig", (), ())


def test_a_refused_call_takes_back_what_was_made_and_nothing_else(go: Callable[..., Any], script: Script) -> None:
    script.absent("model", "endpoint_config", "endpoint").created("model", "endpoint_config")
    script.refused("endpoint", "ResourceLimitExceeded", "The account-level service limit 'x' is 0 Instances")
    script.deleted("endpoint_config", "model")
    with pytest.raises(DeploymentFailed) as raised:
        go()
    failure = raised.value
    assert isinstance(failure.__cause__, ClientError)
    assert (failure.step, failure.left) == ("CreateEndpoint", ())
    assert failure.removed == ("endpoint config 'c'", "model 'm'")
    assert [cause.id for cause in failure.explanation.causes] == ["quota"]  # type: ignore[attr-defined]
    assert "removed again: endpoint config 'c', model 'm'" in str(failure)


def test_an_endpoint_that_fails_is_explained_by_its_log_and_removed(go: Callable[..., Any], script: Script) -> None:
    reason = "The primary container for production variant AllTraffic did not pass the ping health check."
    script.absent("model", "endpoint_config", "endpoint").created("model", "endpoint_config", "endpoint")
    script.there("endpoint", "Failed", reason).there("endpoint", "Failed", reason)
    script.log("loading", "Traceback (most recent call last):", "ModuleNotFoundError: No module named 'timm'")
    script.deleted("endpoint", "endpoint_config", "model")
    with pytest.raises(DeploymentFailed) as raised:
        go()
    failure = raised.value
    assert isinstance(failure.__cause__, JobFailed)
    assert failure.removed == ("endpoint 'e'", "endpoint config 'c'", "model 'm'")
    assert failure.explanation.reason == reason  # type: ignore[attr-defined]
    assert failure.explanation.log_tail[0] == "loading"  # type: ignore[attr-defined]
    assert "ModuleNotFoundError: No module named 'timm'" in str(failure)
    assert "remedy:" in str(failure)


def test_what_cannot_be_removed_is_told(go: Callable[..., Any], script: Script) -> None:
    script.absent("model", "endpoint_config", "endpoint").created("model")
    script.refused("endpoint_config", "ValidationException", "no")
    script.there("model")
    script.sagemaker.add_client_error("delete_model", "AccessDeniedException", "no right", 400)
    script.there("model")
    with pytest.raises(DeploymentFailed, match=r"still there, remove it yourself: model .m.: .*no right") as raised:
        go()
    assert raised.value.removed == ()
    assert "nothing had been made" not in str(raised.value)


def test_an_endpoint_that_takes_too_long_is_removed_as_soon_as_it_lets_itself(
    go: Callable[..., Any], script: Script
) -> None:
    script.absent("endpoint").created("endpoint").there("endpoint", "Creating").there("endpoint", "Creating")
    script.there("endpoint", "Creating")  # Its explanation.
    script.stub("logs").add_response("describe_log_streams", {"logStreams": []}, None)
    script.there("endpoint", "Creating")
    script.sagemaker.add_client_error("delete_endpoint", "ValidationException", "Cannot update in-progress", 400)
    script.deleted("endpoint")
    with pytest.raises(DeploymentFailed, match="reason: not in service after 0 s") as raised:
        go(model=(), config=None, timeout_seconds=0.1)
    assert isinstance(raised.value.__cause__, WaitTimedOut)
    assert raised.value.removed == ("endpoint 'e'",)


def test_a_create_whose_answer_was_lost_counts_as_done_if_the_thing_is_there(
    go: Callable[..., Any], script: Script
) -> None:
    script.absent("model", "endpoint_config", "endpoint")
    script.refused("model", "InternalFailure", "", 500).there("model")
    # botocore had sent this one before, by itself.
    script.refused("endpoint_config", "ValidationException", "Cannot create already existing", RetryAttempts=1)
    script.there("endpoint_config").created("endpoint").there("endpoint")
    assert [str(each) for each in go().made] == ["model 'm'", "endpoint config 'c'", "endpoint 'e'"]


def test_a_create_whose_answer_was_lost_fails_if_the_thing_is_not_there(go: Callable[..., Any], script: Script) -> None:
    script.absent("model", "endpoint_config", "endpoint").refused("model", "InternalFailure", "", 500)
    script.absent("model", "model")
    with pytest.raises(DeploymentFailed, match="nothing had been made, and nothing was removed") as raised:
        go()
    assert raised.value.step == "CreateModel"


@pytest.mark.parametrize(
    ("error", "sent"),
    [(ConnectTimeoutError(endpoint_url="x"), 2), (ReadTimeoutError(endpoint_url="x"), 1)],
    ids=["never sent", "perhaps done"],
)
def test_a_create_is_sent_again_only_if_it_surely_was_not_carried_out(
    clients: Clients, script: Script, fake_time: Any, monkeypatch: pytest.MonkeyPatch, error: Exception, sent: int
) -> None:
    script.absent("endpoint")
    if sent == 2:
        script.created("endpoint")
    else:
        script.there("endpoint", "Creating")
    script.there("endpoint")
    send, sending = clients.sagemaker.create_endpoint, [error]

    def create_endpoint(**request: Any) -> Any:
        calls.append(request)
        if sending:
            raise sending.pop()
        return send(**request)

    calls: list[Any] = []
    monkeypatch.setattr(clients.sagemaker, "create_endpoint", create_endpoint)
    deploy(clients, endpoint=ENDPOINT, sleep=fake_time.sleep, clock=fake_time.clock)
    assert calls == [ENDPOINT] * sent


def test_a_failure_that_cannot_be_looked_into_is_told_all_the_same(go: Callable[..., Any], script: Script) -> None:
    script.absent("endpoint").created("endpoint").there("endpoint", "Failed", "no capacity")
    script.sagemaker.add_client_error("describe_endpoint", "AccessDeniedException", "no right", 400)
    script.deleted("endpoint")
    with pytest.raises(DeploymentFailed, match="endpoint 'e' ended Failed: no capacity"):
        go(model=(), config=None)
