"""Asynchronous endpoints: requests that wait in a queue, answers and failures in S3, asked by this package's client."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest

from sm_raw.aws.invoking.async_invoke import AsyncInvocation, start_invocation, wait_for_answer
from sm_raw.aws.invoking.predictions import Answer
from sm_raw.errors import ModelFailed

pytestmark = pytest.mark.local
# Answers once its gate is open.
WAITING = """
import fcntl, os
def model_fn(folder):
    return "model"
def input_fn(body, content_type):
    return body
def predict_fn(data, model):
    with open(os.environ["GATE"]) as gate:
        fcntl.flock(gate, fcntl.LOCK_SH)
    return data
def output_fn(prediction, accept):
    return prediction
"""

# Notes down what it answers.
KEEPING = """
import os
def model_fn(folder):
    return os.environ["JOURNAL"]
def input_fn(body, content_type):
    return bytes(body).decode()
def predict_fn(data, journal):
    with open(journal, "a") as file:
        print(data, file=file)
    return data
def output_fn(prediction, accept):
    return prediction
"""


class Asynchronous:
    """An endpoint that answers into S3, and this package's client of it."""

    def __init__(self, host: Any, model: str, *, failures: bool = True, **output: Any) -> None:
        self.host, self.lab = host, host.lab
        self.folder = f"s3://{host.lab.bucket}/{host.lab.name('async')}"
        places = {"S3OutputPath": f"{self.folder}/out", **({"S3FailurePath": f"{self.folder}/bad"} if failures else {})}
        self.config = host.config(host.variant(model), async_inference={"OutputConfig": {**places, **output}})
        self.name = host.create(self.config)
        self.created = host.lab.ended("CreateEndpoint", self.name)

    def start(self, data: Any, **changes: Any) -> AsyncInvocation:
        clients = self.lab.clients
        return start_invocation(
            clients.runtime, clients.s3, self.name, data, **{"content_type": "text/plain", **changes}
        )

    def answer(self, invocation: AsyncInvocation) -> Answer:
        return wait_for_answer(
            self.lab.s3, invocation, timeout_seconds=30, sleep=lambda _: threading.Event().wait(0.03) and None
        )

    def raw(self, **request: Any) -> Any:
        return self.lab.clients.runtime.invoke_endpoint_async(EndpointName=self.name, **request)


@pytest.fixture(scope="module")
def served(host: Any) -> Iterator[Asynchronous]:
    endpoint = Asynchronous(host, host.model())
    yield endpoint
    host.delete(endpoint.name)


def test_data_goes_into_s3_and_the_answer_comes_back_from_there(served: Asynchronous) -> None:
    invocation = served.start(b"hello", input_uri=f"{served.folder}/in", inference_id="my-id", custom_attributes="a=1")
    assert invocation.inference_id == "my-id"
    assert invocation.output_uri.startswith(f"{served.folder}/out/")
    assert invocation.output_uri.endswith(".out")
    assert (invocation.failure_uri or "").startswith(f"{served.folder}/bad/")
    answer = served.answer(invocation)
    assert json.loads(answer.body)["given"] == ["text/plain", "hello"]
    assert answer.content_type == "application/json"


def test_small_data_is_sent_with_the_request(served: Asynchronous) -> None:
    invocation = served.start(b"inline")
    assert (invocation.input_uri, len(invocation.inference_id)) == (None, 36)
    assert json.loads(served.answer(invocation).body)["given"] == ["text/plain", "inline"]


def test_the_request_names_the_place_of_the_answer(served: Asynchronous) -> None:
    invocation = served.start(b"hello", extra={"S3OutputPathExtension": "today/", "Filename": "cat.json"})
    assert invocation.output_uri == f"{served.folder}/out/today/cat.json"
    assert served.answer(invocation).body


def test_what_the_model_raises_is_in_the_failure_object(served: Asynchronous) -> None:
    with pytest.raises(ModelFailed) as raised:
        served.answer(served.start(b"fail"))
    assert raised.value.status == 500
    assert raised.value.reason.startswith('Received server error (500) from primary with message "cannot predict that')


def test_an_input_that_is_not_there_is_a_failure(served: Asynchronous) -> None:
    uri = f"{served.folder}/nowhere"
    with pytest.raises(ModelFailed) as raised:
        served.answer(served.start(uri))
    assert raised.value.reason.startswith(f"ClientError: could not read {uri}: ")


def test_requests_are_answered_in_turn_and_none_is_lost(host: Any, tmp_path: Path) -> None:
    journal = tmp_path / "journal"
    endpoint = Asynchronous(host, host.model(KEEPING, environment={"JOURNAL": str(journal)}))
    invocations = [endpoint.start(str(number).encode()) for number in range(12)]
    assert [endpoint.answer(invocation).body for invocation in invocations] == [b"%d" % number for number in range(12)]
    assert journal.read_text().split() == [str(number) for number in range(12)]
    host.delete(endpoint.name)


def test_the_configuration_is_described(served: Asynchronous) -> None:
    assert served.created["EndpointStatus"] == "InService"
    assert served.created["AsyncInferenceConfig"]["OutputConfig"]["S3OutputPath"] == f"{served.folder}/out"


def test_an_asynchronous_endpoint_answers_no_invoke_endpoint_and_no_other_the_asynchronous_one(
    host: Any, served: Asynchronous
) -> None:
    code, message = host.refusal(lambda: host.invoke(served.name))
    assert (code, message) == (
        "ValidationError",
        f"Endpoint {served.name} of account 123456789012 is asynchronous: it answers InvokeEndpointAsync.",
    )
    other = host.endpoint()["EndpointName"]
    runtime = host.lab.clients.runtime
    request = {"EndpointName": other, "InputLocation": f"{served.folder}/in/x"}
    assert host.refusal(lambda: runtime.invoke_endpoint_async(**request)) == (
        "ValidationError",
        f"Endpoint {other} of account 123456789012 is not asynchronous.",
    )
    host.delete(other)


def test_what_cannot_be_queued_is_refused(host: Any, served: Asynchronous) -> None:
    def message(**request: Any) -> str:
        code, text = host.refusal(lambda: served.raw(**request))
        assert code == "ValidationError"
        return str(text)

    uri = f"{served.folder}/in/x"
    neither_nor = "Exactly one of Body and InputLocation must be given."
    assert message() == neither_nor
    assert message(InputLocation=uri, Body=b"x") == neither_nor
    assert message(InputLocation="https://example.com/x").endswith("give s3://BUCKET/KEY.")
    assert message(InputLocation=uri, RequestTTLSeconds=21_601) == "RequestTTLSeconds is 21601, not 60 to 21600."
    assert message(Body=b"x" * 128_001) == "Request body of 128001 bytes is larger than 128000."
    model = served.host.model()
    without = {"OutputConfig": {}}
    assert host.refusal(lambda: host.config(host.variant(model), async_inference=without))[0] == "ValidationException"


def test_topics_are_told_of_answers_and_failures(host: Any) -> None:
    settings = {"endpoint_url": host.lab.url, "region_name": "us-east-1"}
    session = boto3.Session(aws_access_key_id="local", aws_secret_access_key="local")
    sns, sqs = (session.client(service, **settings) for service in ("sns", "sqs"))
    topic = sns.create_topic(Name=host.lab.name("topic"))["TopicArn"]
    queue = sqs.create_queue(QueueName=host.lab.name("queue"))["QueueUrl"]
    queue_arn = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=queue_arn, Attributes={"RawMessageDelivery": "true"})
    told = {"SuccessTopic": topic, "ErrorTopic": topic}
    endpoint = Asynchronous(host, host.model(), failures=False, NotificationConfig=told)

    def next_message() -> dict[str, Any]:
        found: list[Any] = []
        host.lab.until(lambda: found or found.extend(sqs.receive_message(QueueUrl=queue).get("Messages", [])))
        sqs.delete_message(QueueUrl=queue, ReceiptHandle=found[0]["ReceiptHandle"])
        message: dict[str, Any] = json.loads(found[0]["Body"])
        return message

    invocation = endpoint.start(b"hello", input_uri=f"{endpoint.folder}/in", inference_id="first")
    assert invocation.failure_uri is None
    message = next_message()
    assert (message["invocationStatus"], message["inferenceId"]) == ("Completed", "first")
    assert message["responseParameters"] == {
        "contentType": "application/json",
        "outputLocation": invocation.output_uri,
    }
    assert message["requestParameters"]["inputLocation"] == invocation.input_uri
    endpoint.start(b"fail", inference_id="second")
    message = next_message()
    assert (message["invocationStatus"], message["inferenceId"]) == ("Failed", "second")
    assert message["failureReason"].startswith("Received server error (500)")
    host.delete(endpoint.name)
    for client in (sns, sqs):
        client.close()


def test_requests_wait_for_an_endpoint_without_instances_to_grow(host: Any) -> None:
    endpoint = Asynchronous(host, host.model())

    def resize(count: int) -> tuple[int, int]:
        host.sm.update_endpoint_weights_and_capacities(
            EndpointName=endpoint.name,
            DesiredWeightsAndCapacities=[{"VariantName": "AllTraffic", "DesiredInstanceCount": count}],
        )
        (summary,) = host.lab.ended("CreateEndpoint", endpoint.name)["ProductionVariants"]
        return summary["CurrentInstanceCount"], summary["DesiredInstanceCount"]

    assert resize(0) == (0, 0)
    invocation = endpoint.start(b"hello")
    assert resize(1) == (1, 1)
    assert json.loads(endpoint.answer(invocation).body)["given"] == ["text/plain", "hello"]
    host.delete(endpoint.name)


def test_an_endpoint_is_deleted_with_what_still_waits_in_its_queue(host: Any, gate: Any) -> None:
    endpoint = Asynchronous(host, host.model(WAITING, environment=gate.environment))
    invocations = [endpoint.start(b"hello") for _ in range(2)]
    host.delete(endpoint.name)
    bucket, _, prefix = f"{endpoint.folder}/out".removeprefix("s3://").partition("/")
    found = host.lab.s3.list_objects_v2(Bucket=bucket, Prefix=prefix)
    assert (len(invocations), found["KeyCount"]) == (2, 0)
