from __future__ import annotations

import pytest

from sm_raw.aws.failures.layout import WIDTH, quoted, without, wrapped


def test_a_text_is_wrapped_below_its_head_and_keeps_its_own_lines() -> None:
    assert wrapped("one\ntwo", "  reason: ") == ["  reason: one", "          two"]
    assert wrapped("", "  reason: ") == []
    assert all(len(line) <= WIDTH for line in wrapped("many words " * 30, "  cause:  "))


@pytest.mark.parametrize(
    ("line", "is_told"),
    [
        ("  ValueError: no data", True),
        ('ErrorMessage "ValueError: no data', True),
        ('ValueError: no data"', True),
        ("rror: no data", True),
        ("no data", False),
        ("ExitCode 1", False),
        ("", False),
    ],
)
def test_lines_that_were_told_are_left_out_though_quoted_or_cut(line: str, is_told: bool) -> None:
    assert without([line], ["ValueError: no data"]) == ("" if is_told else line)


def test_a_quoted_line_has_rows_for_its_length_and_ends_in_dots_where_they_are_too_many() -> None:
    assert list(quoted(["", "short"], 2)) == ["  |", "  | short"]
    assert list(quoted(["x" * 100], 2)) == ["  | " + "x" * 76, "  |     " + "x" * 24]
    assert list(quoted(["x" * 300], 2)) == ["  | " + "x" * 76, "  |     " + "x" * 71 + "…"]
