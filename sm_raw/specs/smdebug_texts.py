"""Values in the text that smdebug reads: the service carries strings only, and these are Python's, not JSON's.

Rule, hook and collection parameters are plain text: ``True``, ``None``, a list as one string with commas. The
ranges of the framework profiler are a Python literal, which the container evaluates.
"""

from __future__ import annotations

import json
from collections.abc import Mapping


def parameter_texts(parameters: Mapping[str, object]) -> dict[str, str]:
    """The parameters of a rule, a hook or a collection as a request carries them."""
    return {name: parameter_text(value) for name, value in parameters.items()}


def parameter_text(value: object) -> str:
    """``True`` for True, ``None`` for None, ``1,2`` for [1, 2]; text as it is."""
    return ",".join(map(str, value)) if isinstance(value, list | tuple) else str(value)


def literal_text(fields: Mapping[str, object]) -> str:
    """A flat dict as a Python literal, spelled as AWS's SDK does: ``{"StartStep": 5, "NumSteps": 10, }``."""
    return "{" + "".join(f'"{name}": {_literal(value)}, ' for name, value in fields.items()) + "}"


def _literal(value: object) -> str:
    return json.dumps(value) if isinstance(value, str) else repr(value)
