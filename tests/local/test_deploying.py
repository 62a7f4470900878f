"""Endpoints deployed, changed, shifted and put behind functions, by the verbs that would do it on AWS."""

from __future__ import annotations

import base64
import io
import json
import subprocess
import sys
import zipfile
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest

from sm_raw import specs
from sm_raw.aws.hosting.changing import change_endpoint
from sm_raw.aws.hosting.deploying import deploy
from sm_raw.aws.hosting.function_calls import invoke_function
from sm_raw.aws.hosting.function_in_front import function_in_front
from sm_raw.aws.hosting.lifetimes import expired_endpoints, forget_lifetime, lifetime_of, set_lifetime
from sm_raw.aws.hosting.scaling import describe_scaling
from sm_raw.aws.hosting.scaling_snapshots import differences, read_snapshot, restore_scaling, take_snapshot
from sm_raw.aws.hosting.traffic import no_server_errors, shift_traffic
from sm_raw.aws.remove import left_behind, remove
from sm_raw.aws.resources import Resource
from sm_raw.aws.submit import submit
from sm_raw.errors import ChangeFailed, DeploymentFailed, FunctionFailed

pytestmark = pytest.mark.local
ROOT = Path(__file__).resolve().parents[2]
IMAGE = "763104351884.dkr.ecr.us-east-1.amazonaws.com/pytorch-inference:2.3-cpu-py311"
ROLE = "arn:aws:iam::123456789012:role/Server"
BROKEN = "def model_fn(folder): raise RuntimeError('wrong weights')"


# Loads once the gate is open.
GATED = """
import fcntl
def model_fn(folder):
    with open({gate!r}) as gate:
        fcntl.flock(gate, fcntl.LOCK_SH)
"""
CHANGE = """
import sys
from sm_raw import specs
from sm_raw.aws.clients import local_clients
from sm_raw.aws.hosting.changing import change_endpoint
url, name, config, keep = sys.argv[1:]
change_endpoint(local_clients(url), update=specs.update_endpoint(name, config_name=config), keep=keep)
"""


@pytest.fixture
def requests(host: Any) -> Callable[..., dict[str, Any]]:
    """The three requests of a new deployment, for a model whose handler is given."""

    def make(inference: str | None = None) -> dict[str, Any]:
        name = host.lab.name("whole")
        described = host.sm.describe_model(ModelName=host.model(**({"inference": inference} if inference else {})))
        container = described["PrimaryContainer"]
        return {
            "model": specs.model(
                name,
                image_uri=IMAGE,
                role_arn=ROLE,
                model_data_uri=container["ModelDataUrl"],
                environment=container["Environment"],
            ),
            "config": specs.endpoint_config(name, variants=[host.variant(name)]),
            "endpoint": specs.endpoint(name),
        }

    return make


def all_of(name: str) -> list[Resource]:
    return [Resource(kind, name) for kind in ("endpoint", "endpoint config", "model")]


def test_an_endpoint_is_deployed_and_answers(host: Any, requests: Callable[..., Any]) -> None:
    done = deploy(host.lab.clients, **requests(), sleep=host.lab.rest)
    assert host.answer(host.invoke(done.endpoint))["model"] == "weights"
    assert left_behind(host.lab.clients, done.made) == [str(each) for each in all_of(done.endpoint)]
    with pytest.raises(DeploymentFailed, match=r"endpoint '.*' exists already"):
        deploy(host.lab.clients, endpoint=specs.endpoint(done.endpoint), sleep=host.lab.rest)
    assert remove(host.lab.clients, done.made, sleep=host.lab.rest) == []


@pytest.mark.parametrize("kind", ["serverless", "asynchronous"])
def test_other_kinds_of_endpoint_are_deployed_the_same_way(host: Any, requests: Callable[..., Any], kind: str) -> None:
    given = requests()
    name = given["endpoint"]["EndpointName"]
    if kind == "serverless":
        variant = specs.serverless_variant(name, memory_mb=2048, max_concurrency=2)
        given["config"] = specs.endpoint_config(name, variants=[variant])
    else:
        answers = specs.async_inference(f"s3://{host.lab.bucket}/answers")
        given["config"] = specs.endpoint_config(name, variants=[host.variant(name)], async_inference=answers)
    done = deploy(host.lab.clients, **given, sleep=host.lab.rest)
    assert done.response["EndpointStatus"] == "InService"
    assert ("AsyncInferenceConfig" in done.response) is (kind == "asynchronous")
    assert remove(host.lab.clients, done.made, sleep=host.lab.rest) == []
    assert left_behind(host.lab.clients, done.made) == []


def test_an_endpoint_whose_model_cannot_load_leaves_nothing_but_the_reason(
    host: Any, requests: Callable[..., Any]
) -> None:
    given = requests(BROKEN)
    with pytest.raises(DeploymentFailed) as raised:
        deploy(host.lab.clients, **given, sleep=host.lab.rest)
    failure = raised.value
    name = given["endpoint"]["EndpointName"]
    assert failure.removed == tuple(str(each) for each in all_of(name))
    assert left_behind(host.lab.clients, all_of(name)) == []
    assert "RuntimeError: wrong weights" in str(failure)
    assert "ping health check" in str(failure)


def test_a_health_check_that_fails_takes_all_of_it_back(
    host: Any, requests: Callable[..., Any], faults: Callable[..., None]
) -> None:
    given = requests()
    name = given["endpoint"]["EndpointName"]
    faults({"name": name, "error": "ping"})
    told: list[Resource] = []
    with pytest.raises(DeploymentFailed, match=r"did not pass\s+the ping health check"):
        deploy(host.lab.clients, **given, on_made=told.append, sleep=host.lab.rest)
    assert {str(each) for each in told} == {str(each) for each in all_of(name)}
    assert left_behind(host.lab.clients, told) == []


class Scaled:
    """An endpoint of two instances, of one that it began with, and every kind of scaling."""

    def __init__(self, host: Any) -> None:
        self.host, self.clients = host, host.lab.clients
        self.name = host.endpoint()["EndpointName"]
        self.resource_id = specs.variant_resource_id(self.name)
        host.sm.update_endpoint_weights_and_capacities(
            EndpointName=self.name,
            DesiredWeightsAndCapacities=[{"VariantName": "AllTraffic", "DesiredInstanceCount": 2}],
        )
        host.lab.ended("CreateEndpoint", self.name)
        suspended = specs.suspended_state(scale_in=True)
        scaling: Any = self.clients.autoscaling
        submit(
            scaling,
            "RegisterScalableTarget",
            specs.scalable_target(self.resource_id, min_capacity=1, max_capacity=4, suspended=suspended),
        )
        track = specs.scaling_policy("tracking", resource_id=self.resource_id, target_value=1000.0)
        submit(scaling, "PutScalingPolicy", track)
        steps = specs.step_scaling_policy("steps", resource_id=self.resource_id, steps=[specs.step(1, lower_bound=0)])
        self.step_policy_arn = submit(scaling, "PutScalingPolicy", steps)["PolicyARN"]
        self.alarm = f"{self.name}-latency"
        alarm = specs.scaling_alarm(
            self.alarm,
            policy_arn=self.step_policy_arn,
            metric_name="ModelLatency",
            dimensions={"EndpointName": self.name, "VariantName": "AllTraffic"},
            threshold=5_000_000,
        )
        submit(self.clients.client("cloudwatch"), "PutMetricAlarm", alarm)
        mornings = specs.scheduled_action(
            "mornings", resource_id=self.resource_id, schedule="cron(0 8 ? * MON-FRI *)", min_capacity=2
        )
        submit(scaling, "PutScheduledAction", mornings)

    def config(self, instance_type: str = "ml.m5.large", inference: str | None = None) -> str:
        model = self.host.model(text="newer weights", **({"inference": inference} if inference else {}))
        config: str = self.host.config(specs.production_variant(model, instance_type=instance_type))
        return config

    def change(self, config: str, **changes: Any) -> Any:
        update = specs.update_endpoint(self.name, config_name=config)
        return change_endpoint(self.clients, update=update, sleep=self.host.lab.rest, **changes)

    def status(self) -> str:
        status: str = self.host.sm.describe_endpoint(EndpointName=self.name)["EndpointStatus"]
        return status

    def says(self) -> str:
        said: str = self.host.answer(self.host.invoke(self.name))["model"]
        return said

    def counts(self) -> tuple[int, int]:
        (variant,) = self.host.sm.describe_endpoint(EndpointName=self.name)["ProductionVariants"]
        return variant["CurrentInstanceCount"], variant["DesiredInstanceCount"]


@pytest.fixture(scope="module")
def scaled(host: Any) -> Iterator[Scaled]:
    endpoint = Scaled(host)
    yield endpoint
    endpoint.clients.cloudwatch.delete_alarms(AlarmNames=[endpoint.alarm])
    host.delete(endpoint.name)


def test_scaling_is_read_back_with_alarms_actions_and_activities(scaled: Scaled) -> None:
    found = describe_scaling(scaled.clients, scaled.resource_id)
    assert found["target"]["MaxCapacity"] == 4
    assert [policy["PolicyName"] for policy in found["policies"]] == ["steps", "tracking"]
    assert {alarm["StateValue"] for alarm in found["alarms"]["tracking"]} <= {"OK", "INSUFFICIENT_DATA"}
    assert len(found["alarms"]["tracking"]) == 2
    assert [action["ScheduledActionName"] for action in found["scheduled_actions"]] == ["mornings"]
    assert found["activities"] == []


def test_a_newer_model_comes_while_scaling_and_capacity_stay(scaled: Scaled) -> None:
    change = scaled.change(scaled.config())
    assert (change.reregistered, change.dropped) == ((), ())
    assert scaled.counts() == (2, 2)
    assert scaled.says() == "newer weights"


def test_another_instance_type_costs_neither_scaling_nor_capacity(scaled: Scaled, tmp_path: Path) -> None:
    before = take_snapshot(scaled.clients, scaled.name)
    change = scaled.change(scaled.config("ml.c5.large"), keep=tmp_path / "scaling.json")
    assert len(change.reregistered) == 1
    assert scaled.counts() == (2, 2)
    assert differences(before, take_snapshot(scaled.clients, scaled.name)) == []
    assert read_snapshot(tmp_path / "scaling.json") == before
    # What was killed in the middle would be made good by this; here there is nothing left to do.
    assert restore_scaling(scaled.clients, before) == []
    assert differences(before, take_snapshot(scaled.clients, scaled.name)) == []


def test_the_alarm_of_a_step_policy_takes_the_steps_of_the_new_one(scaled: Scaled) -> None:
    before = describe_scaling(scaled.clients, scaled.resource_id)["policy"]["PolicyARN"]
    scaled.change(scaled.config("ml.m5.xlarge"))
    found = describe_scaling(scaled.clients, scaled.resource_id)
    (alarm,) = scaled.clients.cloudwatch.describe_alarms(AlarmNames=[scaled.alarm])["MetricAlarms"]
    assert alarm["AlarmActions"] == [found["policy"]["PolicyARN"]] != [before]


def test_a_change_that_fails_leaves_the_old_endpoint_and_its_scaling(scaled: Scaled) -> None:
    before, said = take_snapshot(scaled.clients, scaled.name), scaled.says()
    with pytest.raises(ChangeFailed) as raised:
        scaled.change(scaled.config("ml.c5.xlarge", BROKEN))
    failure = raised.value
    assert failure.state == (
        f"it is InService with configuration {before.config!r}",
        "its scaling is as it was",
    )
    assert "RuntimeError: wrong weights" in str(failure)
    assert differences(before, take_snapshot(scaled.clients, scaled.name)) == []
    assert scaled.says() == said


def test_a_change_that_is_killed_in_the_middle_is_made_good_from_its_snapshot(
    scaled: Scaled, gate: Any, tmp_path: Path
) -> None:
    """SIGKILL after the scaling has been deregistered, while the new model is still loading."""
    before = take_snapshot(scaled.clients, scaled.name)
    keep = tmp_path / "scaling.json"
    config = scaled.config("ml.c5.2xlarge", GATED.format(gate=str(gate.path)))
    arguments = [scaled.host.lab.url, scaled.name, config, str(keep)]
    process = subprocess.Popen([sys.executable, "-c", CHANGE, *arguments], cwd=ROOT)
    try:
        scaled.host.lab.until(lambda: scaled.status() == "Updating")
    finally:
        process.kill()
        process.wait()
    assert differences(before, take_snapshot(scaled.clients, scaled.name)) == [f"{before.targets[0]} is not registered"]
    gate.open()
    scaled.host.lab.until(lambda: scaled.status() == "InService")
    assert restore_scaling(scaled.clients, read_snapshot(keep)) == []
    assert differences(before, take_snapshot(scaled.clients, scaled.name)) == []
    assert scaled.counts() == (2, 2)


def test_traffic_moves_in_steps_and_goes_back_from_a_variant_that_fails(host: Any) -> None:
    variants = [host.variant(host.model(text=name), name=name, weight=weight) for name, weight in (("a", 1), ("b", 0))]
    name = host.endpoint(*variants)["EndpointName"]
    clients = host.lab.clients

    def answers() -> set[str]:
        return {host.invoke(name)["InvokedProductionVariant"] for _ in range(8)}

    seen = []

    def healthy(step: Any) -> bool | str:
        seen.append(answers())
        return True

    done = shift_traffic(clients, name, {"a": 0, "b": 1}, steps=(0.5, 1), healthy=healthy, sleep=host.lab.rest)
    assert seen == [{"a", "b"}, {"b"}]
    assert (done.before, done.after) == ({"a": 1.0, "b": 0.0}, {"a": 0, "b": 1})
    no_errors = no_server_errors(clients)

    def after_an_error(step: Any) -> bool | str:
        assert no_errors(step) is True
        with pytest.raises(clients.runtime.exceptions.ModelError):
            host.invoke(name, b"fail", TargetVariant="a")
        return no_errors(step)

    with pytest.raises(ChangeFailed, match="variant 'a' has answered 1 times with 5xx since") as raised:
        shift_traffic(clients, name, {"a": 1, "b": 0}, healthy=after_an_error, sleep=host.lab.rest)
    assert raised.value.state == ("it has the old weights again: a 0, b 1",)
    assert answers() == {"b"}
    host.delete(name)


def test_a_function_in_front_of_an_endpoint_is_made_asked_and_removed(host: Any) -> None:
    name, clients = host.lab.name("front"), host.lab.clients
    endpoint = host.endpoint()["EndpointName"]
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as file:
        file.write(ROOT / "container_code" / "lambda_handler.py", "lambda_handler.py")
    host.lab.put("functions/front.zip", archive.getvalue())
    front = function_in_front(
        clients,
        name=name,
        endpoint=endpoint,
        bucket=host.lab.bucket,
        key="functions/front.zip",
        warm_executions=1,
        sleep=host.lab.rest,
    )
    event = {"content_type": "text/plain", "body": base64.b64encode(b"hello").decode()}
    answer = invoke_function(clients.awslambda, name, event, qualifier=front.alias)
    assert (answer.version, answer.payload["statusCode"]) == (front.version, 200)
    assert json.loads(answer.payload["body"])["model"] == "weights"
    assert any(line.startswith("REPORT") for line in answer.log_tail)
    with pytest.raises(FunctionFailed) as raised:
        invoke_function(clients.awslambda, name, {"bucket": "no bucket!", "key": "k"}, qualifier=front.alias)
    assert raised.value.error_type == "ParamValidationError"
    assert any("lambda_handler.py" in line for line in raised.value.stack_trace)
    assert remove(clients, front.made, sleep=host.lab.rest) == []
    assert left_behind(clients, front.made) == []
    host.delete(endpoint)


def test_an_endpoint_has_a_lifetime(host: Any) -> None:
    name, clients, now = host.endpoint()["EndpointName"], host.lab.clients, datetime.now(timezone.utc)
    until = (now + timedelta(hours=1)).replace(microsecond=0)
    lifetime = set_lifetime(clients, name, until=until, scheduler_role_arn=ROLE)
    assert lifetime.schedule
    assert lifetime_of(clients, name) == until
    assert [each.endpoint for each in expired_endpoints(clients, now=until) if each.endpoint == name] == [name]
    assert forget_lifetime(clients, name) is True
    assert lifetime_of(clients, name) is None
    host.delete(name)
