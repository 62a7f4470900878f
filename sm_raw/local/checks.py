"""What the service checks beyond its schema: the error rules of ``sm_raw.validation``, told as AWS tells them."""

from __future__ import annotations

from sm_raw.local.protocol import Request, validation_error


def refuse_rule_errors(operation: str, request: Request) -> None:
    """Refuse a request that breaks a cross-field rule. The schema has been checked when it was parsed."""
    from sm_raw.validation import check

    # Findings of the schema have ids E0xx; the rules begin at E100.
    broken = [
        finding
        for finding in check(operation, request)
        if finding.severity == "error" and not finding.id.startswith("E0")
    ]
    if broken:
        raise validation_error("; ".join(f"{finding.path}: {finding.message}" for finding in broken))
