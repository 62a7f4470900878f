"""Rules across fields, and across requests: one class each, registered by being in this package."""

from __future__ import annotations

import importlib
import pkgutil
from functools import cache

from sm_raw.validation.rules.base import Rule


@cache
def all_rules() -> tuple[type[Rule], ...]:
    """Every rule class, ordered by id."""
    found = {rule for module in pkgutil.iter_modules(__path__, f"{__name__}.") for rule in _rules_in(module.name)}
    return tuple(sorted(found, key=lambda rule: rule.id))


@cache
def rules_of(operation: str) -> tuple[type[Rule], ...]:
    """The rules that look at requests of an operation."""
    return tuple(rule for rule in all_rules() if operation in rule.operations)


def _rules_in(module: str) -> list[type[Rule]]:
    members = vars(importlib.import_module(module)).values()
    return [member for member in members if isinstance(member, type) and issubclass(member, Rule) and member.id]
