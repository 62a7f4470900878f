from __future__ import annotations

import pytest
from botocore.exceptions import ClientError

from sm_raw.aws.propagation import OTHERS_SECONDS, SECONDS, patience_seconds, until_known

ROLE = "The role defined for the function cannot be assumed by Lambda."
PROFILE = "Value (p) for parameter iamInstanceProfile.name is invalid. Invalid IAM Instance Profile name"
BUCKET = "GetBucketAcl call on the given bucket failed. Please check if CloudWatch Logs has been granted permission."


def refusal(code: str, message: str) -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": message}}, "Create")


@pytest.mark.parametrize(
    ("operation", "code", "message", "seconds"),
    [
        ("CreateFunction", "InvalidParameterValueException", ROLE, SECONDS),
        ("CreateFunction", "InvalidParameterValueException", "Unzipped size must be smaller", 0),
        ("CreateTrainingJob", "InvalidParameterValueException", ROLE, 0),
        ("RunInstances", "InvalidParameterValue", PROFILE, SECONDS),
        ("RunInstances", "InsufficientInstanceCapacity", "no capacity", 0),
        ("CreateExportTask", "InvalidParameterException", BUCKET, SECONDS),
        ("CreateExportTask", "LimitExceededException", "Resource limit exceeded.", OTHERS_SECONDS),
    ],
)
def test_which_refusals_mean_not_yet(operation: str, code: str, message: str, seconds: float) -> None:
    assert patience_seconds(operation, refusal(code, message)) == seconds


class Moments:
    """A service that knows a role after so many refusals; time passes only while somebody sleeps."""

    def __init__(self, refusals: int) -> None:
        self.refusals, self.now, self.asked = refusals, 0.0, 0

    def send(self) -> str:
        self.asked += 1
        if self.asked <= self.refusals:
            raise refusal("InvalidParameterValueException", ROLE)
        return "made"

    def sleep(self, seconds: float) -> None:
        self.now += seconds

    def clock(self) -> float:
        return self.now


def test_a_new_role_is_waited_for() -> None:
    moments = Moments(5)
    assert until_known("CreateFunction", moments.send, sleep=moments.sleep, clock=moments.clock) == "made"
    assert moments.asked == 6
    assert 0 < moments.now < SECONDS


def test_a_role_that_never_comes_is_wrong() -> None:
    moments = Moments(10_000)
    with pytest.raises(ClientError, match="cannot be assumed"):
        until_known("CreateFunction", moments.send, sleep=moments.sleep, clock=moments.clock)
    assert SECONDS <= moments.now < 2 * SECONDS
