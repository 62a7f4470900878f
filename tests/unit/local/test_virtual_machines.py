from __future__ import annotations

import pytest
from werkzeug.test import EnvironBuilder

from sm_raw.local import virtual_machines
from sm_raw.local.wire import FORM

SIGNED = "AWS4-HMAC-SHA256 Credential=local/20260101/us-east-1/{}/aws4_request, SignedHeaders=host, Signature=0"


def answer(operation: str, service: str = "ec2") -> str | None:
    headers = {"Authorization": SIGNED.format(service), "Content-Type": FORM}
    environ = EnvironBuilder(
        method="POST", headers=headers, data=f"Action={operation}&Version=1".encode()
    ).get_environ()
    response = virtual_machines.answer(environ)
    return None if response is None else response.get_data(as_text=True)


def test_no_instance_is_pretended() -> None:
    told = answer("RunInstances")
    assert told is not None
    assert "<Code>UnsupportedOperation</Code>" in told
    assert "leave that step out" in told


def test_there_are_none() -> None:
    assert "<reservationSet/>" in str(answer("DescribeInstances"))


@pytest.mark.parametrize(("operation", "service"), [("DescribeImages", "ec2"), ("DescribeInstances", "rds")])
def test_everything_else_is_left_to_others(operation: str, service: str) -> None:
    assert answer(operation, service) is None
