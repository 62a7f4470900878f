"""Mistakes that users make, most of them across fields: tables in mistakes/, one file for each subject.

Each is a few edits of a good request. Where AWS says so is told by the rule that finds it (``python -m sm_raw rules``).
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from check_cases.faults import Fault
from check_cases.good import Documents

TABLES = Path(__file__).with_name("mistakes")


def mistakes(good: Mapping[str, Documents]) -> Iterator[Fault]:
    """Every mistake of the tables, in their order."""
    for table in sorted(TABLES.glob("*.json")):
        subject = table.stem.replace("_", " ").replace("built in", "built-in")
        for row in json.loads(table.read_text()):
            documents = good[row["request"]]
            yield Fault(f"mistake: {subject}", row["what"], row["request"], _document(row, documents), row["edits"])


def _document(row: Mapping[str, Any], documents: Documents) -> int:
    operations = [operation for operation, _ in documents]
    return operations.index(row.get("document", operations[0]))
