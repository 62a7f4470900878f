"""Which botocore brought a field or a value: what the installed one does not know may be right all the same.

The data covers the requests that this package deals with, from the oldest botocore that it runs with; it is dated,
names its source, and is renewed by scripts/renew_newer_models.py.
"""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

DATA = Path(__file__).with_name("newer_models.json")


def known_since(service: str, shape_name: str, *, member: str | None = None, value: str | None = None) -> str | None:
    """The first botocore seen to know a member of a structure or a value of an enum, such as ``1.40.9``.

    None for what no botocore of the data knows, and for what every one knows. The very first may be a little older:
    not every release was looked at.
    """
    name = member if member is not None else value
    return _versions().get((service, shape_name, name or ""))


@cache
def _versions() -> dict[tuple[str, str, str], str]:
    data: dict[str, Any] = json.loads(DATA.read_text(encoding="utf-8"))
    return {
        (service, shape, name): version
        for service, shapes in data["services"].items()
        for shape, brought in shapes.items()
        for version, names in brought.items()
        for name in names
    }
