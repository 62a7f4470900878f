"""Patterns of AWS's service models, made to match as the service matches them.

The models hold regular expressions of Java, mostly without anchors, and the service matches the whole value.
JSON Schema's ``pattern`` searches, and Python's ``re`` lacks some of Java's classes: ``anchored`` bridges both.
"""

from __future__ import annotations

import re
from functools import cache, lru_cache

# Java's classes, written as the inside of a bracket expression: never narrower than Java's, some a little wider.
# Python's \w is exactly L, N and the underscore; for M, S and P stands all that is no blank and no control.
BLANKS = r" \u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000"
VISIBLE = (
    r"!-~\u00a1-\u167f\u1681-\u1fff\u200b-\u2027\u202a-\u202e\u2030-\u205e\u2060-\u2fff\u3001-\ud7ff\ue000-\uffff"
    "\U00010000-\U0010ffff"
)
CLASSES = {
    "L": r"\w",
    "N": r"\w",
    "M": VISIBLE,
    "S": VISIBLE,
    "P": VISIBLE,
    "Z": BLANKS,
    "Zs": BLANKS,
    "ASCII": r"\x00-\x7f",
    "Alnum": "a-zA-Z0-9",
    "Alpha": "a-zA-Z",
    "Digit": "0-9",
    "Print": r"\x20-\x7e",
}
# Java counts ASCII only in these; Python counts every script.
ASCII_CLASSES = {r"\d": "0-9", r"\w": "a-zA-Z0-9_"}

SET_OPERATORS = ("&", "|", "~")  # doubled within a class, a later Python may read them as operators

# Characters above U+FFFF are spelt as UTF-16 pairs, or with five digits after a \u that takes four.
SUPPLEMENTARY = "\U00010000-\U0010ffff"
SUPPLEMENTARY_SPELLINGS = (r"\uD800\uDC00-\uDBFF\uDFFF", r"\u10000-\u10FFFF")

TOKEN = re.compile(
    r"(?P<property>\\p\{\w+\})|(?P<escape>\\.)|(?P<open>\[\^?)|(?P<close>\])"
    r"|(?P<repeated_end>\$\{\d+,\d*\})|(?P<possessive>(?:[*+?]|\{\d+(?:,\d*)?\})\+)|(?P<other>.)",
    re.DOTALL,
)
# A class within a class, or an intersection of classes: Python would read them as plain characters.
JAVA_ONLY = re.compile(r"(?<!\\)\[(?:[^\[\]\\]|\\.)*(?:\[|&&)")
# What re.compile raises; FutureWarning (a set that a later Python may read otherwise) where warnings are errors.
UNREADABLE = (re.error, OverflowError, RecursionError, FutureWarning)
FULL_START, FULL_END = "^(?:", r")$(?!\n)"  # Python's $ also matches before a last newline


def anchored(pattern: str) -> str | None:
    """The translated pattern, matching whole values only; None when only Java can read it."""
    whole = f"{FULL_START}{translate(pattern)}{FULL_END}"
    return None if JAVA_ONLY.search(pattern) or compiled(whole) is None else whole


def unanchored(pattern: str) -> str:
    """What ``anchored`` was given, as far as messages care."""
    return pattern.removeprefix(FULL_START).removesuffix(FULL_END)


@lru_cache(maxsize=512)
def translate(pattern: str) -> str:
    """A Java pattern as one for Python's ``re``; constructs unknown here stay, and may not compile."""
    for spelling in SUPPLEMENTARY_SPELLINGS:
        pattern = pattern.replace(spelling, SUPPLEMENTARY)
    translated: list[str] = []
    in_class = after_class = False
    for token in TOKEN.finditer(pattern):
        kind, spelt = token.lastgroup, token.group()
        if kind == "open":
            translated.append(r"\[" if in_class else spelt)
            in_class = True
        elif kind == "close":
            translated.append(spelt)
            in_class = False
        elif in_class and after_class and spelt == "-":
            translated.append(r"\-")  # after a class such as \w a hyphen can start no range
        else:
            translated.append(_token(kind, spelt, in_class=in_class))
        after_class = spelt in ASCII_CLASSES or kind == "property"
    return "".join(translated)


def _token(kind: str | None, spelt: str, *, in_class: bool) -> str:
    inside = CLASSES.get(spelt[3:-1]) if kind == "property" else ASCII_CLASSES.get(spelt)
    if inside is not None:
        return inside if in_class else f"[{inside}]"
    if in_class:
        return rf"\{spelt}" if spelt in SET_OPERATORS else spelt
    if kind == "repeated_end":
        return "$"
    if kind == "possessive":
        return spelt[:-1]  # possessive matching only forbids backtracking; Python knows it from 3.11
    return {r"\A": "^", r"\z": "$", r"\Z": "$"}.get(spelt, spelt)


@cache
def compiled(pattern: str) -> re.Pattern[str] | None:
    """The pattern, ready to use; None when Python cannot read it."""
    try:
        return re.compile(pattern)
    except UNREADABLE:
        return None
