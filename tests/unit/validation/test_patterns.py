from __future__ import annotations

import pytest

from sm_raw.validation.operations import SERVICES, service_model
from sm_raw.validation.patterns import anchored, compiled, translate, unanchored

NAME = "[a-zA-Z0-9](-*[a-zA-Z0-9]){0,62}"
XML_TEXT = r"[\u0020-\uD7FF\uE000-\uFFFD\uD800\uDC00-\uDBFF\uDFFF\r\n\t]*"


@pytest.mark.parametrize(
    ("pattern", "matching", "failing"),
    [
        (NAME, ["a", "a-b", "a--b"], ["", "-a", "a-", "a b", "a_b", "a\n", "\na"]),
        ("a|b", ["a", "b"], ["ab", "ac", "cb"]),
        ("^a$|^b", ["a", "b"], ["a ", "bc"]),
        (".*", ["", "any text"], ["two\nlines", "end\n"]),
        (r"([\p{L}\p{Z}\p{N}_.:/=+\-@]*)", ["", "Größe 1", "名前", "a_b@c"], ["a!b", "a\tb"]),
        (r"[\p{L}\p{M}\p{S}\p{N}\p{P}]+", ["a!€", "é", "😀"], ["", "a b", "a\x07"]),
        (r"([\p{L}\p{N}]*)${1,128}", ["abc", ""], ["a b"]),
        (r"\p{Print}+", ["my policy", "a"], ["", "naïve", "a\n"]),
        (r"\A\S[\p{Print}]*\z", ["model.tar.gz"], [" model", "", "a\n"]),
        (r"\p{ASCII}*", ["abc\n", ""], ["ä"]),
        (r"arn:[\p{Alnum}\-]+:lambda", ["arn:aws-cn:lambda"], ["arn:aws_cn:lambda"]),
        (r"[\w-_]*", ["a-b_c"], ["a b", "ä"]),
        (r"\d{3}", ["123"], ["١٢٣", "12"]),  # Java's \d is ASCII
        (XML_TEXT, ["text\t", "😀"], ["\x00", "\x0b"]),
        (r"[\u00A0-\uD7FF\u10000-\u10FFFF]+", ["😀"], ["0", "F"]),
        ("a++b*+", ["aab", "a"], ["b"]),
        (r"[*+]+", ["*+"], ["a"]),
        (r"a\++", ["a+", "a++"], ["a"]),
    ],
)
def test_pattern_matches_whole_values_as_java_does(pattern: str, matching: list[str], failing: list[str]) -> None:
    matcher = compiled(str(anchored(pattern)))
    assert matcher is not None
    assert [value for value in matching if not matcher.search(value)] == []
    assert [value for value in failing if matcher.search(value)] == []


@pytest.mark.parametrize("pattern", ["[", "(?<name>a)", r"\p{Greek}", "[a-z&&[^b]]", "[a[0-9]]", "a{99999999999}"])
def test_pattern_that_only_java_can_read_is_left_to_the_service(pattern: str) -> None:
    assert anchored(pattern) is None


def test_bracket_within_brackets_is_a_plain_character_where_python_wrote_it() -> None:
    matcher = compiled(translate(r"loss=([[(][0-9]+)"))
    assert matcher is not None
    assert matcher.search("loss=[5")


def test_message_shows_the_pattern_without_its_anchors() -> None:
    assert unanchored(str(anchored(NAME))) == NAME


@pytest.mark.parametrize("service", SERVICES)
def test_every_pattern_of_every_service_is_checked(service: str) -> None:
    shapes = service_model(service)["shapes"].items()
    patterns = {name: shape["pattern"] for name, shape in shapes if "pattern" in shape}
    assert patterns
    assert {name for name, pattern in patterns.items() if anchored(pattern) is None} == set()
