"""The rules of this engine, by the names that AWS gives them. A file here registers the rule that it defines."""

from __future__ import annotations

import importlib
import pkgutil

from sm_raw.local.debugger.rules.rule import Rule

for _module in pkgutil.iter_modules(__path__):
    importlib.import_module(f"{__name__}.{_module.name}")

RULES: dict[str, type[Rule]] = {
    rule.__name__: rule for rule in sorted(Rule.__subclasses__(), key=lambda rule: rule.__name__)
}
