"""What the service checks beyond its schema: the error rules of ``sm_raw.validation``, told as AWS tells them."""

from __future__ import annotations

from sm_raw.local.protocol import Request, validation_error

# What only the container finds: AWS takes such a request, and then the job fails. (The images, the parameters of
# Debugger's rules, and the hyperparameters and channels of AWS's own algorithms.)
FOUND_IN_THE_CONTAINER = {
    *("E112", "E202", "E204", "E205", "E224", "E225", "E243", "E248", "E252"),
    *("E263", "E264", "E266", "E273", "E277", "E281", "E283", "E284", "E285", "E286", "E287", "E288", "E289"),
    *("E291", "E293", "E295", "E296", "E297"),
}


def refuse_rule_errors(operation: str, request: Request) -> None:
    """Refuse a request that breaks a cross-field rule. The schema has been checked when it was parsed."""
    from sm_raw.validation import check

    # Findings of the schema have ids E0xx; the rules begin at E100.
    broken = [
        finding
        for finding in check(operation, request)
        if finding.severity == "error" and not finding.id.startswith("E0") and finding.id not in FOUND_IN_THE_CONTAINER
    ]
    if broken:
        raise validation_error("; ".join(f"{finding.path}: {finding.message}" for finding in broken))
