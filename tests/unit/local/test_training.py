from __future__ import annotations

import sys

import pytest

from sm_raw.local.training import FAILURE_REASON_LIMIT, is_script_mode, script_failure


def test_a_script_s_failure_is_told_in_the_toolkit_s_form() -> None:
    reason = script_failure(3, [sys.executable, "train.py", "--lr", "0.1"], ["Traceback", "ValueError: why"])
    assert reason == (
        'AlgorithmError: ExecuteUserScriptError:\nExitCode 3\nErrorMessage "Traceback\nValueError: why"\n'
        'Command "python train.py --lr 0.1", exit code: 3'
    )


@pytest.mark.parametrize("words", [[], ["--name", "x"] * 500, ["x" * 5000]], ids=["few", "many", "one endless"])
@pytest.mark.parametrize("lines", [["short"], ["x" * 200] * 50, ["x" * 5000]], ids=["few", "many", "one endless"])
def test_the_last_words_fit_whatever_stands_before_them(words: list[str], lines: list[str]) -> None:
    reason = script_failure(-9, [sys.executable, "train.py", *words], [*lines, "the last word"])
    assert len(reason) <= FAILURE_REASON_LIMIT
    assert 'the last word"\nCommand "python train.py' in reason
    assert reason.endswith('", exit code: -9')


@pytest.mark.parametrize(
    ("request_", "expected"),
    [
        ({"HyperParameters": {"sagemaker_program": "t.py", "sagemaker_submit_directory": "s3://b/s"}}, True),
        ({"HyperParameters": {"sagemaker_program": "t.py"}}, False),
        ({}, False),
    ],
)
def test_script_mode_names_a_script_and_its_archive(request_: dict[str, dict[str, str]], expected: bool) -> None:
    assert is_script_mode(request_) is expected
