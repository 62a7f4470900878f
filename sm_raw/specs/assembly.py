"""How every builder ends: leave out what was not given, then let the caller's ``extra`` win.

``extra`` is a JSON merge patch (RFC 7396) in the service's spelling. Maps merge at every depth, so one nested
field is added without repeating its neighbours; lists and scalars replace what was built; None removes a
field. No field of AWS takes null, so nothing is lost by that reading.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, TypeVar, cast

EMPTY: Mapping[str, Any] = MappingProxyType({})

Value = TypeVar("Value")
Fields = TypeVar("Fields")


def optional(value: Value | None) -> Value:
    """The value of an optional field; None and empty lists and maps stand for "not given".

    Request types know fields that are absent but none that are None. This is the one place that tells mypy a
    None is such a value, because ``assembled`` leaves it out.
    """
    is_empty = value is None or (isinstance(value, Mapping | list | tuple) and not value)
    return cast("Value", None if is_empty else value)


def assembled(fields: Fields, extra: Mapping[str, Any] = EMPTY) -> Fields:
    """The fields without those that are None, patched with ``extra``.

    The result consists of dicts and lists of its own: changing it changes nothing that was passed in.
    """
    return cast("Fields", merge_patch(merge_patch({}, fields), extra))


def merge_patch(document: object, patch: object) -> object:
    """The document after the merge patch, as a copy."""
    if not isinstance(patch, Mapping):
        return _copied(patch)
    merged = _copied(document) if isinstance(document, Mapping) else {}
    for name, value in patch.items():
        if value is None:
            merged.pop(name, None)
        else:
            merged[name] = merge_patch(merged.get(name), value)
    return merged


def _copied(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {name: _copied(item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [_copied(item) for item in value]
    return value
