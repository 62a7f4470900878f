from __future__ import annotations

import io
import threading
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from sm_raw.aws.clients import Clients, local_clients
from sm_raw.aws.invoking.batch import (
    BatchSummary,
    InvocationOutcome,
    Latency,
    failure_code,
    invoke_batch,
    latency,
    summary,
)
from sm_raw.aws.invoking.predictions import Answer
from sm_raw.errors import InvalidPayload, InvocationFailed, ModelFailed

JPEG = b"\xff\xd8\xff"


class Model:
    """Stands behind a client: answers each request by its last byte, and counts how many are there at a time."""

    def __init__(self, clients: Clients) -> None:
        self.client: Any = clients.client("sagemaker-runtime")
        self.client.invoke_endpoint = self.answer
        self.together = self.most = self.asked = 0
        self.lock = threading.Lock()
        self.gate: threading.Barrier | None = None

    def answer(self, **request: Any) -> dict[str, Any]:
        with self.lock:
            self.asked += 1
            self.together += 1
            self.most = max(self.most, self.together)
        try:
            if self.gate:
                self.gate.wait(10)
            return self._body(request["Body"][-1])
        finally:
            with self.lock:
                self.together -= 1

    def _body(self, number: int) -> dict[str, Any]:
        if number == 3:
            details = {"OriginalStatusCode": 500, "OriginalMessage": "broken"}
            raise ClientError({"Error": {"Code": "ModelError", "Message": ""}, **details}, "InvokeEndpoint")  # type: ignore[typeddict-item]
        if number == 5:
            raise ClientError({"Error": {"Code": "ValidationError", "Message": "no"}}, "InvokeEndpoint")
        body = b"<html>" if number == 7 else b'{"predictions": [{"labels": ["%d"], "scores": [1]}]}' % number
        return {"Body": io.BytesIO(body), "ContentType": "application/json"}


@pytest.fixture
def model() -> Model:
    return Model(local_clients("http://127.0.0.1:9"))


def pictures(count: int) -> list[bytes]:
    return [JPEG + bytes([number]) for number in range(count)]


def test_every_request_has_its_outcome_in_its_place_and_one_failure_does_not_lose_the_others(
    model: Model, tmp_path: Path
) -> None:
    told: list[tuple[int, int]] = []
    items = [*pictures(8), tmp_path / "missing.png"]
    result = invoke_batch(model.client, "digits", items, parallel=4, on_progress=lambda *n: told.append(n))
    assert [outcome.index for outcome in result.outcomes] == list(range(9))
    assert [found and found.label for found in result.results] == ["0", "1", "2", None, "4", None, "6", None, None]
    assert [(bad.index, type(bad.error)) for bad in result.failures] == [
        (3, ModelFailed),
        (5, ClientError),
        (7, InvocationFailed),
        (8, InvalidPayload),
    ]
    unread = result.outcomes[7].answer
    assert unread is not None
    assert unread.body == b"<html>"
    assert told == [(done, 9) for done in range(1, 10)]
    assert (result.summary.count, result.summary.succeeded, result.summary.failed) == (9, 5, 4)
    assert result.summary.errors == {
        "ModelError 500": 1,
        "ValidationError": 1,
        "UnreadableAnswer": 1,
        "InvalidPayload": 1,
    }


@pytest.mark.parametrize(
    ("parallel", "items", "expected"), [(1, 4, 1), (3, 6, 3), (100, 2, 2), (100, 64, 32), (0, 2, 1)]
)
def test_no_more_are_asked_at_once_than_allowed_there_are_or_the_client_has_connections(
    model: Model, parallel: int, items: int, expected: int
) -> None:
    model.gate = threading.Barrier(expected)  # Opens only when so many are there together.
    result = invoke_batch(model.client, "digits", [JPEG + b"\0"] * items, parallel=parallel)
    assert (model.most, result.summary.parallel, result.summary.succeeded) == (expected, expected, items)


def test_answers_can_be_read_in_another_way(model: Model) -> None:
    result = invoke_batch(model.client, "digits", pictures(2), read=lambda answer: (answer.sent_as, answer.value))
    assert result.results[1] == ("image/jpeg", {"predictions": [{"labels": ["1"], "scores": [1]}]})


def test_options_are_those_of_a_single_request(model: Model) -> None:
    result = invoke_batch(model.client, "digits", pictures(1), max_bytes=3)
    assert "accepted are 3 at most" in str(result.outcomes[0].error)
    assert model.asked == 0


def test_an_interruption_passes_on_and_drops_what_has_not_begun(model: Model) -> None:
    def interrupt(done: int, count: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        invoke_batch(model.client, "digits", pictures(3) * 80, parallel=1, on_progress=interrupt)
    assert model.asked < 240


def test_an_empty_batch_is_a_batch(model: Model) -> None:
    result = invoke_batch(model.client, "digits", [])
    assert (result.outcomes, result.summary.latency, result.summary.per_second) == ((), None, 0.0)


@pytest.mark.parametrize("given", ["one.png", JPEG, {"a": 1}])
def test_one_item_is_no_batch(model: Model, given: Any) -> None:
    with pytest.raises(InvalidPayload, match=r"not one \w+; give \[item\]"):
        invoke_batch(model.client, "digits", given)


def test_percentiles_are_values_that_so_many_percent_do_not_exceed() -> None:
    assert latency(range(1, 101)) == Latency(mean_ms=50.5, p50_ms=50, p90_ms=90, p99_ms=99, max_ms=100)
    assert latency([3, 1, 2]) == Latency(mean_ms=2, p50_ms=2, p90_ms=3, p99_ms=3, max_ms=3)
    assert latency([7]) == Latency(7, 7, 7, 7, 7)


def test_a_summary_counts_errors_by_code_and_times_only_what_succeeded() -> None:
    refused = ModelFailed("digits", 415, "no")
    answered = Answer("digits", b"", "", retries=2)
    outcomes = [
        InvocationOutcome(0, 100.0, "0", answered),
        InvocationOutcome(1, 9000.0, error=refused),
        InvocationOutcome(2, 300.0, "2", answered),
        InvocationOutcome(3, 5.0, error=TimeoutError()),
        InvocationOutcome(4, 5.0, error=refused),
    ]
    found = summary(outcomes, seconds=4.0, parallel=2)
    assert found == BatchSummary(
        count=5,
        succeeded=2,
        errors={"ModelError 415": 2, "TimeoutError": 1},
        seconds=4.0,
        parallel=2,
        retries=4,
        latency=Latency(200, 100, 300, 300, 300),
    )
    assert str(found) == (
        "2 of 5 succeeded in 4.0 s (0.5 per second); latency mean 200 ms, p50 100, p90 300, p99 300, max 300; "
        "4 retries; failed: 2 ModelError 415, 1 TimeoutError"
    )


def test_failures_are_named_as_they_are_counted() -> None:
    refused = ClientError({"Error": {"Code": "ThrottlingException", "Message": ""}}, "InvokeEndpoint")
    assert failure_code(refused) == "ThrottlingException"
    assert failure_code(InvocationFailed("digits", None, "odd")) == "UnreadableAnswer"
    assert failure_code(KeyError()) == "KeyError"
