"""Pictures by the dozen to one real endpoint."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy
import pytest
from PIL import Image

from sm_raw import specs
from sm_raw.aws.clients import Clients
from sm_raw.aws.invoking.batch import invoke_batch
from sm_raw.aws.invoking.invoke import ask_endpoint, invoke_endpoint
from sm_raw.errors import InvalidPayload, ModelFailed

pytestmark = pytest.mark.local
IMAGE = "763104351884.dkr.ecr.us-east-1.amazonaws.com/pytorch-inference:2.3-cpu-py311"
PICTURES = 40

# Takes pictures for their shade, refuses what is no picture, and breaks over a black one.
INFERENCE = """
import io, json
import numpy
from PIL import Image
def model_fn(folder):
    return None
def input_fn(body, content_type):
    if content_type == "application/x-npy":
        return numpy.load(io.BytesIO(body))
    if content_type == "application/json":
        return numpy.array(json.loads(body))
    if content_type in ("image/png", "image/jpeg", "application/x-image"):
        return numpy.asarray(Image.open(io.BytesIO(body)).convert("L"))
    raise ValueError(f"content type {content_type} is not supported; accepted are image/png, image/jpeg")
def predict_fn(data, model):
    return float(data.mean())
def output_fn(shade, accept):
    if not shade:
        raise ZeroDivisionError("black")
    if accept == "application/jsonlines":
        return json.dumps({"prediction": [1 - shade / 255, shade / 255]}), accept
    return json.dumps({"predictions": [{"labels": [f"shade {shade:.0f}", "no shade"], "scores": [0.9, 0.1]}]})
"""


@pytest.fixture(scope="module")
def endpoint(lab: Any) -> Iterator[str]:
    """The name of an endpoint of two instances."""
    name, files = lab.name("shades"), {"model.txt": "", "code/inference.py": INFERENCE}
    uri = lab.put(f"models/{name}.tar.gz", lab.archive(files))
    role = "arn:aws:iam::123456789012:role/Server"
    model = specs.model(name, image_uri=IMAGE, role_arn=role, model_data_uri=uri, environment=specs.serving_script())
    lab.sm.create_model(**model)
    variant = specs.production_variant(name, instance_type="ml.m5.large", instance_count=2)
    lab.sm.create_endpoint_config(**specs.endpoint_config(name, variants=[variant]))
    lab.sm.create_endpoint(**specs.endpoint(name, config_name=name))
    assert lab.ended("CreateEndpoint", name)["EndpointStatus"] == "InService"
    yield name
    lab.sm.delete_endpoint(EndpointName=name)


def picture(shade: int) -> Image.Image:
    return Image.new("RGB", (32, 32), (shade, shade, shade))


def png(shade: int) -> bytes:
    buffer = io.BytesIO()
    picture(shade).save(buffer, "PNG")
    return buffer.getvalue()


def test_forty_pictures_are_asked_about_at_once_and_come_back_in_order(lab: Any, endpoint: str, tmp_path: Path) -> None:
    clients: Clients = lab.clients
    shades = [6 * number for number in range(PICTURES)]  # The first is black: the model breaks over it.
    items: list[Any] = [png(shade) for shade in shades]
    items[7] = tmp_path / "seven.png"
    items[7].write_bytes(png(shades[7]))
    items[8] = picture(shades[8])
    items[9] = numpy.full((16, 16), shades[9], "uint8")
    items[10] = [[shades[10]] * 4] * 4
    items[11] = tmp_path / "missing.png"
    told: list[tuple[int, int]] = []
    result = invoke_batch(clients.runtime, endpoint, items, parallel=8, on_progress=lambda *n: told.append(n))
    expected = [None if number in (0, 11) else f"shade {shade}" for number, shade in enumerate(shades)]
    assert [found and found.label for found in result.results] == expected
    assert [(bad.index, type(bad.error)) for bad in result.failures] == [(0, ModelFailed), (11, InvalidPayload)]
    assert "ZeroDivisionError: black" in str(result.outcomes[0].error)
    assert told[-1] == (PICTURES, PICTURES)
    summary = result.summary
    assert (summary.count, summary.succeeded, summary.retries, summary.parallel) == (PICTURES, PICTURES - 2, 0, 8)
    assert summary.errors == {"ModelError 500": 1, "InvalidPayload": 1}
    assert summary.latency is not None
    assert 0 < summary.latency.p50_ms <= summary.latency.p99_ms <= summary.latency.max_ms <= summary.seconds * 1000
    assert {outcome.answer.sent_as for outcome in result.outcomes if outcome.answer} == {
        "image/png",
        "application/x-npy",
        "application/json",
    }


def test_probabilities_and_other_answers_come_as_they_are_asked_for(lab: Any, endpoint: str) -> None:
    asked: Any = {"accept": "application/jsonlines", "variant": "AllTraffic", "inference_id": "request-7"}
    found = invoke_endpoint(lab.clients.runtime, endpoint, picture(51), labels=["dark", "light"], **asked)
    assert (found.label, round(found.score, 3)) == ("dark", 0.8)
    answer = ask_endpoint(lab.clients.runtime, endpoint, picture(51), content_type="application/x-image", **asked)
    assert [list(line) for line in answer.value] == [["prediction"]]
    assert (answer.sent_as, answer.variant, answer.content_type) == (
        "application/x-image",
        "AllTraffic",
        "application/jsonlines",
    )


def test_a_model_that_takes_other_types_says_which_ones(lab: Any, endpoint: str) -> None:
    with pytest.raises(ModelFailed) as caught:
        ask_endpoint(lab.clients.runtime, endpoint, [1, 2], content_type="text/csv")
    assert caught.value.remedy == (
        "it takes other content types (its message names image/png, image/jpeg): state content_type, or let input_fn "
        "of the model take text/csv"
    )


def test_what_the_service_finds_too_large_is_told_the_ways_out(lab: Any, endpoint: str) -> None:
    body = json.dumps("x" * 7_000_000).encode()
    with pytest.raises(
        InvalidPayload, match=r"^the service refused 7,000,002 bytes as application/json: .*To send it: "
    ):
        ask_endpoint(lab.clients.runtime, endpoint, body, content_type="application/json", max_bytes=10**8)
