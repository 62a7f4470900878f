"""How the lines are shown, and the exit codes; what they say is tried in functional/aws/doctor."""

from __future__ import annotations

import json
from types import SimpleNamespace

import pytest

from sm_raw import cli
from sm_raw.aws.doctor import Line
from sm_raw.cli import doctor
from sm_raw.errors import NotConfigured

LONG = Line(
    "role", "FAILED", "nobody may take it " * 8, "let somebody take it " * 5, "aws iam do-it --name " + "x" * 90
)


def test_in_a_terminal_words_are_wrapped_and_commands_are_not() -> None:
    *words, command = doctor.shown(LONG, 80)
    assert all(len(line) <= 80 for line in words)
    assert words[0].startswith("FAILED     role: nobody may take it")
    assert all(line.startswith(" " * 11) for line in words[1:])
    assert command == LONG.command


def test_elsewhere_a_line_is_one_line() -> None:
    (line,) = doctor.shown(LONG, None)
    assert line == f"FAILED     role: {LONG.found}; {LONG.remedy}: {LONG.command}"
    assert list(doctor.shown(Line("clock", "ok", "right"), None)) == ["ok         clock: right"]


@pytest.mark.parametrize(
    ("verdicts", "code", "sum_up"),
    [
        (["ok", "warning", "not known"], 0, "0 failed, 1 warning, 1 not known\n"),
        (["ok", "FAILED", "warning", "warning"], 1, "1 failed, 2 warnings, 0 not known\n"),
        ([], 0, "0 failed, 0 warnings, 0 not known\n"),
    ],
)
@pytest.mark.parametrize("form", ["text", "json"])
def test_only_what_failed_makes_the_command_fail(
    verdicts: list[str], code: int, sum_up: str, form: str, capsys: pytest.CaptureFixture[str]
) -> None:
    lines = [Line("x", verdict, "y") for verdict in verdicts]  # type: ignore[arg-type]
    assert doctor.print_lines(lines, form) == code
    told = capsys.readouterr()
    assert told.err == sum_up
    if form == "json":
        assert [line["verdict"] for line in json.loads(told.out)] == verdicts
        assert all(set(line) == {"check", "verdict", "found", "remedy", "command"} for line in json.loads(told.out))
    else:
        assert [line.split("  ")[0] for line in told.out.splitlines()] == verdicts


def test_a_command_of_the_aws_cli_means_the_same_account_and_place() -> None:
    options = SimpleNamespace(endpoint_url="http://127.0.0.1:1", profile="me")
    adapted = doctor.adapted(Line("x", "FAILED", "", "", "aws s3 mb s3://b"), options)  # type: ignore[arg-type]
    assert adapted.command == "aws --endpoint-url http://127.0.0.1:1 --profile me s3 mb s3://b"
    policy = Line("x", "FAILED", "", "", '{"Version": "2012-10-17"}')
    assert doctor.adapted(policy, options) == policy  # type: ignore[arg-type]


def test_without_credentials_that_is_what_is_told(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def refuse(*_: object) -> None:
        raise NotConfigured("no AWS credentials were found; run `aws configure`")

    monkeypatch.setattr("sm_raw.cli.jobs.aws_clients", refuse)
    assert cli.main(["doctor", "--region", "us-east-1"]) == 1
    shown = capsys.readouterr().out
    assert shown.startswith("FAILED     configuration: no AWS credentials were found; run `aws configure`")


def test_the_local_target_needs_an_engine(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["doctor", "--target", "local"]) == 2
    assert "--endpoint-url" in capsys.readouterr().err


def test_an_option_that_is_none_ends_with_2() -> None:
    with pytest.raises(SystemExit) as ended:
        cli.main(["doctor", "--colour"])
    assert ended.value.code == 2
