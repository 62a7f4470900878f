"""Nothing local touches AWS or the user's credentials: neither the clients, nor the engine, nor the scripts it runs."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from sm_raw import specs
from sm_raw.aws.invoking.invoke import invoke_endpoint

pytestmark = pytest.mark.local

# Uses boto3 as a script on AWS would: no endpoint, no keys, and tells where its sockets went.
CALLER = """
import sys
went = []
def watch(event, arguments):
    if event == "socket.connect":
        went.append(str(arguments[1]))
sys.addaudithook(watch)
import boto3
print("identity", boto3.client("sts").get_caller_identity()["Account"])
print("buckets", len(boto3.client("s3").list_buckets()["Buckets"]) > 0)
print("key", boto3.Session().get_credentials().access_key)
print("went", sorted({address.split(",")[0] for address in went}))
"""
SERVER = """
def model_fn(folder):
    return "model"
def input_fn(body, content_type):
    return body
def predict_fn(data, model):
    return {"predictions": [{"labels": ["yes"], "scores": [1.0]}]}
"""
PNG = b"\x89PNG\r\n\x1a\n"

_connections: list[tuple[Any, ...]] = []
_watching = [False]


def _watch(event: str, arguments: tuple[Any, ...]) -> None:
    if _watching[0] and event == "socket.connect":
        _connections.append(arguments[1])


# An audit hook stays for the life of the process; it looks only while a test asks it to.
sys.addaudithook(_watch)


@contextmanager
def connections() -> Iterator[list[tuple[Any, ...]]]:
    """The addresses that sockets of this process are connected to while the block runs."""
    _connections.clear()
    _watching[0] = True
    try:
        yield _connections
    finally:
        _watching[0] = False


@pytest.fixture(autouse=True)
def a_user_with_secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {
        "AWS_ACCESS_KEY_ID": "the-users-own",
        "AWS_SECRET_ACCESS_KEY": "the-users-own",
        "AWS_SESSION_TOKEN": "the-users-own",
        "AWS_ENDPOINT_URL": "http://192.0.2.1:1",
        "HTTP_PROXY": "http://192.0.2.1:1",
        "HTTPS_PROXY": "http://192.0.2.1:1",
    }.items():
        monkeypatch.setenv(name, value)


def test_clients_engine_and_endpoint_stay_on_loopback(lab_of: Any, tmp_path: Any) -> None:
    from sm_raw.local.server import serving

    with connections() as went, serving(tmp_path) as url:
        lab = lab_of(url, tmp_path, "loopback")
        model = lab.put("model.tar.gz", lab.archive({"code/inference.py": SERVER}))
        lab.train()
        name = lab.name("served")
        lab.sm.create_model(
            **specs.model(
                name,
                image_uri="i",
                role_arn="arn:aws:iam::123456789012:role/R",
                model_data_uri=model,
                environment=specs.serving_script(),
            )
        )
        variant = specs.production_variant(name, instance_type="ml.m5.large")
        lab.sm.create_endpoint_config(**specs.endpoint_config(name, variants=[variant]))
        lab.sm.create_endpoint(**specs.endpoint(name))
        lab.ended("CreateEndpoint", name)
        assert invoke_endpoint(lab.clients.runtime, name, PNG).label == "yes"
    assert {address[0] for address in went} == {"127.0.0.1"}


def test_a_script_that_uses_boto3_reaches_the_engine_with_throw_away_keys(lab: Any) -> None:
    source = lab.put(f"{lab.name('code')}/sourcedir.tar.gz", lab.archive({"caller.py": CALLER}))
    job = lab.train("caller.py", source=source)
    assert lab.log(job["TrainingJobName"]) == [
        "identity 123456789012",
        "buckets True",
        "key local",
        "went [\"('127.0.0.1'\"]",
    ]
