"""What was made a moment ago is not known everywhere yet: requests that name it are refused, and right soon after.

IAM spreads a change within seconds, and says so:
https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot.html#troubleshoot_general_eventual-consistency
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import NamedTuple, TypeVar

from sm_raw.aws.calls import error_code
from sm_raw.aws.waiting.pauses import next_pause

Answer = TypeVar("Answer")

POLL_SECONDS = 5.0
SECONDS = 60.0
"""How long a new role or policy may take; longer means that it is wrong."""

OTHERS_SECONDS = 3600.0
"""How long another export of the account may take: there is one at a time."""


class NotYet(NamedTuple):
    """A refusal that means "not yet": its operation, code and a part of its message; for how long it may be so."""

    operation: str
    code: str
    message: str
    seconds: float = SECONDS


NOT_YET = (
    # https://github.com/hashicorp/terraform-provider-aws/issues/838
    NotYet("CreateFunction", "InvalidParameterValueException", "cannot be assumed by Lambda"),
    # https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/troubleshoot-iam-roles.html
    NotYet("RunInstances", "InvalidParameterValue", "Invalid IAM Instance Profile"),
    # https://github.com/aws/amazon-ecs-agent/pull/5116
    NotYet("CreateExportTask", "", "GetBucketAcl call on the given bucket failed"),
    # https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/S3ExportTasks.html
    NotYet("CreateExportTask", "LimitExceededException", "", OTHERS_SECONDS),
)


def patience_seconds(operation: str, error: Exception) -> float:
    """How long a refusal of ``operation`` may mean "not yet"; 0 for one that means what it says."""
    for row in NOT_YET:
        if row.operation == operation and row.code in ("", error_code(error)) and row.message in str(error):
            return row.seconds
    return 0.0


def until_known(
    operation: str,
    send: Callable[[], Answer],
    *,
    sleep: Callable[[float], None] = time.sleep,
    clock: Callable[[], float] = time.monotonic,
) -> Answer:
    """What ``send()`` returns once the service knows what the request of ``operation`` names."""
    from botocore.exceptions import ClientError

    started = clock()
    while True:
        try:
            return send()
        except ClientError as error:
            waited = clock() - started
            if waited >= patience_seconds(operation, error):
                raise
        sleep(next_pause(waited, POLL_SECONDS))
