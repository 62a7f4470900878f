"""What users and the world can cause, in one message each."""

from __future__ import annotations

import errno

from sm_raw.aws.failures.causes import match_causes
from sm_raw.aws.failures.explaining import advice
from sm_raw.errors import SmRawError


def explain(error: Exception) -> str | None:
    """One clear message for what a user or the world can cause; None for a bug of ours."""
    from botocore.exceptions import BotoCoreError, ClientError

    if isinstance(error, SmRawError):
        return str(error)
    if isinstance(error, OSError) and error.errno == errno.ENOSPC:
        return f"no space is left on the disk: {error.filename or 'free some space and run again'}"
    if isinstance(error, BotoCoreError | ClientError):
        return "\n".join([f"the service could not be used: {error}", *advice(match_causes(str(error)))])
    if isinstance(error, PermissionError | FileNotFoundError | NotADirectoryError):
        return f"{error.filename}: {error.strerror}"
    return None
