"""``rules`` and ``schema``: what is checked, to look up and for editors."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sm_raw.cli.telling import ERRORS, SUCCESS, command, tell
from sm_raw.errors import SmRawError

if TYPE_CHECKING:
    from sm_raw.validation import RuleSummary

RULES_EXAMPLES = """\
examples:
  python -m sm_raw rules
  python -m sm_raw rules E210 W214      (one or a few, with their sources)

exit codes: 0 told, 1 there is no such rule
"""

SCHEMA_EXAMPLES = """\
examples:
  python -m sm_raw schema CreateTrainingJob
  python -m sm_raw schema --out schemas CreateTrainingJob CreateModel
      (then an editor completes a document that begins with
      "$schema": "schemas/CreateTrainingJob.json")

exit codes: 0 printed or written, 1 no such operation, or it cannot be written
"""


def add_commands(commands: Any) -> None:
    """Add ``rules`` and ``schema`` to the command line."""
    rules = command(commands, "rules", "print the table of rules", RULES_EXAMPLES)
    rules.add_argument("ids", nargs="*", metavar="ID", help="such as E210; without any, all as one Markdown table")
    rules.set_defaults(run=run_rules)
    schema = command(commands, "schema", "print the JSON Schema of a request, for editors", SCHEMA_EXAMPLES)
    schema.add_argument("operations", nargs="+", metavar="OPERATION", help="such as CreateTrainingJob")
    schema.add_argument("--out", metavar="DIR", help="write a file for each operation instead")
    schema.set_defaults(run=run_schema)


def run_rules(options: argparse.Namespace) -> int:
    """Print all rules, or those asked for at length."""
    from sm_raw.validation import rule_table
    from sm_raw.validation.wording import nearest

    table = {rule.id: rule for rule in rule_table()}
    if not options.ids:
        print(rules_as_markdown(list(table.values())))
        return SUCCESS
    for rule_id in options.ids:
        rule = table.get(rule_id.upper())
        if rule is None:
            tell(f"sm_raw: no rule {rule_id!r}; the nearest: {', '.join(nearest(rule_id, table)) or 'none'}")
            return ERRORS
        print(f"{rule.id} ({rule.severity})\n  {rule.summary}\n  of: {_operations(rule)}\n  source: {rule.source}")
    return SUCCESS


def rules_as_markdown(rules: list[RuleSummary]) -> str:
    """The table of rules as it stands in the README."""
    rows = [f"| {rule.id} | {rule.summary} | {_operations(rule)} |" for rule in rules]
    return "\n".join(["| id | what it asks for | where |", "| --- | --- | --- |", *rows])


def _operations(rule: RuleSummary) -> str:
    return ", ".join(rule.operations) or "every request"


def run_schema(options: argparse.Namespace) -> int:
    """Print the schema of one operation, or write those of several."""
    from sm_raw.validation import editor_schema

    schemas = {name: json.dumps(editor_schema(name), indent=1) for name in options.operations}
    if options.out is None:
        if len(schemas) > 1:
            raise SmRawError("several schemas need files to go to: give --out DIR")
        print(*schemas.values())
        return SUCCESS
    try:
        Path(options.out).mkdir(parents=True, exist_ok=True)
        for name, text in schemas.items():
            path = Path(options.out, f"{name.rpartition(':')[2]}.json")
            path.write_text(f"{text}\n", encoding="utf-8")
            tell(f"written: {path}")
    except OSError as error:
        raise SmRawError(f"{options.out}: cannot be written: {error.strerror}") from None
    return SUCCESS
