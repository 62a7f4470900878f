from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest
from botocore.stub import Stubber

from sm_raw.aws.clients import Clients
from sm_raw.aws.hosting.traffic import TrafficStep, shift_traffic
from sm_raw.errors import ChangeFailed

Stub = Callable[[str], Stubber]
NOW = datetime(2026, 1, 1, 12, 0, 30, tzinfo=timezone.utc)
ARN = "arn:aws:sagemaker:us-east-1:123456789012:endpoint/e"


class Script:
    """An endpoint "e" with the variants blue and green, and the calls that are expected."""

    def __init__(self, stub: Stub) -> None:
        self.stub, self.sagemaker = stub, stub("sagemaker")

    def weights(self, blue: float, green: float, status: str = "InService", reason: str = "") -> Script:
        variants = [
            {"VariantName": name, "CurrentWeight": weight} for name, weight in (("blue", blue), ("green", green))
        ]
        response = {
            **{"EndpointName": "e", "EndpointArn": ARN, "EndpointConfigName": "c", "EndpointStatus": status},
            **{"CreationTime": NOW, "LastModifiedTime": NOW, "ProductionVariants": variants},
            **({"FailureReason": reason} if reason else {}),
        }
        self.sagemaker.add_response("describe_endpoint", response, {"EndpointName": "e"})
        return self

    def asked(self, blue: float, green: float) -> Script:
        variants = [
            {"VariantName": name, "DesiredWeight": weight} for name, weight in (("blue", blue), ("green", green))
        ]
        request = {"EndpointName": "e", "DesiredWeightsAndCapacities": variants}
        self.sagemaker.add_response("update_endpoint_weights_and_capacities", {"EndpointArn": ARN}, request)
        return self

    def step(self, blue: float, green: float) -> Script:
        """A step that works."""
        return self.asked(blue, green).weights(blue, green, "Updating").weights(blue, green)

    def errors(self, *counts: float, minutes: int = 1) -> Script:
        """What CloudWatch tells of green after so many minutes; the minute of the step counts."""
        request = {
            **{"Namespace": "AWS/SageMaker", "MetricName": "Invocation5XXErrors", "Period": 60, "Statistics": ["Sum"]},
            "Dimensions": [{"Name": "EndpointName", "Value": "e"}, {"Name": "VariantName", "Value": "green"}],
            "StartTime": NOW.replace(second=0),
            "EndTime": NOW + timedelta(minutes=minutes + 1),
        }
        points = [{"Timestamp": NOW, "Sum": count} for count in counts]
        self.stub("cloudwatch").add_response("get_metric_statistics", {"Datapoints": points}, request)
        return self


@pytest.fixture
def script(stub: Stub) -> Script:
    return Script(stub)


@pytest.fixture
def shift(clients: Clients, fake_time: Any) -> Callable[..., Any]:
    def run(weights: dict[str, float], **changes: Any) -> Any:
        return shift_traffic(clients, "e", weights, sleep=fake_time.sleep, clock=fake_time.clock, **changes)

    return run


def test_weights_are_set_waited_for_and_read_back(shift: Callable[..., Any], script: Script) -> None:
    script.weights(1, 0).step(0, 1)
    done = shift({"blue": 0, "green": 1})
    assert (done.before, done.after) == ({"blue": 1.0, "green": 0.0}, {"blue": 0, "green": 1})


def test_a_variant_that_is_not_named_keeps_its_weight(shift: Callable[..., Any], script: Script) -> None:
    script.weights(1, 0.5).step(1.0, 3)
    assert shift({"green": 3}).after == {"blue": 1.0, "green": 3}


def test_each_step_bakes_and_its_health_is_asked_again_and_again(
    shift: Callable[..., Any], script: Script, fake_time: Any
) -> None:
    script.weights(1, 0).step(0.9, 0.1).step(0, 1)
    seen: list[tuple[TrafficStep, float]] = []

    def healthy(step: TrafficStep) -> bool:
        seen.append((step, fake_time.now))
        return True

    done = shift({"blue": 0, "green": 1}, steps=(0.1, 1), bake_seconds=70, healthy=healthy)
    assert [step.weights["green"] for step in done.steps] == [0.1, 1]
    assert [step for step, _ in seen] == [done.steps[0]] * 3 + [done.steps[1]] * 3
    assert done.steps[0].growing == ("green",)
    first, second, third = (at for _, at in seen[:3])
    assert (round(second - first), round(third - second)) == (30, 10)


@pytest.mark.parametrize(
    ("verdict", "told"),
    [("latency is 3 s", "latency is 3 s"), (False, "the check of its health says no")],
)
def test_a_step_that_is_not_healthy_goes_back_to_the_old_weights(
    shift: Callable[..., Any], script: Script, verdict: bool | str, told: str
) -> None:
    script.weights(1, 0).step(0.5, 0.5).weights(0.5, 0.5).step(1, 0)
    with pytest.raises(ChangeFailed, match=f"step 1 of 2: {told}") as raised:
        shift({"blue": 0, "green": 1}, steps=(0.5, 1), healthy=lambda step: verdict)
    assert raised.value.state == ("it has the old weights again: blue 1, green 0",)


def test_unless_told_otherwise_health_means_no_server_errors_since_the_step(
    shift: Callable[..., Any], script: Script
) -> None:
    script.weights(1, 0).step(0, 1).errors().errors(2, 1).weights(0, 1).step(1, 0)
    times = [NOW, NOW + timedelta(minutes=1), NOW + timedelta(minutes=1)]
    with pytest.raises(ChangeFailed, match="variant 'green' has answered 3 times with 5xx since 12:00:30 UTC"):
        shift({"blue": 0, "green": 1}, bake_seconds=60, now=lambda: times.pop(0))


def test_a_check_that_breaks_is_no_consent(shift: Callable[..., Any], script: Script) -> None:
    script.weights(1, 0).step(0, 1).weights(0, 1).step(1, 0)

    def broken(step: TrafficStep) -> bool:
        raise ZeroDivisionError

    with pytest.raises(ChangeFailed, match="step 1 of 1: ZeroDivisionError") as raised:
        shift({"blue": 0, "green": 1}, healthy=broken)
    assert isinstance(raised.value.__cause__, ZeroDivisionError)


def test_the_step_that_failed_is_named(shift: Callable[..., Any], script: Script) -> None:
    script.weights(1, 0).step(0.5, 0.5)
    script.sagemaker.add_client_error("update_endpoint_weights_and_capacities", "ValidationException", "no", 400)
    script.weights(0.5, 0.5).step(1, 0)
    with pytest.raises(ChangeFailed, match="step 2 of 2: "):
        shift({"blue": 0, "green": 1}, steps=(0.5, 1))


def test_a_change_that_the_service_takes_back_is_a_failure(shift: Callable[..., Any], script: Script) -> None:
    script.weights(1, 0).asked(0, 1).weights(1, 0, reason="no capacity").weights(1, 0).step(1, 0)
    with pytest.raises(ChangeFailed, match="no capacity"):
        shift({"blue": 0, "green": 1})


def test_old_weights_that_cannot_be_put_back_are_told(shift: Callable[..., Any], script: Script) -> None:
    script.weights(1, 0).asked(0, 1).weights(1, 0, "Failed", "broken").weights(1, 0, "Failed", "broken")
    with pytest.raises(ChangeFailed) as raised:
        shift({"blue": 0, "green": 1})
    (state,) = raised.value.state
    assert state.startswith("the old weights (blue 1, green 0) could not be put back: endpoint 'e' ended Failed")


def test_an_answer_that_was_lost_is_made_good_by_reading_the_weights(shift: Callable[..., Any], script: Script) -> None:
    script.weights(1, 0)
    script.sagemaker.add_client_error("update_endpoint_weights_and_capacities", "InternalFailure", "", 500)
    script.weights(0, 1)
    assert shift({"blue": 0, "green": 1}).after == {"blue": 0, "green": 1}


@pytest.mark.parametrize(
    ("weights", "steps", "told"),
    [
        ({"red": 1}, (1,), "it has no variant 'red'; its variants: blue, green"),
        ({"blue": 0, "green": 0}, (1,), "no variant would get any traffic"),
        ({"green": 1}, (0.5,), r"steps \(0.5,\) do not rise to 1"),
        ({"green": 1}, (0.5, 0.2, 1), "do not rise to 1"),
        ({"green": 1}, (), "do not rise to 1"),
    ],
)
def test_what_cannot_be_meant_is_refused_before_anything_changes(
    shift: Callable[..., Any], script: Script, weights: dict[str, float], steps: Sequence[float], told: str
) -> None:
    script.weights(1, 0)
    with pytest.raises(ChangeFailed, match=told) as raised:
        shift(weights, steps=steps)
    assert raised.value.state == ("nothing was changed",)


def test_a_refused_step_leaves_the_weights_as_they_are(shift: Callable[..., Any], script: Script) -> None:
    script.weights(1, 0)
    script.sagemaker.add_client_error("update_endpoint_weights_and_capacities", "ValidationException", "no", 400)
    script.weights(1, 0).step(1, 0)
    with pytest.raises(ChangeFailed, match="step 1 of 1: An error occurred") as raised:
        shift({"blue": 0, "green": 1})
    assert raised.value.state == ("it has the old weights again: blue 1, green 0",)
