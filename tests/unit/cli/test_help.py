from __future__ import annotations

import re

import pytest

from sm_raw import cli
from sm_raw.cli import make_parser
from sm_raw.cli.command_tree import command_tree

COMMANDS = [command.name for command in command_tree(make_parser(), {})]
WIDTH = 80
METAVARS = {
    "--endpoint-url": "URL",
    "--out": "DIR",
    "--code": "DIR",
    "--profile": "PROFILE",
    "--recipe": "NAME|DIR",
    "--region": "REGION",
    "--role": "ARN",
    "--timeout": "SECONDS",
    "--format": "FORMAT",
    "--accept": "TYPE",
    "--labels": "A,B,C",
}


def help_of(command: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> str:
    monkeypatch.setenv("COLUMNS", str(WIDTH))
    with pytest.raises(SystemExit) as ended:
        cli.main([command, "--help"] if command else ["--help"])
    assert ended.value.code == 0
    return capsys.readouterr().out


@pytest.mark.parametrize("command", COMMANDS)
def test_help_fits_a_terminal_and_has_examples_and_exit_codes(
    command: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    text = help_of(command, monkeypatch, capsys)
    assert [line for line in text.splitlines() if len(line) > WIDTH] == []
    assert re.search(rf"^examples:\n  (?:\S.*)?sm[-_]raw {command}", text, re.MULTILINE)
    assert "exit codes: 0 " in text


def test_what_is_the_same_in_several_commands_is_called_the_same() -> None:
    odd = [
        (command.name, flag, argument.metavar)
        for command in command_tree(make_parser(), {})
        for argument in command.options
        for flag in argument.flags
        if argument.metavar and METAVARS.get(flag, argument.metavar) != argument.metavar
    ]
    assert odd == []


@pytest.mark.parametrize(
    ("started", "told"),
    [("/usr/bin/sm-raw", "usage: sm-raw [-h]"), ("/lib/sm_raw/__main__.py", "usage: python -m sm_raw [-h]")],
)
def test_the_help_tells_the_name_by_which_it_was_called(
    started: str, told: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.argv", [started])
    assert help_of("", monkeypatch, capsys).startswith(told)


def test_the_version_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        cli.main(["--version"])
    assert ended.value.code == 0
    assert re.fullmatch(r"sm_raw \S+, botocore \d+\.\d+\.\d+\n", capsys.readouterr().out)
