from __future__ import annotations

from typing import Any

import pytest

from sm_raw.report import formats
from sm_raw.report.formats import MISSING


@pytest.mark.parametrize(
    ("given", "text"),
    [
        (None, MISSING),
        ("", MISSING),
        (True, "true"),
        (32, "32"),
        (1797, "1,797"),
        (10.0, "10"),
        (0.000375, "0.000375"),
        (0.0000375, "3.75e-5"),
        (0.123456, "0.123"),
        (1234.5, "1,234"),
        (-0.25, "-0.25"),
        (0, "0"),
        (float("nan"), "nan"),
        (float("inf"), "inf"),
        (10**400, MISSING),
        ("sgd", "sgd"),
        ([1, "a"], '[1, "a"]'),
    ],
)
def test_values_have_three_significant_digits_and_a_dash_when_missing(given: Any, text: str) -> None:
    assert formats.value(given) == text


@pytest.mark.parametrize(
    ("share", "text"),
    [
        (None, MISSING),
        ("0.5", MISSING),
        (0, "0%"),
        (1, "100%"),
        (0.97222, "97.2%"),
        (0.95, "95%"),
        (0.99996, ">99.9%"),
        (0.00001, "<0.1%"),
    ],
)
def test_percentages_are_never_rounded_to_all_or_nothing(share: Any, text: str) -> None:
    assert formats.percent(share) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (None, MISSING),
        (-1, MISSING),
        (0, "0 s"),
        (0.042, "42 ms"),
        (4.23, "4.2 s"),
        (9.96, "10 s"),
        (59.6, "1 min"),
        (134, "2 min 14 s"),
        (3600, "1 h"),
        (3900, "1 h 5 min"),
    ],
)
def test_seconds_are_told_in_the_unit_that_fits(seconds: Any, text: str) -> None:
    assert formats.seconds(seconds) == text


@pytest.mark.parametrize(
    ("iso", "text"),
    [
        ("2026-11-21T14:03:11Z", "2026-11-21 14:03 UTC"),
        ("2026-11-21T15:03:11.123456+01:00", "2026-11-21 14:03 UTC"),
        ("2026-11-21T14:03:11", "2026-11-21 14:03 UTC"),
        ("yesterday", MISSING),
        (None, MISSING),
    ],
)
def test_times_are_told_in_utc(iso: Any, text: str) -> None:
    assert formats.clock(iso) == text
