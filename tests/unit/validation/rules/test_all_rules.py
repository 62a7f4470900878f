"""What holds for every rule."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from sm_raw.validation.code import CODE_RULES
from sm_raw.validation.operations import service_of
from sm_raw.validation.rules import all_rules

RULES = [*all_rules(), *CODE_RULES]
TABLES = "".join(path.read_text() for path in Path(__file__).parents[1].rglob("test_*.py"))


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.id)
def test_a_rule_has_an_id_a_sentence_a_source_and_operations_that_exist(rule: type) -> None:
    assert re.fullmatch(r"[EW]\d{3}", rule.id)
    assert rule.__doc__ is not None
    assert re.fullmatch(r"[^\n]{20,140}\.", rule.__doc__)
    assert rule.source.startswith("https://")
    assert all(service_of(operation) for operation in rule.operations)
    assert rule.operations


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.id)
def test_a_rule_has_a_table_of_cases(rule: type) -> None:
    assert re.search(rf"\b{rule.__name__}\b|\b{rule.id}\b", TABLES)


def test_a_number_stands_for_one_rule() -> None:
    numbers = [rule.id[1:] for rule in RULES]
    assert sorted(set(numbers)) == sorted(numbers)
