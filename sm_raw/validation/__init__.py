"""Request in, findings out: nothing that AWS would refuse has to be sent to be known.

``check("CreateTrainingJob", request)`` lists what is wrong with a request, by the schema of the installed botocore
and by rules across fields. Nothing is imported before the first use: jsonschema and the models take their time.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sm_raw.validation.checking import RuleSummary, check, check_together, rule_table
    from sm_raw.validation.code import check_code
    from sm_raw.validation.documents import Document, read_document
    from sm_raw.validation.editor_schemas import editor_schema
    from sm_raw.validation.findings import Finding, Request, as_error
    from sm_raw.validation.metric_bench import bench_request, render_catches
    from sm_raw.validation.operations import operation_of_file, service_of
    from sm_raw.validation.schemas import request_schema

__all__ = [
    "Document",
    "Finding",
    "Request",
    "RuleSummary",
    "as_error",
    "bench_request",
    "check",
    "check_code",
    "check_together",
    "editor_schema",
    "operation_of_file",
    "read_document",
    "render_catches",
    "request_schema",
    "rule_table",
    "service_of",
]

HOMES = {
    "Document": "documents",
    "Finding": "findings",
    "Request": "findings",
    "RuleSummary": "checking",
    "as_error": "findings",
    "bench_request": "metric_bench",
    "check": "checking",
    "check_code": "code",
    "check_together": "checking",
    "editor_schema": "editor_schemas",
    "operation_of_file": "operations",
    "read_document": "documents",
    "render_catches": "metric_bench",
    "request_schema": "schemas",
    "rule_table": "checking",
    "service_of": "operations",
}


def __getattr__(name: str) -> Any:
    if name not in HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{HOMES[name]}"), name)
