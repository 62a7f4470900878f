"""Request in, findings out: nothing that AWS would refuse has to be sent to be known.

``check("CreateTrainingJob", request)`` lists what is wrong with a request, by the schema of the installed botocore
and by rules across fields. Nothing is imported before the first use: jsonschema and the models take their time.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sm_raw.validation.checking import RuleSummary, check, check_together, rule_table
    from sm_raw.validation.findings import Finding, Request
    from sm_raw.validation.operations import operation_of_file, service_of
    from sm_raw.validation.schemas import request_schema

__all__ = [
    "Finding",
    "Request",
    "RuleSummary",
    "check",
    "check_together",
    "operation_of_file",
    "request_schema",
    "rule_table",
    "service_of",
]

HOMES = {
    "Finding": "findings",
    "Request": "findings",
    "RuleSummary": "checking",
    "check": "checking",
    "check_together": "checking",
    "operation_of_file": "operations",
    "request_schema": "schemas",
    "rule_table": "checking",
    "service_of": "operations",
}


def __getattr__(name: str) -> Any:
    if name not in HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{HOMES[name]}"), name)
