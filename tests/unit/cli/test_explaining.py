from __future__ import annotations

import errno

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError

from sm_raw.cli.explaining import explain
from sm_raw.errors import SmRawError

QUOTA = (
    "The account-level service limit 'ml.p3.2xlarge for training job usage' is 0 Instances, with current utilization "
    "of 0 Instances and a request delta of 1 Instances."
)


def refusal(code: str, message: str) -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": message}}, "CreateTrainingJob")


def test_what_a_service_refuses_is_told_with_the_known_cause_and_its_remedy() -> None:
    told = explain(refusal("ResourceLimitExceeded", QUOTA)) or ""
    first, *rest = told.splitlines()
    assert first == (
        "the service could not be used: An error occurred (ResourceLimitExceeded) when calling the CreateTrainingJob "
        f"operation: {QUOTA}"
    )
    assert rest[0].startswith("  cause:  The account's quota for these instances is used up")
    assert any(line.startswith("  remedy: Ask Service Quotas for more") for line in rest)


def test_what_is_not_known_is_told_as_it_is() -> None:
    assert explain(refusal("ValidationException", "1 is not 2")) == (
        "the service could not be used: An error occurred (ValidationException) when calling the CreateTrainingJob "
        "operation: 1 is not 2"
    )
    told = explain(EndpointConnectionError(endpoint_url="http://127.0.0.1:9")) or ""
    assert told.startswith("the service could not be used: Could not connect")


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (SmRawError("no such recipe"), "no such recipe"),
        (OSError(errno.ENOSPC, "No space left on device", "/data"), "no space is left on the disk: /data"),
        (FileNotFoundError(errno.ENOENT, "No such file or directory", "a.jpg"), "a.jpg: No such file or directory"),
        (KeyError("a bug"), None),
    ],
)
def test_each_has_one_message_and_a_bug_has_none(error: Exception, told: str | None) -> None:
    assert explain(error) == told
