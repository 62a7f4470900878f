"""The conditions of IAM policies, held against the context of a request. Pure.

Sources: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html and
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_multi-value-conditions.html
"""

from __future__ import annotations

import ipaddress
import operator
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime, timezone
from functools import lru_cache
from typing import Any, NamedTuple, TypeAlias

Context: TypeAlias = Mapping[str, Sequence[str]]
"""{key of a context entry in small letters: its values}: IAM compares the keys without regard to case."""

# ${aws:username}, and ${*}, ${?}, ${$} for the characters themselves; a default may follow: ${key, 'default'}.
VARIABLE = re.compile(r"\$\{([^}]*)\}")
DEFAULT = re.compile(r"(?P<key>[^,]+?)\s*,\s*'(?P<default>.*)'")
WILDCARDS = {"*": ".*", "?": "."}
OPERATOR = re.compile(r"(?:(?P<quantifier>ForAllValues|ForAnyValue):)?(?P<name>[A-Za-z]+?)(?P<if_exists>IfExists)?")
ARN_SEGMENTS = 6


class Checked(NamedTuple):
    """Whether a condition holds, and the keys that it asked for in vain."""

    holds: bool
    missing: frozenset[str] = frozenset()


class MissingVariable(Exception):
    """A policy variable has no value in the context, so what holds it matches nothing. ``key`` is its name."""

    def __init__(self, key: str) -> None:
        self.key = key
        super().__init__(key)


def check(conditions: Mapping[str, Mapping[str, Any]], context: Context) -> Checked:
    """Whether all conditions of a statement hold."""
    found = [
        _one(written, key, as_list(values), context)
        for written, pairs in conditions.items()
        for key, values in pairs.items()
    ]
    return Checked(all(each.holds for each in found), frozenset().union(*(each.missing for each in found)))


def _one(written: str, key: str, wanted: list[str], context: Context) -> Checked:
    parts = OPERATOR.fullmatch(written)
    given = context.get(key.lower())
    if parts is None or parts["name"] not in {*MATCHERS, *NEGATED, "Null"}:
        return Checked(False)
    if parts["name"] == "Null":
        return Checked((given is None) == (wanted[0].lower() == "true"))
    is_negated = parts["name"] in NEGATED
    if given is None:
        lenient = bool(parts["if_exists"]) or parts["quantifier"] == "ForAllValues"
        holds = lenient or (is_negated and parts["quantifier"] is None)
        return Checked(holds, frozenset() if lenient else frozenset({key}))
    matches = MATCHERS[NEGATED.get(parts["name"], parts["name"])]
    quantify = all if parts["quantifier"] == "ForAllValues" or (is_negated and not parts["quantifier"]) else any
    try:
        texts = [resolved(value, context) for value in wanted]
    except MissingVariable as missing:
        return Checked(is_negated, frozenset({missing.key}))
    return Checked(quantify(is_negated != any(_matches(matches, text, value) for text in texts) for value in given))


def _matches(matcher: Callable[[str, str], bool], wanted: str, given: str) -> bool:
    try:
        return matcher(wanted, given)
    except (ValueError, OverflowError):  # Text where a number, a time or an address is compared.
        return False


def as_list(value: Any) -> list[str]:
    """A value of a policy, which may stand alone, as a list of texts."""
    values = value if isinstance(value, list) else [value]
    return [str(each).lower() if isinstance(each, bool) else str(each) for each in values]


def resolved(pattern: str, context: Context) -> str:
    """The pattern with its variables replaced; what they bring in is no wildcard. Raises MissingVariable."""

    def replace(found: re.Match[str]) -> str:
        if found[1] in {"*", "?", "$"}:
            return _literal(found[1])
        with_default = DEFAULT.fullmatch(found[1])
        key, default = (with_default["key"], with_default["default"]) if with_default else (found[1], None)
        values = context.get(key.lower()) or ([default] if default is not None else [])
        if len(values) != 1:
            raise MissingVariable(key)
        return _literal(values[0])

    return VARIABLE.sub(replace, pattern)


def _literal(text: str) -> str:
    # A private character stands before each character that is meant as itself.
    return "".join(f"\ue000{character}" if character in "*?" else character for character in text)


@lru_cache(maxsize=4096)
def _expression(pattern: str) -> re.Pattern[str]:
    parts = (
        re.escape(found[1]) if found[1] else WILDCARDS.get(found[0], re.escape(found[0]))
        for found in re.finditer("\ue000(.)|.", pattern, re.DOTALL)
    )
    return re.compile("".join(parts), re.DOTALL)


def like(pattern: str, text: str) -> bool:
    """Whether the text fits a pattern with * and ?."""
    return _expression(pattern).fullmatch(text) is not None


def arn_like(pattern: str, arn: str) -> bool:
    """Whether an ARN fits: its six parts one by one, so that no * reaches over a colon but in the last."""
    if pattern == "*":
        return True
    patterns, parts = pattern.split(":", ARN_SEGMENTS - 1), arn.split(":", ARN_SEGMENTS - 1)
    return len(patterns) == len(parts) and all(map(like, patterns, parts))


def _plain(pattern: str) -> str:
    return pattern.replace("\ue000", "")


def _number(compare: Callable[[float, float], bool]) -> Callable[[str, str], bool]:
    return lambda wanted, given: compare(float(given), float(wanted))


def _date(compare: Callable[[datetime, datetime], bool]) -> Callable[[str, str], bool]:
    return lambda wanted, given: compare(_moment(given), _moment(wanted))


def _moment(text: str) -> datetime:
    """A time as policies hold it: ISO 8601, or seconds since 1970."""
    if text.isdecimal():
        return datetime.fromtimestamp(int(text), timezone.utc)
    moment = datetime.fromisoformat(text.replace("Z", "+00:00"))
    return moment if moment.tzinfo else moment.replace(tzinfo=timezone.utc)


def _in_network(wanted: str, given: str) -> bool:
    return ipaddress.ip_address(given) in ipaddress.ip_network(wanted, strict=False)


def _ordered(kind: str, make: Callable[[Any], Callable[[str, str], bool]]) -> Iterable[tuple[str, Any]]:
    compared = {
        "Equals": operator.eq,
        "LessThan": operator.lt,
        "LessThanEquals": operator.le,
        "GreaterThan": operator.gt,
        "GreaterThanEquals": operator.ge,
    }
    return ((f"{kind}{name}", make(compare)) for name, compare in compared.items())


MATCHERS: dict[str, Callable[[str, str], bool]] = {
    "StringEquals": lambda wanted, given: _plain(wanted) == given,
    "StringEqualsIgnoreCase": lambda wanted, given: _plain(wanted).lower() == given.lower(),
    "StringLike": like,
    "ArnEquals": arn_like,
    "ArnLike": arn_like,
    "Bool": lambda wanted, given: wanted.lower() == given.lower(),
    "BinaryEquals": operator.eq,
    "IpAddress": _in_network,
    **dict(_ordered("Numeric", _number)),
    **dict(_ordered("Date", _date)),
}
"""{operator: (value in the policy, value in the context) -> whether they fit}"""

NEGATED = {
    "StringNotEquals": "StringEquals",
    "StringNotEqualsIgnoreCase": "StringEqualsIgnoreCase",
    "StringNotLike": "StringLike",
    "ArnNotEquals": "ArnEquals",
    "ArnNotLike": "ArnLike",
    "NotIpAddress": "IpAddress",
    "NumericNotEquals": "NumericEquals",
    "DateNotEquals": "DateEquals",
}
"""{operator that says no: the one that it denies}"""
