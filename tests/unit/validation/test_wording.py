from __future__ import annotations

import pytest

from sm_raw.validation.wording import did_you_mean, listed, nearest, shown


def test_long_values_are_cut() -> None:
    assert shown("x" * 200) == f"'{'x' * 76}..."
    assert shown({"a": 1}) == "{'a': 1}"


@pytest.mark.parametrize(("values", "words"), [(["a"], "a"), (["a", "b"], "a or b"), (["a", "b", "c"], "a, b or c")])
def test_values_are_listed_as_in_a_sentence(values: list[str], words: str) -> None:
    assert listed(values) == words


def test_nearest_does_not_mind_case() -> None:
    assert nearest("trainingjobname", ["TrainingJobName", "RoleArn"]) == ["TrainingJobName"]


@pytest.mark.parametrize(
    ("given", "options", "words"),
    [
        ("Fil", ["File", "Pipe"], "did you mean 'File'?"),
        ("xyz", ["File", "Pipe"], "give File or Pipe"),
        ("xyz", [f"Option{number}" for number in range(20)], ""),
        ("xyz", [], ""),
    ],
)
def test_suggestion_is_the_nearest_or_all_when_few(given: str, options: list[str], words: str) -> None:
    assert did_you_mean(given, options) == words
