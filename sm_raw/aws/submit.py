"""Send a request, but only one that can succeed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from sm_raw.aws.calls import call
from sm_raw.errors import InvalidRequest

if TYPE_CHECKING:
    from botocore.client import BaseClient


def submit(client: BaseClient, operation: str, request: Mapping[str, Any], *, strict: bool = False) -> dict[str, Any]:
    """Check ``request`` offline, then call ``operation`` ("CreateTrainingJob"); return the response.

    Raises InvalidRequest with every finding, before anything is sent, if one of them is an error;
    ``strict`` counts warnings as errors. What the service itself refuses comes as botocore's ClientError.
    """
    from sm_raw.validation.operations import operation_name

    require_right(operation, request, region=client.meta.region_name, strict=strict)
    return call(client, operation_name(operation), request)


def require_right(operation: str, request: Mapping[str, Any], *, region: str | None, strict: bool = False) -> None:
    """Raise InvalidRequest if a check of ``request`` finds an error; ``strict`` counts warnings as errors."""
    from sm_raw.validation import as_error, check

    findings = check(operation, request, region=region)
    if strict:
        findings = [as_error(finding) for finding in findings]
    if any(finding.severity == "error" for finding in findings):
        raise InvalidRequest(operation, findings)
