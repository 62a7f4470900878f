from __future__ import annotations

import itertools
from typing import Any

import pytest

from sm_raw.local.scaling.metering import Invocation, Meter, Place
from sm_raw.local.scaling.statistics import Statistics

HERE, THERE = Place("eu-west-1", "dogs", "blue"), Place("us-east-1", "cats")


class CloudWatch:
    """Takes what is put, by region."""

    def __init__(self) -> None:
        self.put: list[tuple[str, dict[str, Any]]] = []

    def client(self, region: str) -> Any:
        class Client:
            put_metric_data = staticmethod(lambda **request: self.put.append((region, request)))

        return Client


@pytest.fixture
def cloudwatch() -> CloudWatch:
    return CloudWatch()


@pytest.fixture
def meter(cloudwatch: CloudWatch) -> Meter:
    times = itertools.count(1000)
    return Meter(cloudwatch.client, clock=lambda: float(next(times)))


def test_samples_are_put_together_until_they_are_published(meter: Meter, cloudwatch: CloudWatch) -> None:
    for latency in (30.0, 10.0, 20.0):
        meter.count(HERE, {"ModelLatency": latency})
    meter.count(THERE, {"Invocations": 1.0})
    assert cloudwatch.put == []
    meter.publish()
    meter.publish()
    dimensions = [{"Name": "EndpointName", "Value": "dogs"}, {"Name": "VariantName", "Value": "blue"}]
    latency_of = {
        "MetricName": "ModelLatency",
        "Dimensions": dimensions,
        "Timestamp": 1001.0,  # when the first of them came
        "StatisticValues": {"SampleCount": 3, "Sum": 60.0, "Minimum": 10.0, "Maximum": 30.0},
        "Unit": "Microseconds",
    }
    count = {
        "MetricName": "Invocations",
        "Dimensions": [{"Name": "EndpointName", "Value": "cats"}],
        "Timestamp": 1001.0,
        "StatisticValues": {"SampleCount": 1, "Sum": 1.0, "Minimum": 1.0, "Maximum": 1.0},
        "Unit": "None",
    }
    assert cloudwatch.put == [
        ("eu-west-1", {"Namespace": "AWS/SageMaker", "MetricData": [latency_of]}),
        ("us-east-1", {"Namespace": "AWS/SageMaker", "MetricData": [count]}),
    ]


def test_a_minute_has_all_that_was_published_in_it_and_zeros_where_nobody_invoked(
    meter: Meter, cloudwatch: CloudWatch
) -> None:
    meter.count(HERE, {"Invocations": 1.0})
    meter.publish()
    meter.count(HERE, {"Invocations": 1.0})
    minute = meter.close_minute([HERE, THERE])
    assert minute == {
        (HERE, "Invocations"): Statistics(2, 2.0, 1.0, 1.0),
        (HERE, "InvocationsPerInstance"): Statistics.of(0),
        (THERE, "Invocations"): Statistics.of(0),
        (THERE, "InvocationsPerInstance"): Statistics.of(0),
    }
    assert sum(len(request["MetricData"]) for _, request in cloudwatch.put) == 5
    assert meter.close_minute() == {}


def test_a_request_carries_no_more_data_than_the_service_takes(meter: Meter, cloudwatch: CloudWatch) -> None:
    for number in range(1001):
        meter.count(Place("eu-west-1", f"e-{number}"), {"Invocations": 1.0})
    meter.publish()
    assert [len(request["MetricData"]) for _, request in cloudwatch.put] == [1000, 1]


class Answer:
    def __init__(self, status: int) -> None:
        self.status = status


@pytest.mark.parametrize(("status", "errors"), [(200, (0, 0)), (415, (1, 0)), (500, (0, 1))])
def test_an_invocation_tells_its_time_in_the_model_and_around_it(status: int, errors: tuple[int, int]) -> None:
    invocation = Invocation(clock=iter([10.0, 11.0, 14.0, 16.0]).__next__)
    answer = Answer(status)
    assert invocation.at_model(lambda: answer) is answer
    assert invocation.samples(instances=4) == {
        "Invocations": 1,
        "InvocationsPerInstance": 0.25,
        "Invocation4XXErrors": errors[0],
        "Invocation5XXErrors": errors[1],
        "ModelLatency": 3_000_000,
        "OverheadLatency": 3_000_000,
    }


def test_an_invocation_that_no_answer_came_to_is_an_error_of_the_server(meter: Meter) -> None:
    def time_out() -> Any:
        raise TimeoutError

    with pytest.raises(TimeoutError), meter.invocation(HERE, lambda: 0) as invocation:
        invocation.at_model(time_out)
    minute = meter.close_minute()
    assert minute[HERE, "Invocation5XXErrors"] == minute[HERE, "InvocationsPerInstance"] == Statistics.of(1)
    assert minute[HERE, "ModelLatency"].samples == 1
