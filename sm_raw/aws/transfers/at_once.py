"""Small objects go to S3 at once: botocore asks first whether S3 will take the body, which is a round trip for each.

It sends ``Expect: 100-continue`` with every body and waits for the answer, so that gigabytes are not sent in vain. For
small ones that costs up to 30 % (https://github.com/aws/aws-sdk-java-v2/pull/6864, where AWS's SDK for Java leaves the
header out up to 1 MB, as those for JavaScript and Kotlin do). It is left out of requests of our own asking alone.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client

AT_ONCE_BYTES = 1 << 20
EVENT, HOOK = "request-created.s3.PutObject", "sm_raw-at-once"

_asking = threading.local()


def register(s3: S3Client) -> None:
    """Prepare a client for ``at_once``; with one name the hook is there once, however often this is done."""
    s3.meta.events.register(EVENT, _leave_out, unique_id=HOOK)


@contextlib.contextmanager
def at_once(size: int) -> Iterator[None]:
    """PutObject of ``size`` bytes in this thread, within the block, is sent without asking if it is small."""
    _asking.by_us = size <= AT_ONCE_BYTES
    try:
        yield
    finally:
        _asking.by_us = False


def _leave_out(request: Any, **_: object) -> None:
    # The header is not among those that are signed.
    if getattr(_asking, "by_us", False):
        del request.headers["Expect"]
