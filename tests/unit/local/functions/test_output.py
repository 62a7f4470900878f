from __future__ import annotations

from typing import Any

import pytest

from sm_raw.local.functions.output import TAIL_BYTES, Tail, Transcript
from sm_raw.local.process import LineReader

TOKEN = "7f3a"
DONE = f'\n{TOKEN} {{"done": 1}}\n'


def read(text: str) -> tuple[list[str], list[dict[str, Any]]]:
    lines: list[str] = []
    messages: list[dict[str, Any]] = []
    reader = LineReader(Transcript(TOKEN, lines.append, messages.append).read)
    reader.feed(text.encode())
    return lines, messages


@pytest.mark.parametrize(
    ("printed", "lines"),
    [
        ("", []),
        ("a\n", ["a"]),
        ("no end", ["no end"]),
        ("\n", [""]),
        ("a\n\n", ["a", ""]),
        ("\n\nb\n", ["", "", "b"]),
        ("a\n\nno end", ["a", "", "no end"]),
        (f"a {TOKEN} in a line\n", [f"a {TOKEN} in a line"]),
        ("10 %\r20 %", ["20 %"]),
    ],
)
def test_a_message_neither_adds_nor_takes_away_a_line(printed: str, lines: list[str]) -> None:
    assert read(printed + DONE) == (lines, [{"done": 1}])


def test_messages_follow_one_another_and_print_goes_on() -> None:
    assert read(DONE + DONE + "a\n" + DONE) == (["a"], [{"done": 1}] * 3)


def test_what_the_runtime_logs_is_one_event_of_several_lines() -> None:
    assert read(f'before\n\n{TOKEN} {{"log": "two\\nlines"}}\nafter\n') == (["before", "two\nlines", "after"], [])


def test_the_tail_is_the_last_4_kb() -> None:
    tail = Tail()
    for number in range(10_000):
        tail.add(f"line {number}")
    assert len(tail.last_bytes()) == TAIL_BYTES
    assert tail.last_bytes().endswith(b"\nline 9998\nline 9999\n")


def test_empty_lines_are_enough_to_fill_the_tail() -> None:
    tail = Tail()
    for _ in range(10_000):
        tail.add("")
    assert tail.last_bytes() == b"\n" * TAIL_BYTES
